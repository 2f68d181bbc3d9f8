/* SPDX-License-Identifier: BSD-3-Clause */

#include "lwip/opt.h"

#if LWIP_TCP

#include "lwip/tcp_cc.h"
#include "lwip/tcp_params.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/priv/tcp_recovery.h"

#include <string.h>

/**
 * Chooses the algorithm of a connection or, for those that it will accept, of a
 * listener. It takes effect at once.
 *
 * @param pcb a connection or a listener
 * @param cc tcp_cc_newreno, tcp_cc_cubic, or one of your own that stays valid
 * @return ERR_MEM if nothing has changed
 */
err_t
tcp_set_congestion_control(struct tcp_pcb *pcb, const struct tcp_cc *cc)
{
  struct tcp_params params;

  LWIP_ERROR("tcp_set_congestion_control: invalid pcb", pcb != NULL, return ERR_ARG);
  LWIP_ERROR("tcp_set_congestion_control: invalid cc", cc != NULL, return ERR_ARG);

  params = *pcb->params;
  params.cc = cc;
  if (tcp_set_params(pcb, &params) != ERR_OK) {
    return ERR_MEM;
  }
  if (pcb->state != LISTEN) {
    tcp_cc_init(pcb);
  }
  return ERR_OK;
}

void
tcp_cc_init(struct tcp_pcb *pcb)
{
  if (!tcp_tx_is_none(pcb)) {
    memset(pcb->tx->cc_state, 0, sizeof(pcb->tx->cc_state));
    pcb->tx->bytes_acked = 0;
  }
  if (pcb->params->cc->init != NULL) {
    pcb->params->cc->init(pcb);
  }
}

/**
 * The window grows, outside of fast recovery.
 *
 * @param acked bytes that were acknowledged
 * @param prior_flight bytes that were in flight before
 */
void
tcp_cc_acked(struct tcp_pcb *pcb, u32_t acked, u32_t prior_flight)
{
  if (pcb->cwnd < pcb->ssthresh) {
    /* RFC 3465 section 2.3: one segment only in the period after a timeout.  Else
       whatever was acknowledged: a receiver that merges segments sends few ACKs. */
    u32_t limit = (pcb->flags & TF_RTO) ? pcb->mss : acked;

    /* a window that is not in use does not grow, RFC 7661 */
    if (2 * prior_flight >= pcb->cwnd) {
      TCP_WND_INC(pcb->cwnd, LWIP_MIN(acked, limit));
    }
  } else if (prior_flight + 2U * pcb->mss > pcb->cwnd) {
    pcb->params->cc->acked(pcb, acked);
  }
  pcb->cwnd = LWIP_MIN(pcb->cwnd, TCP_CWND_MAX);
}

/** Congestion: a new threshold. The window itself is up to recovery. */
void
tcp_cc_reduce(struct tcp_pcb *pcb)
{
  pcb->ssthresh = LWIP_MAX(pcb->params->cc->ssthresh(pcb), 2U * pcb->mss);
  pcb->tx->bytes_acked = 0;
}

/** Data is sent after a pause: what the window says is old. */
void
tcp_cc_after_idle(struct tcp_pcb *pcb, u32_t idle)
{
  /* RFC 5681 section 4.1; the way back to where it was is fast, RFC 7661 */
  pcb->ssthresh = LWIP_MAX(pcb->ssthresh, pcb->cwnd / 4 * 3);
  pcb->cwnd = LWIP_MIN(pcb->cwnd, LWIP_TCP_CALC_INITIAL_CWND(pcb->mss));
  if (pcb->params->cc->idle != NULL) {
    pcb->params->cc->idle(pcb, idle);
  }
}

/* NewReno */

static u32_t
newreno_ssthresh(struct tcp_pcb *pcb)
{
  return LWIP_MIN(pcb->snd_nxt - pcb->lastack, pcb->cwnd) / 2;
}

/** One segment for every window of acknowledged data, RFC 3465 section 2.1. */
static void
newreno_acked(struct tcp_pcb *pcb, u32_t acked)
{
  TCP_WND_INC(pcb->tx->bytes_acked, acked);
  if (pcb->tx->bytes_acked >= pcb->cwnd) {
    pcb->tx->bytes_acked = (tcpwnd_size_t)(pcb->tx->bytes_acked - pcb->cwnd);
    TCP_WND_INC(pcb->cwnd, pcb->mss);
  }
}

