/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-socket-private.h"
#include "dpdk-edge-private.h"
#include "dpdk-notify-private.h"
#include "dpdk-tcp-streams-private.h"

/**
 * DpdkTcpConnection:
 *
 * A TCP connection as a [class@Gio.IOStream].
 *
 * Its streams are pollable. They may be used from any thread, the two of them from two threads.
 * Blocking calls are refused with %DPDK_ERROR_WOULD_DEADLOCK on the thread of a worker; use the
 * asynchronous or non-blocking ones there.
 *
 * A [class@Gio.TlsConnection] over it is subject to the same: on the thread of a worker, shake hands with
 * [method@Gio.TlsConnection.handshake_async], before anything else. Other blocking calls of it fail with
 * the same error there and end the TLS connection, as GnuTLS sees it. But a blocking handshake, or a
 * blocking read or write that has to begin with one, does not return on the thread of the worker until it
 * is cancelled: a thread of GIO's pool does it, and waits for the worker, which waits for that thread.
 *
 * Closing the output stream tells the peer that nothing more comes (half-close). Closing the
 * connection sends what was written and ends it in the background.
 *
 * A connection holds its [class@Dpdk.TcpSocket], and with it the worker and the port.
 *
 * ```c
 * GOutputStream *out = g_io_stream_get_output_stream (G_IO_STREAM (connection));
 *
 * g_output_stream_write_all (out, "hello", 5, NULL, NULL, &error);
 * g_io_stream_close (G_IO_STREAM (connection), NULL, &error);
 * ```
 *
 * Since: 0.1
 */
struct _DpdkTcpConnection {
  GIOStream parent_instance;

  DpdkTcpSocket *socket;
  GInputStream *input;
  GOutputStream *output;
  /* of whoever made it */
  GMainContext *context;
  GThread *thread;
};

typedef enum {
  PROP_SOCKET = 1,
  PROP_LOCAL_ADDRESS,
  PROP_REMOTE_ADDRESS,
  PROP_CONNECTED,
} DpdkTcpConnectionProperty;

static GParamSpec *properties[PROP_CONNECTED + 1];

G_DEFINE_FINAL_TYPE (DpdkTcpConnection, dpdk_tcp_connection, G_TYPE_IO_STREAM)

/* The streams are made when they are asked for, as who uses the socket alone needs none. Two threads may
   do so at once, and a stream too many would shut down the connection at its end. */
static GMutex streams_lock;

static GInputStream *
dpdk_tcp_connection_get_input_stream (GIOStream *stream)
{
  DpdkTcpConnection *self = DPDK_TCP_CONNECTION (stream);

  if (g_atomic_pointer_get (&self->input) != NULL || self->socket == NULL)
    return self->input;
  g_mutex_lock (&streams_lock);
  if (self->input == NULL)
    g_atomic_pointer_set (&self->input, dpdk_input_stream_new (self->socket));
  g_mutex_unlock (&streams_lock);
  if (g_io_stream_is_closed (stream))
    g_input_stream_close (self->input, NULL, NULL);
  return self->input;
}

static GOutputStream *
dpdk_tcp_connection_get_output_stream (GIOStream *stream)
{
  DpdkTcpConnection *self = DPDK_TCP_CONNECTION (stream);

  if (g_atomic_pointer_get (&self->output) != NULL || self->socket == NULL)
    return self->output;
  g_mutex_lock (&streams_lock);
  if (self->output == NULL)
    g_atomic_pointer_set (&self->output, dpdk_output_stream_new (self->socket));
  g_mutex_unlock (&streams_lock);
  if (g_io_stream_is_closed (stream))
    g_output_stream_close (self->output, NULL, NULL);
  return self->output;
}

static gboolean
dpdk_tcp_connection_close (GIOStream *stream, GCancellable *cancellable, GError **error)
{
  DpdkTcpConnection *self = DPDK_TCP_CONNECTION (stream);

  /* before the streams, which would each end one direction only */
  if (self->socket != NULL && !dpdk_eal_is_inert ())
    dpdk_tcp_socket_end (self->socket, FALSE, self);
  if (self->input == NULL && self->output == NULL)
    return TRUE;
  return G_IO_STREAM_CLASS (dpdk_tcp_connection_parent_class)
      ->close_fn (stream, cancellable, error);
}

