/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* segments of TCP that went through lwIP as one: cut by the device, or here. rte_gso knows IPv4 only, and
   makes no checksums. */
#include "dpdk-stack-private.h"

#include <lwip/prot/tcp.h>

/* what drivers and the other side of a virtual device have room for */
#define MAX_BUFFERS 40
/* of the buffer that is written next; the processor finds out about the others by itself */
#define PREFETCHED_LINES 4

/* where the next byte is in a packet of lwIP */
typedef struct {
  const struct pbuf *p;
  guint offset;
} Cursor;

/* the next bytes in one piece, at most @max of them; neighbours in memory are one */
static const guint8 *
take (Cursor *self, guint max, guint *size)
{
  const guint8 *data;

  while (self->offset == self->p->len)
    *self = (Cursor){ .p = self->p->next };
  data = (const guint8 *) self->p->payload + self->offset;
  *size = MIN (max, self->p->len - self->offset);
  self->offset += *size;
  while (*size < max && self->p->next != NULL && self->p->next->payload == data + *size)
    {
      *self = (Cursor){ .p = self->p->next, .offset = MIN (max - *size, self->p->next->len) };
      *size += self->offset;
    }
  return data;
}

/* a packet while it is made. @sum: of its data, if that is wanted. @arena: what it may refer to */
typedef struct {
  DpdkStackInterface *interface;
  const DpdkStackArena *arena;
  struct rte_mbuf *head;
  struct rte_mbuf *tail;
  guint max_buffers;
  gboolean with_sum;
  gboolean is_odd;
  guint64 sum;
} Builder;

static gboolean
add_buffer (Builder *self)
{
  struct rte_mbuf *mbuf = NULL;

  if (self->head->nb_segs < self->max_buffers)
    mbuf = rte_pktmbuf_alloc (self->interface->pool);
  if (mbuf == NULL)
    return FALSE;
  self->tail->next = mbuf;
  self->tail = mbuf;
  self->head->nb_segs++;
  return TRUE;
}

static void
add_sum (Builder *self, guint16 sum, guint size)
{
  self->sum += self->is_odd ? GUINT16_SWAP_LE_BE (sum) : sum;
  self->is_odd ^= size & 1;
}

static gboolean
copy (Builder *self, const guint8 *data, guint size)
{
  while (size > 0)
    {
      guint n = MIN (size, rte_pktmbuf_tailroom (self->tail));
      guint8 *to = rte_pktmbuf_mtod_offset (self->tail, guint8 *, self->tail->data_len);

      if (n == 0)
        {
          if (!add_buffer (self))
            return FALSE;
          continue;
        }
      if (self->with_sum)
        add_sum (self, dpdk_lwip_checksum_copy (to, data, n), n);
      else
        memcpy (to, data, n);
      self->tail->data_len = (guint16) (self->tail->data_len + n);
      self->head->pkt_len += n;
      data += n;
      size -= n;
    }
  return TRUE;
}

/* the data stays where it is. Who has to sum it up reads it anyway, and copies it meanwhile: that is
   faster than to have the other side read what is written again soon. */
static gboolean
refer (Builder *self, const guint8 *data, guint size)
{
  if (self->arena == NULL || size < DPDK_STACK_ARENA_MIN ||
      !dpdk_stack_arena_contains (self->arena, data) || !add_buffer (self))
    return FALSE;
  dpdk_stack_arena_attach (self->arena, self->tail, data, size);
  self->head->pkt_len += size;
  dpdk_stack_count (&self->interface->stack->tx_references);
  return TRUE;
}

/* a packet, in @head, of a header and the next @size bytes of data; else @head is freed */
static gboolean
build (Builder *self, struct rte_mbuf *head, const void *header, guint header_length, Cursor *data,
       guint size)
{
  char *room = rte_pktmbuf_append (head, (guint16) header_length);

  self->head = head;
  self->tail = head;
  if (room == NULL)
    {
      rte_pktmbuf_free (head);
      return FALSE;
    }
  memcpy (room, header, header_length);
  for (guint n; size > 0; size -= n)
    {
      const guint8 *piece = take (data, size, &n);

      if (!refer (self, piece, n) && !copy (self, piece, n))
        {
          rte_pktmbuf_free (self->head);
          return FALSE;
        }
    }
  return TRUE;
}

