/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "eal-fixture.h"

#include <rte_lcore.h>
#include <rte_service.h>
#include <rte_service_component.h>

#define N_SLOTS (RTE_MAX_LCORE - 1)

static DpdkLcore *
lcore_register (DpdkEal *eal)
{
  g_autoptr (GError) error = NULL;
  DpdkLcore *lcore = dpdk_lcore_register (eal, &error);

  g_assert_no_error (error);
  g_assert_nonnull (lcore);
  return lcore;
}

static void
on_thread (GThreadFunc func, gpointer data)
{
  g_thread_join (g_thread_new ("registered", func, data));
}

static void
assert_registered (DpdkLcore *lcore)
{
  g_assert_true (dpdk_lcore_get_current () == lcore);
  g_assert_cmpint (dpdk_lcore_get_role (), ==, DPDK_LCORE_ROLE_REGISTERED);
  g_assert_true (dpdk_lcore_is_registered (lcore));
  g_assert_cmpuint (dpdk_lcore_get_id (lcore), ==, rte_lcore_id ());
  g_assert_cmpuint (dpdk_lcore_get_id (lcore), >, 0);
  g_assert_cmpuint (dpdk_lcore_get_id (lcore), <, RTE_MAX_LCORE);
  g_assert_cmpint (dpdk_lcore_get_numa_node (lcore), ==, (int) rte_socket_id ());
}

static void
assert_external (void)
{
  g_assert_null (dpdk_lcore_get_current ());
  g_assert_cmpint (dpdk_lcore_get_role (), ==, DPDK_LCORE_ROLE_EXTERNAL);
  g_assert_cmpuint (rte_lcore_id (), ==, LCORE_ID_ANY);
}

static void
test_register (void)
{
  DpdkEal *eal;
  DpdkLcore *lcore;
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (dpdk_lcore_get_role (), ==, DPDK_LCORE_ROLE_EXTERNAL);
  g_assert_null (dpdk_lcore_get_current ());
  eal = eal_new ();
  assert_external ();

  /* until the last reference is gone */
  lcore = lcore_register (eal);
  assert_registered (lcore);
  g_assert_true (dpdk_lcore_ref (lcore) == lcore);
  dpdk_lcore_unref (lcore);
  assert_registered (lcore);
  g_assert_null (dpdk_lcore_register (eal, &error));
  eal_assert_error (&error, DPDK_ERROR_EXISTS, "*is lcore * already");
  dpdk_lcore_unref (lcore);
  assert_external ();

  /* or until it is said; the handle stays */
  lcore = lcore_register (eal);
  g_assert_true (dpdk_lcore_unregister (lcore, &error));
  g_assert_no_error (error);
  assert_external ();
  g_assert_false (dpdk_lcore_is_registered (lcore));
  g_assert_true (dpdk_lcore_unregister (lcore, &error));
  g_assert_no_error (error);
  dpdk_lcore_unref (lcore);

  /* one that DPDK knows without us */
  g_assert_no_errno (rte_thread_register ());
  g_assert_cmpint (dpdk_lcore_get_role (), ==, DPDK_LCORE_ROLE_REGISTERED);
  g_assert_null (dpdk_lcore_get_current ());
  g_assert_null (dpdk_lcore_register (eal, &error));
  g_assert_error (error, DPDK_ERROR, DPDK_ERROR_EXISTS);
  g_clear_error (&error);
  rte_thread_unregister ();

  lcore = lcore_register (eal);
  g_object_unref (eal);
  /* the registration holds the EAL */
  g_assert_cmpint (dpdk_eal_get_process_state (), ==, DPDK_EAL_STATE_UP);
  eal = dpdk_eal_dup_current ();
  dpdk_lcore_unref (lcore);
  eal_end (eal);
  g_assert_cmpint (dpdk_lcore_get_role (), ==, DPDK_LCORE_ROLE_EXTERNAL);
}

/* no thread of ours, but DPDK knows the role */
static void
test_service (void)
{
  DpdkEal *eal = eal_new ();
  DpdkLcore *lcore = lcore_register (eal);
  g_autoptr (GError) error = NULL;
  g_autoptr (DpdkMempool) pool = NULL;

  g_assert_cmpint (rte_service_lcore_add (dpdk_lcore_get_id (lcore)), ==, 0);
  g_assert_cmpint (dpdk_lcore_get_role (), ==, DPDK_LCORE_ROLE_SERVICE);
  pool = dpdk_mempool_new (eal, 63, 0, 2048, -1, &error);
  eal_assert_error (&error, DPDK_ERROR_WOULD_DEADLOCK,
                    "creating a mempool: not allowed on a service lcore*");
  g_assert_cmpint (rte_service_lcore_del (dpdk_lcore_get_id (lcore)), ==, 0);
  dpdk_lcore_unref (lcore);
  eal_end (eal);
}

