/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* data of a connection that is not copied */
#include "dpdk-socket-private.h"
#include "dpdk-tcp-endpoint-private.h"
#include "dpdk-tcp-task-private.h"

static DpdkTcpEndpoint *
get_endpoint (DpdkTcpConnection *self)
{
  return dpdk_tcp_socket_get_endpoint (dpdk_tcp_connection_get_socket (self));
}

/**
 * dpdk_tcp_connection_read_bytes:
 * @self: a connection
 * @count: how much to read at most, in bytes; if it is 0, nothing is read
 * @cancellable: (nullable): to give up
 * @error: return location for an error
 *
 * Reads data where it is, in the packet that it came in, and waits for it. The bytes are those of one
 * packet, or less if @count is; at the end of what the peer sends there are none in them.
 *
 * They hold the packet, and so count for the memory budget of the worker until they are dropped, which
 * may be done on any thread. Where the data is not in one packet, or a quarter of the packet buffers
 * is held already, they are a copy.
 *
 * May be called from any thread but that of a worker.
 *
 * Fails with the error of the connection, with %G_IO_ERROR_CLOSED or %G_IO_ERROR_CANCELLED, and with
 * %DPDK_ERROR_WOULD_DEADLOCK on the thread of a worker.
 *
 * Returns: (transfer full): the data
 *
 * Since: 0.1
 */
