/* SPDX-License-Identifier: BSD-3-Clause */

#include "lwip/opt.h"

#if LWIP_TCP

#include "lwip/priv/tcp_extra.h"
#include "lwip/priv/tcp_memory.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/stats.h"

#ifdef LWIP_HOOK_FILENAME
#include LWIP_HOOK_FILENAME
#endif

#ifdef LWIP_HOOK_TCP_MEMORY
#define MEMORY_LEVEL() ((enum tcp_memory_level)LWIP_HOOK_TCP_MEMORY())
#else
#define MEMORY_LEVEL() TCP_MEMORY_PLENTY
#endif

/* of those in TIME-WAIT, for one new connection */
#define MAX_KILLED 8

/* While there is plenty: connections that may have out of sequence data. Then:
 * those whose window was held back. */
static LWIP_TLS struct tcp_pcb *concerned;

static void
remember(struct tcp_pcb *pcb)
{
  /* without memory the window opens when the peer asks */
  if (tcp_memory_concerns(pcb) || (tcp_extra_need(pcb) != ERR_OK)) {
    return;
  }
  pcb->extra->memory_next = concerned;
  pcb->extra->memory_prev = &concerned;
  if (concerned != NULL) {
    concerned->extra->memory_prev = &pcb->extra->memory_next;
  }
  concerned = pcb;
}

void
tcp_memory_forget(struct tcp_pcb *pcb)
{
  if (!tcp_memory_concerns(pcb)) {
    return;
  }
  *pcb->extra->memory_prev = pcb->extra->memory_next;
  if (pcb->extra->memory_next != NULL) {
    pcb->extra->memory_next->extra->memory_prev = pcb->extra->memory_prev;
  }
  pcb->extra->memory_next = NULL;
  pcb->extra->memory_prev = NULL;
}

void
tcp_memory_keeps_ooseq(struct tcp_pcb *pcb)
{
  remember(pcb);
}

/** The peer must still have it: SACK is only a hint, RFC 2018 section 8. */
static void
drop_ooseq(struct tcp_pcb *pcb)
{
#if TCP_QUEUE_OOSEQ
  struct tcp_seg *seg;

  for (seg = pcb->extra->ooseq; seg != NULL; seg = seg->next) {
    TCP_EVENT(drop_memory_order);
  }
  tcp_free_ooseq(pcb);
#else
  LWIP_UNUSED_ARG(pcb);
#endif /* TCP_QUEUE_OOSEQ */
}

static void
open_window(struct tcp_pcb *pcb)
{
  if ((pcb->state < ESTABLISHED) || (pcb->state == TIME_WAIT)) {
    return;
  }
  if (tcp_update_rcv_ann_wnd(pcb) >= pcb->mss) {
    tcp_ack_now(pcb);
    tcp_output(pcb);
  }
}

void
tcp_memory_changed(int is_short)
{
  struct tcp_pcb *list = concerned, *pcb;

  /* the head of the list moves here: what is done below may put some of them back */
  concerned = NULL;
  if (list != NULL) {
    list->extra->memory_prev = &list;
  }
  while ((pcb = list) != NULL) {
    const int is_held = (pcb->rcv_ann_wnd < pcb->rcv_wnd);

    tcp_memory_forget(pcb);
    if (!is_short) {
      open_window(pcb);
    } else {
      drop_ooseq(pcb);
      if (is_held) {
        remember(pcb);
      }
    }
    tcp_extra_settle(pcb);
  }
}

int
tcp_memory_refuses_connection(void)
{
  int killed;

  for (killed = 0; MEMORY_LEVEL() == TCP_MEMORY_FULL; killed++) {
    if ((killed == MAX_KILLED) || (tcp_tw_pcbs == NULL)) {
      return 1;
    }
    tcp_kill_timewait();
  }
  return 0;
}

/** Whether the current segment, which lies in the window, cannot be kept. */
int
tcp_memory_refuses_data(struct tcp_pcb *pcb, u32_t seqno, u16_t len)
{
  const enum tcp_memory_level level = MEMORY_LEVEL();

  if (level == TCP_MEMORY_PLENTY) {
    return 0;
  }
  if (seqno != pcb->rcv_nxt) {
    TCP_EVENT(drop_memory_order);
    return 1;
  }
  /* who has read everything may have one more, so that nobody stands still */
  if ((level == TCP_MEMORY_FULL) && (len > 0) && (pcb->rcv_wnd < TCP_WND_MAX(pcb))) {
    TCP_EVENT(drop_memory_data);
    return 1;
  }
  return 0;
}

/** The right edge of the window that may be announced. */
u32_t
tcp_memory_right_edge(struct tcp_pcb *pcb)
{
  u32_t edge = pcb->rcv_nxt + pcb->rcv_wnd;
  u32_t least = pcb->rcv_nxt;

  if (MEMORY_LEVEL() == TCP_MEMORY_PLENTY) {
    return edge;
  }
  remember(pcb);
  if (pcb->rcv_wnd == TCP_WND_MAX(pcb)) {
    least += LWIP_MIN(2U * pcb->mss, pcb->rcv_wnd);
  }
  /* what was announced is not taken back: RFC 9293 section 3.8.6 */
  return TCP_SEQ_LT(pcb->rcv_ann_right_edge, least) ? least : pcb->rcv_ann_right_edge;
}

#endif /* LWIP_TCP */
