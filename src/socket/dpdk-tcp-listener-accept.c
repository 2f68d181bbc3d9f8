/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* taking connections from any thread */
#include "dpdk-lcore-private.h"
#include "dpdk-socket-private.h"
#include "dpdk-socket-source-private.h"
#include "dpdk-tcp-listener-core-private.h"

static gboolean
is_made (DpdkTcpListener *self)
{
  return DPDK_IS_TCP_LISTENER (self) && dpdk_tcp_listener_get_queue (self) != NULL;
}

DpdkTcpConnection *
dpdk_tcp_listener_take (DpdkTcpListener *self, DpdkTcpEndpoint *endpoint)
{
  g_autoptr (DpdkTcpSocket) socket = NULL;

  dpdk_tcp_endpoint_accepted (endpoint);
  socket = dpdk_tcp_listener_wrap (self, endpoint);
  return dpdk_tcp_connection_new (socket);
}

/**
 * dpdk_tcp_listener_accept:
 * @self: a listener
 * @cancellable: (nullable): to give up
 * @error: return location for an error
 *
 * Takes the next connection, and waits for one.
 *
 * May be called from any thread but that of a worker.
 *
 * Fails with %G_IO_ERROR_CLOSED if the listener is closed, with %G_IO_ERROR_CANCELLED, and with
 * %DPDK_ERROR_WOULD_DEADLOCK on the thread of a worker.
 *
 * Returns: (transfer full): the connection
 *
 * Since: 0.1
 */
DpdkTcpConnection *
dpdk_tcp_listener_accept (DpdkTcpListener *self, GCancellable *cancellable, GError **error)
{
  DpdkTcpEndpoint *endpoint;

  g_return_val_if_fail (is_made (self), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!dpdk_lcore_check_may_wait ("dpdk_tcp_listener_accept",
                                  "dpdk_tcp_listener_accept_async() or the signal \"incoming\"",
                                  error))
    return NULL;
  endpoint = dpdk_tcp_accept_queue_wait (dpdk_tcp_listener_get_queue (self), cancellable, error);
  return endpoint != NULL ? dpdk_tcp_listener_take (self, endpoint) : NULL;
}

/**
 * dpdk_tcp_listener_accept_async:
 * @self: a listener
 * @cancellable: (nullable): to give up
 * @callback: (scope async) (closure user_data): called when it is done
 * @user_data: data for @callback
 *
 * Takes the next connection. Several may be pending; they are served in order.
 *
 * May be called from any thread. See [method@Dpdk.TcpListener.accept] for the errors.
 *
 * Since: 0.1
 */
