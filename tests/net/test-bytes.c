/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* data of a connection that is not copied */
#include "net-pair.h"

#include <string.h>

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
  GPollableReturn result;
  GError *error;
  gboolean is_done;
} Try;

static void
try_on_worker (DpdkWorker *worker, gpointer user_data)
{
  Try *try = user_data;

  try->result = dpdk_tcp_socket_try_read_bytes (try->socket, SIZE, &try->bytes, &try->error);
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
  g_assert_cmpint (try.result, ==,
                   try.bytes != NULL ? G_POLLABLE_RETURN_OK : G_POLLABLE_RETURN_WOULD_BLOCK);
  return try.bytes;
}

static void
test_try (void)
{
  g_autoptr (GError) error = NULL;
  GBytes *bytes;
  World world;

  start (&world);
  g_assert_cmpint (dpdk_tcp_socket_try_read_bytes (dpdk_tcp_connection_get_socket (world.server), 1,
                                                   &bytes, &error),
                   ==, G_POLLABLE_RETURN_FAILED);
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

/* bytes that say when they are dropped */
typedef struct {
  guint8 *data;
  gint n_dropped;
} Source;

static void
on_dropped (gpointer user_data)
{
  Source *source = user_data;

  g_atomic_int_inc (&source->n_dropped);
}

static GBytes *
source_bytes_new (Source *source, gsize offset, gsize size)
{
  source->data = g_malloc (size);
  for (gsize done = 0, n; done < size; done += n)
    {
      n = MIN (size - done, NET_PATTERN_SIZE);
      memcpy (source->data + done, net_pattern (offset + done), n);
    }
  return g_bytes_new_with_free_func (source->data, size, on_dropped, source);
}

/* between writes that copy; each is dropped when the peer has it, and not before */
static void
test_write (void)
{
  g_autoptr (GError) error = NULL;
  Source sources[20] = { 0 };
  World world;
  gsize total = 0;

  start (&world);
  for (guint i = 0; i < G_N_ELEMENTS (sources); i++)
    {
      const gsize size = i % 2 == 0 ? 60000 : 1 + i;
      GBytes *bytes = source_bytes_new (&sources[i], total, size);
      gsize before = total;

      dpdk_tcp_connection_write_bytes (world.client, bytes, NULL, &error);
      g_assert_no_error (error);
      g_bytes_unref (bytes);
      total += size;
      if (i % 3 == 0)
        {
          net_write_pattern (world.client, total, 100 * i + 1);
          total += 100 * i + 1;
        }
      net_read_pattern (world.server, before, total - before);
    }
  for (guint i = 0; i < G_N_ELEMENTS (sources); i++)
    {
      DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&sources[i].n_dropped) == 1);
      g_free (sources[i].data);
    }

  stop (&world);
}

/* it is sent again if it was lost, and then it must be there still */
static void
test_write_lossy (void)
{
  enum {
    N = 40
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (DpdkTestImpairment) impairment = dpdk_test_impairment_new ();
  g_autoptr (DpdkEal) eal = dpdk_eal_new (NULL, &error);
  g_autoptr (DpdkTestLink) link = NULL;
  DpdkTcpConnection *client, *server;
  Source sources[N] = { 0 };
  DpdkTestPair *pair;

  dpdk_test_impairment_set_loss (impairment, 0.02);
  link = dpdk_test_link_new_impaired (eal, 1, impairment, &error);
  g_assert_no_error (error);
  pair = dpdk_test_pair_new (link, &error);
  g_assert_no_error (error);
  dpdk_test_pair_connect (pair, 0, G_SOCKET_FAMILY_IPV6, &client, &server, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < N; i++)
    {
      GBytes *bytes = source_bytes_new (&sources[i], i * 10000, 10000);

      dpdk_tcp_connection_write_bytes (client, bytes, NULL, &error);
      g_assert_no_error (error);
      g_bytes_unref (bytes);
      net_read_pattern (server, i * 10000, 10000);
    }
  for (guint i = 0; i < N; i++)
    {
      DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&sources[i].n_dropped) == 1);
      g_free (sources[i].data);
    }
  net_pair_abort (&client, 1);
  net_pair_abort (&server, 1);
  dpdk_test_pair_assert_shutdown (pair, 0);
  dpdk_test_pair_assert_shutdown (pair, 1);
  dpdk_test_assert_finalize (pair);
}

static void
on_written (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Result *out = user_data;

  out->n_calls++;
  dpdk_tcp_connection_write_bytes_finish (DPDK_TCP_CONNECTION (source), result, &out->error);
}

/* more than the send buffer has room for; and none of it stays behind when the connection goes */
static void
test_write_async (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Source source = { 0 };
  Result result = { 0 };
  World world;
  GBytes *bytes;

  start (&world);
  bytes = source_bytes_new (&source, 0, LARGE);
  dpdk_tcp_connection_write_bytes_async (world.client, bytes, G_PRIORITY_DEFAULT, NULL, on_written,
                                         &result);
  for (gsize done = 0; done < LARGE;)
    {
      g_main_context_iteration (NULL, FALSE);
      done += net_try_read_pattern (world.server, done, LARGE - done);
    }
  DPDK_TEST_WAIT_UNTIL (result.n_calls == 1);
  g_assert_no_error (result.error);

  dpdk_tcp_connection_write_bytes_async (world.client, bytes, G_PRIORITY_DEFAULT, cancellable,
                                         on_written, &result);
  g_bytes_unref (bytes);
  g_assert_cmpuint (result.n_calls, ==, 1);
  g_cancellable_cancel (cancellable);
  DPDK_TEST_WAIT_UNTIL (result.n_calls == 2);
  g_assert_error (result.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&result.error);
  g_assert_cmpint (g_atomic_int_get (&source.n_dropped), ==, 0);
  dpdk_tcp_connection_abort (world.client);
  DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&source.n_dropped) == 1);
  g_free (source.data);
  stop (&world);
}

