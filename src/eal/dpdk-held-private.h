/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-glib.h"

#include <rte_lcore.h>
#include <stdalign.h>

G_BEGIN_DECLS

/* How many references on packets, of any pool, the application holds. A burst counts in its queue,
   everything else by thread, so that nothing is shared and a burst is one addition. What is taken and
   what is given back are counted apart, and a number only grows: so whoever reads the second before
   the first never misses a packet that is held all the time. */

typedef struct {
  alignas (RTE_CACHE_LINE_SIZE) gint64 n_taken;
  gint64 n_released;
} DpdkHeldCount;

/* by lcore; the last one is for all threads that DPDK does not know */
extern DpdkHeldCount dpdk_held_counts[RTE_MAX_LCORE + 1];

/* @lcore: rte_lcore_id() of the calling thread, which alone writes there if DPDK knows it */
static inline void
dpdk_held_count_up (gint64 *count, unsigned int lcore, gint64 n)
{
  if (G_LIKELY (lcore < RTE_MAX_LCORE))
    __atomic_store_n (count, *count + n, __ATOMIC_RELEASE);
  else
    __atomic_fetch_add (count, n, __ATOMIC_RELEASE);
}

static inline DpdkHeldCount *
dpdk_held_counts_of (unsigned int lcore)
{
  return &dpdk_held_counts[MIN (lcore, RTE_MAX_LCORE)];
}

/* before anybody else can get the packets */
static inline void
dpdk_held_take (unsigned int lcore, gint64 n)
{
  dpdk_held_count_up (&dpdk_held_counts_of (lcore)->n_taken, lcore, n);
}

/* when the packets are gone */
static inline void
dpdk_held_release (unsigned int lcore, gint64 n)
{
  dpdk_held_count_up (&dpdk_held_counts_of (lcore)->n_released, lcore, n);
}

/* may be too high while packets move, and is never too low for those that do not */
gint64 dpdk_held_count (void);
gboolean dpdk_held_any (void);

/* arrays of @n_queues, all for receiving or all for sending; what they have counted stays counted when
   they are removed */
void dpdk_held_add_queues (DpdkPortQueue *queues, guint n_queues);
void dpdk_held_remove_queues (DpdkPortQueue *queues);

G_END_DECLS
