/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* the properties of a DpdkUdpSocket; their values are in dpdk-udp-socket-options.c */
#include "dpdk-udp-socket-private.h"

#include "dpdk-socket-private.h"

static GParamSpec *properties[PROP_CONNECTED + 1];

void
dpdk_udp_socket_install_options (GObjectClass *klass)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
  const GParamFlags read_only = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  /**
   * DpdkUdpSocket:family:
   *
   * The family of the addresses of the socket.
   *
   * Since: 0.1
   */
  properties[PROP_FAMILY] = g_param_spec_enum ("family", NULL, NULL, G_TYPE_SOCKET_FAMILY,
                                               G_SOCKET_FAMILY_INVALID, read_only);
  /**
   * DpdkUdpSocket:ipv6-only:
   *
   * Whether a socket of %G_SOCKET_FAMILY_IPV6 is for IPv6 only. What it is when the socket is
   * bound counts.
   *
   * Since: 0.1
   */
  properties[PROP_IPV6_ONLY] = g_param_spec_boolean ("ipv6-only", NULL, NULL, FALSE, flags);
  /**
   * DpdkUdpSocket:reuse-address:
   *
   * Whether the socket shares its address with others that have this set, on this worker or
   * others. A broadcast or a datagram to a group is for all of them; any other is for one: of
   * several workers for the socket of the one whose queue the device chooses, so that each worker
   * can have its own. What it is when the socket is bound counts.
   *
   * Since: 0.1
   */
  properties[PROP_REUSE_ADDRESS] = g_param_spec_boolean ("reuse-address", NULL, NULL, FALSE, flags);
  /**
   * DpdkUdpSocket:broadcast:
   *
   * Whether the socket may send to broadcast addresses.
   *
   * Since: 0.1
   */
  properties[PROP_BROADCAST] = g_param_spec_boolean ("broadcast", NULL, NULL, FALSE, flags);
  /**
   * DpdkUdpSocket:multicast-ttl:
   *
   * The time to live or hop limit of packets to groups.
   *
   * Since: 0.1
   */
  properties[PROP_MULTICAST_TTL] =
      g_param_spec_uint ("multicast-ttl", NULL, NULL, 0, 255, 1, flags);
  /**
   * DpdkUdpSocket:multicast-loopback:
   *
   * Whether what is sent to a group is also received by the members in this runtime.
   *
   * Since: 0.1
   */
  properties[PROP_MULTICAST_LOOPBACK] =
      g_param_spec_boolean ("multicast-loopback", NULL, NULL, TRUE, flags);
  /**
   * DpdkUdpSocket:receive-buffer-size:
   *
   * How many bytes may wait to be received. A datagram counts its data and 128 bytes; what arrives
   * when the buffer is full is dropped and counted.
   *
   * Since: 0.1
   */
  properties[PROP_RECEIVE_BUFFER_SIZE] =
      g_param_spec_uint ("receive-buffer-size", NULL, NULL, 1, G_MAXUINT, 212992, flags);
  /**
   * DpdkUdpSocket:send-buffer-size:
   *
   * How many bytes may wait for the worker to send them. A datagram counts its data and 128 bytes;
   * sending waits, or would block, when the buffer is full.
   *
   * Since: 0.1
   */
  properties[PROP_SEND_BUFFER_SIZE] =
      g_param_spec_uint ("send-buffer-size", NULL, NULL, 1, G_MAXUINT, 212992, flags);
  /**
   * DpdkUdpSocket:multicast-port:
   *
   * The port that packets to groups leave by; %NULL for the first of the runtime.
   *
   * Since: 0.1
   */
  properties[PROP_MULTICAST_PORT] =
      g_param_spec_object ("multicast-port", NULL, NULL, DPDK_TYPE_PORT, read_only);
  /**
   * DpdkUdpSocket:remote-address:
   *
   * The address of the peer that the socket is connected to; %NULL if it is not.
   *
   * Since: 0.1
   */
  properties[PROP_REMOTE_ADDRESS] =
      g_param_spec_object ("remote-address", NULL, NULL, G_TYPE_SOCKET_ADDRESS, read_only);
  /**
   * DpdkUdpSocket:connected:
   *
   * Whether the socket is connected to a peer, and not closed.
   *
   * Since: 0.1
   */
  properties[PROP_CONNECTED] = g_param_spec_boolean ("connected", NULL, NULL, FALSE, read_only);
  g_object_class_install_properties (klass, G_N_ELEMENTS (properties), properties);
}