void
dpdk_tcp_listener_accept_async (DpdkTcpListener *self, GCancellable *cancellable,
                                GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (is_made (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, dpdk_tcp_listener_accept_async);
  if (!g_task_return_error_if_cancelled (task))
    dpdk_tcp_accept_queue_add_task (dpdk_tcp_listener_get_queue (self), task);
}

/**
 * dpdk_tcp_listener_accept_finish:
 * @self: a listener
 * @result: the result that the callback got
 * @error: return location for an error
 *
 * Ends [method@Dpdk.TcpListener.accept_async].
 *
 * Returns: (transfer full): the connection
 *
 * Since: 0.1
 */
DpdkTcpConnection *
dpdk_tcp_listener_accept_finish (DpdkTcpListener *self, GAsyncResult *result, GError **error)
{
  DpdkTcpEndpoint *endpoint;

  g_return_val_if_fail (is_made (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  endpoint = g_task_propagate_pointer (G_TASK (result), error);
  return endpoint != NULL ? dpdk_tcp_listener_take (self, endpoint) : NULL;
}

/**
 * dpdk_tcp_listener_accept_nonblocking:
 * @self: a listener
 * @error: return location for an error
 *
 * Takes the next connection if there is one. Does not wait: this is what the callback of a source of
 * [method@Dpdk.TcpListener.create_source] calls, also on the thread of a worker.
 *
 * May be called from any thread.
 *
 * Fails with %G_IO_ERROR_WOULD_BLOCK if no connection waits, and with %G_IO_ERROR_CLOSED if the listener
 * is closed.
 *
 * Returns: (transfer full): the connection
 *
 * Since: 0.1
 */
DpdkTcpConnection *
dpdk_tcp_listener_accept_nonblocking (DpdkTcpListener *self, GError **error)
{
  DpdkTcpEndpoint *endpoint;

  g_return_val_if_fail (is_made (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  endpoint = dpdk_tcp_accept_queue_try_pop (dpdk_tcp_listener_get_queue (self), error);
  return endpoint != NULL ? dpdk_tcp_listener_take (self, endpoint) : NULL;
}

typedef struct {
  GSource source;
  DpdkTcpListener *listener;
  DpdkTcpAcceptQueue *queue;
  DpdkTcpAcceptWatch watch;
  GCancellable *cancellable;
} ListenerSource;

static GIOCondition
look (GSource *source)
{
  ListenerSource *self = (ListenerSource *) source;

  return dpdk_tcp_accept_queue_watch (self->queue, &self->watch, g_source_get_context (source));
}

static gboolean
listener_source_prepare (GSource *source, gint *timeout)
{
  *timeout = -1;
  return look (source) != 0;
}

static gboolean
listener_source_check (GSource *source)
{
  return look (source) != 0;
}

static gboolean
listener_source_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  ListenerSource *self = (ListenerSource *) source;
  DpdkTcpListenerSourceFunc func = (DpdkTcpListenerSourceFunc) (gpointer) callback;
  GIOCondition condition = look (source);

  if (func == NULL)
    return G_SOURCE_REMOVE;
  /* woken up for a connection that another one has taken */
  if (condition == 0 && !g_cancellable_is_cancelled (self->cancellable))
    return G_SOURCE_CONTINUE;
  return func (self->listener, condition, user_data);
}

static void
listener_source_dispose (GSource *source)
{
  ListenerSource *self = (ListenerSource *) source;

  dpdk_tcp_accept_queue_unwatch (self->queue, &self->watch);
}

static void
listener_source_finalize (GSource *source)
{
  ListenerSource *self = (ListenerSource *) source;

  g_source_unref (self->watch.waker);
  g_clear_object (&self->cancellable);
  dpdk_tcp_accept_queue_unref (self->queue);
  g_object_unref (self->listener);
}

/**
 * dpdk_tcp_listener_create_source:
 * @self: a listener
 * @cancellable: (nullable): to be dispatched, too, when it is cancelled
 *
 * Creates a source that is dispatched as long as a connection waits to be accepted, or the listener is
 * closed. Its callback is a [callback@Dpdk.TcpListenerSourceFunc], and the source holds the listener.
 *
 * Whoever comes first gets the connection: other sources, [method@Dpdk.TcpListener.accept_async] and
 * the handlers of [signal@Dpdk.TcpListener::incoming] take from the same queue.
 *
 * ```c
 * static gboolean
 * on_ready (DpdkTcpListener *listener, GIOCondition condition, gpointer user_data)
 * {
 *   g_autoptr (DpdkTcpConnection) connection = dpdk_tcp_listener_accept_nonblocking (listener, NULL);
 *
 *   if (connection != NULL)
 *     serve (G_IO_STREAM (connection));
 *   return (condition & G_IO_HUP) == 0;
 * }
 *
 * g_autoptr (GSource) source = dpdk_tcp_listener_create_source (listener, NULL);
 * g_source_set_callback (source, G_SOURCE_FUNC (on_ready), NULL, NULL);
 * g_source_attach (source, context);
 * ```
 *
 * May be called from any thread; the source may be attached to any main context, that of a worker or
 * another.
 *
 * Returns: (transfer full): the source
 *
 * Since: 0.1
 */
GSource *
dpdk_tcp_listener_create_source (DpdkTcpListener *self, GCancellable *cancellable)
{
  static GSourceFuncs funcs = {
    .prepare = listener_source_prepare,
    .check = listener_source_check,
    .dispatch = listener_source_dispatch,
    .finalize = listener_source_finalize,
    .closure_callback = (GSourceFunc) (gpointer) dpdk_socket_source_call_closure,
  };
  ListenerSource *listener_source;
  GSource *source;

  g_return_val_if_fail (is_made (self), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);

  source = g_source_new (&funcs, sizeof (ListenerSource));
  listener_source = (ListenerSource *) source;
  g_source_set_static_name (source, "DpdkTcpListener");
  g_source_set_dispose_function (source, listener_source_dispose);
  listener_source->listener = g_object_ref (self);
  listener_source->queue = dpdk_tcp_accept_queue_ref (dpdk_tcp_listener_get_queue (self));
  listener_source->watch.waker = dpdk_socket_source_add_waker (source);
  if (cancellable != NULL)
    {
      listener_source->cancellable = g_object_ref (cancellable);
      dpdk_socket_source_add_cancellable (source, cancellable);
    }
  dpdk_tcp_accept_queue_watch (listener_source->queue, &listener_source->watch, NULL);
  return source;
}
