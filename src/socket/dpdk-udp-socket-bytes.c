/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* one datagram at a time, for programs and languages that have no vectors of buffers */
#include "dpdk-udp-socket-private.h"

#include "dpdk-udp-datagram-private.h"

/**
 * dpdk_udp_socket_receive_bytes:
 * @self: a socket
 * @address: (out) (optional) (transfer full) (nullable): return location for where it came from
 * @timeout_us: how long to wait at most, in microseconds; 0 to not wait, -1 to wait for ever
 * @cancellable: (nullable): to give up
 * @error: return location for an error
 *
 * Receives one datagram, which is copied. As g_datagram_based_receive_messages() for one message.
 *
 * May be called from any thread, but with @timeout_us 0 only on that of a worker.
 *
 * Fails with %G_IO_ERROR_WOULD_BLOCK or %G_IO_ERROR_TIMED_OUT if none has arrived, with
 * %G_IO_ERROR_CLOSED, with %G_IO_ERROR_CANCELLED, with the error of the network if the socket is
 * connected, and with %DPDK_ERROR_WOULD_DEADLOCK.
 *
 * Returns: (transfer full): the datagram
 *
 * Since: 0.1
 */
GBytes *
dpdk_udp_socket_receive_bytes (DpdkUdpSocket *self, GSocketAddress **address, gint64 timeout_us,
                               GCancellable *cancellable, GError **error)
{
  g_autoptr (GSocketAddress) from = NULL;
  g_autofree guint8 *buffer = NULL;
  GInputVector vector;
  GInputMessage message = { .address = &from, .vectors = &vector, .num_vectors = 1 };

  g_return_val_if_fail (dpdk_udp_socket_is_made (self), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  buffer = g_malloc (DPDK_UDP_MAX_V4);
  vector = (GInputVector){ buffer, DPDK_UDP_MAX_V4 };
  if (dpdk_udp_endpoint_receive (dpdk_udp_socket_get_endpoint (self), &message, 1, 0, timeout_us,
                                 cancellable, error) != 1)
    return NULL;
  if (address != NULL)
    *address = g_steal_pointer (&from);
  return g_bytes_new_take (g_realloc (g_steal_pointer (&buffer), message.bytes_received),
                           message.bytes_received);
}

/**
 * dpdk_udp_socket_send_bytes:
 * @self: a socket
 * @address: (nullable): where to, or %NULL for the peer that the socket is connected to
 * @bytes: the data of the datagram
 * @timeout_us: how long to wait at most for room in the send buffer, in microseconds; 0 to not wait,
 *   -1 to wait for ever
 * @cancellable: (nullable): to give up
 * @error: return location for an error
 *
 * Sends one datagram. As g_datagram_based_send_messages() for one message.
 *
 * May be called from any thread, but with @timeout_us 0 only on that of a worker.
 *
 * Fails with %G_IO_ERROR_WOULD_BLOCK or %G_IO_ERROR_TIMED_OUT if there is no room, with
 * %G_IO_ERROR_NOT_CONNECTED, with %G_IO_ERROR_MESSAGE_TOO_LARGE, with
 * %G_IO_ERROR_NETWORK_UNREACHABLE, with %G_IO_ERROR_PERMISSION_DENIED for a broadcast address without
 * [property@Dpdk.UdpSocket:broadcast], with %G_IO_ERROR_INVALID_ARGUMENT for an address of another
 * family, with %G_IO_ERROR_CLOSED, with %G_IO_ERROR_CANCELLED, with the error of the network if the
 * socket is connected, and with %DPDK_ERROR_WOULD_DEADLOCK.
 *
 * Returns: %TRUE on success
 *
 * Since: 0.1
 */
gboolean
dpdk_udp_socket_send_bytes (DpdkUdpSocket *self, GSocketAddress *address, GBytes *bytes,
                            gint64 timeout_us, GCancellable *cancellable, GError **error)
{
  GOutputMessage message = { .address = address, .num_vectors = 1 };
  GOutputVector vector;

  g_return_val_if_fail (dpdk_udp_socket_is_made (self), FALSE);
  g_return_val_if_fail (address == NULL || G_IS_SOCKET_ADDRESS (address), FALSE);
  g_return_val_if_fail (bytes != NULL, FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  vector.buffer = g_bytes_get_data (bytes, &vector.size);
  message.vectors = &vector;
  return dpdk_udp_endpoint_send (dpdk_udp_socket_get_endpoint (self), &message, 1, 0, timeout_us,
                                 cancellable, error) == 1;
}
