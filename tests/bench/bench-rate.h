/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* how much is added in a second to what another thread counts; after a start of a tenth of @ms */
double bench_rate_measure (const guint64 *counter, guint ms);

G_END_DECLS
