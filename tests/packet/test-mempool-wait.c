/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* waiting until a buffer comes home */
#include "packet-fixture.h"

#define CAPACITY 64
#define DATA_SIZE 256
#define N_WAITERS 10000

typedef struct {
  DpdkMempool *pool;
  GRand *rand;
  GQueue held;
  /* what each waiter has to say */
  guint next;
  guint n_answered;
  guint n_cancelled;
  guint n_failed;
  guint n_packets;
} Exhaustion;

typedef struct {
  Exhaustion *exhaustion;
  GCancellable *cancellable;
  guint number;
} Waiting;

/* the thread that answered may have its reference on the operation yet, and that one on the pool */
static void
end (DpdkMempool *pool)
{
  dpdk_test_assert_pool_full (pool);
  dpdk_test_assert_finalize (pool);
  dpdk_test_assert_eal_dead ();
}

static void
on_acquired (GObject *source, GAsyncResult *result, gpointer data)
{
  Waiting *waiting = data;
  Exhaustion *self = waiting->exhaustion;
  g_autoptr (GError) error = NULL;
  DpdkPacket *packet = dpdk_mempool_acquire_finish (DPDK_MEMPOOL (source), result, &error);

  self->n_answered++;
  if (packet == NULL)
    {
      if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        {
          g_assert_true (g_cancellable_is_cancelled (waiting->cancellable));
          self->n_cancelled++;
        }
      else
        {
          g_assert_error (error, DPDK_ERROR, DPDK_ERROR_EAL_DEAD);
          self->n_failed++;
        }
    }
  else
    {
      /* in the order of the calls */
      g_assert_cmpuint (waiting->number, >=, self->next);
      self->next = waiting->number + 1;
      self->n_packets++;
      g_queue_push_tail (&self->held, packet);
    }
  g_clear_object (&waiting->cancellable);
  g_free (waiting);
}

static void
wait_one (Exhaustion *self, guint number, GCancellable *cancellable)
{
  Waiting *waiting = g_new0 (Waiting, 1);

  waiting->exhaustion = self;
  waiting->number = number;
  if (cancellable != NULL)
    waiting->cancellable = g_object_ref (cancellable);
  dpdk_mempool_acquire_async (self->pool, cancellable, on_acquired, waiting);
}

static gpointer
release_queue (gpointer data)
{
  GQueue *queue = data;

  g_queue_clear_full (queue, (GDestroyNotify) dpdk_packet_unref);
  g_free (queue);
  return NULL;
}

/* on this thread or on another one, by us or by a device */
static void
release_some (Exhaustion *self, DpdkPort *sink)
{
  guint n = (guint) g_rand_int_range (self->rand, 1, CAPACITY + 1);
  GQueue *queue = g_new0 (GQueue, 1);

  while (n-- > 0 && !g_queue_is_empty (&self->held))
    g_queue_push_tail (queue, g_queue_pop_head (&self->held));
  switch (g_rand_int_range (self->rand, 0, 3))
    {
    case 0:
      while (!g_queue_is_empty (queue))
        {
          DpdkPacket *packet = g_queue_pop_head (queue);

          g_assert_cmpuint (dpdk_port_tx_burst (sink, 0, &packet, 1), ==, 1);
        }
      g_free (queue);
      break;
    case 1:
      g_thread_join (g_thread_new ("release", release_queue, queue));
      break;
    default:
      release_queue (queue);
    }
}

static DpdkPort *
sink_new (DpdkMempool *pool)
{
  /* the port draws from a pool of its own */
  g_autoptr (GError) error = NULL;
  g_autoptr (DpdkMempool) other = packet_pool_new (255, 0, PACKET_PORT_DATA_SIZE);
  DpdkPort *port = dpdk_port_new (dpdk_mempool_get_eal (pool), "net_null0", &error);

  g_assert_no_error (error);
  g_assert_true (dpdk_port_configure (port, other, 1, 64, &error));
  g_assert_true (dpdk_port_start (port, &error));
  return port;
}

