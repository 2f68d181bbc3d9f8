/* SPDX-License-Identifier: BSD-3-Clause */

/* Congestion control: what decides on the congestion window of a connection.
 * Loss detection, slow start, and the reduction in recovery (RFC 6937) are the
 * same for all. */

#ifndef LWIP_HDR_TCP_CC_H
#define LWIP_HDR_TCP_CC_H

#include "lwip/opt.h"
#include "lwip/tcp.h"

#ifdef __cplusplus
extern "C" {
#endif

/** An algorithm. Its state is tcp_pcb.cc_state, cleared before init(). */
struct tcp_cc {
  const char *name;
  /** The connection is established, or the algorithm was just chosen; may be NULL. */
  void (*init)(struct tcp_pcb *pcb);
  /** There is congestion: the new slow start threshold, in bytes. */
  u32_t (*ssthresh)(struct tcp_pcb *pcb);
  /** In congestion avoidance, acked bytes were acknowledged and the window was
   * in use: makes it larger. */
  void (*acked)(struct tcp_pcb *pcb, u32_t acked);
  /** The sender was idle for ms, and goes on; may be NULL. */
  void (*idle)(struct tcp_pcb *pcb, u32_t ms);
};

extern const struct tcp_cc tcp_cc_newreno; /* RFC 5681, RFC 3465 */
extern const struct tcp_cc tcp_cc_cubic;   /* RFC 9438 */

#ifndef TCP_CC_DEFAULT
#define TCP_CC_DEFAULT tcp_cc_cubic
#endif

err_t tcp_set_congestion_control(struct tcp_pcb *pcb, const struct tcp_cc *cc);

/* called by the rest of TCP */
void tcp_cc_init(struct tcp_pcb *pcb);
void tcp_cc_acked(struct tcp_pcb *pcb, u32_t acked, u32_t prior_flight);
void tcp_cc_reduce(struct tcp_pcb *pcb);
void tcp_cc_after_idle(struct tcp_pcb *pcb, u32_t idle);

#ifdef __cplusplus
}
#endif

#endif /* LWIP_HDR_TCP_CC_H */
