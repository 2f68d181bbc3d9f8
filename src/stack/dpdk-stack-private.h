/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-slab.h"
#include "dpdk-stack-frame.h"
#include "dpdk-stack.h"
#include "dpdk-thread-local-private.h"

#include <lwip/netif.h>
#include <lwip/pbuf.h>
#include <rte_hash.h>
#include <rte_mbuf.h>

G_BEGIN_DECLS

#define DPDK_STACK_BURST 32

typedef struct _DpdkStackPacket DpdkStackPacket;

/* in the private room of an mbuf that the stack has received */
struct _DpdkStackPacket {
  struct pbuf_custom pbuf;
  DpdkStackPacket *next;
  DpdkStackPacket **previous;
};

/* lwIP has one IPv4 address per netif, so further ones need further netifs */
typedef struct {
  struct netif netif;
  DpdkStackInterface *interface;
} DpdkStackNetif;

struct _DpdkStackInterface {
  DpdkStack *stack;
  guint index;
  DpdkPort *port;
  guint queue;
  guint n_queues;
  struct rte_mempool *pool;
  /* that of this thread */
  struct rte_mempool_cache *unused;
  /* from an mbuf to its data, when it is new */
  gsize data_offset;
  guint8 mac[6];
  guint mtu;
  gboolean link_up;
  GPtrArray *netifs;
  /* the netif of each address, if there are several */
  struct rte_hash *addresses;
  /* different ones */
  DpdkStackAddress *on_link;
  guint n_on_link;
  gboolean has_gateway_v4;
  gboolean has_gateway_v6;
  ip6_addr_t gateway_v6;
  DpdkStackOffload offloads;
  gboolean tx_ip_checksum;
  guint max_tx_segments;
  /* of those that wait the first ones are ready for the device */
  guint n_prepared;
  guint n_unsent;
  guint n_unsent_bytes;
  struct rte_mbuf *unsent[4 * DPDK_STACK_BURST];
};

struct _DpdkStack {
  DpdkStackBudget *budget;
  gboolean memory_is_short;
  DpdkSlab *slab;
  DpdkStackPeers peers;
  GPtrArray *interfaces;
  DpdkStackPacket *packets;
  guint n_packets;
  guint max_packets;
  /* the time of this turn, and until when it is that in cycles */
  guint32 now_ms;
  guint64 next_ms;
  struct stats_ *lwip_statistics;
  DpdkStackStatistics statistics;
  guint64 rx_checksums;
  guint64 tx_checksums;
  guint64 tso_segments;
  guint64 gso_segments;
  guint64 tx_references;
  guint64 gro_segments;
  guint64 isn_key[2];
  guint8 random[1024];
  gsize random_left;
};

extern DPDK_THREAD_LOCAL DpdkStack *dpdk_stack_current;

/* there must be room for it */
static inline void
dpdk_stack_interface_queue (DpdkStackInterface *self, struct rte_mbuf *mbuf)
{
  self->unsent[self->n_unsent++] = mbuf;
  self->n_unsent_bytes += mbuf->pkt_len;
}

/* out of sequence data would else take all buffers */
static inline guint
dpdk_stack_get_memory_level (DpdkStack *self)
{
  return dpdk_stack_budget_get_level (self->budget, self->n_packets > 2 * self->max_packets);
}

/* what a buffer takes, however little there is in it */
static inline gsize
dpdk_stack_packet_size (const struct rte_mbuf *mbuf)
{
  /* the mbuf knows it too, in its second line, which a small packet does not need */
  return sizeof *mbuf + rte_pktmbuf_priv_size (mbuf->pool) + mbuf->buf_len;
}

/* An empty packet of one buffer, or NULL. The second line of an mbuf is not touched: who gave it back has
   left there what has to be. */
static inline struct rte_mbuf *
dpdk_stack_interface_new_packet (DpdkStackInterface *self)
{
  void *object;
  struct rte_mbuf *mbuf;

  if (rte_mempool_generic_get (self->pool, &object, 1, self->unused) != 0)
    return NULL;
  mbuf = object;
  rte_pktmbuf_reset_headroom (mbuf);
  mbuf->port = RTE_MBUF_PORT_INVALID;
  mbuf->ol_flags &= RTE_MBUF_F_EXTERNAL;
  mbuf->packet_type = 0;
  mbuf->pkt_len = 0;
  mbuf->data_len = 0;
  mbuf->vlan_tci = 0;
  mbuf->vlan_tci_outer = 0;
  return mbuf;
}

/* the same for one that is given back, if it is of one buffer that nobody else has */
static inline void
dpdk_stack_packet_give_back (struct rte_mbuf *mbuf)
{
  if (G_LIKELY (rte_mbuf_refcnt_read (mbuf) == 1 && RTE_MBUF_DIRECT (mbuf) && mbuf->nb_segs == 1))
    rte_mbuf_raw_free (mbuf);
  else
    rte_pktmbuf_free (mbuf);
}

