/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-socket-private.h"
#include "dpdk-udp-socket-private.h"

static DpdkUdpOptions
get_options (DpdkUdpSocket *self)
{
  DpdkUdpOptions options;

  dpdk_udp_endpoint_get_options (dpdk_udp_socket_get_endpoint (self), &options);
  return options;
}

static DpdkUdpOptions *
lock_options (DpdkUdpSocket *self)
{
  return dpdk_udp_endpoint_lock_options (dpdk_udp_socket_get_endpoint (self));
}

static void
unlock_options (DpdkUdpSocket *self, gboolean has_changed, DpdkUdpSocketProperty id)
{
  dpdk_udp_endpoint_unlock_options (dpdk_udp_socket_get_endpoint (self));
  if (has_changed)
    dpdk_udp_socket_notify_option (self, id);
}

guint8
dpdk_udp_socket_get_ip_option (DpdkSocket *socket, guint option)
{
  DpdkUdpOptions options = get_options (DPDK_UDP_SOCKET (socket));

  return option == DPDK_IP_OPTION_TTL ? options.ttl : options.traffic_class;
}

gboolean
dpdk_udp_socket_set_ip_option (DpdkSocket *socket, guint option, guint8 value)
{
  DpdkUdpEndpoint *endpoint = dpdk_udp_socket_get_endpoint (DPDK_UDP_SOCKET (socket));
  DpdkUdpOptions *options = dpdk_udp_endpoint_lock_options (endpoint);
  guint8 *at = option == DPDK_IP_OPTION_TTL ? &options->ttl : &options->traffic_class;
  gboolean has_changed = *at != value;

  *at = value;
  dpdk_udp_endpoint_unlock_options (endpoint);
  return has_changed;
}

/**
 * dpdk_udp_socket_get_family: (get-property family)
 * @self: a socket
 *
 * Gets the family of the addresses of the socket. May be called from any thread.
 *
 * Returns: the family
 *
 * Since: 0.1
 */
GSocketFamily
dpdk_udp_socket_get_family (DpdkUdpSocket *self)
{
  g_return_val_if_fail (dpdk_udp_socket_is_made (self), G_SOCKET_FAMILY_INVALID);

  return dpdk_udp_endpoint_get_family (dpdk_udp_socket_get_endpoint (self));
}

/**
 * dpdk_udp_socket_get_ipv6_only: (get-property ipv6-only)
 * @self: a socket
 *
 * Whether a socket of %G_SOCKET_FAMILY_IPV6 is for IPv6 only. What it is when the socket is bound
 * counts.
 *
 * May be called from any thread.
 *
 * Returns: %TRUE if it is so
 *
 * Since: 0.1
 */
gboolean
dpdk_udp_socket_get_ipv6_only (DpdkUdpSocket *self)
{
  g_return_val_if_fail (dpdk_udp_socket_is_made (self), FALSE);

  return get_options (self).v6_only;
}

/**
 * dpdk_udp_socket_set_ipv6_only: (set-property ipv6-only)
 * @self: a socket
 * @ipv6_only: the new value
 *
 * Sets [property@Dpdk.UdpSocket:ipv6-only]. May be called from any thread.
 *
 * Since: 0.1
 */
void
dpdk_udp_socket_set_ipv6_only (DpdkUdpSocket *self, gboolean ipv6_only)
{
  DpdkUdpOptions *options;
  gboolean has_changed;

  g_return_if_fail (dpdk_udp_socket_is_made (self));

  options = lock_options (self);
  has_changed = !options->v6_only != !ipv6_only;
  options->v6_only = !!ipv6_only;
  unlock_options (self, has_changed, PROP_IPV6_ONLY);
}

/**
 * dpdk_udp_socket_get_reuse_address: (get-property reuse-address)
 * @self: a socket
 *
 * Whether the socket shares its address with others that have this set, on this worker or others.
 * A broadcast or a datagram to a group is for all of them; any other is for one: of several
 * workers for the socket of the one whose queue the device chooses, so that each worker can have
 * its own. What it is when the socket is bound counts.
 *
 * May be called from any thread.
 *
 * Returns: %TRUE if it is so
 *
 * Since: 0.1
 */
gboolean
dpdk_udp_socket_get_reuse_address (DpdkUdpSocket *self)
{
  g_return_val_if_fail (dpdk_udp_socket_is_made (self), FALSE);

  return get_options (self).may_share;
}

/**
 * dpdk_udp_socket_set_reuse_address: (set-property reuse-address)
 * @self: a socket
 * @reuse_address: the new value
 *
 * Sets [property@Dpdk.UdpSocket:reuse-address]. May be called from any thread.
 *
 * Since: 0.1
 */
