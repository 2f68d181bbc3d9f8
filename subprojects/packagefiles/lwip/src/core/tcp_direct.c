/* SPDX-License-Identifier: BSD-3-Clause */

#include "lwip/opt.h"

#if LWIP_TCP

#include "lwip/priv/tcp_priv.h"
#include "lwip/priv/tcp_direct.h"
#include "lwip/priv/tcp_route.h"
#include "lwip/etharp.h"
#include "lwip/ethip6.h"
#include "lwip/inet_chksum.h"
#include "lwip/ip.h"
#include "lwip/nd6.h"
#include "lwip/prot/ethernet.h"
#include "lwip/stats.h"

#include <string.h>

#define HAVE_OUTPUT4 (LWIP_IPV4 && LWIP_ARP && LWIP_NETIF_USE_HINTS)
#define HAVE_OUTPUT6 (LWIP_IPV6 && LWIP_ETHERNET && LWIP_NETIF_USE_HINTS)

#define HEADERS4 (SIZEOF_ETH_HDR + IP_HLEN)
#define HEADERS6 (SIZEOF_ETH_HDR + IP6_HLEN)

LWIP_TLS struct tcp_pcb *tcp_direct_pcb;

/**
 * Finds the connection with the ends in ip_data and in the TCP header at tcphdr.
 * It would have ended with its local address, so that this need not be looked for.
 */
static struct tcp_pcb *
find_established(const struct tcp_hdr *tcphdr, const struct netif *inp)
{
  struct tcp_pcb *pcb = tcp_demux_find(ip_current_dest_addr(), lwip_ntohs(tcphdr->dest),
                                       ip_current_src_addr(), lwip_ntohs(tcphdr->src));

  if ((pcb == NULL) || (pcb->state < ESTABLISHED) ||
      ((pcb->netif_idx != NETIF_NO_INDEX) && (pcb->netif_idx != netif_get_index(inp))) ||
      !tcp_route_is(pcb, tcp_route_find(pcb))) {
    return NULL;
  }
  return pcb;
}

/** Hands over a segment of len bytes behind its other headers. */
static void
hand_over(struct pbuf *p, struct netif *inp, struct tcp_pcb *pcb, u16_t headers_len, u16_t len)
{
  if (p->if_idx == NETIF_NO_INDEX) {
    p->if_idx = netif_get_index(inp);
  }
  pbuf_remove_header(p, headers_len);
  if (p->tot_len > len) {
    pbuf_realloc(p, len);
  }
  ip_data.current_netif = inp;
  ip_data.current_input_netif = inp;
  ip_data.current_ip_header_tot_len = (u16_t)(headers_len - SIZEOF_ETH_HDR);
  tcp_direct_pcb = pcb;
  tcp_input(p, inp);
  tcp_direct_pcb = NULL;
  ip_data.current_netif = NULL;
  ip_data.current_input_netif = NULL;
  ip_data.current_ip_header_tot_len = 0;
}

#if LWIP_IPV4
static int
input4(struct pbuf *p, struct netif *inp)
{
  const struct ip_hdr *iphdr = (const struct ip_hdr *)((const u8_t *)p->payload + SIZEOF_ETH_HDR);
  struct tcp_pcb *pcb;
  u16_t len;

  if ((p->len < HEADERS4 + TCP_HLEN) || (iphdr->_v_hl != 0x45) || (IPH_PROTO(iphdr) != IP_PROTO_TCP) ||
      ((IPH_OFFSET(iphdr) & PP_HTONS(IP_OFFMASK | IP_MF)) != 0)) {
    return 0;
  }
  len = lwip_ntohs(IPH_LEN(iphdr));
  if ((len < IP_HLEN + TCP_HLEN) || (len > p->tot_len - SIZEOF_ETH_HDR)) {
    return 0;
  }
  ip_addr_copy_from_ip4(ip_data.current_iphdr_dest, iphdr->dest);
  ip_addr_copy_from_ip4(ip_data.current_iphdr_src, iphdr->src);
  pcb = find_established((const struct tcp_hdr *)(iphdr + 1), inp);
  if (pcb == NULL) {
    return 0;
  }
#if CHECKSUM_CHECK_IP
  if ((p->offload & PBUF_OFFLOAD_IP_CSUM) == 0) IF__NETIF_CHECKSUM_ENABLED(inp, NETIF_CHECKSUM_CHECK_IP) {
    if (inet_chksum(iphdr, IP_HLEN) != 0) {
      return 0;
    }
  }
#endif /* CHECKSUM_CHECK_IP */
  IP_STATS_INC(ip.recv);
  ip_data.current_ip4_header = iphdr;
  hand_over(p, inp, pcb, HEADERS4, (u16_t)(len - IP_HLEN));
  ip_data.current_ip4_header = NULL;
  return 1;
}
#endif /* LWIP_IPV4 */

