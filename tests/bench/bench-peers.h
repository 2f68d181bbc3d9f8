/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <dpdk-glib-testing.h>

G_BEGIN_DECLS

/* Two runtimes of one worker each, which poll on cores of their own, at the ends of a link of
   net_ring. */
typedef struct _BenchPeers BenchPeers;

enum {
  BENCH_PEERS_SERVER,
  BENCH_PEERS_CLIENT,
};

BenchPeers *bench_peers_new (void);
DpdkRuntime *bench_peers_get_runtime (BenchPeers *self, guint peer);
/* on the thread of the server's worker */
DpdkTcpListener *bench_peers_listen (BenchPeers *self, guint16 port);

void bench_peers_invoke (BenchPeers *self, guint peer, DpdkWorkerFunc func, gpointer user_data);
/* from a worker to the thread that waits */
void bench_peers_set_done (BenchPeers *self);
void bench_peers_wait_done (BenchPeers *self);

G_END_DECLS
