/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* data of a connection that is not copied */
#include "net-pair.h"

#define SIZE 100000
/* that a runtime has by default */
#define N_BUFFERS 8192
#define LARGE (6 * 1024 * 1024)

typedef struct {
  NetPair pair;
  DpdkTcpListener *listener;
  DpdkTcpConnection *client;
  DpdkTcpConnection *server;
} World;

static void
start (World *world)
{
  net_pair_start (&world->pair, 0, 0);
  world->listener = net_listen (world->pair.runtimes[1], net_pair_get_host (1), 0);
  net_pair_connect (&world->pair, world->listener, &world->client, &world->server, 1);
}

static void
stop (World *world)
{
  net_pair_abort (&world->client, 1);
  net_pair_abort (&world->server, 1);
  net_release (world->listener);
  net_pair_stop (&world->pair);
}

static guint64
get_used (World *world)
{
  return net_pair_get_counter (&world->pair, 1, DPDK_STACK_COUNTER_MEMORY_USED);
}

static gpointer
write_large (gpointer data)
{
  World *world = data;
  g_autoptr (GError) error = NULL;

  net_write_pattern (world->client, 0, LARGE);
  dpdk_tcp_connection_shutdown (world->client, FALSE, TRUE, &error);
  g_assert_no_error (error);
  return NULL;
}

static void
assert_pattern (GBytes *bytes, gsize offset)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);

  g_assert_cmpmem (data, size, net_pattern (offset), size);
}

/* the end, too, when nothing that was read has been dropped: then the rest is a copy */
static void
test_read (void)
{
  g_autoptr (GPtrArray) held = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_autoptr (GError) error = NULL;
  World world;
  GThread *thread;
  gsize total = 0;

  start (&world);
  thread = g_thread_new ("write", write_large, &world);
  for (;;)
    {
      GBytes *bytes = dpdk_tcp_connection_read_bytes (world.server, 2000, NULL, &error);
      gsize size;

      g_assert_no_error (error);
      size = g_bytes_get_size (bytes);
      g_assert_cmpuint (size, <=, 2000);
      g_ptr_array_add (held, bytes);
      total += size;
      if (size == 0)
        break;
      /* whole buffers count */
      if (held->len == 100)
        g_assert_cmpuint (get_used (&world), >=, 100 * 2048);
    }
  g_assert_cmpuint (total, ==, LARGE);
  g_thread_join (thread);
  g_assert_cmpuint (get_used (&world), >=, N_BUFFERS / 4 * 2048);
  g_assert_cmpuint (get_used (&world), <, N_BUFFERS / 2 * 4096);
  total = 0;
  for (guint i = 0; i < held->len; i++)
    {
      assert_pattern (held->pdata[i], total);
      total += g_bytes_get_size (held->pdata[i]);
    }
  g_ptr_array_set_size (held, 0);
  DPDK_TEST_WAIT_UNTIL (get_used (&world) < 100000);
  stop (&world);
}

/* in parts that are smaller than packets */
static void
test_parts (void)
{
  g_autoptr (GRand) random = dpdk_test_random_new ();
  g_autoptr (GError) error = NULL;
  World world;
  gsize total = 0;

  start (&world);
  net_write_pattern (world.client, 0, SIZE);
  while (total < SIZE)
    {
      gsize count = (gsize) g_rand_int_range (random, 1, 1000);
      g_autoptr (GBytes) bytes = NULL;

      /* both ways of reading go together */
      if (g_rand_boolean (random))
        {
          total += net_try_read_pattern (world.server, total, MIN (count, SIZE - total));
          continue;
        }
      bytes = dpdk_tcp_connection_read_bytes (world.server, count, NULL, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (g_bytes_get_size (bytes), >, 0);
      g_assert_cmpuint (g_bytes_get_size (bytes), <=, count);
      assert_pattern (bytes, total);
      total += g_bytes_get_size (bytes);
    }
  stop (&world);
}

typedef struct {
  GBytes *bytes;
  GError *error;
  guint n_calls;
} Result;

static void
on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Result *out = user_data;

  out->n_calls++;
  out->bytes =
      dpdk_tcp_connection_read_bytes_finish (DPDK_TCP_CONNECTION (source), result, &out->error);
}

