/* SPDX-License-Identifier: BSD-3-Clause */

#include "lwip/opt.h"

#if LWIP_TCP

#include "lwip/tcp_params.h"
#include "lwip/tcp_cc.h"
#include "lwip/priv/tcp_recovery.h"

/* the largest window that can be announced, RFC 7323 section 2.3 */
#define TCP_BUF_MAX (0xffffU << 14)

static struct tcp_params *
params_of(struct tcp_pcb *pcb)
{
  return (pcb->state == LISTEN) ? &((struct tcp_pcb_listen *)pcb)->params : &pcb->params;
}

/** What a pcb has that is not yet anything else. */
void
tcp_params_init(struct tcp_pcb *pcb, const struct tcp_params *params)
{
  if (params != NULL) {
    pcb->params = *params;
  } else {
    pcb->params.cc = &TCP_CC_DEFAULT;
    pcb->params.rcv_buf = TCP_WND;
    pcb->params.snd_buf = TCP_SND_BUF;
    pcb->params.rto_min = TCP_RTO_MIN;
    pcb->params.ack_delay = TCP_ACK_DELAY;
    pcb->params.keep_idle = TCP_KEEPIDLE_DEFAULT;
    pcb->params.keep_intvl = TCP_KEEPINTVL_DEFAULT;
    pcb->params.keep_cnt = TCP_KEEPCNT_DEFAULT;
  }
  pcb->snd_buf = pcb->params.snd_buf;
  /* a window that does not need scaling, until both sides agree on that */
  pcb->rcv_wnd = pcb->rcv_ann_wnd = TCPWND_MIN16(pcb->params.rcv_buf);
  pcb->rto = tcp_rto_ticks(pcb, 0);
}

/** The window scale that the receive buffer needs. */
u8_t
tcp_rcv_scale(const struct tcp_pcb *pcb)
{
  u8_t scale = TCP_RCV_SCALE;

  while ((pcb->params.rcv_buf >> scale) > 0xffff) {
    scale++;
  }
  return scale;
}

/**
 * Sets how many received bytes a connection keeps for the application. The
 * window that the peer sees, and its scale, follow from it. Once there is a
 * connection it can only grow, as far as the scale allows.
 *
 * @param pcb a connection or a listener
 * @param size bytes, at most a gigabyte
 * @return ERR_VAL if the size is not possible, for a connection
 */
err_t
tcp_set_rcvbuf(struct tcp_pcb *pcb, u32_t size)
{
  struct tcp_params *params;

  LWIP_ERROR("tcp_set_rcvbuf: invalid pcb", pcb != NULL, return ERR_ARG);

  params = params_of(pcb);
  if ((size < TCP_MSS_MIN) || (size > TCP_BUF_MAX)) {
    return ERR_VAL;
  }
  if (pcb->state == CLOSED) {
    pcb->rcv_wnd = pcb->rcv_ann_wnd = TCPWND_MIN16(size);
  } else if (pcb->state != LISTEN) {
    u32_t before = TCP_WND_MAX(pcb);
    if ((pcb->state < ESTABLISHED) || (size < params->rcv_buf) || ((size >> pcb->rcv_scale) > 0xffff)) {
      return ERR_VAL;
    }
    params->rcv_buf = size;
    pcb->rcv_wnd += TCP_WND_MAX(pcb) - before;
    if (tcp_update_rcv_ann_wnd(pcb) >= pcb->mss) {
      tcp_ack_now(pcb);
      tcp_output(pcb);
    }
  }
  params->rcv_buf = size;
  return ERR_OK;
}

/**
 * Sets how many bytes a connection keeps that are not yet acknowledged. What is
 * in the buffer stays there.
 *
 * @param pcb a connection or a listener
 * @param size bytes, at most a gigabyte
 * @return ERR_VAL if the size is not possible
 */
err_t
tcp_set_sndbuf(struct tcp_pcb *pcb, u32_t size)
{
  struct tcp_params *params;

  LWIP_ERROR("tcp_set_sndbuf: invalid pcb", pcb != NULL, return ERR_ARG);

  params = params_of(pcb);
  if ((size < 2U * TCP_MSS_MIN) || (size > TCP_BUF_MAX)) {
    return ERR_VAL;
  }
  if (pcb->state != LISTEN) {
    u32_t used = params->snd_buf - pcb->snd_buf;
    if (size < used) {
      return ERR_VAL;
    }
    pcb->snd_buf = size - used;
  }
  params->snd_buf = size;
  return ERR_OK;
}

/**
 * Sets the shortest retransmission timeout, RFC 6298 section 2.4.
 *
 * @param pcb a connection or a listener
 * @param ms milliseconds, rounded up to the interval of the timer
 */
