/* SPDX-License-Identifier: BSD-3-Clause */

/* The pcbs with timer work, portion by portion: when there are very many of
 * them, one tick is not done at once but spread over its time, so that nothing
 * else waits for it. */

#ifndef LWIP_HDR_TCP_TIMED_H
#define LWIP_HDR_TCP_TIMED_H

#include "lwip/opt.h"
#include "lwip/tcp.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Those that are being looked at. */
extern LWIP_TLS struct tcp_pcb *tcp_timed_portion;

u32_t tcp_timed_num(void);
/** A tick begins for all of them. */
void tcp_timed_begin(void);
/** Whether the tick has not come to some of them yet. */
int tcp_timed_due(void);
/** Moves the next ones to tcp_timed_portion. */
void tcp_timed_take(u32_t num);
/** They are done. */
void tcp_timed_put_back(void);

/* in tcp.c: goes on with the tick that tcp_tmr() has begun */
void tcp_tmr_more(void);

#ifdef __cplusplus
}
#endif

#endif /* LWIP_HDR_TCP_TIMED_H */
