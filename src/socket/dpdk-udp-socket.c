/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-udp-socket-private.h"

#include "dpdk-socket-native-private.h"
#include "dpdk-socket-private.h"

/**
 * DpdkUdpSocket:
 *
 * Sends and receives datagrams of UDP (RFC 768).
 *
 * A socket is made for a runtime, and may be bound to an address of one of its ports, and connected
 * to a peer. It belongs to one worker; what arrives for it comes to this worker, whichever queue the
 * device has chosen.
 *
 * It is a [iface@Gio.DatagramBased]: messages are received and sent, waited for and watched by
 * sources from any thread, but the thread of a worker must not block. DTLS runs over it by
 * [iface@Gio.DtlsClientConnection] and [iface@Gio.DtlsServerConnection]. On the thread of its worker
 * it also gives and takes whole bursts of packets without copying them
 * ([method@Dpdk.UdpSocket.try_receive], [method@Dpdk.UdpSocket.try_send]).
 *
 * A socket of %G_SOCKET_FAMILY_IPV6 is for both families unless [property@Dpdk.UdpSocket:ipv6-only]
 * is set. IPv4 addresses are those of IPv4 in either direction.
 *
 * A datagram has at most 65,507 bytes over IPv4 and 65,487 over IPv6; larger ones than the MTU are
 * sent in fragments. If a received one does not fit into the buffers of the caller, the rest is lost
 * and `MSG_TRUNC` is set in the flags of the message. The flags `MSG_PEEK`, `MSG_TRUNC` and
 * `MSG_DONTROUTE` mean what they mean to the kernel's sockets, but that a peek at several messages
 * sees one after the other.
 *
 * A connected socket receives from its peer only, and reports ICMP errors about what it has sent by
 * the next operation, such as %G_IO_ERROR_CONNECTION_REFUSED if the peer has no socket there.
 *
 * ```c
 * g_autoptr (DpdkUdpSocket) socket = dpdk_udp_socket_new (runtime, G_SOCKET_FAMILY_IPV4, &error);
 * g_autoptr (GBytes) question = g_bytes_new_static ("hello", 5);
 * g_autoptr (GBytes) answer = NULL;
 *
 * if (dpdk_udp_socket_connect (socket, address, &error) &&
 *     dpdk_udp_socket_send_bytes (socket, NULL, question, -1, NULL, &error))
 *   answer = dpdk_udp_socket_receive_bytes (socket, NULL, G_TIME_SPAN_SECOND, NULL, &error);
 * ```
 *
 * Since: 0.1
 */
struct _DpdkUdpSocket {
  DpdkSocket parent_instance;

  DpdkUdpEndpoint *endpoint;
};

static void dpdk_udp_socket_datagram_based_init (GDatagramBasedInterface *interface);

G_DEFINE_FINAL_TYPE_WITH_CODE (DpdkUdpSocket, dpdk_udp_socket, DPDK_TYPE_SOCKET,
                               G_IMPLEMENT_INTERFACE (G_TYPE_DATAGRAM_BASED,
                                                      dpdk_udp_socket_datagram_based_init))

static gint
dpdk_udp_socket_receive_messages (GDatagramBased *datagram_based, GInputMessage *messages,
                                  guint n_messages, gint flags, gint64 timeout_us,
                                  GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (DPDK_UDP_SOCKET (datagram_based)->endpoint != NULL, -1);

  return dpdk_udp_endpoint_receive (DPDK_UDP_SOCKET (datagram_based)->endpoint, messages,
                                    n_messages, flags, timeout_us, cancellable, error);
}

static gint
dpdk_udp_socket_send_messages (GDatagramBased *datagram_based, GOutputMessage *messages,
                               guint n_messages, gint flags, gint64 timeout_us,
                               GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (DPDK_UDP_SOCKET (datagram_based)->endpoint != NULL, -1);

  return dpdk_udp_endpoint_send (DPDK_UDP_SOCKET (datagram_based)->endpoint, messages, n_messages,
                                 flags, timeout_us, cancellable, error);
}

static GSource *
dpdk_udp_socket_create_source (GDatagramBased *datagram_based, GIOCondition condition,
                               GCancellable *cancellable)
{
  g_return_val_if_fail (DPDK_UDP_SOCKET (datagram_based)->endpoint != NULL, NULL);

  return dpdk_udp_endpoint_create_source (DPDK_UDP_SOCKET (datagram_based)->endpoint,
                                          datagram_based, condition, cancellable);
}

