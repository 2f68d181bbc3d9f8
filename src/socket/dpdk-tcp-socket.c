/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-lcore-private.h"
#include "dpdk-socket-native-private.h"
#include "dpdk-socket-private.h"

/**
 * DpdkTcpSocket:
 *
 * One end of a TCP connection, before and after it is connected.
 *
 * A socket is made for a runtime, may be bound to an address of one of its ports, and is connected
 * once. Reading and writing is done through the [class@Dpdk.TcpConnection] that connecting returns.
 *
 * ```c
 * g_autoptr (DpdkTcpSocket) socket = dpdk_tcp_socket_new (runtime, G_SOCKET_FAMILY_IPV4, &error);
 * g_autoptr (DpdkTcpConnection) connection = dpdk_tcp_socket_connect (socket, address, NULL, &error);
 * ```
 *
 * Since: 0.1
 */
struct _DpdkTcpSocket {
  DpdkSocket parent_instance;

  DpdkTcpEndpoint *endpoint;
  GSocketFamily family;
};

typedef enum {
  PROP_NODELAY = 1,
} DpdkTcpSocketProperty;

static GParamSpec *properties[PROP_NODELAY + 1];

G_DEFINE_FINAL_TYPE (DpdkTcpSocket, dpdk_tcp_socket, DPDK_TYPE_SOCKET)

static GSocketAddress *
dpdk_tcp_socket_get_local_address (DpdkSocket *socket, GError **error)
{
  return dpdk_tcp_endpoint_get_local_address (DPDK_TCP_SOCKET (socket)->endpoint, error);
}

static gboolean
dpdk_tcp_socket_is_closed (DpdkSocket *socket)
{
  return dpdk_tcp_endpoint_is_closed (DPDK_TCP_SOCKET (socket)->endpoint);
}

static void
dpdk_tcp_socket_close (DpdkSocket *socket)
{
  dpdk_tcp_endpoint_close (DPDK_TCP_SOCKET (socket)->endpoint);
}

static void
dpdk_tcp_socket_finalize (GObject *object)
{
  DpdkTcpSocket *self = DPDK_TCP_SOCKET (object);

  if (self->endpoint != NULL && !dpdk_eal_is_inert ())
    {
      dpdk_tcp_endpoint_close (self->endpoint);
      dpdk_tcp_endpoint_unref (self->endpoint);
    }
  G_OBJECT_CLASS (dpdk_tcp_socket_parent_class)->finalize (object);
}

