/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph-runner.h"

#include <signal.h>
#include <string.h>

#define N_TIMES 50

static const char *const devices[] = { "net_ring", "net_tap", "net_null", "net_memif" };

typedef struct {
  const char *name;
  const char *scenario;
  GraphStep expected;
} Exit;

static const Exit exits[] = {
  /* with a status of its own, so that nobody can have changed it */
  { "return-dropped", "return-dropped --number=6", { .status = 6, .events = GRAPH_EVENTS_WHOLE } },
  { "return-held", "return-held --number=7", { .status = 7, .events = GRAPH_EVENTS_NO_CLEANUP } },
  { "exit-held", "exit-held --number=8", { .status = 8, .events = GRAPH_EVENTS_NO_CLEANUP } },
  { "exit-worker", "exit-worker --number=9", { .status = 9, .events = GRAPH_EVENTS_NO_CLEANUP } },
  { "exit-worker-source",
    "exit-worker-source --number=10",
    { .status = 10, .events = GRAPH_EVENTS_NO_CLEANUP } },
  { "exit-worker-shutdown",
    "exit-worker-shutdown --number=11",
    { .status = 11, .events = GRAPH_EVENTS_NO_CLEANUP } },
  { "exit-thread", "exit-thread --number=12", { .status = 12, .events = GRAPH_EVENTS_NO_CLEANUP } },
  { "exit-ending", "exit-ending --number=13", { .status = 13, .events = GRAPH_EVENTS_WHOLE } },
  { "exit-starting", "exit-starting --number=14", { .status = 14, .events = GRAPH_EVENTS_ANY } },
  { "exit-starting-late",
    "exit-starting-late --number=15",
    { .status = 15, .events = GRAPH_EVENTS_ANY } },
  { "run-sigterm", "run", { .send = SIGTERM, .n_send = 1, .events = GRAPH_EVENTS_WHOLE } },
  { "run-sigint", "run", { .send = SIGINT, .n_send = 1, .events = GRAPH_EVENTS_WHOLE } },
  { "run-held", "run-held", { .send = SIGINT, .n_send = 1, .events = GRAPH_EVENTS_NO_CLEANUP } },
  { "run-sigint-twice",
    "run",
    { .send = SIGINT,
      .n_send = 2,
      .signal = SIGINT,
      .is_either = TRUE,
      .events = GRAPH_EVENTS_CUT } },
  { "sigterm",
    "traffic",
    { .send = SIGTERM, .n_send = 1, .signal = SIGTERM, .events = GRAPH_EVENTS_NO_CLEANUP } },
  { "sigusr1",
    "traffic",
    { .send = SIGUSR1, .n_send = 1, .signal = SIGUSR1, .events = GRAPH_EVENTS_NO_CLEANUP } },
  { "sigint-twice",
    "traffic",
    { .send = SIGINT, .n_send = 2, .signal = SIGINT, .events = GRAPH_EVENTS_NO_CLEANUP } },
  { "abort", "abort", { .signal = SIGABRT, .events = GRAPH_EVENTS_NO_CLEANUP } },
  { "abort-worker", "abort-worker", { .signal = SIGABRT, .events = GRAPH_EVENTS_NO_CLEANUP } },
  { "fork", "fork", { .events = GRAPH_EVENTS_WHOLE } },
};

static gboolean
have_hugepages (void)
{
  g_autoptr (GString) reason = g_string_new (NULL);

  if (graph_hugepages_reserve (reason))
    return TRUE;
  g_test_message ("without hugepages: %s", reason->str);
  return FALSE;
}

/* each device in turn, and every fifth time with hugepages */
static void
test_exit (gconstpointer data)
{
  const Exit *test = data;
  g_autoptr (GPtrArray) cases = g_ptr_array_new_with_free_func ((GDestroyNotify) graph_case_free);
  const guint n = graph_scale (N_TIMES);
  const guint32 seed = (guint32) g_test_rand_int () % 1000000;
  gboolean huge = have_hugepages ();

  for (guint i = 0; i < n; i++)
    {
      GraphCase *graph_case = graph_case_new ();
      GraphStep *step =
          graph_case_add (graph_case, "%s --device=%s%s --seed=%u", test->scenario,
                          devices[i % G_N_ELEMENTS (devices)], huge && i % 5 == 4 ? " --huge" : "",
                          /* so that each device meets all variations */
                          seed + i + i / (guint) G_N_ELEMENTS (devices));
      char *args = step->args;

      *step = test->expected;
      step->args = args;
      g_ptr_array_add (cases, graph_case);
    }
  graph_run_cases (cases);
}

/* a process that ends well or badly, and another one of the same name after it */
static void
test_again (gconstpointer data)
{
  const gboolean is_killed = GPOINTER_TO_INT (data);
  g_autoptr (GPtrArray) cases = g_ptr_array_new_with_free_func ((GDestroyNotify) graph_case_free);
  const guint n = graph_scale (40);
  gboolean huge = have_hugepages ();

  for (guint i = 0; i < n; i++)
    {
      const char *device = devices[i % G_N_ELEMENTS (devices)];
      const char *memory = huge && i / G_N_ELEMENTS (devices) % 2 == 1 ? " --huge" : "";
      GraphCase *graph_case = graph_case_new ();

      for (guint j = 0; j < 3; j++)
        {
          gboolean will_die = is_killed && j < 2;
          GraphStep *step = graph_case_add (
              graph_case, "%s --device=%s%s --prefix=graph-prefix --seed=%u",
              will_die ? "traffic" : "order --order=SRKPME --threads=mmmmmm", device, memory, i);

          step->events = will_die ? GRAPH_EVENTS_NO_CLEANUP : GRAPH_EVENTS_WHOLE;
          step->send = SIGKILL;
          step->n_send = will_die;
          step->signal = will_die ? SIGKILL : 0;
        }
      g_ptr_array_add (cases, graph_case);
    }
  graph_run_cases (cases);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (exits); i++)
    {
      g_autofree char *path = g_strdup_printf ("/graph/exit/%s", exits[i].name);

      g_test_add_data_func (path, &exits[i], test_exit);
    }
  g_test_add_data_func ("/graph/again/after-end", GINT_TO_POINTER (FALSE), test_again);
  g_test_add_data_func ("/graph/again/after-kill", GINT_TO_POINTER (TRUE), test_again);
  return g_test_run ();
}
