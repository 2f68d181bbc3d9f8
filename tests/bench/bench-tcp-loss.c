/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What arrives in a second over a link that loses 0.1, 1 and 5 % of the packets of both directions and
   holds them for 1 or 20 ms, through the library and through the kernel with CUBIC and SACK. Both have
   the same link between them, a thread that decides from the same seed; the kernel's ends are taps. Each
   round begins with new connections: as many as it takes to make a figure of a few seconds mean
   something, and few enough that neither the cores nor the link is what limits them. The way through the
   taps adds less than half a millisecond to the round trip, which counts at 1 ms and not at 20. */

#include "bench-loss.h"
#include "bench-report.h"

static int n_cases = G_MAXINT;
static int n_rounds = 9;
static int ms = 4000;
static gboolean is_verbose;

static GOptionEntry options[] = {
  { "cases", 'c', 0, G_OPTION_ARG_INT, &n_cases, "Number of cases, from the first one on", "N" },
  { "rounds", 'r', 0, G_OPTION_ARG_INT, &n_rounds, "Number of rounds", "N" },
  { "duration", 'd', 0, G_OPTION_ARG_INT, &ms, "Length of a round in milliseconds", "MS" },
  { "verbose", 'v', 0, G_OPTION_ARG_NONE, &is_verbose, "Tell of each round", NULL },
  G_OPTION_ENTRY_NULL,
};

static const BenchContender *const contenders[] = { &bench_loss_ours, &bench_loss_kernel, NULL };

typedef struct {
  const char *name;
  BenchChild *child;
  guint64 seed;
} Runner;

static double
run_round (gpointer user_data)
{
  Runner *self = user_data;
  const BenchLossRound round = { self->seed++, (guint) ms };
  g_autofree char *command = bench_loss_round_to_string (&round);
  double values[BENCH_CHILD_MAX_VALUES];

  bench_child_ask (self->child, command, values);
  if (is_verbose)
    g_printerr ("%s: %.2f Mbit/s, %.0f retransmissions, %.0f timeouts\n", self->name,
                values[BENCH_LOSS_RATE] / 1e6, values[BENCH_LOSS_RETRANSMITTED],
                values[BENCH_LOSS_TIMEOUTS]);
  return values[BENCH_LOSS_RATE];
}

static void
compare (const BenchLossSettings *settings)
{
  g_autofree char *argument = bench_loss_settings_to_string (settings);
  g_autofree char *metric =
      g_strdup_printf ("%g-percent-%u-ms", settings->loss * 100, settings->delay_us / 1000);
  g_autoptr (BenchChild) ours = bench_contender_new (&bench_loss_ours, argument);
  g_autoptr (BenchChild) kernel = bench_contender_new (&bench_loss_kernel, argument);
  BenchFigure figure = {
    .bench = "tcp-loss",
    .metric = metric,
    .unit = "bits/s",
    .baseline = "the kernel with CUBIC over the same link",
  };

  bench_compare (&figure, (BenchSide){ run_round, &(Runner){ "ours", ours, 1 } },
                 (BenchSide){ run_round, &(Runner){ "kernel", kernel, 1 } }, n_rounds,
                 BENCH_MORE_IS_BETTER);
  bench_report (&figure);
}

int
main (int argc, char **argv)
{
  static const BenchLossSettings settings[] = {
    { 0.001, 1000, 1 },  { 0.01, 1000, 2 },   { 0.05, 1000, 8 },
    { 0.001, 20000, 4 }, { 0.01, 20000, 16 }, { 0.05, 20000, 16 },
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;

  bench_contender_serve (argc, argv, contenders);
  g_option_context_add_main_entries (context, options, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    bench_die (error);
  for (guint i = 0; i < MIN (G_N_ELEMENTS (settings), (guint) n_cases); i++)
    compare (&settings[i]);
  return 0;
}