const struct tcp_cc tcp_cc_newreno = {
  "newreno",
  NULL,
  newreno_ssthresh,
  newreno_acked,
  NULL
};

/* CUBIC. Its constants are 0.4 for C and 0.7 for beta. */

struct cubic {
  u32_t w_max;  /* window at the last congestion */
  u32_t origin; /* window that the cubic function has its turning point at */
  u32_t k;      /* ms from the begin of the epoch to that point */
  u32_t epoch;  /* ms, when this congestion avoidance began */
  u32_t w_est;  /* window that NewReno would have, with the same average */
  u32_t in_epoch;
};

/* beyond a minute from the turning point the window is clamped anyway */
#define CUBIC_T_MAX 60000

_Static_assert(sizeof(struct cubic) <= sizeof(((struct tcp_tx *)0)->cc_state), "no room for the state of CUBIC");

static u32_t
cube_root(u64_t x)
{
  u32_t root = 0;
  int bit;

  for (bit = 20; bit >= 0; bit--) {
    u64_t next = root | (1U << bit);
    if (next * next * next <= x) {
      root = (u32_t)next;
    }
  }
  return root;
}

static u32_t
cubic_ssthresh(struct tcp_pcb *pcb)
{
  struct cubic *cubic = (struct cubic *)(void *)pcb->tx->cc_state;
  u32_t flight = LWIP_MIN(pcb->snd_nxt - pcb->lastack, pcb->cwnd);

  cubic->in_epoch = 0;
  /* fast convergence, section 4.7 */
  cubic->w_max = (flight < cubic->w_max) ? (u32_t)((u64_t)flight * 17 / 20) : flight;
  return (u32_t)((u64_t)flight * 7 / 10);
}

static void
cubic_begin(struct tcp_pcb *pcb, struct cubic *cubic, u32_t now)
{
  cubic->in_epoch = 1;
  cubic->epoch = now;
  cubic->w_est = pcb->cwnd;
  if (pcb->cwnd < cubic->w_max) {
    cubic->origin = cubic->w_max;
    /* ms^3 = 10^9 s^3 */
    cubic->k = cube_root((u64_t)(cubic->w_max - pcb->cwnd) * 10000000000ULL / (4U * pcb->mss));
  } else {
    cubic->origin = pcb->cwnd;
    cubic->k = 0;
  }
}

static void
cubic_acked(struct tcp_pcb *pcb, u32_t acked)
{
  struct cubic *cubic = (struct cubic *)(void *)pcb->tx->cc_state;
  u32_t now = sys_now();
  s64_t t, target;
  u32_t add;

  if (!cubic->in_epoch) {
    cubic_begin(pcb, cubic, now);
  }

  /* the window one round-trip time from now, section 4.2 */
  t = (s64_t)(u32_t)(now - cubic->epoch) + (pcb->sa >> 3) - cubic->k;
  t = LWIP_MAX(LWIP_MIN(t, CUBIC_T_MAX), -CUBIC_T_MAX);
  target = (s64_t)cubic->origin + 4 * t * t * t / 1000 * pcb->mss / 10000000;
  target = LWIP_MAX(LWIP_MIN(target, (s64_t)pcb->cwnd + pcb->cwnd / 2), (s64_t)pcb->cwnd);
  add = (u32_t)(((u64_t)target - pcb->cwnd) * acked / pcb->cwnd);

  /* section 4.3: alpha is 9/17 until the window of the last congestion is reached */
  cubic->w_est += (u32_t)((u64_t)acked * pcb->mss * ((cubic->w_est < cubic->w_max) ? 9U : 17U) /
                          (17ULL * pcb->cwnd));
  if (pcb->cwnd + add < cubic->w_est) {
    pcb->cwnd = cubic->w_est;
  } else {
    TCP_WND_INC(pcb->cwnd, add);
  }
}

/** Idle time is no part of the epoch, section 5.8. */
static void
cubic_idle(struct tcp_pcb *pcb, u32_t ms)
{
  struct cubic *cubic = (struct cubic *)(void *)pcb->tx->cc_state;

  if (cubic->in_epoch) {
    cubic->epoch += ms;
  }
}

const struct tcp_cc tcp_cc_cubic = {
  "cubic",
  NULL,
  cubic_ssthresh,
  cubic_acked,
  cubic_idle
};

#endif /* LWIP_TCP */