typedef struct {
  DpdkEal *eal;
  DpdkMempool *pool;
  DpdkLcore *lcore;
  guint id;
} Context;

/* takes packets from the cache, puts them back there, and ends without a word */
static gpointer
leave_without_release (gpointer data)
{
  Context *context = data;
  DpdkPacket *packets[16];

  context->lcore = lcore_register (context->eal);
  context->id = dpdk_lcore_get_id (context->lcore);
  for (guint i = 0; i < G_N_ELEMENTS (packets); i++)
    {
      packets[i] = dpdk_mempool_acquire (context->pool, NULL);
      g_assert_nonnull (packets[i]);
    }
  for (guint i = 0; i < G_N_ELEMENTS (packets); i++)
    dpdk_packet_unref (packets[i]);
  return NULL;
}

/* every buffer can be taken by a thread without a cache, so none is in that of a dead thread */
static void
assert_pool_is_whole (DpdkMempool *pool)
{
  guint capacity = dpdk_mempool_get_capacity (pool);
  g_autofree DpdkPacket **packets = g_new0 (DpdkPacket *, capacity);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < capacity; i++)
    {
      packets[i] = dpdk_mempool_acquire (pool, &error);
      g_assert_no_error (error);
    }
  for (guint i = 0; i < capacity; i++)
    dpdk_packet_unref (packets[i]);
  g_assert_cmpuint (dpdk_mempool_get_in_use (pool), ==, 0);
}

static void
test_thread_ends (void)
{
  DpdkEal *eal = eal_new ();
  Context context = { .eal = eal, .pool = eal_mempool_new (eal) };
  guint first;

  on_thread (leave_without_release, &context);
  first = context.id;
  g_assert_false (dpdk_lcore_is_registered (context.lcore));
  assert_pool_is_whole (context.pool);
  dpdk_lcore_unref (context.lcore);

  /* the number is free again */
  on_thread (leave_without_release, &context);
  g_assert_cmpuint (context.id, ==, first);
  dpdk_lcore_unref (context.lcore);
  g_object_unref (context.pool);
  eal_end (eal);
}

static gpointer
release (gpointer data)
{
  dpdk_lcore_unref (data);
  return NULL;
}

static gpointer
unregister (gpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (dpdk_lcore_unregister (data, &error));
  g_assert_no_error (error);
  return NULL;
}

static gpointer
shut_down_in_vain (gpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (dpdk_eal_shutdown (data, 1, &error));
  eal_assert_error (&error, DPDK_ERROR_TIMED_OUT, "*1 registered thread (*)*");
  return NULL;
}

/* only the thread itself can do it, which it does when it next asks */
static void
test_released_elsewhere (void)
{
  DpdkEal *eal = eal_new ();
  DpdkMempool *pool = eal_mempool_new (eal);
  DpdkLcore *lcore = lcore_register (eal);

  dpdk_packet_unref (dpdk_mempool_acquire (pool, NULL));
  on_thread (release, lcore);
  g_assert_cmpuint (rte_lcore_id (), !=, LCORE_ID_ANY);
  assert_external ();
  assert_pool_is_whole (pool);

  lcore = lcore_register (eal);
  on_thread (unregister, lcore);
  g_assert_true (dpdk_lcore_get_current () == NULL);
  g_assert_false (dpdk_lcore_is_registered (lcore));
  dpdk_lcore_unref (lcore);

  /* registering anew does it, too */
  lcore = lcore_register (eal);
  on_thread (release, lcore);
  lcore = lcore_register (eal);
  assert_registered (lcore);

  /* until then it holds the EAL, and says so */
  on_thread (release, lcore);
  g_object_unref (pool);
  on_thread (shut_down_in_vain, eal);
  g_assert_cmpuint (rte_lcore_id (), !=, LCORE_ID_ANY);
  assert_external ();
  eal_end (eal);
}