#if LWIP_IPV6
static int
input6(struct pbuf *p, struct netif *inp)
{
  const struct ip6_hdr *ip6hdr = (const struct ip6_hdr *)((const u8_t *)p->payload + SIZEOF_ETH_HDR);
  struct tcp_pcb *pcb;
  u16_t len;

  if ((p->len < HEADERS6 + TCP_HLEN) || (IP6H_V(ip6hdr) != 6) || (IP6H_NEXTH(ip6hdr) != IP6_NEXTH_TCP)) {
    return 0;
  }
  len = IP6H_PLEN(ip6hdr);
  if ((len < TCP_HLEN) || (len > p->tot_len - HEADERS6)) {
    return 0;
  }
  ip_addr_copy_from_ip6_packed(ip_data.current_iphdr_dest, ip6hdr->dest);
  ip_addr_copy_from_ip6_packed(ip_data.current_iphdr_src, ip6hdr->src);
  ip6_addr_assign_zone(ip6_current_dest_addr(), IP6_UNKNOWN, inp);
  ip6_addr_assign_zone(ip6_current_src_addr(), IP6_UNICAST, inp);
  pcb = find_established((const struct tcp_hdr *)(ip6hdr + 1), inp);
  if (pcb == NULL) {
    return 0;
  }
  IP6_STATS_INC(ip6.recv);
  ip_data.current_ip6_header = (struct ip6_hdr *)ip6hdr;
  hand_over(p, inp, pcb, HEADERS6, len);
  ip_data.current_ip6_header = NULL;
  return 1;
}
#endif /* LWIP_IPV6 */

/**
 * Takes a segment of an established connection, for a driver to try before
 * ethernet_input().
 *
 * @return 0 if p is not one, or has to go the long way: nothing has been done
 *         with it
 */
int
tcp_direct_input(struct pbuf *p, struct netif *inp)
{
  const struct eth_hdr *ethhdr = (const struct eth_hdr *)p->payload;

  if ((p->len < SIZEOF_ETH_HDR) || !netif_is_up(inp) ||
      (memcmp(&ethhdr->dest, inp->hwaddr, ETH_HWADDR_LEN) != 0)) {
    return 0;
  }
  switch (ethhdr->type) {
#if LWIP_IPV4
    case PP_HTONS(ETHTYPE_IP):
      return input4(p, inp);
#endif /* LWIP_IPV4 */
#if LWIP_IPV6
    case PP_HTONS(ETHTYPE_IPV6):
      return input6(p, inp);
#endif /* LWIP_IPV6 */
    default:
      return 0;
  }
}

#if HAVE_OUTPUT4 || HAVE_OUTPUT6
/** Puts room for the headers in front of a segment and writes the one of Ethernet, behind which the other one goes. */
static void *
add_headers(struct pbuf *p, u16_t headers_len, const void *to, const struct netif *netif, u16_t type)
{
  struct eth_hdr *ethhdr;

  if (pbuf_add_header(p, headers_len)) {
    return NULL;
  }
  ethhdr = (struct eth_hdr *)p->payload;
  SMEMCPY(&ethhdr->dest, to, ETH_HWADDR_LEN);
  SMEMCPY(&ethhdr->src, netif->hwaddr, ETH_HWADDR_LEN);
  ethhdr->type = type;
  return ethhdr + 1;
}
#endif /* HAVE_OUTPUT4 || HAVE_OUTPUT6 */

#if HAVE_OUTPUT4
/** Writes the header of IPv4. RFC 6864: what is not to be fragmented needs no identification. */
static void
write_ip4(struct ip_hdr *iphdr, const struct tcp_pcb *pcb, u8_t tos, u16_t len, const struct netif *netif)
{
  IPH_VHL_SET(iphdr, 4, IP_HLEN / 4);
  IPH_TOS_SET(iphdr, tos);
  IPH_LEN_SET(iphdr, lwip_htons(len));
  IPH_ID_SET(iphdr, 0);
  IPH_OFFSET_SET(iphdr, PP_HTONS(IP_DF));
  IPH_TTL_SET(iphdr, pcb->ttl);
  IPH_PROTO_SET(iphdr, IP_PROTO_TCP);
  IPH_CHKSUM_SET(iphdr, 0);
  ip4_addr_copy(iphdr->src, *ip_2_ip4(&pcb->local_ip));
  ip4_addr_copy(iphdr->dest, *ip_2_ip4(&pcb->remote_ip));
#if CHECKSUM_GEN_IP
  IF__NETIF_CHECKSUM_ENABLED(netif, NETIF_CHECKSUM_GEN_IP) {
    IPH_CHKSUM_SET(iphdr, inet_chksum(iphdr, IP_HLEN));
  }
#endif /* CHECKSUM_GEN_IP */
}

