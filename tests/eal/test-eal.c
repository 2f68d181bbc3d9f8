/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "eal-fixture.h"

#include <gio/gunixsocketaddress.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
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
  EAL_WAIT_UNTIL (context, seen.states->len == 1);
  g_assert_cmpint (g_array_index (seen.states, DpdkEalState, 0), ==, DPDK_EAL_STATE_CLOSING);
  g_assert_false (g_main_context_iteration (context, FALSE));

  g_thread_join (g_thread_new ("dropper", drop_from_elsewhere, pool));
  EAL_WAIT_UNTIL (context, seen.states->len == 2);
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
  EAL_WAIT_UNTIL (NULL, seen.states->len > 0);
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
  g_assert_error (error, DPDK_ERROR, DPDK_ERROR_TIMED_OUT);
  pattern = g_strdup_printf ("The EAL has not ended after 1 ms: it is held by *2 DpdkMempool (%s, "
                             "%s)*, 1 DpdkPort (net_null0)*1 registered thread (thread %d (*))*, 3 "
                             "references on packets",
                             dpdk_mempool_get_name (pools[0]), dpdk_mempool_get_name (pools[1]),
                             (int) gettid ());
  if (!g_pattern_match_simple (pattern, error->message))
    g_error ("\"%s\" does not match \"%s\"", error->message, pattern);

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
  EAL_WAIT_UNTIL (NULL, result != NULL);
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
      EAL_WAIT_UNTIL (NULL, results[i] != NULL);
      g_assert_true (dpdk_eal_shutdown_finish (eal, results[i], &error));
      g_assert_no_error (error);
      g_clear_object (&results[i]);
    }
  g_assert_cmpint (dpdk_eal_get_state (eal), ==, DPDK_EAL_STATE_DEAD);

  dpdk_eal_shutdown_async (eal, 0, NULL, on_result, &results[0]);
  EAL_WAIT_UNTIL (NULL, results[0] != NULL);
  g_assert_true (dpdk_eal_shutdown_finish (eal, results[0], &error));
  g_assert_no_error (error);
  g_clear_object (&results[0]);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  /* nothing that waited has kept it */
  g_assert_finalize_object (eal);
}

/* the waiting ends in another thread than the one that drops */
static gpointer
drop_pool (gpointer data)
{
  g_object_unref (data);
  return NULL;
}

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
        dropper = g_thread_new ("dropper", drop_pool, pool);
      cancellables[i] = g_cancellable_new ();
      dpdk_eal_shutdown_async (eal, i % 3 == 0 ? 0 : EAL_PATIENCE_MS, cancellables[i], on_result,
                               &results[i]);
      if (i % 3 == 1)
        g_cancellable_cancel (cancellables[i]);
    }
  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    {
      g_autoptr (GError) error = NULL;

      EAL_WAIT_UNTIL (NULL, results[i] != NULL);
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

static void
assert_init_fails (const char *const *args, const char *pattern)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) again = NULL;

  g_assert_null (dpdk_eal_new (args, &error));
  g_assert_error (error, DPDK_ERROR, DPDK_ERROR_EAL_INIT);
  if (!g_pattern_match_simple (pattern, error->message))
    g_error ("\"%s\" does not match \"%s\"", error->message, pattern);
  g_assert_cmpint (dpdk_eal_get_process_state (), ==, DPDK_EAL_STATE_DEAD);
  g_assert_null (dpdk_eal_new (NULL, &again));
  g_assert_error (again, DPDK_ERROR, DPDK_ERROR_EAL_DEAD);
}

/* DPDK cannot make its folder */
static void
test_init_without_permission (void)
{
  /* without a shared configuration it would go on */
  const char *const args[] = { "--huge-unlink=existing", NULL };
  g_autofree char *folder = g_dir_make_tmp (NULL, NULL);

  g_assert_nonnull (folder);
  g_setenv ("XDG_RUNTIME_DIR", folder, TRUE);
  g_assert_no_errno (setgroups (0, NULL));
  g_assert_no_errno (setgid (65534));
  g_assert_no_errno (setuid (65534));
  assert_init_fails (args, "rte_eal_init (--huge-unlink=existing *)*Permission denied*");
}

/* that one is seen before DPDK can be spoilt by it */
static void
test_init_unknown_argument (void)
{
  const char *const args[] = { "--no-huge", "--no-such-thing", NULL };
  g_autoptr (GError) error = NULL;

  g_assert_null (dpdk_eal_new (args, &error));
  g_assert_error (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT);
  g_assert_cmpint (dpdk_eal_get_process_state (), ==, DPDK_EAL_STATE_NEVER);
  eal_end (eal_new ());
}

typedef enum {
  CHILD_EXITS,
  CHILD_DROPS_ALL,
  CHILD_ENDS_AT_ONCE,
  N_CHILD_ENDS,
} ChildEnd;

