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

/* what is between them, and what they are told; 0 and NULL are what most want */
typedef struct {
  guint mtu;
  /* what a thread between them does to their packets */
  const DpdkTestImpairment *impairment;
  /* a virtual machine's device and its host, which make checksums and cut segments, or rings */
  gboolean is_virtio;
  /* of the server's route to other networks, through the client */
  gboolean has_gateway;
  /* what the configuration has under "tcp": an object of JSON */
  const char *tcp;
  guint mempool_size;
  /* of the workers; those that sleep leave their cores to other threads */
  DpdkIdlePolicy idle_policy;
} BenchPeersSettings;

BenchPeers *bench_peers_new (void);
BenchPeers *bench_peers_new_with (const BenchPeersSettings *settings);
DpdkRuntime *bench_peers_get_runtime (BenchPeers *self, guint peer);
/* NULL if they are no rings */
DpdkTestLink *bench_peers_get_link (BenchPeers *self);
/* once there is a connection. The threads of virtio's drivers wait in loops for the workers, and would
   wait for ever if they came before them, so with it all are ordinary threads until then. */
void bench_peers_set_priority (BenchPeers *self);
const char *bench_peers_get_address (guint peer);
/* of the server */
GSocketAddress *bench_peers_new_address (guint16 port);
/* on the thread of the client's worker */
DpdkTcpSocket *bench_peers_connect (BenchPeers *self, GSocketAddress *address,
                                    GAsyncReadyCallback done, gpointer user_data);
/* how much was counted since the start by the stack of a peer */
guint64 bench_peers_count (BenchPeers *self, guint peer, DpdkStackCounter counter);
/* its signals come on the thread that calls it, so mostly that of the server's worker */
DpdkTcpListener *bench_peers_listen (BenchPeers *self, guint16 port);

void bench_peers_invoke (BenchPeers *self, guint peer, DpdkWorkerFunc func, gpointer user_data);
/* from a worker to the thread that waits */
void bench_peers_set_done (BenchPeers *self);
void bench_peers_wait_done (BenchPeers *self);

G_END_DECLS
