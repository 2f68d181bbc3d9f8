/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How long it takes a client to open a connection while the listener is flooded with SYNs that nobody
   will answer for: against the time without a flood, at the most that the port of the client sends; and
   against the kernel, with its SYN cookies, at the most that the kernel lets one core send. How much
   both are comes first. */

#include "bench-flood.h"
#include "bench-report.h"

static int n_rounds = 15;
static int ms = 300;
static gboolean is_verbose;

static GOptionEntry options[] = {
  { "rounds", 'r', 0, G_OPTION_ARG_INT, &n_rounds, "Number of rounds", "N" },
  { "duration", 'd', 0, G_OPTION_ARG_INT, &ms, "Length of a round in milliseconds", "MS" },
  { "verbose", 'v', 0, G_OPTION_ARG_NONE, &is_verbose, "Tell of each round", NULL },
  G_OPTION_ENTRY_NULL,
};

static const BenchContender *const contenders[] = { &bench_flood_ours, &bench_flood_kernel, NULL };

typedef struct {
  BenchChild *child;
  guint rate;
  guint index;
} Runner;

static double
run_round (gpointer user_data)
{
  const Runner *self = user_data;
  const BenchFloodRound round = { self->rate, (guint) ms };
  g_autofree char *command = bench_flood_round_to_string (&round);
  double values[BENCH_CHILD_MAX_VALUES];

  bench_child_ask (self->child, command, values);
  if (is_verbose)
    g_printerr ("%.0f connections, median %.1f us, mean %.1f us, flood of %.0f in a second\n",
                values[BENCH_FLOOD_N_CONNECTIONS], values[BENCH_FLOOD_MEDIAN] / 1e3,
                values[BENCH_FLOOD_MEAN] / 1e3, values[BENCH_FLOOD_RATE]);
  return values[self->index];
}

static double
compare (const char *metric, Runner ours, Runner baseline, const char *text)
{
  gboolean is_rate = ours.index == BENCH_FLOOD_RATE;
  BenchFigure figure = {
    .bench = "syn-flood",
    .metric = metric,
    .unit = is_rate ? "SYNs/s" : "ns",
    .baseline = text,
  };

  bench_compare (&figure, (BenchSide){ run_round, &ours }, (BenchSide){ run_round, &baseline },
                 n_rounds, is_rate ? BENCH_MORE_IS_BETTER : BENCH_LESS_IS_BETTER);
  bench_report (&figure);
  return figure.baseline_value;
}

int
main (int argc, char **argv)
{
  static const char kernel_text[] = "the kernel over a veth pair";
  static const char quiet_text[] = "no flood";
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (BenchChild) ours = NULL, kernel = NULL;
  g_autoptr (GError) error = NULL;
  guint rate;

  bench_contender_serve (argc, argv, contenders);
  g_option_context_add_main_entries (context, options, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    bench_die (error);
  ours = bench_contender_new (&bench_flood_ours, "");
  kernel = bench_contender_new (&bench_flood_kernel, "");
  rate = (guint) compare ("rate", (Runner){ ours, BENCH_FLOOD_MAX, BENCH_FLOOD_RATE },
                          (Runner){ kernel, BENCH_FLOOD_MAX, BENCH_FLOOD_RATE }, kernel_text);
  compare ("median-against-no-flood", (Runner){ ours, BENCH_FLOOD_MAX, BENCH_FLOOD_MEDIAN },
           (Runner){ ours, 0, BENCH_FLOOD_MEDIAN }, quiet_text);
  compare ("mean-against-no-flood", (Runner){ ours, BENCH_FLOOD_MAX, BENCH_FLOOD_MEAN },
           (Runner){ ours, 0, BENCH_FLOOD_MEAN }, quiet_text);
  compare ("median-against-kernel", (Runner){ ours, rate, BENCH_FLOOD_MEDIAN },
           (Runner){ kernel, rate, BENCH_FLOOD_MEDIAN }, kernel_text);
  compare ("mean-against-kernel", (Runner){ ours, rate, BENCH_FLOOD_MEAN },
           (Runner){ kernel, rate, BENCH_FLOOD_MEAN }, kernel_text);
  return 0;
}
