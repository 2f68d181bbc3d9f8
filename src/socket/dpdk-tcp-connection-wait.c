/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* waiting for a connection, and reading without taking away */
#include "dpdk-socket-private.h"
#include "dpdk-socket-source-private.h"
#include "dpdk-tcp-endpoint-private.h"
#include "dpdk-tcp-task-private.h"

static DpdkTcpEndpoint *
get_endpoint (DpdkTcpConnection *self)
{
  return dpdk_tcp_socket_get_endpoint (dpdk_tcp_connection_get_socket (self));
}

/**
 * dpdk_tcp_connection_condition_check:
 * @self: a connection
 * @condition: %G_IO_IN, %G_IO_OUT, or both
 *
 * Looks whether the connection can be read or written without waiting: whether there is data, the end,
 * room or an error. %G_IO_ERR is told when the connection has failed, and %G_IO_HUP when it is over,
 * whatever @condition is.
 *
 * May be called from any thread.
 *
 * Returns: what is true
 *
 * Since: 0.1
 */
GIOCondition
dpdk_tcp_connection_condition_check (DpdkTcpConnection *self, GIOCondition condition)
{
  g_return_val_if_fail (DPDK_IS_TCP_CONNECTION (self), 0);

  return dpdk_tcp_endpoint_check (get_endpoint (self), condition);
}

/**
 * dpdk_tcp_connection_condition_wait:
 * @self: a connection
 * @condition: %G_IO_IN, %G_IO_OUT, or both
 * @timeout_us: how long to wait, in microseconds; 0 not to wait, -1 for as long as it takes
 * @cancellable: (nullable): to give up
 * @error: return location for an error
 *
 * Waits until [method@Dpdk.TcpConnection.condition_check] would tell something.
 *
 * May be called from any thread but that of a worker.
 *
 * Fails with %G_IO_ERROR_TIMED_OUT, %G_IO_ERROR_CANCELLED, and with %DPDK_ERROR_WOULD_DEADLOCK on the
 * thread of a worker.
 *
 * Returns: %TRUE if the condition is true
 *
 * Since: 0.1
 */
