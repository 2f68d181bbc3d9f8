/* SPDX-License-Identifier: BSD-3-Clause */

#include "lwip/opt.h"

#if LWIP_TCP

#include "lwip/priv/tcp_route.h"
#include "lwip/ip.h"

#if LWIP_IPV6
static int
is_ours6(const ip6_addr_t *address)
{
  struct netif *netif;

  NETIF_FOREACH(netif) {
    if (netif_get_ip6_addr_match(netif, address) >= 0) {
      return 1;
    }
  }
  return 0;
}
#endif /* LWIP_IPV6 */

#if LWIP_IPV4
static int
is_ours4(const ip4_addr_t *address)
{
  struct netif *netif;

  NETIF_FOREACH(netif) {
    if (ip4_addr_cmp(address, netif_ip4_addr(netif))) {
      return 1;
    }
  }
  return 0;
}
#endif /* LWIP_IPV4 */

/** Whether its segments do not come over a wire: what does is not from who it claims to be. */
static int
is_local(const struct tcp_pcb *pcb)
{
  if (ip_addr_isloopback(&pcb->local_ip) || ip_addr_isloopback(&pcb->remote_ip)) {
    return 1;
  }
#if LWIP_IPV6
  if (IP_IS_V6_VAL(pcb->remote_ip)) {
    return is_ours6(ip_2_ip6(&pcb->remote_ip));
  }
#endif /* LWIP_IPV6 */
#if LWIP_IPV4
  return is_ours4(ip_2_ip4(&pcb->remote_ip));
#else /* LWIP_IPV4 */
  return 0;
#endif /* LWIP_IPV4 */
}

struct netif *
tcp_route_find_again(struct tcp_pcb *pcb)
{
  struct netif *netif = (pcb->netif_idx != NETIF_NO_INDEX) ? netif_get_by_index(pcb->netif_idx) :
                        ip_route(&pcb->local_ip, &pcb->remote_ip);

  /* one that has no address yet gets it by the first route, and then it is another one */
  if ((netif != NULL) && (netif_table[netif_get_index(netif)] == netif) &&
      !ip_addr_isany(&pcb->local_ip)) {
    pcb->route_idx = netif_get_index(netif);
    pcb->route_is_local = (u8_t)is_local(pcb);
    pcb->route_serial = netif_serial;
  }
  return netif;
}

#endif /* LWIP_TCP */
