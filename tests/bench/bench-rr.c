/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-rr.h"

#include "bench-chase.h"
#include "bench-thread.h"

#include <stdlib.h>
#include <unistd.h>

static char *side;
static int n_connections;
static int window;
static int busy_ns;
static char *tcp;

static const GOptionEntry entries[] = {
  { "side", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING, &side, NULL, NULL },
  { "side-connections", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_INT, &n_connections, NULL, NULL },
  { "side-window", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_INT, &window, NULL, NULL },
  { "side-tcp", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING, &tcp, NULL, NULL },
  { "side-busy", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_INT, &busy_ns, NULL, NULL },
  G_OPTION_ENTRY_NULL,
};

typedef struct {
  const BenchRrKind *kind;
  BenchLoad load;
  gpointer client;
  double access_ns;
} Server;

GOptionGroup *
bench_rr_get_option_group (void)
{
  GOptionGroup *group = g_option_group_new ("side", "Sides:", "What a child is told", NULL, NULL);

  g_option_group_add_entries (group, entries);
  return group;
}

guint
bench_rr_get_n_ports (const BenchLoad *load)
{
  return (load->n_connections + BENCH_RR_PER_PORT - 1) / BENCH_RR_PER_PORT;
}

/* in bytes; the pools of packets are there as a whole from the beginning */
static double
get_resident_memory (void)
{
  g_autofree char *text = NULL;
  g_auto (GStrv) words = NULL;

  if (!g_file_get_contents ("/proc/self/statm", &text, NULL, NULL))
    g_error ("/proc/self/statm cannot be read");
  words = g_strsplit (text, " ", 3);
  return g_ascii_strtod (words[1], NULL) * (double) sysconf (_SC_PAGESIZE);
}

static guint64
count_packets (Server *self)
{
  return self->kind->count_packets != NULL ? self->kind->count_packets (self->client) : 0;
}

static guint
answer (gpointer user_data, const char *command, double values[BENCH_CHILD_MAX_VALUES])
{
  Server *self = user_data;
  guint64 n_packets = count_packets (self), n_responses = self->load.n_responses;
  BenchLoadFigures figures =
      bench_load_measure (&self->load, self->kind->begin, (guint) atoi (command));

  values[BENCH_RR_RATE] = figures.rate;
  values[BENCH_RR_P50] = figures.p50;
  values[BENCH_RR_P99] = figures.p99;
  values[BENCH_RR_P999] = figures.p999;
  values[BENCH_RR_MEMORY] = get_resident_memory () - (double) self->load.own_memory;
  values[BENCH_RR_OWN_MEMORY] = (double) self->load.own_memory;
  values[BENCH_RR_PACKETS] =
      (double) (count_packets (self) - n_packets) / (double) (self->load.n_responses - n_responses);
  if (self->access_ns == 0)
    self->access_ns = bench_chase_measure ((gsize) self->load.n_connections * BENCH_RR_FOOTPRINT);
  values[BENCH_RR_ACCESS] = self->access_ns;
  return BENCH_RR_N_VALUES;
}

static const BenchRrKind *
find_kind (const BenchRrKind *const *kinds, const char *name)
{
  for (; *kinds != NULL; kinds++)
    if (g_str_equal ((*kinds)->name, name))
      return *kinds;
  g_printerr ("there is no side \"%s\"\n", name);
  exit (1);
}

gboolean
bench_rr_serve (const BenchRrKind *const *kinds)
{
  Server server = { 0 };

  if (side == NULL)
    return FALSE;
  bench_thread_raise ();
  server.kind = find_kind (kinds, side);
  bench_load_init (&server.load, (guint) n_connections, (guint) window);
  server.load.busy_ns = (guint) busy_ns;
  server.load.tcp = tcp;
  server.client = server.kind->start (&server.load);
  bench_child_serve (answer, &server);
  /* the other threads poll on */
  _exit (0);
}

BenchChild *
bench_rr_child_new_with (const BenchRrKind *kind, guint connections, guint requests,
                         const char *tcp_options)
{
  g_autofree char *kind_arg = g_strdup_printf ("--side=%s", kind->name);
  g_autofree char *connections_arg = g_strdup_printf ("--side-connections=%u", connections);
  g_autofree char *window_arg = g_strdup_printf ("--side-window=%u", requests);
  g_autofree char *tcp_arg = g_strdup_printf ("--side-tcp=%s", tcp_options);
  const char *argv[] = { kind_arg, connections_arg, window_arg, tcp_arg, NULL };

  return bench_child_new (argv);
}

BenchChild *
bench_rr_child_new (const BenchRrKind *kind, guint connections, guint requests)
{
  return bench_rr_child_new_with (kind, connections, requests, "{}");
}

BenchChild *
bench_rr_child_new_line (guint ns)
{
  g_autofree char *kind_arg = g_strdup_printf ("--side=%s", bench_rr_line.name);
  g_autofree char *busy_arg = g_strdup_printf ("--side-busy=%u", ns);
  const char *argv[] = { kind_arg, busy_arg, "--side-connections=1", "--side-window=1", NULL };

  return bench_child_new (argv);
}

double
bench_rr_child_measure (BenchChild *child, guint ms, guint index)
{
  g_autofree char *command = g_strdup_printf ("%u", ms);
  double values[BENCH_CHILD_MAX_VALUES];

  bench_child_ask (child, command, values);
  return values[index];
}
