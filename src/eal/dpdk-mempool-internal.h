/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-eal-private.h"
#include "dpdk-held-private.h"
#include "dpdk-mempool-private.h"
#include "dpdk-tsan-private.h"

#include <rte_mempool.h>
#include <stdalign.h>

#if defined(__SANITIZE_ADDRESS__)
#define DPDK_MEMPOOL_POISONS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define DPDK_MEMPOOL_POISONS 1
#endif
#endif

/* a DPDK that was built to check or to count what passes through a pool must see all of it */
#if defined(RTE_LIBRTE_MEMPOOL_DEBUG) || defined(RTE_LIBRTE_MEMPOOL_STATS)
#define DPDK_MEMPOOL_IS_OBSERVED TRUE
#else
#define DPDK_MEMPOOL_IS_OBSERVED FALSE
#endif

G_BEGIN_DECLS

/* what one lcore has counted; it alone writes here */
typedef struct {
  alignas (RTE_CACHE_LINE_SIZE) guint64 n_acquired;
  /* those that nobody had before */
  guint64 n_fresh;
  guint64 n_failed;
} DpdkMempoolCounters;

struct _DpdkMempool {
  GObject parent_instance;

  struct rte_mempool *native;
  /* by lcore; NULL for a pool without caches, and while there is no pool */
  struct rte_mempool_cache *caches;
  /* by lcore; the last one is for all threads that DPDK does not know */
  DpdkMempoolCounters *counters;
  guint high_water;
  guint data_size;
  DpdkEal *eal;
  DpdkDependant *dependant;

  /* under the lock of dpdk-mempool-wait.c */
  GQueue waiters;
  guint32 flush_threshold;
  GList waiting_link;
};

#define DPDK_MEMPOOL_MAGIC G_GUINT64_CONSTANT (0x6470646b2d676c62)

typedef struct {
  struct rte_pktmbuf_pool_private mbuf;
  guint64 magic;
  DpdkMempool *mempool;
  gboolean poisons;
} DpdkMempoolNativePrivate;

/* in each buffer, behind what belongs to whoever has it */
typedef struct {
  guint64 was_used;
} DpdkMempoolBuffer;

#define DPDK_MEMPOOL_NATIVE_PRIVATE_SIZE (DPDK_MEMPOOL_PRIVATE_SIZE + sizeof (DpdkMempoolBuffer))

static inline DpdkMempoolBuffer *
dpdk_mempool_buffer (struct rte_mbuf *mbuf)
{
  return (DpdkMempoolBuffer *) RTE_PTR_ADD (mbuf, sizeof *mbuf + DPDK_MEMPOOL_PRIVATE_SIZE);
}

/* Whatever makes the way of a packet longer than usual. It is one word, so that the usual way asks
   only once. */
enum {
  DPDK_ATTENTION_WAITERS = 1 << 0,
  DPDK_ATTENTION_CHECKS = 1 << 1,
  DPDK_ATTENTION_POISON = 1 << 2,
};

extern guint dpdk_mempool_attention;

static inline guint
dpdk_mempool_get_attention (void)
{
  return __atomic_load_n (&dpdk_mempool_attention, __ATOMIC_RELAXED);
}

/* called by dpdk_mempool_new(); reads DPDK_DEBUG */
void dpdk_mempool_attention_init (void);
/* @mbuf is about to be released; FALSE if it is in its pool already */
gboolean dpdk_mempool_check_release (struct rte_mbuf *mbuf);

#ifdef DPDK_MEMPOOL_POISONS
void dpdk_mempool_poison (struct rte_mbuf *mbuf);
void dpdk_mempool_unpoison (struct rte_mbuf *mbuf);
void dpdk_mempool_stop_poisoning (struct rte_mempool *native);
#else
static inline void
dpdk_mempool_poison (struct rte_mbuf *mbuf)
{
}

static inline void
dpdk_mempool_unpoison (struct rte_mbuf *mbuf)
{
}

static inline void
dpdk_mempool_stop_poisoning (struct rte_mempool *native)
{
}
#endif

/* the buffers in the store that all share; rte_mempool_ops_get_count() is not exported */
static inline guint
dpdk_mempool_count_common (DpdkMempool *self)
{
  return rte_mempool_get_ops (self->native->ops_index)->get_count (self->native);
}

void dpdk_mempool_sample_high_water (DpdkMempool *self);

static inline void
dpdk_mempool_count (guint64 *counter, unsigned int lcore, guint64 n)
{
  if (G_LIKELY (lcore < RTE_MAX_LCORE))
    __atomic_store_n (counter, *counter + n, __ATOMIC_RELAXED);
  else
    __atomic_fetch_add (counter, n, __ATOMIC_RELAXED);
}

static inline DpdkMempoolCounters *
dpdk_mempool_counters_of (DpdkMempool *self, unsigned int lcore)
{
  return &self->counters[MIN (lcore, RTE_MAX_LCORE)];
}

/* what every buffer passes that the application gets from a pool */
static inline void
dpdk_mempool_note_taken (struct rte_mbuf *mbuf, DpdkMempoolCounters *counters, unsigned int lcore)
{
  DpdkMempoolBuffer *buffer = dpdk_mempool_buffer (mbuf);

  dpdk_tsan_acquire ((void *const *) &mbuf, 1);
  if (G_UNLIKELY (!buffer->was_used))
    {
      buffer->was_used = TRUE;
      dpdk_mempool_count (&counters->n_fresh, lcore, 1);
    }
  dpdk_mempool_unpoison (mbuf);
}

/* takes @n buffers or none; they are not held yet */
static inline gboolean
dpdk_mempool_take (DpdkMempool *self, unsigned int lcore, struct rte_mbuf **mbufs, guint n)
{
  struct rte_mempool_cache *cache = rte_mempool_default_cache (self->native, lcore);
  gboolean is_cached = cache != NULL && cache->len >= n;
  DpdkMempoolCounters *counters = dpdk_mempool_counters_of (self, lcore);

  /* what is in the common store is for those who wait: no more of it than is asked for */
  if (G_UNLIKELY (!is_cached && (dpdk_mempool_get_attention () & DPDK_ATTENTION_WAITERS)))
    cache = NULL;
  if (G_UNLIKELY (rte_mempool_generic_get (self->native, (void **) mbufs, n, cache) < 0))
    {
      dpdk_mempool_count (&counters->n_failed, lcore, 1);
      return FALSE;
    }
  for (guint i = 0; i < n; i++)
    {
      dpdk_mempool_note_taken (mbufs[i], counters, lcore);
      rte_pktmbuf_reset (mbufs[i]);
    }
  dpdk_mempool_count (&counters->n_acquired, lcore, n);
  if (G_UNLIKELY (!is_cached))
    dpdk_mempool_sample_high_water (self);
  return TRUE;
}

/* counts what DPDK itself took from @self for the packet @mbuf */
void dpdk_mempool_note_packet (DpdkMempool *self, struct rte_mbuf *mbuf);

/* sets the error of an acquisition that failed, and counts it if DPDK itself did */
void dpdk_mempool_set_empty_error (DpdkMempool *self, guint n, GError **error);
void dpdk_mempool_count_failure (DpdkMempool *self);
/* FALSE where nothing can be taken any more */
gboolean dpdk_mempool_check_alive (DpdkMempool *self, GError **error);

/* those who wait */
void dpdk_mempool_wake_waiters (void);

G_END_DECLS
