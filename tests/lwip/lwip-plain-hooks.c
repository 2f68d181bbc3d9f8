/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* what programs that link lwIP by itself leave to it */
#include "dpdk-lwip-port.h"

#include <lwip/netif.h>

void
dpdk_lwip_loop_output (struct pbuf *p, struct netif *netif)
{
}

int
dpdk_lwip_udp_unmatched (struct pbuf *p, struct netif *netif)
{
  return 0;
}

int
dpdk_lwip_tcp_reassembled (struct pbuf *p, struct netif *netif, uint16_t local_port,
                           uint16_t remote_port)
{
  return 0;
}

struct netif *
dpdk_lwip_find_v4 (const ip4_addr_t *address)
{
  struct netif *netif;

  NETIF_FOREACH (netif)
  if (ip4_addr_cmp (netif_ip4_addr (netif), address) && !ip4_addr_isany (address))
    return netif;
  return NULL;
}

struct netif *
dpdk_lwip_find_v6 (const ip6_addr_t *address)
{
  struct netif *netif;

  NETIF_FOREACH (netif)
  for (s8_t i = 0; i < LWIP_IPV6_NUM_ADDRESSES; i++)
    if (ip6_addr_isvalid (netif_ip6_addr_state (netif, i)) &&
        ip6_addr_cmp (netif_ip6_addr (netif, i), address))
      return netif;
  return NULL;
}

struct netif *
dpdk_lwip_route_v4 (const ip4_addr_t *source, const ip4_addr_t *destination)
{
  return NULL;
}

struct netif *
dpdk_lwip_route_v6 (const ip6_addr_t *source, const ip6_addr_t *destination)
{
  return NULL;
}
