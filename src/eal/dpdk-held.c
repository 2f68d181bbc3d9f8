/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-held-private.h"

typedef struct {
  DpdkPortQueue *queues;
  guint n_queues;
} Queues;

DpdkHeldCount dpdk_held_counts[RTE_MAX_LCORE + 1];

static GMutex lock;
static GArray *all_queues;

static gint64
sum_queues (const Queues *self)
{
  gint64 sum = 0;

  for (guint i = 0; i < self->n_queues; i++)
    sum += __atomic_load_n (&self->queues[i].n_held, __ATOMIC_RELAXED);
  return sum;
}

/* the counts are not read at one moment, so while packets move the answer may be wrong */
gint64
dpdk_held_count (void)
{
  gint64 sum = 0;

  g_mutex_lock (&lock);
  for (guint i = 0; all_queues != NULL && i < all_queues->len; i++)
    sum += sum_queues (&g_array_index (all_queues, Queues, i));
  g_mutex_unlock (&lock);
  for (guint i = 0; i < G_N_ELEMENTS (dpdk_held_counts); i++)
    sum += __atomic_load_n (&dpdk_held_counts[i].n, __ATOMIC_RELAXED);
  return sum;
}

gboolean
dpdk_held_any (void)
{
  return dpdk_held_count () > 0;
}

void
dpdk_held_add_queues (DpdkPortQueue *queues, guint n_queues)
{
  Queues entry = { .queues = queues, .n_queues = n_queues };

  g_mutex_lock (&lock);
  if (all_queues == NULL)
    all_queues = g_array_new (FALSE, FALSE, sizeof (Queues));
  g_array_append_val (all_queues, entry);
  g_mutex_unlock (&lock);
}

void
dpdk_held_remove_queues (DpdkPortQueue *queues)
{
  g_mutex_lock (&lock);
  for (guint i = 0; i < all_queues->len; i++)
    {
      Queues *entry = &g_array_index (all_queues, Queues, i);

      if (entry->queues != queues)
        continue;
      __atomic_fetch_add (&dpdk_held_counts[RTE_MAX_LCORE].n, sum_queues (entry), __ATOMIC_RELAXED);
      g_array_remove_index_fast (all_queues, i);
      break;
    }
  g_mutex_unlock (&lock);
}
