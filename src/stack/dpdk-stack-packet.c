/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* the buffers of DPDK as those of lwIP, and back */
#include "dpdk-stack-private.h"

#include "dpdk-mempool-private.h"

#include <lwip/prot/ethernet.h>
#include <lwip/prot/ip6.h>
#include <lwip/prot/udp.h>

/* what may come in front of the data of a datagram */
#define MAX_HEADERS (SIZEOF_ETH_HDR + IP6_HLEN + UDP_HLEN)

static struct rte_mbuf *
get_mbuf (DpdkStackPacket *packet)
{
  return (struct rte_mbuf *) packet - 1;
}

static void
forget_packet (DpdkStackPacket *packet)
{
  *packet->previous = packet->next;
  if (packet->next != NULL)
    packet->next->previous = packet->previous;
  dpdk_stack_current->n_packets--;
  dpdk_stack_budget_add (dpdk_stack_current->budget,
                         -(gint64) dpdk_stack_packet_size (get_mbuf (packet)));
}

static void
free_packet (struct pbuf *p)
{
  DpdkStackPacket *packet = (DpdkStackPacket *) p;

  forget_packet (packet);
  dpdk_stack_packet_give_back (get_mbuf (packet));
}

static gboolean
is_packet (const struct pbuf *p)
{
  return (p->flags & PBUF_FLAG_IS_CUSTOM) != 0 &&
         ((const struct pbuf_custom *) p)->custom_free_function == free_packet;
}

struct rte_mbuf *
dpdk_stack_get_mbuf (struct pbuf *p)
{
  return is_packet (p) ? get_mbuf ((DpdkStackPacket *) p) : NULL;
}

static struct pbuf *
wrap (DpdkStack *stack, struct rte_mbuf *mbuf, pbuf_type type)
{
  DpdkStackPacket *packet = rte_mbuf_to_priv (mbuf);

  G_STATIC_ASSERT (sizeof (DpdkStackPacket) <= DPDK_MEMPOOL_PRIVATE_SIZE);
  packet->pbuf.custom_free_function = free_packet;
  packet->next = stack->packets;
  packet->previous = &stack->packets;
  if (packet->next != NULL)
    packet->next->previous = &packet->next;
  stack->packets = packet;
  stack->n_packets++;
  dpdk_stack_budget_add (stack->budget, (gint64) dpdk_stack_packet_size (mbuf));
  return pbuf_alloced_custom (PBUF_RAW, rte_pktmbuf_data_len (mbuf), type, &packet->pbuf,
                              rte_pktmbuf_mtod (mbuf, void *), rte_pktmbuf_data_len (mbuf));
}

/* what was received: each buffer of a chain is on its own from here on */
struct pbuf *
dpdk_stack_packet_wrap (DpdkStack *stack, struct rte_mbuf *mbuf)
{
  struct pbuf *head = NULL, **end = &head;
  guint left = rte_pktmbuf_pkt_len (mbuf);

  if (G_LIKELY (mbuf->nb_segs == 1))
    return wrap (stack, mbuf, PBUF_REF);
  while (mbuf != NULL)
    {
      struct rte_mbuf *next = mbuf->next;
      struct pbuf *p;

      mbuf->next = NULL;
      mbuf->nb_segs = 1;
      mbuf->pkt_len = mbuf->data_len;
      p = wrap (stack, mbuf, PBUF_REF);
      p->tot_len = (u16_t) left;
      left -= p->len;
      *end = p;
      end = &p->next;
      mbuf = next;
    }
  return head;
}

/* what the application sends: takes over @mbuf, and puts headers in front of the data where the
   buffer is ours alone */