static GIOCondition
dpdk_udp_socket_condition_check (GDatagramBased *datagram_based, GIOCondition condition)
{
  g_return_val_if_fail (DPDK_UDP_SOCKET (datagram_based)->endpoint != NULL, 0);

  return dpdk_udp_endpoint_check (DPDK_UDP_SOCKET (datagram_based)->endpoint, condition);
}

static gboolean
dpdk_udp_socket_condition_wait (GDatagramBased *datagram_based, GIOCondition condition,
                                gint64 timeout_us, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (DPDK_UDP_SOCKET (datagram_based)->endpoint != NULL, FALSE);

  return dpdk_udp_endpoint_wait (DPDK_UDP_SOCKET (datagram_based)->endpoint, condition, timeout_us,
                                 cancellable, error);
}

static void
dpdk_udp_socket_datagram_based_init (GDatagramBasedInterface *interface)
{
  interface->receive_messages = dpdk_udp_socket_receive_messages;
  interface->send_messages = dpdk_udp_socket_send_messages;
  interface->create_source = dpdk_udp_socket_create_source;
  interface->condition_check = dpdk_udp_socket_condition_check;
  interface->condition_wait = dpdk_udp_socket_condition_wait;
}

static GSocketAddress *
dpdk_udp_socket_get_local_address (DpdkSocket *socket, GError **error)
{
  return dpdk_udp_endpoint_get_local_address (DPDK_UDP_SOCKET (socket)->endpoint, error);
}

static gboolean
dpdk_udp_socket_is_closed (DpdkSocket *socket)
{
  return dpdk_udp_endpoint_is_closed (DPDK_UDP_SOCKET (socket)->endpoint);
}

static void
dpdk_udp_socket_close (DpdkSocket *socket)
{
  DpdkUdpSocket *self = DPDK_UDP_SOCKET (socket);
  gboolean was_connected = dpdk_udp_endpoint_is_connected (self->endpoint);

  dpdk_udp_endpoint_close (self->endpoint, TRUE);
  if (was_connected)
    dpdk_udp_socket_notify_option (self, PROP_CONNECTED);
}

static void
dpdk_udp_socket_finalize (GObject *object)
{
  DpdkUdpSocket *self = DPDK_UDP_SOCKET (object);

  if (self->endpoint != NULL && !dpdk_eal_is_inert ())
    {
      dpdk_udp_endpoint_close (self->endpoint, FALSE);
      dpdk_udp_endpoint_unref (self->endpoint);
    }
  G_OBJECT_CLASS (dpdk_udp_socket_parent_class)->finalize (object);
}

static void
dpdk_udp_socket_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  if (!dpdk_udp_socket_get_option (DPDK_UDP_SOCKET (object), id, value))
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
dpdk_udp_socket_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  if (!dpdk_udp_socket_set_option (DPDK_UDP_SOCKET (object), id, value))
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
dpdk_udp_socket_class_init (DpdkUdpSocketClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  DpdkSocketClass *socket_class = DPDK_SOCKET_CLASS (klass);

  object_class->finalize = dpdk_udp_socket_finalize;
  object_class->get_property = dpdk_udp_socket_get_property;
  object_class->set_property = dpdk_udp_socket_set_property;
  socket_class->get_local_address = dpdk_udp_socket_get_local_address;
  socket_class->is_closed = dpdk_udp_socket_is_closed;
  socket_class->close = dpdk_udp_socket_close;
  socket_class->get_ip_option = dpdk_udp_socket_get_ip_option;
  socket_class->set_ip_option = dpdk_udp_socket_set_ip_option;
  dpdk_udp_socket_install_options (object_class);
}

static void
dpdk_udp_socket_init (DpdkUdpSocket *self)
{
}

DpdkUdpEndpoint *
dpdk_udp_socket_get_endpoint (DpdkUdpSocket *self)
{
  return self->endpoint;
}

gboolean
dpdk_udp_socket_is_made (DpdkUdpSocket *self)
{
  return DPDK_IS_UDP_SOCKET (self) && self->endpoint != NULL;
}

DpdkWorkerCore *
dpdk_udp_socket_get_core (DpdkUdpSocket *self)
{
  return dpdk_worker_get_core_private (dpdk_socket_get_worker (DPDK_SOCKET (self)));
}

