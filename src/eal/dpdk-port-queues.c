/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-port-internal.h"

#include "dpdk-held-private.h"
#include "dpdk-thread-order-private.h"

#include <rte_ethdev.h>

/* room for queues that are asked for before the port is configured */
#define MIN_SLOTS 16
#define BURST_WAIT_US 20
/* who has the lock may be waiting for the thread that wants it */
#define LOCK_WAIT_US (100 * G_TIME_SPAN_MILLISECOND)
/* a thread that was interrupted in a burst comes back to it, whatever else the machine does */
#define PAUSE_WAIT_US (20 * G_TIME_SPAN_SECOND)

static gpointer const no_callbacks;

static guint16
idle_burst (gpointer native, DpdkPacket **packets, guint16 n_packets)
{
  return 0;
}

static DpdkPortQueue *
new_queues (guint n)
{
  DpdkPortQueue *queues = g_aligned_alloc0 (n, sizeof *queues, RTE_CACHE_LINE_SIZE);

  G_STATIC_ASSERT (sizeof *queues % RTE_CACHE_LINE_MIN_SIZE == 0);
  for (guint i = 0; i < n; i++)
    {
      queues[i].burst = idle_burst;
      queues[i].callbacks = &no_callbacks;
    }
  dpdk_held_add_queues (queues, n);
  return queues;
}

static void
free_queues (DpdkPortQueue **queues)
{
  if (*queues == NULL)
    return;
  dpdk_held_remove_queues (*queues);
  g_aligned_free (g_steal_pointer (queues));
}

static void
free_retired_queues (gpointer data)
{
  DpdkPortQueue *queues = data;

  free_queues (&queues);
}

static void
retire_queues (DpdkPort *self, DpdkPortQueue **queues)
{
  if (*queues != NULL)
    self->retired_queues = g_slist_prepend (self->retired_queues, g_steal_pointer (queues));
}

void
dpdk_port_queues_allocate (DpdkPort *self, guint n_queues)
{
  guint n = MAX (n_queues, MIN_SLOTS);

  if (n <= self->n_slots)
    return;
  /* a thread that was not told to stop may still look at them */
  retire_queues (self, &self->head.rx_queues);
  retire_queues (self, &self->head.tx_queues);
  self->head.rx_queues = new_queues (n);
  self->head.tx_queues = new_queues (n);
  self->n_slots = n;
}

void
dpdk_port_queues_free (DpdkPort *self)
{
  free_queues (&self->head.rx_queues);
  free_queues (&self->head.tx_queues);
  g_slist_free_full (g_steal_pointer (&self->retired_queues), free_retired_queues);
  self->n_slots = 0;
}

typedef guint16 (*Burst) (gpointer native, DpdkPacket **packets, guint16 n_packets);

static void
connect_queue (DpdkPortQueue *self, gpointer burst, gpointer native, void **callbacks)
{
  /* a burst that found the idle function may be reading them */
  __atomic_store_n (&self->native, native, __ATOMIC_RELAXED);
  __atomic_store_n (&self->callbacks, (gpointer const *) callbacks, __ATOMIC_RELAXED);
  /* a packet is an mbuf: see dpdk-packet.c */
  __atomic_store_n (&self->burst, (Burst) burst, __ATOMIC_RELEASE);
}

static void
set_bursts (DpdkPort *self)
{
  struct rte_eth_fp_ops *ops = &rte_eth_fp_ops[self->id];

  for (gint i = 0; i < self->n_rx_queues; i++)
    connect_queue (&self->head.rx_queues[i], (gpointer) ops->rx_pkt_burst, ops->rxq.data[i],
                   (void **) (void *) &ops->rxq.clbk[i]);
  for (gint i = 0; i < self->n_tx_queues; i++)
    connect_queue (&self->head.tx_queues[i], (gpointer) ops->tx_pkt_burst, ops->txq.data[i],
                   (void **) (void *) &ops->txq.clbk[i]);
}

static void
wait_for_burst (DpdkPortQueue *self, gint64 deadline)
{
  while (__atomic_load_n (&self->busy, __ATOMIC_ACQUIRE) != 0 && g_get_monotonic_time () < deadline)
    g_usleep (BURST_WAIT_US);
}

static void
clear_bursts (DpdkPort *self, gint64 deadline)
{
  DpdkPortQueue *rx = self->head.rx_queues, *tx = self->head.tx_queues;

  for (guint i = 0; i < self->n_slots; i++)
    {
      __atomic_store_n (&rx[i].burst, idle_burst, __ATOMIC_RELEASE);
      __atomic_store_n (&tx[i].burst, idle_burst, __ATOMIC_RELEASE);
    }
  dpdk_order_all_threads ();
  for (guint i = 0; i < self->n_slots; i++)
    {
      wait_for_burst (&rx[i], deadline);
      wait_for_burst (&tx[i], deadline);
      __atomic_store_n (&rx[i].callbacks, &no_callbacks, __ATOMIC_RELAXED);
      __atomic_store_n (&tx[i].callbacks, &no_callbacks, __ATOMIC_RELAXED);
    }
}

void
dpdk_port_queues_connect (DpdkPort *self)
{
  g_mutex_lock (&self->queues_lock);
  self->queues_connected = TRUE;
  if (!self->queues_paused)
    set_bursts (self);
  g_mutex_unlock (&self->queues_lock);
}

void
dpdk_port_queues_disconnect (DpdkPort *self)
{
  g_mutex_lock (&self->queues_lock);
  self->queues_connected = FALSE;
  clear_bursts (self, G_MAXINT64);
  g_mutex_unlock (&self->queues_lock);
}

/* a burst may be waiting for the calling thread, which is in the middle of writing a log */
void
dpdk_port_queues_set_paused (DpdkPort *self, gboolean paused)
{
  gint64 deadline = g_get_monotonic_time () + LOCK_WAIT_US;

  while (!g_mutex_trylock (&self->queues_lock))
    {
      if (g_get_monotonic_time () > deadline)
        return;
      g_usleep (BURST_WAIT_US);
    }
  self->queues_paused = paused;
  if (paused)
    clear_bursts (self, g_get_monotonic_time () + PAUSE_WAIT_US);
  else if (self->queues_connected)
    set_bursts (self);
  g_mutex_unlock (&self->queues_lock);
}

void
dpdk_port_queue_enter (DpdkPortQueue *self)
{
  __atomic_store_n (&self->busy, 1, __ATOMIC_RELAXED);
  __atomic_signal_fence (__ATOMIC_SEQ_CST);
}

gboolean
dpdk_port_queue_try_enter (DpdkPortQueue *self)
{
  return __atomic_exchange_n (&self->busy, 1, __ATOMIC_ACQ_REL) == 0;
}

void
dpdk_port_queue_leave (DpdkPortQueue *self)
{
  __atomic_store_n (&self->busy, 0, __ATOMIC_RELEASE);
}

gboolean
dpdk_port_queue_is_connected (DpdkPortQueue *self)
{
  return __atomic_load_n (&self->burst, __ATOMIC_ACQUIRE) != idle_burst;
}
