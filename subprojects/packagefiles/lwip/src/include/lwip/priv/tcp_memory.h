/* SPDX-License-Identifier: BSD-3-Clause */

/* What TCP does when the port says (LWIP_HOOK_TCP_MEMORY) that memory runs
 * short.  From TCP_MEMORY_SHORT on, out of sequence data is not kept and windows
 * do not grow; at TCP_MEMORY_FULL there are no new connections, and who has not
 * read what came gets no more. */

#ifndef LWIP_HDR_TCP_MEMORY_H
#define LWIP_HDR_TCP_MEMORY_H

#include "lwip/opt.h"

#if LWIP_TCP

#include "lwip/tcp.h"

#ifdef __cplusplus
extern "C" {
#endif

enum tcp_memory_level {
  TCP_MEMORY_PLENTY,
  TCP_MEMORY_SHORT,
  TCP_MEMORY_FULL
};

/* called by the port, outside of any other function of TCP, when memory has become short, or is no
   longer */
void tcp_memory_changed(int is_short);
/* whether there cannot be another connection; those in TIME-WAIT give way */
int tcp_memory_refuses_connection(void);

/* called by the rest of TCP */
void tcp_memory_keeps_ooseq(struct tcp_pcb *pcb);
int tcp_memory_refuses_data(struct tcp_pcb *pcb, u32_t seqno, u16_t len);
u32_t tcp_memory_right_edge(struct tcp_pcb *pcb);
void tcp_memory_forget(struct tcp_pcb *pcb);

#define tcp_memory_concerns(pcb) ((pcb)->extra->memory_prev != NULL)

#ifdef __cplusplus
}
#endif

#endif /* LWIP_TCP */

#endif /* LWIP_HDR_TCP_MEMORY_H */
