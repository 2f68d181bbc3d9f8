/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The same load of requests on any of 64, 1,000, 10,000 and 100,000 established connections: what it
   costs that they are many. The baseline is the rate with 64. Further figures tell what the difference
   is made of:

   - packets for each request: of few connections a request soon follows and takes the acknowledgement
     of the last response along, of many it is a packet of its own;
   - the time of a request in dependent accesses to as much memory as the connections take;
   - the memory of an end, of the server's and of the client's together, with all that the library and
     GLib keep for an idle connection; and what this program does, which is not part of that.

   With an --ack-delay of more than the time between two requests of a connection, requests take along
   the acknowledgements of many connections, too, if --rto-min lets the other end wait for them; the name
   of the benchmark then tells what was set. */

#include "bench-compare.h"
#include "bench-rr.h"

/* requests under way, so that both ends have bursts to work on */
#define WINDOW 64
#define N_FEW 64

static const BenchRrKind *const kinds[] = { &bench_rr_ours, NULL };

static int n_rounds = 21;
static int ms = 200;
static int n_most = 100000;
static int ack_delay = -1;
static int rto_min = -1;

static GOptionEntry options[] = {
  { "rounds", 'r', 0, G_OPTION_ARG_INT, &n_rounds, "Number of rounds", "N" },
  { "duration", 'd', 0, G_OPTION_ARG_INT, &ms, "Length of a round in milliseconds", "MS" },
  { "connections", 'c', 0, G_OPTION_ARG_INT, &n_most, "The most connections, up to 1000000", "N" },
  { "ack-delay", 0, 0, G_OPTION_ARG_INT, &ack_delay,
    "How long an acknowledgement may wait, at both ends, in milliseconds", "MS" },
  { "rto-min", 0, 0, G_OPTION_ARG_INT, &rto_min,
    "The shortest retransmission timeout of both ends in milliseconds", "MS" },
  G_OPTION_ENTRY_NULL,
};

typedef struct {
  GString *name;
  GString *tcp;
} Settings;

static void
add_setting (Settings *self, const char *key, const char *label, int value)
{
  if (value < 0)
    return;
  g_string_append_printf (self->name, "-%s-%d", label, value);
  g_string_append_printf (self->tcp, "%s\"%s\": %d", self->tcp->len > 1 ? ", " : "", key, value);
}

static double
run_round (gpointer user_data)
{
  return bench_rr_child_measure (user_data, (guint) ms, BENCH_RR_RATE);
}

static void
report (BenchFigure *figure, const char *metric, guint n, const char *unit)
{
  g_autofree char *full = g_strdup_printf ("%s-%u-connections", metric, n);

  figure->metric = full;
  figure->unit = unit;
  bench_report (figure);
}

static void
report_packets (BenchFigure *figure, BenchChild *few, BenchChild *many, guint n)
{
  figure->value = bench_rr_child_measure (many, (guint) ms, BENCH_RR_PACKETS);
  figure->baseline_value = bench_rr_child_measure (few, (guint) ms, BENCH_RR_PACKETS);
  figure->ratio = figure->baseline_value / figure->value;
  report (figure, "packets-of", n, "packets/request");
}

/* @figure: of the rates */
static void
report_accesses (BenchFigure *figure, BenchChild *many, guint n)
{
  double ns = bench_rr_child_measure (many, (guint) ms, BENCH_RR_ACCESS);

  figure->value = 1e9 / figure->value / ns;
  figure->baseline_value = 1e9 / figure->baseline_value / ns;
  report (figure, "time-of", n, "accesses to memory/request");
}

/* what one end more takes, in bytes */
static double
measure_end (BenchChild *few, BenchChild *many, guint n, guint index)
{
  return (bench_rr_child_measure (many, (guint) ms, index) -
          bench_rr_child_measure (few, (guint) ms, index)) /
         (n - N_FEW) / 2;
}

static void
report_memory (BenchFigure *figure, BenchChild *few, BenchChild *many, guint n)
{
  figure->baseline = "512 bytes";
  figure->baseline_value = 512;
  figure->value = measure_end (few, many, n, BENCH_RR_MEMORY);
  figure->ratio = figure->baseline_value / figure->value;
  /* the malloc of a sanitizer tells nothing */
  if (figure->value > 0)
    report (figure, "memory-of", n, "bytes/end");
  figure->value = measure_end (few, many, n, BENCH_RR_OWN_MEMORY);
  figure->ratio = figure->baseline_value / figure->value;
  report (figure, "memory-of-the-program-for", n, "bytes/end");
}

static void
compare (const Settings *settings, BenchChild *few, guint n)
{
  g_autoptr (BenchChild) many =
      bench_rr_child_new_with (&bench_rr_ours, n, WINDOW, settings->tcp->str);
  g_autofree char *metric = g_strdup_printf ("%u-connections", n);
  BenchFigure figure = {
    .bench = settings->name->str,
    .metric = metric,
    .unit = "requests/s",
    .baseline = "64 connections",
  };

  bench_compare (&figure, (BenchSide){ run_round, many }, (BenchSide){ run_round, few }, n_rounds,
                 BENCH_MORE_IS_BETTER);
  bench_report (&figure);
  report_accesses (&figure, many, n);
  report_packets (&figure, few, many, n);
  report_memory (&figure, few, many, n);
}

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GString) name = g_string_new ("tcp-scale");
  g_autoptr (GString) tcp = g_string_new ("{");
  Settings settings = { name, tcp };
  g_autoptr (BenchChild) few = NULL;
  g_autoptr (GError) error = NULL;

  g_option_context_add_main_entries (context, options, NULL);
  g_option_context_add_group (context, bench_rr_get_option_group ());
  if (!g_option_context_parse (context, &argc, &argv, &error))
    bench_die (error);
  if (bench_rr_serve (kinds))
    return 0;
  add_setting (&settings, "ack_delay", "ack-delay", ack_delay);
  add_setting (&settings, "rto_min", "rto-min", rto_min);
  g_string_append_c (tcp, '}');
  few = bench_rr_child_new_with (&bench_rr_ours, N_FEW, WINDOW, tcp->str);
  for (guint n = 1000; n <= (guint) n_most; n *= 10)
    compare (&settings, few, n);
  return 0;
}
