/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include <lwip/ip_addr.h>
#include <lwip/pbuf.h>

G_BEGIN_DECLS

/* RFC 768 over IPv4; over IPv6 lwIP counts header and data of a packet in 16 bits */
#define DPDK_UDP_MAX_V4 65507
#define DPDK_UDP_MAX_V6 65487
/* what a datagram counts for in a buffer beside its data: empty ones must not be free */
#define DPDK_UDP_OVERHEAD 128

typedef struct _DpdkUdpItem DpdkUdpItem;

/* what can be queued */
struct _DpdkUdpItem {
  DpdkUdpItem *next;
  gsize cost;
};

/* not locked */
typedef struct {
  DpdkUdpItem *head;
  DpdkUdpItem *tail;
  guint n;
  gsize cost;
} DpdkUdpQueue;

void dpdk_udp_queue_push (DpdkUdpQueue *self, DpdkUdpItem *item);
gpointer dpdk_udp_queue_pop (DpdkUdpQueue *self);
/* leaves @from empty */
void dpdk_udp_queue_move (DpdkUdpQueue *self, DpdkUdpQueue *from);

/* received; made and freed by the worker */
typedef struct {
  DpdkUdpItem item;
  struct pbuf *data;
  ip_addr_t ip;
  guint16 port;
} DpdkUdpDatagram;

/* takes over @data; NULL if there is no memory */
DpdkUdpDatagram *dpdk_udp_datagram_new (struct pbuf *data, const ip_addr_t *ip, guint16 port);
void dpdk_udp_datagram_free (DpdkUdpDatagram *self);
void dpdk_udp_datagram_queue_clear (DpdkUdpQueue *queue);

/* to be sent; made by any thread, and given to the stack as it is */
typedef struct {
  DpdkUdpItem item;
  ip_addr_t ip;
  guint16 port;
  struct pbuf_custom pbuf;
  /* for what the stack puts in front of the data */
  guint8 headers[64];
  guint8 data[];
} DpdkUdpOutgoing;

/* freed with its buffer */
DpdkUdpOutgoing *dpdk_udp_outgoing_new (gsize length);
void dpdk_udp_outgoing_queue_clear (DpdkUdpQueue *queue);

G_END_DECLS
