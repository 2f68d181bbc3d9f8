/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Packets per second of a loop from a receive to a transmit queue: through DpdkPort, against raw
   rte_eth calls on the same ports, in short rounds one after the other. */

#include "bench-compare.h"

#include <dpdk-glib.h>
#include <pthread.h>
#include <rte_ethdev.h>
#include <rte_lcore.h>
#include <sched.h>

#define BURST 32
#define POOL_SIZE 4095
#define CACHE_SIZE 256
#define N_DESCRIPTORS 1024
#define N_PRIMED 512
#define PACKET_SIZE 64

typedef struct {
  const char *name;
  const char *input;
  const char *output;
  /* the ports give back what they got, so they need packets to begin with */
  gboolean is_loop;
} Setup;

static const Setup setups[] = {
  { "net_null", "net_null0", "net_null1", FALSE },
  { "net_ring", "net_ring0", "net_ring0", TRUE },
};

typedef struct {
  DpdkPort *input;
  DpdkPort *output;
} Ports;

static int n_rounds = 301;
static int n_bursts = 8192;
static int cpu = -1;

static GOptionEntry options[] = {
  { "rounds", 'r', 0, G_OPTION_ARG_INT, &n_rounds, "Number of rounds", "N" },
  { "bursts", 'b', 0, G_OPTION_ARG_INT, &n_bursts, "Number of bursts in a round", "N" },
  { "cpu", 'c', 0, G_OPTION_ARG_INT, &cpu, "The CPU to run on, the last one by default", "N" },
  G_OPTION_ENTRY_NULL,
};

/* neither loop may get the better place in memory by luck */
static guint64 __attribute__ ((noinline, aligned (64))) forward_raw (const Ports *ports, int n)
{
  guint16 input = (guint16) dpdk_port_get_id (ports->input);
  guint16 output = (guint16) dpdk_port_get_id (ports->output);
  guint64 n_packets = 0;

  for (int i = 0; i < n; i++)
    {
      struct rte_mbuf *packets[BURST];
      guint16 n_received = rte_eth_rx_burst (input, 0, packets, BURST);
      guint16 n_sent = rte_eth_tx_burst (output, 0, packets, n_received);

      n_packets += n_sent;
      while (G_UNLIKELY (n_sent < n_received))
        rte_pktmbuf_free (packets[n_sent++]);
    }
  return n_packets;
}

static guint64 __attribute__ ((noinline, aligned (64))) forward_ours (const Ports *ports, int n)
{
  DpdkPort *input = ports->input;
  DpdkPort *output = ports->output;
  guint64 n_packets = 0;

  for (int i = 0; i < n; i++)
    {
      DpdkPacket *packets[BURST];
      guint n_received = dpdk_port_rx_burst (input, 0, packets, BURST);
      guint n_sent = dpdk_port_tx_burst (output, 0, packets, n_received);

      n_packets += n_sent;
      while (G_UNLIKELY (n_sent < n_received))
        dpdk_packet_unref (packets[n_sent++]);
    }
  return n_packets;
}

typedef struct {
  guint64 (*forward) (const Ports *ports, int n);
  const Ports *ports;
} Side;

static double
run_round (gpointer user_data)
{
  const Side *side = user_data;
  guint64 begin = rte_rdtsc_precise ();
  guint64 n_packets = side->forward (side->ports, n_bursts);
  guint64 end = rte_rdtsc_precise ();

  return (double) n_packets * (double) rte_get_tsc_hz () / (double) (end - begin);
}

static void
compare (const Setup *setup, const Ports *ports)
{
  g_autofree char *metric = g_strdup_printf ("%s-packets-per-second", setup->name);
  Side ours = { forward_ours, ports }, raw = { forward_raw, ports };
  BenchFigure figure = {
    .bench = "port-forward",
    .metric = metric,
    .unit = "packets/s",
    .baseline = "raw rte_eth_rx_burst and rte_eth_tx_burst",
  };

  bench_compare (&figure, (BenchSide){ run_round, &ours }, (BenchSide){ run_round, &raw }, n_rounds,
                 BENCH_MORE_IS_BETTER);
  bench_report (&figure);
}

static void
prime (DpdkPort *port, DpdkMempool *pool)
{
  static const guint8 frame[PACKET_SIZE];
  g_autoptr (GError) error = NULL;

  for (int i = 0; i < N_PRIMED; i++)
    {
      DpdkPacket *packet = dpdk_mempool_acquire (pool, &error);

      if (packet == NULL || !dpdk_packet_append (packet, frame, sizeof frame, &error))
        bench_die (error);
      if (dpdk_port_tx_burst (port, 0, &packet, 1) != 1)
        dpdk_packet_unref (packet);
    }
}

static DpdkPort *
open_port (DpdkEal *eal, DpdkMempool *pool, const char *devargs)
{
  g_autoptr (GError) error = NULL;
  DpdkPort *port = dpdk_port_new (eal, devargs, &error);

  if (port == NULL || !dpdk_port_configure (port, pool, 1, N_DESCRIPTORS, &error) ||
      !dpdk_port_start (port, &error))
    bench_die (error);
  return port;
}

static gpointer
run (gpointer data)
{
  DpdkEal *eal = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DpdkMempool) pool = dpdk_mempool_new (eal, POOL_SIZE, CACHE_SIZE, 2048, -1, &error);
  cpu_set_t set;

  if (pool == NULL)
    bench_die (error);
  CPU_ZERO (&set);
  CPU_SET ((gsize) cpu, &set);
  if (pthread_setaffinity_np (pthread_self (), sizeof set, &set) != 0)
    g_printerr ("bench-port-forward: cannot run on CPU %d only\n", cpu);
  if (rte_thread_register () != 0)
    g_error ("rte_thread_register failed");
  for (gsize i = 0; i < G_N_ELEMENTS (setups); i++)
    {
      g_autoptr (DpdkPort) input = open_port (eal, pool, setups[i].input);
      g_autoptr (DpdkPort) output = g_str_equal (setups[i].input, setups[i].output)
                                        ? g_object_ref (input)
                                        : open_port (eal, pool, setups[i].output);

      if (setups[i].is_loop)
        prime (output, pool);
      compare (&setups[i], &(Ports){ input, output });
      if (!dpdk_port_close (input, &error) || !dpdk_port_close (output, &error))
        bench_die (error);
    }
  rte_thread_unregister ();
  return NULL;
}

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (DpdkEal) eal = NULL;

  g_option_context_add_main_entries (context, options, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    bench_die (error);
  if (cpu < 0)
    cpu = (int) g_get_num_processors () - 1;
  eal = dpdk_eal_new (NULL, &error);
  if (eal == NULL)
    bench_die (error);
  g_thread_join (g_thread_new ("forward", run, eal));
  return 0;
}
