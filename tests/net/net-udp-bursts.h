/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "net-udp.h"

G_BEGIN_DECLS

#define NET_UDP_BURST 32

/* an echo server on a worker, which takes bursts and sends the same packets back */
typedef struct {
  DpdkRuntime *runtime;
  const char *host;
  guint16 port;
  gboolean may_share;
  DpdkUdpSocket *socket;
  gint is_ready;
  gint n_echoed;
  gint n_several;
  gint n_destroyed;
} NetUdpBursts;

/* the socket of @worker_index */
void net_udp_bursts_open (NetUdpBursts *self, guint worker_index);
void net_udp_bursts_close (NetUdpBursts *self);
/* one datagram, so that the neighbours know each other */
void net_udp_bursts_warm_up (int fd, const char *host, guint16 port);
/* bursts of datagrams there and back; returns how many came back out of turn, which only one queue
   excludes: the kernel moves a flow to another queue of a tap when it has seen an answer there */
guint net_udp_bursts_exchange (int fd, const char *host, guint16 port, guint n, gsize max);

G_END_DECLS
