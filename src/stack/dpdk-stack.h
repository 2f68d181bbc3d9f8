/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-glib.h"
#include "dpdk-stack-budget.h"
#include "dpdk-stack-udp-ports.h"

G_BEGIN_DECLS

struct rte_mbuf;
struct rte_mempool;
struct ip_addr;
struct netif;
struct pbuf;

/* a TCP/IP stack; it lives and dies on one thread, and a thread has at most one */
typedef struct _DpdkStack DpdkStack;
typedef struct _DpdkStackInterface DpdkStackInterface;

typedef struct {
  gboolean is_v6;
  guint8 bytes[16];
  guint prefix_length;
} DpdkStackAddress;

/* whether @bytes is in the subnet of @self; both are of one family */
gboolean dpdk_stack_address_contains (const DpdkStackAddress *self, const guint8 *bytes);

typedef struct {
  guint index;
  /* must outlive the interface */
  DpdkPort *port;
  guint queue;
  guint n_queues;
  struct rte_mempool *pool;
  guint8 mac[6];
  guint mtu;
  DpdkStackOffload offloads;
  /* with TSO: the device makes the checksum of the IPv4 header, too */
  gboolean tx_ip_checksum;
  guint max_tx_segments;
  const DpdkStackAddress *addresses;
  guint n_addresses;
  const DpdkStackAddress *gateway_v4;
  const DpdkStackAddress *gateway_v6;
} DpdkStackInterfaceConfig;

/* which of the workers that share the ports a stack belongs to */
typedef struct {
  guint index;
  guint n_workers;
  /* hands a packet to the stack of another worker; takes over @mbuf, unless it has no room.
     @is_datagram: it has no link header, and was checked already */
  gboolean (*forward) (gpointer data, guint worker, guint interface, struct rte_mbuf *mbuf,
                       gboolean is_datagram);
  gpointer data;
  /* the worker that owns a local port of TCP, plus one, or DPDK_STACK_PORT_OF_ALL; shared by all workers */
  const guint8 *port_owners;
  DpdkStackUdpPorts *udp_ports;
} DpdkStackPeers;

typedef struct {
  guint64 rx_packets;
  guint64 tx_packets;
  guint64 rx_dropped;
  guint64 rx_malformed;
  guint64 tx_dropped;
} DpdkStackStatistics;

#define DPDK_STACK_N_COUNTERS (DPDK_STACK_COUNTER_TCP_HASH_BUCKETS + 1)

struct _DpdkStackCounters {
  guint64 values[DPDK_STACK_N_COUNTERS];
};

#define DPDK_STACK_FIRST_EPHEMERAL_PORT 32768
/* all workers listen on it */
#define DPDK_STACK_PORT_OF_ALL G_MAXUINT8

DpdkStack *dpdk_stack_new (const DpdkStackPeers *peers, DpdkStackBudget *budget);
void dpdk_stack_free (DpdkStack *self);

gboolean dpdk_stack_add_interface (DpdkStack *self, const DpdkStackInterfaceConfig *config);
/* of each turn, in cycles: all that happens in it happens at that time */
void dpdk_stack_set_time (DpdkStack *self, guint64 cycles);
guint dpdk_stack_receive (DpdkStack *self);
/* what changes while the stack runs; @interface is the index that it was added with, and one that is
   not there is none of its business */
void dpdk_stack_set_link_up (DpdkStack *self, guint interface, gboolean link_up);
void dpdk_stack_set_mac (DpdkStack *self, guint interface, const guint8 mac[6]);
void dpdk_stack_set_mtu (DpdkStack *self, guint interface, guint mtu);
/* connections on its addresses must be gone */
void dpdk_stack_remove_interface (DpdkStack *self, guint interface);
gboolean dpdk_stack_has_address (DpdkStack *self, guint interface, gboolean is_v6,
                                 const guint8 *address);
void dpdk_stack_input (DpdkStack *self, guint interface, struct rte_mbuf *mbuf,
                       gboolean is_datagram);
void dpdk_stack_run_timers (DpdkStack *self);
gint64 dpdk_stack_get_timeout (DpdkStack *self);
void dpdk_stack_flush (DpdkStack *self);
gboolean dpdk_stack_has_output (DpdkStack *self);
void dpdk_stack_get_statistics (DpdkStack *self, DpdkStackStatistics *statistics);
/* may be called from any thread while the stack lives */
void dpdk_stack_get_counters (DpdkStack *self, DpdkStackCounters *counters);

GBytes *dpdk_stack_view_data (DpdkStackBudget *budget, struct pbuf *p, gsize size);

gboolean dpdk_stack_is_reachable (DpdkStack *self, gboolean is_v6, const guint8 *address);

/* memory pressure: is it too late for another connection, and is a received buffer better copied than
   kept */
gboolean dpdk_stack_refuses_connection (DpdkStack *self);
gboolean dpdk_stack_should_copy (DpdkStack *self, const struct pbuf *p);
gboolean dpdk_stack_is_short_of_buffers (DpdkStack *self);

/* whether packets may refer to data that is to be sent: who makes checksums copies it meanwhile */
static inline gboolean
dpdk_stack_may_refer (DpdkStackOffload offloads)
{
  const DpdkStackOffload needs = DPDK_STACK_OFFLOAD_MULTI_SEGMENTS | DPDK_STACK_OFFLOAD_TX_CHECKSUM;

  return (offloads & needs) == needs;
}

gboolean dpdk_stack_is_out_of_memory (DpdkStack *self);

/* frames that the interfaces have room for in this turn, at least */
guint dpdk_stack_get_room (DpdkStack *self);

struct netif *dpdk_stack_get_multicast_netif (DpdkStack *self, gint interface);
signed char dpdk_stack_join_group (DpdkStack *self, gint interface, const struct ip_addr *group);
signed char dpdk_stack_leave_group (DpdkStack *self, gint interface, const struct ip_addr *group);

/* between the application and the stack, for the thread of the stack */
struct pbuf *dpdk_stack_packet_wrap_for_sending (DpdkStack *stack, struct rte_mbuf *mbuf);
struct rte_mbuf *dpdk_stack_packet_unwrap (struct pbuf *p, struct rte_mempool *pool);
/* NULL if all devices were removed */
struct rte_mempool *dpdk_stack_get_pool (DpdkStack *self);

G_END_DECLS
