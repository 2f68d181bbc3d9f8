/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* from the device to the stack */
#include "dpdk-stack-private.h"

#include "dpdk-port-private.h"

#include <lwip/ip.h>
#include <lwip/priv/tcp_direct.h>
#include <lwip/prot/etharp.h>
#include <lwip/prot/ethernet.h>
#include <lwip/prot/icmp6.h>
#include <lwip/prot/ip.h>
#include <lwip/prot/ip4.h>
#include <lwip/prot/ip6.h>
#include <lwip/prot/nd6.h>
#include <string.h>

/* packets that the other side can begin with while we make the next; after a full burst it is us who are
   late, and then large bursts are the cheaper ones */
#define FEW_UNSENT 8
/* packets whose buffers are on their way to the cache while one is handled */
#define N_AHEAD 3u

static DpdkStackNetif *
find_netif_v4 (DpdkStackInterface *self, const guint8 *address)
{
  for (guint i = 0; i < self->netifs->len; i++)
    {
      DpdkStackNetif *netif = g_ptr_array_index (self->netifs, i);

      if (memcmp (&netif_ip4_addr (&netif->netif)->addr, address, 4) == 0)
        return netif;
    }
  return g_ptr_array_index (self->netifs, 0);
}

static DpdkStackNetif *
find_netif_v6 (DpdkStackInterface *self, const guint8 *address)
{
  for (guint i = 0; i < self->netifs->len; i++)
    {
      DpdkStackNetif *netif = g_ptr_array_index (self->netifs, i);

      for (guint slot = 0; slot < LWIP_IPV6_NUM_ADDRESSES; slot++)
        if (!ip6_addr_isinvalid (netif_ip6_addr_state (&netif->netif, slot)) &&
            memcmp (netif_ip6_addr (&netif->netif, slot)->addr, address, 16) == 0)
          return netif;
    }
  return g_ptr_array_index (self->netifs, 0);
}

/* lwIP answers for the addresses of the netif that a packet comes in by */
static DpdkStackNetif *
choose_netif (DpdkStackInterface *self, const struct rte_mbuf *mbuf)
{
  const guint8 *frame = rte_pktmbuf_mtod (mbuf, const guint8 *);
  guint length = rte_pktmbuf_data_len (mbuf);
  guint16 type;

  if (self->netifs->len == 1 || length < SIZEOF_ETH_HDR)
    return g_ptr_array_index (self->netifs, 0);
  type = lwip_ntohs (((const struct eth_hdr *) frame)->type);
  frame += SIZEOF_ETH_HDR;
  length -= SIZEOF_ETH_HDR;
  if (type == ETHTYPE_ARP && length >= SIZEOF_ETHARP_HDR)
    return find_netif_v4 (self, frame + G_STRUCT_OFFSET (struct etharp_hdr, dipaddr));
  if (type == ETHTYPE_IP && length >= IP_HLEN)
    return find_netif_v4 (self, frame + G_STRUCT_OFFSET (struct ip_hdr, dest));
  if (type == ETHTYPE_IPV6 && dpdk_stack_is_neighbour_discovery (frame, length) &&
      frame[IP6_HLEN] == ICMP6_TYPE_NS && length >= IP6_HLEN + sizeof (struct ns_header))
    return find_netif_v6 (self,
                          frame + IP6_HLEN + G_STRUCT_OFFSET (struct ns_header, target_address));
  if (type == ETHTYPE_IPV6 && length >= IP6_HLEN)
    return find_netif_v6 (self, frame + G_STRUCT_OFFSET (struct ip6_hdr, dest));
  return g_ptr_array_index (self->netifs, 0);
}

void
dpdk_stack_interface_input (DpdkStackInterface *self, struct rte_mbuf *mbuf)
{
  DpdkStackNetif *netif;
  DpdkStackFrame frame;
  guint8 offload = 0;
  struct pbuf *p;

  if (G_UNLIKELY (rte_pktmbuf_pkt_len (mbuf) > G_MAXUINT16))
    {
      self->stack->statistics.rx_dropped++;
      rte_pktmbuf_free (mbuf);
      return;
    }
  if ((mbuf->ol_flags & DPDK_STACK_RX_VERIFIED) != 0 &&
      dpdk_stack_frame_parse (&frame, rte_pktmbuf_mtod (mbuf, const guint8 *),
                              rte_pktmbuf_data_len (mbuf)))
    {
      offload = dpdk_stack_packet_get_verified (mbuf);
      if ((offload & PBUF_OFFLOAD_L4_CSUM) != 0)
        dpdk_stack_count (&self->stack->rx_checksums);
    }
  if ((mbuf->ol_flags & RTE_MBUF_F_RX_LRO) != 0)
    offload |= PBUF_OFFLOAD_MERGED;
  netif = choose_netif (self, mbuf);
  p = dpdk_stack_packet_wrap (self->stack, mbuf);
  p->offload = offload;
  if (!tcp_direct_input (p, &netif->netif) && netif->netif.input (p, &netif->netif) != ERR_OK)
    pbuf_free (p);
}

