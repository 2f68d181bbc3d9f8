/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "eal-fixture.h"

#include <unistd.h>

typedef struct {
  GThread *thread;
  GArray *states;
} Seen;

static void
on_state (DpdkEal *eal, GParamSpec *pspec, gpointer user_data)
{
  Seen *seen = user_data;
  DpdkEalState state;

  g_assert_true (g_thread_self () == seen->thread);
  g_object_get (eal, "state", &state, NULL);
  g_array_append_val (seen->states, state);
}

static void
wait_for_states (GMainContext *context, Seen *seen, guint n)
{
  g_main_context_push_thread_default (context);
  DPDK_TEST_WAIT_UNTIL (seen->states->len == n);
  g_main_context_pop_thread_default (context);
}

static gpointer
drop_from_elsewhere (gpointer data)
{
  g_object_unref (data);
  return NULL;
}

/* in the context in which the object was made, not where the change comes from */
static void
test_state_notified (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  Seen seen = { g_thread_self (), g_array_new (FALSE, FALSE, sizeof (DpdkEalState)) };
  DpdkMempool *pool;
  DpdkEal *eal;
  g_autoptr (GError) error = NULL;

  g_main_context_push_thread_default (context);
  eal = eal_new ();
  g_main_context_pop_thread_default (context);
  pool = eal_mempool_new (eal);
  g_signal_connect (eal, "notify::state", G_CALLBACK (on_state), &seen);

  g_assert_false (dpdk_eal_shutdown (eal, 0, &error));
  g_assert_error (error, DPDK_ERROR, DPDK_ERROR_TIMED_OUT);
  /* not before the context is run */
  g_assert_cmpuint (seen.states->len, ==, 0);
  wait_for_states (context, &seen, 1);
  g_assert_cmpint (g_array_index (seen.states, DpdkEalState, 0), ==, DPDK_EAL_STATE_CLOSING);
  g_assert_false (g_main_context_iteration (context, FALSE));

  g_thread_join (g_thread_new ("dropper", drop_from_elsewhere, pool));
  wait_for_states (context, &seen, 2);
  g_assert_cmpint (g_array_index (seen.states, DpdkEalState, 1), ==, DPDK_EAL_STATE_DEAD);
  g_assert_false (g_main_context_iteration (context, FALSE));
  g_array_unref (seen.states);
  g_object_unref (eal);
}

/* two changes before the context is run are one notification; and nobody is told once it is gone */
static void
test_state_coalesced (void)
{
  Seen seen = { g_thread_self (), g_array_new (FALSE, FALSE, sizeof (DpdkEalState)) };
  DpdkEal *eal = eal_new ();
  g_autoptr (GError) error = NULL;

  g_signal_connect (eal, "notify::state", G_CALLBACK (on_state), &seen);
  g_assert_true (dpdk_eal_shutdown (eal, EAL_PATIENCE_MS, &error));
  g_assert_no_error (error);
  DPDK_TEST_WAIT_UNTIL (seen.states->len > 0);
  /* the second change may come while the first is told */
  while (g_array_index (seen.states, DpdkEalState, seen.states->len - 1) != DPDK_EAL_STATE_DEAD)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (seen.states->len, <=, 2);
  g_assert_cmpint (g_array_index (seen.states, DpdkEalState, seen.states->len - 1), ==,
                   DPDK_EAL_STATE_DEAD);
  g_object_unref (eal);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_array_unref (seen.states);
}

/* who still holds what: type, count and names */
static void
test_shutdown_names_dependants (void)
{
  DpdkEal *eal = eal_new ();
  DpdkMempool *pools[2] = { eal_mempool_new (eal), eal_mempool_new (eal) };
  g_autoptr (GError) error = NULL;
  DpdkPort *port = dpdk_port_new (eal, "net_null0", &error);
  DpdkPacket *packets[3];
  DpdkLcore *lcore;
  g_autoptr (GPtrArray) all = NULL;
  g_autofree char *pattern = NULL;
  guint n_objects = 0;

  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (packets); i++)
    packets[i] = dpdk_mempool_acquire (pools[0], NULL);
  lcore = dpdk_lcore_register (eal, &error);
  g_assert_no_error (error);

  all = dpdk_eal_dup_dependants (eal);
  g_assert_cmpuint (all->len, ==, 5);
  for (guint i = 0; i < all->len; i++)
    {
      DpdkDependant *dependant = g_ptr_array_index (all, i);
      GType type = dpdk_dependant_get_object_type (dependant);
      g_autofree char *text = dpdk_dependant_to_string (dependant);

      if (type == DPDK_TYPE_PACKET)
        {
          g_assert_null (dpdk_dependant_get_name (dependant));
          g_assert_cmpuint (dpdk_dependant_get_count (dependant), ==, 3);
          g_assert_cmpstr (text, ==, "3 references on packets");
          continue;
        }
      g_assert_cmpuint (dpdk_dependant_get_count (dependant), ==, 1);
      g_assert_nonnull (dpdk_dependant_get_name (dependant));
      n_objects++;
      if (type == DPDK_TYPE_PORT)
        g_assert_cmpstr (text, ==, "1 DpdkPort (net_null0)");
    }
  g_assert_cmpuint (n_objects, ==, 4);

  g_assert_false (dpdk_eal_shutdown (eal, 1, &error));
  pattern = g_strdup_printf ("The EAL has not ended after 1 ms: it is held by *2 DpdkMempool (%s, "
                             "%s)*, 1 DpdkPort (net_null0)*1 registered thread (thread %d (*))*, 3 "
                             "references on packets",
                             dpdk_mempool_get_name (pools[0]), dpdk_mempool_get_name (pools[1]),
                             (int) gettid ());
  eal_assert_error (&error, DPDK_ERROR_TIMED_OUT, pattern);

  for (guint i = 0; i < G_N_ELEMENTS (packets); i++)
    dpdk_packet_unref (packets[i]);
  dpdk_lcore_unref (lcore);
  g_object_unref (port);
  g_object_unref (pools[0]);
  g_object_unref (pools[1]);
  eal_end (eal);
}

