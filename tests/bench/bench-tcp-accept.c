/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Connections in a second, each of which is opened, brings a request of 64 bytes and a response of 64
   bytes, and is closed: with a million in TIME-WAIT at the server against none, and against the kernel
   with epoll over a veth pair. Client and server have a core each. */

#include "bench-accept.h"
#include "bench-report.h"

static int n_rounds = 15;
static int ms = 300;
static int n_time_waits = 1000000;

static GOptionEntry options[] = {
  { "rounds", 'r', 0, G_OPTION_ARG_INT, &n_rounds, "Number of rounds", "N" },
  { "duration", 'd', 0, G_OPTION_ARG_INT, &ms, "Length of a round in milliseconds", "MS" },
  { "time-waits", 't', 0, G_OPTION_ARG_INT, &n_time_waits, "Connections in TIME-WAIT", "N" },
  G_OPTION_ENTRY_NULL,
};

static const BenchContender *const contenders[] = { &bench_accept_ours, &bench_accept_kernel,
                                                    NULL };

static double
run_round (gpointer user_data)
{
  g_autofree char *command = g_strdup_printf ("%d", ms);

  return bench_contender_run (user_data, command);
}

static void
compare (BenchChild *ours, BenchChild *baseline, const char *metric, const char *text)
{
  BenchFigure figure = {
    .bench = "tcp-accept",
    .metric = metric,
    .unit = "connections/s",
    .baseline = text,
  };

  bench_compare (&figure, (BenchSide){ run_round, ours }, (BenchSide){ run_round, baseline },
                 n_rounds, BENCH_MORE_IS_BETTER);
  bench_report (&figure);
}

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autofree char *argument = NULL, *metric = NULL;
  g_autoptr (BenchChild) none = NULL, many = NULL, kernel = NULL;
  g_autoptr (GError) error = NULL;

  bench_contender_serve (argc, argv, contenders);
  g_option_context_add_main_entries (context, options, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    bench_die (error);
  argument = g_strdup_printf ("%d", n_time_waits);
  metric = g_strdup_printf ("%d-time-waits", n_time_waits);
  none = bench_contender_new (&bench_accept_ours, "0");
  many = bench_contender_new (&bench_accept_ours, argument);
  kernel = bench_contender_new (&bench_accept_kernel, argument);
  compare (many, none, metric, "none in TIME-WAIT");
  compare (many, kernel, "against-kernel", "epoll over a veth pair");
  return 0;
}
