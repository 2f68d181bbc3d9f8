/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-port-internal.h"

#include "dpdk-held-private.h"

#include <rte_ethdev.h>

/* room for queues that are asked for before the port is configured */
#define MIN_SLOTS 16

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

void
dpdk_port_queues_allocate (DpdkPort *self, guint n_queues)
{
  guint n = MAX (n_queues, MIN_SLOTS);

  if (n <= self->n_slots)
    return;
  dpdk_port_queues_free (self);
  self->head.rx_queues = new_queues (n);
  self->head.tx_queues = new_queues (n);
  self->n_slots = n;
}

void
dpdk_port_queues_free (DpdkPort *self)
{
  free_queues (&self->head.rx_queues);
  free_queues (&self->head.tx_queues);
  self->n_slots = 0;
}

typedef guint16 (*Burst) (gpointer native, DpdkPacket **packets, guint16 n_packets);

void
dpdk_port_queues_connect (DpdkPort *self)
{
  struct rte_eth_fp_ops *ops = &rte_eth_fp_ops[self->id];

  for (guint i = 0; i < self->n_queues; i++)
    {
      DpdkPortQueue *rx = &self->head.rx_queues[i], *tx = &self->head.tx_queues[i];

      /* a packet is an mbuf: see dpdk-packet.c */
      rx->burst = (Burst) (gpointer) ops->rx_pkt_burst;
      rx->native = ops->rxq.data[i];
      rx->callbacks = (gpointer const *) (gpointer) &ops->rxq.clbk[i];
      tx->burst = (Burst) (gpointer) ops->tx_pkt_burst;
      tx->native = ops->txq.data[i];
      tx->callbacks = (gpointer const *) (gpointer) &ops->txq.clbk[i];
    }
}

void
dpdk_port_queues_disconnect (DpdkPort *self)
{
  for (guint i = 0; i < self->n_slots; i++)
    {
      self->head.rx_queues[i].burst = self->head.tx_queues[i].burst = idle_burst;
      self->head.rx_queues[i].callbacks = self->head.tx_queues[i].callbacks = &no_callbacks;
    }
}