static void
on_result (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GAsyncResult **out = user_data;

  g_assert_null (*out);
  *out = g_object_ref (result);
}

static void
assert_async_error (DpdkEal *eal, guint timeout_ms, GCancellable *cancellable, GQuark domain,
                    int code, const char *pattern)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  dpdk_eal_shutdown_async (eal, timeout_ms, cancellable, on_result, &result);
  /* never from within the call */
  g_assert_null (result);
  if (cancellable != NULL)
    g_cancellable_cancel (cancellable);
  DPDK_TEST_WAIT_UNTIL (result != NULL);
  g_assert_false (dpdk_eal_shutdown_finish (eal, result, &error));
  g_assert_error (error, domain, code);
  g_assert_true (g_pattern_match_simple (pattern, error->message));
}

static void
test_shutdown_async (void)
{
  DpdkEal *eal = eal_new ();
  DpdkMempool *pool = eal_mempool_new (eal);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  GAsyncResult *results[3] = { NULL };
  g_autoptr (GError) error = NULL;

  assert_async_error (eal, 1, NULL, DPDK_ERROR, DPDK_ERROR_TIMED_OUT, "*1 DpdkMempool (*)*");
  assert_async_error (eal, EAL_PATIENCE_MS, cancellable, G_IO_ERROR, G_IO_ERROR_CANCELLED, "*");
  assert_async_error (eal, EAL_PATIENCE_MS, cancellable, G_IO_ERROR, G_IO_ERROR_CANCELLED, "*");
  g_assert_cmpint (dpdk_eal_get_state (eal), ==, DPDK_EAL_STATE_CLOSING);

  /* any number may wait, with and without an end */
  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    dpdk_eal_shutdown_async (eal, EAL_PATIENCE_MS, NULL, on_result, &results[i]);
  g_assert_false (g_main_context_iteration (NULL, FALSE));
  g_object_unref (pool);
  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    {
      DPDK_TEST_WAIT_UNTIL (results[i] != NULL);
      g_assert_true (dpdk_eal_shutdown_finish (eal, results[i], &error));
      g_assert_no_error (error);
      g_clear_object (&results[i]);
    }
  g_assert_cmpint (dpdk_eal_get_state (eal), ==, DPDK_EAL_STATE_DEAD);

  dpdk_eal_shutdown_async (eal, 0, NULL, on_result, &results[0]);
  DPDK_TEST_WAIT_UNTIL (results[0] != NULL);
  g_assert_true (dpdk_eal_shutdown_finish (eal, results[0], &error));
  g_assert_no_error (error);
  g_clear_object (&results[0]);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  /* nothing that waited has kept it */
  g_assert_finalize_object (eal);
}

/* the waiting ends in another thread than the one that drops */
static void
test_shutdown_async_race (void)
{
  DpdkEal *eal = eal_new ();
  DpdkMempool *pool = eal_mempool_new (eal);
  GAsyncResult *results[200] = { NULL };
  GCancellable *cancellables[G_N_ELEMENTS (results)];
  GThread *dropper = NULL;
  guint n_ended = 0;

  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    {
      if (i == G_N_ELEMENTS (results) / 2)
        dropper = g_thread_new ("dropper", drop_from_elsewhere, pool);
      cancellables[i] = g_cancellable_new ();
      dpdk_eal_shutdown_async (eal, i % 3 == 0 ? 0 : EAL_PATIENCE_MS, cancellables[i], on_result,
                               &results[i]);
      if (i % 3 == 1)
        g_cancellable_cancel (cancellables[i]);
    }
  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    {
      g_autoptr (GError) error = NULL;

      DPDK_TEST_WAIT_UNTIL (results[i] != NULL);
      if (dpdk_eal_shutdown_finish (eal, results[i], &error))
        n_ended++;
      else if (i % 3 == 0)
        g_assert_error (error, DPDK_ERROR, DPDK_ERROR_TIMED_OUT);
      else
        g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_object_unref (results[i]);
      g_object_unref (cancellables[i]);
    }
  g_thread_join (dropper);
  /* those that were neither cancelled nor short */
  g_assert_cmpuint (n_ended, >=, G_N_ELEMENTS (results) / 3);
  eal_end (eal);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/eal/state/notified", DPDK_TEST_FLAGS_NONE, test_state_notified);
  dpdk_test_add_func ("/eal/state/coalesced", DPDK_TEST_FLAGS_NONE, test_state_coalesced);
  dpdk_test_add_func ("/eal/shutdown/names-dependants", DPDK_TEST_FLAGS_NONE,
                      test_shutdown_names_dependants);
  dpdk_test_add_func ("/eal/shutdown/async", DPDK_TEST_FLAGS_NONE, test_shutdown_async);
  dpdk_test_add_func ("/eal/shutdown/async-race", DPDK_TEST_FLAGS_NONE, test_shutdown_async_race);
  return g_test_run ();
}