gboolean
dpdk_tcp_connection_condition_wait (DpdkTcpConnection *self, GIOCondition condition,
                                    gint64 timeout_us, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (DPDK_IS_TCP_CONNECTION (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return dpdk_tcp_endpoint_wait (get_endpoint (self), condition, timeout_us, cancellable, error);
}

typedef struct {
  GSource source;
  DpdkTcpConnection *connection;
  GIOCondition condition;
} ConnectionSource;

/* it is its children that are ready */
static gboolean
connection_source_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  ConnectionSource *self = (ConnectionSource *) source;
  DpdkTcpConnectionSourceFunc func = (DpdkTcpConnectionSourceFunc) (gpointer) callback;

  return func != NULL &&
         func (self->connection,
               dpdk_tcp_connection_condition_check (self->connection, self->condition), user_data);
}

static void
connection_source_finalize (GSource *source)
{
  g_object_unref (((ConnectionSource *) source)->connection);
}

/**
 * dpdk_tcp_connection_create_source:
 * @self: a connection
 * @condition: %G_IO_IN, %G_IO_OUT, or both
 * @cancellable: (nullable): to be dispatched, too, when it is cancelled
 *
 * Creates a source that is dispatched as long as the connection can be read or written without waiting.
 * Its callback is a [callback@Dpdk.TcpConnectionSourceFunc].
 *
 * May be called from any thread.
 *
 * Returns: (transfer full): the source
 *
 * Since: 0.1
 */
GSource *
dpdk_tcp_connection_create_source (DpdkTcpConnection *self, GIOCondition condition,
                                   GCancellable *cancellable)
{
  static GSourceFuncs funcs = {
    .dispatch = connection_source_dispatch,
    .finalize = connection_source_finalize,
    .closure_callback = (GSourceFunc) (gpointer) dpdk_socket_source_call_closure,
  };
  g_autoptr (GSource) child = NULL;
  ConnectionSource *connection_source;
  GSource *source;

  g_return_val_if_fail (DPDK_IS_TCP_CONNECTION (self), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);

  source = g_source_new (&funcs, sizeof (ConnectionSource));
  connection_source = (ConnectionSource *) source;
  connection_source->connection = g_object_ref (self);
  connection_source->condition = condition;
  g_source_set_static_name (source, "DpdkTcpConnection");
  child = dpdk_tcp_endpoint_create_source (get_endpoint (self), condition);
  g_source_add_child_source (source, child);
  if (cancellable != NULL)
    dpdk_socket_source_add_cancellable (source, cancellable);
  return source;
}

/**
 * dpdk_tcp_connection_peek_bytes:
 * @self: a connection
 * @count: how much to read at most, in bytes
 * @cancellable: (nullable): to give up
 * @error: return location for an error
 *
 * Copies data that has arrived, which the next read still gets, and waits for it if there is none. At
 * the end of what the peer sends there are no bytes in it.
 *
 * May be called from any thread but that of a worker. See [method@Dpdk.TcpConnection.read_bytes] for
 * the errors.
 *
 * Returns: (transfer full): the data
 *
 * Since: 0.1
 */
GBytes *
dpdk_tcp_connection_peek_bytes (DpdkTcpConnection *self, gsize count, GCancellable *cancellable,
                                GError **error)
{
  g_return_val_if_fail (DPDK_IS_TCP_CONNECTION (self), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return dpdk_tcp_endpoint_peek_bytes (get_endpoint (self), count, TRUE, cancellable, error);
}

static gboolean
try_peek (GTask *task, GError **error)
{
  GBytes *bytes = dpdk_tcp_endpoint_peek_bytes (get_endpoint (g_task_get_source_object (task)),
                                                *(gsize *) g_task_get_task_data (task), FALSE,
                                                g_task_get_cancellable (task), error);

  if (bytes != NULL)
    g_task_return_pointer (task, bytes, (GDestroyNotify) g_bytes_unref);
  return bytes != NULL;
}

/**
 * dpdk_tcp_connection_peek_bytes_async:
 * @self: a connection
 * @count: how much to read at most, in bytes
 * @io_priority: the priority of the request
 * @cancellable: (nullable): to give up
 * @callback: (scope async) (closure user_data): called when there is data, or will be none
 * @user_data: data for @callback
 *
 * Copies data that has arrived, which the next read still gets. May be called from any thread. See
 * [method@Dpdk.TcpConnection.peek_bytes].
 *
 * Since: 0.1
 */
void
dpdk_tcp_connection_peek_bytes_async (DpdkTcpConnection *self, gsize count, int io_priority,
                                      GCancellable *cancellable, GAsyncReadyCallback callback,
                                      gpointer user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (DPDK_IS_TCP_CONNECTION (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, dpdk_tcp_connection_peek_bytes_async);
  g_task_set_priority (task, io_priority);
  g_task_set_task_data (task, g_memdup2 (&count, sizeof count), g_free);
  dpdk_tcp_task_run (task, get_endpoint (self), G_IO_IN, try_peek);
}

/**
 * dpdk_tcp_connection_peek_bytes_finish:
 * @self: a connection
 * @result: the result that the callback got
 * @error: return location for an error
 *
 * Ends [method@Dpdk.TcpConnection.peek_bytes_async].
 *
 * Returns: (transfer full): the data
 *
 * Since: 0.1
 */
GBytes *
dpdk_tcp_connection_peek_bytes_finish (DpdkTcpConnection *self, GAsyncResult *result,
                                       GError **error)
{
  g_return_val_if_fail (DPDK_IS_TCP_CONNECTION (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * dpdk_tcp_connection_read_vectors: (skip)
 * @self: a connection
 * @vectors: (array length=n_vectors): where to put the data
 * @n_vectors: how many there are
 * @cancellable: (nullable): to give up
 * @error: return location for an error
 *
 * Reads into several buffers, each of which is filled before the next one, and waits for data. Several
 * buffers are written by [method@Gio.OutputStream.writev].
 *
 * May be called from any thread but that of a worker. See [method@Dpdk.TcpConnection.read_bytes] for
 * the errors.
 *
 * Returns: how many bytes were read, 0 at the end of what the peer sends, or -1
 *
 * Since: 0.1
 */
gssize
dpdk_tcp_connection_read_vectors (DpdkTcpConnection *self, const GInputVector *vectors,
                                  gsize n_vectors, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (DPDK_IS_TCP_CONNECTION (self), -1);
  g_return_val_if_fail (vectors != NULL || n_vectors == 0, -1);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), -1);
  g_return_val_if_fail (error == NULL || *error == NULL, -1);

  return dpdk_tcp_endpoint_read_vectors (get_endpoint (self), vectors, n_vectors, TRUE, cancellable,
                                         error);
}
