/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* reading without taking away, and reading to and writing from several buffers, on the thread of the
   worker */
#include "dpdk-socket-private.h"

/**
 * dpdk_tcp_socket_try_peek:
 * @self: a socket
 * @buffer: (array length=count) (element-type guint8) (out caller-allocates): where to put the data
 * @count: how much there is room for, in bytes
 * @n_read: (out): how many bytes were copied; 0 with %G_POLLABLE_RETURN_OK if the peer has finished
 * @error: return location for an error
 *
 * Copies what has arrived, which the next read still gets.
 *
 * May be called on the thread of the socket's worker only. Does not wait. See
 * [method@Dpdk.TcpSocket.try_read] for the errors.
 *
 * Returns: %G_POLLABLE_RETURN_OK, %G_POLLABLE_RETURN_WOULD_BLOCK without an error if nothing has
 *   arrived, or %G_POLLABLE_RETURN_FAILED
 *
 * Since: 0.1
 */
GPollableReturn
dpdk_tcp_socket_try_peek (DpdkTcpSocket *self, void *buffer, gsize count, gsize *n_read,
                          GError **error)
{
  DpdkTcpEndpoint *endpoint;

  g_return_val_if_fail (DPDK_IS_TCP_SOCKET (self), G_POLLABLE_RETURN_FAILED);
  g_return_val_if_fail (buffer != NULL || count == 0, G_POLLABLE_RETURN_FAILED);
  g_return_val_if_fail (n_read != NULL, G_POLLABLE_RETURN_FAILED);
  g_return_val_if_fail (error == NULL || *error == NULL, G_POLLABLE_RETURN_FAILED);

  endpoint = dpdk_tcp_socket_get_endpoint (self);
  if (!dpdk_tcp_endpoint_check_worker (endpoint, G_STRFUNC, error))
    return G_POLLABLE_RETURN_FAILED;
  return dpdk_tcp_endpoint_try_peek (endpoint, buffer, count, n_read, error);
}

/**
 * dpdk_tcp_socket_try_read_vectors: (skip)
 * @self: a socket
 * @vectors: (array length=n_vectors): where to put the data
 * @n_vectors: how many there are
 * @n_read: (out): how many bytes were read; 0 with %G_POLLABLE_RETURN_OK if the peer has finished
 * @error: return location for an error
 *
 * Reads what has arrived into several buffers, each of which is filled before the next one.
 *
 * May be called on the thread of the socket's worker only. Does not wait. See
 * [method@Dpdk.TcpSocket.try_read] for the errors.
 *
 * Returns: %G_POLLABLE_RETURN_OK, %G_POLLABLE_RETURN_WOULD_BLOCK without an error if nothing has
 *   arrived, or %G_POLLABLE_RETURN_FAILED
 *
 * Since: 0.1
 */
GPollableReturn
dpdk_tcp_socket_try_read_vectors (DpdkTcpSocket *self, const GInputVector *vectors, gsize n_vectors,
                                  gsize *n_read, GError **error)
{
  DpdkTcpEndpoint *endpoint;

  g_return_val_if_fail (DPDK_IS_TCP_SOCKET (self), G_POLLABLE_RETURN_FAILED);
  g_return_val_if_fail (vectors != NULL || n_vectors == 0, G_POLLABLE_RETURN_FAILED);
  g_return_val_if_fail (n_read != NULL, G_POLLABLE_RETURN_FAILED);
  g_return_val_if_fail (error == NULL || *error == NULL, G_POLLABLE_RETURN_FAILED);

  endpoint = dpdk_tcp_socket_get_endpoint (self);
  if (!dpdk_tcp_endpoint_check_worker (endpoint, G_STRFUNC, error))
    return G_POLLABLE_RETURN_FAILED;
  return dpdk_tcp_endpoint_try_read_vectors (endpoint, vectors, n_vectors, n_read, error);
}

/**
 * dpdk_tcp_socket_try_write_vectors: (skip)
 * @self: a socket
 * @vectors: (array length=n_vectors): the data
 * @n_vectors: how many there are
 * @n_written: (out): how many bytes were taken, which may be fewer
 * @error: return location for an error
 *
 * Writes as much of several buffers, one after the other, as there is room for.
 *
 * May be called on the thread of the socket's worker only. Does not wait. See
 * [method@Dpdk.TcpSocket.try_write] for the errors.
 *
 * Returns: %G_POLLABLE_RETURN_OK, %G_POLLABLE_RETURN_WOULD_BLOCK without an error if there is no room,
 *   or %G_POLLABLE_RETURN_FAILED
 *
 * Since: 0.1
 */
GPollableReturn
dpdk_tcp_socket_try_write_vectors (DpdkTcpSocket *self, const GOutputVector *vectors,
                                   gsize n_vectors, gsize *n_written, GError **error)
{
  DpdkTcpEndpoint *endpoint;

  g_return_val_if_fail (DPDK_IS_TCP_SOCKET (self), G_POLLABLE_RETURN_FAILED);
  g_return_val_if_fail (vectors != NULL || n_vectors == 0, G_POLLABLE_RETURN_FAILED);
  g_return_val_if_fail (n_written != NULL, G_POLLABLE_RETURN_FAILED);
  g_return_val_if_fail (error == NULL || *error == NULL, G_POLLABLE_RETURN_FAILED);

  endpoint = dpdk_tcp_socket_get_endpoint (self);
  if (!dpdk_tcp_endpoint_check_worker (endpoint, G_STRFUNC, error))
    return G_POLLABLE_RETURN_FAILED;
  return dpdk_tcp_endpoint_try_write_vectors (endpoint, vectors, n_vectors, n_written, error);
}
