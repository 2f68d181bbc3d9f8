/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* g_input_stream_read_async() with data that has arrived, one read after the other from the callback of
   the last one, against GIO's own stream over memory in the same main loop. It is run on the thread of
   the connection's worker, and on another one while the workers have nothing to do. */

#include "bench-compare.h"
#include "bench-streams.h"
#include "bench-thread.h"

#include <rte_cycles.h>
#include <stdio.h>
#include <unistd.h>

/* a round's data has to fit into it */
#define MAX_READS 8192
#define READ_SIZE 64

static const char buffers[] = "{ \"send_buffer_size\": 1048576, \"receive_buffer_size\": 1048576 }";

static int n_rounds = 101;
static int n_reads = MAX_READS;

static GOptionEntry options[] = {
  { "rounds", 'r', 0, G_OPTION_ARG_INT, &n_rounds, "Number of rounds", "N" },
  { "reads", 'n', 0, G_OPTION_ARG_INT, &n_reads, "Number of reads in a round", "N" },
  G_OPTION_ENTRY_NULL,
};

static const guint8 data[MAX_READS * READ_SIZE];

typedef struct {
  BenchPeers *peers;
  BenchStreams streams;
  gboolean is_on_worker;
} Bench;

typedef struct {
  Bench *bench;
  GInputStream *stream;
  guint8 buffer[READ_SIZE];
  int n_left;
  double ns;
} Round;

static void
on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Round *self = user_data;
  g_autoptr (GError) error = NULL;

  if (g_input_stream_read_finish (self->stream, result, &error) != READ_SIZE)
    {
      if (error != NULL)
        bench_die (error);
      g_error ("not all was there");
    }
  if (--self->n_left > 0)
    g_input_stream_read_async (self->stream, self->buffer, sizeof self->buffer, G_PRIORITY_DEFAULT,
                               NULL, on_read, self);
}

/* what runs the sources of its own context only, on a worker as well as elsewhere */
static void
read_all (Round *self)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  guint64 begin;

  g_main_context_push_thread_default (context);
  self->n_left = n_reads;
  begin = rte_rdtsc_precise ();
  g_input_stream_read_async (self->stream, self->buffer, sizeof self->buffer, G_PRIORITY_DEFAULT,
                             NULL, on_read, self);
  while (self->n_left > 0)
    g_main_context_iteration (context, TRUE);
  self->ns =
      (double) (rte_rdtsc_precise () - begin) * 1e9 / (double) rte_get_tsc_hz () / (double) n_reads;
  g_main_context_pop_thread_default (context);
}

static void
read_on_worker (DpdkWorker *worker, gpointer user_data)
{
  Round *round = user_data;

  read_all (round);
  bench_peers_set_done (round->bench->peers);
}

static double
run_round (Bench *bench, GInputStream *stream)
{
  Round round = { .bench = bench, .stream = stream };

  if (bench->is_on_worker)
    {
      bench_peers_invoke (bench->peers, BENCH_PEERS_CLIENT, read_on_worker, &round);
      bench_peers_wait_done (bench->peers);
    }
  else
    read_all (&round);
  return round.ns;
}

static void
send_all (Bench *self, gsize size)
{
  DpdkTcpConnection *receiver = DPDK_TCP_CONNECTION (self->streams.ends[BENCH_PEERS_CLIENT]);
  g_autoptr (GError) error = NULL;
  gsize n = 0;

  if (!g_output_stream_write_all (
          g_io_stream_get_output_stream (self->streams.ends[BENCH_PEERS_SERVER]), data, size, NULL,
          NULL, &error))
    bench_die (error);
  while (n < size)
    {
      g_autoptr (GBytes) bytes = dpdk_tcp_connection_peek_bytes (receiver, size, NULL, &error);

      if (bytes == NULL)
        bench_die (error);
      n = g_bytes_get_size (bytes);
      /* nothing tells that more has come than was asked for */
      if (n < size)
        g_usleep (1000);
    }
}

static double
run_ours (gpointer user_data)
{
  Bench *self = user_data;

  send_all (self, (gsize) n_reads * READ_SIZE);
  return run_round (self, g_io_stream_get_input_stream (self->streams.ends[BENCH_PEERS_CLIENT]));
}

static double
run_memory (gpointer user_data)
{
  g_autoptr (GInputStream) stream =
      g_memory_input_stream_new_from_data (data, (gssize) n_reads * READ_SIZE, NULL);

  return run_round (user_data, stream);
}

static void
compare (Bench *self, gboolean is_on_worker)
{
  BenchFigure figure = {
    .bench = "gio-read",
    .metric = is_on_worker ? "on-worker" : "on-another-thread",
    .unit = "ns/read",
    .baseline = "GMemoryInputStream",
  };

  self->is_on_worker = is_on_worker;
  bench_compare (&figure, (BenchSide){ run_ours, self }, (BenchSide){ run_memory, self }, n_rounds,
                 BENCH_LESS_IS_BETTER);
  bench_report (&figure);
}

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;
  Bench bench = { 0 };

  g_option_context_add_main_entries (context, options, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    bench_die (error);
  bench_thread_raise ();
  n_reads = CLAMP (n_reads, 1, MAX_READS);
  bench.peers = bench_peers_new_with (&(BenchPeersSettings){
      .tcp = buffers,
      .idle_policy = DPDK_IDLE_POLICY_ADAPTIVE,
  });
  bench_streams_open_ours (&bench.streams, bench.peers);
  compare (&bench, TRUE);
  compare (&bench, FALSE);
  fflush (stdout);
  /* the workers run on */
  _exit (0);
}
