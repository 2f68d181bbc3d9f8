/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The time from a request of 64 bytes to its response on a single connection, against the kernel. See
   bench-tcp-rr for what the two ends are. */

#include "bench-compare.h"
#include "bench-rr.h"

static const BenchRrKind *const kinds[] = { &bench_rr_ours, &bench_rr_kernel, NULL };

static int n_rounds = 21;
static int ms = 100;

static GOptionEntry options[] = {
  { "rounds", 'r', 0, G_OPTION_ARG_INT, &n_rounds, "Number of rounds", "N" },
  { "duration", 'd', 0, G_OPTION_ARG_INT, &ms, "Length of a round in milliseconds", "MS" },
  G_OPTION_ENTRY_NULL,
};

static const struct {
  const char *metric;
  guint index;
} metrics[] = {
  { "p50", BENCH_RR_P50 },
  { "p99", BENCH_RR_P99 },
  { "p99.9", BENCH_RR_P999 },
};

typedef struct {
  BenchChild *child;
  guint index;
} Side;

static double
run_round (gpointer user_data)
{
  const Side *side = user_data;

  return bench_rr_child_measure (side->child, (guint) ms, side->index);
}

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (BenchChild) ours = NULL;
  g_autoptr (BenchChild) kernel = NULL;
  g_autoptr (GError) error = NULL;

  g_option_context_add_main_entries (context, options, NULL);
  g_option_context_add_group (context, bench_rr_get_option_group ());
  if (!g_option_context_parse (context, &argc, &argv, &error))
    bench_die (error);
  if (bench_rr_serve (kinds))
    return 0;
  ours = bench_rr_child_new (&bench_rr_ours, 1, 1);
  kernel = bench_rr_child_new (&bench_rr_kernel, 1, 1);
  for (gsize i = 0; i < G_N_ELEMENTS (metrics); i++)
    {
      Side our_side = { ours, metrics[i].index }, kernel_side = { kernel, metrics[i].index };
      BenchFigure figure = {
        .bench = "tcp-latency",
        .metric = metrics[i].metric,
        .unit = "ns",
        .baseline = "epoll over a veth pair",
      };

      bench_compare (&figure, (BenchSide){ run_round, &our_side },
                     (BenchSide){ run_round, &kernel_side }, n_rounds, BENCH_LESS_IS_BETTER);
      bench_report (&figure);
    }
  return 0;
}
