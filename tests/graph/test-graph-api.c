/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph-runner.h"

#include <string.h>
#include <unistd.h>

typedef struct {
  const char *args;
  GraphEvents events;
  const char *errors;
  gboolean needs_root;
  guint needs_cores;
} ApiCase;

#define N_BAD_DEVICES 10

static const ApiCase cases[] = {
  { "eal-dead", GRAPH_EVENTS_WHOLE },
  { "reopen --number=0", GRAPH_EVENTS_WHOLE },
  { "reopen --number=1", GRAPH_EVENTS_WHOLE },
  { "reopen --number=1 --device=net_tap", GRAPH_EVENTS_WHOLE },
  { "eal-same", GRAPH_EVENTS_CUT },
  { "eal-refused", GRAPH_EVENTS_WHOLE },
  /* DPDK says something on standard error that nobody can catch */
  { "eal-failed --number=0", GRAPH_EVENTS_NO_CLEANUP, "EAL: FATAL: *\n" },
  { "eal-failed --number=1", GRAPH_EVENTS_NO_CLEANUP, "EAL: FATAL: *\n" },
  { "eal-failed --number=2", GRAPH_EVENTS_NO_CLEANUP },
  { "eal-failed --number=3", GRAPH_EVENTS_NO_CLEANUP },
  { "shutdown-free", GRAPH_EVENTS_CUT },
  { "shutdown-held", GRAPH_EVENTS_WHOLE },
  { "shutdown-waits", GRAPH_EVENTS_WHOLE },
  { "worker-deadlock", GRAPH_EVENTS_WHOLE },
  { "runtimes-in-turn --device=net_ring", GRAPH_EVENTS_CUT },
  { "runtimes-in-turn --device=net_null", GRAPH_EVENTS_CUT },
  { "runtimes-in-turn --device=net_tap", GRAPH_EVENTS_CUT },
  { "runtimes-together --device=net_ring", GRAPH_EVENTS_WHOLE },
  { "runtimes-together --device=net_tap", GRAPH_EVENTS_WHOLE },
  { "runtimes-together --device=net_null", GRAPH_EVENTS_WHOLE },
  { "runtimes-together --device=net_memif", GRAPH_EVENTS_WHOLE },
  { "shutdown-twice", GRAPH_EVENTS_WHOLE },
  { "shutdown-async", GRAPH_EVENTS_WHOLE },
  { "shutdown-cancelled", GRAPH_EVENTS_WHOLE },
  { "shutdown-async-worker", GRAPH_EVENTS_WHOLE },
  { "run-and-quit", GRAPH_EVENTS_WHOLE },
  { "worker-invoke", GRAPH_EVENTS_WHOLE },
  { "mempool-parked --number=0", GRAPH_EVENTS_WHOLE },
  { "mempool-parked --number=1", GRAPH_EVENTS_WHOLE },
  { "device-taken", GRAPH_EVENTS_CUT },
  { "port-states", GRAPH_EVENTS_WHOLE },
  { "port-busy", GRAPH_EVENTS_WHOLE },
  { "not-permitted --number=0", GRAPH_EVENTS_WHOLE },
  { "not-permitted --number=1", GRAPH_EVENTS_WHOLE, NULL, TRUE },
  { "mempool-dry", GRAPH_EVENTS_CUT },
  { "mempool-refused", GRAPH_EVENTS_CUT },
  { "receive-dry --device=net_tap", GRAPH_EVENTS_WHOLE },
  { "send-dry --device=net_ring", GRAPH_EVENTS_WHOLE },
  { "send-dry --device=net_null", GRAPH_EVENTS_WHOLE },
  { "forward-flood --device=net_null --seed=1", GRAPH_EVENTS_WHOLE, NULL, FALSE, 2 },
};

static void
run (const char *args, const ApiCase *test)
{
  GraphCase *graph_case = graph_case_new ();
  GraphStep *step = graph_case_add (graph_case, "%s", args);
  g_autofree char *report = NULL;

  step->events = test->events;
  step->errors = test->errors;
  report = graph_run_case (graph_case);
  if (report != NULL)
    {
      g_test_message ("%s", report);
      g_test_fail_printf ("%s", args);
    }
  graph_case_free (graph_case);
}

static void
test_api (gconstpointer data)
{
  const ApiCase *test = data;

  if (test->needs_root && geteuid () != 0)
    g_test_skip ("only root can become somebody else");
  else if (g_get_num_processors () < test->needs_cores)
    g_test_skip ("not enough cores");
  else
    run (test->args, test);
}

static void
test_bad_device (gconstpointer data)
{
  static const ApiCase test = { .events = GRAPH_EVENTS_CUT };
  g_autofree char *args = g_strdup_printf ("bad-device --number=%d", GPOINTER_TO_INT (data));

  run (args, &test);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strdup_printf ("/graph/api/%s", cases[i].args);

      g_test_add_data_func (g_strdelimit (path, " =", '-'), &cases[i], test_api);
    }
  for (int i = 0; i < N_BAD_DEVICES; i++)
    {
      g_autofree char *path = g_strdup_printf ("/graph/api/bad-device-%d", i);

      g_test_add_data_func (path, GINT_TO_POINTER (i), test_bad_device);
    }
  return g_test_run ();
}