gboolean
dpdk_udp_socket_find_interface (DpdkUdpSocket *self, DpdkPort *port, gint *interface,
                                GError **error)
{
  DpdkWorkerCore *core = dpdk_udp_socket_get_core (self);

  *interface = dpdk_worker_core_find_interface (core, port);
  if (*interface >= 0)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "DpdkUdpSocket: its worker %u does not serve the port %s",
               dpdk_worker_core_get_index (core), dpdk_port_get_devargs (port));
  return FALSE;
}

/**
 * dpdk_udp_socket_new:
 * @runtime: the runtime
 * @family: %G_SOCKET_FAMILY_IPV4 or %G_SOCKET_FAMILY_IPV6
 * @error: return location for an error
 *
 * Creates a socket. It belongs to the calling worker, or else to each worker in turn.
 *
 * May be called from any thread.
 *
 * Fails with %G_IO_ERROR_CLOSED if the runtime was shut down, with %G_IO_ERROR_NOT_SUPPORTED for any
 * other family, and with %DPDK_ERROR_WRONG_WORKER on the thread of a worker of another runtime.
 *
 * Returns: (transfer full): the socket
 *
 * Since: 0.1
 */
DpdkUdpSocket *
dpdk_udp_socket_new (DpdkRuntime *runtime, GSocketFamily family, GError **error)
{
  g_autoptr (DpdkWorker) worker = NULL;
  g_autoptr (GInetAddress) any = NULL;
  g_autoptr (DpdkUdpSocket) self = NULL;
  DpdkWorkerCore *core;
  DpdkPort *port;

  g_return_val_if_fail (DPDK_IS_RUNTIME (runtime), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (family != G_SOCKET_FAMILY_IPV4 && family != G_SOCKET_FAMILY_IPV6)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                   "DpdkUdpSocket: address family %d is not supported", family);
      return NULL;
    }
  worker = dpdk_runtime_choose_worker (runtime, error);
  if (worker == NULL)
    return NULL;
  core = dpdk_worker_get_core_private (worker);
  any = g_inet_address_new_any (family);
  port = dpdk_worker_core_find_port (core, any);
  if (port == NULL)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NETWORK_UNREACHABLE,
                           "DpdkUdpSocket: the runtime has no port");
      return NULL;
    }
  self = g_object_new (DPDK_TYPE_UDP_SOCKET, NULL);
  self->endpoint = dpdk_udp_endpoint_new (core, family);
  dpdk_socket_set_owners (DPDK_SOCKET (self), worker, port);
  return dpdk_udp_endpoint_attach (self->endpoint, error) ? g_steal_pointer (&self) : NULL;
}

/* groups and link-local addresses are in no configuration */
static DpdkPort *
find_port (DpdkUdpSocket *self, GSocketAddress *address, GError **error)
{
  GInetAddress *host = g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (address));

  if (g_inet_address_get_is_multicast (host) ||
      (g_inet_address_get_family (host) == G_SOCKET_FAMILY_IPV6 &&
       g_inet_address_get_is_link_local (host)))
    return dpdk_socket_get_port (DPDK_SOCKET (self));
  return dpdk_socket_find_port (dpdk_socket_get_worker (DPDK_SOCKET (self)), address, NULL, error);
}

/**
 * dpdk_udp_socket_bind:
 * @self: a socket
 * @address: an address of a port of the runtime, the unspecified one for all addresses of all ports,
 *   or a group to receive nothing but what is sent to it; port 0 for any
 * @error: return location for an error
 *
 * Binds the socket to a local address. A socket that is not bound gets an address when it is
 * connected or sends.
 *
 * May be called from any thread but that of another worker.
 *
 * Fails with %G_IO_ERROR_INVALID_ARGUMENT if no port has the address or it is of another family, with
 * %G_IO_ERROR_ADDRESS_IN_USE if the port is taken (see
 * [property@Dpdk.UdpSocket:reuse-address]), with %G_IO_ERROR_EXISTS if the socket is bound already,
 * with %G_IO_ERROR_CLOSED, and with %DPDK_ERROR_WRONG_WORKER.
 *
 * Returns: %TRUE on success
 *
 * Since: 0.1
 */
