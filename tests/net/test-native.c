/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* reading and writing by callbacks on the threads of two workers */
#include "net-native.h"

#include <string.h>

#define SIZE (8 * 1024 * 1024)
#define CHUNK 10007

typedef struct {
  NetNativeEcho echo;
  DpdkTcpSocket *socket;
  guint64 n_sent;
  guint64 n_received;
  gint has_finished;
  gint n_destroyed;
  gint n_failures;
  gint code;
} Side;

static void
count_destroyed (gpointer user_data)
{
  g_atomic_int_inc (&((Side *) user_data)->n_destroyed);
}

typedef struct {
  DpdkWorkerFunc func;
  Side *side;
  gint is_done;
} Call;

static void
run_call (DpdkWorker *worker, gpointer user_data)
{
  Call *call = user_data;

  call->func (worker, call->side);
  g_atomic_int_set (&call->is_done, TRUE);
}

static void
run_on_worker (Side *side, DpdkWorkerFunc func)
{
  Call call = { func, side, FALSE };
  g_autoptr (GError) error = NULL;

  dpdk_worker_invoke (dpdk_socket_get_worker (DPDK_SOCKET (side->socket)), run_call, &call, NULL,
                      &error);
  g_assert_no_error (error);
  DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&call.is_done));
}

static void
write_pattern (DpdkTcpSocket *socket, gpointer user_data)
{
  Side *self = user_data;
  GPollableReturn result = G_POLLABLE_RETURN_OK;
  g_autoptr (GError) error = NULL;
  gsize n;

  g_assert_true (socket == self->socket);
  while (self->n_sent < SIZE && result == G_POLLABLE_RETURN_OK)
    {
      gsize count = MIN (CHUNK, SIZE - self->n_sent);

      result = dpdk_tcp_socket_try_write (socket, net_pattern (self->n_sent), count, &n, &error);
      g_assert_no_error (error);
      self->n_sent += n;
    }
}

static void
read_pattern (DpdkTcpSocket *socket, gpointer user_data)
{
  Side *self = user_data;
  g_autoptr (GError) error = NULL;
  guint8 chunk[CHUNK];
  gsize n;

  g_assert_true (socket == self->socket);
  while (dpdk_tcp_socket_try_read (socket, chunk, sizeof chunk, &n, &error) == G_POLLABLE_RETURN_OK)
    {
      g_assert_cmpmem (chunk, n, net_pattern (self->n_received), n);
      self->n_received += n;
      if (n == 0 || self->n_received == SIZE)
        {
          g_atomic_int_set (&self->has_finished, TRUE);
          return;
        }
    }
  g_assert_no_error (error);
}

static void
set_callbacks (Side *self, DpdkTcpReadyFunc readable, DpdkTcpReadyFunc writable)
{
  g_autoptr (GError) error = NULL;

  dpdk_tcp_socket_set_readable_callback (self->socket, readable, self, count_destroyed, &error);
  g_assert_no_error (error);
  dpdk_tcp_socket_set_writable_callback (self->socket, writable, self, count_destroyed, &error);
  g_assert_no_error (error);
}

static void
begin_echo (DpdkWorker *worker, gpointer user_data)
{
  set_callbacks (user_data, net_native_read_echo, net_native_flush_echo);
}

static void
begin_pattern (DpdkWorker *worker, gpointer user_data)
{
  set_callbacks (user_data, read_pattern, write_pattern);
}

static DpdkTestPair *
create_pair (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DpdkEal) eal = dpdk_eal_new (NULL, &error);
  g_autoptr (DpdkTestLink) link = NULL;
  DpdkTestPair *pair;

  g_assert_no_error (error);
  link = dpdk_test_link_new (eal, 1, &error);
  g_assert_no_error (error);
  pair = dpdk_test_pair_new (link, &error);
  g_assert_no_error (error);
  return pair;
}