/* what another worker has found to be ours: an IP packet without a link header */
void
dpdk_stack_interface_input_datagram (DpdkStackInterface *self, struct rte_mbuf *mbuf)
{
  DpdkStackNetif *netif = g_ptr_array_index (self->netifs, 0);
  struct pbuf *p = dpdk_stack_packet_wrap (self->stack, mbuf);

  /* it was checked there, and may have come from there */
  p->flags |= PBUF_FLAG_LOOPED;
  if (ip_input (p, &netif->netif) != ERR_OK)
    pbuf_free (p);
}

/* Another processor has written all of it just now. Headers and a small message are in two lines, which
   nearly always begin behind the headroom: asking there need not wait for the header of the buffer. */
static void
prefetch_data (DpdkStackInterface *self, struct rte_mbuf *const *packets, guint n_packets)
{
  for (guint i = 0; i < n_packets; i++)
    {
      const char *data = (const char *) packets[i] + self->data_offset;

      rte_prefetch0 (packets[i]);
      rte_prefetch0 (data);
      rte_prefetch0 (data + RTE_CACHE_LINE_SIZE);
    }
}

/* what the stack will write to for the packet and for an answer to it. Where the other side is in this
   machine its processor has had the buffers of both. */
static inline void
prefetch_buffers (DpdkStackInterface *self, struct rte_mbuf *packet)
{
  const struct rte_mempool_cache *unused = self->unused;
  char *answer;

  rte_prefetch0_write (packet + 1);
  if (unused == NULL || unused->len <= N_AHEAD)
    return;
  answer = unused->objs[unused->len - 1 - N_AHEAD];
  rte_prefetch0_write (answer);
  rte_prefetch0_write (answer + self->data_offset);
  rte_prefetch0_write (answer + self->data_offset + RTE_CACHE_LINE_SIZE);
}

guint
dpdk_stack_interface_receive (DpdkStackInterface *self)
{
  struct rte_mbuf *burst[DPDK_STACK_BURST];
  guint16 n = dpdk_port_rx_burst_uncounted (self->port, self->queue, (DpdkPacket **) burst,
                                            DPDK_STACK_BURST);
  DpdkStackLookahead lookahead;
  guint n_ours = 0;

  if (n == 0)
    return 0;
  prefetch_data (self, burst, n);
  for (guint16 i = 0; i < n; i++)
    {
      struct rte_mbuf *mbuf = burst[i];

      if ((self->offloads & DPDK_STACK_OFFLOAD_RX_CHECKSUM) == 0)
        dpdk_stack_packet_forget_verified (mbuf);
      if (self->stack->peers.n_workers == 1 || !dpdk_stack_interface_steer (self, mbuf))
        burst[n_ours++] = mbuf;
    }
  if (n_ours > 1 && (self->offloads & DPDK_STACK_OFFLOAD_GRO) != 0)
    n_ours = dpdk_stack_gro (self->stack, burst, n_ours);
  dpdk_stack_lookahead_begin (&lookahead, self->stack, burst, n_ours);
  for (guint i = 0; i < MIN (N_AHEAD, n_ours); i++)
    prefetch_buffers (self, burst[i]);
  for (guint i = 0; i < n_ours; i++)
    {
      if (i + N_AHEAD < n_ours)
        prefetch_buffers (self, burst[i + N_AHEAD]);
      if (lookahead.n > 0)
        dpdk_stack_lookahead_step (&lookahead, i + DPDK_STACK_LOOKAHEAD);
      dpdk_stack_interface_input (self, burst[i]);
      if (n < DPDK_STACK_BURST && self->n_unsent >= FEW_UNSENT)
        dpdk_stack_interface_flush (self);
    }
  return n;
}
