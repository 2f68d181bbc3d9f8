/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-glib.h"

#include <rte_mbuf.h>

G_BEGIN_DECLS

/* bytes of each buffer that belong to whoever has it: the stack keeps its pbuf there */
#define DPDK_MEMPOOL_PRIVATE_SIZE 56

/* for those who take buffers behind our back, as devices and stacks do */
struct rte_mempool *dpdk_mempool_get_native (DpdkMempool *self);
/* NULL for a pool that an application made with DPDK itself */
DpdkMempool *dpdk_mempool_from_native (struct rte_mempool *native);

/* instead of rte_mempool_walk() and rte_mempool_free(), which do not go together */
void dpdk_mempool_walk_native (void (*func) (struct rte_mempool *native, void *data),
                               gpointer data);
void dpdk_mempool_free_native (struct rte_mempool *native);

/* Operations that wait for a buffer: see dpdk-mempool-wait.c. A thread that has a cache calls it now
   and then, because a buffer in a cache is of no use to those who wait. */
void dpdk_mempool_yield_caches (void);

G_END_DECLS
