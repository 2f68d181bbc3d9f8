/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Handing the data of a packet out as a GBytes that holds the packet, against a GBytes with a copy of
   the data, in short rounds one after the other. */

#include "bench-compare.h"

#include <dpdk-glib.h>
#include <rte_cycles.h>

#define POOL_SIZE 1023

static int n_rounds = 501;
static int n_views = 8192;

static GOptionEntry options[] = {
  { "rounds", 'r', 0, G_OPTION_ARG_INT, &n_rounds, "Number of rounds", "N" },
  { "views", 'v', 0, G_OPTION_ARG_INT, &n_views, "Number of views in a round", "N" },
  G_OPTION_ENTRY_NULL,
};

static void __attribute__ ((noinline, aligned (64))) view (DpdkPacket *packet, int n)
{
  for (int i = 0; i < n; i++)
    g_bytes_unref (dpdk_packet_to_bytes (packet));
}

static void __attribute__ ((noinline, aligned (64))) copy (DpdkPacket *packet, int n)
{
  for (int i = 0; i < n; i++)
    {
      gsize length;
      const guint8 *data = dpdk_packet_get_data (packet, &length);

      g_bytes_unref (g_bytes_new (data, length));
    }
}

typedef struct {
  void (*func) (DpdkPacket *packet, int n);
  DpdkPacket *packet;
} Side;

static double
run_round (gpointer user_data)
{
  const Side *side = user_data;
  guint64 begin = rte_rdtsc_precise ();

  side->func (side->packet, n_views);
  return (double) (rte_rdtsc_precise () - begin) * 1e9 / (double) rte_get_tsc_hz () / n_views;
}

static void
compare (DpdkMempool *pool, gsize size)
{
  g_autofree char *metric = g_strdup_printf ("view-of-%" G_GSIZE_FORMAT "-bytes", size);
  g_autofree guint8 *data = g_malloc0 (size);
  g_autoptr (GError) error = NULL;
  g_autoptr (DpdkPacket) packet = dpdk_packet_new_from_data (pool, data, size, &error);
  Side ours = { view, packet }, baseline = { copy, packet };
  BenchFigure figure = {
    .bench = "gbytes-view",
    .metric = metric,
    .unit = "ns/view",
    .baseline = "g_bytes_new, which copies",
  };

  if (packet == NULL)
    bench_die (error);
  bench_compare (&figure, (BenchSide){ run_round, &ours }, (BenchSide){ run_round, &baseline },
                 n_rounds, BENCH_LESS_IS_BETTER);
  bench_report (&figure);
}

static gpointer
run (gpointer data)
{
  DpdkEal *eal = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DpdkMempool) pool = dpdk_mempool_new (eal, POOL_SIZE, 0, 2048, -1, &error);
  g_autoptr (DpdkLcore) lcore = dpdk_lcore_register (eal, &error);

  if (pool == NULL || lcore == NULL)
    bench_die (error);
  compare (pool, 64);
  compare (pool, 1460);
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
  eal = dpdk_eal_new (NULL, &error);
  if (eal == NULL)
    bench_die (error);
  g_thread_join (g_thread_new ("view", run, eal));
  return 0;
}
