/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph-runner.h"

/* random walks over the graph, on each device */

#define N_WALKS 500
#define N_LONG_WALKS 10000
#define WALKS_PER_TEST 25

typedef struct {
  const char *device;
  guint n_walks;
  guint seed;
} Walks;

static void
test_walks (gconstpointer data)
{
  const Walks *walks = data;
  g_autoptr (GPtrArray) cases = g_ptr_array_new_with_free_func ((GDestroyNotify) graph_case_free);
  const guint n = graph_scale (walks->n_walks);

  g_test_message ("seeds from %u", walks->seed);
  for (guint i = 0; i < n; i++)
    {
      GraphCase *graph_case = graph_case_new ();
      GraphStep *step = graph_case_add (graph_case, "walk --device=%s --seed=%u", walks->device,
                                        (walks->seed + i) & G_MAXINT);

      step->events = GRAPH_EVENTS_WHOLE;
      g_ptr_array_add (cases, graph_case);
    }
  graph_run_cases (cases);
}

int
main (int argc, char **argv)
{
  static const char *const devices[] = { "net_null", "net_ring", "net_memif", "net_tap" };
  const guint n_all = g_getenv ("DPDK_TEST_LONG") != NULL ? N_LONG_WALKS : N_WALKS;
  const guint n_tests = n_all / WALKS_PER_TEST;

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < n_tests; i++)
    {
      Walks walks = { devices[i % G_N_ELEMENTS (devices)], WALKS_PER_TEST,
                      (guint) g_test_rand_int () };
      g_autofree char *path = g_strdup_printf ("/graph/walks/%s/%u", walks.device, i);

      g_test_add_data_func_full (path, g_memdup2 (&walks, sizeof walks), test_walks, g_free);
    }
  return g_test_run ();
}