static void
test_echo (void)
{
  static const GSocketFamily families[] = { G_SOCKET_FAMILY_IPV4, G_SOCKET_FAMILY_IPV6 };
  DpdkTestPair *pair = create_pair ();

  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    {
      g_autoptr (GByteArray) pending = g_byte_array_new ();
      Side client = { 0 }, server = { .echo.pending = pending };
      DpdkTcpConnection *connection, *accepted;
      g_autoptr (GError) error = NULL;

      dpdk_test_pair_connect (pair, i, families[i], &connection, &accepted, &error);
      g_assert_no_error (error);
      client.socket = dpdk_tcp_connection_get_socket (connection);
      server.socket = dpdk_tcp_connection_get_socket (accepted);
      run_on_worker (&server, begin_echo);
      run_on_worker (&client, begin_pattern);
      DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&client.has_finished));
      g_assert_cmpuint (client.n_received, ==, SIZE);
      g_assert_cmpint (client.n_destroyed, ==, 0);
      dpdk_socket_close (DPDK_SOCKET (client.socket));
      DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&client.n_destroyed) == 2);
      DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&server.n_destroyed) == 2);
      g_assert_true (g_atomic_int_get (&server.echo.has_ended));
      g_assert_finalize_object (connection);
      g_assert_finalize_object (accepted);
    }
  g_assert_finalize_object (pair);
}

static void
assert_refused (DpdkTcpSocket *socket, const char *text)
{
  g_autoptr (GError) error = NULL;
  guint8 byte = 0;
  gsize n;

  g_assert_cmpint (dpdk_tcp_socket_try_read (socket, &byte, 1, &n, &error), ==,
                   G_POLLABLE_RETURN_FAILED);
  g_assert_error (error, DPDK_ERROR, DPDK_ERROR_WRONG_WORKER);
  g_assert_nonnull (strstr (error->message, text));
  g_clear_error (&error);
  g_assert_cmpint (dpdk_tcp_socket_try_write (socket, &byte, 1, &n, &error), ==,
                   G_POLLABLE_RETURN_FAILED);
  g_assert_error (error, DPDK_ERROR, DPDK_ERROR_WRONG_WORKER);
  g_clear_error (&error);
  g_assert_false (dpdk_tcp_socket_set_readable_callback (socket, read_pattern, NULL, NULL, &error));
  g_assert_error (error, DPDK_ERROR, DPDK_ERROR_WRONG_WORKER);
  g_clear_error (&error);
  g_assert_false (dpdk_tcp_socket_set_writable_callback (socket, read_pattern, NULL, NULL, &error));
  g_assert_error (error, DPDK_ERROR, DPDK_ERROR_WRONG_WORKER);
}

static void
assert_would_block (DpdkWorker *worker, gpointer user_data)
{
  Side *self = user_data;
  g_autoptr (GError) error = NULL;
  guint8 byte;
  gsize n = 1;

  g_assert_cmpint (dpdk_tcp_socket_try_read (self->socket, &byte, 1, &n, &error), ==,
                   G_POLLABLE_RETURN_WOULD_BLOCK);
  g_assert_no_error (error);
  g_assert_cmpuint (n, ==, 0);
}

static void
test_refusals (void)
{
  DpdkTestPair *pair = create_pair ();
  DpdkTcpConnection *connection, *accepted;
  g_autoptr (GError) error = NULL;
  Side side = { 0 };

  dpdk_test_pair_connect (pair, 0, G_SOCKET_FAMILY_IPV4, &connection, &accepted, &error);
  g_assert_no_error (error);
  side.socket = dpdk_tcp_connection_get_socket (connection);
  assert_refused (side.socket, "this thread is no worker");
  run_on_worker (&side, assert_would_block);
  g_assert_finalize_object (connection);
  g_assert_finalize_object (accepted);
  g_assert_finalize_object (pair);
}

static void
note_failure (DpdkTcpSocket *socket, gpointer user_data)
{
  Side *self = user_data;
  g_autoptr (GError) error = NULL;
  guint8 byte;
  gsize n;

  if (dpdk_tcp_socket_try_read (socket, &byte, 1, &n, &error) == G_POLLABLE_RETURN_FAILED)
    {
      g_assert_true (error->domain == G_IO_ERROR);
      self->code = error->code;
      g_atomic_int_inc (&self->n_failures);
    }
}