static void
exhaust (guint cache_size, gboolean is_registered)
{
  Exhaustion self = { .pool = packet_pool_new (CAPACITY, cache_size, DATA_SIZE),
                      .rand = dpdk_test_random_new () };
  DpdkPort *sink = sink_new (self.pool);
  g_autoptr (GPtrArray) cancellables = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GError) error = NULL;
  g_autoptr (DpdkLcore) lcore = NULL;
  guint n_waiters = dpdk_test_scale (N_WAITERS);
  DpdkMempoolStatistics statistics;

  if (is_registered)
    lcore = dpdk_lcore_register (dpdk_mempool_get_eal (self.pool), &error);
  g_assert_no_error (error);
  for (guint i = 0; i < n_waiters; i++)
    {
      g_autoptr (GCancellable) cancellable = NULL;

      if (g_rand_int_range (self.rand, 0, 3) == 0)
        {
          cancellable = g_cancellable_new ();
          g_ptr_array_add (cancellables, g_object_ref (cancellable));
        }
      wait_one (&self, i, cancellable);
    }
  DPDK_TEST_WAIT_UNTIL (self.n_packets == MIN (CAPACITY, n_waiters));
  while (self.n_answered < n_waiters)
    {
      guint n_before = self.n_answered;

      if (g_rand_boolean (self.rand) && cancellables->len > 0)
        g_cancellable_cancel (g_ptr_array_index (
            cancellables, g_rand_int_range (self.rand, 0, (gint32) cancellables->len)));
      if (g_queue_is_empty (&self.held))
        DPDK_TEST_WAIT_UNTIL (self.n_answered > n_before);
      else
        release_some (&self, sink);
      while (g_main_context_iteration (NULL, FALSE))
        ;
    }
  g_test_message ("%u packets, %u cancelled", self.n_packets, self.n_cancelled);
  g_assert_cmpuint (self.n_answered, ==, n_waiters);
  g_assert_cmpuint (self.n_packets + self.n_cancelled, ==, n_waiters);
  dpdk_mempool_get_statistics (self.pool, &statistics);
  /* one that was cancelled too late has had a buffer for a moment */
  g_assert_cmpuint (statistics.acquired, >=, self.n_packets);
  g_assert_cmpuint (statistics.acquired, <=, n_waiters);
  g_assert_cmpuint (statistics.failed, ==, 0);
  g_queue_clear_full (&self.held, (GDestroyNotify) dpdk_packet_unref);
  g_rand_free (self.rand);
  packet_loop_end (sink);
  if (lcore != NULL)
    g_assert_true (dpdk_lcore_unregister (lcore, &error));
  end (self.pool);
}

static void
test_exhaustion (void)
{
  exhaust (0, FALSE);
}

/* what a registered thread releases goes to its cache */
static void
test_exhaustion_with_cache (void)
{
  exhaust (32, TRUE);
}

static void
send_all (DpdkPort *sink, DpdkPacket **packets, guint n)
{
  guint n_sent = 0;

  while (n_sent < n)
    n_sent += dpdk_port_tx_burst (sink, 0, packets + n_sent, n - n_sent);
}

/* as many as come home are given to those who wait: none stays in a cache of whoever serves them */
static void
test_no_leftovers (void)
{
  enum {
    N = 33
  };
  Exhaustion self = { .pool = packet_pool_new (63, 32, DATA_SIZE) };
  DpdkPort *sink = sink_new (self.pool);
  DpdkPacket *packets[63];
  g_autoptr (GError) error = NULL;
  DpdkLcore *lcore;

  g_assert_true (dpdk_mempool_acquire_bulk (self.pool, packets, 63, &error));
  for (guint round = 0; round < 10; round++)
    {
      for (guint i = 0; i < N; i++)
        wait_one (&self, round * N + i, NULL);
      send_all (sink, packets, N);
      DPDK_TEST_WAIT_UNTIL (self.n_packets == (round + 1) * N);
      for (guint i = 0; i < N; i++)
        packets[i] = g_queue_pop_head (&self.held);
    }

  /* nor in that of a registered thread which takes one beside them, or warms the pool up */
  lcore = dpdk_lcore_register (dpdk_mempool_get_eal (self.pool), &error);
  g_assert_no_error (error);
  for (guint i = 0; i < N; i++)
    wait_one (&self, 10 * N + i, NULL);
  for (guint i = 0; i < N; i++)
    {
      DpdkPacket *packet;

      send_all (sink, packets + i, 1);
      g_assert_true (dpdk_mempool_warmup (self.pool, &error));
      packet = dpdk_mempool_acquire (self.pool, NULL);
      g_clear_pointer (&packet, dpdk_packet_unref);
    }
  DPDK_TEST_WAIT_UNTIL (self.n_packets == 11 * N);
  dpdk_lcore_unref (lcore);
  dpdk_packet_unref_bulk (packets + N, 63 - N);
  g_queue_clear_full (&self.held, (GDestroyNotify) dpdk_packet_unref);
  packet_loop_end (sink);
  end (self.pool);
}

static gpointer
cancel_all (gpointer data)
{
  g_ptr_array_foreach (data, (GFunc) (gpointer) g_cancellable_cancel, NULL);
  return NULL;
}