/* closing never waits, so it needs no thread of a pool */
static void
dpdk_tcp_connection_close_async (GIOStream *stream, int io_priority, GCancellable *cancellable,
                                 GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (stream, cancellable, callback, user_data);
  GError *error = NULL;

  g_task_set_source_tag (task, dpdk_tcp_connection_close_async);
  g_task_set_priority (task, io_priority);
  if (dpdk_tcp_connection_close (stream, cancellable, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static gboolean
dpdk_tcp_connection_close_finish (GIOStream *stream, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
dpdk_tcp_connection_dispose (GObject *object)
{
  DpdkTcpConnection *self = DPDK_TCP_CONNECTION (object);

  /* first of all: the worker may be about to tell it something */
  if (self->socket != NULL && !dpdk_eal_is_inert ())
    dpdk_tcp_endpoint_forget_connection (dpdk_tcp_socket_get_endpoint (self->socket), self);
  G_OBJECT_CLASS (dpdk_tcp_connection_parent_class)->dispose (object);
}

static void
dpdk_tcp_connection_finalize (GObject *object)
{
  DpdkTcpConnection *self = DPDK_TCP_CONNECTION (object);

  g_clear_object (&self->input);
  g_clear_object (&self->output);
  dpdk_edge_clear (self, &self->socket);
  g_main_context_unref (self->context);
  G_OBJECT_CLASS (dpdk_tcp_connection_parent_class)->finalize (object);
}

static void
dpdk_tcp_connection_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  DpdkTcpConnection *self = DPDK_TCP_CONNECTION (object);

  /* it has none of its own */
  if (self->socket == NULL)
    return;
  switch ((DpdkTcpConnectionProperty) id)
    {
    case PROP_SOCKET:
      g_value_set_object (value, self->socket);
      break;
    case PROP_LOCAL_ADDRESS:
      g_value_take_object (value, dpdk_tcp_connection_get_local_address (self, NULL));
      break;
    case PROP_REMOTE_ADDRESS:
      g_value_take_object (value, dpdk_tcp_connection_get_remote_address (self, NULL));
      break;
    case PROP_CONNECTED:
      g_value_set_boolean (value, dpdk_tcp_connection_is_connected (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
dpdk_tcp_connection_class_init (DpdkTcpConnectionClass *klass)
{
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GIOStreamClass *stream_class = G_IO_STREAM_CLASS (klass);

  object_class->dispose = dpdk_tcp_connection_dispose;
  object_class->finalize = dpdk_tcp_connection_finalize;
  object_class->get_property = dpdk_tcp_connection_get_property;
  stream_class->get_input_stream = dpdk_tcp_connection_get_input_stream;
  stream_class->get_output_stream = dpdk_tcp_connection_get_output_stream;
  stream_class->close_fn = dpdk_tcp_connection_close;
  stream_class->close_async = dpdk_tcp_connection_close_async;
  stream_class->close_finish = dpdk_tcp_connection_close_finish;

  /**
   * DpdkTcpConnection:socket:
   *
   * The socket of the connection.
   *
   * Since: 0.1
   */
  properties[PROP_SOCKET] = g_param_spec_object ("socket", NULL, NULL, DPDK_TYPE_TCP_SOCKET, flags);
  /**
   * DpdkTcpConnection:local-address:
   *
   * Our address of the connection.
   *
   * Since: 0.1
   */
  properties[PROP_LOCAL_ADDRESS] =
      g_param_spec_object ("local-address", NULL, NULL, G_TYPE_SOCKET_ADDRESS, flags);
  /**
   * DpdkTcpConnection:remote-address:
   *
   * The peer's address of the connection.
   *
   * Since: 0.1
   */
  properties[PROP_REMOTE_ADDRESS] =
      g_param_spec_object ("remote-address", NULL, NULL, G_TYPE_SOCKET_ADDRESS, flags);
  /**
   * DpdkTcpConnection:connected:
   *
   * Whether the connection is neither closed nor broken. That the peer will send nothing more does not
   * change it: the input stream tells that. There is one notification, when it is over.
   *
   * Since: 0.1
   */
  properties[PROP_CONNECTED] = g_param_spec_boolean ("connected", NULL, NULL, FALSE, flags);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
dpdk_tcp_connection_init (DpdkTcpConnection *self)
{
  self->context = g_main_context_ref_thread_default ();
  self->thread = g_thread_self ();
}

void
dpdk_tcp_connection_notify_end (DpdkTcpConnection *self, gboolean later)
{
  if (!dpdk_notify_is_wanted (G_OBJECT (self)))
    return;
  if (!later && self->thread == g_thread_self ())
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_CONNECTED]);
  else
    dpdk_notify_in_context (G_OBJECT (self), self->context, properties[PROP_CONNECTED]);
}

/**
 * dpdk_tcp_connection_new:
 * @socket: a socket that is connected, or will be
 *
 * Creates streams for a socket that was connected or accepted on the thread of its worker, see
 * [method@Dpdk.TcpSocket.begin_connect] and [method@Dpdk.TcpListener.set_accept_callback]. To close or
 * drop the connection closes the socket. May be called from any thread.
 *
 * Returns: (transfer full): the connection
 *
 * Since: 0.1
 */
DpdkTcpConnection *
dpdk_tcp_connection_new (DpdkTcpSocket *socket)
{
  DpdkTcpConnection *self;

  g_return_val_if_fail (DPDK_IS_TCP_SOCKET (socket) && dpdk_socket_is_made (DPDK_SOCKET (socket)),
                        NULL);

  self = g_object_new (DPDK_TYPE_TCP_CONNECTION, NULL);
  self->socket = dpdk_edge_ref (self, socket);
  dpdk_tcp_endpoint_set_connection (dpdk_tcp_socket_get_endpoint (socket), self);
  return self;
}

/**
 * dpdk_tcp_connection_get_socket: (get-property socket)
 * @self: a connection
 *
 * Gets the socket of the connection. May be called from any thread.
 *
 * Returns: (transfer none): the socket
 *
 * Since: 0.1
 */
DpdkTcpSocket *
dpdk_tcp_connection_get_socket (DpdkTcpConnection *self)
{
  g_return_val_if_fail (DPDK_IS_TCP_CONNECTION (self) && self->socket != NULL, NULL);

  return self->socket;
}

/**
 * dpdk_tcp_connection_get_local_address: (get-property local-address)
 * @self: a connection
 * @error: return location for an error
 *
 * Gets our address of the connection. May be called from any thread.
 *
 * Returns: (transfer full): the address
 *
 * Since: 0.1
 */
GSocketAddress *
dpdk_tcp_connection_get_local_address (DpdkTcpConnection *self, GError **error)
{
  g_return_val_if_fail (DPDK_IS_TCP_CONNECTION (self) && self->socket != NULL, NULL);

  return dpdk_socket_get_local_address (DPDK_SOCKET (self->socket), error);
}

/**
 * dpdk_tcp_connection_get_remote_address: (get-property remote-address)
 * @self: a connection
 * @error: return location for an error
 *
 * Gets the peer's address of the connection. May be called from any thread.
 *
 * Returns: (transfer full): the address
 *
 * Since: 0.1
 */
GSocketAddress *
dpdk_tcp_connection_get_remote_address (DpdkTcpConnection *self, GError **error)
{
  g_return_val_if_fail (DPDK_IS_TCP_CONNECTION (self) && self->socket != NULL, NULL);

  return dpdk_tcp_socket_get_remote_address (self->socket, error);
}

/**
 * dpdk_tcp_connection_is_connected: (get-property connected)
 * @self: a connection
 *
 * Whether the connection is neither closed nor broken. May be called from any thread.
 *
 * Returns: %TRUE if it is connected
 *
 * Since: 0.1
 */
gboolean
dpdk_tcp_connection_is_connected (DpdkTcpConnection *self)
{
  g_return_val_if_fail (DPDK_IS_TCP_CONNECTION (self) && self->socket != NULL, FALSE);

  return dpdk_tcp_socket_is_connected (self->socket);
}

/**
 * dpdk_tcp_connection_shutdown:
 * @self: a connection
 * @shutdown_read: whether to read no more; what arrives is thrown away
 * @shutdown_write: whether to write no more; the peer reads the end after what was written
 * @error: return location for an error
 *
 * Ends one or both directions of the connection.
 *
 * May be called from any thread. Does not wait.
 *
 * Fails with %G_IO_ERROR_CLOSED if the connection is closed.
 *
 * Returns: %TRUE on success
 *
 * Since: 0.1
 */
gboolean
dpdk_tcp_connection_shutdown (DpdkTcpConnection *self, gboolean shutdown_read,
                              gboolean shutdown_write, GError **error)
{
  DpdkTcpEndpoint *endpoint;

  g_return_val_if_fail (DPDK_IS_TCP_CONNECTION (self) && self->socket != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  endpoint = dpdk_tcp_socket_get_endpoint (self->socket);
  if (dpdk_tcp_endpoint_is_closed (endpoint))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "The DpdkTcpConnection is closed");
      return FALSE;
    }
  if (shutdown_read)
    dpdk_tcp_endpoint_shutdown_read (endpoint);
  if (shutdown_write)
    dpdk_tcp_endpoint_shutdown_write (endpoint);
  return TRUE;
}

/**
 * dpdk_tcp_connection_abort:
 * @self: a connection
 *
 * Ends the connection at once with a reset. Data that was not sent is lost.
 *
 * May be called from any thread. Does not wait.
 *
 * Since: 0.1
 */
void
dpdk_tcp_connection_abort (DpdkTcpConnection *self)
{
  g_return_if_fail (DPDK_IS_TCP_CONNECTION (self) && self->socket != NULL);

  dpdk_tcp_socket_end (self->socket, TRUE, self);
}