static void
begin_watching (DpdkWorker *worker, gpointer user_data)
{
  Side *self = user_data;
  g_autoptr (GError) error = NULL;

  dpdk_tcp_socket_set_readable_callback (self->socket, note_failure, self, count_destroyed, &error);
  g_assert_no_error (error);
}

/* a reset is told once; then the worker holds the socket no more */
static void
test_reset (void)
{
  DpdkTestPair *pair = create_pair ();
  DpdkTcpConnection *connection, *accepted;
  g_autoptr (GError) error = NULL;
  Side side = { 0 };

  dpdk_test_pair_connect (pair, 0, G_SOCKET_FAMILY_IPV4, &connection, &accepted, &error);
  g_assert_no_error (error);
  side.socket = dpdk_tcp_connection_get_socket (connection);
  run_on_worker (&side, begin_watching);
  dpdk_tcp_connection_abort (accepted);
  DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&side.n_destroyed) == 1);
  g_assert_cmpint (side.n_failures, ==, 1);
  g_assert_cmpint (side.code, ==, G_IO_ERROR_CONNECTION_CLOSED);
  g_assert_finalize_object (connection);
  g_assert_finalize_object (accepted);
  g_assert_finalize_object (pair);
}

/* so is the end of the runtime */
static void
test_shutdown (void)
{
  DpdkTestPair *pair = create_pair ();
  DpdkTcpConnection *connection, *accepted;
  g_autoptr (GError) error = NULL;
  Side side = { 0 };

  dpdk_test_pair_connect (pair, 0, G_SOCKET_FAMILY_IPV4, &connection, &accepted, &error);
  g_assert_no_error (error);
  side.socket = dpdk_tcp_connection_get_socket (connection);
  run_on_worker (&side, begin_watching);
  dpdk_test_pair_assert_shutdown (pair, 0);
  g_assert_cmpint (g_atomic_int_get (&side.n_destroyed), ==, 1);
  g_assert_cmpint (side.n_failures, ==, 1);
  g_assert_cmpint (side.code, ==, G_IO_ERROR_CLOSED);
  g_assert_finalize_object (connection);
  g_assert_finalize_object (accepted);
  g_assert_finalize_object (pair);
}

/* what is used at the moment at which the worker ends, and by whom */
typedef struct {
  Side watched;
  DpdkTcpListener *listener;
  DpdkTcpSocket *late;
  GSocketAddress *address;
  GError *error;
} Ending;

static void
fail_connected (DpdkTcpSocket *socket, const GError *error, gpointer user_data)
{
  g_assert_not_reached ();
}

static void
close_others (DpdkTcpSocket *socket, gpointer user_data)
{
  Ending *self = user_data;

  dpdk_socket_close (DPDK_SOCKET (self->listener));
  g_clear_object (&self->listener);
  if (self->late != NULL)
    g_assert_false (dpdk_tcp_socket_begin_connect (self->late, self->address, fail_connected, NULL,
                                                   NULL, &self->error));
}

static void
begin_ending (DpdkWorker *worker, gpointer user_data)
{
  Side *side = user_data;
  g_autoptr (GError) error = NULL;

  dpdk_tcp_socket_set_readable_callback (side->socket, close_others, side, NULL, &error);
  g_assert_no_error (error);
}

