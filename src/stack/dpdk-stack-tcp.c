/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-stack-tcp.h"

#include <lwip/ip.h>
#include <lwip/priv/tcp_recovery.h>
#include <lwip/priv/tcp_time_wait.h>
#include <lwip/tcp_cc.h>
#include <lwip/tcp_params.h>

G_STATIC_ASSERT (DPDK_STACK_TCP_BUFFER_DEFAULT == TCP_WND);
G_STATIC_ASSERT (DPDK_STACK_TCP_BUFFER_DEFAULT == TCP_SND_BUF);
G_STATIC_ASSERT (DPDK_STACK_TCP_BUFFER_MIN >= 2 * TCP_MSS_MIN);
G_STATIC_ASSERT (DPDK_STACK_TCP_RTO_MIN_DEFAULT == TCP_RTO_MIN);
G_STATIC_ASSERT (DPDK_STACK_TCP_RTO_MIN_MAX == TCP_RTO_MAX);
G_STATIC_ASSERT (DPDK_STACK_TCP_ACK_DELAY_DEFAULT == TCP_ACK_DELAY);
G_STATIC_ASSERT (DPDK_STACK_TCP_TIME_WAIT_DEFAULT == TCP_MAX_TIME_WAIT);
G_STATIC_ASSERT (DPDK_STACK_TCP_KEEPALIVE_IDLE_DEFAULT * 1000 == TCP_KEEPIDLE_DEFAULT);
G_STATIC_ASSERT (DPDK_STACK_TCP_KEEPALIVE_INTERVAL_DEFAULT * 1000 == TCP_KEEPINTVL_DEFAULT);
G_STATIC_ASSERT (DPDK_STACK_TCP_KEEPALIVE_COUNT_DEFAULT == TCP_KEEPCNT_DEFAULT);

static const struct tcp_cc *
get_algorithm (DpdkCongestionControl congestion_control)
{
  switch (congestion_control)
    {
    case DPDK_CONGESTION_CONTROL_NEW_RENO:
      return &tcp_cc_newreno;
    case DPDK_CONGESTION_CONTROL_CUBIC:
    default:
      return &tcp_cc_cubic;
    }
}

static DpdkCongestionControl
get_congestion_control (const struct tcp_params *params)
{
  return params->cc == &tcp_cc_newreno ? DPDK_CONGESTION_CONTROL_NEW_RENO
                                       : DPDK_CONGESTION_CONTROL_CUBIC;
}

/* the options of a SYN are sent once */
static gboolean
is_negotiated (const struct tcp_pcb *pcb)
{
  return pcb->state != CLOSED && pcb->state != LISTEN;
}

err_t
dpdk_stack_tcp_options_apply (const DpdkStackTcpOptions *self, struct tcp_pcb *pcb)
{
  const struct tcp_params params = {
    .cc = get_algorithm (self->congestion_control),
    .rcv_buf = self->receive_buffer_size,
    .snd_buf = self->send_buffer_size,
    .rto_min = (u16_t) self->rto_min,
    .ack_delay = (u16_t) self->ack_delay,
    .keep_idle = self->keepalive_idle * 1000,
    .keep_intvl = self->keepalive_interval * 1000,
    .keep_cnt = (u8_t) self->keepalive_count,
    .user_timeout = self->user_timeout,
    .options =
        (u8_t) ((self->timestamps ? TCP_OPTION_TIMESTAMPS : 0) | (self->ecn ? TCP_OPTION_ECN : 0)),
  };
  err_t native;

  if (is_negotiated (pcb) && params.options != pcb->params->options)
    return ERR_VAL;
  native = tcp_set_params (pcb, &params);
  if (native == ERR_OK)
    tcp_set_keepalive (pcb, self->keepalive ? 1 : 0);
  return native;
}

