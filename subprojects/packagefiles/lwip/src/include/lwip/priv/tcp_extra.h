/* SPDX-License-Identifier: BSD-3-Clause */

/* What most connections do not need most of the time: see struct tcp_extra. */

#ifndef LWIP_HDR_TCP_EXTRA_H
#define LWIP_HDR_TCP_EXTRA_H

#include "lwip/opt.h"
#include "lwip/tcp.h"

#ifdef __cplusplus
extern "C" {
#endif

/* what pcb->extra points to when there is nothing; nobody writes to it */
extern const struct tcp_extra tcp_extra_none;

err_t tcp_extra_make(struct tcp_pcb *pcb);
void tcp_extra_free(struct tcp_pcb *pcb);
void tcp_extra_drop_if_unused(struct tcp_pcb *pcb);

static inline int
tcp_extra_is_none(const struct tcp_pcb *pcb)
{
  return pcb->extra == &tcp_extra_none;
}

/** Before something is put there. */
static inline err_t
tcp_extra_need(struct tcp_pcb *pcb)
{
  return tcp_extra_is_none(pcb) ? tcp_extra_make(pcb) : ERR_OK;
}

/** After something may have been taken from there. */
static inline void
tcp_extra_settle(struct tcp_pcb *pcb)
{
  if (!tcp_extra_is_none(pcb)) {
    tcp_extra_drop_if_unused(pcb);
  }
}

#ifdef __cplusplus
}
#endif

#endif /* LWIP_HDR_TCP_EXTRA_H */