/* who is told of the end first closes what comes next, and still all are told */
static void
test_close_at_shutdown (void)
{
  DpdkTestPair *pair = create_pair ();
  DpdkRuntime *runtime = dpdk_test_pair_get_runtime (pair, 0);
  DpdkTcpConnection *connections[2], *accepted[2];
  g_autoptr (GSocketAddress) any = g_inet_socket_address_new_from_string ("0.0.0.0", 0);
  g_autoptr (GError) error = NULL;
  Ending ending = { 0 };
  Side *first = &ending.watched, second = { 0 };

  ending.address = g_inet_socket_address_new_from_string (
      dpdk_test_pair_get_address (pair, 1, G_SOCKET_FAMILY_IPV4), 1);
  ending.late = dpdk_tcp_socket_new (runtime, G_SOCKET_FAMILY_IPV4, &error);
  g_assert_no_error (error);
  dpdk_test_pair_connect (pair, 0, G_SOCKET_FAMILY_IPV4, &connections[0], &accepted[0], &error);
  g_assert_no_error (error);
  ending.listener = dpdk_tcp_listener_new (runtime, any, 1, &error);
  g_assert_no_error (error);
  dpdk_test_pair_connect (pair, 0, G_SOCKET_FAMILY_IPV4, &connections[1], &accepted[1], &error);
  g_assert_no_error (error);
  first->socket = dpdk_tcp_connection_get_socket (connections[0]);
  second.socket = dpdk_tcp_connection_get_socket (connections[1]);
  run_on_worker (first, begin_ending);
  run_on_worker (&second, begin_watching);
  dpdk_test_pair_assert_shutdown (pair, 0);
  g_assert_null (ending.listener);
  g_assert_cmpint (g_atomic_int_get (&second.n_destroyed), ==, 1);
  g_assert_cmpint (second.n_failures, ==, 1);
  g_assert_cmpint (second.code, ==, G_IO_ERROR_CLOSED);
  g_assert_error (ending.error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_clear_error (&ending.error);
  g_assert_finalize_object (ending.late);
  g_object_unref (ending.address);
  for (guint i = 0; i < G_N_ELEMENTS (connections); i++)
    {
      g_assert_finalize_object (connections[i]);
      g_assert_finalize_object (accepted[i]);
    }
  g_assert_finalize_object (pair);
}

/* more than are fetched at a time */
#define N_PREFETCHED 70

static void
prefetch (DpdkWorker *worker, gpointer user_data)
{
  Side *self = user_data;
  DpdkTcpSocket *sockets[N_PREFETCHED];

  for (guint i = 0; i < N_PREFETCHED; i++)
    sockets[i] = self->socket;
  dpdk_tcp_socket_prefetch (sockets, N_PREFETCHED);
  dpdk_tcp_socket_prefetch (NULL, 0);
}

/* a hint is one on any thread and in any state of a connection, and changes nothing */
static void
test_prefetch (void)
{
  DpdkTestPair *pair = create_pair ();
  DpdkTcpConnection *connection, *accepted;
  g_autoptr (DpdkTcpSocket) socket = NULL;
  g_autoptr (GError) error = NULL;
  Side side = { 0 };

  socket = dpdk_tcp_socket_new (dpdk_test_pair_get_runtime (pair, 0), G_SOCKET_FAMILY_IPV4, &error);
  g_assert_no_error (error);
  side.socket = socket;
  run_on_worker (&side, prefetch);
  dpdk_test_pair_connect (pair, 0, G_SOCKET_FAMILY_IPV4, &connection, &accepted, &error);
  g_assert_no_error (error);
  side.socket = dpdk_tcp_connection_get_socket (connection);
  prefetch (NULL, &side);
  run_on_worker (&side, prefetch);
  run_on_worker (&side, assert_would_block);
  run_on_worker (&side, begin_watching);
  dpdk_tcp_connection_abort (accepted);
  DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&side.n_destroyed) == 1);
  run_on_worker (&side, prefetch);
  g_assert_finalize_object (connection);
  g_assert_finalize_object (accepted);
  g_assert_finalize_object (g_steal_pointer (&socket));
  g_assert_finalize_object (pair);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/net/native/echo", DPDK_TEST_FLAGS_NONE, test_echo);
  dpdk_test_add_func ("/net/native/prefetch", DPDK_TEST_FLAGS_NONE, test_prefetch);
  dpdk_test_add_func ("/net/native/refusals", DPDK_TEST_FLAGS_NONE, test_refusals);
  dpdk_test_add_func ("/net/native/reset", DPDK_TEST_FLAGS_NONE, test_reset);
  dpdk_test_add_func ("/net/native/shutdown", DPDK_TEST_FLAGS_NONE, test_shutdown);
  dpdk_test_add_func ("/net/native/close-at-shutdown", DPDK_TEST_FLAGS_NONE,
                      test_close_at_shutdown);
  return g_test_run ();
}
