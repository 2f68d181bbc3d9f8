/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bursts for languages that have no arrays of pointers, and for those who want their arguments
   checked */
#include "dpdk-port-internal.h"

#include "dpdk-held-private.h"
#include "dpdk-mempool-private.h"

#include <rte_mbuf.h>

/* who asks for more gets it in several bursts */
#define BURST 64

static gboolean
check (DpdkPort *self, guint queue, guint n_queues, const char *what, GError **error)
{
  if (dpdk_eal_is_inert ())
    g_set_error (error, DPDK_ERROR, DPDK_ERROR_EAL_DEAD,
                 "DpdkPort %s: %s: the port belongs to the parent of this process", self->devargs,
                 what);
  else if (g_atomic_int_get (&self->removed))
    g_set_error (error, DPDK_ERROR, DPDK_ERROR_NO_DEVICE, "DpdkPort %s: %s: the device was removed",
                 self->devargs, what);
  else if (!g_atomic_int_get (&self->started))
    g_set_error (error, DPDK_ERROR, DPDK_ERROR_CLOSED, "DpdkPort %s: %s: the port is not started",
                 self->devargs, what);
  else if (g_atomic_int_get (&self->n_workers) > 0)
    g_set_error (error, DPDK_ERROR, DPDK_ERROR_BUSY,
                 "DpdkPort %s: %s: workers of a runtime use the port", self->devargs, what);
  else if (queue >= n_queues)
    g_set_error (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT,
                 "DpdkPort %s: %s: queue %u: there are %u", self->devargs, what, queue, n_queues);
  else
    return TRUE;
  return FALSE;
}

static gboolean
enter (DpdkPort *self, DpdkPortQueue *queue, guint number, const char *what, GError **error)
{
  if (dpdk_port_queue_try_enter (queue))
    return TRUE;
  g_set_error (error, DPDK_ERROR, DPDK_ERROR_BUSY,
               "DpdkPort %s: %s: another thread is using queue %u", self->devargs, what, number);
  return FALSE;
}

/**
 * dpdk_port_receive:
 * @self: a port
 * @queue: number of the receive queue
 * @max_packets: how many packets to take at most
 * @error: return location for an error
 *
 * Takes received packets from a queue, without waiting. It does what
 * [method@Dpdk.Port.rx_burst] does, checks its arguments, and can be called from other languages.
 *
 * May be called from any thread, but from one per queue at a time.
 *
 * Fails with %DPDK_ERROR_CLOSED if the port is not started, with %DPDK_ERROR_NO_DEVICE if its device
 * was removed, with %DPDK_ERROR_INVALID_ARGUMENT if there is no such queue, and with
 * %DPDK_ERROR_BUSY if another thread is receiving from it or workers of a runtime use the port.
 *
 * Returns: (transfer container) (element-type DpdkPacket): the packets, possibly none
 *
 * Since: 0.1
 */
