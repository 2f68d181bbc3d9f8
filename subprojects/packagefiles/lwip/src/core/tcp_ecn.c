/* SPDX-License-Identifier: BSD-3-Clause */

#include "lwip/opt.h"

#if LWIP_TCP

#include "lwip/priv/tcp_ecn.h"
#include "lwip/priv/tcp_recovery.h"
#include "lwip/tcp_cc.h"
#include "lwip/ip.h"
#include "lwip/stats.h"

/** The bits of the packet that is being received. */
static u8_t
current_bits(void)
{
#if LWIP_IPV6
  if (ip_current_is_v6()) {
    return IP6H_TC(ip6_current_header()) & IP_ECN_MASK;
  }
#endif /* LWIP_IPV6 */
#if LWIP_IPV4
  return IPH_TOS(ip4_current_header()) & IP_ECN_MASK;
#endif /* LWIP_IPV4 */
}

static void
begin(struct tcp_pcb *pcb)
{
  if (!tcp_tx_is_none(pcb)) {
    pcb->tx->ecn_recover = pcb->snd_nxt;
  }
  tcp_set_flags(pcb, TF_ECN);
}

/** The peer opens a connection. A SYN that is marked itself has met something that marks all. */
void
tcp_ecn_syn_received(struct tcp_pcb *pcb, u8_t flags)
{
  if ((pcb->params->options & TCP_OPTION_ECN) &&
      ((flags & (TCP_ECE | TCP_CWR)) == (TCP_ECE | TCP_CWR)) && (current_bits() == 0)) {
    begin(pcb);
  }
}

/** The peer has accepted; with both flags it only has sent back what we have sent. */
void
tcp_ecn_syn_ack_received(struct tcp_pcb *pcb, u8_t flags)
{
  if ((pcb->params->options & TCP_OPTION_ECN) && ((flags & (TCP_ECE | TCP_CWR)) == TCP_ECE)) {
    begin(pcb);
  }
}

/** A segment that is in the window, with an ACK that can be. */
void
tcp_ecn_received(struct tcp_pcb *pcb, u8_t flags, u16_t tcplen, u32_t ackno)
{
  if (flags & TCP_CWR) {
    tcp_clear_flags(pcb, TF_ECN_ECHO);
  }
  if ((tcplen > 0) && (current_bits() == IP_ECN_CE)) {
    if (!(pcb->flags & TF_ECN_ECHO)) {
      tcp_set_flags(pcb, TF_ECN_ECHO);
      tcp_ack_now(pcb);
    }
    TCP_EVENT(ecn_marked);
  }
  if (flags & TCP_ECE) {
    tcp_ack_congested();
  }
  /* once for each window, and not for one that has been reduced because of a loss */
  if ((flags & TCP_ECE) && (pcb->tx->unacked != NULL) && TCP_SEQ_GT(ackno, pcb->tx->ecn_recover) &&
      !(pcb->flags & (TF_INFR | TF_RTO))) {
    tcp_cc_reduce(pcb);
    pcb->cwnd = LWIP_MIN(pcb->cwnd, pcb->ssthresh);
    tcp_ecn_reduced(pcb);
    TCP_EVENT(ecn_reduced);
  }
}

/** The window was reduced, for whatever reason: the peer hears of that with the next new data. */
void
tcp_ecn_reduced(struct tcp_pcb *pcb)
{
  if ((pcb->flags & TF_ECN) && !tcp_tx_is_none(pcb)) {
    pcb->tx->ecn_recover = pcb->snd_nxt;
    tcp_set_flags(pcb, TF_ECN_CWR);
  }
}

/**
 * Sets the flags of a segment that will be sent.
 *
 * @return the bits for the header of the packet: only new data may be marked
 */
u8_t
tcp_ecn_output(struct tcp_pcb *pcb, struct tcp_seg *seg)
{
  struct tcp_hdr *tcphdr = seg->tcphdr;
  const u8_t flags = TCPH_FLAGS(tcphdr);

  TCPH_UNSET_FLAG(tcphdr, TCP_ECE | TCP_CWR);
  if (flags & TCP_SYN) {
    if (flags & TCP_ACK) {
      if (pcb->flags & TF_ECN) {
        TCPH_SET_FLAG(tcphdr, TCP_ECE);
      }
    } else if ((pcb->params->options & TCP_OPTION_ECN) && (pcb->nrtx == 0)) {
      /* something on the way may drop such a SYN: the next ones are without, section 6.1.1.1 */
      TCPH_SET_FLAG(tcphdr, TCP_ECE | TCP_CWR);
    }
    return 0;
  }
  if (!(pcb->flags & TF_ECN)) {
    return 0;
  }
  if (pcb->flags & TF_ECN_ECHO) {
    TCPH_SET_FLAG(tcphdr, TCP_ECE);
  }
  if ((seg->len == 0) || TCP_SEQ_LT(tcp_seg_start(seg), pcb->snd_nxt)) {
    return 0;
  }
  if (pcb->flags & TF_ECN_CWR) {
    TCPH_SET_FLAG(tcphdr, TCP_CWR);
  }
  return IP_ECN_ECT0;
}

#endif /* LWIP_TCP */
