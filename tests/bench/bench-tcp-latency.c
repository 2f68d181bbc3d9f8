/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The time from a request of 64 bytes to its response on a single connection, against the kernel. See
   bench-tcp-rr for what the two ends are.

   The rare long ones are those in which the machine interrupts an end, the more of them the longer it
   takes. So they are compared with those of two threads as well that have no stack, but hand each other
   a cache line after being busy for as long. */

#include "bench-compare.h"
#include "bench-rr.h"

static const BenchRrKind *const kinds[] = { &bench_rr_ours, &bench_rr_kernel, &bench_rr_line,
                                            NULL };

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

static void
compare (guint metric, BenchChild *ours, BenchChild *other, const char *suffix,
         const char *baseline)
{
  Side our_side = { ours, metrics[metric].index }, other_side = { other, metrics[metric].index };
  g_autofree char *name = g_strconcat (metrics[metric].metric, suffix, NULL);
  BenchFigure figure = {
    .bench = "tcp-latency",
    .metric = name,
    .unit = "ns",
    .baseline = baseline,
  };

  bench_compare (&figure, (BenchSide){ run_round, &our_side },
                 (BenchSide){ run_round, &other_side }, n_rounds, BENCH_LESS_IS_BETTER);
  bench_report (&figure);
}

static double
measure_median (BenchChild *child)
{
  return bench_rr_child_measure (child, (guint) ms, BENCH_RR_P50);
}

/* which takes as long as @ours */
static BenchChild *
make_line (BenchChild *ours)
{
  g_autoptr (BenchChild) idle = bench_rr_child_new_line (0);
  double busy_ns = (measure_median (ours) - measure_median (idle)) / 2;

  return bench_rr_child_new_line ((guint) MAX (busy_ns, 0));
}

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (BenchChild) ours = NULL;
  g_autoptr (BenchChild) kernel = NULL;
  g_autoptr (BenchChild) line = NULL;
  g_autoptr (GError) error = NULL;

  g_option_context_add_main_entries (context, options, NULL);
  g_option_context_add_group (context, bench_rr_get_option_group ());
  if (!g_option_context_parse (context, &argc, &argv, &error))
    bench_die (error);
  if (bench_rr_serve (kinds))
    return 0;
  ours = bench_rr_child_new (&bench_rr_ours, 1, 1);
  kernel = bench_rr_child_new (&bench_rr_kernel, 1, 1);
  line = make_line (ours);
  for (guint i = 0; i < G_N_ELEMENTS (metrics); i++)
    {
      compare (i, ours, kernel, "", "epoll over a veth pair");
      compare (i, ours, line, "-against-no-stack", "a cache line between two threads");
    }
  return 0;
}
