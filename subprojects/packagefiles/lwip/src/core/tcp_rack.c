/* SPDX-License-Identifier: BSD-3-Clause */

#include "lwip/opt.h"

#if LWIP_TCP

#include "lwip/priv/tcp_recovery.h"
#include "lwip/tcp_cc.h"
#include "lwip/stats.h"

/* RFC 8985 section 6.2: without reordering, so many SACKed segments mean a loss */
#define DUPTHRESH 3U

/* recoveries that a larger reordering window stays for */
#define REO_PERSIST 16U

/* the smallest round-trip time is one of the last five minutes */
#define MIN_RTT_AGE (300000U >> MIN_RTT_SHIFT)
#define MIN_RTT_SHIFT 10

static void
min_rtt_sample(struct tcp_pcb *pcb, u32_t rtt, u32_t now)
{
  const u16_t time = (u16_t)(now >> MIN_RTT_SHIFT);

  rtt = LWIP_MAX(rtt, 1U);
  if ((pcb->min_rtt == 0) || (rtt <= pcb->min_rtt) || ((u16_t)(time - pcb->min_rtt_time) > MIN_RTT_AGE)) {
    pcb->min_rtt = (u16_t)LWIP_MIN(rtt, 0xffffU);
    pcb->min_rtt_time = time;
  }
}

/** A segment in flight or lost was acknowledged or SACKed, section 6.2 steps 1 to 3. */
void
tcp_rack_delivered(struct tcp_pcb *pcb, const struct tcp_seg *seg, u32_t now)
{
  const u32_t rtt = now - seg->sent;
  const u32_t end = tcp_seg_end(seg);

  if (!(pcb->tx->rack_flags & TCP_RACK_FACK) || TCP_SEQ_GT(end, pcb->tx->rack_fack)) {
    pcb->tx->rack_fack = end;
    pcb->tx->rack_flags |= TCP_RACK_FACK;
  } else if (TCP_SEQ_LT(end, pcb->tx->rack_fack) && !(seg->flags & TF_SEG_REXMIT)) {
    pcb->tx->rack_flags |= TCP_RACK_REORDERED;
  }

  if (seg->flags & TF_SEG_REXMIT) {
    /* so early an answer is one to an earlier transmission */
    if (rtt < pcb->min_rtt) {
      return;
    }
  } else {
    min_rtt_sample(pcb, rtt, now);
  }
  if (!(pcb->tx->rack_flags & TCP_RACK_VALID) || ((s32_t)(seg->xmit_num - pcb->tx->rack_num) > 0)) {
    pcb->tx->rack_flags |= TCP_RACK_VALID;
    pcb->tx->rack_num = seg->xmit_num;
    pcb->tx->rack_rtt = rtt;
  }
}

/** The peer has received a segment twice: it was only late, RFC 8985 section 6.2 step 4. */
void
tcp_rack_dsack(struct tcp_pcb *pcb)
{
  if (tcp_tx_need(pcb) != ERR_OK) {
    return;
  }
  if ((pcb->tx->rack_steps == 0) || TCP_SEQ_GEQ(pcb->lastack, pcb->tx->rack_round)) {
    pcb->tx->rack_round = pcb->snd_nxt;
    pcb->tx->rack_persist = REO_PERSIST;
    pcb->tx->rack_steps = (u8_t)LWIP_MIN(LWIP_MAX(pcb->tx->rack_steps, 1) + 1, 0xff);
  }
}

/** A recovery is over. */
void
tcp_rack_recovered(struct tcp_pcb *pcb)
{
  if ((pcb->tx->rack_persist > 0) && (--pcb->tx->rack_persist == 0)) {
    pcb->tx->rack_steps = 1;
  }
}

static u32_t
reordering_window(const struct tcp_pcb *pcb)
{
  u32_t window;

  if (!(pcb->tx->rack_flags & TCP_RACK_REORDERED) &&
      ((pcb->flags & (TF_INFR | TF_RTO)) || (pcb->tx->sacked_segs >= DUPTHRESH))) {
    return 0;
  }
  window = LWIP_MAX(pcb->tx->rack_steps, 1U) * pcb->min_rtt / 4;
  window = LWIP_MAX(window, 1U);
  return LWIP_MIN(window, LWIP_MAX((u32_t)(pcb->sa >> 3), 1U));
}

/** Finds out which segments of the flight are lost, section 6.2 step 5. */
void
tcp_rack_detect(struct tcp_pcb *pcb, u32_t now)
{
  u32_t patience;

  if (pcb->tx->probe_timer == TCP_PROBE_REO) {
    pcb->tx->probe_timer = TCP_PROBE_NONE;
  }
  if (!(pcb->tx->rack_flags & TCP_RACK_VALID)) {
    return;
  }
  patience = pcb->tx->rack_rtt + reordering_window(pcb);
  while ((pcb->tx->flight != NULL) && ((s32_t)(pcb->tx->flight->xmit_num - pcb->tx->rack_num) < 0)) {
    u32_t age = now - pcb->tx->flight->sent;
    if (age < patience) {
      pcb->tx->probe_timer = TCP_PROBE_REO;
      pcb->tx->probe_time = now + (patience - age);
      break;
    }
    tcp_seg_lost(pcb, pcb->tx->flight);
  }
}

