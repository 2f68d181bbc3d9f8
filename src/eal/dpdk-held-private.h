/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-glib.h"

#include <rte_lcore.h>
#include <stdalign.h>

G_BEGIN_DECLS

/* How many references on packets, of any pool, the application holds. A burst counts in its queue,
   everything else by thread, so that nothing is shared and a burst is one addition. */

typedef struct {
  alignas (RTE_CACHE_LINE_SIZE) gint64 n;
} DpdkHeldCount;

/* by lcore; the last one is for all threads that DPDK does not know */
extern DpdkHeldCount dpdk_held_counts[RTE_MAX_LCORE + 1];

/* @lcore: rte_lcore_id() of the calling thread */
static inline void
dpdk_held_add_on (unsigned int lcore, gint64 n)
{
  gint64 *count;

  if (G_UNLIKELY (lcore >= RTE_MAX_LCORE))
    {
      __atomic_fetch_add (&dpdk_held_counts[RTE_MAX_LCORE].n, n, __ATOMIC_RELAXED);
      return;
    }
  count = &dpdk_held_counts[lcore].n;
  __atomic_store_n (count, *count + n, __ATOMIC_RELAXED);
}

static inline void
dpdk_held_add (gint64 n)
{
  dpdk_held_add_on (rte_lcore_id (), n);
}

gint64 dpdk_held_count (void);
gboolean dpdk_held_any (void);

/* arrays of @n_queues; what they have counted stays counted when they are removed */
void dpdk_held_add_queues (DpdkPortQueue *queues, guint n_queues);
void dpdk_held_remove_queues (DpdkPortQueue *queues);

G_END_DECLS
