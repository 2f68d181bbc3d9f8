/* SPDX-License-Identifier: BSD-3-Clause */

/* Loss recovery of the sender: round-trip times in milliseconds (RFC 6298),
 * NewReno (RFC 6582) and a scoreboard of selective acknowledgements (a
 * simplified RFC 6675). */

#ifndef LWIP_HDR_TCP_RECOVERY_H
#define LWIP_HDR_TCP_RECOVERY_H

#include "lwip/opt.h"
#include "lwip/sys.h"
#include "lwip/tcp.h"

#ifdef __cplusplus
extern "C" {
#endif

/* bounds of the retransmission timeout, ms */
#ifndef TCP_RTO_MIN
#define TCP_RTO_MIN 200
#endif
#ifndef TCP_RTO_MAX
#define TCP_RTO_MAX 60000
#endif

#ifndef TF_SACK
#define TF_SACK 0
#endif

/* more flags of struct tcp_seg */
#define TF_SEG_SACKED ((u8_t)0x20U)
#define TF_SEG_REXMIT ((u8_t)0x40U)

/** The retransmission timeout, backed off by shift, in ticks of TCP_SLOW_INTERVAL. */
static inline s16_t
tcp_rto_ticks(const struct tcp_pcb *pcb, u8_t shift)
{
  u32_t ms = (u32_t)(pcb->sa >> 3) + (u32_t)pcb->sv;

  ms = LWIP_MIN(LWIP_MAX(ms, TCP_RTO_MIN), TCP_RTO_MAX);
  ms = LWIP_MIN(ms << shift, TCP_RTO_MAX);
  return (s16_t)LWIP_MIN(ms / TCP_SLOW_INTERVAL + 1, 0x7fff);
}

void tcp_rtt_sample(struct tcp_pcb *pcb, u32_t ms);
void tcp_sack_option(struct tcp_pcb *pcb, u32_t left, u32_t right);
void tcp_sack_recover(struct tcp_pcb *pcb);
void tcp_recovery_reset(struct tcp_pcb *pcb);
void tcp_requeue_unacked(struct tcp_pcb *pcb);

#ifdef __cplusplus
}
#endif

#endif /* LWIP_HDR_TCP_RECOVERY_H */