/* of the children, once there are some */
static pid_t parent;

static void
run_child (ChildEnd end, DpdkEal *eal, DpdkMempool *pool, DpdkPort *port, DpdkPacket *packet,
           DpdkLcore *lcore)
{
  g_autoptr (GError) error = NULL;

  if (dpdk_lcore_get_role () != DPDK_LCORE_ROLE_EXTERNAL || dpdk_lcore_get_current () != NULL)
    _exit (2);
  if (dpdk_eal_shutdown (eal, 0, &error) ||
      !g_error_matches (error, DPDK_ERROR, DPDK_ERROR_EAL_DEAD))
    _exit (3);
  if (end == CHILD_ENDS_AT_ONCE)
    _exit (0);
  if (end == CHILD_DROPS_ALL)
    {
      dpdk_lcore_unref (lcore);
      dpdk_packet_unref (packet);
      g_object_unref (port);
      g_object_unref (pool);
      g_object_unref (eal);
    }
  exit (0);
}

#if defined(__SANITIZE_ADDRESS__)
int __lsan_is_turned_off (void);

/* a child looks as if it had leaked all that only the threads of its parent know of */
int
__lsan_is_turned_off (void)
{
  return parent != 0 && getpid () != parent;
}
#endif

static gboolean
telemetry_answers (const char *path)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (path);
  g_autoptr (GSocketConnection) connection = NULL;
  char answer[1024];

  g_socket_client_set_socket_type (client, G_SOCKET_TYPE_SEQPACKET);
  connection = g_socket_client_connect (client, G_SOCKET_CONNECTABLE (address), NULL, NULL);
  return connection != NULL &&
         g_input_stream_read (g_io_stream_get_input_stream (G_IO_STREAM (connection)), answer,
                              sizeof answer, NULL, NULL) > 0;
}

/* whatever a child does with what it has inherited, the parent goes on, and its telemetry too */
static void
test_fork (void)
{
  const char *const args[] = { "--no-huge", "-m64", "--telemetry", "--file-prefix=forking", NULL };
  const char *path = EAL_RUNTIME_FOLDER "/forking/dpdk_telemetry.v2";
  g_autoptr (GError) error = NULL;
  DpdkEal *eal = dpdk_eal_new (args, &error);
  DpdkMempool *pool;
  DpdkPort *port;
  DpdkPacket *packet;
  DpdkLcore *lcore;

  g_assert_no_error (error);
  pool = eal_mempool_new (eal);
  port = dpdk_port_new (eal, "net_null0", &error);
  g_assert_no_error (error);
  packet = dpdk_mempool_acquire (pool, &error);
  g_assert_no_error (error);
  lcore = dpdk_lcore_register (eal, &error);
  g_assert_no_error (error);
  g_assert_true (telemetry_answers (path));

  parent = getpid ();
  for (ChildEnd end = 0; end < N_CHILD_ENDS; end++)
    {
      pid_t pid = fork ();
      int status;

      g_assert_no_errno (pid);
      if (pid == 0)
        run_child (end, eal, pool, port, packet, lcore);
      g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
      g_assert_cmpint (status, ==, 0);
      g_assert_true (telemetry_answers (path));
      g_assert_cmpuint (eal_count_entries (EAL_RUNTIME_FOLDER "/forking"), ==, 1);
      g_assert_cmpint (dpdk_eal_get_state (eal), ==, DPDK_EAL_STATE_UP);
      g_assert_cmpuint (dpdk_mempool_get_in_use (pool), ==, 1);
      g_assert_cmpint (dpdk_lcore_get_role (), ==, DPDK_LCORE_ROLE_REGISTERED);
      g_assert_true (dpdk_port_configure (port, pool, 1, 128, &error));
      g_assert_no_error (error);
    }
  dpdk_lcore_unref (lcore);
  dpdk_packet_unref (packet);
  g_object_unref (port);
  g_object_unref (pool);
  eal_end (eal);
}

static GHashTable *edges;
static GMutex edges_lock;

static const char *
find_field (const GLogField *fields, gsize n_fields, const char *key)
{
  for (gsize i = 0; i < n_fields; i++)
    if (strcmp (fields[i].key, key) == 0)
      return fields[i].value;
  return NULL;
}

static GLogWriterOutput
count_edges (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
  const char *event = find_field (fields, n_fields, "DPDK_EDGE_EVENT");
  char *edge;
  int count;

  if (event == NULL)
    return g_log_writer_default (level, fields, n_fields, user_data);
  g_assert_cmpint (level, ==, G_LOG_LEVEL_MESSAGE);
  edge = g_strconcat (find_field (fields, n_fields, "DPDK_EDGE_HOLDER"), " -> ",
                      find_field (fields, n_fields, "DPDK_EDGE_HELD"), NULL);
  g_mutex_lock (&edges_lock);
  count =
      GPOINTER_TO_INT (g_hash_table_lookup (edges, edge)) + (strcmp (event, "hold") == 0 ? 1 : -1);
  g_assert_cmpint (count, >=, 0);
  g_hash_table_insert (edges, edge, GINT_TO_POINTER (count));
  g_mutex_unlock (&edges_lock);
  return G_LOG_WRITER_HANDLED;
}

