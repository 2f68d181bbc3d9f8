/* SPDX-License-Identifier: BSD-3-Clause */

/* What can be chosen for each connection. Set on a listener, it holds for the
 * connections that it accepts from then on. The congestion control is in
 * lwip/tcp_cc.h. */

#ifndef LWIP_HDR_TCP_PARAMS_H
#define LWIP_HDR_TCP_PARAMS_H

#include "lwip/opt.h"
#include "lwip/tcp.h"

#ifdef __cplusplus
extern "C" {
#endif

err_t tcp_set_params(struct tcp_pcb *pcb, const struct tcp_params *wanted);
err_t tcp_set_rcvbuf(struct tcp_pcb *pcb, u32_t size);
err_t tcp_set_sndbuf(struct tcp_pcb *pcb, u32_t size);
err_t tcp_set_rto_min(struct tcp_pcb *pcb, u16_t ms);
err_t tcp_set_ack_delay(struct tcp_pcb *pcb, u16_t ms);
err_t tcp_set_keepalive_times(struct tcp_pcb *pcb, u32_t idle, u32_t intvl, u8_t cnt);
err_t tcp_set_user_timeout(struct tcp_pcb *pcb, u32_t ms);
err_t tcp_set_ecn(struct tcp_pcb *pcb, u8_t on);
#if LWIP_TCP_TIMESTAMPS
err_t tcp_set_timestamps(struct tcp_pcb *pcb, u8_t on);
#endif /* LWIP_TCP_TIMESTAMPS */

/* called by the rest of TCP */
void tcp_params_init(struct tcp_pcb *pcb, const struct tcp_params *params);
const struct tcp_params *tcp_params_ref(const struct tcp_params *params);
void tcp_params_unref(const struct tcp_params *params);
u8_t tcp_rcv_scale(const struct tcp_pcb *pcb);
void tcp_keep_begin(struct tcp_pcb *pcb);

#ifdef __cplusplus
}
#endif

#endif /* LWIP_HDR_TCP_PARAMS_H */