struct pbuf *
dpdk_stack_packet_wrap_for_sending (DpdkStack *stack, struct rte_mbuf *mbuf)
{
  struct pbuf *p;
  gsize offset = 0;

  if (mbuf->nb_segs == 1 && RTE_MBUF_DIRECT (mbuf) && rte_mbuf_refcnt_read (mbuf) == 1 &&
      rte_pktmbuf_headroom (mbuf) >= MAX_HEADERS &&
      rte_pktmbuf_priv_size (mbuf->pool) >= sizeof (DpdkStackPacket))
    return wrap (stack, mbuf, PBUF_RAM);
  p = pbuf_alloc (PBUF_TRANSPORT, (guint16) rte_pktmbuf_pkt_len (mbuf), PBUF_RAM);
  for (struct rte_mbuf *m = mbuf; p != NULL && m != NULL; m = m->next)
    {
      memcpy ((guint8 *) p->payload + offset, rte_pktmbuf_mtod (m, const void *), m->data_len);
      offset += m->data_len;
    }
  if (p != NULL)
    rte_pktmbuf_free (mbuf);
  return p;
}

/* over as many buffers as it takes; NULL if there are none, or there is no pool any more */
struct rte_mbuf *
dpdk_stack_packet_copy (const struct pbuf *p, struct rte_mempool *pool)
{
  struct rte_mbuf *head = pool != NULL ? rte_pktmbuf_alloc (pool) : NULL, *tail = head;

  for (guint16 offset = 0; tail != NULL && offset < p->tot_len;)
    {
      guint16 n = MIN (rte_pktmbuf_tailroom (tail), p->tot_len - offset);

      if (n == 0)
        {
          tail->next = rte_pktmbuf_alloc (pool);
          tail = tail->next;
          if (tail != NULL)
            head->nb_segs++;
          continue;
        }
      pbuf_copy_partial (p, rte_pktmbuf_mtod (tail, void *), n, offset);
      tail->data_len = n;
      head->pkt_len += n;
      offset = (guint16) (offset + n);
    }
  if (tail == NULL && head != NULL)
    rte_pktmbuf_free (head);
  return tail != NULL ? head : NULL;
}

/* a frame that leaves and is all in a buffer that the application gave; NULL if it must be copied */
struct rte_mbuf *
dpdk_stack_packet_lend (struct pbuf *p)
{
  struct rte_mbuf *mbuf;

  if (p->next != NULL || (p->type_internal & PBUF_TYPE_FLAG_STRUCT_DATA_CONTIGUOUS) == 0 ||
      !is_packet (p))
    return NULL;
  mbuf = get_mbuf ((DpdkStackPacket *) p);
  mbuf->data_off = (guint16) ((char *) p->payload - (char *) mbuf->buf_addr);
  mbuf->data_len = p->len;
  mbuf->pkt_len = p->len;
  mbuf->ol_flags = 0;
  rte_mbuf_refcnt_update (mbuf, 1);
  return mbuf;
}

static gboolean
can_unwrap (const struct pbuf *p)
{
  for (; p != NULL; p = p->next)
    if (!is_packet (p) || p->ref != 1)
      return FALSE;
  return TRUE;
}

/* makes what was received the application's; takes over @p. NULL if it had to be copied and there was
   no buffer. */
struct rte_mbuf *
dpdk_stack_packet_unwrap (struct pbuf *p, struct rte_mempool *pool)
{
  struct rte_mbuf *head = NULL, *tail = NULL;

  if (!can_unwrap (p))
    {
      head = dpdk_stack_packet_copy (p, pool);
      pbuf_free (p);
      return head;
    }
  while (p != NULL)
    {
      DpdkStackPacket *packet = (DpdkStackPacket *) p;
      struct rte_mbuf *mbuf = get_mbuf (packet);

      mbuf->data_off = (guint16) ((char *) p->payload - (char *) mbuf->buf_addr);
      mbuf->data_len = p->len;
      mbuf->pkt_len = p->len;
      forget_packet (packet);
      p = p->next;
      if (head == NULL)
        head = mbuf;
      else
        {
          tail->next = mbuf;
          head->nb_segs++;
          head->pkt_len += mbuf->data_len;
        }
      tail = mbuf;
    }
  return head;
}
