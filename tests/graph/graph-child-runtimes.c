/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph-child.h"

#include <string.h>

#define N_RUNTIMES 20
#define N_INVOCATIONS 1000
#define TIMEOUT_MS 100000

static void
open_and_connect (World *world, const WorldOptions *options)
{
  world_open (world, options);
  world_connect (world, options);
  world_exchange (world, 20000);
}

static DpdkEal *
open_eal (const WorldOptions *options)
{
  g_auto (GStrv) args = world_eal_args (options);
  g_autoptr (GError) error = NULL;
  DpdkEal *eal = dpdk_eal_new ((const char *const *) args, &error);

  g_assert_no_error (error);
  return eal;
}

/* one after the other, and each leaves as much as it found */
static int
runtimes_in_turn (World *world, const ChildOptions *options)
{
  g_autoptr (DpdkEal) eal = open_eal (&options->world);
  WorldOptions world_options = options->world;
  /* this one stays, with a descriptor: it is GLib's */
  GMainContext *context = g_main_context_default ();
  guint n_fds = world_count_fds ();
  guint n_threads = world_count_threads ();

  for (guint i = 0; i < N_RUNTIMES; i++)
    {
      g_autoptr (DpdkMempool) mempool = NULL;
      g_autoptr (GError) error = NULL;
      g_autoptr (GPtrArray) names = NULL;

      world_options.seed++;
      open_and_connect (world, &world_options);
      g_assert_true (world->eal == eal);
      mempool = g_object_ref (world->mempool);
      g_assert_cmpuint (dpdk_mempool_get_in_use (mempool), >, 0);
      g_clear_pointer (&world->packet, dpdk_packet_unref);
      if (i % 2 == 0)
        {
          g_assert_true (dpdk_runtime_shutdown (world->runtime, TIMEOUT_MS, &error));
          g_assert_no_error (error);
        }
      world_drop_sockets (world, i);
      g_clear_object (&world->port);
      g_clear_object (&world->mempool);
      g_clear_object (&world->eal);
      g_assert_true (dpdk_runtime_shutdown (world->runtime, TIMEOUT_MS, &error));
      g_assert_no_error (error);
      g_clear_object (&world->runtime);
      g_assert_cmpuint (dpdk_mempool_get_in_use (mempool), ==, 0);
      g_assert_cmpuint (dpdk_mempool_get_available (mempool), ==, WORLD_MEMPOOL_SIZE);
      names = dpdk_eal_dup_dependants (eal);
      g_assert_cmpuint (names->len, ==, 1);
      g_assert_cmpuint (world_count_threads (), ==, n_threads);
      g_assert_cmpuint (world_count_fds (), ==, n_fds);
    }
  g_assert_cmpint (dpdk_eal_get_state (eal), ==, DPDK_EAL_STATE_UP);
  g_assert_nonnull (context);
  return 0;
}

/* two at the same time do not touch each other */
static int
runtimes_together (World *world, const ChildOptions *options)
{
  static World second;
  WorldOptions world_options = options->world;

  open_and_connect (world, &options->world);
  world_options.number++;
  world_options.seed += 2;
  open_and_connect (&second, &world_options);
  g_assert_true (second.eal == world->eal);
  g_assert_true (second.port != world->port);
  world_exchange (world, 20000);
  world_drop_all (world, 0);
  world_exchange (&second, 20000);
  world_drop_all (&second, 1);
  return 0;
}

static void
check_shut_down (World *world)
{
  g_autoptr (GSocketAddress) address =
      g_inet_socket_address_new_from_string ("198.18.0.2", WORLD_PORT);
  g_autoptr (GError) error = NULL;

  g_assert_false (dpdk_runtime_is_running (world->runtime));
  g_assert_null (dpdk_runtime_dup_eal (world->runtime));
  g_assert_null (dpdk_runtime_dup_worker (world->runtime, 0));
  g_assert_null (dpdk_runtime_dup_port (world->runtime, 0));
  g_assert_null (dpdk_tcp_socket_new (world->runtime, G_SOCKET_FAMILY_IPV4, &error));
  child_check_error (&error, G_IO_ERROR, G_IO_ERROR_CLOSED, "*");
  g_assert_null (dpdk_tcp_listener_new (world->runtime, address, 4, &error));
  child_check_error (&error, G_IO_ERROR, G_IO_ERROR_CLOSED, "*");
  g_assert_null (dpdk_tcp_listener_accept (world->listener, NULL, &error));
  child_check_error (&error, G_IO_ERROR, G_IO_ERROR_CLOSED, "*");
  g_assert_false (dpdk_tcp_connection_is_connected (world->connection));
}

static int
shutdown_twice (World *world, const ChildOptions *options)
{
  g_autoptr (GError) error = NULL;

  open_and_connect (world, &options->world);
  g_assert_true (dpdk_runtime_is_running (world->runtime));
  for (guint i = 0; i < 2; i++)
    {
      g_assert_true (dpdk_runtime_shutdown (world->runtime, TIMEOUT_MS, &error));
      g_assert_no_error (error);
      check_shut_down (world);
    }
  /* nothing is left to run */
  g_object_unref (g_object_ref (world->runtime));
  world_drop_all (world, 0);
  return 0;
}

