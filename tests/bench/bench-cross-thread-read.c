/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The time from when a peer sends 64 bytes until a thread that waits for them in g_input_stream_read()
   has them. Ours come to a worker, which wakes the thread; the baseline's come over a veth pair to GIO's
   own stream. Between two reads there is time enough for the thread to fall asleep. */

#include "bench-contender.h"
#include "bench-histogram.h"
#include "bench-report.h"
#include "bench-streams.h"

#include <rte_cycles.h>
#include <stdlib.h>

#define MESSAGE_SIZE 64
/* the reader waits again by then */
#define PAUSE_US 100
#define MTU 1500

static int n_rounds = 21;
static int n_reads = 500;

static GOptionEntry options[] = {
  { "rounds", 'r', 0, G_OPTION_ARG_INT, &n_rounds, "Number of rounds", "N" },
  { "reads", 'n', 0, G_OPTION_ARG_INT, &n_reads, "Number of reads in a round", "N" },
  G_OPTION_ENTRY_NULL,
};

enum {
  VALUE_P50,
  VALUE_P99,
  N_VALUES,
};

typedef struct _Contender Contender;

struct _Contender {
  /* NULL on the kernel's side */
  BenchPeers *peers;
  BenchStreams streams;
  void (*send) (Contender *self);
  guint64 sent_at;
  GMutex lock;
  GCond changed;
  guint64 read_at;
};

static const guint8 message[MESSAGE_SIZE];

static gpointer
read_thread (gpointer data)
{
  Contender *self = data;
  GInputStream *stream = g_io_stream_get_input_stream (self->streams.ends[BENCH_PEERS_SERVER]);
  g_autoptr (GError) error = NULL;
  guint8 buffer[MESSAGE_SIZE];

  while (g_input_stream_read_all (stream, buffer, sizeof buffer, NULL, NULL, &error))
    {
      guint64 now = rte_rdtsc ();

      g_mutex_lock (&self->lock);
      self->read_at = now;
      g_cond_signal (&self->changed);
      g_mutex_unlock (&self->lock);
    }
  bench_die (error);
}

static void
send_on_worker (DpdkWorker *worker, gpointer user_data)
{
  Contender *self = user_data;
  DpdkTcpConnection *client = DPDK_TCP_CONNECTION (self->streams.ends[BENCH_PEERS_CLIENT]);
  g_autoptr (GError) error = NULL;
  gsize n;

  self->sent_at = rte_rdtsc ();
  if (dpdk_tcp_socket_try_write (dpdk_tcp_connection_get_socket (client), message, sizeof message,
                                 &n, &error) == G_POLLABLE_RETURN_FAILED)
    bench_die (error);
  if (n != sizeof message)
    g_error ("not all was sent");
}

static void
send_ours (Contender *self)
{
  bench_peers_invoke (self->peers, BENCH_PEERS_CLIENT, send_on_worker, self);
}

static void
send_kernel (Contender *self)
{
  GOutputStream *stream = g_io_stream_get_output_stream (self->streams.ends[BENCH_VETH_CLIENT]);
  g_autoptr (GError) error = NULL;

  self->sent_at = rte_rdtsc ();
  if (!g_output_stream_write_all (stream, message, sizeof message, NULL, NULL, &error))
    bench_die (error);
}

static guint64
measure (Contender *self)
{
  guint64 cycles;

  g_usleep (PAUSE_US);
  self->send (self);
  g_mutex_lock (&self->lock);
  while (self->read_at == 0)
    g_cond_wait (&self->changed, &self->lock);
  cycles = self->read_at - self->sent_at;
  self->read_at = 0;
  g_mutex_unlock (&self->lock);
  return cycles;
}

static Contender *
start (Contender *self)
{
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  g_thread_unref (g_thread_new ("read", read_thread, self));
  return self;
}

static gpointer
start_ours (const char *argument)
{
  Contender *self = g_new0 (Contender, 1);

  self->peers = bench_peers_new ();
  self->send = send_ours;
  bench_streams_open_ours (&self->streams, self->peers);
  return start (self);
}

static gpointer
start_kernel (const char *argument)
{
  Contender *self = g_new0 (Contender, 1);

  self->send = send_kernel;
  bench_streams_open_kernel (&self->streams, bench_veth_new (MTU));
  return start (self);
}

static guint
run (gpointer contender, const char *command, double values[BENCH_CHILD_MAX_VALUES])
{
  g_autofree BenchHistogram *latencies = g_new0 (BenchHistogram, 1);
  gint64 from_us = g_get_monotonic_time ();
  guint64 from = rte_rdtsc ();
  double ns_per_cycle;

  for (int i = 0; i < atoi (command); i++)
    bench_histogram_add (latencies, measure (contender));
  /* the kernel's side knows no EAL to ask */
  ns_per_cycle =
      (double) (g_get_monotonic_time () - from_us) * 1e3 / (double) (rte_rdtsc () - from);
  values[VALUE_P50] = bench_histogram_get_percentile (latencies, 0.5) * ns_per_cycle;
  values[VALUE_P99] = bench_histogram_get_percentile (latencies, 0.99) * ns_per_cycle;
  return N_VALUES;
}

static const BenchContender ours = { "ours", start_ours, run };
static const BenchContender kernel = { "kernel", start_kernel, run };
static const BenchContender *const contenders[] = { &ours, &kernel, NULL };

typedef struct {
  BenchChild *child;
  guint index;
} Side;

static double
run_round (gpointer user_data)
{
  const Side *side = user_data;
  g_autofree char *command = g_strdup_printf ("%d", n_reads);
  double values[BENCH_CHILD_MAX_VALUES];

  bench_child_ask (side->child, command, values);
  return values[side->index];
}

int
main (int argc, char **argv)
{
  static const char *const metrics[] = { [VALUE_P50] = "p50", [VALUE_P99] = "p99" };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (BenchChild) our_child = NULL;
  g_autoptr (BenchChild) kernel_child = NULL;
  g_autoptr (GError) error = NULL;

  bench_contender_serve (argc, argv, contenders);
  g_option_context_add_main_entries (context, options, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    bench_die (error);
  our_child = bench_contender_new (&ours, "");
  kernel_child = bench_contender_new (&kernel, "");
  for (guint i = 0; i < N_VALUES; i++)
    {
      Side our_side = { our_child, i }, kernel_side = { kernel_child, i };
      BenchFigure figure = {
        .bench = "cross-thread-read",
        .metric = metrics[i],
        .unit = "ns",
        .baseline = "GSocketConnection over a veth pair",
      };

      bench_compare (&figure, (BenchSide){ run_round, &our_side },
                     (BenchSide){ run_round, &kernel_side }, n_rounds, BENCH_LESS_IS_BETTER);
      bench_report (&figure);
    }
  return 0;
}