static void
dpdk_tcp_socket_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  DpdkTcpSocket *self = DPDK_TCP_SOCKET (object);

  switch ((DpdkTcpSocketProperty) id)
    {
    case PROP_NODELAY:
      g_value_set_boolean (value, dpdk_tcp_socket_get_nodelay (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
dpdk_tcp_socket_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  DpdkTcpSocket *self = DPDK_TCP_SOCKET (object);

  switch ((DpdkTcpSocketProperty) id)
    {
    case PROP_NODELAY:
      dpdk_tcp_socket_set_nodelay (self, g_value_get_boolean (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
dpdk_tcp_socket_class_init (DpdkTcpSocketClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  DpdkSocketClass *socket_class = DPDK_SOCKET_CLASS (klass);

  object_class->finalize = dpdk_tcp_socket_finalize;
  object_class->get_property = dpdk_tcp_socket_get_property;
  object_class->set_property = dpdk_tcp_socket_set_property;
  socket_class->get_local_address = dpdk_tcp_socket_get_local_address;
  socket_class->is_closed = dpdk_tcp_socket_is_closed;
  socket_class->close = dpdk_tcp_socket_close;

  /**
   * DpdkTcpSocket:nodelay:
   *
   * Whether small segments are sent at once, without the algorithm of Nagle (RFC 896).
   *
   * Since: 0.1
   */
  properties[PROP_NODELAY] =
      g_param_spec_boolean ("nodelay", NULL, NULL, FALSE,
                            G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
dpdk_tcp_socket_init (DpdkTcpSocket *self)
{
}

DpdkTcpSocket *
dpdk_tcp_socket_new_take (DpdkWorker *worker, DpdkPort *port, DpdkTcpEndpoint *endpoint)
{
  DpdkTcpSocket *self = g_object_new (DPDK_TYPE_TCP_SOCKET, NULL);

  self->endpoint = endpoint;
  dpdk_socket_set_owners (DPDK_SOCKET (self), worker, port);
  return self;
}

DpdkTcpEndpoint *
dpdk_tcp_socket_get_endpoint (DpdkTcpSocket *self)
{
  return self->endpoint;
}

/**
 * dpdk_tcp_socket_new:
 * @runtime: the runtime
 * @family: %G_SOCKET_FAMILY_IPV4 or %G_SOCKET_FAMILY_IPV6
 * @error: return location for an error
 *
 * Creates a socket. It belongs to the calling worker, or else to each worker in turn.
 *
 * May be called from any thread.
 *
 * Fails with %G_IO_ERROR_CLOSED if the runtime was shut down, and with %G_IO_ERROR_NOT_SUPPORTED
 * for any other family.
 *
 * Returns: (transfer full): the socket
 *
 * Since: 0.1
 */
DpdkTcpSocket *
dpdk_tcp_socket_new (DpdkRuntime *runtime, GSocketFamily family, GError **error)
{
  g_autoptr (DpdkWorker) worker = NULL;
  g_autoptr (GInetAddress) any = NULL;
  DpdkTcpSocket *self;
  DpdkPort *port;

  g_return_val_if_fail (DPDK_IS_RUNTIME (runtime), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (family != G_SOCKET_FAMILY_IPV4 && family != G_SOCKET_FAMILY_IPV6)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                   "DpdkTcpSocket: address family %d is not supported", family);
      return NULL;
    }
  worker = dpdk_runtime_choose_worker (runtime, error);
  if (worker == NULL)
    return NULL;
  any = g_inet_address_new_any (family);
  port = dpdk_worker_core_find_port (dpdk_worker_get_core_private (worker), any);
  if (port == NULL)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NETWORK_UNREACHABLE,
                           "DpdkTcpSocket: the runtime has no port");
      return NULL;
    }
  self = dpdk_tcp_socket_new_take (worker, port,
                                   dpdk_tcp_endpoint_new (dpdk_worker_get_core_private (worker)));
  self->family = family;
  return self;
}

static gboolean
check_address (DpdkTcpSocket *self, GSocketAddress *address, ip_addr_t *ip, guint16 *port,
               GError **error)
{
  if (!dpdk_native_address_from_gio (address, ip, port, error))
    return FALSE;
  if (self->family != G_SOCKET_FAMILY_INVALID &&
      g_socket_address_get_family (address) != self->family)
    {
      g_autofree char *name = dpdk_socket_address_to_string (address);

      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "%s is not of the family of the DpdkTcpSocket, which is %s", name,
                   self->family == G_SOCKET_FAMILY_IPV6 ? "IPv6" : "IPv4");
      return FALSE;
    }
  return TRUE;
}

/**
 * dpdk_tcp_socket_bind:
 * @self: a socket
 * @address: an address of a port of the runtime, or the unspecified one; port 0 for any
 * @error: return location for an error
 *
 * Binds the socket to a local address, before it is connected.
 *
 * May be called from any thread but that of another worker.
 *
 * Fails with %G_IO_ERROR_INVALID_ARGUMENT if no port has the address or it is of another family, and
 * with %G_IO_ERROR_ADDRESS_IN_USE if the port is taken.
 *
 * Returns: %TRUE on success
 *
 * Since: 0.1
 */
gboolean
dpdk_tcp_socket_bind (DpdkTcpSocket *self, GSocketAddress *address, GError **error)
{
  DpdkWorker *worker;
  DpdkPort *port;
  ip_addr_t ip;
  guint16 number;

  g_return_val_if_fail (DPDK_IS_TCP_SOCKET (self) && self->endpoint != NULL, FALSE);
  g_return_val_if_fail (G_IS_SOCKET_ADDRESS (address), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!check_address (self, address, &ip, &number, error))
    return FALSE;
  worker = dpdk_socket_get_worker (DPDK_SOCKET (self));
  port = dpdk_socket_find_port (worker, address, error);
  if (port == NULL || !dpdk_tcp_endpoint_bind (self->endpoint, &ip, number, error))
    return FALSE;
  dpdk_socket_set_owners (DPDK_SOCKET (self), worker, port);
  return TRUE;
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

  g_return_val_if_fail (DPDK_IS_TCP_SOCKET (self) && self->endpoint != NULL, NULL);
  g_return_val_if_fail (G_IS_SOCKET_ADDRESS (address), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!dpdk_lcore_check_may_wait ("dpdk_tcp_socket_connect", "dpdk_tcp_socket_connect_async()",
                                  error))
    return NULL;
  if (g_cancellable_set_error_if_cancelled (cancellable, error) ||
      !check_address (self, address, &ip, &port, error) ||
      !dpdk_tcp_endpoint_connect (self->endpoint, &ip, port, NULL, error))
    return NULL;
  if (!dpdk_tcp_endpoint_wait_connected (self->endpoint, cancellable, error))
    {
      dpdk_tcp_endpoint_abort (self->endpoint);
      return NULL;
    }
  return dpdk_tcp_connection_new (self);
}

typedef struct {
  DpdkTcpEndpoint *endpoint;
  GSource *cancel_source;
} ConnectData;

static void
free_connect_data (gpointer data)
{
  ConnectData *connect = data;

  if (connect->cancel_source != NULL)
    {
      g_source_destroy (connect->cancel_source);
      g_source_unref (connect->cancel_source);
    }
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

  g_return_if_fail (DPDK_IS_TCP_SOCKET (self) && self->endpoint != NULL);
  g_return_if_fail (G_IS_SOCKET_ADDRESS (address));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, dpdk_tcp_socket_connect_async);
  if (g_task_return_error_if_cancelled (task))
    return;
  if (!check_address (self, address, &ip, &port, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  connect = g_new0 (ConnectData, 1);
  connect->endpoint = dpdk_tcp_endpoint_ref (self->endpoint);
  g_task_set_task_data (task, connect, free_connect_data);
  watch_connect (task, connect);
  if (!dpdk_tcp_endpoint_connect (self->endpoint, &ip, port, task, &error))
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
  g_return_val_if_fail (DPDK_IS_TCP_SOCKET (self) && self->endpoint != NULL, NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  if (!g_task_propagate_boolean (G_TASK (result), error))
    return NULL;
  return dpdk_tcp_connection_new (self);
}

/**
 * dpdk_tcp_socket_is_connected:
 * @self: a socket
 *
 * Whether the socket is connected: not closed, and without an error of the connection. May be called
 * from any thread.
 *
 * Returns: %TRUE if it is
 *
 * Since: 0.1
 */
gboolean
dpdk_tcp_socket_is_connected (DpdkTcpSocket *self)
{
  g_return_val_if_fail (DPDK_IS_TCP_SOCKET (self) && self->endpoint != NULL, FALSE);

  return dpdk_tcp_endpoint_is_connected (self->endpoint);
}

/**
 * dpdk_tcp_socket_get_remote_address:
 * @self: a socket
 * @error: return location for an error
 *
 * Gets the address of the peer. May be called from any thread.
 *
 * Fails with %G_IO_ERROR_NOT_CONNECTED if there is none.
 *
 * Returns: (transfer full): the address
 *
 * Since: 0.1
 */
GSocketAddress *
dpdk_tcp_socket_get_remote_address (DpdkTcpSocket *self, GError **error)
{
  g_return_val_if_fail (DPDK_IS_TCP_SOCKET (self) && self->endpoint != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return dpdk_tcp_endpoint_get_remote_address (self->endpoint, error);
}

/**
 * dpdk_tcp_socket_get_nodelay: (get-property nodelay)
 * @self: a socket
 *
 * Whether small segments are sent at once. May be called from any thread.
 *
 * Returns: %TRUE if they are
 *
 * Since: 0.1
 */
gboolean
dpdk_tcp_socket_get_nodelay (DpdkTcpSocket *self)
{
  g_return_val_if_fail (DPDK_IS_TCP_SOCKET (self) && self->endpoint != NULL, FALSE);

  return dpdk_tcp_endpoint_get_nodelay (self->endpoint);
}

/**
 * dpdk_tcp_socket_set_nodelay: (set-property nodelay)
 * @self: a socket
 * @nodelay: %TRUE to send small segments at once
 *
 * Switches the algorithm of Nagle (RFC 896) off or on. May be called from any thread, before and
 * after connecting.
 *
 * Since: 0.1
 */
void
dpdk_tcp_socket_set_nodelay (DpdkTcpSocket *self, gboolean nodelay)
{
  g_return_if_fail (DPDK_IS_TCP_SOCKET (self) && self->endpoint != NULL);

  if (!dpdk_tcp_endpoint_get_nodelay (self->endpoint) == !nodelay)
    return;
  dpdk_tcp_endpoint_set_nodelay (self->endpoint, !!nodelay);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_NODELAY]);
}
