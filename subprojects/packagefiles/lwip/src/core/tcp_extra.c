/* SPDX-License-Identifier: BSD-3-Clause */

#include "lwip/opt.h"

#if LWIP_TCP

#include "lwip/mem.h"
#include "lwip/priv/tcp_extra.h"
#include "lwip/priv/tcp_memory.h"

const struct tcp_extra tcp_extra_none;

err_t
tcp_extra_make(struct tcp_pcb *pcb)
{
  struct tcp_extra *extra = (struct tcp_extra *)mem_calloc(1, sizeof(*extra));

  if (extra == NULL) {
    return ERR_MEM;
  }
  pcb->extra = extra;
  return ERR_OK;
}

void
tcp_extra_free(struct tcp_pcb *pcb)
{
  if (!tcp_extra_is_none(pcb)) {
    mem_free(pcb->extra);
    pcb->extra = (struct tcp_extra *)&tcp_extra_none;
  }
}

void
tcp_extra_drop_if_unused(struct tcp_pcb *pcb)
{
  if ((pcb->state < ESTABLISHED) ||
      (tcp_memory_concerns(pcb) && (pcb->rcv_ann_wnd < pcb->rcv_wnd))) {
    return;
  }
#if LWIP_TCP_TIMESTAMPS
  if (pcb->flags & TF_TIMESTAMP) {
    return;
  }
#endif /* LWIP_TCP_TIMESTAMPS */
#if TCP_QUEUE_OOSEQ
  if (pcb->extra->ooseq != NULL) {
    return;
  }
#endif /* TCP_QUEUE_OOSEQ */
#if LWIP_TCP_SACK_OUT
  if (LWIP_TCP_SACK_VALID(pcb, 0)) {
    return;
  }
#endif /* LWIP_TCP_SACK_OUT */
  tcp_memory_forget(pcb);
  tcp_extra_free(pcb);
}

#endif /* LWIP_TCP */
