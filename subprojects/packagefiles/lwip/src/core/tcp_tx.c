/* SPDX-License-Identifier: BSD-3-Clause */

#include "lwip/opt.h"

#if LWIP_TCP

#include "lwip/priv/tcp_recovery.h"
#include "lwip/mem.h"

#include <string.h>

const struct tcp_tx tcp_tx_none;

err_t
tcp_tx_make(struct tcp_pcb *pcb)
{
  struct tcp_tx *tx = (struct tcp_tx *)mem_calloc(1, sizeof(*tx));

  if (tx == NULL) {
    return ERR_MEM;
  }
  pcb->tx = tx;
  tcp_tx_begin(pcb);
  return ERR_OK;
}

/** What depends on the next sequence number. */
void
tcp_tx_begin(struct tcp_pcb *pcb)
{
  struct tcp_tx *tx = pcb->tx;

  tx->rtt_seq = pcb->snd_nxt;
  tx->ecn_recover = pcb->snd_nxt;
  tx->progress_tick = tcp_ticks;
}

/** All segments are gone. */
void
tcp_tx_free(struct tcp_pcb *pcb)
{
  if (!tcp_tx_is_none(pcb)) {
    mem_free(pcb->tx);
    pcb->tx = (struct tcp_tx *)&tcp_tx_none;
  }
}

/**
 * Nothing is queued and everything acknowledged: what is left is what a connection learns from losses, and
 * what the application has not taken.
 */
void
tcp_tx_drop_if_default(struct tcp_pcb *pcb)
{
  const struct tcp_tx *tx = pcb->tx;

#if TCP_LISTEN_BACKLOG
  if (pcb->flags & TF_BACKLOGPEND) {
    return;
  }
#endif /* TCP_LISTEN_BACKLOG */
  if ((pcb->flags & (TF_INFR | TF_RTO)) || (pcb->state < ESTABLISHED) ||
      (tx->refused_data != NULL) || (tx->rexmits != 0) ||
      (tx->rack_flags & (TCP_RACK_REORDERED | TCP_TLP_SENT)) || (tx->rack_steps != 0) ||
      (tx->sent_index != NULL) || (tx->bytes_acked != 0) || (tx->path_mss != 0) ||
      (memcmp(tx->cc_state, tcp_tx_none.cc_state, sizeof(tx->cc_state)) != 0)) {
    return;
  }
  tcp_tx_free(pcb);
}

#endif /* LWIP_TCP */