gboolean
dpdk_udp_socket_bind (DpdkUdpSocket *self, GSocketAddress *address, GError **error)
{
  g_autoptr (GSocketAddress) normal = NULL;
  DpdkPort *port;

  g_return_val_if_fail (dpdk_udp_socket_is_made (self), FALSE);
  g_return_val_if_fail (G_IS_SOCKET_ADDRESS (address), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  /* one of IPv4 in the form of IPv6 is one of IPv4 */
  normal = dpdk_udp_endpoint_normalize (self->endpoint, address, error);
  if (normal == NULL)
    return FALSE;
  port = find_port (self, normal, error);
  if (port == NULL || !dpdk_udp_endpoint_bind (self->endpoint, address, error))
    return FALSE;
  dpdk_socket_set_owners (DPDK_SOCKET (self), dpdk_socket_get_worker (DPDK_SOCKET (self)), port);
  dpdk_socket_notify_local_address (DPDK_SOCKET (self));
  return TRUE;
}

static void
notify_peer (DpdkUdpSocket *self, gboolean connected_has_changed)
{
  dpdk_udp_socket_notify_option (self, PROP_REMOTE_ADDRESS);
  if (connected_has_changed)
    dpdk_udp_socket_notify_option (self, PROP_CONNECTED);
}

/**
 * dpdk_udp_socket_connect:
 * @self: a socket
 * @address: the address of the peer
 * @error: return location for an error
 *
 * Connects the socket to a peer: messages without an address go to it, only its messages are
 * received, and ICMP errors of it are reported. No packet is sent. A socket that is connected can be
 * connected to another peer. What had arrived before can still be received.
 *
 * May be called from any thread but that of another worker.
 *
 * Fails with %G_IO_ERROR_NETWORK_UNREACHABLE, %G_IO_ERROR_INVALID_ARGUMENT,
 * %G_IO_ERROR_PERMISSION_DENIED for a broadcast address without
 * [property@Dpdk.UdpSocket:broadcast], %G_IO_ERROR_CLOSED, and %DPDK_ERROR_WRONG_WORKER.
 *
 * Returns: %TRUE on success
 *
 * Since: 0.1
 */
gboolean
dpdk_udp_socket_connect (DpdkUdpSocket *self, GSocketAddress *address, GError **error)
{
  gboolean was_connected;

  g_return_val_if_fail (dpdk_udp_socket_is_made (self), FALSE);
  g_return_val_if_fail (G_IS_SOCKET_ADDRESS (address), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  was_connected = dpdk_udp_endpoint_is_connected (self->endpoint);
  if (!dpdk_udp_endpoint_connect (self->endpoint, address, error))
    return FALSE;
  dpdk_socket_notify_local_address (DPDK_SOCKET (self));
  notify_peer (self, !was_connected);
  return TRUE;
}

/**
 * dpdk_udp_socket_disconnect:
 * @self: a socket
 * @error: return location for an error
 *
 * Lets the socket receive from all peers again. It keeps its port.
 *
 * May be called from any thread but that of another worker.
 *
 * Fails with %G_IO_ERROR_CLOSED and %DPDK_ERROR_WRONG_WORKER; a socket that is not connected is no
 * error.
 *
 * Returns: %TRUE on success
 *
 * Since: 0.1
 */
gboolean
dpdk_udp_socket_disconnect (DpdkUdpSocket *self, GError **error)
{
  gboolean was_connected;

  g_return_val_if_fail (dpdk_udp_socket_is_made (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  was_connected = dpdk_udp_endpoint_is_connected (self->endpoint);
  if (!dpdk_udp_endpoint_disconnect (self->endpoint, error))
    return FALSE;
  if (was_connected)
    {
      /* that of all ports again, if it was bound to it */
      dpdk_socket_notify_local_address (DPDK_SOCKET (self));
      notify_peer (self, TRUE);
    }
  return TRUE;
}

/**
 * dpdk_udp_socket_is_connected: (get-property connected)
 * @self: a socket
 *
 * Whether the socket is connected to a peer. May be called from any thread.
 *
 * Returns: %TRUE if it is
 *
 * Since: 0.1
 */
gboolean
dpdk_udp_socket_is_connected (DpdkUdpSocket *self)
{
  g_return_val_if_fail (dpdk_udp_socket_is_made (self), FALSE);

  return dpdk_udp_endpoint_is_connected (self->endpoint);
}

/**
 * dpdk_udp_socket_get_remote_address: (get-property remote-address)
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
dpdk_udp_socket_get_remote_address (DpdkUdpSocket *self, GError **error)
{
  g_return_val_if_fail (dpdk_udp_socket_is_made (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return dpdk_udp_endpoint_get_remote_address (self->endpoint, error);
}