/* cancelled from another thread while they join the line, wait, and are answered */
static void
test_cancel_elsewhere (void)
{
  Exhaustion self = { .pool = packet_pool_new (CAPACITY, 0, DATA_SIZE) };
  g_autoptr (GPtrArray) cancellables = g_ptr_array_new_with_free_func (g_object_unref);
  guint n_waiters = dpdk_test_scale (2000);
  GThread *thread;

  for (guint i = 0; i < n_waiters; i++)
    g_ptr_array_add (cancellables, g_cancellable_new ());
  thread = g_thread_new ("cancel", cancel_all, cancellables);
  for (guint i = 0; i < n_waiters; i++)
    {
      wait_one (&self, i, g_ptr_array_index (cancellables, i));
      if (i % 16 == 0 && !g_queue_is_empty (&self.held))
        dpdk_packet_unref (g_queue_pop_head (&self.held));
      g_main_context_iteration (NULL, FALSE);
    }
  /* no buffer comes home for those who are left, and each is cancelled */
  DPDK_TEST_WAIT_UNTIL (self.n_answered == n_waiters);
  g_thread_join (thread);
  g_test_message ("%u packets, %u cancelled", self.n_packets, self.n_cancelled);
  g_assert_cmpuint (self.n_packets + self.n_cancelled, ==, n_waiters);
  g_queue_clear_full (&self.held, (GDestroyNotify) dpdk_packet_unref);
  /* what was cancelled too late goes home with its answer */
  DPDK_TEST_WAIT_UNTIL (dpdk_mempool_get_in_use (self.pool) == 0);
  end (self.pool);
}

static void
count_answer (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  DpdkPacket *packet = dpdk_mempool_acquire_finish (DPDK_MEMPOOL (source), result, &error);

  g_assert_no_error (error);
  dpdk_packet_unref (packet);
  (*(guint *) data)++;
}

/* the answer comes in the context of the caller, and never from within the call */
static void
test_context (void)
{
  DpdkMempool *pool = packet_pool_new (3, 0, DATA_SIZE);
  g_autoptr (GMainContext) context = g_main_context_new ();
  DpdkPacket *packets[3];
  guint n = 0;

  g_main_context_push_thread_default (context);
  dpdk_mempool_acquire_async (pool, NULL, count_answer, &n);
  g_assert_cmpuint (n, ==, 0);
  DPDK_TEST_WAIT_UNTIL (n == 1);
  g_assert_true (dpdk_mempool_acquire_bulk (pool, packets, 3, NULL));
  dpdk_mempool_acquire_async (pool, NULL, count_answer, &n);
  g_main_context_pop_thread_default (context);
  dpdk_packet_unref_bulk (packets, 3);
  g_assert_cmpuint (n, ==, 1);
  g_main_context_push_thread_default (context);
  DPDK_TEST_WAIT_UNTIL (n == 2);
  g_main_context_pop_thread_default (context);
  end (pool);
}

static gpointer
acquire_sync (gpointer data)
{
  g_autoptr (GError) error = NULL;
  DpdkPacket *packet = dpdk_mempool_acquire_sync (data, NULL, &error);

  g_assert_no_error (error);
  return packet;
}