static Builder
builder_init (DpdkStackInterface *interface, gboolean with_sum, gboolean with_references)
{
  gboolean may_add = (interface->offloads & DPDK_STACK_OFFLOAD_MULTI_SEGMENTS) != 0;

  return (Builder){
    .interface = interface,
    .arena = with_references && !with_sum ? interface->stack->budget->arena : NULL,
    .max_buffers = may_add ? MIN (MAX_BUFFERS, interface->max_tx_segments) : 1,
    .with_sum = with_sum,
  };
}

static void
set_ip_checksum (const DpdkStackFrame *frame, guint8 *bytes, gboolean is_offloaded)
{
  guint8 *ip = bytes + SIZEOF_ETH_HDR;
  guint16 checksum = 0;

  if (frame->is_v6)
    return;
  memcpy (ip + 10, &checksum, sizeof checksum);
  if (is_offloaded)
    return;
  checksum = (guint16) ~dpdk_lwip_checksum (ip, frame->l3_length);
  memcpy (ip + 10, &checksum, sizeof checksum);
}

/* @l4_length: 0 if there are several, each of another length */
static void
set_pseudo_header_sum (const DpdkStackFrame *frame, guint8 *bytes, guint l4_length)
{
  guint16 sum = dpdk_stack_frame_sum_pseudo_header (frame, bytes, l4_length);

  memcpy (bytes + frame->l4_offset + DPDK_STACK_TCP_CHECKSUM, &sum, sizeof sum);
}

static gboolean
hand_over_whole (DpdkStackInterface *self, const struct pbuf *p, const DpdkStackFrame *frame,
                 guint header_length)
{
  Builder builder = builder_init (self, FALSE, TRUE);
  struct rte_mbuf *head = rte_pktmbuf_alloc (self->pool);
  Cursor data = { p, header_length };
  guint8 *bytes;

  if (head == NULL ||
      !build (&builder, head, p->payload, header_length, &data, p->tot_len - header_length))
    return FALSE;
  bytes = rte_pktmbuf_mtod (builder.head, guint8 *);
  dpdk_stack_request_checksum (builder.head, frame);
  builder.head->ol_flags |= RTE_MBUF_F_TX_TCP_SEG;
  builder.head->tso_segsz = p->segment_len;
  if (!frame->is_v6 && self->tx_ip_checksum)
    builder.head->ol_flags |= RTE_MBUF_F_TX_IP_CKSUM;
  set_ip_checksum (frame, bytes, self->tx_ip_checksum);
  set_pseudo_header_sum (frame, bytes, 0);
  dpdk_stack_interface_queue (self, builder.head);
  return TRUE;
}

/* the header of the segment at @offset in the data, with @size bytes behind it */
static void
finish_segment (Builder *self, const DpdkStackFrame *frame, guint header_length, guint index,
                guint offset, guint size, gboolean is_last)
{
  gboolean is_offloaded = !self->with_sum;
  guint8 *bytes = rte_pktmbuf_mtod (self->head, guint8 *), *tcp = bytes + frame->l4_offset;
  guint8 *ip = bytes + SIZEOF_ETH_HDR;
  guint l4_length = header_length - frame->l4_offset + size;

  if (frame->is_v6)
    dpdk_stack_frame_set_u16 (ip + 4, l4_length);
  else
    {
      dpdk_stack_frame_set_u16 (ip + 2, frame->l3_length + l4_length);
      dpdk_stack_frame_set_u16 (ip + 4, dpdk_stack_frame_get_u16 (ip + 4) + index);
    }
  set_ip_checksum (frame, bytes, FALSE);
  dpdk_stack_frame_set_u32 (tcp + DPDK_STACK_TCP_SEQUENCE,
                            dpdk_stack_frame_get_u32 (tcp + DPDK_STACK_TCP_SEQUENCE) + offset);
  if (!is_last)
    tcp[DPDK_STACK_TCP_FLAGS] &= (guint8) ~(TCP_PSH | TCP_FIN);
  set_pseudo_header_sum (frame, bytes, l4_length);
  if (is_offloaded)
    {
      dpdk_stack_request_checksum (self->head, frame);
      return;
    }
  self->sum += dpdk_lwip_checksum (tcp, header_length - frame->l4_offset);
  dpdk_stack_frame_set_checksum (frame, bytes, dpdk_stack_frame_fold (self->sum));
}

