/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-peers.h"
#include "bench-rr-pcbs.h"
#include "bench-rr.h"

typedef struct {
  BenchLoad *load;
  BenchPeers *peers;
  BenchRrPcbs *pcbs;
} Client;

static void
listen_on_worker (DpdkWorker *worker, gpointer user_data)
{
  Client *self = user_data;

  bench_rr_pcbs_listen (self->pcbs);
  bench_peers_set_done (self->peers);
}

static void
connect_on_worker (DpdkWorker *worker, gpointer user_data)
{
  bench_rr_pcbs_connect (((Client *) user_data)->pcbs,
                         bench_peers_get_address (BENCH_PEERS_SERVER));
}

static void
send_request (gpointer client, guint connection)
{
  bench_rr_pcbs_send (((Client *) client)->pcbs, connection);
}

static gpointer
start (BenchLoad *load)
{
  Client *self = g_new0 (Client, 1);

  self->load = load;
  self->peers = bench_peers_new ();
  self->pcbs = bench_rr_pcbs_new (load);
  load->client = self;
  load->send = send_request;
  bench_peers_invoke (self->peers, BENCH_PEERS_SERVER, listen_on_worker, self);
  bench_peers_wait_done (self->peers);
  bench_peers_invoke (self->peers, BENCH_PEERS_CLIENT, connect_on_worker, self);
  bench_rr_pcbs_wait (self->pcbs);
  return self;
}

static void
begin_on_worker (DpdkWorker *worker, gpointer user_data)
{
  bench_load_begin (user_data);
}

static void
begin (gpointer client)
{
  Client *self = client;

  bench_peers_invoke (self->peers, BENCH_PEERS_CLIENT, begin_on_worker, self->load);
}

const BenchRrKind bench_rr_raw = { "raw", start, begin };
