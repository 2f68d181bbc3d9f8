/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* connecting without GIO, and what has become of a connection */
#include "dpdk-socket-private.h"

/**
 * dpdk_tcp_socket_begin_connect:
 * @self: a socket
 * @address: the address of the peer
 * @func: (scope notified) (closure user_data) (destroy destroy): called once, when it is over
 * @user_data: data for @func
 * @destroy: (nullable): frees @user_data after the call, on the thread of the worker
 * @error: return location for an error
 *
 * Begins to connect the socket, without a main context and without waiting. The worker holds the socket
 * until @func was called: with an error if it could not connect, or was closed before. To give up, call
 * [method@Dpdk.Socket.close]. Streams for a socket that is connected are those of
 * [ctor@Dpdk.TcpConnection.new].
 *
 * May be called on the thread of the socket's worker only.
 *
 * Fails at once with %DPDK_ERROR_WRONG_WORKER on any other, with %G_IO_ERROR_INVALID_ARGUMENT if
 * @address is not of the family of the socket, and with %G_IO_ERROR_CLOSED, %G_IO_ERROR_PENDING or
 * %G_IO_ERROR_EXISTS if the socket is closed, is connecting or is connected; neither @func nor @destroy
 * is called then. See [method@Dpdk.TcpSocket.connect] for the later errors.
 *
 * Returns: %TRUE if it has begun
 *
 * Since: 0.1
 */
gboolean
dpdk_tcp_socket_begin_connect (DpdkTcpSocket *self, GSocketAddress *address,
                               DpdkTcpConnectedFunc func, gpointer user_data,
                               GDestroyNotify destroy, GError **error)
{
  DpdkTcpEndpoint *endpoint;
  ip_addr_t ip;
  guint16 port;

  g_return_val_if_fail (DPDK_IS_TCP_SOCKET (self), FALSE);
  g_return_val_if_fail (G_IS_SOCKET_ADDRESS (address), FALSE);
  g_return_val_if_fail (func != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  endpoint = dpdk_tcp_socket_get_endpoint (self);
  if (!dpdk_tcp_endpoint_check_worker (endpoint, G_STRFUNC, error) ||
      !dpdk_tcp_socket_check_address (self, address, &ip, &port, error) ||
      !dpdk_tcp_endpoint_begin_connect (endpoint, self, &ip, port, func, user_data, destroy, error))
    return FALSE;
  dpdk_tcp_socket_notify_remote_address (self);
  return TRUE;
}

/**
 * dpdk_tcp_socket_take_error:
 * @self: a socket
 * @error: return location for an error
 *
 * Takes the error that the connection has ended with, or that connecting has failed with, as `SO_ERROR`
 * of POSIX does. Later operations fail with %G_IO_ERROR_CLOSED. That the socket was closed on this side
 * is no error.
 *
 * May be called from any thread.
 *
 * Returns: %TRUE if there was no error
 *
 * Since: 0.1
 */
gboolean
dpdk_tcp_socket_take_error (DpdkTcpSocket *self, GError **error)
{
  g_return_val_if_fail (DPDK_IS_TCP_SOCKET (self), TRUE);
  g_return_val_if_fail (error == NULL || *error == NULL, TRUE);

  return dpdk_tcp_endpoint_take_error (dpdk_tcp_socket_get_endpoint (self), error);
}