gboolean
dpdk_udp_socket_get_option (DpdkUdpSocket *self, guint id, GValue *value)
{
  switch ((DpdkUdpSocketProperty) id)
    {
    case PROP_FAMILY:
      g_value_set_enum (value, dpdk_udp_socket_get_family (self));
      return TRUE;
    case PROP_IPV6_ONLY:
      g_value_set_boolean (value, dpdk_udp_socket_get_ipv6_only (self));
      return TRUE;
    case PROP_REUSE_ADDRESS:
      g_value_set_boolean (value, dpdk_udp_socket_get_reuse_address (self));
      return TRUE;
    case PROP_BROADCAST:
      g_value_set_boolean (value, dpdk_udp_socket_get_broadcast (self));
      return TRUE;
    case PROP_MULTICAST_TTL:
      g_value_set_uint (value, dpdk_udp_socket_get_multicast_ttl (self));
      return TRUE;
    case PROP_MULTICAST_LOOPBACK:
      g_value_set_boolean (value, dpdk_udp_socket_get_multicast_loopback (self));
      return TRUE;
    case PROP_RECEIVE_BUFFER_SIZE:
      g_value_set_uint (value, dpdk_udp_socket_get_receive_buffer_size (self));
      return TRUE;
    case PROP_SEND_BUFFER_SIZE:
      g_value_set_uint (value, dpdk_udp_socket_get_send_buffer_size (self));
      return TRUE;
    case PROP_MULTICAST_PORT:
      g_value_set_object (value, dpdk_udp_socket_get_multicast_port (self));
      return TRUE;
    case PROP_REMOTE_ADDRESS:
      g_value_take_object (value, dpdk_udp_socket_get_remote_address (self, NULL));
      return TRUE;
    case PROP_CONNECTED:
      g_value_set_boolean (value, dpdk_udp_socket_is_connected (self));
      return TRUE;
    default:
      return FALSE;
    }
}

gboolean
dpdk_udp_socket_set_option (DpdkUdpSocket *self, guint id, const GValue *value)
{
  switch ((DpdkUdpSocketProperty) id)
    {
    case PROP_IPV6_ONLY:
      dpdk_udp_socket_set_ipv6_only (self, g_value_get_boolean (value));
      return TRUE;
    case PROP_REUSE_ADDRESS:
      dpdk_udp_socket_set_reuse_address (self, g_value_get_boolean (value));
      return TRUE;
    case PROP_BROADCAST:
      dpdk_udp_socket_set_broadcast (self, g_value_get_boolean (value));
      return TRUE;
    case PROP_MULTICAST_TTL:
      dpdk_udp_socket_set_multicast_ttl (self, g_value_get_uint (value));
      return TRUE;
    case PROP_MULTICAST_LOOPBACK:
      dpdk_udp_socket_set_multicast_loopback (self, g_value_get_boolean (value));
      return TRUE;
    case PROP_RECEIVE_BUFFER_SIZE:
      dpdk_udp_socket_set_receive_buffer_size (self, g_value_get_uint (value));
      return TRUE;
    case PROP_SEND_BUFFER_SIZE:
      dpdk_udp_socket_set_send_buffer_size (self, g_value_get_uint (value));
      return TRUE;
    case PROP_FAMILY:
    case PROP_MULTICAST_PORT:
    case PROP_REMOTE_ADDRESS:
    case PROP_CONNECTED:
    default:
      return FALSE;
    }
}

void
dpdk_udp_socket_notify_option (DpdkUdpSocket *self, DpdkUdpSocketProperty id)
{
  dpdk_socket_notify (DPDK_SOCKET (self), properties[id]);
}
