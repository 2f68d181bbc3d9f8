/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph-runner.h"

#include <string.h>

#define N_OBJECTS 6
#define N_ORDERS 720
#define ORDERS_PER_TEST 72
#define N_RANDOM 100
#define RANDOM_PER_TEST 50

/* EAL, mempool, port, packet (K), runtime, socket */
static const char objects[] = "EMPKRS";
/* main thread, fresh thread, worker */
static const char threads[] = "mfw";

typedef struct {
  const char *device;
  gboolean huge;
  guint begin;
  guint end;
  guint seed;
} Chunk;

static void
set_order (char *order, guint number)
{
  char left[N_OBJECTS + 1];

  memcpy (left, objects, sizeof left);
  for (guint i = 0; i < N_OBJECTS; i++)
    {
      guint n_left = N_OBJECTS - i, index = number % n_left;

      number /= n_left;
      order[i] = left[index];
      memmove (left + index, left + index + 1, n_left - index);
    }
  order[N_OBJECTS] = '\0';
}

static void
add_case (GPtrArray *cases, const Chunk *chunk, const char *order, const char *by, guint seed)
{
  GraphCase *graph_case = graph_case_new ();
  GraphStep *step =
      graph_case_add (graph_case, "order --device=%s%s --order=%s --threads=%s --seed=%u",
                      chunk->device, chunk->huge ? " --huge" : "", order, by, seed);

  step->events = GRAPH_EVENTS_WHOLE;
  g_ptr_array_add (cases, graph_case);
}

static void
test_all_orders (gconstpointer data)
{
  const Chunk *chunk = data;
  g_autoptr (GPtrArray) cases = g_ptr_array_new_with_free_func ((GDestroyNotify) graph_case_free);
  const guint n = graph_scale (chunk->end - chunk->begin);

  for (guint i = 0; i < n; i++)
    {
      guint number = chunk->begin + i * (chunk->end - chunk->begin) / n;
      char order[N_OBJECTS + 1], by[N_OBJECTS + 1] = "";

      set_order (order, number);
      for (guint j = 0; j < N_OBJECTS; j++)
        by[j] = threads[(number + j) % strlen (threads)];
      add_case (cases, chunk, order, by, number);
    }
  graph_run_cases (cases);
}

static void
test_random_orders (gconstpointer data)
{
  const Chunk *chunk = data;
  g_autoptr (GPtrArray) cases = g_ptr_array_new_with_free_func ((GDestroyNotify) graph_case_free);
  g_autoptr (GRand) random = g_rand_new_with_seed (chunk->seed);
  g_autoptr (GString) reason = g_string_new (NULL);
  const guint n = graph_scale (chunk->end - chunk->begin);

  if (chunk->huge && !graph_hugepages_reserve (reason))
    {
      g_test_skip (reason->str);
      return;
    }
  g_test_message ("seed %u", chunk->seed);
  for (guint i = 0; i < n; i++)
    {
      char order[N_OBJECTS + 1], by[N_OBJECTS + 1] = "";

      set_order (order, (guint) g_rand_int_range (random, 0, N_ORDERS));
      for (guint j = 0; j < N_OBJECTS; j++)
        by[j] = threads[g_rand_int_range (random, 0, (gint) strlen (threads))];
      add_case (cases, chunk, order, by, (guint) g_rand_int_range (random, 0, 1 << 16));
    }
  graph_run_cases (cases);
}

/* not one was lost */
static void
test_hugepages_free (void)
{
  g_autoptr (GString) reason = g_string_new (NULL);

  if (!graph_hugepages_reserve (reason))
    g_test_skip (reason->str);
  else
    g_assert_true (graph_hugepages_are_free ());
}

static void
add_test (const char *kind, const Chunk *chunk, GTestDataFunc func)
{
  g_autofree char *path =
      g_strdup_printf ("/graph/%s/%s/%s/%u-%u", kind, chunk->device,
                       chunk->huge ? "hugepages" : "no-huge", chunk->begin, chunk->end - 1);

  g_test_add_data_func_full (path, g_memdup2 (chunk, sizeof *chunk), func, g_free);
}

int
main (int argc, char **argv)
{
  static const char *const devices[] = { "net_null", "net_ring", "net_memif", "net_tap" };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < N_ORDERS; i += ORDERS_PER_TEST)
    {
      Chunk chunk = { "net_ring", FALSE, i, i + ORDERS_PER_TEST, 0 };

      add_test ("all", &chunk, test_all_orders);
    }
  for (guint i = 0; i < G_N_ELEMENTS (devices) * 2; i++)
    for (guint j = 0; j < N_RANDOM; j += RANDOM_PER_TEST)
      {
        Chunk chunk = { devices[i / 2], i % 2 == 1, j, j + RANDOM_PER_TEST,
                        (guint) g_test_rand_int () };

        add_test ("random", &chunk, test_random_orders);
      }
  /* in a suite of its own, because GLib runs those in order, and single tests before them */
  g_test_add_func ("/graph/after-all/hugepages-free", test_hugepages_free);
  return g_test_run ();
}
