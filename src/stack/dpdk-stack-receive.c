/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* from the device to the stack */
#include "dpdk-stack-private.h"

#include "dpdk-port-private.h"

#include <lwip/ip.h>
#include <lwip/priv/tcp_direct.h>

/* packets that the other side can begin with while we make the next; after a full burst it is us who are
   late, and then large bursts are the cheaper ones */
#define FEW_UNSENT 8
/* packets whose buffers are on their way to the cache while one is handled */
#define N_AHEAD 3u

void
dpdk_stack_interface_input (DpdkStackInterface *self, struct rte_mbuf *mbuf)
{
  DpdkStackNetif *netif = g_ptr_array_index (self->netifs, 0);
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
  p = dpdk_stack_packet_wrap (self->stack, mbuf);
  p->offload = offload;
  if (tcp_direct_input (p, &netif->netif))
    return;
  netif = dpdk_stack_interface_choose_netif (self, mbuf);
  if (netif->netif.input (p, &netif->netif) != ERR_OK)
    pbuf_free (p);
}

/* what another worker has found to be ours: an IP packet without a link header */
void
dpdk_stack_interface_input_datagram (DpdkStackInterface *self, struct rte_mbuf *mbuf)
{
  DpdkStackNetif *netif = g_ptr_array_index (self->netifs, 0);
  struct pbuf *p = dpdk_stack_packet_wrap (self->stack, mbuf);

  /* it was checked and put together there, and may have come from there */
  p->flags |= PBUF_FLAG_LOOPED | PBUF_FLAG_REASSEMBLED;
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
  dpdk_stack_lookahead_begin (&lookahead, burst, n_ours);
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
