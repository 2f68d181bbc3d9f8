/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-mempool-private.h"

#include <rte_mempool.h>

/* rte_mempool_walk() and rte_mempool_free() take different locks of DPDK, so that a walk may meet a
   pool that is just being freed. No lock for readers: many of them would keep the writer waiting. */
static GMutex lock;

void
dpdk_mempool_walk_native (void (*func) (struct rte_mempool *native, void *data), gpointer data)
{
  g_mutex_lock (&lock);
  rte_mempool_walk (func, data);
  g_mutex_unlock (&lock);
}

void
dpdk_mempool_free_native (struct rte_mempool *native)
{
  g_mutex_lock (&lock);
  rte_mempool_free (native);
  g_mutex_unlock (&lock);
}
