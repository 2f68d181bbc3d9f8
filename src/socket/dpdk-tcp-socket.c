/* SPDX-License-Identifier: LGPL-2.1-or-later */
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
};

typedef enum {
  PROP_NODELAY = 1,
  PROP_FAMILY,
  PROP_LINGER,
  PROP_CONNECT_TIMEOUT,
  PROP_REMOTE_ADDRESS,
  PROP_CONNECTED,
} DpdkTcpSocketProperty;

static GParamSpec *properties[PROP_CONNECTED + 1];

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

void
dpdk_tcp_socket_end (DpdkTcpSocket *self, gboolean abort, DpdkTcpConnection *connection)
{
  /* before it ends, so that the worker has nothing to tell */
  gboolean is_change = dpdk_tcp_endpoint_is_connected (self->endpoint) &&
                       dpdk_tcp_endpoint_claim_end (self->endpoint);

  if (abort)
    dpdk_tcp_endpoint_abort (self->endpoint);
  else
    dpdk_tcp_endpoint_close (self->endpoint);
  if (!is_change)
    return;
  if (connection != NULL)
    dpdk_tcp_connection_notify_end (connection, FALSE);
  else
    dpdk_tcp_endpoint_tell_connection (self->endpoint, FALSE);
  dpdk_tcp_socket_notify_connected (self, FALSE);
}

static void
dpdk_tcp_socket_close (DpdkSocket *socket)
{
  dpdk_tcp_socket_end (DPDK_TCP_SOCKET (socket), FALSE, NULL);
}

static guint8
dpdk_tcp_socket_get_ip_option (DpdkSocket *socket, guint option)
{
  return dpdk_tcp_endpoint_get_ip_option (DPDK_TCP_SOCKET (socket)->endpoint, option);
}

