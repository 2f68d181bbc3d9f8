/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Very many pieces of memory of one size, for any thread. They begin at a cache line or in its middle, and
   are in huge pages when there are many, so that each does not need an entry of the TLB of its own. */
typedef struct _DpdkPool DpdkPool;

DpdkPool *dpdk_pool_new (gsize size);
/* when all were released */
void dpdk_pool_free (DpdkPool *self);

/* zeroed; ends the process when there is no memory, as g_malloc() does */
gpointer dpdk_pool_allocate (DpdkPool *self);
void dpdk_pool_release (DpdkPool *self, gpointer memory);

G_END_DECLS