void
dpdk_udp_socket_set_reuse_address (DpdkUdpSocket *self, gboolean reuse_address)
{
  DpdkUdpOptions *options;
  gboolean has_changed;

  g_return_if_fail (dpdk_udp_socket_is_made (self));

  options = lock_options (self);
  has_changed = !options->may_share != !reuse_address;
  options->may_share = !!reuse_address;
  unlock_options (self, has_changed, PROP_REUSE_ADDRESS);
}

/**
 * dpdk_udp_socket_get_broadcast: (get-property broadcast)
 * @self: a socket
 *
 * Whether the socket may send to broadcast addresses.
 *
 * May be called from any thread.
 *
 * Returns: %TRUE if it is so
 *
 * Since: 0.1
 */
gboolean
dpdk_udp_socket_get_broadcast (DpdkUdpSocket *self)
{
  g_return_val_if_fail (dpdk_udp_socket_is_made (self), FALSE);

  return get_options (self).broadcast;
}

/**
 * dpdk_udp_socket_set_broadcast: (set-property broadcast)
 * @self: a socket
 * @broadcast: the new value
 *
 * Sets [property@Dpdk.UdpSocket:broadcast]. May be called from any thread.
 *
 * Since: 0.1
 */
void
dpdk_udp_socket_set_broadcast (DpdkUdpSocket *self, gboolean broadcast)
{
  DpdkUdpOptions *options;
  gboolean has_changed;

  g_return_if_fail (dpdk_udp_socket_is_made (self));

  options = lock_options (self);
  has_changed = !options->broadcast != !broadcast;
  options->broadcast = !!broadcast;
  unlock_options (self, has_changed, PROP_BROADCAST);
}

/**
 * dpdk_udp_socket_get_multicast_ttl: (get-property multicast-ttl)
 * @self: a socket
 *
 * The time to live or hop limit of packets to groups.
 *
 * May be called from any thread.
 *
 * Returns: the value
 *
 * Since: 0.1
 */
guint
dpdk_udp_socket_get_multicast_ttl (DpdkUdpSocket *self)
{
  g_return_val_if_fail (dpdk_udp_socket_is_made (self), 0);

  return get_options (self).multicast_ttl;
}

/**
 * dpdk_udp_socket_set_multicast_ttl: (set-property multicast-ttl)
 * @self: a socket
 * @ttl: the new value, from 0 to 255
 *
 * Sets [property@Dpdk.UdpSocket:multicast-ttl]. May be called from any thread.
 *
 * Since: 0.1
 */
void
dpdk_udp_socket_set_multicast_ttl (DpdkUdpSocket *self, guint ttl)
{
  DpdkUdpOptions *options;
  gboolean has_changed;

  g_return_if_fail (dpdk_udp_socket_is_made (self));
  g_return_if_fail (ttl <= 255);

  options = lock_options (self);
  has_changed = options->multicast_ttl != ttl;
  options->multicast_ttl = (guint8) ttl;
  unlock_options (self, has_changed, PROP_MULTICAST_TTL);
}

/**
 * dpdk_udp_socket_get_multicast_loopback: (get-property multicast-loopback)
 * @self: a socket
 *
 * Whether what is sent to a group is also received by the members in this runtime.
 *
 * May be called from any thread.
 *
 * Returns: %TRUE if it is so
 *
 * Since: 0.1
 */
gboolean
dpdk_udp_socket_get_multicast_loopback (DpdkUdpSocket *self)
{
  g_return_val_if_fail (dpdk_udp_socket_is_made (self), FALSE);

  return get_options (self).multicast_loopback;
}

/**
 * dpdk_udp_socket_set_multicast_loopback: (set-property multicast-loopback)
 * @self: a socket
 * @loopback: the new value
 *
 * Sets [property@Dpdk.UdpSocket:multicast-loopback]. May be called from any thread.
 *
 * Since: 0.1
 */
void
dpdk_udp_socket_set_multicast_loopback (DpdkUdpSocket *self, gboolean loopback)
{
  DpdkUdpOptions *options;
  gboolean has_changed;

  g_return_if_fail (dpdk_udp_socket_is_made (self));

  options = lock_options (self);
  has_changed = !options->multicast_loopback != !loopback;
  options->multicast_loopback = !!loopback;
  unlock_options (self, has_changed, PROP_MULTICAST_LOOPBACK);
}

/**
 * dpdk_udp_socket_get_receive_buffer_size: (get-property receive-buffer-size)
 * @self: a socket
 *
 * How many bytes may wait to be received. A datagram counts its data and 128 bytes; what arrives
 * when the buffer is full is dropped and counted.
 *
 * May be called from any thread.
 *
 * Returns: the value
 *
 * Since: 0.1
 */