GBytes *
dpdk_tcp_connection_read_bytes (DpdkTcpConnection *self, gsize count, GCancellable *cancellable,
                                GError **error)
{
  g_return_val_if_fail (DPDK_IS_TCP_CONNECTION (self), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return dpdk_tcp_endpoint_read_bytes (get_endpoint (self), count, TRUE, cancellable, error);
}

static gboolean
try_read (GTask *task, GError **error)
{
  GBytes *bytes = dpdk_tcp_endpoint_read_bytes (get_endpoint (g_task_get_source_object (task)),
                                                *(gsize *) g_task_get_task_data (task), FALSE,
                                                g_task_get_cancellable (task), error);

  if (bytes != NULL)
    g_task_return_pointer (task, bytes, (GDestroyNotify) g_bytes_unref);
  return bytes != NULL;
}

/**
 * dpdk_tcp_connection_read_bytes_async:
 * @self: a connection
 * @count: how much to read at most, in bytes; if it is 0, nothing is read
 * @io_priority: the priority of the request
 * @cancellable: (nullable): to give up
 * @callback: (scope async) (closure user_data): called when there is data, or will be none
 * @user_data: data for @callback
 *
 * Reads data where it is. May be called from any thread. See
 * [method@Dpdk.TcpConnection.read_bytes].
 *
 * Since: 0.1
 */
void
dpdk_tcp_connection_read_bytes_async (DpdkTcpConnection *self, gsize count, int io_priority,
                                      GCancellable *cancellable, GAsyncReadyCallback callback,
                                      gpointer user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (DPDK_IS_TCP_CONNECTION (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, dpdk_tcp_connection_read_bytes_async);
  g_task_set_priority (task, io_priority);
  g_task_set_task_data (task, g_memdup2 (&count, sizeof count), g_free);
  dpdk_tcp_task_run (task, get_endpoint (self), G_IO_IN, try_read);
}

/**
 * dpdk_tcp_connection_read_bytes_finish:
 * @self: a connection
 * @result: the result that the callback got
 * @error: return location for an error
 *
 * Ends [method@Dpdk.TcpConnection.read_bytes_async].
 *
 * Returns: (transfer full): the data
 *
 * Since: 0.1
 */
GBytes *
dpdk_tcp_connection_read_bytes_finish (DpdkTcpConnection *self, GAsyncResult *result,
                                       GError **error)
{
  g_return_val_if_fail (DPDK_IS_TCP_CONNECTION (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * dpdk_tcp_socket_try_read_bytes:
 * @self: a connected socket
 * @count: how much to read at most, in bytes; if it is 0, nothing is read
 * @bytes: (out) (transfer full) (nullable): return location for the data, which is empty at the end of
 *   what the peer sends, or %NULL if nothing is there yet
 * @error: return location for an error
 *
 * Reads data where it is, without waiting. See [method@Dpdk.TcpConnection.read_bytes].
 *
 * May be called from the thread of the worker of the socket only.
 *
 * Fails with the error of the connection, with %G_IO_ERROR_CLOSED, and with %DPDK_ERROR_WRONG_WORKER
 * on another thread.
 *
 * Returns: %G_POLLABLE_RETURN_OK, %G_POLLABLE_RETURN_WOULD_BLOCK without an error if nothing has
 *   arrived, or %G_POLLABLE_RETURN_FAILED
 *
 * Since: 0.1
 */
GPollableReturn
dpdk_tcp_socket_try_read_bytes (DpdkTcpSocket *self, gsize count, GBytes **bytes, GError **error)
{
  DpdkTcpEndpoint *endpoint;

  g_return_val_if_fail (DPDK_IS_TCP_SOCKET (self), G_POLLABLE_RETURN_FAILED);
  g_return_val_if_fail (bytes != NULL, G_POLLABLE_RETURN_FAILED);
  g_return_val_if_fail (error == NULL || *error == NULL, G_POLLABLE_RETURN_FAILED);

  *bytes = NULL;
  endpoint = dpdk_tcp_socket_get_endpoint (self);
  if (!dpdk_tcp_endpoint_check_worker (endpoint, G_STRFUNC, error))
    return G_POLLABLE_RETURN_FAILED;
  return dpdk_tcp_endpoint_try_read_bytes (endpoint, count, bytes, error);
}

/**
 * dpdk_tcp_connection_write_bytes:
 * @self: a connection
 * @bytes: the data
 * @cancellable: (nullable): to give up
 * @error: return location for an error
 *
 * Writes all of @bytes, and waits until the send buffer has taken it. It is not copied, but referred
 * to until the peer has acknowledged it, and copied once into each packet that it is sent with. It
 * counts for the send buffer and for the memory budget of the worker.
 *
 * The free function of @bytes may run on the thread of the worker. It must not wait there; functions
 * of this library that would wait refuse with %DPDK_ERROR_WOULD_DEADLOCK.
 *
 * May be called from any thread but that of a worker.
 *
 * Fails with the error of the connection, with %G_IO_ERROR_CLOSED or %G_IO_ERROR_CANCELLED, and with
 * %DPDK_ERROR_WOULD_DEADLOCK on the thread of a worker. A part of the data may have been sent then.
 *
 * Returns: %TRUE on success
 *
 * Since: 0.1
 */
gboolean
dpdk_tcp_connection_write_bytes (DpdkTcpConnection *self, GBytes *bytes, GCancellable *cancellable,
                                 GError **error)
{
  DpdkTcpEndpoint *endpoint;

  g_return_val_if_fail (DPDK_IS_TCP_CONNECTION (self), FALSE);
  g_return_val_if_fail (bytes != NULL, FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  endpoint = get_endpoint (self);
  for (gsize done = 0; done < g_bytes_get_size (bytes);)
    {
      gssize n = dpdk_tcp_endpoint_write_bytes (endpoint, bytes, done, TRUE, cancellable, error);

      if (n < 0)
        return FALSE;
      done += (gsize) n;
    }
  return TRUE;
}

typedef struct {
  GBytes *bytes;
  gsize done;
} Writing;

static void
free_writing (gpointer data)
{
  Writing *self = data;

  g_bytes_unref (self->bytes);
  g_free (self);
}

static gboolean
try_write (GTask *task, GError **error)
{
  Writing *writing = g_task_get_task_data (task);

  while (writing->done < g_bytes_get_size (writing->bytes))
    {
      gssize n = dpdk_tcp_endpoint_write_bytes (get_endpoint (g_task_get_source_object (task)),
                                                writing->bytes, writing->done, FALSE,
                                                g_task_get_cancellable (task), error);

      if (n < 0)
        return FALSE;
      writing->done += (gsize) n;
    }
  g_task_return_boolean (task, TRUE);
  return TRUE;
}

/**
 * dpdk_tcp_connection_write_bytes_async:
 * @self: a connection
 * @bytes: the data
 * @io_priority: the priority of the request
 * @cancellable: (nullable): to give up
 * @callback: (scope async) (closure user_data): called when the send buffer has taken all of it
 * @user_data: data for @callback
 *
 * Writes data without copying it. There may be one such call at a time, and no other that writes. May
 * be called from any thread. See [method@Dpdk.TcpConnection.write_bytes].
 *
 * Since: 0.1
 */
void
dpdk_tcp_connection_write_bytes_async (DpdkTcpConnection *self, GBytes *bytes, int io_priority,
                                       GCancellable *cancellable, GAsyncReadyCallback callback,
                                       gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  Writing *writing;

  g_return_if_fail (DPDK_IS_TCP_CONNECTION (self));
  g_return_if_fail (bytes != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, dpdk_tcp_connection_write_bytes_async);
  g_task_set_priority (task, io_priority);
  writing = g_new0 (Writing, 1);
  writing->bytes = g_bytes_ref (bytes);
  g_task_set_task_data (task, writing, free_writing);
  dpdk_tcp_task_run (task, get_endpoint (self), G_IO_OUT, try_write);
}

/**
 * dpdk_tcp_connection_write_bytes_finish:
 * @self: a connection
 * @result: the result that the callback got
 * @error: return location for an error
 *
 * Ends [method@Dpdk.TcpConnection.write_bytes_async].
 *
 * Returns: %TRUE on success
 *
 * Since: 0.1
 */
gboolean
dpdk_tcp_connection_write_bytes_finish (DpdkTcpConnection *self, GAsyncResult *result,
                                        GError **error)
{
  g_return_val_if_fail (DPDK_IS_TCP_CONNECTION (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * dpdk_tcp_socket_try_write_bytes:
 * @self: a connected socket
 * @bytes: the data
 * @offset: how much of it was written before; if it is all, nothing is written
 * @n_written: (out): how many bytes were taken, which may be fewer
 * @error: return location for an error
 *
 * Writes as much of @bytes as the send buffer takes, without copying it and without waiting. See
 * [method@Dpdk.TcpConnection.write_bytes]. When not all was taken, the function of
 * [method@Dpdk.TcpSocket.set_writable_callback] is called when there is room again.
 *
 * May be called from the thread of the worker of the socket only.
 *
 * Fails with the error of the connection, with %G_IO_ERROR_CLOSED, and with %DPDK_ERROR_WRONG_WORKER
 * on another thread.
 *
 * Returns: %G_POLLABLE_RETURN_OK, %G_POLLABLE_RETURN_WOULD_BLOCK without an error if there is no room,
 *   or %G_POLLABLE_RETURN_FAILED
 *
 * Since: 0.1
 */
GPollableReturn
dpdk_tcp_socket_try_write_bytes (DpdkTcpSocket *self, GBytes *bytes, gsize offset, gsize *n_written,
                                 GError **error)
{
  DpdkTcpEndpoint *endpoint;

  g_return_val_if_fail (DPDK_IS_TCP_SOCKET (self), G_POLLABLE_RETURN_FAILED);
  g_return_val_if_fail (bytes != NULL && offset <= g_bytes_get_size (bytes),
                        G_POLLABLE_RETURN_FAILED);
  g_return_val_if_fail (n_written != NULL, G_POLLABLE_RETURN_FAILED);
  g_return_val_if_fail (error == NULL || *error == NULL, G_POLLABLE_RETURN_FAILED);

  endpoint = dpdk_tcp_socket_get_endpoint (self);
  if (!dpdk_tcp_endpoint_check_worker (endpoint, G_STRFUNC, error))
    return G_POLLABLE_RETURN_FAILED;
  return dpdk_tcp_endpoint_try_write_bytes (endpoint, bytes, offset, n_written, error);
}
