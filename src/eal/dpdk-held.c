/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-held-private.h"

typedef struct {
  DpdkPortQueue *queues;
  guint n_queues;
} Queues;

DpdkHeldCount dpdk_held_counts[RTE_MAX_LCORE + 1];

static GMutex lock;
static GArray *all_queues;

/* a queue that receives counts up, and one that sends counts down */
static gint64
sum_queues (const Queues *self, gboolean released)
{
  gint64 sum = 0;

  for (guint i = 0; i < self->n_queues; i++)
    {
      gint64 n = __atomic_load_n (&self->queues[i].n_held, __ATOMIC_ACQUIRE);

      sum += released ? MAX (-n, 0) : MAX (n, 0);
    }
  return sum;
}

static gint64
sum_locked (gboolean released)
{
  gint64 sum = 0;

  for (guint i = 0; all_queues != NULL && i < all_queues->len; i++)
    sum += sum_queues (&g_array_index (all_queues, Queues, i), released);
  for (guint i = 0; i < G_N_ELEMENTS (dpdk_held_counts); i++)
    sum +=
        __atomic_load_n (released ? &dpdk_held_counts[i].n_released : &dpdk_held_counts[i].n_taken,
                         __ATOMIC_ACQUIRE);
  return sum;
}

gint64
dpdk_held_count (void)
{
  gint64 n_released, n_taken;

  g_mutex_lock (&lock);
  /* whose release is seen here, its taking is seen below */
  n_released = sum_locked (TRUE);
  n_taken = sum_locked (FALSE);
  g_mutex_unlock (&lock);
  return n_taken - n_released;
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
      dpdk_held_release (LCORE_ID_ANY, sum_queues (entry, TRUE));
      dpdk_held_take (LCORE_ID_ANY, sum_queues (entry, FALSE));
      g_array_remove_index_fast (all_queues, i);
      break;
    }
  g_mutex_unlock (&lock);
}
