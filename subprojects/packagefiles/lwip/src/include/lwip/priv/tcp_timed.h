/* SPDX-License-Identifier: BSD-3-Clause */

/* When a tick has to look at an active pcb. Each that waits for something is in
 * one slot of a wheel, which comes up no later than the earliest of its deadlines.
 * What makes a deadline later, or takes it away, does not touch the wheel: it is
 * found out when the slot comes up. What makes one earlier is followed by
 * tcp_timed(), which tcp_output() does, and so each segment.
 * Included by lwip/priv/tcp_priv.h. */

#ifndef LWIP_HDR_TCP_TIMED_H
#define LWIP_HDR_TCP_TIMED_H

#include "lwip/opt.h"
#include "lwip/tcp.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Ticks of TCP_TMR_INTERVAL; every other one, those with odd numbers, is one of tcp_ticks. */
extern LWIP_TLS u32_t tcp_timed_tick;

err_t tcp_timed_alloc(void);
void tcp_timed_fini(void);
/** Whether there is no room for one more connection. */
int tcp_timed_is_full(u32_t connections);

/** Something has happened to pcb that may need a timer, or an earlier one. */
void tcp_timed(struct tcp_pcb *pcb);
void tcp_timed_remove(struct tcp_pcb *pcb);
/** Whether tcp_tmr() need not run. */
int tcp_timers_idle(void);

/** A tick begins. */
void tcp_timed_begin(void);
/** How many pcbs it has not come to yet. */
u32_t tcp_timed_due(void);
/** The next one, which is in no slot then, or NULL. */
struct tcp_pcb *tcp_timed_next(void);
/** Whether it is still there. */
int tcp_timed_is_current(const struct tcp_pcb *pcb);
/** The tick is done with the one that tcp_timed_next() has given. */
void tcp_timed_settle(void);

/* in tcp.c: goes on with the tick that tcp_tmr() has begun */
void tcp_tmr_more(void);
int tcp_has_given_up(const struct tcp_pcb *pcb);
u32_t tcp_persist_time(const struct tcp_pcb *pcb);

/* The beginnings of what is timed, in as few bits as the longest time needs. The
 * retransmission timer is off when it is negative. */

static inline void
tcp_rto_start(struct tcp_pcb *pcb)
{
  pcb->rtime = (s16_t)(tcp_ticks & 0x7fff);
}

static inline u16_t
tcp_rto_age(const struct tcp_pcb *pcb)
{
  return (u16_t)((tcp_ticks - (u32_t)pcb->rtime) & 0x7fff);
}

static inline u8_t
tcp_poll_age(const struct tcp_pcb *pcb)
{
  return (u8_t)(tcp_ticks - pcb->poll_tick);
}

static inline u16_t
tcp_persist_age(const struct tcp_pcb *pcb)
{
  return (u16_t)(tcp_ticks - pcb->tx->persist_tick);
}

/** From now on there is an ACK to send, at the latest after the time that is set for that. */
static inline void
tcp_ack_start(struct tcp_pcb *pcb)
{
  pcb->ack_tick = (u8_t)(tcp_timed_tick + (pcb->params->ack_delay + TCP_FAST_INTERVAL - 1U) / TCP_FAST_INTERVAL);
}

static inline int
tcp_ack_is_due(const struct tcp_pcb *pcb)
{
  return (s8_t)(pcb->ack_tick - (u8_t)tcp_timed_tick) <= 0;
}

#ifdef __cplusplus
}
#endif

#endif /* LWIP_HDR_TCP_TIMED_H */