static void
test_many_times (void)
{
  DpdkEal *eal = eal_new ();
  guint n = dpdk_test_scale (10000);
  DpdkLcore *lcore = lcore_register (eal);
  guint first = dpdk_lcore_get_id (lcore);

  dpdk_lcore_unref (lcore);
  for (guint i = 0; i < n; i++)
    {
      lcore = lcore_register (eal);
      g_assert_cmpuint (dpdk_lcore_get_id (lcore), ==, first);
      dpdk_lcore_unref (lcore);
    }
  eal_end (eal);
}

typedef struct {
  DpdkEal *eal;
  /* before those that come and go */
  DpdkMempool *pool;
  gint finish;
} Turnstile;

static gpointer
come_and_go (gpointer data)
{
  Turnstile *turnstile = data;
  DpdkPacket *packets[256];

  while (!g_atomic_int_get (&turnstile->finish))
    {
      g_autoptr (DpdkLcore) lcore = lcore_register (turnstile->eal);

      /* a cache that takes a while to empty */
      g_assert_true (
          dpdk_mempool_acquire_bulk (turnstile->pool, packets, G_N_ELEMENTS (packets), NULL));
      for (guint i = 0; i < G_N_ELEMENTS (packets); i++)
        dpdk_packet_unref (packets[i]);
    }
  return NULL;
}