typedef struct {
  guint n_left;
  gboolean must_be_cancelled;
} Finish;

static void
on_shutdown (GObject *source, GAsyncResult *result, gpointer data)
{
  Finish *finish = data;
  g_autoptr (GError) error = NULL;
  gboolean success = dpdk_runtime_shutdown_finish (DPDK_RUNTIME (source), result, &error);

  if (finish->must_be_cancelled)
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  else
    {
      g_assert_no_error (error);
      g_assert_true (success);
    }
  finish->n_left--;
}

static void
wait_finished (Finish *finish)
{
  while (finish->n_left > 0)
    g_main_context_iteration (NULL, TRUE);
}

static int
shutdown_async (World *world, const ChildOptions *options)
{
  Finish finish = { .n_left = 2 };

  open_and_connect (world, &options->world);
  dpdk_runtime_shutdown_async (world->runtime, TIMEOUT_MS, NULL, on_shutdown, &finish);
  dpdk_runtime_shutdown_async (world->runtime, TIMEOUT_MS, NULL, on_shutdown, &finish);
  wait_finished (&finish);
  check_shut_down (world);
  /* once more, when there is nothing left to do */
  finish.n_left = 1;
  dpdk_runtime_shutdown_async (world->runtime, TIMEOUT_MS, NULL, on_shutdown, &finish);
  wait_finished (&finish);
  world_drop_all (world, 0);
  return 0;
}

static int
shutdown_cancelled (World *world, const ChildOptions *options)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Finish finish = { .n_left = 1, .must_be_cancelled = TRUE };
  g_autoptr (GError) error = NULL;

  open_and_connect (world, &options->world);
  g_cancellable_cancel (cancellable);
  dpdk_runtime_shutdown_async (world->runtime, TIMEOUT_MS, cancellable, on_shutdown, &finish);
  wait_finished (&finish);
  g_assert_true (dpdk_runtime_shutdown (world->runtime, TIMEOUT_MS, &error));
  g_assert_no_error (error);
  world_drop_all (world, 0);
  return 0;
}

/* the worker that asks for its end cannot be told that it has come */
static void
shutdown_on_worker (DpdkWorker *worker, gpointer data)
{
  World *world = data;

  dpdk_runtime_shutdown_async (world->runtime, TIMEOUT_MS, NULL, NULL, NULL);
}

static int
shutdown_async_worker (World *world, const ChildOptions *options)
{
  g_autoptr (DpdkWorker) worker = NULL;
  g_autoptr (GError) error = NULL;

  open_and_connect (world, &options->world);
  worker = dpdk_runtime_dup_worker (world->runtime, 0);
  dpdk_worker_invoke (worker, shutdown_on_worker, world, NULL, &error);
  g_assert_no_error (error);
  /* ends when the connection does */
  world_start_traffic (world, FALSE);
  world_join_traffic ();
  g_assert_true (dpdk_runtime_shutdown (world->runtime, TIMEOUT_MS, &error));
  g_assert_no_error (error);
  g_assert_false (dpdk_worker_is_running (worker));
  check_shut_down (world);
  g_clear_object (&worker);
  world_drop_all (world, 0);
  return 0;
}

/* a quit that comes before is not lost, and a runtime that has ended ends at once */
static int
run_and_quit (World *world, const ChildOptions *options)
{
  g_autoptr (GError) error = NULL;

  open_and_connect (world, &options->world);
  dpdk_runtime_quit (world->runtime);
  g_assert_true (dpdk_runtime_run (world->runtime, &error));
  g_assert_no_error (error);
  check_shut_down (world);
  dpdk_runtime_quit (world->runtime);
  g_assert_true (dpdk_runtime_run (world->runtime, &error));
  g_assert_no_error (error);
  world_drop_all (world, 0);
  return 0;
}

typedef struct {
  DpdkWorker *worker;
  GMutex lock;
  GCond changed;
  guint n_run;
  guint n_destroyed;
  guint n_nested;
  gboolean is_in_order;
} Counter;

typedef struct {
  Counter *counter;
  guint number;
} Invocation;

static void
on_nested (DpdkWorker *worker, gpointer data)
{
  Counter *counter = data;

  g_mutex_lock (&counter->lock);
  counter->n_nested++;
  g_mutex_unlock (&counter->lock);
}

static void
on_invoked (DpdkWorker *worker, gpointer data)
{
  Invocation *invocation = data;
  Counter *counter = invocation->counter;
  g_autoptr (DpdkWorker) current = dpdk_worker_dup_current ();
  g_autoptr (GError) error = NULL;

  g_assert_true (worker == counter->worker);
  g_assert_true (current == worker);
  if (invocation->number % 10 == 0 && dpdk_worker_is_running (worker))
    {
      dpdk_worker_invoke (worker, on_nested, counter, NULL, &error);
      g_assert_no_error (error);
    }
  g_mutex_lock (&counter->lock);
  counter->is_in_order = counter->is_in_order && counter->n_run == invocation->number;
  counter->n_run++;
  g_mutex_unlock (&counter->lock);
}