static int
output4(struct pbuf *p, const struct tcp_pcb *pcb, u8_t tos, struct netif *netif, err_t *err)
{
  const ip4_addr_t *next_hop = ip_2_ip4(&pcb->remote_ip);
  const struct eth_addr *to;
  struct ip_hdr *iphdr;
  u16_t len = (u16_t)(p->tot_len + IP_HLEN);

  if (!pcb->netif_hints.dont_fragment || (netif->output != etharp_output) || (len > netif->mtu)) {
    return 0;
  }
  if (!ip4_addr_netcmp(next_hop, netif_ip4_addr(netif), netif_ip4_netmask(netif))) {
    next_hop = netif_ip4_gw(netif);
  }
  to = etharp_find_hinted(netif, pcb->netif_hints.addr_hint, next_hop);
  if (to == NULL) {
    return 0;
  }
  iphdr = (struct ip_hdr *)add_headers(p, HEADERS4, to, netif, PP_HTONS(ETHTYPE_IP));
  if (iphdr == NULL) {
    return 0;
  }
  write_ip4(iphdr, pcb, tos, len, netif);
  IP_STATS_INC(ip.xmit);
  *err = netif->linkoutput(netif, p);
  return 1;
}
#endif /* HAVE_OUTPUT4 */

#if HAVE_OUTPUT6
static int
output6(struct pbuf *p, const struct tcp_pcb *pcb, u8_t tos, struct netif *netif, err_t *err)
{
  u16_t len = p->tot_len, mtu = 0;
  struct ip6_hdr *ip6hdr;
  const u8_t *to;

  if (netif->output_ip6 != ethip6_output) {
    return 0;
  }
  to = nd6_find_hinted(netif, pcb->netif_hints.addr_hint, ip_2_ip6(&pcb->remote_ip), &mtu);
  /* the netif cuts a large one */
  if ((to == NULL) || ((p->segment_len == 0) && (len + IP6_HLEN > mtu))) {
    return 0;
  }
  ip6hdr = (struct ip6_hdr *)add_headers(p, HEADERS6, to, netif, PP_HTONS(ETHTYPE_IPV6));
  if (ip6hdr == NULL) {
    return 0;
  }
  IP6H_VTCFL_SET(ip6hdr, 6, tos, 0);
  IP6H_PLEN_SET(ip6hdr, len);
  IP6H_NEXTH_SET(ip6hdr, IP6_NEXTH_TCP);
  IP6H_HOPLIM_SET(ip6hdr, pcb->ttl);
  ip6_addr_copy_to_packed(ip6hdr->src, *ip_2_ip6(&pcb->local_ip));
  ip6_addr_copy_to_packed(ip6hdr->dest, *ip_2_ip6(&pcb->remote_ip));
  IP6_STATS_INC(ip6.xmit);
  *err = netif->linkoutput(netif, p);
  return 1;
}
#endif /* HAVE_OUTPUT6 */

/**
 * Sends a finished segment to a neighbour whose link-layer address pcb has a
 * hint for.
 *
 * @return 0 if it has to go the long way: nothing has been done with p
 */
int
tcp_direct_output(struct pbuf *p, const struct tcp_pcb *pcb, u8_t tos, struct netif *netif, err_t *err)
{
  if (!tcp_route_is(pcb, netif)) {
    return 0;
  }
#if HAVE_OUTPUT6
  if (IP_IS_V6_VAL(pcb->remote_ip)) {
    return output6(p, pcb, tos, netif, err);
  }
#endif /* HAVE_OUTPUT6 */
#if HAVE_OUTPUT4
  if (IP_IS_V4_VAL(pcb->remote_ip)) {
    return output4(p, pcb, tos, netif, err);
  }
#endif /* HAVE_OUTPUT4 */
  return 0;
}

#endif /* LWIP_TCP */
