/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-mempool-internal.h"

#include <unistd.h>

/* what is away from the common store: in use, or in the cache of an lcore */
static guint
count_away (DpdkMempool *self)
{
  guint size = self->native->size, common = dpdk_mempool_count_common (self);

  /* while other threads take and give, the store can seem to hold more than all */
  return size - MIN (common, size);
}

void
dpdk_mempool_sample_high_water (DpdkMempool *self)
{
  guint seen = __atomic_load_n (&self->high_water, __ATOMIC_RELAXED), away = count_away (self);

  if (G_LIKELY (away <= seen))
    return;
  /* the store is not counted at one moment: what two counts agree on was there */
  away = MIN (away, count_away (self));
  while (away > seen && !__atomic_compare_exchange_n (&self->high_water, &seen, away, FALSE,
                                                      __ATOMIC_RELAXED, __ATOMIC_RELAXED))
    ;
}

/**
 * dpdk_mempool_get_statistics:
 * @self: a mempool
 * @statistics: (out caller-allocates): return location for the statistics
 *
 * Gets the counters of the pool.
 *
 * May be called from any thread. What other threads count while it runs may be seen in part; when
 * they are quiet, all numbers are exact and add up.
 *
 * Since: 0.1
 */
void
dpdk_mempool_get_statistics (DpdkMempool *self, DpdkMempoolStatistics *statistics)
{
  guint64 n_fresh = 0;

  g_return_if_fail (DPDK_IS_MEMPOOL (self));
  g_return_if_fail (statistics != NULL);

  *statistics = (DpdkMempoolStatistics){
    .capacity = dpdk_mempool_get_capacity (self),
    .in_use = dpdk_mempool_get_in_use (self),
  };
  statistics->available = statistics->capacity - statistics->in_use;
  for (guint i = 0; i <= RTE_MAX_LCORE; i++)
    {
      DpdkMempoolCounters *counters = &self->counters[i];

      statistics->acquired += __atomic_load_n (&counters->n_acquired, __ATOMIC_RELAXED);
      n_fresh += __atomic_load_n (&counters->n_fresh, __ATOMIC_RELAXED);
      statistics->failed += __atomic_load_n (&counters->n_failed, __ATOMIC_RELAXED);
    }
  /* other threads may have counted between the two */
  statistics->reused = statistics->acquired - MIN (n_fresh, statistics->acquired);
  if (self->native != NULL && !dpdk_eal_is_inert ())
    dpdk_mempool_sample_high_water (self);
  statistics->high_water = __atomic_load_n (&self->high_water, __ATOMIC_RELAXED);
}

/**
 * dpdk_mempool_get_available: (get-property available)
 * @self: a mempool
 *
 * Gets the number of free buffers, those that lcores keep in their caches included.
 *
 * May be called from any thread; while other threads use the pool, the number is approximate.
 *
 * Returns: the number
 *
 * Since: 0.1
 */
guint
dpdk_mempool_get_available (DpdkMempool *self)
{
  g_return_val_if_fail (DPDK_IS_MEMPOOL (self), 0);

  return self->native != NULL && !dpdk_eal_is_inert () ? rte_mempool_avail_count (self->native) : 0;
}

/**
 * dpdk_mempool_get_in_use: (get-property in-use)
 * @self: a mempool
 *
 * Gets the number of buffers that are out: with the application, a stack, or a device.
 *
 * May be called from any thread; while other threads use the pool, the number is approximate.
 *
 * Returns: the number
 *
 * Since: 0.1
 */
guint
dpdk_mempool_get_in_use (DpdkMempool *self)
{
  g_return_val_if_fail (DPDK_IS_MEMPOOL (self), 0);

  return self->native != NULL && !dpdk_eal_is_inert () ? rte_mempool_in_use_count (self->native)
                                                       : 0;
}

/* it may touch what is poisoned */
static void __attribute__ ((no_sanitize_address))
touch_memory (struct rte_mempool *native, void *data, struct rte_mempool_memhdr *memory,
              unsigned int index)
{
  gsize page = (gsize) sysconf (_SC_PAGESIZE);
  guint8 *begin = memory->addr;

  /* a write that changes nothing, whoever has the buffer */
  for (gsize at = 0; at < memory->len; at += page)
    __atomic_fetch_or (&begin[at], 0, __ATOMIC_RELAXED);
  if (memory->len > 0)
    __atomic_fetch_or (&begin[memory->len - 1], 0, __ATOMIC_RELAXED);
}

/**
 * dpdk_mempool_warmup:
 * @self: a mempool
 * @error: return location for an error
 *
 * Touches all memory of the pool, so that no page fault occurs when packets are filled later, and
 * fills the cache of the calling thread, if it is registered with DPDK and nobody waits for a buffer.
 *
 * May be called from any thread. It writes to every page, which takes about a millisecond for 4
 * megabytes the first time.
 *
 * Fails with %DPDK_ERROR_EAL_DEAD in a child made by fork().
 *
 * Returns: %TRUE on success
 *
 * Since: 0.1
 */
gboolean
dpdk_mempool_warmup (DpdkMempool *self, GError **error)
{
  struct rte_mempool_cache *cache;

  g_return_val_if_fail (DPDK_IS_MEMPOOL (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!dpdk_mempool_check_alive (self, error))
    return FALSE;
  rte_mempool_mem_iter (self->native, touch_memory, NULL);
  cache = rte_mempool_default_cache (self->native, rte_lcore_id ());
  if (cache != NULL && cache->len < cache->size &&
      !(dpdk_mempool_get_attention () & DPDK_ATTENTION_WAITERS))
    {
      guint n = cache->size - cache->len;

      /* an lcore is the only one to use its cache */
      if (rte_mempool_ops_dequeue_bulk (self->native, &cache->objs[cache->len], n) == 0)
        cache->len += n;
    }
  return TRUE;
}
