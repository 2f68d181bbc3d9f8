/* SPDX-License-Identifier: BSD-3-Clause */

#include "lwip/opt.h"

#if LWIP_TCP

#include "lwip/priv/tcp_priv.h"
#include "lwip/priv/tcp_recovery.h"

static u32_t
seg_start(const struct tcp_seg *seg)
{
  return lwip_ntohl(seg->tcphdr->seqno);
}

static u32_t
seg_end(const struct tcp_seg *seg)
{
  return seg_start(seg) + TCP_TCPLEN(seg);
}

/** Updates the estimate of the round-trip time, RFC 6298 section 2. */
void
tcp_rtt_sample(struct tcp_pcb *pcb, u32_t ms)
{
  /* the sample starts at a rounded time, which may lie a millisecond ahead */
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
}

/** One block of a SACK option: marks the segments that it covers. */
void
tcp_sack_option(struct tcp_pcb *pcb, u32_t left, u32_t right)
{
  struct tcp_seg *seg;

  if (!TCP_SEQ_LT(left, right) || TCP_SEQ_LEQ(right, pcb->lastack) || TCP_SEQ_GT(right, pcb->snd_nxt)) {
    return;
  }

  for (seg = pcb->unacked; (seg != NULL) && TCP_SEQ_LT(seg_start(seg), right); seg = seg->next) {
    if (!(seg->flags & TF_SEG_SACKED) && TCP_SEQ_GEQ(seg_start(seg), left) && TCP_SEQ_LEQ(seg_end(seg), right)) {
      seg->flags |= TF_SEG_SACKED;
      pcb->sack_adj += seg->len;
    }
  }
  if (TCP_SEQ_GT(right, pcb->sack_high)) {
    pcb->sack_high = right;
  }
}

/** A timeout: what was SACKed may have been thrown away since, RFC 2018 section 8. */
void
tcp_recovery_reset(struct tcp_pcb *pcb)
{
  struct tcp_seg *seg;

  for (seg = pcb->unacked; seg != NULL; seg = seg->next) {
    seg->flags &= (u8_t)~(TF_SEG_SACKED | TF_SEG_REXMIT);
  }
  for (seg = pcb->unsent; (seg != NULL) && (seg->flags & TF_SEG_REXMIT); seg = seg->next) {
    seg->flags &= (u8_t)~TF_SEG_REXMIT;
  }
  pcb->sack_adj = 0;
  pcb->sack_high = pcb->lastack;
  tcp_clear_flags(pcb, TF_INFR);
}

/** Moves all unacknowledged segments back to the unsent queue, in the order of the stream. */
void
tcp_requeue_unacked(struct tcp_pcb *pcb)
{
  struct tcp_seg *seg = pcb->unacked;
  struct tcp_seg **insert = &pcb->unsent;

  while (seg != NULL) {
    struct tcp_seg *next = seg->next;
    /* what a recovery has queued again may come first */
    while ((*insert != NULL) && TCP_SEQ_LT(seg_start(*insert), seg_start(seg))) {
      insert = &(*insert)->next;
    }
    seg->next = *insert;
    *insert = seg;
    insert = &seg->next;
    if (seg->next == NULL) {
      pcb->last_unsent = seg;
#if TCP_OVERSIZE
      pcb->unsent_oversize = 0;
#endif /* TCP_OVERSIZE */
    }
    seg = next;
  }
  pcb->unacked = NULL;
}

static void
recovery_enter(struct tcp_pcb *pcb)
{
  tcpwnd_size_t flight = (tcpwnd_size_t)(pcb->snd_nxt - pcb->lastack);

  pcb->ssthresh = LWIP_MAX(LWIP_MIN(flight, pcb->cwnd) / 2, (tcpwnd_size_t)(2 * pcb->mss));
  pcb->cwnd = pcb->ssthresh;
  pcb->bytes_acked = 0;
  pcb->recover = pcb->snd_nxt;
  pcb->rtime = 0;
  tcp_set_flags(pcb, TF_INFR);
}

/**
 * Decides what is lost and queues it again, as far as the congestion window
 * allows. Called for the ACKs of a SACK connection as long as something was
 * SACKed or recovery is going on.
 */
void
tcp_sack_recover(struct tcp_pcb *pcb)
{
  struct tcp_seg *seg, *next, *prev = NULL;
  struct tcp_seg **insert;
  u32_t sacked = 0, lost = 0, pipe = 0;
  u32_t lost_below;

  if ((pcb->unacked == NULL) || (pcb->flags & TF_RTO)) {
    pcb->sack_adj = 0;
    return;
  }

  if (TCP_SEQ_LT(pcb->sack_high, pcb->lastack)) {
    pcb->sack_high = pcb->lastack;
  }
  /* lost is what three segments' worth was SACKed above */
  lost_below = pcb->sack_high - 3U * pcb->mss;
  for (seg = pcb->unacked; seg != NULL; seg = seg->next) {
    if (seg->flags & TF_SEG_SACKED) {
      sacked += seg->len;
    } else if (!(seg->flags & TF_SEG_REXMIT) && TCP_SEQ_LEQ(seg_end(seg), lost_below)) {
      lost += seg->len;
    } else {
      pipe += seg->len;
    }
  }

  if (!(pcb->flags & TF_INFR)) {
    if ((lost == 0) && (pcb->dupacks < 3)) {
      pcb->sack_adj = sacked;
      return;
    }
    recovery_enter(pcb);
    seg = pcb->unacked;
    if ((lost == 0) && !(seg->flags & (TF_SEG_SACKED | TF_SEG_REXMIT))) {
      /* three duplicate ACKs, but for small segments: the first one is lost */
      lost_below = seg_end(seg);
      lost = seg->len;
      pipe -= seg->len;
    }
  }

  /* the lost ones to the head of unsent, in their order */
  insert = &pcb->unsent;
  while ((*insert != NULL) && ((*insert)->flags & TF_SEG_REXMIT)) {
    insert = &(*insert)->next;
  }
  for (seg = pcb->unacked; (seg != NULL) && (lost > 0); seg = next) {
    next = seg->next;
    /* a segment that the driver still holds cannot be sent again */
    if ((seg->flags & (TF_SEG_SACKED | TF_SEG_REXMIT)) || TCP_SEQ_GT(seg_end(seg), lost_below) ||
        ((pipe + seg->len > pcb->cwnd) && (pipe != 0)) || (seg->p->ref != 1)) {
      prev = seg;
      continue;
    }
    if (prev != NULL) {
      prev->next = next;
    } else {
      pcb->unacked = next;
    }
    if (next == NULL) {
      pcb->last_unacked = prev;
    }
    seg->flags |= TF_SEG_REXMIT;
    seg->next = *insert;
    *insert = seg;
    insert = &seg->next;
    if (seg->next == NULL) {
      pcb->last_unsent = seg;
#if TCP_OVERSIZE
      pcb->unsent_oversize = 0;
#endif /* TCP_OVERSIZE */
    }
    lost -= seg->len;
    pipe += seg->len;
    /* Karn: no measurement after a retransmission */
    pcb->rttest = 0;
  }
  pcb->sack_adj = sacked + lost;
}

#endif /* LWIP_TCP */
