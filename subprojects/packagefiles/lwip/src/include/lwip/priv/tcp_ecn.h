/* SPDX-License-Identifier: BSD-3-Clause */

/* Explicit congestion notification, RFC 3168: routers mark segments in place of
 * dropping them, the receiver tells the sender, and the sender slows down. */

#ifndef LWIP_HDR_TCP_ECN_H
#define LWIP_HDR_TCP_ECN_H

#include "lwip/opt.h"
#include "lwip/priv/tcp_priv.h"

#ifdef __cplusplus
extern "C" {
#endif

/* the lowest bits of the traffic class */
#define IP_ECN_MASK 0x03U
#define IP_ECN_ECT0 0x02U
#define IP_ECN_CE   0x03U

void tcp_ecn_syn_received(struct tcp_pcb *pcb, u8_t flags);
void tcp_ecn_syn_ack_received(struct tcp_pcb *pcb, u8_t flags);
void tcp_ecn_received(struct tcp_pcb *pcb, u8_t flags, u16_t tcplen, u32_t ackno);
void tcp_ecn_reduced(struct tcp_pcb *pcb);
u8_t tcp_ecn_output(struct tcp_pcb *pcb, struct tcp_seg *seg);

#ifdef __cplusplus
}
#endif

#endif /* LWIP_HDR_TCP_ECN_H */