static gpointer
acquire_cancellable (gpointer data)
{
  gpointer *arguments = data;
  g_autoptr (GError) error = NULL;

  g_assert_null (dpdk_mempool_acquire_sync (arguments[0], arguments[1], &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  return NULL;
}

static void
test_sync (void)
{
  DpdkMempool *pool = packet_pool_new (3, 0, DATA_SIZE);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  gpointer arguments[] = { pool, cancellable };
  DpdkPacket *packets[3], *waited;
  GThread *thread;

  waited = dpdk_mempool_acquire_sync (pool, cancellable, &error);
  g_assert_no_error (error);
  dpdk_packet_unref (waited);
  g_assert_true (dpdk_mempool_acquire_bulk (pool, packets, 3, &error));
  thread = g_thread_new ("sync", acquire_sync, pool);
  dpdk_packet_unref (packets[0]);
  packets[0] = g_thread_join (thread);
  g_assert_nonnull (packets[0]);
  thread = g_thread_new ("cancel", acquire_cancellable, arguments);
  g_cancellable_cancel (cancellable);
  g_thread_join (thread);
  g_assert_null (dpdk_mempool_acquire_sync (pool, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  dpdk_packet_unref_bulk (packets, 3);
  end (pool);
}

typedef struct {
  DpdkMempool *pool;
  gint done;
} WorkerCall;

static void
call_on_worker (DpdkWorker *worker, gpointer data)
{
  WorkerCall *call = data;
  g_autoptr (GError) error = NULL;

  g_assert_null (dpdk_mempool_acquire_sync (call->pool, NULL, &error));
  g_assert_error (error, DPDK_ERROR, DPDK_ERROR_WOULD_DEADLOCK);
  g_atomic_int_set (&call->done, TRUE);
}

/* a worker refuses to wait, and gives what is in its cache to those who do */
static void
test_worker (void)
{
  static const char json[] = "{ \"dpdk_cores\": [0], \"devices\": [ { \"vdev\": \"net_ring0\","
                             " \"addresses\": [\"198.18.0.2/24\"] } ] }";
  g_autoptr (GError) error = NULL;
  g_autoptr (DpdkConfig) config = dpdk_config_new_from_data (json, -1, &error);
  g_autoptr (DpdkRuntimeBuilder) builder = dpdk_runtime_builder_new ();
  WorkerCall call = { NULL };
  DpdkRuntime *runtime;
  DpdkWorker *worker;
  DpdkPort *port;
  g_autoptr (GPtrArray) packets =
      g_ptr_array_new_with_free_func ((GDestroyNotify) dpdk_packet_unref);
  DpdkPacket *packet;

  g_assert_no_error (error);
  dpdk_runtime_builder_set_config (builder, config);
  runtime = dpdk_runtime_builder_build (builder, &error);
  g_assert_no_error (error);
  worker = dpdk_runtime_dup_worker (runtime, 0);
  port = dpdk_runtime_dup_port (runtime, 0);
  call.pool = g_object_ref (dpdk_port_get_mempool (port));
  g_assert_true (dpdk_worker_invoke (worker, call_on_worker, &call, NULL, &error));
  DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&call.done));
  while ((packet = dpdk_mempool_acquire (call.pool, NULL)) != NULL)
    g_ptr_array_add (packets, packet);
  /* what is free still is in the caches of lcores; the worker empties its own */
  if (dpdk_mempool_get_available (call.pool) > 0)
    g_ptr_array_add (packets, dpdk_mempool_acquire_sync (call.pool, NULL, &error));
  g_assert_no_error (error);
  g_ptr_array_set_size (packets, 0);
  g_object_unref (call.pool);
  g_object_unref (port);
  g_object_unref (worker);
  g_assert_true (dpdk_runtime_shutdown (runtime, 10000, &error));
  g_assert_no_error (error);
  g_assert_finalize_object (runtime);
  dpdk_test_assert_eal_dead ();
}

/* the end of the EAL is the end of waiting */
static void
test_shutdown (void)
{
  Exhaustion self = { .pool = packet_pool_new (3, 0, DATA_SIZE) };
  g_autoptr (DpdkEal) eal = g_object_ref (dpdk_mempool_get_eal (self.pool));
  g_autoptr (GError) error = NULL;
  DpdkPacket *packets[3];

  g_assert_true (dpdk_mempool_acquire_bulk (self.pool, packets, 3, NULL));
  for (guint i = 0; i < 5; i++)
    wait_one (&self, i, NULL);
  g_assert_false (dpdk_eal_shutdown (eal, 0, &error));
  ASSERT_ERROR_AND_CLEAR (error, DPDK_ERROR, DPDK_ERROR_TIMED_OUT);
  DPDK_TEST_WAIT_UNTIL (self.n_failed == 5);
  /* the buffers can still go home */
  dpdk_packet_unref_bulk (packets, 3);
  dpdk_test_assert_finalize (g_steal_pointer (&self.pool));
  g_assert_true (dpdk_eal_shutdown (eal, 10000, &error));
  g_assert_no_error (error);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/mempool-wait/exhaustion", DPDK_TEST_FLAGS_NONE, test_exhaustion);
  dpdk_test_add_func ("/mempool-wait/exhaustion-with-cache", DPDK_TEST_FLAGS_NONE,
                      test_exhaustion_with_cache);
  dpdk_test_add_func ("/mempool-wait/no-leftovers", DPDK_TEST_FLAGS_NONE, test_no_leftovers);
  dpdk_test_add_func ("/mempool-wait/cancel-elsewhere", DPDK_TEST_FLAGS_NONE,
                      test_cancel_elsewhere);
  dpdk_test_add_func ("/mempool-wait/context", DPDK_TEST_FLAGS_NONE, test_context);
  dpdk_test_add_func ("/mempool-wait/sync", DPDK_TEST_FLAGS_NONE, test_sync);
  dpdk_test_add_func ("/mempool-wait/worker", DPDK_TEST_FLAGS_NETWORK, test_worker);
  dpdk_test_add_func ("/mempool-wait/shutdown", DPDK_TEST_FLAGS_NONE, test_shutdown);
  return g_test_run ();
}