static gboolean
dpdk_tcp_socket_set_ip_option (DpdkSocket *socket, guint option, guint8 value)
{
  return dpdk_tcp_endpoint_set_ip_option (DPDK_TCP_SOCKET (socket)->endpoint, option, value);
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
    case PROP_FAMILY:
      g_value_set_enum (value, dpdk_tcp_socket_get_family (self));
      break;
    case PROP_LINGER:
      g_value_set_int (value, dpdk_tcp_socket_get_linger (self));
      break;
    case PROP_CONNECT_TIMEOUT:
      g_value_set_uint (value, dpdk_tcp_socket_get_connect_timeout (self));
      break;
    case PROP_REMOTE_ADDRESS:
      if (self->endpoint != NULL)
        g_value_take_object (value, dpdk_tcp_socket_get_remote_address (self, NULL));
      break;
    case PROP_CONNECTED:
      g_value_set_boolean (value, self->endpoint != NULL && dpdk_tcp_socket_is_connected (self));
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
    case PROP_LINGER:
      dpdk_tcp_socket_set_linger (self, g_value_get_int (value));
      break;
    case PROP_CONNECT_TIMEOUT:
      dpdk_tcp_socket_set_connect_timeout (self, g_value_get_uint (value));
      break;
    case PROP_FAMILY:
    case PROP_REMOTE_ADDRESS:
    case PROP_CONNECTED:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
dpdk_tcp_socket_class_init (DpdkTcpSocketClass *klass)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
  const GParamFlags read_only = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  DpdkSocketClass *socket_class = DPDK_SOCKET_CLASS (klass);

  object_class->finalize = dpdk_tcp_socket_finalize;
  object_class->get_property = dpdk_tcp_socket_get_property;
  object_class->set_property = dpdk_tcp_socket_set_property;
  socket_class->get_local_address = dpdk_tcp_socket_get_local_address;
  socket_class->is_closed = dpdk_tcp_socket_is_closed;
  socket_class->close = dpdk_tcp_socket_close;
  socket_class->get_ip_option = dpdk_tcp_socket_get_ip_option;
  socket_class->set_ip_option = dpdk_tcp_socket_set_ip_option;

  /**
   * DpdkTcpSocket:nodelay:
   *
   * Whether small segments are sent at once, without the algorithm of Nagle (RFC 896).
   *
   * Since: 0.1
   */
  properties[PROP_NODELAY] = g_param_spec_boolean ("nodelay", NULL, NULL, FALSE, flags);
  /**
   * DpdkTcpSocket:family:
   *
   * The family of the addresses of the socket.
   *
   * Since: 0.1
   */
  properties[PROP_FAMILY] = g_param_spec_enum ("family", NULL, NULL, G_TYPE_SOCKET_FAMILY,
                                               G_SOCKET_FAMILY_INVALID, read_only);
  /**
   * DpdkTcpSocket:linger:
   *
   * How long a connection that was closed may take to send what was written, in milliseconds; what
   * the peer has not acknowledged by then is given up, and the connection is reset. With 0 closing
   * resets the connection at once. -1 leaves it to the stack, which takes a minute.
   *
   * Closing never waits for this, in contrast to `SO_LINGER` of POSIX.
   *
   * Since: 0.1
   */
  properties[PROP_LINGER] = g_param_spec_int ("linger", NULL, NULL, -1, G_MAXINT, -1, flags);
  /**
   * DpdkTcpSocket:connect-timeout:
   *
   * How long connecting may take, in milliseconds, give or take a tenth and 20 milliseconds. With 0 it
   * ends when the stack has sent the SYN six times without an answer.
   *
   * Since: 0.1
   */
  properties[PROP_CONNECT_TIMEOUT] =
      g_param_spec_uint ("connect-timeout", NULL, NULL, 0, G_MAXUINT, 0, flags);
  /**
   * DpdkTcpSocket:remote-address:
   *
   * The address of the peer, as soon as connecting to it has begun; %NULL before.
   *
   * Since: 0.1
   */
  properties[PROP_REMOTE_ADDRESS] =
      g_param_spec_object ("remote-address", NULL, NULL, G_TYPE_SOCKET_ADDRESS, read_only);
  /**
   * DpdkTcpSocket:connected:
   *
   * Whether the socket is connected: not closed, and without an error of the connection. That the peer
   * will send nothing more does not change it.
   *
   * There is a notification when the socket is connected and when it is closed. If the connection breaks,
   * there is one only if the socket has a [class@Dpdk.TcpConnection]; else the functions of
   * [method@Dpdk.TcpSocket.set_readable_callback] and its kin are told.
   *
   * Since: 0.1
   */
  properties[PROP_CONNECTED] = g_param_spec_boolean ("connected", NULL, NULL, FALSE, read_only);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
dpdk_tcp_socket_init (DpdkTcpSocket *self)
{
}

DpdkTcpSocket *
dpdk_tcp_socket_new_take (DpdkWorker *worker, DpdkPort *port, GSocketFamily family,
                          DpdkTcpEndpoint *endpoint)
{
  DpdkTcpSocket *self = g_object_new (DPDK_TYPE_TCP_SOCKET, NULL);

  self->endpoint = endpoint;
  dpdk_tcp_endpoint_set_family (endpoint, family);
  dpdk_socket_set_owners (DPDK_SOCKET (self), worker, port);
  return self;
}

void
dpdk_tcp_socket_notify_connected (DpdkTcpSocket *self, gboolean later)
{
  if (later)
    dpdk_socket_notify_later (DPDK_SOCKET (self), properties[PROP_CONNECTED]);
  else
    dpdk_socket_notify (DPDK_SOCKET (self), properties[PROP_CONNECTED]);
}

void
dpdk_tcp_socket_notify_open (DpdkTcpSocket *self)
{
  dpdk_socket_notify_local_address (DPDK_SOCKET (self));
  dpdk_tcp_socket_notify_connected (self, FALSE);
}

void
dpdk_tcp_socket_notify_remote_address (DpdkTcpSocket *self)
{
  dpdk_socket_notify (DPDK_SOCKET (self), properties[PROP_REMOTE_ADDRESS]);
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
  return dpdk_tcp_socket_new_take (worker, port, family,
                                   dpdk_tcp_endpoint_new (dpdk_worker_get_core_private (worker)));
}

gboolean
dpdk_tcp_socket_check_address (DpdkTcpSocket *self, GSocketAddress *address, ip_addr_t *ip,
                               guint16 *port, GError **error)
{
  g_autofree char *name = NULL;

  if (!dpdk_native_address_from_gio (address, ip, port, error))
    return FALSE;
  name = dpdk_socket_address_to_string (address);
  if (g_socket_address_get_family (address) != dpdk_tcp_socket_get_family (self))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "%s is not of the family of the DpdkTcpSocket, which is %s", name,
                   dpdk_tcp_socket_get_family (self) == G_SOCKET_FAMILY_IPV6 ? "IPv6" : "IPv4");
      return FALSE;
    }
  if (IP_IS_V6 (ip) && ip6_addr_isipv4mappedipv6 (ip_2_ip6 (ip)))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "%s is an address of IPv4: use a DpdkTcpSocket of IPv4, and the address in the "
                   "form of IPv4",
                   name);
      return FALSE;
    }
  return dpdk_socket_check_scope (dpdk_tcp_endpoint_get_core (self->endpoint), ip, error);
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
 * Fails with %G_IO_ERROR_INVALID_ARGUMENT if no port has the address or it is of another family, with
 * %G_IO_ERROR_ADDRESS_IN_USE if the port is taken, with %G_IO_ERROR_EXISTS if the socket is bound
 * already, with %G_IO_ERROR_CLOSED, and with %DPDK_ERROR_WRONG_WORKER.
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

  if (!dpdk_tcp_socket_check_address (self, address, &ip, &number, error))
    return FALSE;
  worker = dpdk_socket_get_worker (DPDK_SOCKET (self));
  port = dpdk_socket_find_port (worker, address, &ip, error);
  if (port == NULL || !dpdk_tcp_endpoint_bind (self->endpoint, &ip, number, error))
    return FALSE;
  dpdk_socket_set_owners (DPDK_SOCKET (self), worker, port);
  dpdk_socket_notify_local_address (DPDK_SOCKET (self));
  return TRUE;
}

