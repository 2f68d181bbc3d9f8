/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-port-internal.h"
#include "dpdk-tsan-private.h"

#include <rte_ethdev.h>

/* the callbacks are those that DPDK may have for the queue, such as those of a packet capture */
guint
dpdk_port_rx_burst_entered (DpdkPort *self, DpdkPortQueue *rx, guint queue, DpdkPacket **packets,
                            guint n_packets)
{
  guint n;

  if (G_UNLIKELY (dpdk_port_queue_has_callbacks_inline (rx) && dpdk_port_queue_is_connected (rx)))
    n = rte_eth_rx_burst (self->id, (guint16) queue, (struct rte_mbuf **) packets,
                          (guint16) n_packets);
  else
    n = dpdk_port_queue_entered_burst_inline (rx, packets, n_packets);
  dpdk_tsan_acquire ((void *const *) packets, n);
  return n;
}

guint
dpdk_port_tx_burst_entered (DpdkPort *self, DpdkPortQueue *tx, guint queue, DpdkPacket **packets,
                            guint n_packets)
{
  dpdk_tsan_release ((void *const *) packets, n_packets);
  if (G_UNLIKELY (dpdk_port_queue_has_callbacks_inline (tx) && dpdk_port_queue_is_connected (tx)))
    return rte_eth_tx_burst (self->id, (guint16) queue, (struct rte_mbuf **) packets,
                             (guint16) n_packets);
  return dpdk_port_queue_entered_burst_inline (tx, packets, n_packets);
}

guint
dpdk_port_rx_burst_uncounted (DpdkPort *self, guint queue, DpdkPacket **packets, guint n_packets)
{
  DpdkPortQueue *rx = &self->head.rx_queues[queue];
  guint n;

  dpdk_port_queue_enter (rx);
  n = dpdk_port_rx_burst_entered (self, rx, queue, packets, n_packets);
  dpdk_port_queue_leave (rx);
  return n;
}

guint
dpdk_port_tx_burst_uncounted (DpdkPort *self, guint queue, DpdkPacket **packets, guint n_packets)
{
  DpdkPortQueue *tx = &self->head.tx_queues[queue];
  guint n;

  dpdk_port_queue_enter (tx);
  n = dpdk_port_tx_burst_entered (self, tx, queue, packets, n_packets);
  dpdk_port_queue_leave (tx);
  return n;
}

gboolean
dpdk_port_tx_prepare (DpdkPort *self, guint queue, DpdkPacket **packets, guint n_packets,
                      guint *n_ready)
{
  DpdkPortQueue *tx = &self->head.tx_queues[queue];
  gboolean is_connected;

  dpdk_port_queue_enter (tx);
  is_connected = dpdk_port_queue_is_connected (tx);
  if (is_connected)
    *n_ready = rte_eth_tx_prepare (self->id, (guint16) queue, (struct rte_mbuf **) packets,
                                   (guint16) n_packets);
  dpdk_port_queue_leave (tx);
  return is_connected;
}

/**
 * dpdk_port_rx_burst: (skip)
 * @self: a port
 * @queue: number of the receive queue
 * @packets: (out caller-allocates) (array length=n_packets): where to put the packets
 * @n_packets: how many there is room for
 *
 * Takes received packets from a queue, without waiting. The caller owns them.
 *
 * For one thread per queue at a time. The arguments are not checked; a port that is not started,
 * or whose device was removed, gives no packets.
 *
 * Returns: the number of packets
 *
 * Since: 0.1
 */
guint
dpdk_port_rx_burst (DpdkPort *self, guint queue, DpdkPacket **packets, guint n_packets)
{
  guint n = dpdk_port_rx_burst_uncounted (self, queue, packets, n_packets);

  if (n > 0)
    dpdk_port_queue_count_inline (&self->head.rx_queues[queue], n);
  return n;
}

/**
 * dpdk_port_tx_burst: (skip)
 * @self: a port
 * @queue: number of the transmit queue
 * @packets: (array length=n_packets): the packets
 * @n_packets: their number
 *
 * Sends packets, without waiting. The port takes over the reference of each packet that it accepts;
 * those are the first ones. The caller still owns the others.
 *
 * For one thread per queue at a time. The arguments are not checked; a port that is not started,
 * or whose device was removed, accepts nothing.
 *
 * Returns: the number of packets that were accepted
 *
 * Since: 0.1
 */
guint
dpdk_port_tx_burst (DpdkPort *self, guint queue, DpdkPacket **packets, guint n_packets)
{
  guint n = dpdk_port_tx_burst_uncounted (self, queue, packets, n_packets);

  if (n > 0)
    dpdk_port_queue_count_inline (&self->head.tx_queues[queue], -(gint64) n);
  return n;
}
