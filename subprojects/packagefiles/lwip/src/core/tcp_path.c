/* SPDX-License-Identifier: BSD-3-Clause */

#include "lwip/opt.h"

#if LWIP_TCP

#include "lwip/priv/tcp_path.h"
#include "lwip/priv/tcp_recovery.h"
#include "lwip/ip6.h"
#include "lwip/stats.h"

/** Whether routers may fragment the packets of a connection. */
static void
set_dont_fragment(struct tcp_pcb *pcb, u8_t value)
{
#if LWIP_NETIF_USE_HINTS
  pcb->netif_hints.dont_fragment = value;
#else /* LWIP_NETIF_USE_HINTS */
  LWIP_UNUSED_ARG(pcb);
  LWIP_UNUSED_ARG(value);
#endif /* LWIP_NETIF_USE_HINTS */
}

static u16_t
headers(const struct tcp_pcb *pcb)
{
  return IP_IS_V6_VAL(pcb->remote_ip) ? IP6_HLEN + TCP_HLEN : IP_HLEN + TCP_HLEN;
}

/** What a segment may have of data. */
static u16_t
room(const struct tcp_pcb *pcb, const struct tcp_seg *seg)
{
  return (u16_t)(pcb->mss - LWIP_TCP_OPT_LENGTH(seg->flags));
}

/** The path takes no larger segments: what is in flight and larger does not arrive. */
static void
shrink(struct tcp_pcb *pcb, u16_t mss)
{
  struct tcp_seg *seg, *next;

  if (tcp_tx_need(pcb) != ERR_OK) {
    return;
  }
  if (pcb->tx->path_mss == 0) {
    pcb->tx->path_mss = pcb->mss;
  }
  pcb->tx->path_time = sys_now();
  pcb->mss = mss;
  for (seg = pcb->tx->flight; seg != NULL; seg = next) {
    next = seg->tx_next;
    if (seg->len > room(pcb, seg)) {
      tcp_seg_lost(pcb, seg);
    }
  }
  TCP_EVENT(path_mtu);
}

/** @return 0 if that cannot be */
static int
too_big(struct tcp_pcb *pcb, u32_t packet_len, u32_t mtu)
{
  /* a router that is older than RFC 1191 does not tell */
  int is_small = !IP_IS_V6_VAL(pcb->remote_ip) && (mtu < TCP_PATH_MTU_MIN);

  if (is_small) {
    mtu = TCP_PATH_MTU_MIN;
  }
  if ((mtu < (IP_IS_V6_VAL(pcb->remote_ip) ? IP6_MIN_MTU_LENGTH : TCP_PATH_MTU_MIN)) || (mtu >= packet_len)) {
    return 0;
  }
  if (mtu - headers(pcb) < pcb->mss) {
    shrink(pcb, (u16_t)(mtu - headers(pcb)));
    /* it is no sign of congestion: neither the window nor the timeout change */
    tcp_output(pcb);
  }
  if (is_small) {
    set_dont_fragment(pcb, 0);
  }
  return 1;
}

/**
 * An ICMP error about a segment that this host is said to have sent.
 *
 * @param local_ip its source
 * @param remote_ip its destination
 * @param quote the first TCP_PATH_QUOTE bytes of the TCP header
 * @param packet_len the length of the quoted packet, with its IP header
 * @param error what is wrong
 * @param mtu what the next link takes, for TCP_PATH_TOO_BIG
 * @return 0 if it does not belong to anything that is in flight, or cannot be true
 */
int
tcp_path_input(const ip_addr_t *local_ip, const ip_addr_t *remote_ip, const u8_t *quote,
               u32_t packet_len, enum tcp_path_error error, u32_t mtu)
{
  u16_t local_port = (u16_t)((quote[0] << 8) | quote[1]);
  u16_t remote_port = (u16_t)((quote[2] << 8) | quote[3]);
  u32_t seqno = ((u32_t)quote[4] << 24) | ((u32_t)quote[5] << 16) | ((u32_t)quote[6] << 8) | quote[7];
  struct tcp_pcb *pcb = tcp_demux_find(local_ip, local_port, remote_ip, remote_port);

  if ((pcb == NULL) || (pcb->state == TIME_WAIT) ||
      !TCP_SEQ_BETWEEN(seqno, pcb->lastack, pcb->snd_nxt - 1) ||
      ((error == TCP_PATH_TOO_BIG) && !too_big(pcb, packet_len, mtu))) {
    TCP_EVENT(icmp_ignored);
    return 0;
  }
  /* RFC 5927 section 5.2: once there is a connection, no such message ends it */
  if ((pcb->state == SYN_SENT) && ((error == TCP_PATH_REFUSED) || (error == TCP_PATH_PROHIBITED))) {
    err_t err = (error == TCP_PATH_REFUSED) ? ERR_RST : ERR_RTE;
    TCP_EVENT_ERR(pcb->state, pcb->callbacks->errf, pcb->callback_arg, err);
    tcp_pcb_remove(&tcp_active_pcbs, pcb);
    tcp_free(pcb);
  }
  return 1;
}

/** The retransmission timer of a connection has expired. */
void
tcp_path_timeout(struct tcp_pcb *pcb)
{
  /* what every host has to accept */
  u16_t mss = (u16_t)((IP_IS_V6_VAL(pcb->remote_ip) ? IP6_MIN_MTU_LENGTH : 576U) - headers(pcb));

  if ((pcb->nrtx == TCP_PATH_BLACK_HOLE) && (pcb->state >= ESTABLISHED) && (pcb->mss > mss) &&
      (pcb->tx->unacked != NULL) && (pcb->tx->unacked->len > mss)) {
    shrink(pcb, mss);
    set_dont_fragment(pcb, 0);
  }
}

/** Cuts a segment, the first that is lost or unsent, to what the path takes. */
void
tcp_path_shorten(struct tcp_pcb *pcb, struct tcp_seg *seg)
{
  if ((u32_t)(sys_now() - pcb->tx->path_time) > TCP_PATH_AGE) {
    pcb->mss = pcb->tx->path_mss;
    pcb->tx->path_mss = 0;
    set_dont_fragment(pcb, 1);
    return;
  }
  if (seg->len <= room(pcb, seg)) {
    return;
  }
  if (pcb->tx->snd_queuelen >= TCP_SNDQUEUELEN_OVERFLOW) {
    set_dont_fragment(pcb, 0);
  } else if (seg == pcb->tx->unsent) {
    /* without memory it is sent as it is, and lost */
    tcp_split_unsent_seg(pcb, room(pcb, seg));
  } else {
    tcp_split_lost_seg(pcb, seg, room(pcb, seg));
  }
}

#endif /* LWIP_TCP */
