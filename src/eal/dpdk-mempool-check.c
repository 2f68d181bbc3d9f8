/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-mempool-internal.h"

#include <rte_ring.h>

#ifdef DPDK_MEMPOOL_POISONS
#include <sanitizer/asan_interface.h>
#endif

/* what finds uses of packets that are not allowed: a double release, and a use after the release */

/* an lcore counts what it puts into its cache before it writes it there */
#define N_LOOKS 3
#define LOOK_INTERVAL_US 1000

guint dpdk_mempool_attention;

void
dpdk_mempool_attention_init (void)
{
  static const GDebugKey keys[] = { { "packets", DPDK_ATTENTION_CHECKS } };
  static gsize initialized;
  guint attention = 0;

  if (!g_once_init_enter (&initialized))
    return;
  attention = g_parse_debug_string (g_getenv ("DPDK_DEBUG"), keys, G_N_ELEMENTS (keys));
#ifdef DPDK_PACKET_CHECKS
  attention |= DPDK_ATTENTION_CHECKS;
#endif
#ifdef DPDK_MEMPOOL_POISONS
  attention |= DPDK_ATTENTION_POISON;
#endif
  __atomic_fetch_or (&dpdk_mempool_attention, attention, __ATOMIC_RELAXED);
  g_once_init_leave (&initialized, 1);
}

static gboolean
is_in_caches (struct rte_mempool *native, gconstpointer object)
{
  for (unsigned int lcore = 0; native->cache_size > 0 && lcore < RTE_MAX_LCORE; lcore++)
    {
      struct rte_mempool_cache *cache = rte_mempool_default_cache (native, lcore);
      guint32 length = __atomic_load_n (&cache->len, __ATOMIC_ACQUIRE);

      for (guint32 i = 0; i < MIN (length, G_N_ELEMENTS (cache->objs)); i++)
        if (__atomic_load_n (&cache->objs[i], __ATOMIC_RELAXED) == object)
          return TRUE;
    }
  return FALSE;
}

/* the store of a pool is a ring, unless the driver of a device brings another */
static gboolean
is_in_store (struct rte_mempool *native, gconstpointer object)
{
  struct rte_ring *ring = native->pool_data;
  guint32 begin, end;
  gpointer *slots;

  if (!g_str_has_prefix (rte_mempool_get_ops (native->ops_index)->name, "ring_"))
    return FALSE;
  slots = (gpointer *) &ring[1];
  begin = __atomic_load_n (&ring->cons.tail, __ATOMIC_ACQUIRE);
  end = __atomic_load_n (&ring->prod.tail, __ATOMIC_ACQUIRE);
  for (guint32 i = begin; i != end; i++)
    if (__atomic_load_n (&slots[i & ring->mask], __ATOMIC_RELAXED) == object)
      return TRUE;
  return FALSE;
}

static gboolean
is_home (struct rte_mbuf *mbuf)
{
  for (guint i = 0; i < N_LOOKS; i++)
    {
      if (!is_in_caches (mbuf->pool, mbuf) && !is_in_store (mbuf->pool, mbuf))
        return FALSE;
      if (i < N_LOOKS - 1)
        g_usleep (LOOK_INTERVAL_US);
    }
  return TRUE;
}

gboolean
dpdk_mempool_check_release (struct rte_mbuf *mbuf)
{
  guint references = rte_mbuf_refcnt_read (mbuf);

  /* a buffer at home has one reference */
  if (references > 1 || (references == 1 && !is_home (mbuf)))
    return TRUE;
  g_critical ("DpdkPacket %p of pool %s was released, but it was released already: nothing is done",
              (gpointer) mbuf, mbuf->pool->name);
  return FALSE;
}

#ifdef DPDK_MEMPOOL_POISONS

/* DPDK is not instrumented, but what it calls with the address of a buffer is, as readv() is. Neither
   a device nor a stack tells us what it takes, so only pools from which none draws are poisoned. What
   a device gives back to such a pool stays unpoisoned until the application has had it again. */

static GMutex poison_lock;

void
dpdk_mempool_poison (struct rte_mbuf *mbuf)
{
  DpdkMempoolNativePrivate *private = rte_mempool_get_priv (mbuf->pool);

  if (dpdk_mempool_from_native (mbuf->pool) == NULL)
    return;
  g_mutex_lock (&poison_lock);
  if (private->poisons)
    __asan_poison_memory_region (mbuf->buf_addr, mbuf->buf_len);
  g_mutex_unlock (&poison_lock);
}

void
dpdk_mempool_unpoison (struct rte_mbuf *mbuf)
{
  __asan_unpoison_memory_region (mbuf->buf_addr, mbuf->buf_len);
}

static void
unpoison_memory (struct rte_mempool *native, void *data, struct rte_mempool_memhdr *memory,
                 unsigned int index)
{
  __asan_unpoison_memory_region (memory->addr, memory->len);
}

void
dpdk_mempool_stop_poisoning (struct rte_mempool *native)
{
  DpdkMempoolNativePrivate *private = rte_mempool_get_priv (native);

  g_mutex_lock (&poison_lock);
  private->poisons = FALSE;
  rte_mempool_mem_iter (native, unpoison_memory, NULL);
  g_mutex_unlock (&poison_lock);
}

#endif
