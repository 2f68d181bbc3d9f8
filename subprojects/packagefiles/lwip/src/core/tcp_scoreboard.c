/* SPDX-License-Identifier: BSD-3-Clause */

#include "lwip/opt.h"

#if LWIP_TCP

#include "lwip/priv/tcp_recovery.h"
#include "lwip/mem.h"

/* The segments of pcb->tx->unacked by position, to find one by its sequence number
 * without walking. It exists only while something is SACKed, and only if there
 * is memory for it. */
struct tcp_sent_index {
  u32_t first;
  u32_t num;
  u32_t size;
  struct tcp_seg *segs[];
};

/* so few segments are walked */
#define INDEX_MIN 16U

/** A segment in flight is lost. */
void
tcp_seg_lost(struct tcp_pcb *pcb, struct tcp_seg *seg)
{
  if (seg->flags & (TF_SEG_SACKED | TF_SEG_LOST)) {
    return;
  }
  tcp_flight_remove(pcb, seg);
  seg->flags |= TF_SEG_LOST;
  tcp_tx_append(&pcb->tx->lost, &pcb->tx->last_lost, seg);
}

/** After a timeout: all that is not SACKed is lost, and sent again in the order of the stream. */
void
tcp_all_lost(struct tcp_pcb *pcb)
{
  struct tcp_seg *seg;
  /* RFC 2018 section 8: then the peer has thrown away what it had SACKed */
  int reneged = (pcb->tx->unacked != NULL) && (pcb->tx->unacked->flags & TF_SEG_SACKED);

  pcb->tx->flight = NULL;
  pcb->tx->in_flight = 0;
  pcb->tx->lost = NULL;
  for (seg = pcb->tx->unacked; seg != NULL; seg = seg->next) {
    if (reneged) {
      seg->flags &= (u8_t)~TF_SEG_SACKED;
    }
    if (!(seg->flags & TF_SEG_SACKED)) {
      seg->flags |= TF_SEG_LOST;
      tcp_tx_append(&pcb->tx->lost, &pcb->tx->last_lost, seg);
    }
  }
  if (reneged || !(pcb->flags & TF_SACK)) {
    pcb->tx->sacked = 0;
    pcb->tx->sacked_segs = 0;
  }
}

static void
index_free(struct tcp_pcb *pcb)
{
  if (pcb->tx->sent_index != NULL) {
    mem_free(pcb->tx->sent_index);
    pcb->tx->sent_index = NULL;
  }
}

/** Makes an index of all of pcb->tx->unacked, with room for as many again. */
static void
index_build(struct tcp_pcb *pcb)
{
  struct tcp_sent_index *sent;
  struct tcp_seg *seg;
  u32_t num = 0;

  index_free(pcb);
  for (seg = pcb->tx->unacked; seg != NULL; seg = seg->next) {
    num++;
  }
  if (num < INDEX_MIN) {
    return;
  }
  sent = (struct tcp_sent_index *)mem_malloc((mem_size_t)(sizeof(*sent) + 2 * num * sizeof(sent->segs[0])));
  if (sent == NULL) {
    return;
  }
  sent->first = 0;
  sent->num = 0;
  sent->size = 2 * num;
  for (seg = pcb->tx->unacked; seg != NULL; seg = seg->next) {
    sent->segs[sent->num++] = seg;
  }
  pcb->tx->sent_index = sent;
}

/** A segment was put at the end of pcb->tx->unacked. */
void
tcp_sent_index_append(struct tcp_pcb *pcb, struct tcp_seg *seg)
{
  struct tcp_sent_index *sent = pcb->tx->sent_index;

  if (sent->first + sent->num == sent->size) {
    /* half of the time this only moves it */
    index_build(pcb);
    return;
  }
  sent->segs[sent->first + sent->num++] = seg;
}

/** The first segment of pcb->tx->unacked is about to be freed. */
void
tcp_sent_index_acked(struct tcp_pcb *pcb)
{
  pcb->tx->sent_index->first++;
  pcb->tx->sent_index->num--;
  if ((pcb->tx->sacked_segs == 0) && !(pcb->flags & (TF_INFR | TF_RTO))) {
    index_free(pcb);
  }
}

/** A lost segment was cut: the one that follows it on pcb->tx->unacked is lost too. */
void
tcp_lost_split(struct tcp_pcb *pcb, struct tcp_seg *seg)
{
  struct tcp_seg *rest = seg->next;

  rest->sent = seg->sent;
  rest->xmit_num = seg->xmit_num;
  rest->tx_prev = seg;
  rest->tx_next = seg->tx_next;
  seg->tx_next = rest;
  if (rest->tx_next != NULL) {
    rest->tx_next->tx_prev = rest;
  } else {
    pcb->tx->last_lost = rest;
  }
  if (rest->next == NULL) {
    pcb->tx->last_unacked = rest;
  }
  index_free(pcb);
}

/** The first segment that does not start before seqno. */
static struct tcp_seg *
find_seg(struct tcp_pcb *pcb, u32_t seqno)
{
  struct tcp_seg *seg = pcb->tx->unacked;
  const struct tcp_sent_index *sent;

  if (pcb->tx->sent_index == NULL) {
    index_build(pcb);
  }
  sent = pcb->tx->sent_index;
  if (sent != NULL) {
    u32_t low = 0, high = sent->num;
    while (low < high) {
      u32_t middle = (low + high) / 2;
      if (TCP_SEQ_LT(tcp_seg_start(sent->segs[sent->first + middle]), seqno)) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return (low < sent->num) ? sent->segs[sent->first + low] : NULL;
  }
  while ((seg != NULL) && TCP_SEQ_LT(tcp_seg_start(seg), seqno)) {
    seg = seg->next;
  }
  return seg;
}

/** The first segment from seg on that is not SACKed, or the last one of all. */
static struct tcp_seg *
skip_sacked(struct tcp_seg *seg)
{
  struct tcp_seg *end = seg;

  while (end->flags & TF_SEG_SACKED) {
    struct tcp_seg *next = (end->tx_next != NULL) ? end->tx_next : end->next;
    if (next == NULL) {
      break;
    }
    end = next;
  }
  /* the next search goes there directly */
  while (seg != end) {
    struct tcp_seg *next = (seg->tx_next != NULL) ? seg->tx_next : seg->next;
    seg->tx_next = end;
    seg = next;
  }
  return end;
}

/**
 * One block of a SACK option: marks the segments that it covers.
 *
 * @return the bytes that were not SACKed before
 */
u32_t
tcp_sack_block(struct tcp_pcb *pcb, u32_t left, u32_t right, u32_t now)
{
  struct tcp_seg *seg = find_seg(pcb, left);
  u32_t bytes = 0;

  while (seg != NULL) {
    if (seg->flags & TF_SEG_SACKED) {
      struct tcp_seg *end = skip_sacked(seg);
      if (end->flags & TF_SEG_SACKED) {
        break;
      }
      seg = end;
    }
    if (TCP_SEQ_GT(tcp_seg_end(seg), right)) {
      break;
    }
    tcp_rack_delivered(pcb, seg, now);
    tcp_flight_remove(pcb, seg);
    seg->flags |= TF_SEG_SACKED;
    pcb->tx->sacked += seg->len;
    pcb->tx->sacked_segs++;
    bytes += seg->len;
    seg = seg->next;
  }
  return bytes;
}

/** The segments of pcb are gone. */
void
tcp_scoreboard_free(struct tcp_pcb *pcb)
{
  index_free(pcb);
  tcp_tx_free(pcb);
}

#endif /* LWIP_TCP */