/**
 * dpdk_tcp_socket_is_connected: (get-property connected)
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
 * dpdk_tcp_socket_get_remote_address: (get-property remote-address)
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
  dpdk_socket_notify (DPDK_SOCKET (self), properties[PROP_NODELAY]);
}

/**
 * dpdk_tcp_socket_get_family: (get-property family)
 * @self: a socket
 *
 * Gets the family of the addresses of the socket. May be called from any thread.
 *
 * Returns: the family
 *
 * Since: 0.1
 */
GSocketFamily
dpdk_tcp_socket_get_family (DpdkTcpSocket *self)
{
  g_return_val_if_fail (DPDK_IS_TCP_SOCKET (self) && self->endpoint != NULL,
                        G_SOCKET_FAMILY_INVALID);

  return self->endpoint != NULL ? dpdk_tcp_endpoint_get_family (self->endpoint)
                                : G_SOCKET_FAMILY_INVALID;
}

/**
 * dpdk_tcp_socket_get_linger: (get-property linger)
 * @self: a socket
 *
 * Gets how long the connection may take to send what was written when it is closed. May be called from
 * any thread.
 *
 * Returns: the time in milliseconds, or -1
 *
 * Since: 0.1
 */
gint
dpdk_tcp_socket_get_linger (DpdkTcpSocket *self)
{
  g_return_val_if_fail (DPDK_IS_TCP_SOCKET (self) && self->endpoint != NULL, -1);

  return dpdk_tcp_endpoint_get_linger (self->endpoint);
}

/**
 * dpdk_tcp_socket_set_linger: (set-property linger)
 * @self: a socket
 * @linger: the time in milliseconds, 0 to reset the connection when it is closed, or -1
 *
 * Sets [property@Dpdk.TcpSocket:linger]. What it is when the socket is closed counts. May be called
 * from any thread.
 *
 * Since: 0.1
 */
void
dpdk_tcp_socket_set_linger (DpdkTcpSocket *self, gint linger)
{
  g_return_if_fail (DPDK_IS_TCP_SOCKET (self) && self->endpoint != NULL);
  g_return_if_fail (linger >= -1);

  if (dpdk_tcp_endpoint_set_linger (self->endpoint, linger))
    dpdk_socket_notify (DPDK_SOCKET (self), properties[PROP_LINGER]);
}

/**
 * dpdk_tcp_socket_get_connect_timeout: (get-property connect-timeout)
 * @self: a socket
 *
 * Gets how long connecting may take. May be called from any thread.
 *
 * Returns: the time in milliseconds, or 0
 *
 * Since: 0.1
 */
guint
dpdk_tcp_socket_get_connect_timeout (DpdkTcpSocket *self)
{
  g_return_val_if_fail (DPDK_IS_TCP_SOCKET (self) && self->endpoint != NULL, 0);

  return dpdk_tcp_endpoint_get_connect_timeout (self->endpoint);
}

/**
 * dpdk_tcp_socket_set_connect_timeout: (set-property connect-timeout)
 * @self: a socket
 * @connect_timeout: the time in milliseconds, or 0 to leave it to the stack
 *
 * Sets [property@Dpdk.TcpSocket:connect-timeout]. What it is when connecting begins counts; it then
 * fails with %G_IO_ERROR_TIMED_OUT. May be called from any thread.
 *
 * Since: 0.1
 */
void
dpdk_tcp_socket_set_connect_timeout (DpdkTcpSocket *self, guint connect_timeout)
{
  g_return_if_fail (DPDK_IS_TCP_SOCKET (self) && self->endpoint != NULL);

  if (dpdk_tcp_endpoint_set_connect_timeout (self->endpoint, connect_timeout))
    dpdk_socket_notify (DPDK_SOCKET (self), properties[PROP_CONNECT_TIMEOUT]);
}
