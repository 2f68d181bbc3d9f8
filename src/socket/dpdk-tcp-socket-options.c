/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-socket-private.h"
#include "dpdk-tcp-endpoint-private.h"
#include "dpdk-tcp-options-private.h"

/**
 * DpdkTcpState:
 * @DPDK_TCP_STATE_CLOSED: there is no connection
 * @DPDK_TCP_STATE_LISTEN: it waits for connections
 * @DPDK_TCP_STATE_SYN_SENT: it was begun by us, and the peer has not answered
 * @DPDK_TCP_STATE_SYN_RECEIVED: it was begun by the peer, who has not answered us
 * @DPDK_TCP_STATE_ESTABLISHED: data goes both ways
 * @DPDK_TCP_STATE_FIN_WAIT_1: we have finished, the peer does not know it yet
 * @DPDK_TCP_STATE_FIN_WAIT_2: we have finished, the peer has not
 * @DPDK_TCP_STATE_CLOSE_WAIT: the peer has finished, we have not
 * @DPDK_TCP_STATE_CLOSING: both have finished at the same time, and the peer does not know that we have
 * @DPDK_TCP_STATE_LAST_ACK: both have finished, the peer first, who does not know that we have
 * @DPDK_TCP_STATE_TIME_WAIT: it is over, but segments of it may still be on their way
 *
 * The state of a TCP connection (RFC 9293, 3.3.2).
 *
 * Since: 0.1
 */

/**
 * dpdk_tcp_socket_get_info:
 * @self: a socket
 * @info: (out caller-allocates): return location for the state
 * @error: return location for an error
 *
 * Reads the state of the connection.
 *
 * May be called from any thread but that of another worker.
 *
 * Fails with %G_IO_ERROR_NOT_CONNECTED if there is no connection yet or any more, with
 * %G_IO_ERROR_CLOSED if the worker has ended, and with %DPDK_ERROR_WRONG_WORKER on the thread of
 * another worker.
 *
 * Returns: %TRUE on success
 *
 * Since: 0.1
 */
gboolean
dpdk_tcp_socket_get_info (DpdkTcpSocket *self, DpdkTcpInfo *info, GError **error)
{
  g_return_val_if_fail (DPDK_IS_TCP_SOCKET (self), FALSE);
  g_return_val_if_fail (info != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return dpdk_tcp_endpoint_get_info (dpdk_tcp_socket_get_endpoint (self), info, error);
}

/**
 * dpdk_tcp_socket_dup_options:
 * @self: a socket
 *
 * Gets the options of the socket. May be called from any thread.
 *
 * Returns: (transfer full): new options; to change them does not change the socket
 *
 * Since: 0.1
 */
DpdkTcpOptions *
dpdk_tcp_socket_dup_options (DpdkTcpSocket *self)
{
  DpdkStackTcpOptions values;

  g_return_val_if_fail (DPDK_IS_TCP_SOCKET (self), NULL);

  dpdk_tcp_endpoint_get_options (dpdk_tcp_socket_get_endpoint (self), &values);
  return dpdk_tcp_options_new_from_values (&values);
}

/**
 * dpdk_tcp_socket_set_options:
 * @self: a socket
 * @options: the options, which are copied
 * @error: return location for an error
 *
 * Sets the options of the socket, all of them or on failure none. Before it is connected they can be
 * any; afterwards timestamps and ECN cannot change, the receive buffer can only grow as far as the window
 * scale allows, and the send buffer keeps what is in it.
 *
 * May be called from any thread but that of another worker.
 *
 * Fails with %G_IO_ERROR_INVALID_ARGUMENT if the connection cannot change to this any more, with
 * %G_IO_ERROR_CLOSED if the socket is closed or the worker has ended, and with
 * %DPDK_ERROR_WRONG_WORKER on the thread of another worker.
 *
 * Returns: %TRUE on success
 *
 * Since: 0.1
 */
gboolean
dpdk_tcp_socket_set_options (DpdkTcpSocket *self, DpdkTcpOptions *options, GError **error)
{
  g_return_val_if_fail (DPDK_IS_TCP_SOCKET (self), FALSE);
  g_return_val_if_fail (DPDK_IS_TCP_OPTIONS (options), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return dpdk_tcp_endpoint_set_options (dpdk_tcp_socket_get_endpoint (self),
                                        dpdk_tcp_options_get_values (options), error);
}
