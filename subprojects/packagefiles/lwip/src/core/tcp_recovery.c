/* SPDX-License-Identifier: BSD-3-Clause */

#include "lwip/opt.h"

#if LWIP_TCP

#include "lwip/priv/tcp_ecn.h"
#include "lwip/priv/tcp_recovery.h"
#include "lwip/priv/thread_priv.h"
#include "lwip/tcp_cc.h"
#include "lwip/stats.h"

#include <string.h>

/* what the current segment acknowledges */
static LWIP_TLS struct {
  u32_t now;
  u32_t sacked;       /* bytes SACKed for the first time */
  u32_t unsacked;     /* bytes acknowledged that were SACKed before */
  u32_t prior_flight; /* bytes in the network before */
  u32_t rtt_sent;     /* when the last segment acknowledged was sent */
  u32_t ts_sent;      /* the same, by the timestamp */
  u8_t rtt_valid;     /* and that says how long that took */
  u8_t rexmit;        /* something acknowledged was sent more than once */
  u8_t ts_valid;
  u8_t dsack;
  u8_t congested;     /* it echoes a mark of congestion */
} current;

/** Updates the estimate of the round-trip time, RFC 6298 section 2. */
void
tcp_rtt_sample(struct tcp_pcb *pcb, u32_t ms)
{
  s32_t m = LWIP_MIN(LWIP_MAX((s32_t)ms, 1), (s32_t)TCP_RTO_MAX);

  if (pcb->sa == 0) {
    pcb->sa = m << 3;
    pcb->sv = m << 1;
  } else {
    m -= pcb->sa >> 3;
    pcb->sa += m;
    if (m < 0) {
      m = -m;
    }
    m -= pcb->sv >> 2;
    pcb->sv += m;
  }
  pcb->rto = tcp_rto_ticks(pcb, 0);
  /* once for each flight */
  pcb->tx->rtt_seq = pcb->snd_nxt;
}

/** A segment for a connection, before its options are looked at. */
void
tcp_ack_begin(struct tcp_pcb *pcb)
{
  memset(&current, 0, sizeof(current));
  if (pcb->tx->unacked != NULL) {
    current.now = sys_now();
    current.prior_flight = tcp_pipe(pcb);
  }
}

/** What the timestamp says about when the segment was sent that is acknowledged, in our time. */
void
tcp_ack_timestamp(u32_t sent)
{
  current.ts_sent = sent;
  current.ts_valid = 1;
}

/** It echoes a mark of congestion: the window does not grow (RFC 3168 section 6.1.2). */
void
tcp_ack_congested(void)
{
  current.congested = 1;
}

/**
 * One block of a SACK option.
 *
 * @param ack the acknowledgement number
 * @param first it is the first one, which may tell of a duplicate (RFC 2883)
 */
void
tcp_sack_option(struct tcp_pcb *pcb, u32_t left, u32_t right, u32_t ack, int first)
{
  if (!TCP_SEQ_LT(left, right) || TCP_SEQ_GT(right, pcb->snd_nxt)) {
    return;
  }
  if (TCP_SEQ_LEQ(right, ack)) {
    if (first && TCP_SEQ_GEQ(left, pcb->lastack - (u32_t)pcb->snd_wnd_max)) {
      current.dsack = 1;
      TCP_EVENT(duplicate);
      tcp_rack_dsack(pcb);
    }
    return;
  }
  if (TCP_SEQ_GT(right, pcb->lastack) && (pcb->tx->unacked != NULL)) {
    current.sacked += tcp_sack_block(pcb, left, right, current.now);
  }
}

/** The first segment of pcb->tx->unacked is acknowledged, and will be freed. */
void
tcp_ack_segment(struct tcp_pcb *pcb, struct tcp_seg *seg)
{
  if (seg->flags & TF_SEG_SACKED) {
    current.unsacked += seg->len;
  } else {
    tcp_rack_delivered(pcb, seg, current.now);
    /* Karn's rule; what was sent once has waited for what was sent again */
    current.rexmit |= (seg->flags & TF_SEG_REXMIT) != 0;
    current.rtt_sent = seg->sent;
    current.rtt_valid = !current.rexmit;
  }
  tcp_sent_acked(pcb, seg);
}

/** Fast recovery begins. */
void
tcp_loss_enter(struct tcp_pcb *pcb)
{
  tcp_cc_reduce(pcb);
  tcp_ecn_reduced(pcb);
  pcb->tx->recover = pcb->snd_nxt;
  pcb->tx->prr_delivered = 0;
  pcb->tx->prr_out = 0;
  pcb->tx->prr_flight = LWIP_MAX(pcb->snd_nxt - pcb->lastack, 1U);
  tcp_rto_start(pcb);
  pcb->tx->probe_timer = TCP_PROBE_NONE;
  tcp_set_flags(pcb, TF_INFR);
  TCP_EVENT(recovery);
  /* the first retransmission is sent at once */
  pcb->cwnd = tcp_pipe(pcb) + pcb->mss;
}

/** The retransmission timer has expired. */
void
tcp_rto_loss(struct tcp_pcb *pcb)
{
  if (!(pcb->flags & TF_RTO)) {
    tcp_cc_reduce(pcb);
    tcp_ecn_reduced(pcb);
  }
  pcb->cwnd = pcb->mss;
  pcb->tx->rto_end = pcb->snd_nxt;
  pcb->tx->dupacks = 0;
  pcb->tx->probe_timer = TCP_PROBE_NONE;
  pcb->tx->rack_flags &= (u8_t)~(TCP_TLP_SENT | TCP_TLP_REXMIT);
  tcp_all_lost(pcb);
  tcp_clear_flags(pcb, TF_INFR);
  tcp_set_flags(pcb, TF_RTO);
  TCP_EVENT(timeout);
}

