/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Requests of 64 bytes and responses of 64 bytes, per second and core of a server.

   A client and a server each have a core of their own and a connected link between them; the library's
   are two runtimes of one worker, which poll, and talk through its native API. It is measured against
   the same lwIP on the same link with nothing around it, and against the kernel with sockets and epoll,
   also polling, over a veth pair. The client is as busy as the server, so what is measured is the
   slower of the two cores: on a machine with two cores there is none left for anything else. Each side
   is a process of its own, which stands still while the others are measured. */

#include "bench-compare.h"
#include "bench-rr.h"

static const BenchRrKind *const kinds[] = { &bench_rr_ours, &bench_rr_lwip, &bench_rr_kernel,
                                            NULL };

static int n_rounds = 21;
static int ms = 100;

static GOptionEntry options[] = {
  { "rounds", 'r', 0, G_OPTION_ARG_INT, &n_rounds, "Number of rounds", "N" },
  { "duration", 'd', 0, G_OPTION_ARG_INT, &ms, "Length of a round in milliseconds", "MS" },
  G_OPTION_ENTRY_NULL,
};

static double
run_round (gpointer user_data)
{
  return bench_rr_child_measure (user_data, (guint) ms, BENCH_RR_RATE);
}

static void
compare (BenchChild *ours, BenchChild *baseline, const char *name, const char *text, guint n)
{
  g_autofree char *metric = g_strdup_printf ("%u-connections-against-%s", n, name);
  BenchFigure figure = {
    .bench = "tcp-rr",
    .metric = metric,
    .unit = "requests/s",
    .baseline = text,
  };

  bench_compare (&figure, (BenchSide){ run_round, ours }, (BenchSide){ run_round, baseline },
                 n_rounds, BENCH_MORE_IS_BETTER);
  bench_report (&figure);
}

int
main (int argc, char **argv)
{
  static const guint counts[] = { 1, 16, 256 };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;

  g_option_context_add_main_entries (context, options, NULL);
  g_option_context_add_group (context, bench_rr_get_option_group ());
  if (!g_option_context_parse (context, &argc, &argv, &error))
    bench_die (error);
  if (bench_rr_serve (kinds))
    return 0;
  for (gsize i = 0; i < G_N_ELEMENTS (counts); i++)
    {
      g_autoptr (BenchChild) ours = bench_rr_child_new (&bench_rr_ours, counts[i], counts[i]);
      g_autoptr (BenchChild) lwip = bench_rr_child_new (&bench_rr_lwip, counts[i], counts[i]);
      g_autoptr (BenchChild) kernel = bench_rr_child_new (&bench_rr_kernel, counts[i], counts[i]);

      compare (ours, lwip, "lwip", "lwIP and DPDK in a loop", counts[i]);
      compare (ours, kernel, "kernel", "epoll over a veth pair", counts[i]);
    }
  return 0;
}
