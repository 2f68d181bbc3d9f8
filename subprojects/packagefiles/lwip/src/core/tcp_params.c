/* SPDX-License-Identifier: BSD-3-Clause */

#include "lwip/opt.h"

#if LWIP_TCP

#include "lwip/tcp_params.h"
#include "lwip/mem.h"
#include "lwip/tcp_cc.h"
#include "lwip/priv/tcp_recovery.h"

/* the largest window that can be announced, RFC 7323 section 2.3 */
#define TCP_BUF_MAX (0xffffU << 14)

/* so many of the others are looked at before there is one more like one of them */
#define MAX_SEARCH 16U

/* They never change: what changes is the pointer of a pcb. */
struct shared_params {
  struct tcp_params params;
  u32_t refs;
  struct shared_params *next;
  struct shared_params **pprev;
};

static const struct tcp_params default_params = {
  .cc = &TCP_CC_DEFAULT,
  .rcv_buf = TCP_WND,
  .snd_buf = TCP_SND_BUF,
  .rto_min = TCP_RTO_MIN,
  .ack_delay = TCP_ACK_DELAY,
  .keep_idle = TCP_KEEPIDLE_DEFAULT,
  .keep_intvl = TCP_KEEPINTVL_DEFAULT,
  .keep_cnt = TCP_KEEPCNT_DEFAULT
};

/* all others, the newest first */
static LWIP_TLS struct shared_params *others;

static int
is_same(const struct tcp_params *a, const struct tcp_params *b)
{
  return (a->cc == b->cc) && (a->rcv_buf == b->rcv_buf) && (a->snd_buf == b->snd_buf) &&
         (a->rto_min == b->rto_min) && (a->ack_delay == b->ack_delay) &&
         (a->keep_idle == b->keep_idle) && (a->keep_intvl == b->keep_intvl) &&
         (a->user_timeout == b->user_timeout) && (a->keep_cnt == b->keep_cnt) &&
         (a->options == b->options);
}

const struct tcp_params *
tcp_params_ref(const struct tcp_params *params)
{
  if (params != &default_params) {
    ((struct shared_params *)params)->refs++;
  }
  return params;
}

void
tcp_params_unref(const struct tcp_params *params)
{
  struct shared_params *shared = (struct shared_params *)params;

  if ((params == &default_params) || (--shared->refs > 0)) {
    return;
  }
  *shared->pprev = shared->next;
  if (shared->next != NULL) {
    shared->next->pprev = shared->pprev;
  }
  mem_free(shared);
}

/** With a reference; NULL: out of memory. */
static const struct tcp_params *
find_or_make(const struct tcp_params *wanted)
{
  struct shared_params *shared;
  u32_t i = 0;

  if (is_same(wanted, &default_params)) {
    return &default_params;
  }
  for (shared = others; (shared != NULL) && (i < MAX_SEARCH); shared = shared->next, i++) {
    if (is_same(wanted, &shared->params)) {
      return tcp_params_ref(&shared->params);
    }
  }
  shared = (struct shared_params *)mem_malloc(sizeof(*shared));
  if (shared == NULL) {
    return NULL;
  }
  shared->params = *wanted;
  shared->refs = 1;
  shared->next = others;
  shared->pprev = &others;
  if (others != NULL) {
    others->pprev = &shared->next;
  }
  others = shared;
  return &shared->params;
}

/** ERR_MEM: nothing has changed. */
static err_t
change(struct tcp_pcb *pcb, const struct tcp_params *wanted)
{
  const struct tcp_params *params;

  if (is_same(pcb->params, wanted)) {
    return ERR_OK;
  }
  params = find_or_make(wanted);
  if (params == NULL) {
    return ERR_MEM;
  }
  tcp_params_unref(pcb->params);
  pcb->params = params;
  return ERR_OK;
}

/** What a pcb has that is not yet anything else: the defaults, or what its listener has. */
void
tcp_params_init(struct tcp_pcb *pcb, const struct tcp_params *params)
{
  pcb->params = (params != NULL) ? tcp_params_ref(params) : &default_params;
  pcb->snd_buf = pcb->params->snd_buf;
  /* a window that does not need scaling, until both sides agree on that */
  pcb->rcv_wnd = pcb->rcv_ann_wnd = TCPWND_MIN16(pcb->params->rcv_buf);
  pcb->rto = tcp_rto_ticks(pcb, 0);
}

/** The window scale that the receive buffer needs. */
u8_t
tcp_rcv_scale(const struct tcp_pcb *pcb)
{
  u8_t scale = TCP_RCV_SCALE;

  while ((pcb->params->rcv_buf >> scale) > 0xffff) {
    scale++;
  }
  return scale;
}

static int
may_have_rcv_buf(const struct tcp_pcb *pcb, u32_t before, u32_t size)
{
  if ((size < TCP_MSS_MIN) || (size > TCP_BUF_MAX)) {
    return 0;
  }
  return (pcb->state == CLOSED) || (pcb->state == LISTEN) ||
         ((pcb->state >= ESTABLISHED) && (size >= before) && ((size >> pcb->rcv_scale) <= 0xffff));
}

static void
grow_window(struct tcp_pcb *pcb, u32_t before)
{
  pcb->rcv_wnd += TCP_WND_MAX(pcb) - before;
  if (tcp_update_rcv_ann_wnd(pcb) >= pcb->mss) {
    tcp_ack_now(pcb);
    tcp_output(pcb);
  }
}

/**
 * Sets all of it at once, in the place of the functions that follow. Those give
 * the same errors.
 *
 * @param pcb a connection or a listener
 * @param wanted is copied
 * @return ERR_VAL if something is not possible, ERR_MEM: out of memory; then
 *         nothing has changed
 */