GPtrArray *
dpdk_port_receive (DpdkPort *self, guint queue, guint max_packets, GError **error)
{
  g_autoptr (GPtrArray) packets = NULL;
  DpdkPortQueue *rx;
  guint n;

  g_return_val_if_fail (DPDK_IS_PORT (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!check (self, queue, dpdk_port_get_n_rx_queues (self), "receiving", error))
    return NULL;
  rx = &self->head.rx_queues[queue];
  if (!enter (self, rx, queue, "receiving", error))
    return NULL;
  packets = g_ptr_array_new_with_free_func ((GDestroyNotify) dpdk_packet_unref);
  do
    {
      DpdkPacket *burst[BURST];

      n = dpdk_port_rx_burst_entered (self, rx, queue, burst,
                                      MIN (BURST, max_packets - packets->len));
      for (guint i = 0; i < n; i++)
        g_ptr_array_add (packets, burst[i]);
    }
  while (n > 0 && packets->len < max_packets);
  dpdk_port_queue_leave (rx);
  /* the array counts as the application */
  dpdk_held_take (rte_lcore_id (), (gint64) packets->len);
  return g_steal_pointer (&packets);
}

/* takes over the packets that the device accepts */
static gboolean
send (DpdkPort *self, guint queue, struct rte_mbuf **mbufs, guint n_mbufs, guint *n_sent,
      GError **error)
{
  DpdkPortQueue *tx = &self->head.tx_queues[queue];
  guint n;

  if (!enter (self, tx, queue, "sending", error))
    return FALSE;
  for (*n_sent = 0; *n_sent < n_mbufs; *n_sent += n)
    {
      n = dpdk_port_tx_burst_entered (self, tx, queue, (DpdkPacket **) mbufs + *n_sent,
                                      MIN (BURST, n_mbufs - *n_sent));
      if (n == 0)
        break;
    }
  dpdk_port_queue_leave (tx);
  return TRUE;
}

/**
 * dpdk_port_send:
 * @self: a port
 * @queue: number of the transmit queue
 * @packets: (element-type DpdkPacket) (transfer none): the packets
 * @n_sent: (out): return location for the number of packets that were accepted, which are the first
 * @error: return location for an error
 *
 * Sends copies of packets, without waiting. It does what [method@Dpdk.Port.tx_burst] does, checks
 * its arguments, and can be called from other languages, where nobody can say who still holds a
 * packet. A copy comes from the pool of its packet.
 *
 * May be called from any thread, but from one per queue at a time.
 *
 * Fails with %DPDK_ERROR_CLOSED if the port is not started, with %DPDK_ERROR_NO_DEVICE if its device
 * was removed, with %DPDK_ERROR_INVALID_ARGUMENT if there is no such queue, with %DPDK_ERROR_BUSY if
 * another thread is sending to it or workers of a runtime use the port, and with
 * %DPDK_ERROR_NO_MEMORY if the pool is empty. No packet was accepted then.
 *
 * Returns: %TRUE on success, also if the queue was full
 *
 * Since: 0.1
 */
gboolean
dpdk_port_send (DpdkPort *self, guint queue, GPtrArray *packets, guint *n_sent, GError **error)
{
  g_autofree struct rte_mbuf **copies = NULL;
  gboolean success = TRUE;
  guint n_copies, n = 0;

  g_return_val_if_fail (DPDK_IS_PORT (self), FALSE);
  g_return_val_if_fail (packets != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (n_sent != NULL)
    *n_sent = 0;
  if (!check (self, queue, dpdk_port_get_n_tx_queues (self), "sending", error))
    return FALSE;
  copies = g_new0 (struct rte_mbuf *, packets->len);
  for (n_copies = 0; n_copies < packets->len; n_copies++)
    {
      struct rte_mbuf *mbuf = g_ptr_array_index (packets, n_copies);

      copies[n_copies] = rte_pktmbuf_copy (mbuf, mbuf->pool, 0, UINT32_MAX);
      if (copies[n_copies] != NULL)
        continue;
      g_set_error (error, DPDK_ERROR, DPDK_ERROR_NO_MEMORY,
                   "DpdkPort %s: sending: no buffer for packet %u of %u", self->devargs, n_copies,
                   packets->len);
      success = FALSE;
      break;
    }
  success = success && send (self, queue, copies, n_copies, &n, error);
  rte_pktmbuf_free_bulk (copies + n, n_copies - n);
  if (n_sent != NULL)
    *n_sent = n;
  return success;
}

/**
 * dpdk_port_send_bytes:
 * @self: a port
 * @queue: number of the transmit queue
 * @data: (array length=length): an Ethernet frame without its checksum
 * @length: number of bytes
 * @error: return location for an error
 *
 * Sends a packet with a copy of @data, from the pool of the port, without waiting.
 *
 * May be called from any thread, but from one per queue at a time.
 *
 * Fails as [method@Dpdk.Port.send], and with %DPDK_ERROR_NO_MEMORY also if the queue is full or the
 * data does not fit into a buffer.
 *
 * Returns: %TRUE if the packet was accepted
 *
 * Since: 0.1
 */
gboolean
dpdk_port_send_bytes (DpdkPort *self, guint queue, const guint8 *data, gsize length, GError **error)
{
  g_autoptr (DpdkPacket) packet = NULL;
  struct rte_mbuf *mbuf;
  guint n;

  g_return_val_if_fail (DPDK_IS_PORT (self), FALSE);
  g_return_val_if_fail (data != NULL || length == 0, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!check (self, queue, dpdk_port_get_n_tx_queues (self), "sending", error))
    return FALSE;
  packet = dpdk_mempool_acquire (self->mempool, error);
  if (packet == NULL || !dpdk_packet_append (packet, data, length, error))
    return FALSE;
  mbuf = (struct rte_mbuf *) packet;
  if (!send (self, queue, &mbuf, 1, &n, error))
    return FALSE;
  if (n == 1)
    {
      /* the device has it */
      g_steal_pointer (&packet);
      dpdk_held_release (rte_lcore_id (), 1);
      return TRUE;
    }
  g_set_error (error, DPDK_ERROR, DPDK_ERROR_NO_MEMORY, "DpdkPort %s: sending: queue %u is full",
               self->devargs, queue);
  return FALSE;
}