static void
on_destroyed (gpointer data)
{
  Invocation *invocation = data;
  Counter *counter = invocation->counter;

  g_mutex_lock (&counter->lock);
  counter->n_destroyed++;
  g_cond_signal (&counter->changed);
  g_mutex_unlock (&counter->lock);
  g_free (invocation);
}

static gboolean
invoke (Counter *counter, guint number, GError **error)
{
  Invocation *invocation = g_new0 (Invocation, 1);

  invocation->counter = counter;
  invocation->number = number;
  return dpdk_worker_invoke (counter->worker, on_invoked, invocation, on_destroyed, error);
}

/* in order, each once, and what comes too late is refused and freed */
static int
worker_invoke (World *world, const ChildOptions *options)
{
  static Counter counter = { .is_in_order = TRUE };
  g_autoptr (DpdkWorker) worker = NULL;
  g_autoptr (GError) error = NULL;

  open_and_connect (world, &options->world);
  worker = dpdk_runtime_dup_worker (world->runtime, 0);
  counter.worker = worker;
  g_assert_null (dpdk_worker_dup_current ());
  for (guint i = 0; i < N_INVOCATIONS; i++)
    {
      invoke (&counter, i, &error);
      g_assert_no_error (error);
    }
  g_mutex_lock (&counter.lock);
  while (counter.n_destroyed < N_INVOCATIONS)
    g_cond_wait (&counter.changed, &counter.lock);
  g_assert_cmpuint (counter.n_run, ==, N_INVOCATIONS);
  g_assert_true (counter.is_in_order);
  g_mutex_unlock (&counter.lock);

  /* those that are waiting when the end comes */
  for (guint i = 0; i < N_INVOCATIONS; i++)
    {
      invoke (&counter, N_INVOCATIONS + i, &error);
      g_assert_no_error (error);
    }
  g_assert_true (dpdk_runtime_shutdown (world->runtime, TIMEOUT_MS, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (counter.n_destroyed, ==, 2 * N_INVOCATIONS);
  g_assert_true (counter.is_in_order);
  g_assert_cmpuint (counter.n_nested, >=, N_INVOCATIONS / 10);

  g_assert_false (invoke (&counter, 0, &error));
  child_check_error (&error, DPDK_ERROR, DPDK_ERROR_CLOSED, "DpdkWorker 0*ended*");
  g_assert_cmpuint (counter.n_destroyed, ==, 2 * N_INVOCATIONS + 1);
  g_assert_false (dpdk_worker_is_running (worker));
  g_clear_object (&worker);
  world_drop_all (world, 0);
  return 0;
}

/* the pool object is gone, the pool is not: the packet needs it */
static int
mempool_parked (World *world, const ChildOptions *options)
{
  static const guint8 bytes[] = "a packet";
  DpdkPacket *packet;
  const guint8 *data;
  gsize length;

  open_and_connect (world, &options->world);
  packet = g_steal_pointer (&world->packet);
  world_drop_all (world, 0);
  /* all but the packet ends */
  while (world_count_threads () > 3)
    g_usleep (1000);
  g_assert_cmpint (dpdk_eal_get_process_state (), ==, DPDK_EAL_STATE_UP);
  data = dpdk_packet_get_data (packet, &length);
  g_assert_cmpmem (data, length, bytes, sizeof bytes);
  if (options->number == 1)
    {
      /* and the object comes back */
      g_autoptr (DpdkMempool) mempool = dpdk_packet_dup_mempool (packet);

      g_assert_cmpuint (dpdk_mempool_get_in_use (mempool), ==, 1);
      g_assert_nonnull (dpdk_mempool_get_eal (mempool));
      dpdk_packet_unref (packet);
      g_assert_cmpuint (dpdk_mempool_get_in_use (mempool), ==, 0);
      g_assert_cmpint (dpdk_eal_get_process_state (), ==, DPDK_EAL_STATE_UP);
    }
  else
    {
      dpdk_packet_unref (dpdk_packet_ref (packet));
      g_assert_cmpint (dpdk_eal_get_process_state (), ==, DPDK_EAL_STATE_UP);
      dpdk_packet_unref (packet);
    }
  g_assert_true (world_wait_dead (WORLD_PATIENCE_S));
  return 0;
}

const Scenario runtimes_scenarios[] = {
  { "runtimes-in-turn", runtimes_in_turn },
  { "runtimes-together", runtimes_together },
  { "shutdown-twice", shutdown_twice },
  { "shutdown-async", shutdown_async },
  { "shutdown-cancelled", shutdown_cancelled },
  { "shutdown-async-worker", shutdown_async_worker },
  { "run-and-quit", run_and_quit },
  { "worker-invoke", worker_invoke },
  { "mempool-parked", mempool_parked },
  { NULL, NULL },
};
