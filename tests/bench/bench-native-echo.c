/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a socket costs: the time that a request of 64 bytes and its response take when both ends are
   busy, through the native API of DpdkTcpSocket, against lwIP's own calls on the same workers, ports
   and stacks. A request and its response pass the sockets of both ends. See bench-tcp-rr for what the
   ends are. */

#include "bench-compare.h"
#include "bench-rr.h"

/* what is allowed for each request */
#define GOAL_NS 60.0
/* what is reported of a difference that is smaller, or none */
#define RESOLUTION_NS 1.0

static const BenchRrKind *const kinds[] = { &bench_rr_ours, &bench_rr_raw, NULL };

/* what is looked for is a few hundredths of a request: fewer rounds do not tell */
static int n_rounds = 101;
static int ms = 100;

static GOptionEntry options[] = {
  { "rounds", 'r', 0, G_OPTION_ARG_INT, &n_rounds, "Number of rounds", "N" },
  { "duration", 'd', 0, G_OPTION_ARG_INT, &ms, "Length of a round in milliseconds", "MS" },
  G_OPTION_ENTRY_NULL,
};

static double
run_round (gpointer user_data)
{
  return 1e9 / bench_rr_child_measure (user_data, (guint) ms, BENCH_RR_RATE);
}

static void
compare (guint n_connections)
{
  g_autoptr (BenchChild) ours = bench_rr_child_new (&bench_rr_ours, n_connections, n_connections);
  g_autoptr (BenchChild) raw = bench_rr_child_new (&bench_rr_raw, n_connections, n_connections);
  g_autofree char *metric = g_strdup_printf ("%u-connections", n_connections);
  g_autofree char *overhead_metric = g_strdup_printf ("%u-connections-overhead", n_connections);
  BenchFigure figure = {
    .bench = "native-echo",
    .metric = metric,
    .unit = "ns/request",
    .baseline = "lwIP's own calls on the same workers",
  };
  BenchFigure overhead = {
    .bench = "native-echo",
    .metric = overhead_metric,
    .unit = "ns/request",
    .baseline = "the goal",
    .baseline_value = GOAL_NS,
  };

  bench_compare (&figure, (BenchSide){ run_round, ours }, (BenchSide){ run_round, raw }, n_rounds,
                 BENCH_LESS_IS_BETTER);
  bench_report (&figure);
  /* of the typical round, whose two halves have had the same neighbours */
  overhead.value = MAX (figure.baseline_value * (1 / figure.ratio - 1), RESOLUTION_NS);
  overhead.ratio = overhead.baseline_value / overhead.value;
  bench_report (&overhead);
}

int
main (int argc, char **argv)
{
  static const guint counts[] = { 16, 256 };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;

  g_option_context_add_main_entries (context, options, NULL);
  g_option_context_add_group (context, bench_rr_get_option_group ());
  if (!g_option_context_parse (context, &argc, &argv, &error))
    bench_die (error);
  if (bench_rr_serve (kinds))
    return 0;
  for (gsize i = 0; i < G_N_ELEMENTS (counts); i++)
    compare (counts[i]);
  return 0;
}