/** RFC 6937: how much may be sent for the delivered bytes. */
static void
prr_update(struct tcp_pcb *pcb, u32_t delivered, int good)
{
  const u32_t pipe = tcp_pipe(pcb);
  u32_t send;

  pcb->tx->prr_delivered += delivered;
  if (pipe > pcb->ssthresh) {
    u32_t due = (u32_t)(((u64_t)pcb->tx->prr_delivered * pcb->ssthresh + pcb->tx->prr_flight - 1) / pcb->tx->prr_flight);
    send = (due > pcb->tx->prr_out) ? due - pcb->tx->prr_out : 0;
  } else {
    u32_t limit = (pcb->tx->prr_delivered > pcb->tx->prr_out) ? pcb->tx->prr_delivered - pcb->tx->prr_out : 0;
    limit = LWIP_MAX(limit, delivered);
    if (good) {
      limit += pcb->mss;
    }
    send = LWIP_MIN(pcb->ssthresh - pipe, limit);
  }
  if (pcb->tx->prr_out == 0) {
    send = LWIP_MAX(send, (u32_t)pcb->mss);
  }
  pcb->cwnd = pipe + send;
}

/** Without SACK: duplicate ACKs, and RFC 6582. */
static u32_t
newreno_ack(struct tcp_pcb *pcb, u32_t acked, int dup)
{
  if (dup) {
    pcb->tx->sacked = LWIP_MIN(pcb->tx->sacked + pcb->mss, pcb->tx->in_flight);
    if ((pcb->tx->dupacks >= 3) && !(pcb->flags & (TF_INFR | TF_RTO)) && (pcb->tx->unacked != NULL)) {
      tcp_seg_lost(pcb, pcb->tx->unacked);
    }
    return pcb->mss;
  }
  if (acked > 0) {
    /* one segment was the hole, the others those of the duplicate ACKs */
    u32_t others = (acked > pcb->mss) ? acked - pcb->mss : 0;
    others = LWIP_MIN(others, pcb->tx->sacked);
    pcb->tx->sacked = LWIP_MIN(pcb->tx->sacked - others, pcb->tx->in_flight);
    if ((pcb->flags & TF_INFR) && TCP_SEQ_LT(pcb->lastack, pcb->tx->recover) && (pcb->tx->unacked != NULL)) {
      /* partial acknowledgement: the next hole starts here */
      tcp_seg_lost(pcb, pcb->tx->unacked);
    }
    return acked - others;
  }
  return 0;
}

/**
 * A segment with an ACK was evaluated, what it acknowledges is freed.
 *
 * @param acked bytes that it acknowledges
 * @param ack its acknowledgement number
 * @param dup it is a duplicate ACK
 */
void
tcp_ack_end(struct tcp_pcb *pcb, u32_t acked, u32_t ack, int dup)
{
  const int nothing_new = (acked == 0) && (current.sacked == 0);
  const struct tcp_seg *last_lost = (pcb->tx->lost != NULL) ? pcb->tx->last_lost : NULL;
  u32_t delivered;

  if (tcp_tx_is_none(pcb)) {
    /* nothing was sent that it could be about */
    return;
  }
  /* also for a retransmission, RFC 7323 section 4; but a clock that runs backwards is not ours */
  if (current.ts_valid && (acked != 0) && ((u32_t)(current.now - current.ts_sent) <= TCP_RTO_MAX)) {
    current.rtt_sent = current.ts_sent;
    current.rtt_valid = 1;
  }
  if (current.rtt_valid && ((pcb->sa == 0) || TCP_SEQ_GEQ(ack, pcb->tx->rtt_seq))) {
    tcp_rtt_sample(pcb, current.now - current.rtt_sent);
  }
  tcp_tlp_ack(pcb, ack, dup && nothing_new, current.dsack);

  if (pcb->flags & TF_SACK) {
    delivered = acked + current.sacked - LWIP_MIN(current.unsacked, acked);
    if (((pcb->tx->sacked_segs != 0) || (pcb->tx->lost != NULL) || (pcb->flags & (TF_INFR | TF_RTO))) && !nothing_new) {
      tcp_rack_detect(pcb, current.now);
    }
  } else {
    delivered = newreno_ack(pcb, acked, dup);
  }

  if ((pcb->flags & TF_RTO) && TCP_SEQ_GEQ(pcb->lastack, pcb->tx->rto_end)) {
    tcp_clear_flags(pcb, TF_RTO);
  }
  if ((pcb->flags & TF_INFR) && TCP_SEQ_GEQ(pcb->lastack, pcb->tx->recover)) {
    tcp_clear_flags(pcb, TF_INFR);
    tcp_rack_recovered(pcb);
    pcb->cwnd = pcb->ssthresh;
    pcb->tx->bytes_acked = 0;
    acked = 0;
  }
  if (!(pcb->flags & (TF_INFR | TF_RTO)) && (pcb->tx->lost != NULL)) {
    tcp_loss_enter(pcb);
  }
  if (pcb->flags & TF_INFR) {
    if (delivered != 0) {
      prr_update(pcb, delivered, (acked != 0) && ((pcb->tx->lost == NULL) || (pcb->tx->last_lost == last_lost)));
    }
  } else if ((acked != 0) && !current.congested) {
    tcp_cc_acked(pcb, acked, current.prior_flight);
  }
  if (!nothing_new && (pcb->flags & TF_SACK)) {
    tcp_tlp_arm(pcb, current.now);
  }
}

void
tcp_recovery_fini(void)
{
  memset(&current, 0, sizeof(current));
}

#endif /* LWIP_TCP */