/* buffers of a large pool are in no cache */
static gboolean
take_heads (DpdkStackInterface *self, struct rte_mbuf **heads, guint n)
{
  if (rte_mempool_get_bulk (self->pool, (void **) heads, n) != 0)
    return FALSE;
  for (guint i = 0; i < n; i++)
    {
      rte_prefetch0_write (heads[i]);
      rte_prefetch0_write ((char *) heads[i] + RTE_CACHE_LINE_SIZE);
    }
  for (guint i = 0; i < n; i++)
    rte_pktmbuf_reset (heads[i]);
  return TRUE;
}

static void
prefetch_data (struct rte_mbuf *mbuf)
{
  char *data = rte_pktmbuf_mtod (mbuf, char *);

  for (guint i = 0; i < PREFETCHED_LINES; i++)
    rte_prefetch0_write (data + i * RTE_CACHE_LINE_SIZE);
}

static gboolean
cut (DpdkStackInterface *self, const struct pbuf *p, const DpdkStackFrame *frame,
     guint header_length, guint segment_size, gboolean with_references)
{
  const gboolean with_sum = (self->offloads & DPDK_STACK_OFFLOAD_TX_CHECKSUM) == 0;
  const guint size = p->tot_len - header_length, n_before = self->n_unsent;
  const guint n_bytes_before = self->n_unsent_bytes;
  const guint n_segments = (size + segment_size - 1) / segment_size;
  struct rte_mbuf *heads[G_N_ELEMENTS (self->unsent)];
  Cursor data = { p, header_length };

  if (!take_heads (self, heads, n_segments))
    return FALSE;
  prefetch_data (heads[0]);
  for (guint i = 0, offset = 0, n; i < n_segments; i++, offset += n)
    {
      Builder builder = builder_init (self, with_sum, with_references);

      n = MIN (size - offset, segment_size);
      if (i + 1 < n_segments)
        prefetch_data (heads[i + 1]);
      if (!build (&builder, heads[i], p->payload, header_length, &data, n))
        {
          rte_pktmbuf_free_bulk (heads + i + 1, n_segments - i - 1);
          rte_pktmbuf_free_bulk (self->unsent + n_before, self->n_unsent - n_before);
          self->n_unsent = n_before;
          self->n_unsent_bytes = n_bytes_before;
          return FALSE;
        }
      finish_segment (&builder, frame, header_length, i, offset, n, i + 1 == n_segments);
      dpdk_stack_interface_queue (self, builder.head);
    }
  return TRUE;
}

/* also one segment whose data need not be copied */
err_t
dpdk_stack_interface_transmit_large (DpdkStackInterface *self, const struct pbuf *p,
                                     const DpdkStackFrame *frame)
{
  guint header_length = frame->l4_offset + dpdk_stack_frame_get_tcp_length (
                                               (const guint8 *) p->payload + frame->l4_offset);
  guint size = p->tot_len - MIN (p->tot_len, header_length);
  guint segment_size = p->segment_len != 0 ? p->segment_len : size;
  guint n_segments = size > 0 ? (size + segment_size - 1) / segment_size : 0;
  gboolean is_whole = (self->offloads & DPDK_STACK_OFFLOAD_TSO) != 0 && n_segments > 1;

  if (n_segments == 0 || p->len < header_length)
    {
      self->stack->statistics.tx_dropped++;
      return ERR_VAL;
    }
  /* if that takes more buffers than the device does, one for each segment is always possible */
  is_whole = is_whole && dpdk_stack_interface_make_room (self, 1) &&
             hand_over_whole (self, p, frame, header_length);
  if (!is_whole && (!dpdk_stack_interface_make_room (self, n_segments) ||
                    (!cut (self, p, frame, header_length, segment_size, TRUE) &&
                     !cut (self, p, frame, header_length, segment_size, FALSE))))
    {
      self->stack->statistics.tx_dropped += n_segments;
      return ERR_MEM;
    }
  if ((self->offloads & DPDK_STACK_OFFLOAD_TX_CHECKSUM) != 0)
    dpdk_stack_add_count (&self->stack->tx_checksums, n_segments);
  dpdk_stack_add_count (is_whole ? &self->stack->tso_segments : &self->stack->gso_segments,
                        n_segments - 1);
  return ERR_OK;
}
