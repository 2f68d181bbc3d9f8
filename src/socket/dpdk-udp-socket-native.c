/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* what a DpdkUdpSocket can that a GDatagramBased cannot */
#include "dpdk-udp-socket-private.h"

#include "dpdk-socket-private.h"

/**
 * dpdk_udp_socket_take_error:
 * @self: a socket
 * @error: return location for an error
 *
 * Takes the error of the network that the next operation would report, if there is one. The socket
 * goes on to work.
 *
 * May be called from any thread.
 *
 * Returns: %TRUE if there was no error
 *
 * Since: 0.1
 */
gboolean
dpdk_udp_socket_take_error (DpdkUdpSocket *self, GError **error)
{
  g_return_val_if_fail (dpdk_udp_socket_is_made (self), TRUE);
  g_return_val_if_fail (error == NULL || *error == NULL, TRUE);

  return dpdk_udp_endpoint_take_error (dpdk_udp_socket_get_endpoint (self), error);
}

/**
 * dpdk_udp_socket_get_statistics:
 * @self: a socket
 * @statistics: (out caller-allocates): return location for the counters
 *
 * Gets the counters of the socket. May be called from any thread.
 *
 * Since: 0.1
 */
void
dpdk_udp_socket_get_statistics (DpdkUdpSocket *self, DpdkUdpStatistics *statistics)
{
  g_return_if_fail (dpdk_udp_socket_is_made (self));
  g_return_if_fail (statistics != NULL);

  dpdk_udp_endpoint_get_statistics (dpdk_udp_socket_get_endpoint (self), statistics);
}

static gboolean
change_group (DpdkUdpSocket *self, GInetAddress *group, DpdkPort *port, gboolean join,
              GError **error)
{
  gint interface;

  if (port == NULL)
    port = dpdk_socket_get_port (DPDK_SOCKET (self));
  return dpdk_udp_socket_find_interface (self, port, &interface, error) &&
         dpdk_udp_endpoint_change_group (dpdk_udp_socket_get_endpoint (self), group, interface,
                                         join, error);
}

/**
 * dpdk_udp_socket_join_group:
 * @self: a socket
 * @group: an address of a group, of IPv4 or IPv6
 * @port: (nullable): the port to receive from, or %NULL for that of the socket
 * @error: return location for an error
 *
 * Receives what is sent to a group on a port, and tells the routers by IGMP (RFC 2236) or MLD
 * (RFC 2710). The device is told to let all groups in. All sockets that are bound to all addresses,
 * or to that of the group, receive it.
 *
 * May be called from any thread but that of another worker.
 *
 * Fails with %G_IO_ERROR_INVALID_ARGUMENT if @group is no such address, with
 * %G_IO_ERROR_ADDRESS_IN_USE if the socket is a member already, with %G_IO_ERROR_CLOSED, and with
 * %DPDK_ERROR_WRONG_WORKER.
 *
 * Returns: %TRUE on success
 *
 * Since: 0.1
 */
