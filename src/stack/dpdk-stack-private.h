/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-slab.h"
#include "dpdk-stack.h"
#include "dpdk-thread-local-private.h"

#include <lwip/netif.h>
#include <lwip/pbuf.h>
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
  guint8 mac[6];
  guint mtu;
  gboolean link_up;
  GPtrArray *netifs;
  DpdkStackAddress *on_link;
  guint n_on_link;
  gboolean has_gateway_v4;
  gboolean has_gateway_v6;
  ip6_addr_t gateway_v6;
  guint n_unsent;
  struct rte_mbuf *unsent[4 * DPDK_STACK_BURST];
};

struct _DpdkStack {
  DpdkSlab *slab;
  DpdkStackPeers peers;
  GPtrArray *interfaces;
  DpdkStackPacket *packets;
  guint n_packets;
  guint max_packets;
  struct stats_ *lwip_statistics;
  DpdkStackStatistics statistics;
  guint64 isn_key[2];
  guint8 random[1024];
  gsize random_left;
};

extern DPDK_THREAD_LOCAL DpdkStack *dpdk_stack_current;

DpdkStackInterface *dpdk_stack_interface_new (DpdkStack *stack,
                                              const DpdkStackInterfaceConfig *config);
void dpdk_stack_interface_free (DpdkStackInterface *self);
guint dpdk_stack_interface_receive (DpdkStackInterface *self);
void dpdk_stack_interface_input (DpdkStackInterface *self, struct rte_mbuf *mbuf);
void dpdk_stack_interface_set_link_up (DpdkStackInterface *self, gboolean link_up);
void dpdk_stack_interface_set_mac (DpdkStackInterface *self, const guint8 mac[6]);
void dpdk_stack_interface_set_mtu (DpdkStackInterface *self, guint mtu);
gboolean dpdk_stack_interface_has_address (DpdkStackInterface *self, gboolean is_v6,
                                           const guint8 *address);
void dpdk_stack_interface_flush (DpdkStackInterface *self);
gboolean dpdk_stack_interface_is_on_link (DpdkStackInterface *self, gboolean is_v6,
                                          const guint8 *address);
gboolean dpdk_stack_interface_reaches (DpdkStackInterface *self, gboolean is_v6,
                                       const guint8 *address);

G_END_DECLS
