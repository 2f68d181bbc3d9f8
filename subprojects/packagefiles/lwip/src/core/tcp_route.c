/* SPDX-License-Identifier: BSD-3-Clause */

#include "lwip/opt.h"

#if LWIP_TCP

#include "lwip/priv/tcp_route.h"
#include "lwip/ip.h"

/** Whether its segments do not come over a wire: what does is not from who it claims to be. */
static int
is_local(const struct tcp_pcb *pcb)
{
  if (ip_addr_isloopback(&pcb->local_ip) || ip_addr_isloopback(&pcb->remote_ip)) {
    return 1;
  }
#if LWIP_IPV6
  if (IP_IS_V6_VAL(pcb->remote_ip)) {
    return netif_find_ip6(ip_2_ip6(&pcb->remote_ip)) != NULL;
  }
#endif /* LWIP_IPV6 */
#if LWIP_IPV4
  return netif_find_ip4(ip_2_ip4(&pcb->remote_ip)) != NULL;
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