/** When a probe is due for what is in flight, section 7.2. */
void
tcp_tlp_schedule(struct tcp_pcb *pcb, u32_t now)
{
  u32_t timeout;

  if (pcb->tx->probe_timer == TCP_PROBE_REO) {
    return;
  }
  pcb->tx->probe_timer = TCP_PROBE_NONE;
  if ((pcb->tx->lost != NULL) || (pcb->tx->sacked_segs != 0) ||
      (pcb->flags & (TF_INFR | TF_RTO)) || (pcb->tx->rack_flags & TCP_TLP_SENT) || (pcb->sa == 0)) {
    return;
  }
  timeout = 2U * (u32_t)(pcb->sa >> 3) + TCP_FAST_INTERVAL;
  if (pcb->tx->flight->tx_next == NULL) {
    timeout += LWIP_MIN(LWIP_MAX(pcb->params->rto_min / 2U, TCP_TLP_MAX_ACK_DELAY), TCP_MAX_ACK_DELAY);
  }
  if (timeout < (u32_t)pcb->rto * TCP_SLOW_INTERVAL) {
    pcb->tx->probe_timer = TCP_PROBE_TLP;
    pcb->tx->probe_time = now + timeout;
  }
}

/** The end of the flight was not acknowledged in time, section 7.3. */
static void
tlp_send(struct tcp_pcb *pcb)
{
  const u32_t snd_nxt = pcb->snd_nxt;
  struct tcp_seg *seg = pcb->tx->unsent;

  /* RFC 8985 allows one new segment beyond the congestion window */
  if ((seg != NULL) && (tcp_seg_start(seg) - pcb->lastack + seg->len <= pcb->snd_wnd)) {
    const tcpwnd_size_t cwnd = pcb->cwnd;
    pcb->cwnd = LWIP_MAX(cwnd, tcp_pipe(pcb) + seg->len);
    tcp_output(pcb);
    pcb->cwnd = cwnd;
  }
  if (pcb->snd_nxt == snd_nxt) {
    if ((pcb->tx->unacked == NULL) || (pcb->tx->last_unacked->flags & (TF_SEG_SACKED | TF_SEG_LOST)) ||
        (tcp_resend(pcb, pcb->tx->last_unacked) != ERR_OK)) {
      return;
    }
    pcb->tx->rack_flags |= TCP_TLP_REXMIT;
  } else {
    pcb->tx->rack_flags &= (u8_t)~TCP_TLP_REXMIT;
  }
  pcb->tx->rack_flags |= TCP_TLP_SENT;
  TCP_EVENT(probe);
  pcb->tx->tlp_end = pcb->snd_nxt;
  pcb->tx->probe_timer = TCP_PROBE_NONE;
  tcp_rto_start(pcb);
}

/**
 * What an ACK says about the probe, section 7.4.2.
 *
 * @param ack the acknowledgement number
 * @param dup it neither acknowledges nor SACKs anything new, and has no data
 * @param dsack the peer has received something twice
 */
void
tcp_tlp_ack(struct tcp_pcb *pcb, u32_t ack, int dup, int dsack)
{
  if (!(pcb->tx->rack_flags & TCP_TLP_SENT) || TCP_SEQ_LT(ack, pcb->tx->tlp_end)) {
    return;
  }
  if ((pcb->tx->rack_flags & TCP_TLP_REXMIT) && !dsack) {
    if (TCP_SEQ_GT(ack, pcb->tx->tlp_end)) {
      /* the probe has repaired a loss, which is congestion all the same */
      if (!(pcb->flags & (TF_INFR | TF_RTO))) {
        tcp_cc_reduce(pcb);
        pcb->cwnd = LWIP_MIN(pcb->cwnd, pcb->ssthresh);
      }
    } else if (!dup) {
      return;
    }
  }
  pcb->tx->rack_flags &= (u8_t)~(TCP_TLP_SENT | TCP_TLP_REXMIT);
}

/** pcb->tx->probe_time has come. */
void
tcp_probe_tmr(struct tcp_pcb *pcb, u32_t now)
{
  const u8_t what = pcb->tx->probe_timer;

  pcb->tx->probe_timer = TCP_PROBE_NONE;
  if (what == TCP_PROBE_TLP) {
    tlp_send(pcb);
  } else if (what == TCP_PROBE_REO) {
    tcp_rack_detect(pcb, now);
    if ((pcb->tx->lost != NULL) && !(pcb->flags & (TF_INFR | TF_RTO))) {
      tcp_loss_enter(pcb);
    }
    tcp_output(pcb);
  }
}

#endif /* LWIP_TCP */
