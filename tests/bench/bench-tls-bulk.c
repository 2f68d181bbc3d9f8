/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What one connection carries in a second under TLS, from a thread that blocks to a thread that blocks,
   over the library's streams and over GIO's own ones of a veth pair. The TLS and what is above it are the
   same; our workers sleep when they have nothing to do, since the threads want their cores. See
   bench-tcp-bulk for what there is with checksums and what without. */

#include "bench-bulk.h"
#include "bench-rate.h"
#include "bench-report.h"
#include "bench-streams.h"

#include <stdlib.h>

/* of the certificate */
#define NAME "dpdk-glib.test"
#define MTU 1500
/* a few MiB for what lies in buffers of 2 KiB */
#define MEMPOOL_SIZE 8191

static const char buffers[] = "{ \"send_buffer_size\": 1048576, \"receive_buffer_size\": 1048576 }";

#define CHECKSUMS "checksums"
#define OFFLOADS "offloads"

static int n_cases = G_MAXINT;
static int n_rounds = 15;
static int ms = 400;

static GOptionEntry options[] = {
  { "cases", 'c', 0, G_OPTION_ARG_INT, &n_cases, "Number of cases, from the first one on", "N" },
  { "rounds", 'r', 0, G_OPTION_ARG_INT, &n_rounds, "Number of rounds", "N" },
  { "duration", 'd', 0, G_OPTION_ARG_INT, &ms, "Length of a round in milliseconds", "MS" },
  G_OPTION_ENTRY_NULL,
};

typedef struct {
  GIOStream *server;
  GIOStream *client;
  guint64 n_bytes;
  GMutex lock;
  GCond changed;
  gint is_running;
} Contender;

static gpointer
handshake (gpointer data)
{
  g_autoptr (GError) error = NULL;

  if (!g_tls_connection_handshake (data, NULL, &error))
    bench_die (error);
  return NULL;
}

static gpointer
receive (gpointer data)
{
  static guint8 buffer[BENCH_BULK_CHUNK_SIZE];
  Contender *self = data;
  GInputStream *stream = g_io_stream_get_input_stream (self->server);
  g_autoptr (GError) error = NULL;
  gssize n;

  while ((n = g_input_stream_read (stream, buffer, sizeof buffer, NULL, &error)) > 0)
    __atomic_store_n (&self->n_bytes, self->n_bytes + (guint64) n, __ATOMIC_RELAXED);
  if (error != NULL)
    bench_die (error);
  return NULL;
}

static gpointer
send_all (gpointer data)
{
  static const guint8 chunk[BENCH_BULK_CHUNK_SIZE];
  Contender *self = data;
  GOutputStream *stream = g_io_stream_get_output_stream (self->client);
  g_autoptr (GError) error = NULL;

  while (TRUE)
    {
      g_mutex_lock (&self->lock);
      while (!g_atomic_int_get (&self->is_running))
        g_cond_wait (&self->changed, &self->lock);
      g_mutex_unlock (&self->lock);
      while (g_atomic_int_get (&self->is_running))
        if (!g_output_stream_write_all (stream, chunk, sizeof chunk, NULL, NULL, &error))
          bench_die (error);
    }
  return NULL;
}

static void
wrap (Contender *self, const BenchStreams *streams)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GTlsCertificate) certificate = g_tls_certificate_new_from_file (BENCH_TLS_PEM, &error);
  g_autoptr (GTlsDatabase) database =
      certificate != NULL ? g_tls_file_database_new (BENCH_TLS_PEM, &error) : NULL;
  g_autoptr (GSocketConnectable) identity = g_network_address_new (NAME, 0);

  if (database == NULL)
    bench_die (error);
  self->server =
      g_tls_server_connection_new (streams->ends[BENCH_PEERS_SERVER], certificate, &error);
  self->client =
      self->server != NULL
          ? g_tls_client_connection_new (streams->ends[BENCH_PEERS_CLIENT], identity, &error)
          : NULL;
  if (self->client == NULL)
    bench_die (error);
  g_tls_connection_set_database (G_TLS_CONNECTION (self->client), database);
}

static gpointer
start (const BenchStreams *streams)
{
  Contender *self = g_new0 (Contender, 1);
  GThread *thread;

  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  wrap (self, streams);
  thread = g_thread_new ("server", handshake, self->server);
  handshake (self->client);
  g_thread_join (thread);
  g_thread_unref (g_thread_new ("receive", receive, self));
  g_thread_unref (g_thread_new ("send", send_all, self));
  return self;
}

static gpointer
start_ours (const char *argument)
{
  BenchPeers *peers = bench_peers_new_with (&(BenchPeersSettings){
      .mtu = MTU,
      .is_virtio = !g_str_equal (argument, CHECKSUMS),
      .mempool_size = MEMPOOL_SIZE,
      .tcp = buffers,
      .idle_policy = DPDK_IDLE_POLICY_ADAPTIVE,
  });
  BenchStreams streams;

  bench_streams_open_ours (&streams, peers);
  bench_peers_set_priority (peers);
  return start (&streams);
}

static gpointer
start_kernel (const char *argument)
{
  BenchVeth *veth = bench_veth_new (MTU);
  BenchStreams streams;

  if (g_str_equal (argument, CHECKSUMS))
    bench_veth_enable_checksums (veth);
  bench_streams_open_kernel (&streams, veth);
  return start (&streams);
}

static guint
run (gpointer contender, const char *command, double values[BENCH_CHILD_MAX_VALUES])
{
  Contender *self = contender;

  g_mutex_lock (&self->lock);
  g_atomic_int_set (&self->is_running, TRUE);
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
  values[0] = bench_rate_measure (&self->n_bytes, (guint) atoi (command)) * 8;
  g_atomic_int_set (&self->is_running, FALSE);
  return 1;
}

static const BenchContender ours = { "ours", start_ours, run };
static const BenchContender kernel = { "kernel", start_kernel, run };
static const BenchContender *const contenders[] = { &ours, &kernel, NULL };

static double
run_round (gpointer user_data)
{
  g_autofree char *command = g_strdup_printf ("%d", ms);

  return bench_contender_run (user_data, command);
}

static void
compare (const char *metric)
{
  g_autoptr (BenchChild) our_child = bench_contender_new (&ours, metric);
  g_autoptr (BenchChild) kernel_child = bench_contender_new (&kernel, metric);
  BenchFigure figure = {
    .bench = "tls-bulk",
    .metric = metric,
    .unit = "bits/s",
    .baseline = "GSocketConnection over a veth pair",
  };

  bench_compare (&figure, (BenchSide){ run_round, our_child },
                 (BenchSide){ run_round, kernel_child }, n_rounds, BENCH_MORE_IS_BETTER);
  bench_report (&figure);
}

int
main (int argc, char **argv)
{
  static const char *const metrics[] = { CHECKSUMS, OFFLOADS };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;

  bench_contender_serve (argc, argv, contenders);
  g_option_context_add_main_entries (context, options, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    bench_die (error);
  for (guint i = 0; i < MIN (G_N_ELEMENTS (metrics), (guint) n_cases); i++)
    compare (metrics[i]);
  return 0;
}
