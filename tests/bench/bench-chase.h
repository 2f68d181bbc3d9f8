/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* how long an access to memory takes whose address is what the last one has read, anywhere in @size
   bytes of huge pages, in nanoseconds */
double bench_chase_measure (gsize size);

G_END_DECLS
