/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* what a DpdkTcpSocket can on the thread of its worker */
#include "dpdk-socket-private.h"
#include "dpdk-tcp-endpoint-internal.h"

/**
 * dpdk_tcp_socket_set_readable_callback:
 * @self: a connected socket
 * @func: (nullable) (scope notified) (closure user_data) (destroy destroy): the function, or %NULL
 *   for none
 * @user_data: data for @func
 * @destroy: (nullable): frees @user_data, on the thread of the worker: when another function is set,
 *   or the connection has ended
 * @error: return location for an error
 *
 * Sets the function that is called when data has arrived, or the peer has finished, or the connection
 * has failed. It is also called soon if that is so already.
 *
 * As long as a function is set, the worker holds the socket. It drops the function after
 * [method@Dpdk.Socket.close], and when the connection has ended, after a last call.
 *
 * May be called on the thread of the socket's worker only.
 *
 * Fails with %DPDK_ERROR_WRONG_WORKER on any other, and with %G_IO_ERROR_NOT_CONNECTED; @destroy is
 * not called then.
 *
 * Returns: %TRUE on success
 *
 * Since: 0.1
 */
gboolean
dpdk_tcp_socket_set_readable_callback (DpdkTcpSocket *self, DpdkTcpReadyFunc func,
                                       gpointer user_data, GDestroyNotify destroy, GError **error)
{
  DpdkTcpEndpoint *endpoint;

  g_return_val_if_fail (DPDK_IS_TCP_SOCKET (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  endpoint = dpdk_tcp_socket_get_endpoint (self);
  return dpdk_tcp_endpoint_check_worker (endpoint, G_STRFUNC, error) &&
         dpdk_tcp_endpoint_set_readable (endpoint, self, func, user_data, destroy, error);
}

/**
 * dpdk_tcp_socket_set_writable_callback:
 * @self: a connected socket
 * @func: (nullable) (scope notified) (closure user_data) (destroy destroy): the function, or %NULL
 *   for none
 * @user_data: data for @func
 * @destroy: (nullable): frees @user_data, on the thread of the worker: when another function is set,
 *   or the connection has ended
 * @error: return location for an error
 *
 * Sets the function that is called when there is room to write: soon, and again after
 * [method@Dpdk.TcpSocket.try_write] has not taken all.
 *
 * For how long it is called, and for the errors, see
 * [method@Dpdk.TcpSocket.set_readable_callback].
 *
 * Returns: %TRUE on success
 *
 * Since: 0.1
 */
gboolean
dpdk_tcp_socket_set_writable_callback (DpdkTcpSocket *self, DpdkTcpReadyFunc func,
                                       gpointer user_data, GDestroyNotify destroy, GError **error)
{
  DpdkTcpEndpoint *endpoint;

  g_return_val_if_fail (DPDK_IS_TCP_SOCKET (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  endpoint = dpdk_tcp_socket_get_endpoint (self);
  return dpdk_tcp_endpoint_check_worker (endpoint, G_STRFUNC, error) &&
         dpdk_tcp_endpoint_set_writable (endpoint, self, func, user_data, destroy, error);
}

/**
 * dpdk_tcp_socket_try_read:
 * @self: a socket
 * @buffer: (array length=count) (element-type guint8) (out caller-allocates): where to put the data
 * @count: how much there is room for, in bytes
 * @n_read: (out): how many bytes were read; 0 with %G_POLLABLE_RETURN_OK if the peer has finished
 * @error: return location for an error
 *
 * Reads what has arrived. If @count is 0 nothing is read, and that is no error.
 *
 * May be called on the thread of the socket's worker only. Does not wait.
 *
 * Fails with %DPDK_ERROR_WRONG_WORKER on any other, with %G_IO_ERROR_CLOSED, and with the error of the
 * connection.
 *
 * Returns: %G_POLLABLE_RETURN_OK, %G_POLLABLE_RETURN_WOULD_BLOCK without an error if nothing has
 *   arrived, or %G_POLLABLE_RETURN_FAILED
 *
 * Since: 0.1
 */
GPollableReturn
dpdk_tcp_socket_try_read (DpdkTcpSocket *self, void *buffer, gsize count, gsize *n_read,
                          GError **error)
{
  DpdkTcpEndpoint *endpoint;

  g_return_val_if_fail (DPDK_IS_TCP_SOCKET (self), G_POLLABLE_RETURN_FAILED);
  g_return_val_if_fail (buffer != NULL || count == 0, G_POLLABLE_RETURN_FAILED);
  g_return_val_if_fail (n_read != NULL, G_POLLABLE_RETURN_FAILED);
  g_return_val_if_fail (error == NULL || *error == NULL, G_POLLABLE_RETURN_FAILED);

  endpoint = dpdk_tcp_socket_get_endpoint (self);
  if (G_UNLIKELY (!dpdk_tcp_endpoint_is_own (endpoint)) &&
      !dpdk_tcp_endpoint_check_worker (endpoint, G_STRFUNC, error))
    return G_POLLABLE_RETURN_FAILED;
  if (G_LIKELY (dpdk_tcp_endpoint_read_at_once (endpoint, buffer, count, n_read)))
    return G_POLLABLE_RETURN_OK;
  return dpdk_tcp_endpoint_try_read (endpoint, buffer, count, n_read, error);
}

/**
 * dpdk_tcp_socket_try_write:
 * @self: a socket
 * @buffer: (array length=count) (element-type guint8): the data
 * @count: its size in bytes
 * @n_written: (out): how many bytes were taken, which may be fewer
 * @error: return location for an error
 *
 * Writes as much as there is room for, and sends it as far as the peer and the network allow. If @count
 * is 0 nothing is written, and that is no error.
 *
 * May be called on the thread of the socket's worker only. Does not wait.
 *
 * Fails with %DPDK_ERROR_WRONG_WORKER on any other, with %G_IO_ERROR_CLOSED, and with the error of the
 * connection.
 *
 * Returns: %G_POLLABLE_RETURN_OK, %G_POLLABLE_RETURN_WOULD_BLOCK without an error if there is no room,
 *   or %G_POLLABLE_RETURN_FAILED
 *
 * Since: 0.1
 */
GPollableReturn
dpdk_tcp_socket_try_write (DpdkTcpSocket *self, const void *buffer, gsize count, gsize *n_written,
                           GError **error)
{
  DpdkTcpEndpoint *endpoint;

  g_return_val_if_fail (DPDK_IS_TCP_SOCKET (self), G_POLLABLE_RETURN_FAILED);
  g_return_val_if_fail (buffer != NULL || count == 0, G_POLLABLE_RETURN_FAILED);
  g_return_val_if_fail (n_written != NULL, G_POLLABLE_RETURN_FAILED);
  g_return_val_if_fail (error == NULL || *error == NULL, G_POLLABLE_RETURN_FAILED);

  endpoint = dpdk_tcp_socket_get_endpoint (self);
  if (G_UNLIKELY (!dpdk_tcp_endpoint_is_own (endpoint)) &&
      !dpdk_tcp_endpoint_check_worker (endpoint, G_STRFUNC, error))
    return G_POLLABLE_RETURN_FAILED;
  if (G_UNLIKELY (!dpdk_tcp_endpoint_write_at_once (endpoint, buffer, count)))
    return dpdk_tcp_endpoint_try_write (endpoint, buffer, count, n_written, error);
  *n_written = count;
  return G_POLLABLE_RETURN_OK;
}

/* so many at a time, that the first one has not left the cache when the last one is there */
#define MAX_PREFETCHED 32

static void
prefetch_some (DpdkTcpSocket *const *sockets, gsize n_sockets)
{
  /* each of them tells where the next one is */
  for (gsize i = 0; i < n_sockets; i++)
    rte_prefetch0 (sockets[i]);
  for (gsize i = 0; i < n_sockets; i++)
    dpdk_tcp_endpoint_prefetch (dpdk_tcp_socket_get_endpoint (sockets[i]));
  for (gsize i = 0; i < n_sockets; i++)
    dpdk_tcp_endpoint_prefetch_connection (dpdk_tcp_socket_get_endpoint (sockets[i]));
}

/**
 * dpdk_tcp_socket_prefetch:
 * @sockets: (array length=n_sockets): the sockets that will be used next
 * @n_sockets: how many
 *
 * Tells which sockets the calling worker is about to write to or read from, so that what they need is
 * fetched from memory for all of them at once. With more connections than fit into the cache of the
 * processor, from some thousands on, that takes most of the time that using one of them takes; a
 * program that knows some of its next ones, as it does with a queue of messages, saves it.
 *
 * It is a hint, and nothing else than the time depends on it. 8 to 32 at a time are useful, shortly
 * before they are used. What has arrived from the network the worker fetches by itself.
 *
 * ```c
 * dpdk_tcp_socket_prefetch (sockets, n);
 * for (gsize i = 0; i < n; i++)
 *   dpdk_tcp_socket_try_write (sockets[i], message, size, &n_written, &error);
 * ```
 *
 * May be called on the thread of the sockets' worker; on any other it is of little use.
 *
 * Since: 0.1
 */
void
dpdk_tcp_socket_prefetch (DpdkTcpSocket **sockets, gsize n_sockets)
{
  g_return_if_fail (sockets != NULL || n_sockets == 0);

  for (gsize i = 0; i < n_sockets; i += MAX_PREFETCHED)
    prefetch_some (sockets + i, MIN (n_sockets - i, MAX_PREFETCHED));
}
