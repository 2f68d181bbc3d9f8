/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* a copy that stays until the process ends */
gconstpointer dpdk_test_keep (gconstpointer data, gsize size);

G_END_DECLS
