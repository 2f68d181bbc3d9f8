/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* connecting, and what has become of a connection */
#include "dpdk-lcore-private.h"
#include "dpdk-socket-private.h"

static gboolean
is_made (DpdkTcpSocket *self)
{
  return DPDK_IS_TCP_SOCKET (self) && dpdk_socket_is_made (DPDK_SOCKET (self));
}

/**
 * dpdk_tcp_socket_connect:
 * @self: a socket
 * @address: the address of the peer
 * @cancellable: (nullable): to give up
 * @error: return location for an error
 *
 * Connects the socket, and waits for it.
 *
 * May be called from any thread but that of a worker.
 *
 * Fails with %G_IO_ERROR_CONNECTION_REFUSED, %G_IO_ERROR_TIMED_OUT,
 * %G_IO_ERROR_NETWORK_UNREACHABLE, %G_IO_ERROR_CLOSED or %G_IO_ERROR_CANCELLED, and with
 * %DPDK_ERROR_WOULD_DEADLOCK on the thread of a worker.
 *
 * Returns: (transfer full): the connection
 *
 * Since: 0.1
 */
DpdkTcpConnection *
dpdk_tcp_socket_connect (DpdkTcpSocket *self, GSocketAddress *address, GCancellable *cancellable,
                         GError **error)
{
  ip_addr_t ip;
  guint16 port;

  g_return_val_if_fail (is_made (self), NULL);
  g_return_val_if_fail (G_IS_SOCKET_ADDRESS (address), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!dpdk_lcore_check_may_wait ("dpdk_tcp_socket_connect", "dpdk_tcp_socket_connect_async()",
                                  error))
    return NULL;
  if (g_cancellable_set_error_if_cancelled (cancellable, error) ||
      !dpdk_tcp_socket_check_address (self, address, &ip, &port, error) ||
      !dpdk_tcp_endpoint_connect (dpdk_tcp_socket_get_endpoint (self), &ip, port, NULL, error))
    return NULL;
  dpdk_tcp_socket_notify_remote_address (self);
  if (!dpdk_tcp_endpoint_wait_connected (dpdk_tcp_socket_get_endpoint (self), cancellable, error))
    {
      dpdk_tcp_endpoint_abort (dpdk_tcp_socket_get_endpoint (self));
      return NULL;
    }
  dpdk_tcp_socket_notify_open (self);
  return dpdk_tcp_connection_new (self);
}

typedef struct {
  DpdkTcpEndpoint *endpoint;
  GSource *cancel_source;
} ConnectData;

static void
drop_cancel_source (ConnectData *connect)
{
  if (connect->cancel_source != NULL)
    g_source_destroy (connect->cancel_source);
  g_clear_pointer (&connect->cancel_source, g_source_unref);
}

static void
free_connect_data (gpointer data)
{
  ConnectData *connect = data;

  drop_cancel_source (connect);
  dpdk_tcp_endpoint_unref (connect->endpoint);
  g_free (connect);
}

/* ends the attempt, which ends the task */
static gboolean
on_connect_cancelled (GCancellable *cancellable, gpointer user_data)
{
  dpdk_tcp_endpoint_abort (user_data);
  return G_SOURCE_REMOVE;
}

static void
watch_connect (GTask *task, ConnectData *connect)
{
  GCancellable *cancellable = g_task_get_cancellable (task);

  if (cancellable == NULL)
    return;
  connect->cancel_source = g_cancellable_source_new (cancellable);
  g_source_set_callback (connect->cancel_source, G_SOURCE_FUNC (on_connect_cancelled),
                         dpdk_tcp_endpoint_ref (connect->endpoint),
                         (GDestroyNotify) dpdk_tcp_endpoint_unref);
  g_source_attach (connect->cancel_source, g_task_get_context (task));
}

/**
 * dpdk_tcp_socket_connect_async:
 * @self: a socket
 * @address: the address of the peer
 * @cancellable: (nullable): to give up
 * @callback: (scope async) (closure user_data): called when it is done
 * @user_data: data for @callback
 *
 * Connects the socket.
 *
 * May be called from any thread. See [method@Dpdk.TcpSocket.connect] for the errors.
 *
 * Since: 0.1
 */
void
dpdk_tcp_socket_connect_async (DpdkTcpSocket *self, GSocketAddress *address,
                               GCancellable *cancellable, GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  GError *error = NULL;
  ConnectData *connect;
  ip_addr_t ip;
  guint16 port;

  g_return_if_fail (is_made (self));
  g_return_if_fail (G_IS_SOCKET_ADDRESS (address));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, dpdk_tcp_socket_connect_async);
  if (g_task_return_error_if_cancelled (task))
    return;
  if (!dpdk_tcp_socket_check_address (self, address, &ip, &port, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  connect = g_new0 (ConnectData, 1);
  connect->endpoint = dpdk_tcp_endpoint_ref (dpdk_tcp_socket_get_endpoint (self));
  g_task_set_task_data (task, connect, free_connect_data);
  watch_connect (task, connect);
  if (dpdk_tcp_endpoint_connect (dpdk_tcp_socket_get_endpoint (self), &ip, port, task, &error))
    dpdk_tcp_socket_notify_remote_address (self);
  else
    g_task_return_error (task, error);
}

/**
 * dpdk_tcp_socket_connect_finish:
 * @self: a socket
 * @result: the result that the callback got
 * @error: return location for an error
 *
 * Ends [method@Dpdk.TcpSocket.connect_async].
 *
 * Returns: (transfer full): the connection
 *
 * Since: 0.1
 */
DpdkTcpConnection *
dpdk_tcp_socket_connect_finish (DpdkTcpSocket *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (is_made (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  if (!g_task_propagate_boolean (G_TASK (result), error))
    return NULL;
  /* a later cancellation is for something else */
  drop_cancel_source (g_task_get_task_data (G_TASK (result)));
  dpdk_tcp_socket_notify_open (self);
  return dpdk_tcp_connection_new (self);
}

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
