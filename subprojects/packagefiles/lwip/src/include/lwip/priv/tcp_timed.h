/* SPDX-License-Identifier: BSD-3-Clause */

/* The active pcbs with work for a timer. They wait in a ring, in the order in
 * which a tick gets to them: with very many of them the next ones are fetched
 * ahead, and one tick is spread over its time so that nothing else waits for it. */

#ifndef LWIP_HDR_TCP_TIMED_H
#define LWIP_HDR_TCP_TIMED_H

#include "lwip/opt.h"
#include "lwip/tcp.h"

#ifdef __cplusplus
extern "C" {
#endif

err_t tcp_timed_alloc(void);
void tcp_timed_fini(void);
/** Whether there is no room for one more connection. */
int tcp_timed_is_full(u32_t connections);

u32_t tcp_timed_num(void);
/** A tick begins for all of them. */
void tcp_timed_begin(void);
/** Whether the tick has not come to some of them yet. */
int tcp_timed_due(void);
/** The next one, or NULL. */
struct tcp_pcb *tcp_timed_next(void);
/** It waits for the next tick, if there still is one; tcp_timed_next() does this too. */
void tcp_timed_put_back(void);
/** Whether it is still the one that tcp_timed_next() has given. */
int tcp_timed_is_current(const struct tcp_pcb *pcb);

/* for tcp_demux.c */
void tcp_timed_push(struct tcp_pcb *pcb);
void tcp_timed_drop(struct tcp_pcb *pcb);

/* in tcp.c: goes on with the tick that tcp_tmr() has begun */
void tcp_tmr_more(void);

#ifdef __cplusplus
}
#endif

#endif /* LWIP_HDR_TCP_TIMED_H */