static gboolean
was_edge (const char *pattern)
{
  GHashTableIter iter;
  gpointer edge;
  gboolean found = FALSE;

  g_mutex_lock (&edges_lock);
  g_hash_table_iter_init (&iter, edges);
  while (!found && g_hash_table_iter_next (&iter, &edge, NULL))
    found = g_pattern_match_simple (pattern, edge);
  g_mutex_unlock (&edges_lock);
  return found;
}

/* each edge that was made is dropped, and the names say whose it is */
static void
test_edges (void)
{
  static const char config_text[] =
      "{ \"dpdk_cores\": [0], \"devices\": [{ \"vdev\": \"net_ring0\", "
      "\"addresses\": [\"198.18.0.2/24\"] }] }";
  static const char *const wanted[] = {
    "DpdkMempool dpdk-glib-* -> DpdkEal *",
    "DpdkPort net_ring0 -> DpdkEal *",
    "DpdkPort net_ring0 -> DpdkMempool dpdk-glib-*",
    "DpdkWorker 0 on core 0 -> DpdkEal *",
    "DpdkWorker 0 on core 0 -> DpdkPort net_ring0",
    "DpdkRuntime * -> DpdkEal *",
    "DpdkRuntime * -> DpdkPort net_ring0",
    "DpdkRuntime * -> DpdkMempool dpdk-glib-*",
    "DpdkRuntime * -> DpdkWorker 0 on core 0",
    "DpdkTcpListener * -> DpdkWorker 0 on core 0",
    "DpdkTcpListener * -> DpdkPort net_ring0",
    "DpdkLcore thread * -> DpdkEal *",
    "* of DpdkPort net_ring0 -> DpdkMempool dpdk-glib-*",
  };
  g_autoptr (DpdkRuntimeBuilder) builder = dpdk_runtime_builder_new ();
  g_autoptr (DpdkConfig) config = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string ("198.18.0.2", 7);
  DpdkTcpListener *listener;
  DpdkRuntime *runtime;
  DpdkLcore *lcore;
  DpdkEal *eal;
  GHashTableIter iter;
  gpointer edge, count;

  edges = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_setenv ("DPDK_DEBUG", "refs", TRUE);
  g_log_set_writer_func (count_edges, NULL, NULL);
  config = dpdk_config_new_from_data (config_text, -1, &error);
  g_assert_no_error (error);
  dpdk_runtime_builder_set_config (builder, config);
  dpdk_runtime_builder_set_idle_policy (builder, DPDK_IDLE_POLICY_ADAPTIVE);
  dpdk_runtime_builder_set_mempool_size (builder, 1023);
  runtime = dpdk_runtime_builder_build (builder, &error);
  g_assert_no_error (error);
  listener = dpdk_tcp_listener_new (runtime, address, 4, &error);
  g_assert_no_error (error);
  eal = dpdk_runtime_dup_eal (runtime);
  lcore = dpdk_lcore_register (eal, &error);
  g_assert_no_error (error);

  dpdk_lcore_unref (lcore);
  g_object_unref (listener);
  g_object_unref (runtime);
  eal_end (eal);
  for (guint i = 0; i < G_N_ELEMENTS (wanted); i++)
    if (!was_edge (wanted[i]))
      g_error ("no edge %s", wanted[i]);
  g_hash_table_iter_init (&iter, edges);
  while (g_hash_table_iter_next (&iter, &edge, &count))
    if (GPOINTER_TO_INT (count) != 0)
      g_error ("%s: %d left", (const char *) edge, GPOINTER_TO_INT (count));
}

int
main (int argc, char **argv)
{
  eal_test_init (&argc, &argv);
  eal_test_add ("/eal/state/notified", test_state_notified);
  eal_test_add ("/eal/state/coalesced", test_state_coalesced);
  eal_test_add ("/eal/shutdown/names-dependants", test_shutdown_names_dependants);
  eal_test_add ("/eal/shutdown/async", test_shutdown_async);
  eal_test_add ("/eal/shutdown/async-race", test_shutdown_async_race);
  eal_test_add ("/eal/init/without-permission", test_init_without_permission);
  eal_test_add ("/eal/init/unknown-argument", test_init_unknown_argument);
  eal_test_add ("/eal/fork", test_fork);
  eal_test_add ("/eal/edges", test_edges);
  return g_test_run ();
}
