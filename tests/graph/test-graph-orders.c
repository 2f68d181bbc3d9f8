/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph-runner.h"

#include <string.h>

#define MAX_OBJECTS 7
#define N_CHUNKS 10
#define N_RANDOM 100
#define RANDOM_PER_TEST 50

/* EAL, mempool, port, packet (K), runtime with its workers, socket; bytes of the packet, registered
   thread */
static const char with_socket[] = "EMPKRS";
static const char with_thread[] = "EMPKRBT";
/* main, fresh, registered thread, worker */
static const char threads[] = "mfrw";

typedef struct {
  const char *objects;
  const char *device;
  gboolean huge;
  guint begin;
  guint end;
  guint seed;
} Chunk;

static guint
count_orders (const char *objects)
{
  guint n = 1;

  for (guint i = 2; i <= strlen (objects); i++)
    n *= i;
  return n;
}

static void
set_order (char *order, const char *objects, guint number)
{
  const guint n = (guint) strlen (objects);
  char left[MAX_OBJECTS + 1];

  memcpy (left, objects, n + 1);
  for (guint i = 0; i < n; i++)
    {
      guint n_left = n - i, index = number % n_left;

      number /= n_left;
      order[i] = left[index];
      memmove (left + index, left + index + 1, n_left - index);
    }
  order[n] = '\0';
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

/* @turn gives each drop another thread, the last one above all */
static void
add_order (GPtrArray *cases, const Chunk *chunk, guint number, guint turn)
{
  const guint n = (guint) strlen (chunk->objects), n_threads = (guint) strlen (threads);
  char order[MAX_OBJECTS + 1], by[MAX_OBJECTS + 1] = "";

  set_order (order, chunk->objects, number);
  for (guint i = 0; i < n; i++)
    by[i] = threads[(number / (i + 1) + i + turn) % n_threads];
  by[n - 1] = threads[(number + turn) % n_threads];
  add_case (cases, chunk, order, by, number * n_threads + turn);
}

static void
test_all_orders (gconstpointer data)
{
  const Chunk *chunk = data;
  g_autoptr (GPtrArray) cases = g_ptr_array_new_with_free_func ((GDestroyNotify) graph_case_free);
  const guint n = graph_scale (chunk->end - chunk->begin);
  /* else each order has its last drop on one of the threads */
  const guint n_turns = g_getenv ("DPDK_TEST_LONG") != NULL ? (guint) strlen (threads) : 1;

  for (guint i = 0; i < n; i++)
    for (guint turn = 0; turn < n_turns; turn++)
      add_order (cases, chunk, chunk->begin + i * (chunk->end - chunk->begin) / n, turn);
  graph_run_cases (cases);
}

static void
test_random_orders (gconstpointer data)
{
  const Chunk *chunk = data;
  g_autoptr (GPtrArray) cases = g_ptr_array_new_with_free_func ((GDestroyNotify) graph_case_free);
  g_autoptr (GRand) random = g_rand_new_with_seed (chunk->seed);
  g_autoptr (GString) reason = g_string_new (NULL);
  const gint32 n_orders = (gint32) count_orders (chunk->objects);
  const guint n = graph_scale (chunk->end - chunk->begin);

  if (chunk->huge && !graph_hugepages_reserve (reason))
    {
      g_test_skip (reason->str);
      return;
    }
  g_test_message ("seed %u", chunk->seed);
  for (guint i = 0; i < n; i++)
    {
      char order[MAX_OBJECTS + 1], by[MAX_OBJECTS + 1] = "";

      set_order (order, chunk->objects, (guint) g_rand_int_range (random, 0, n_orders));
      for (guint j = 0; j < strlen (chunk->objects); j++)
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
      g_strdup_printf ("/graph/%s/%s/%s/%s/%u-%u", kind, chunk->objects, chunk->device,
                       chunk->huge ? "hugepages" : "no-huge", chunk->begin, chunk->end - 1);

  g_test_add_data_func_full (path, g_memdup2 (chunk, sizeof *chunk), func, g_free);
}

static void
add_all_orders (const char *objects)
{
  const guint n = count_orders (objects);

  for (guint i = 0; i < N_CHUNKS; i++)
    {
      Chunk chunk = { objects, "net_ring", FALSE, n * i / N_CHUNKS, n * (i + 1) / N_CHUNKS, 0 };

      add_test ("all", &chunk, test_all_orders);
    }
}

int
main (int argc, char **argv)
{
  static const char *const devices[] = { "net_null", "net_ring", "net_memif", "net_tap" };

  g_test_init (&argc, &argv, NULL);
  add_all_orders (with_socket);
  add_all_orders (with_thread);
  for (guint i = 0; i < G_N_ELEMENTS (devices) * 2; i++)
    for (guint j = 0; j < N_RANDOM / RANDOM_PER_TEST; j++)
      {
        Chunk chunk = { j % 2 == 0 ? with_socket : with_thread,
                        devices[i / 2],
                        i % 2 == 1,
                        j * RANDOM_PER_TEST,
                        (j + 1) * RANDOM_PER_TEST,
                        (guint) g_test_rand_int () };

        add_test ("random", &chunk, test_random_orders);
      }
  /* in a suite of its own, because GLib runs those in order, and single tests before them */
  g_test_add_func ("/graph/after-all/hugepages-free", test_hugepages_free);
  return g_test_run ();
}