/* the packet that the data of @p is in, or NULL */
struct rte_mbuf *dpdk_stack_get_mbuf (struct pbuf *p);

DpdkStackInterface *dpdk_stack_interface_new (DpdkStack *stack,
                                              const DpdkStackInterfaceConfig *config);
void dpdk_stack_interface_free (DpdkStackInterface *self);
guint dpdk_stack_interface_receive (DpdkStackInterface *self);
void dpdk_stack_interface_input (DpdkStackInterface *self, struct rte_mbuf *mbuf);
void dpdk_stack_interface_set_link_up (DpdkStackInterface *self, gboolean link_up);
void dpdk_stack_interface_set_mac (DpdkStackInterface *self, const guint8 mac[6]);
void dpdk_stack_interface_set_mtu (DpdkStackInterface *self, guint mtu);
gboolean dpdk_stack_interface_index_addresses (DpdkStackInterface *self, guint n_addresses);
DpdkStackNetif *dpdk_stack_interface_find_netif (DpdkStackInterface *self, gboolean is_v6,
                                                 const guint8 *address);
DpdkStackNetif *dpdk_stack_interface_choose_netif (DpdkStackInterface *self,
                                                   const struct rte_mbuf *mbuf);
void dpdk_stack_interface_input_datagram (DpdkStackInterface *self, struct rte_mbuf *mbuf);
gboolean dpdk_stack_interface_steer (DpdkStackInterface *self, struct rte_mbuf *mbuf);
err_t dpdk_stack_interface_transmit (struct netif *netif, struct pbuf *p);
err_t dpdk_stack_interface_transmit_large (DpdkStackInterface *self, const struct pbuf *p,
                                           const DpdkStackFrame *frame);
gboolean dpdk_stack_interface_make_room (DpdkStackInterface *self, guint n);
void dpdk_stack_interface_flush (DpdkStackInterface *self);
void dpdk_stack_interface_drop_unsent (DpdkStackInterface *self);
void dpdk_stack_request_checksum (struct rte_mbuf *mbuf, const DpdkStackFrame *frame);
guint dpdk_stack_gro (DpdkStack *stack, struct rte_mbuf **packets, guint n_packets);
gboolean dpdk_stack_interface_is_on_link (DpdkStackInterface *self, gboolean is_v6,
                                          const guint8 *address);
gboolean dpdk_stack_interface_reaches (DpdkStackInterface *self, gboolean is_v6,
                                       const guint8 *address);

/* written by the thread of the stack only, read by others */
static inline void
dpdk_stack_add_count (guint64 *counter, guint n)
{
  __atomic_store_n (counter, *counter + n, __ATOMIC_RELAXED);
}

static inline void
dpdk_stack_count (guint64 *counter)
{
  dpdk_stack_add_count (counter, 1);
}

/* those of DPDK that say that a checksum is good; each is one bit of two, of which both together say
   that the data are good although the checksum is not: there the sender was in the same machine */
#define DPDK_STACK_RX_VERIFIED (RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD)

/* as flags of pbufs. What a device found bad is verified again: some say so of UDP without a checksum. */
static inline guint8
dpdk_stack_packet_get_verified (const struct rte_mbuf *mbuf)
{
  return (
      guint8) (((mbuf->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_GOOD) != 0 ? PBUF_OFFLOAD_IP_CSUM : 0) |
               ((mbuf->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_GOOD) != 0 ? PBUF_OFFLOAD_L4_CSUM : 0));
}

/* unless the checksum is known to be none: it would be found bad */
static inline void
dpdk_stack_packet_forget_verified (struct rte_mbuf *mbuf)
{
  if ((mbuf->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK) != RTE_MBUF_F_RX_IP_CKSUM_NONE)
    mbuf->ol_flags &= ~RTE_MBUF_F_RX_IP_CKSUM_MASK;
  if ((mbuf->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) != RTE_MBUF_F_RX_L4_CKSUM_NONE)
    mbuf->ol_flags &= ~RTE_MBUF_F_RX_L4_CKSUM_MASK;
}

/* gets into the cache what the packets of a burst are about, so many packets in front */
#define DPDK_STACK_LOOKAHEAD 8

typedef struct {
  struct rte_mbuf *const *packets;
  guint n; /* 0: it is not worth while */
  guint32 hashes[DPDK_STACK_BURST];
} DpdkStackLookahead;

void dpdk_stack_lookahead_begin (DpdkStackLookahead *self, struct rte_mbuf *const *packets,
                                 guint n);
void dpdk_stack_lookahead_step (DpdkStackLookahead *self, guint i);

gboolean dpdk_stack_is_neighbour_discovery (const guint8 *payload, guint length);

struct pbuf *dpdk_stack_packet_wrap (DpdkStack *stack, struct rte_mbuf *mbuf);
struct rte_mbuf *dpdk_stack_packet_copy (const struct pbuf *p, struct rte_mempool *pool);
struct rte_mbuf *dpdk_stack_packet_lend (struct pbuf *p);

G_END_DECLS
