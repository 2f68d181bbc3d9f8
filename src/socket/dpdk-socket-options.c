/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* what the packets of each socket have, and the core that it is on */
#include "dpdk-socket-private.h"

/**
 * dpdk_socket_get_core_id: (get-property core-id)
 * @self: a socket
 *
 * Gets the CPU core that the worker of the socket is pinned to; of a listener, which has several
 * workers, the core of [method@Dpdk.Socket.get_worker]. May be called from any thread.
 *
 * Returns: the number of the core
 *
 * Since: 0.1
 */
guint
dpdk_socket_get_core_id (DpdkSocket *self)
{
  g_return_val_if_fail (DPDK_IS_SOCKET (self) && dpdk_socket_is_made (self), 0);

  return dpdk_worker_get_core (dpdk_socket_get_worker (self));
}

static void
set_option (DpdkSocket *self, DpdkIpOption option, guint value)
{
  if (DPDK_SOCKET_GET_CLASS (self)->set_ip_option (self, option, (guint8) value))
    dpdk_socket_notify_ip_option (self, option);
}

/**
 * dpdk_socket_get_ttl: (get-property ttl)
 * @self: a socket
 *
 * Gets the time to live (RFC 791) or hop limit (RFC 8200) of packets. May be called from any thread.
 *
 * Returns: the value
 *
 * Since: 0.1
 */
guint
dpdk_socket_get_ttl (DpdkSocket *self)
{
  g_return_val_if_fail (DPDK_IS_SOCKET (self) && dpdk_socket_is_made (self), 0);

  return DPDK_SOCKET_GET_CLASS (self)->get_ip_option (self, DPDK_IP_OPTION_TTL);
}

/**
 * dpdk_socket_set_ttl: (set-property ttl)
 * @self: a socket
 * @ttl: the new value, from 1 to 255
 *
 * Sets [property@Dpdk.Socket:ttl]. May be called from any thread, before and after connecting. That of
 * a listener is in place when the call returns, but on the thread of a worker of several.
 *
 * Since: 0.1
 */
void
dpdk_socket_set_ttl (DpdkSocket *self, guint ttl)
{
  g_return_if_fail (DPDK_IS_SOCKET (self) && dpdk_socket_is_made (self));
  g_return_if_fail (ttl >= 1 && ttl <= 255);

  set_option (self, DPDK_IP_OPTION_TTL, ttl);
}

/**
 * dpdk_socket_get_traffic_class: (get-property traffic-class)
 * @self: a socket
 *
 * Gets the traffic class of packets (RFC 2474). May be called from any thread.
 *
 * Returns: the value
 *
 * Since: 0.1
 */
guint
dpdk_socket_get_traffic_class (DpdkSocket *self)
{
  g_return_val_if_fail (DPDK_IS_SOCKET (self) && dpdk_socket_is_made (self), 0);

  return DPDK_SOCKET_GET_CLASS (self)->get_ip_option (self, DPDK_IP_OPTION_TRAFFIC_CLASS);
}

/**
 * dpdk_socket_set_traffic_class: (set-property traffic-class)
 * @self: a socket
 * @traffic_class: the new value, from 0 to 255
 *
 * Sets [property@Dpdk.Socket:traffic-class]. May be called from any thread, before and after
 * connecting, with the same effect as [method@Dpdk.Socket.set_ttl].
 *
 * Since: 0.1
 */
void
dpdk_socket_set_traffic_class (DpdkSocket *self, guint traffic_class)
{
  g_return_if_fail (DPDK_IS_SOCKET (self) && dpdk_socket_is_made (self));
  g_return_if_fail (traffic_class <= 255);

  set_option (self, DPDK_IP_OPTION_TRAFFIC_CLASS, traffic_class);
}