guint
dpdk_udp_socket_get_receive_buffer_size (DpdkUdpSocket *self)
{
  g_return_val_if_fail (dpdk_udp_socket_is_made (self), 0);

  return (guint) get_options (self).receive_buffer_size;
}

/**
 * dpdk_udp_socket_set_receive_buffer_size: (set-property receive-buffer-size)
 * @self: a socket
 * @size: the new value in bytes, at least 1
 *
 * Sets [property@Dpdk.UdpSocket:receive-buffer-size]. May be called from any thread.
 *
 * Since: 0.1
 */
void
dpdk_udp_socket_set_receive_buffer_size (DpdkUdpSocket *self, guint size)
{
  DpdkUdpOptions *options;
  gboolean has_changed;

  g_return_if_fail (dpdk_udp_socket_is_made (self));
  g_return_if_fail (size >= 1);

  options = lock_options (self);
  has_changed = options->receive_buffer_size != size;
  options->receive_buffer_size = size;
  unlock_options (self, has_changed, PROP_RECEIVE_BUFFER_SIZE);
}

/**
 * dpdk_udp_socket_get_send_buffer_size: (get-property send-buffer-size)
 * @self: a socket
 *
 * How many bytes may wait for the worker to send them. A datagram counts its data and 128 bytes;
 * sending waits, or would block, when the buffer is full.
 *
 * May be called from any thread.
 *
 * Returns: the value
 *
 * Since: 0.1
 */
guint
dpdk_udp_socket_get_send_buffer_size (DpdkUdpSocket *self)
{
  g_return_val_if_fail (dpdk_udp_socket_is_made (self), 0);

  return (guint) get_options (self).send_buffer_size;
}

/**
 * dpdk_udp_socket_set_send_buffer_size: (set-property send-buffer-size)
 * @self: a socket
 * @size: the new value in bytes, at least 1
 *
 * Sets [property@Dpdk.UdpSocket:send-buffer-size]. May be called from any thread.
 *
 * Since: 0.1
 */
void
dpdk_udp_socket_set_send_buffer_size (DpdkUdpSocket *self, guint size)
{
  DpdkUdpOptions *options;
  gboolean has_changed;

  g_return_if_fail (dpdk_udp_socket_is_made (self));
  g_return_if_fail (size >= 1);

  options = lock_options (self);
  has_changed = options->send_buffer_size != size;
  options->send_buffer_size = size;
  unlock_options (self, has_changed, PROP_SEND_BUFFER_SIZE);
}

/**
 * dpdk_udp_socket_get_multicast_port: (get-property multicast-port)
 * @self: a socket
 *
 * Gets the port that packets to groups leave by. May be called from any thread.
 *
 * Returns: (transfer none) (nullable): the port; %NULL for the first of the runtime
 *
 * Since: 0.1
 */
DpdkPort *
dpdk_udp_socket_get_multicast_port (DpdkUdpSocket *self)
{
  gint interface;

  g_return_val_if_fail (dpdk_udp_socket_is_made (self), NULL);

  interface = get_options (self).multicast_interface;
  return interface >= 0 ? dpdk_worker_core_get_port (dpdk_udp_socket_get_core (self), interface)
                        : NULL;
}

/**
 * dpdk_udp_socket_set_multicast_port: (set-property multicast-port)
 * @self: a socket
 * @port: (nullable): a port of the runtime, or %NULL for the first
 * @error: return location for an error
 *
 * Sets [property@Dpdk.UdpSocket:multicast-port]. May be called from any thread.
 *
 * Fails with %G_IO_ERROR_INVALID_ARGUMENT if the worker of the socket does not serve @port.
 *
 * Returns: %TRUE on success
 *
 * Since: 0.1
 */
gboolean
dpdk_udp_socket_set_multicast_port (DpdkUdpSocket *self, DpdkPort *port, GError **error)
{
  DpdkUdpOptions *options;
  gboolean has_changed;
  gint interface = -1;

  g_return_val_if_fail (dpdk_udp_socket_is_made (self), FALSE);
  g_return_val_if_fail (port == NULL || DPDK_IS_PORT (port), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (port != NULL && !dpdk_udp_socket_find_interface (self, port, &interface, error))
    return FALSE;
  options = lock_options (self);
  has_changed = options->multicast_interface != interface;
  options->multicast_interface = interface;
  unlock_options (self, has_changed, PROP_MULTICAST_PORT);
  return TRUE;
}