gboolean
dpdk_udp_socket_join_group (DpdkUdpSocket *self, GInetAddress *group, DpdkPort *port,
                            GError **error)
{
  g_return_val_if_fail (dpdk_udp_socket_is_made (self), FALSE);
  g_return_val_if_fail (G_IS_INET_ADDRESS (group), FALSE);
  g_return_val_if_fail (port == NULL || DPDK_IS_PORT (port), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return change_group (self, group, port, TRUE, error);
}

/**
 * dpdk_udp_socket_leave_group:
 * @self: a socket
 * @group: the address of the group
 * @port: (nullable): the port, as it was joined on
 * @error: return location for an error
 *
 * Ends the membership in a group. Closing the socket ends all.
 *
 * May be called from any thread but that of another worker.
 *
 * Fails with %G_IO_ERROR_NOT_FOUND if the socket is not a member.
 *
 * Returns: %TRUE on success
 *
 * Since: 0.1
 */
gboolean
dpdk_udp_socket_leave_group (DpdkUdpSocket *self, GInetAddress *group, DpdkPort *port,
                             GError **error)
{
  g_return_val_if_fail (dpdk_udp_socket_is_made (self), FALSE);
  g_return_val_if_fail (G_IS_INET_ADDRESS (group), FALSE);
  g_return_val_if_fail (port == NULL || DPDK_IS_PORT (port), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return change_group (self, group, port, FALSE, error);
}

/**
 * dpdk_udp_socket_set_readable_callback:
 * @self: a socket
 * @func: (nullable) (scope notified) (closure user_data) (destroy destroy): the function, or %NULL
 *   for none
 * @user_data: data for @func
 * @destroy: (nullable): frees @user_data, on the thread of the worker: when another function is set or
 *   the socket is closed
 * @error: return location for an error
 *
 * Sets the function that is called when datagrams have arrived, or an error of the network. It is
 * also called soon if there are some already.
 *
 * As long as a function is set, the worker holds the socket. It drops the function when the socket is
 * closed, by [method@Dpdk.Socket.close] or by the end of the runtime.
 *
 * May be called on the thread of the socket's worker only.
 *
 * Fails with %DPDK_ERROR_WRONG_WORKER on any other, and with %G_IO_ERROR_CLOSED; @destroy is not called
 * then.
 *
 * Returns: %TRUE on success
 *
 * Since: 0.1
 */
gboolean
dpdk_udp_socket_set_readable_callback (DpdkUdpSocket *self, DpdkUdpReadableFunc func,
                                       gpointer user_data, GDestroyNotify destroy, GError **error)
{
  DpdkUdpEndpoint *endpoint;

  g_return_val_if_fail (dpdk_udp_socket_is_made (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  endpoint = dpdk_udp_socket_get_endpoint (self);
  if (!dpdk_udp_endpoint_check_worker (endpoint, G_STRFUNC, error))
    return FALSE;
  if (dpdk_udp_endpoint_is_closed (endpoint))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "The DpdkUdpSocket is closed");
      return FALSE;
    }
  dpdk_udp_endpoint_set_readable (endpoint, self, func, user_data, destroy);
  return TRUE;
}

/**
 * dpdk_udp_socket_try_receive: (skip)
 * @self: a socket
 * @messages: (array length=n_messages): filled with what was received
 * @n_messages: how many there is room for
 * @error: return location for an error
 *
 * Takes datagrams that have arrived, without copying them: the packets are the buffers that the
 * device has filled, and belong to the caller, who may also send them. One that was put together from
 * fragments has several segments.
 *
 * May be called on the thread of the socket's worker only. Does not wait.
 *
 * Fails with %DPDK_ERROR_WRONG_WORKER on any other, with %G_IO_ERROR_CLOSED, and with the error of the
 * network if the socket is connected.
 *
 * Returns: the number of messages, 0 if there are none now, -1 on error
 *
 * Since: 0.1
 */
gint
dpdk_udp_socket_try_receive (DpdkUdpSocket *self, DpdkUdpMessage *messages, guint n_messages,
                             GError **error)
{
  DpdkUdpEndpoint *endpoint;

  g_return_val_if_fail (dpdk_udp_socket_is_made (self), -1);
  g_return_val_if_fail (messages != NULL || n_messages == 0, -1);
  g_return_val_if_fail (error == NULL || *error == NULL, -1);

  endpoint = dpdk_udp_socket_get_endpoint (self);
  if (!dpdk_udp_endpoint_check_worker (endpoint, G_STRFUNC, error))
    return -1;
  return dpdk_udp_endpoint_try_receive (endpoint, messages, n_messages, error);
}

/**
 * dpdk_udp_socket_try_receive_bytes:
 * @self: a socket
 * @address: (out) (optional) (transfer full) (nullable): return location for where it came from
 * @error: return location for an error
 *
 * Takes one datagram that has arrived, without copying it unless it was put together from fragments.
 * The bytes keep the pool of the packet.
 *
 * May be called on the thread of the socket's worker only. Does not wait.
 *
 * Fails with %G_IO_ERROR_WOULD_BLOCK if there is none now, and as
 * [method@Dpdk.UdpSocket.try_receive] does.
 *
 * Returns: (transfer full): the datagram
 *
 * Since: 0.1
 */
GBytes *
dpdk_udp_socket_try_receive_bytes (DpdkUdpSocket *self, GSocketAddress **address, GError **error)
{
  DpdkUdpEndpoint *endpoint;
  DpdkUdpMessage message;
  GBytes *bytes;
  gint n;

  g_return_val_if_fail (dpdk_udp_socket_is_made (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  endpoint = dpdk_udp_socket_get_endpoint (self);
  if (!dpdk_udp_endpoint_check_worker (endpoint, G_STRFUNC, error))
    return NULL;
  n = dpdk_udp_endpoint_try_receive (endpoint, &message, 1, error);
  if (n == 0)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "No datagram has arrived");
  if (n < 1)
    return NULL;
  if (address != NULL)
    *address = dpdk_udp_address_to_socket_address (&message.address);
  bytes = dpdk_packet_to_bytes (message.packet);
  dpdk_packet_unref (message.packet);
  return bytes;
}

/**
 * dpdk_udp_socket_try_send: (skip)
 * @self: a socket
 * @messages: (array length=n_messages): what to send
 * @n_messages: how many there are
 * @error: return location for an error
 *
 * Sends datagrams, without copying them where a packet has one segment, no other reference, and
 * room for the headers in front of its data (62 bytes), and fits into one frame.
 *
 * The packets of the messages that were sent belong to the network; the rest still belong to the
 * caller. Fewer than @n_messages are sent if the device has no room now; try again in the next turn
 * of the worker.
 *
 * May be called on the thread of the socket's worker only. Does not wait.
 *
 * Fails with %DPDK_ERROR_WRONG_WORKER on any other, with %G_IO_ERROR_CLOSED, and with the errors that
 * g_datagram_based_send_messages() has; only if not even one was sent.
 *
 * Returns: the number of messages that were sent, 0 if there is no room now, -1 on error
 *
 * Since: 0.1
 */
gint
dpdk_udp_socket_try_send (DpdkUdpSocket *self, const DpdkUdpMessage *messages, guint n_messages,
                          GError **error)
{
  DpdkUdpEndpoint *endpoint;

  g_return_val_if_fail (dpdk_udp_socket_is_made (self), -1);
  g_return_val_if_fail (messages != NULL || n_messages == 0, -1);
  g_return_val_if_fail (error == NULL || *error == NULL, -1);

  endpoint = dpdk_udp_socket_get_endpoint (self);
  if (!dpdk_udp_endpoint_check_worker (endpoint, G_STRFUNC, error))
    return -1;
  return dpdk_udp_endpoint_try_send (endpoint, messages, n_messages, error);
}