/* who leaves looks through all pools, and one of them may just be freed */
static void
test_amid_pools (void)
{
  Turnstile turnstile = { .eal = eal_new () };
  g_autoptr (GError) error = NULL;
  GThread *threads[4];

  turnstile.pool = dpdk_mempool_new (turnstile.eal, 8191, 512, 128, -1, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("registered", come_and_go, &turnstile);
  for (guint i = 0; i < dpdk_test_scale (2000); i++)
    {
      DpdkMempool *pool = dpdk_mempool_new (turnstile.eal, 15, 0, 128, -1, &error);

      g_assert_no_error (error);
      g_object_unref (pool);
    }
  g_atomic_int_set (&turnstile.finish, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  g_object_unref (turnstile.pool);
  eal_end (turnstile.eal);
}

typedef struct {
  DpdkEal *eal;
  GMutex lock;
  GCond changed;
  guint n_tried;
  guint n_registered;
  gboolean seen[RTE_MAX_LCORE];
  gboolean finish;
} Crowd;

static gpointer
join_crowd (gpointer data)
{
  Crowd *crowd = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DpdkLcore) lcore = dpdk_lcore_register (crowd->eal, &error);

  g_mutex_lock (&crowd->lock);
  if (lcore != NULL)
    {
      g_assert_false (crowd->seen[dpdk_lcore_get_id (lcore)]);
      crowd->seen[dpdk_lcore_get_id (lcore)] = TRUE;
      crowd->n_registered++;
    }
  else
    {
      g_autofree char *pattern =
          g_strdup_printf ("DpdkLcore: thread *: rte_thread_register: all %d lcores *", N_SLOTS);

      eal_assert_error (&error, DPDK_ERROR_NO_MEMORY, pattern);
      g_assert_cmpint (dpdk_lcore_get_role (), ==, DPDK_LCORE_ROLE_EXTERNAL);
    }
  crowd->n_tried++;
  g_cond_broadcast (&crowd->changed);
  while (!crowd->finish)
    g_cond_wait (&crowd->changed, &crowd->lock);
  g_mutex_unlock (&crowd->lock);
  return NULL;
}

static void
test_too_many (void)
{
  Crowd crowd = { .eal = eal_new () };
  GThread *threads[200];

  for (guint round = 0; round < 3; round++)
    {
      for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
        threads[i] = g_thread_new ("crowd", join_crowd, &crowd);
      g_mutex_lock (&crowd.lock);
      while (crowd.n_tried < G_N_ELEMENTS (threads))
        g_cond_wait (&crowd.changed, &crowd.lock);
      g_assert_cmpuint (crowd.n_registered, ==, N_SLOTS);
      crowd.finish = TRUE;
      g_cond_broadcast (&crowd.changed);
      g_mutex_unlock (&crowd.lock);
      for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
        g_thread_join (threads[i]);
      crowd.n_tried = crowd.n_registered = 0;
      crowd.finish = FALSE;
      for (guint i = 0; i < RTE_MAX_LCORE; i++)
        crowd.seen[i] = FALSE;
    }
  eal_end (crowd.eal);
}

typedef struct {
  DpdkRuntime *runtime;
  DpdkEal *eal;
  DpdkLcore *lcore;
  guint id;
} OnWorker;

static void
look_on_worker (DpdkWorker *worker, gpointer user_data)
{
  OnWorker *seen = user_data;
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (dpdk_lcore_get_role (), ==, DPDK_LCORE_ROLE_WORKER);
  seen->lcore = dpdk_lcore_ref (dpdk_lcore_get_current ());
  seen->id = dpdk_lcore_get_id (seen->lcore);
  g_assert_cmpuint (seen->id, ==, rte_lcore_id ());
  g_assert_null (dpdk_lcore_register (seen->eal, &error));
  g_assert_error (error, DPDK_ERROR, DPDK_ERROR_EXISTS);
  g_clear_error (&error);
  g_assert_false (dpdk_lcore_unregister (seen->lcore, &error));
  g_assert_error (error, DPDK_ERROR, DPDK_ERROR_WRONG_ROLE);
  g_clear_error (&error);
  /* the error names the role and the call */
  g_assert_false (dpdk_eal_shutdown (seen->eal, 0, &error));
  eal_assert_error (
      &error, DPDK_ERROR_WOULD_DEADLOCK,
      "dpdk_eal_shutdown: not allowed on the thread of a worker*dpdk_eal_shutdown_async()*");
  g_assert_cmpint (dpdk_eal_get_state (seen->eal), ==, DPDK_EAL_STATE_UP);
  g_clear_error (&error);
  g_assert_null (dpdk_port_new (seen->eal, "net_null0", &error));
  eal_assert_error (&error, DPDK_ERROR_WOULD_DEADLOCK,
                    "opening a port: not allowed on the thread of a worker*");
}

static void
test_worker (void)
{
  g_autoptr (DpdkRuntimeBuilder) builder = dpdk_runtime_builder_new ();
  g_autoptr (DpdkConfig) config = NULL;
  g_autoptr (GError) error = NULL;
  OnWorker seen = { 0 };
  DpdkWorker *worker;
  DpdkLcore *lcore;

  config = dpdk_config_new_from_data ("{ \"dpdk_cores\": [0], \"devices\": [{ \"vdev\": "
                                      "\"net_ring0\", \"addresses\": [\"198.18.0.2/24\"] }] }",
                                      -1, &error);
  g_assert_no_error (error);
  dpdk_runtime_builder_set_config (builder, config);
  dpdk_runtime_builder_set_idle_policy (builder, DPDK_IDLE_POLICY_ADAPTIVE);
  dpdk_runtime_builder_set_mempool_size (builder, 1023);
  seen.runtime = dpdk_runtime_builder_build (builder, &error);
  g_assert_no_error (error);
  seen.eal = dpdk_runtime_dup_eal (seen.runtime);
  worker = dpdk_runtime_dup_worker (seen.runtime, 0);
  g_assert_true (dpdk_worker_invoke (worker, look_on_worker, &seen, NULL, &error));
  g_assert_no_error (error);
  g_object_unref (worker);
  g_assert_true (dpdk_runtime_shutdown (seen.runtime, EAL_PATIENCE_MS, &error));
  g_assert_no_error (error);
  /* its number is free again, its handle is still good */
  g_assert_false (dpdk_lcore_is_registered (seen.lcore));
  g_assert_cmpuint (dpdk_lcore_get_id (seen.lcore), ==, seen.id);
  lcore = lcore_register (seen.eal);
  g_assert_cmpuint (dpdk_lcore_get_id (lcore), ==, seen.id);
  dpdk_lcore_unref (lcore);
  dpdk_lcore_unref (seen.lcore);
  g_object_unref (seen.runtime);
  eal_end (seen.eal);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/lcore/register", DPDK_TEST_FLAGS_NONE, test_register);
  dpdk_test_add_func ("/lcore/service", DPDK_TEST_FLAGS_NONE, test_service);
  dpdk_test_add_func ("/lcore/thread-ends", DPDK_TEST_FLAGS_NONE, test_thread_ends);
  dpdk_test_add_func ("/lcore/released-elsewhere", DPDK_TEST_FLAGS_NONE, test_released_elsewhere);
  dpdk_test_add_func ("/lcore/many-times", DPDK_TEST_FLAGS_NONE, test_many_times);
  dpdk_test_add_func ("/lcore/amid-pools", DPDK_TEST_FLAGS_NONE, test_amid_pools);
  dpdk_test_add_func ("/lcore/too-many", DPDK_TEST_FLAGS_NONE, test_too_many);
  dpdk_test_add_func ("/lcore/worker", DPDK_TEST_FLAGS_NONE, test_worker);
  return g_test_run ();
}