void
tcp_set_rto_min(struct tcp_pcb *pcb, u16_t ms)
{
  LWIP_ERROR("tcp_set_rto_min: invalid pcb", pcb != NULL, return);

  params_of(pcb)->rto_min = LWIP_MIN(ms, TCP_RTO_MAX);
  if ((pcb->state != LISTEN) && (pcb->nrtx == 0)) {
    pcb->rto = tcp_rto_ticks(pcb, 0);
  }
}

/**
 * Sets how long the ACK of a single segment may wait for data to go with, or
 * for a second segment; RFC 9293 section 3.8.6.3.
 *
 * @param pcb a connection or a listener
 * @param ms milliseconds, at most 500; 0: it does not wait
 */
void
tcp_set_ack_delay(struct tcp_pcb *pcb, u16_t ms)
{
  LWIP_ERROR("tcp_set_ack_delay: invalid pcb", pcb != NULL, return);

  params_of(pcb)->ack_delay = LWIP_MIN(ms, 500);
}

/**
 * Sets when the peer of an idle connection is probed, if tcp_set_keepalive() has
 * been called: RFC 9293 section 3.8.4. With a user timeout that, not the count,
 * says when the connection ends.
 *
 * @param pcb a connection or a listener
 * @param idle milliseconds without a segment from the peer, more than 0
 * @param intvl milliseconds between two probes, more than 0
 * @param cnt probes without an answer that end the connection, more than 0
 */
void
tcp_set_keepalive_times(struct tcp_pcb *pcb, u32_t idle, u32_t intvl, u8_t cnt)
{
  struct tcp_params *params;

  LWIP_ERROR("tcp_set_keepalive_times: invalid pcb", pcb != NULL, return);

  params = params_of(pcb);
  if ((params->keep_idle == idle) && (params->keep_intvl == intvl) && (params->keep_cnt == cnt)) {
    return;
  }
  params->keep_idle = idle;
  params->keep_intvl = intvl;
  params->keep_cnt = cnt;
  if (pcb->state != LISTEN) {
    tcp_keep_begin(pcb);
  }
}

/** The peer was not asked so far: however long it has been silent, the first probe comes now at the soonest. */
void
tcp_keep_begin(struct tcp_pcb *pcb)
{
  u32_t idle = pcb->params.keep_idle / TCP_SLOW_INTERVAL;

  if ((u32_t)(tcp_ticks - pcb->tmr) > idle) {
    pcb->tmr = tcp_ticks - idle;
  }
  pcb->keep_cnt_sent = 0;
  tcp_timed(pcb);
}

/**
 * Sets how long what was written may wait to be acknowledged, whether it is in the
 * network or still here because the window is closed: RFC 9293 section 3.9.1.2.
 * Then the connection is reset. It takes the place of the limits on
 * retransmissions, but for those of a SYN, which hold as well.
 *
 * @param pcb a connection or a listener
 * @param ms milliseconds, 0: no limit of its own
 */
void
tcp_set_user_timeout(struct tcp_pcb *pcb, u32_t ms)
{
  LWIP_ERROR("tcp_set_user_timeout: invalid pcb", pcb != NULL, return);

  params_of(pcb)->user_timeout = ms;
  if (pcb->state != LISTEN) {
    tcp_timed(pcb);
  }
}

static void
set_option(struct tcp_pcb *pcb, u8_t option, u8_t on)
{
  struct tcp_params *params = params_of(pcb);

  if (on) {
    params->options |= option;
  } else {
    params->options &= (u8_t)~option;
  }
}

/**
 * Whether a connection that is opened offers explicit congestion notification,
 * and a listener accepts it (RFC 3168): a router that is near to congestion marks
 * segments in place of dropping them. Not for connections that come by a SYN
 * cookie. Off at first.
 *
 * @param pcb a connection that is not yet opened, or a listener
 * @param on 0: off
 */
void
tcp_set_ecn(struct tcp_pcb *pcb, u8_t on)
{
  LWIP_ERROR("tcp_set_ecn: invalid pcb", pcb != NULL, return);

  set_option(pcb, TCP_OPTION_ECN, on);
}

#if LWIP_TCP_TIMESTAMPS
/**
 * Whether a connection that is opened offers timestamps, and a listener accepts
 * them: the round-trip time is measured also by retransmissions, and old
 * segments are recognised although the sequence numbers have wrapped (RFC 7323),
 * for 12 bytes in every segment. Off at first.
 *
 * @param pcb a connection that is not yet opened, or a listener
 * @param on 0: off
 */
void
tcp_set_timestamps(struct tcp_pcb *pcb, u8_t on)
{
  LWIP_ERROR("tcp_set_timestamps: invalid pcb", pcb != NULL, return);

  set_option(pcb, TCP_OPTION_TIMESTAMPS, on);
}
#endif /* LWIP_TCP_TIMESTAMPS */

#endif /* LWIP_TCP */
