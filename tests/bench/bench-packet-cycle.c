/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Taking packets from a pool and giving them back, on a registered thread: against
   rte_pktmbuf_alloc() and rte_pktmbuf_free() on the same pool, in short rounds one after the other.
   32 packets are out at a time, taken one by one or all at once: one that comes back before the next
   is taken would measure how the processor forwards stores to loads, and nothing else. */

#include "bench-compare.h"

#include <dpdk-glib.h>
#include <pthread.h>
#include <rte_cycles.h>
#include <rte_mbuf.h>
#include <sched.h>
#include <stdlib.h>

#define BULK 32
#define POOL_SIZE 4095
#define CACHE_SIZE 256

typedef struct {
  DpdkMempool *pool;
  DpdkLcore *lcore;
  struct rte_mempool *native;
} Bench;

typedef void (*Cycle) (const Bench *bench, int n);

static int n_rounds = 501;
static int n_packets = 32768;
static int cpu = -1;

static GOptionEntry options[] = {
  { "rounds", 'r', 0, G_OPTION_ARG_INT, &n_rounds, "Number of rounds", "N" },
  { "packets", 'p', 0, G_OPTION_ARG_INT, &n_packets, "Number of packets in a round", "N" },
  { "cpu", 'c', 0, G_OPTION_ARG_INT, &cpu, "The CPU to run on, the last one by default", "N" },
  G_OPTION_ENTRY_NULL,
};

static void __attribute__ ((noinline, aligned (64))) single_raw (const Bench *bench, int n)
{
  for (int i = 0; i < n; i += BULK)
    {
      struct rte_mbuf *mbufs[BULK];

      for (int k = 0; k < BULK; k++)
        {
          mbufs[k] = rte_pktmbuf_alloc (bench->native);
          if (G_UNLIKELY (mbufs[k] == NULL))
            abort ();
        }
      for (int k = 0; k < BULK; k++)
        rte_pktmbuf_free (mbufs[k]);
    }
}

static void __attribute__ ((noinline, aligned (64))) single_ours (const Bench *bench, int n)
{
  for (int i = 0; i < n; i += BULK)
    {
      DpdkPacket *packets[BULK];

      for (int k = 0; k < BULK; k++)
        {
          packets[k] = dpdk_mempool_acquire (bench->pool, NULL);
          if (G_UNLIKELY (packets[k] == NULL))
            abort ();
        }
      for (int k = 0; k < BULK; k++)
        dpdk_packet_unref (packets[k]);
    }
}

static void __attribute__ ((noinline, aligned (64))) cached_ours (const Bench *bench, int n)
{
  for (int i = 0; i < n; i += BULK)
    {
      DpdkPacket *packets[BULK];

      for (int k = 0; k < BULK; k++)
        {
          packets[k] = dpdk_mempool_acquire_cached (bench->pool, bench->lcore, NULL);
          if (G_UNLIKELY (packets[k] == NULL))
            abort ();
        }
      for (int k = 0; k < BULK; k++)
        dpdk_packet_unref (packets[k]);
    }
}

static void __attribute__ ((noinline, aligned (64))) bulk_raw (const Bench *bench, int n)
{
  for (int i = 0; i < n; i += BULK)
    {
      struct rte_mbuf *mbufs[BULK];

      if (G_UNLIKELY (rte_pktmbuf_alloc_bulk (bench->native, mbufs, BULK) != 0))
        abort ();
      rte_pktmbuf_free_bulk (mbufs, BULK);
    }
}

static void __attribute__ ((noinline, aligned (64))) bulk_ours (const Bench *bench, int n)
{
  for (int i = 0; i < n; i += BULK)
    {
      DpdkPacket *packets[BULK];

      if (G_UNLIKELY (!dpdk_mempool_acquire_bulk (bench->pool, packets, BULK, NULL)))
        abort ();
      dpdk_packet_unref_bulk (packets, BULK);
    }
}

typedef struct {
  Cycle cycle;
  const Bench *bench;
} Side;

static double
run_round (gpointer user_data)
{
  const Side *side = user_data;
  guint64 begin = rte_rdtsc_precise ();

  side->cycle (side->bench, n_packets);
  return (double) (rte_rdtsc_precise () - begin) * 1e9 / (double) rte_get_tsc_hz () / n_packets;
}

static void
compare (const char *metric, const char *baseline, Cycle ours, Cycle raw, const Bench *bench)
{
  Side our_side = { ours, bench }, raw_side = { raw, bench };
  BenchFigure figure = {
    .bench = "packet-cycle",
    .metric = metric,
    .unit = "ns/packet",
    .baseline = baseline,
  };

  bench_compare (&figure, (BenchSide){ run_round, &our_side }, (BenchSide){ run_round, &raw_side },
                 n_rounds, BENCH_LESS_IS_BETTER);
  bench_report (&figure);
}

static gpointer
run (gpointer data)
{
  DpdkEal *eal = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DpdkMempool) pool = dpdk_mempool_new (eal, POOL_SIZE, CACHE_SIZE, 2048, -1, &error);
  g_autoptr (DpdkLcore) lcore = NULL;
  Bench bench = { .pool = pool };
  cpu_set_t set;

  if (pool == NULL)
    bench_die (error);
  CPU_ZERO (&set);
  CPU_SET ((gsize) cpu, &set);
  if (pthread_setaffinity_np (pthread_self (), sizeof set, &set) != 0)
    g_printerr ("bench-packet-cycle: cannot run on CPU %d only\n", cpu);
  bench.lcore = lcore = dpdk_lcore_register (eal, &error);
  if (lcore == NULL || !dpdk_mempool_warmup (pool, &error))
    bench_die (error);
  bench.native = rte_mempool_lookup (dpdk_mempool_get_name (pool));
  compare ("acquire-release", "rte_pktmbuf_alloc and rte_pktmbuf_free", single_ours, single_raw,
           &bench);
  compare ("acquire-cached-release", "rte_pktmbuf_alloc and rte_pktmbuf_free", cached_ours,
           single_raw, &bench);
  compare ("acquire-release-bulk-32", "rte_pktmbuf_alloc_bulk and rte_pktmbuf_free_bulk", bulk_ours,
           bulk_raw, &bench);
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
  g_thread_join (g_thread_new ("cycle", run, eal));
  return 0;
}