static void
test_async (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  Result result = { 0 };
  World world;

  start (&world);
  dpdk_tcp_connection_read_bytes_async (world.server, SIZE, G_PRIORITY_DEFAULT, cancellable,
                                        on_read, &result);
  g_cancellable_cancel (cancellable);
  DPDK_TEST_WAIT_UNTIL (result.n_calls == 1);
  g_assert_error (result.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&result.error);

  dpdk_tcp_connection_read_bytes_async (world.server, SIZE, G_PRIORITY_DEFAULT, NULL, on_read,
                                        &result);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (result.n_calls, ==, 1);
  net_write_pattern (world.client, 0, 1000);
  DPDK_TEST_WAIT_UNTIL (result.n_calls == 2);
  g_assert_no_error (result.error);
  g_assert_cmpuint (g_bytes_get_size (result.bytes), ==, 1000);
  assert_pattern (result.bytes, 0);
  g_clear_pointer (&result.bytes, g_bytes_unref);

  dpdk_tcp_connection_shutdown (world.client, FALSE, TRUE, &error);
  g_assert_no_error (error);
  dpdk_tcp_connection_read_bytes_async (world.server, SIZE, G_PRIORITY_DEFAULT, NULL, on_read,
                                        &result);
  DPDK_TEST_WAIT_UNTIL (result.n_calls == 3);
  g_assert_no_error (result.error);
  g_assert_cmpuint (g_bytes_get_size (result.bytes), ==, 0);
  g_clear_pointer (&result.bytes, g_bytes_unref);
  stop (&world);
}

typedef struct {
  DpdkTcpSocket *socket;
  GBytes *bytes;
  gboolean success;
  GError *error;
  gboolean is_done;
} Try;

static void
try_on_worker (DpdkWorker *worker, gpointer user_data)
{
  Try *try = user_data;

  try->success = dpdk_tcp_socket_try_read_bytes (try->socket, SIZE, &try->bytes, &try->error);
  g_atomic_int_set (&try->is_done, TRUE);
}

static GBytes *
try_read (World *world)
{
  Try try = { .socket = dpdk_tcp_connection_get_socket (world->server) };
  g_autoptr (GError) error = NULL;

  dpdk_worker_invoke (world->pair.workers[1], try_on_worker, &try, NULL, &error);
  g_assert_no_error (error);
  DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&try.is_done));
  g_assert_no_error (try.error);
  g_assert_true (try.success);
  return try.bytes;
}

static void
test_try (void)
{
  g_autoptr (GError) error = NULL;
  GBytes *bytes;
  World world;

  start (&world);
  g_assert_false (dpdk_tcp_socket_try_read_bytes (dpdk_tcp_connection_get_socket (world.server), 1,
                                                  &bytes, &error));
  g_assert_error (error, DPDK_ERROR, DPDK_ERROR_WRONG_WORKER);
  g_clear_error (&error);
  g_assert_null (bytes);
  g_assert_null (try_read (&world));
  net_write_pattern (world.client, 0, 1000);
  DPDK_TEST_WAIT_UNTIL ((bytes = try_read (&world)) != NULL);
  g_assert_cmpuint (g_bytes_get_size (bytes), ==, 1000);
  assert_pattern (bytes, 0);
  g_bytes_unref (bytes);
  dpdk_tcp_connection_shutdown (world.client, FALSE, TRUE, &error);
  g_assert_no_error (error);
  DPDK_TEST_WAIT_UNTIL ((bytes = try_read (&world)) != NULL);
  g_assert_cmpuint (g_bytes_get_size (bytes), ==, 0);
  g_bytes_unref (bytes);
  stop (&world);
}

static gpointer
unref_bytes (gpointer data)
{
  g_bytes_unref (data);
  return NULL;
}

/* they may be the last thing there is, and go on any thread */
static void
test_outlive (void)
{
  g_autoptr (GError) error = NULL;
  GBytes *bytes;
  World world;

  start (&world);
  net_write_pattern (world.client, 0, 1000);
  bytes = dpdk_tcp_connection_read_bytes (world.server, SIZE, NULL, &error);
  g_assert_no_error (error);
  net_pair_abort (&world.client, 1);
  net_pair_abort (&world.server, 1);
  net_release (world.listener);
  for (guint end = 0; end < 2; end++)
    {
      dpdk_runtime_shutdown (world.pair.runtimes[end], 10000, &error);
      g_assert_no_error (error);
      net_release (world.pair.runtimes[end]);
    }
  g_assert_cmpuint (get_used (&world), >=, 2048);
  for (guint end = 0; end < 2; end++)
    net_release (world.pair.workers[end]);
  net_release (world.pair.link);
  g_clear_object (&world.pair.eal);
  assert_pattern (bytes, 0);
  g_assert_cmpint (dpdk_eal_get_process_state (), !=, DPDK_EAL_STATE_DEAD);
  g_thread_join (g_thread_new ("unref", unref_bytes, bytes));
  dpdk_test_assert_eal_dead ();
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/net/bytes/read", DPDK_TEST_FLAGS_NONE, test_read);
  dpdk_test_add_func ("/net/bytes/parts", DPDK_TEST_FLAGS_NONE, test_parts);
  dpdk_test_add_func ("/net/bytes/async", DPDK_TEST_FLAGS_NONE, test_async);
  dpdk_test_add_func ("/net/bytes/try", DPDK_TEST_FLAGS_NONE, test_try);
  dpdk_test_add_func ("/net/bytes/outlive", DPDK_TEST_FLAGS_NONE, test_outlive);
  return g_test_run ();
}
