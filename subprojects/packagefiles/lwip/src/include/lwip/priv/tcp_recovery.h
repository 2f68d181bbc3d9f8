/* SPDX-License-Identifier: BSD-3-Clause */

/* Loss recovery of the sender: round-trip times in milliseconds (RFC 6298),
 * loss detection by time and tail loss probes (RACK-TLP, RFC 8985) where the
 * peer sends SACKs, else NewReno (RFC 6582), proportional rate reduction
 * (RFC 6937).
 *
 * A segment that was sent stays on pcb->tx->unacked, in the order of the stream,
 * until it is acknowledged. At the same time it is on pcb->tx->flight, or on
 * pcb->tx->lost, or on neither when it is SACKed. */

#ifndef LWIP_HDR_TCP_RECOVERY_H
#define LWIP_HDR_TCP_RECOVERY_H

#include "lwip/opt.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/sys.h"

#ifdef __cplusplus
extern "C" {
#endif

/* bounds of the retransmission timeout, ms */
#ifndef TCP_RTO_MIN
#define TCP_RTO_MIN 200
#endif
#ifndef TCP_RTO_MAX
#define TCP_RTO_MAX 60000
#endif

/* RFC 8985 section 7.2: how long the peer may hold back the ACK of one segment, ms */
#ifndef TCP_TLP_MAX_ACK_DELAY
#define TCP_TLP_MAX_ACK_DELAY 200
#endif
/* what RFC 9293 section 3.8.6.3 allows, for a connection whose shortest timeout leaves time for it */
#define TCP_MAX_ACK_DELAY 500

/* the congestion window of a new connection, RFC 5681 */
#ifndef LWIP_TCP_CALC_INITIAL_CWND
#define LWIP_TCP_CALC_INITIAL_CWND(mss) ((tcpwnd_size_t)LWIP_MIN((4U * (mss)), LWIP_MAX((2U * (mss)), 4380U)))
#endif

#ifndef TF_SACK
#define TF_SACK 0
#endif

/* a window that is beyond any buffer */
#define TCP_CWND_MAX LWIP_MIN(0x3fffffffU, TCPWND_MAX)

/* RFC 6298 section 5.7, in milliseconds */
#define TCP_RTO_SYN_LOST 3000

/* values of tcp_pcb.probe_timer */
#define TCP_PROBE_NONE 0
#define TCP_PROBE_REO  1 /* segments may be lost when they have not arrived until then */
#define TCP_PROBE_TLP  2 /* tail loss probe */

/* tcp_pcb.rack_flags */
#define TCP_RACK_VALID     0x01U /* rack_num and rack_rtt are of this flight */
#define TCP_RACK_FACK      0x02U /* rack_fack is valid */
#define TCP_RACK_REORDERED 0x04U /* this path has reordered segments */
#define TCP_TLP_SENT       0x08U /* a probe is out, tlp_end is valid */
#define TCP_TLP_REXMIT     0x10U /* which was a retransmission */
#define TCP_ACTIVE_OPEN    0x20U /* in SYN-RECEIVED: by us, not by a listener */

/** The retransmission timeout, backed off by shift, in ticks of TCP_SLOW_INTERVAL. */
static inline s16_t
tcp_rto_ticks(const struct tcp_pcb *pcb, u8_t shift)
{
  u32_t ms = (u32_t)(pcb->sa >> 3) + (u32_t)pcb->sv;

  ms = LWIP_MIN(LWIP_MAX(ms, pcb->params->rto_min), TCP_RTO_MAX);
  ms = LWIP_MIN(ms << shift, TCP_RTO_MAX);
  return (s16_t)LWIP_MIN(ms / TCP_SLOW_INTERVAL + 1, 0x7fff);
}

/** The estimate of what is in the network, in bytes. */
static inline u32_t
tcp_pipe(const struct tcp_pcb *pcb)
{
  if (pcb->flags & TF_SACK) {
    return pcb->tx->in_flight;
  }
  /* every duplicate ACK stands for a segment that has arrived */
  return (pcb->tx->in_flight > pcb->tx->sacked) ? pcb->tx->in_flight - pcb->tx->sacked : 0;
}

/** Whether the congestion window has room for len bytes. */
static inline int
tcp_cwnd_has_room(const struct tcp_pcb *pcb, u32_t len)
{
  return tcp_pipe(pcb) + len <= pcb->cwnd;
}

static inline u32_t
tcp_seg_start(const struct tcp_seg *seg)
{
  return lwip_ntohl(seg->tcphdr->seqno);
}

static inline u32_t
tcp_seg_end(const struct tcp_seg *seg)
{
  return tcp_seg_start(seg) + TCP_TCPLEN(seg);
}

/* tcp_tx.c: what pcb->tx points to when there is nothing to know; nobody writes to it */
extern const struct tcp_tx tcp_tx_none;

err_t tcp_tx_make(struct tcp_pcb *pcb);
void tcp_tx_begin(struct tcp_pcb *pcb);
void tcp_tx_drop_if_default(struct tcp_pcb *pcb);
void tcp_tx_free(struct tcp_pcb *pcb);

static inline int
tcp_tx_is_none(const struct tcp_pcb *pcb)
{
  return pcb->tx == &tcp_tx_none;
}

/** Before something is queued. */
static inline err_t
tcp_tx_need(struct tcp_pcb *pcb)
{
  if (tcp_tx_is_none(pcb)) {
    return tcp_tx_make(pcb);
  }
  if ((pcb->tx->unsent == NULL) && (pcb->tx->unacked == NULL)) {
    pcb->tx->progress_tick = tcp_ticks;
  }
  return ERR_OK;
}

/** After something may have been acknowledged. */
static inline void
tcp_tx_settle(struct tcp_pcb *pcb)
{
  if (!tcp_tx_is_none(pcb) && (pcb->tx->unacked == NULL) && (pcb->tx->unsent == NULL)) {
    tcp_tx_drop_if_default(pcb);
  }
}

/* tcp_scoreboard.c: which segment is where */
void tcp_seg_lost(struct tcp_pcb *pcb, struct tcp_seg *seg);
void tcp_all_lost(struct tcp_pcb *pcb);
void tcp_lost_split(struct tcp_pcb *pcb, struct tcp_seg *seg);
u32_t tcp_sack_block(struct tcp_pcb *pcb, u32_t left, u32_t right, u32_t now);
void tcp_sent_index_append(struct tcp_pcb *pcb, struct tcp_seg *seg);
void tcp_sent_index_acked(struct tcp_pcb *pcb);
void tcp_scoreboard_free(struct tcp_pcb *pcb);

static inline void
tcp_tx_append(struct tcp_seg **head, struct tcp_seg **tail, struct tcp_seg *seg)
{
  seg->tx_next = NULL;
  seg->tx_prev = (*head != NULL) ? *tail : NULL;
  if (seg->tx_prev != NULL) {
    seg->tx_prev->tx_next = seg;
  } else {
    *head = seg;
  }
  *tail = seg;
}

static inline void
tcp_tx_remove(struct tcp_seg **head, struct tcp_seg **tail, struct tcp_seg *seg)
{
  if (seg->tx_next != NULL) {
    seg->tx_next->tx_prev = seg->tx_prev;
  } else {
    *tail = seg->tx_prev;
  }
  if (seg->tx_prev != NULL) {
    seg->tx_prev->tx_next = seg->tx_next;
  } else {
    *head = seg->tx_next;
  }
  seg->tx_next = NULL;
  seg->tx_prev = NULL;
}

/** A segment of pcb->tx->unacked was sent, for the first time or after tcp_flight_remove(). */
static inline void
tcp_flight_add(struct tcp_pcb *pcb, struct tcp_seg *seg, u32_t now)
{
  if (pcb->tx->flight == NULL) {
    /* what is known of an older flight says nothing about this one */
    pcb->tx->rack_flags &= (u8_t)~TCP_RACK_VALID;
  }
  seg->sent = now;
  seg->xmit_num = ++pcb->tx->xmit_num;
  tcp_tx_append(&pcb->tx->flight, &pcb->tx->last_flight, seg);
  pcb->tx->in_flight += seg->len;
}

/** A segment is delivered, or is to be sent again: takes it off the flight or the lost ones. */
static inline void
tcp_flight_remove(struct tcp_pcb *pcb, struct tcp_seg *seg)
{
  if (seg->flags & TF_SEG_SACKED) {
    return;
  }
  if (seg->flags & TF_SEG_LOST) {
    tcp_tx_remove(&pcb->tx->lost, &pcb->tx->last_lost, seg);
    seg->flags &= (u8_t)~TF_SEG_LOST;
  } else {
    tcp_tx_remove(&pcb->tx->flight, &pcb->tx->last_flight, seg);
    pcb->tx->in_flight -= seg->len;
  }
}

/** A segment was put at the end of pcb->tx->unacked. */
static inline void
tcp_sent_append(struct tcp_pcb *pcb, struct tcp_seg *seg)
{
  if (pcb->tx->sent_index != NULL) {
    tcp_sent_index_append(pcb, seg);
  }
}

/** The first segment of pcb->tx->unacked is about to be freed. */
static inline void
tcp_sent_acked(struct tcp_pcb *pcb, struct tcp_seg *seg)
{
  if (seg->flags & TF_SEG_SACKED) {
    pcb->tx->sacked -= seg->len;
    pcb->tx->sacked_segs--;
  } else {
    tcp_flight_remove(pcb, seg);
  }
  if (pcb->tx->sent_index != NULL) {
    tcp_sent_index_acked(pcb);
  }
}

/* tcp_rack.c: when it is lost */
void tcp_rack_delivered(struct tcp_pcb *pcb, const struct tcp_seg *seg, u32_t now);
void tcp_rack_dsack(struct tcp_pcb *pcb);
void tcp_rack_recovered(struct tcp_pcb *pcb);
void tcp_rack_detect(struct tcp_pcb *pcb, u32_t now);
void tcp_tlp_schedule(struct tcp_pcb *pcb, u32_t now);
void tcp_tlp_ack(struct tcp_pcb *pcb, u32_t ack, int dup, int dsack);
void tcp_probe_tmr(struct tcp_pcb *pcb, u32_t now);

/** Something was sent or acknowledged on a SACK connection: when is a probe due. */
static inline void
tcp_tlp_arm(struct tcp_pcb *pcb, u32_t now)
{
  if (pcb->tx->flight != NULL) {
    tcp_tlp_schedule(pcb, now);
  } else if (!tcp_tx_is_none(pcb)) {
    pcb->tx->probe_timer = TCP_PROBE_NONE;
  }
}

/* tcp_recovery.c: and what follows from that */
void tcp_rtt_sample(struct tcp_pcb *pcb, u32_t ms);
void tcp_ack_begin(struct tcp_pcb *pcb);
void tcp_ack_timestamp(u32_t sent);
void tcp_ack_congested(void);
void tcp_sack_option(struct tcp_pcb *pcb, u32_t left, u32_t right, u32_t ack, int first);
void tcp_ack_segment(struct tcp_pcb *pcb, struct tcp_seg *seg);
void tcp_ack_end(struct tcp_pcb *pcb, u32_t acked, u32_t ack, int dup);
void tcp_loss_enter(struct tcp_pcb *pcb);
void tcp_rto_loss(struct tcp_pcb *pcb);
void tcp_recovery_fini(void);

#ifdef __cplusplus
}
#endif

#endif /* LWIP_HDR_TCP_RECOVERY_H */