void
dpdk_stack_tcp_options_read (DpdkStackTcpOptions *self, struct tcp_pcb *pcb)
{
  const struct tcp_params *params = pcb->params;

  *self = (DpdkStackTcpOptions){
    .congestion_control = get_congestion_control (params),
    .receive_buffer_size = params->rcv_buf,
    .send_buffer_size = params->snd_buf,
    .rto_min = params->rto_min,
    .ack_delay = params->ack_delay,
    .keepalive_idle = params->keep_idle / 1000,
    .keepalive_interval = params->keep_intvl / 1000,
    .keepalive_count = params->keep_cnt,
    .user_timeout = params->user_timeout,
    .keepalive = ip_get_option (pcb, SOF_KEEPALIVE) != 0,
    .timestamps = (params->options & TCP_OPTION_TIMESTAMPS) != 0,
    .ecn = (params->options & TCP_OPTION_ECN) != 0,
  };
}

void
dpdk_stack_tcp_set_max_time_wait (guint max_time_wait)
{
  tcp_set_max_time_wait (max_time_wait);
}

static DpdkTcpState
get_state (const struct tcp_pcb *pcb)
{
  switch (pcb->state)
    {
    case LISTEN:
      return DPDK_TCP_STATE_LISTEN;
    case SYN_SENT:
      return DPDK_TCP_STATE_SYN_SENT;
    case SYN_RCVD:
      return DPDK_TCP_STATE_SYN_RECEIVED;
    case ESTABLISHED:
      return DPDK_TCP_STATE_ESTABLISHED;
    case FIN_WAIT_1:
      return DPDK_TCP_STATE_FIN_WAIT_1;
    case FIN_WAIT_2:
      return DPDK_TCP_STATE_FIN_WAIT_2;
    case CLOSE_WAIT:
      return DPDK_TCP_STATE_CLOSE_WAIT;
    case CLOSING:
      return DPDK_TCP_STATE_CLOSING;
    case LAST_ACK:
      return DPDK_TCP_STATE_LAST_ACK;
    case TIME_WAIT:
      return DPDK_TCP_STATE_TIME_WAIT;
    case CLOSED:
    default:
      return DPDK_TCP_STATE_CLOSED;
    }
}

/* of data: a SYN takes a number in the first states, a FIN in the last ones */
static guint
get_unacknowledged (const struct tcp_pcb *pcb)
{
  guint n = pcb->snd_nxt - pcb->lastack;
  gboolean has_flag = pcb->state < ESTABLISHED || pcb->state == FIN_WAIT_1 ||
                      pcb->state == CLOSING || pcb->state == LAST_ACK;

  return has_flag && n > 0 && pcb->tx->unsent == NULL ? n - 1 : n;
}

void
dpdk_stack_tcp_get_info (struct tcp_pcb *pcb, DpdkTcpInfo *info)
{
  const gboolean scales = (pcb->flags & TF_WND_SCALE) != 0;

  *info = (DpdkTcpInfo){
    .state = get_state (pcb),
    .congestion_control = get_congestion_control (pcb->params),
    .mss = pcb->mss,
    .congestion_window = pcb->cwnd,
    .slow_start_threshold = pcb->ssthresh,
    .bytes_in_flight = tcp_pipe (pcb),
    .bytes_unacknowledged = get_unacknowledged (pcb),
    .retransmissions = pcb->tx->rexmits,
    .send_window = pcb->snd_wnd,
    .receive_window = pcb->rcv_wnd,
    .send_scale = scales ? pcb->snd_scale : 0,
    .receive_scale = scales ? pcb->rcv_scale : 0,
    .smoothed_rtt = (guint) (pcb->sa >> 3),
    .rtt_variation = (guint) (pcb->sv >> 2),
    .rto = (guint) pcb->rto * TCP_SLOW_INTERVAL,
    .sack = (pcb->flags & TF_SACK) != 0,
    .timestamps = (pcb->flags & TF_TIMESTAMP) != 0,
    .ecn = (pcb->flags & TF_ECN) != 0,
  };
}