typedef struct {
  DpdkTcpSocket *socket;
  GBytes *bytes;
  gsize done;
  GError *error;
  gboolean is_full;
  gint is_done;
} TryWrite;

static void
try_write_on_worker (DpdkWorker *worker, gpointer user_data)
{
  TryWrite *try = user_data;
  GPollableReturn result = G_POLLABLE_RETURN_OK;

  while (result == G_POLLABLE_RETURN_OK && try->done < g_bytes_get_size (try->bytes))
    {
      gsize n;

      result =
          dpdk_tcp_socket_try_write_bytes (try->socket, try->bytes, try->done, &n, &try->error);
      try->done += n;
    }
  try->is_full = result == G_POLLABLE_RETURN_WOULD_BLOCK;
  g_atomic_int_set (&try->is_done, TRUE);
}

typedef struct {
  DpdkTcpSocket *socket;
  GError *error;
  gint n_calls;
} Writable;

static void
on_writable (DpdkTcpSocket *socket, gpointer user_data)
{
  Writable *self = user_data;

  g_atomic_int_inc (&self->n_calls);
}

static void
watch_on_worker (DpdkWorker *worker, gpointer user_data)
{
  Writable *self = user_data;

  dpdk_tcp_socket_set_writable_callback (self->socket, on_writable, self, NULL, &self->error);
  g_assert_no_error (self->error);
}

/* what drops the bytes on the worker may use the connection */
typedef struct {
  DpdkTcpSocket *socket;
  gint n_dropped;
  gboolean was_connected;
} Reentrant;

static void
on_dropped_reentrant (gpointer user_data)
{
  Reentrant *self = user_data;

  self->was_connected = dpdk_tcp_socket_is_connected (self->socket);
  g_atomic_int_inc (&self->n_dropped);
}

static void
test_try_write (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree guint8 *data = g_memdup2 (net_pattern (0), NET_PATTERN_SIZE);
  g_autofree guint8 *large = g_malloc0 (LARGE);
  Reentrant reentrant = { 0 };
  Writable writable = { 0 };
  TryWrite try = { 0 };
  gsize n_read = 0;
  World world;

  start (&world);
  try.socket = reentrant.socket = dpdk_tcp_connection_get_socket (world.client);
  try.bytes = g_bytes_new_with_free_func (data, 5000, on_dropped_reentrant, &reentrant);
  g_assert_cmpint (dpdk_tcp_socket_try_write_bytes (try.socket, try.bytes, 0, &try.done, &error),
                   ==, G_POLLABLE_RETURN_FAILED);
  g_assert_error (error, DPDK_ERROR, DPDK_ERROR_WRONG_WORKER);
  g_clear_error (&error);
  dpdk_worker_invoke (world.pair.workers[0], try_write_on_worker, &try, NULL, &error);
  g_assert_no_error (error);
  DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&try.is_done));
  g_assert_no_error (try.error);
  g_assert_cmpuint (try.done, ==, 5000);
  g_bytes_unref (try.bytes);
  net_read_pattern (world.server, 0, 5000);
  DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&reentrant.n_dropped) == 1);
  g_assert_true (reentrant.was_connected);

  writable.socket = try.socket;
  dpdk_worker_invoke (world.pair.workers[0], watch_on_worker, &writable, NULL, &error);
  g_assert_no_error (error);
  DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&writable.n_calls) == 1);
  try = (TryWrite){ .socket = try.socket, .bytes = g_bytes_new_static (large, LARGE) };
  dpdk_worker_invoke (world.pair.workers[0], try_write_on_worker, &try, NULL, &error);
  g_assert_no_error (error);
  DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&try.is_done));
  g_assert_no_error (try.error);
  g_assert_true (try.is_full);
  g_assert_cmpuint (try.done, <, LARGE);
  g_assert_cmpuint (net_pair_get_counter (&world.pair, 0, DPDK_STACK_COUNTER_MEMORY_USED), >,
                    100000);
  g_input_stream_read_all (g_io_stream_get_input_stream (G_IO_STREAM (world.server)), large,
                           try.done, &n_read, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (n_read, ==, try.done);
  DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&writable.n_calls) == 2);
  stop (&world);
  g_bytes_unref (try.bytes);
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
  dpdk_test_add_func ("/net/bytes/write", DPDK_TEST_FLAGS_NONE, test_write);
  dpdk_test_add_func ("/net/bytes/write-lossy", DPDK_TEST_FLAGS_NONE, test_write_lossy);
  dpdk_test_add_func ("/net/bytes/write-async", DPDK_TEST_FLAGS_NONE, test_write_async);
  dpdk_test_add_func ("/net/bytes/try-write", DPDK_TEST_FLAGS_NONE, test_try_write);
  return g_test_run ();
}
