/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What one connection carries in a second, from a worker to a worker, through the library and, with a
   loop of send() and recv() on each side as in iperf3, through the kernel over a veth pair.

   With checksums each segment is summed up when it is sent and when it is received: ours go over a pair
   of rings, the kernel's over an interface that is told to have them computed. Without them ours go
   from a virtio device to its host, the kernel's as it does it by default, and both hand over what is
   larger than a segment. Bytes are written and read in the way that copies them and, on our side, also
   in the way that does not. */

#include "bench-bulk.h"
#include "bench-report.h"

static int n_cases = G_MAXINT;
static int n_rounds = 15;
static int ms = 400;

static GOptionEntry options[] = {
  { "cases", 'c', 0, G_OPTION_ARG_INT, &n_cases, "Number of cases, from the first one on", "N" },
  { "rounds", 'r', 0, G_OPTION_ARG_INT, &n_rounds, "Number of rounds", "N" },
  { "duration", 'd', 0, G_OPTION_ARG_INT, &ms, "Length of a round in milliseconds", "MS" },
  G_OPTION_ENTRY_NULL,
};

static const BenchContender *const contenders[] = { &bench_bulk_ours, &bench_bulk_kernel, NULL };

static double
run_round (gpointer user_data)
{
  g_autofree char *command = g_strdup_printf ("%d", ms);

  return bench_contender_run (user_data, command);
}

static void
compare (BenchBulkSettings settings, BenchChild *kernel)
{
  g_autofree char *argument = bench_bulk_settings_to_string (&settings);
  g_autofree char *metric = g_strdup_printf ("mtu-%u-%s%s", settings.mtu,
                                             settings.has_checksums ? "checksums" : "offloads",
                                             settings.has_bytes ? "-zero-copy" : "");
  g_autoptr (BenchChild) ours = bench_contender_new (&bench_bulk_ours, argument);
  BenchFigure figure = {
    .bench = "tcp-bulk",
    .metric = metric,
    .unit = "bits/s",
    .baseline = "send() and recv() over a veth pair",
  };

  bench_compare (&figure, (BenchSide){ run_round, ours }, (BenchSide){ run_round, kernel },
                 n_rounds, BENCH_MORE_IS_BETTER);
  bench_report (&figure);
}

int
main (int argc, char **argv)
{
  static const BenchBulkSettings all[] = {
    { .mtu = 1500, .has_checksums = TRUE },
    { .mtu = 1500 },
    { .mtu = 9000, .has_checksums = TRUE },
    { .mtu = 9000 },
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;

  bench_contender_serve (argc, argv, contenders);
  g_option_context_add_main_entries (context, options, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    bench_die (error);
  for (guint i = 0; i < MIN (G_N_ELEMENTS (all), (guint) n_cases); i++)
    {
      BenchBulkSettings settings = all[i];
      g_autofree char *argument = bench_bulk_settings_to_string (&settings);
      g_autoptr (BenchChild) kernel = bench_contender_new (&bench_bulk_kernel, argument);

      compare (settings, kernel);
      settings.has_bytes = TRUE;
      compare (settings, kernel);
    }
  return 0;
}
