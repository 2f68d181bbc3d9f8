/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "net-fixture.h"

G_BEGIN_DECLS

/* one of everything that calls can be made on, of the first of two workers, but for the listener, which
   is of both */
typedef struct {
  DpdkRuntime *runtime;
  DpdkEal *eal;
  DpdkTcpClient *client;
  DpdkResolver *resolver;
  DpdkTcpListener *listener;
  /* connected, and the kernel's end of it */
  DpdkTcpConnection *connection;
  DpdkTcpSocket *socket;
  int fd;
  /* not connected, to be connected to @address, where @kernel_listener is */
  DpdkTcpSocket *fresh;
  GSocketAddress *address;
  int kernel_listener;
  /* bound, and a socket of the kernel, which is its peer */
  DpdkUdpSocket *udp;
  int udp_fd;
  /* not bound */
  DpdkUdpSocket *fresh_udp;
  DpdkMempool *pool;
  /* "x" */
  GBytes *bytes;
} NetCalls;

typedef gboolean (*NetCall) (NetCalls *self, GError **error);
typedef void (*NetCallsFunc) (NetCalls *self);

void net_calls_start (NetCalls *self);
void net_calls_stop (NetCalls *self);
/* waits */
void net_calls_run_on_worker (NetCalls *self, guint worker, NetCallsFunc func);
void net_calls_run_on_thread (NetCalls *self, NetCallsFunc func);
/* the functions that the library exports */
char **net_calls_read_symbols (void);

G_END_DECLS