err_t
tcp_set_params(struct tcp_pcb *pcb, const struct tcp_params *wanted)
{
  struct tcp_params before;
  u32_t used, wnd_max;

  LWIP_ERROR("tcp_set_params: invalid pcb", pcb != NULL, return ERR_ARG);

  before = *pcb->params;
  if (((wanted->rcv_buf != before.rcv_buf) && !may_have_rcv_buf(pcb, before.rcv_buf, wanted->rcv_buf)) ||
      (wanted->snd_buf < 2U * TCP_MSS_MIN) || (wanted->snd_buf > TCP_BUF_MAX)) {
    return ERR_VAL;
  }
  if (pcb->state == LISTEN) {
    return change(pcb, wanted);
  }
  used = before.snd_buf - pcb->snd_buf;
  if (wanted->snd_buf < used) {
    return ERR_VAL;
  }
  wnd_max = TCP_WND_MAX(pcb);
  if (change(pcb, wanted) != ERR_OK) {
    return ERR_MEM;
  }
  pcb->snd_buf = wanted->snd_buf - used;
  if ((wanted->rto_min != before.rto_min) && (pcb->nrtx == 0)) {
    pcb->rto = tcp_rto_ticks(pcb, 0);
  }
  if (wanted->cc != before.cc) {
    tcp_cc_init(pcb);
  }
  if ((wanted->keep_idle != before.keep_idle) || (wanted->keep_intvl != before.keep_intvl) ||
      (wanted->keep_cnt != before.keep_cnt)) {
    tcp_keep_begin(pcb);
  }
  tcp_timed(pcb);
  if (wanted->rcv_buf == before.rcv_buf) {
    return ERR_OK;
  }
  if (pcb->state == CLOSED) {
    pcb->rcv_wnd = pcb->rcv_ann_wnd = TCPWND_MIN16(wanted->rcv_buf);
  } else {
    grow_window(pcb, wnd_max);
  }
  return ERR_OK;
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
  struct tcp_params params;

  LWIP_ERROR("tcp_set_rcvbuf: invalid pcb", pcb != NULL, return ERR_ARG);

  params = *pcb->params;
  params.rcv_buf = size;
  return tcp_set_params(pcb, &params);
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
  struct tcp_params params;

  LWIP_ERROR("tcp_set_sndbuf: invalid pcb", pcb != NULL, return ERR_ARG);

  params = *pcb->params;
  params.snd_buf = size;
  return tcp_set_params(pcb, &params);
}

/**
 * Sets the shortest retransmission timeout, RFC 6298 section 2.4.
 *
 * @param pcb a connection or a listener
 * @param ms milliseconds, rounded up to the interval of the timer
 */
err_t
tcp_set_rto_min(struct tcp_pcb *pcb, u16_t ms)
{
  struct tcp_params params;

  LWIP_ERROR("tcp_set_rto_min: invalid pcb", pcb != NULL, return ERR_ARG);

  params = *pcb->params;
  params.rto_min = LWIP_MIN(ms, TCP_RTO_MAX);
  return tcp_set_params(pcb, &params);
}

/**
 * Sets how long the ACK of a single segment may wait for data to go with, or
 * for a second segment; RFC 9293 section 3.8.6.3.
 *
 * @param pcb a connection or a listener
 * @param ms milliseconds, at most 500; 0: it does not wait
 */
err_t
tcp_set_ack_delay(struct tcp_pcb *pcb, u16_t ms)
{
  struct tcp_params params;

  LWIP_ERROR("tcp_set_ack_delay: invalid pcb", pcb != NULL, return ERR_ARG);

  params = *pcb->params;
  params.ack_delay = LWIP_MIN(ms, 500);
  return tcp_set_params(pcb, &params);
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
err_t
tcp_set_keepalive_times(struct tcp_pcb *pcb, u32_t idle, u32_t intvl, u8_t cnt)
{
  struct tcp_params params;

  LWIP_ERROR("tcp_set_keepalive_times: invalid pcb", pcb != NULL, return ERR_ARG);

  params = *pcb->params;
  params.keep_idle = idle;
  params.keep_intvl = intvl;
  params.keep_cnt = cnt;
  return tcp_set_params(pcb, &params);
}

/** The peer was not asked so far: however long it has been silent, the first probe comes now at the soonest. */
void
tcp_keep_begin(struct tcp_pcb *pcb)
{
  u32_t idle = pcb->params->keep_idle / TCP_SLOW_INTERVAL;

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
err_t
tcp_set_user_timeout(struct tcp_pcb *pcb, u32_t ms)
{
  struct tcp_params params;

  LWIP_ERROR("tcp_set_user_timeout: invalid pcb", pcb != NULL, return ERR_ARG);

  params = *pcb->params;
  params.user_timeout = ms;
  return tcp_set_params(pcb, &params);
}

static err_t
set_option(struct tcp_pcb *pcb, u8_t option, u8_t on)
{
  struct tcp_params params = *pcb->params;

  if (on) {
    params.options |= option;
  } else {
    params.options &= (u8_t)~option;
  }
  return tcp_set_params(pcb, &params);
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
err_t
tcp_set_ecn(struct tcp_pcb *pcb, u8_t on)
{
  LWIP_ERROR("tcp_set_ecn: invalid pcb", pcb != NULL, return ERR_ARG);

  return set_option(pcb, TCP_OPTION_ECN, on);
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
err_t
tcp_set_timestamps(struct tcp_pcb *pcb, u8_t on)
{
  LWIP_ERROR("tcp_set_timestamps: invalid pcb", pcb != NULL, return ERR_ARG);

  return set_option(pcb, TCP_OPTION_TIMESTAMPS, on);
}
#endif /* LWIP_TCP_TIMESTAMPS */

#endif /* LWIP_TCP */
