/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* what went wrong in other bindings of GIO to lwIP, each once */
#include "net-end.h"
#include "net-kernel.h"
#include "net-udp.h"

#include <string.h>

#define OUR_PORT 7200

static const NetFamily families[] = NET_FAMILIES;

static NetEnd
open_end (DpdkRuntime *runtime, guint i)
{
  return (i % 2 == 0 ? net_end_connect : net_end_accept) (runtime, &families[i / 2 % 2], NULL);
}

static void
run_on_worker (DpdkRuntime *runtime, DpdkWorkerFunc func, gpointer data)
{
  g_autoptr (DpdkWorker) worker = dpdk_runtime_dup_worker (runtime, 0);
  g_autoptr (GError) error = NULL;

  dpdk_worker_invoke (worker, func, data, NULL, &error);
  g_assert_no_error (error);
}

/* somebody who has the only reference, and drops it at the end */
typedef struct {
  DpdkTcpConnection *connection;
  DpdkTcpSocket *socket;
  gint is_set;
  gint n_calls;
  gint n_destroyed;
  guint8 buffer[1000];
} Owner;

static void
on_read_drop (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Owner *self = user_data;
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_input_stream_read_finish (G_INPUT_STREAM (source), result, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
  self->n_calls++;
  g_clear_object (&self->connection);
}

static void
reset_while_reading (NetEnd *end)
{
  Owner owner = { .connection = end->connection };

  g_input_stream_read_async (g_io_stream_get_input_stream (G_IO_STREAM (end->connection)),
                             owner.buffer, sizeof owner.buffer, G_PRIORITY_DEFAULT, NULL,
                             on_read_drop, &owner);
  net_kernel_reset (end->fd);
  DPDK_TEST_WAIT_UNTIL (owner.n_calls == 1 && owner.connection == NULL);
}

static gpointer
write_until_error (gpointer data)
{
  DpdkTcpConnection *connection = data;
  GOutputStream *output = g_io_stream_get_output_stream (G_IO_STREAM (connection));
  g_autoptr (GError) error = NULL;

  while (g_output_stream_write (output, net_pattern (0), 65521, NULL, &error) > 0)
    ;
  g_assert_nonnull (error);
  g_object_unref (connection);
  return NULL;
}

/* lwIP has segments of ours when it frees the connection */
static void
reset_while_writing (NetEnd *end)
{
  GThread *thread = g_thread_new ("writer", write_until_error, end->connection);
  guint8 byte;

  net_kernel_read (end->fd, &byte, 1);
  net_kernel_reset (end->fd);
  g_thread_join (thread);
}

/* who of the two is first is left to chance */
static void
reset_while_aborting (NetEnd *end)
{
  net_write_pattern (end->connection, 0, 2000);
  net_kernel_write_pattern (end->fd, 0, 2000);
  net_kernel_reset (end->fd);
  dpdk_tcp_connection_abort (end->connection);
  net_release_later (end->connection);
}

static void
on_ready_close (DpdkTcpSocket *socket, gpointer user_data)
{
  Owner *self = user_data;

  g_atomic_int_inc (&self->n_calls);
  dpdk_socket_close (DPDK_SOCKET (socket));
  g_clear_object (&self->connection);
}

static void
on_destroyed (gpointer user_data)
{
  g_atomic_int_inc (&((Owner *) user_data)->n_destroyed);
}

static void
set_ready (DpdkWorker *worker, gpointer user_data)
{
  Owner *self = user_data;
  g_autoptr (GError) error = NULL;

  dpdk_tcp_socket_set_readable_callback (self->socket, on_ready_close, self, on_destroyed, &error);
  g_assert_no_error (error);
  g_atomic_int_set (&self->is_set, TRUE);
}

/* the function closes and drops what it is called for, in the middle of the segment */
static void
reset_while_calling (NetEnd *end)
{
  Owner owner = { .connection = end->connection, .socket = end->socket };

  run_on_worker (end->runtime, set_ready, &owner);
  DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&owner.is_set));
  net_kernel_write_pattern (end->fd, 0, 3000);
  net_kernel_reset (end->fd);
  DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&owner.n_destroyed) == 1);
  g_assert_cmpint (g_atomic_int_get (&owner.n_calls), >=, 1);
}

/* the error callback ran after the pcb was freed */
static void
test_error_after_free (void)
{
  static void (*const resets[]) (NetEnd *) = { reset_while_reading, reset_while_writing,
                                               reset_while_aborting, reset_while_calling };
  const guint n = dpdk_test_scale (20);
  DpdkRuntime *runtime = net_start ();

  for (guint i = 0; i < 4 * n; i++)
    for (guint j = 0; j < G_N_ELEMENTS (resets); j++)
      {
        NetEnd end = open_end (runtime, i);

        resets[j](&end);
      }
  /* it still works */
  {
    NetEnd end = open_end (runtime, 0);

    net_end_exchange (&end);
    net_end_clear (&end);
  }
  net_stop (runtime);
}

#define FIN_SIZE 20000

static void
on_read_all (GObject *source, GAsyncResult *result, gpointer user_data)
{
  gsize *n = user_data;
  g_autoptr (GError) error = NULL;

  g_input_stream_read_all_finish (G_INPUT_STREAM (source), result, n, &error);
  g_assert_no_error (error);
}

static void
read_blocking (NetEnd *end)
{
  net_read_pattern (end->connection, 0, FIN_SIZE);
}

static void
read_async (NetEnd *end)
{
  g_autofree guint8 *buffer = g_malloc (FIN_SIZE + 1);
  gsize n = 0;

  g_input_stream_read_all_async (g_io_stream_get_input_stream (G_IO_STREAM (end->connection)),
                                 buffer, FIN_SIZE + 1, G_PRIORITY_DEFAULT, NULL, on_read_all, &n);
  DPDK_TEST_WAIT_UNTIL (n > 0);
  g_assert_cmpmem (buffer, n, net_pattern (0), FIN_SIZE);
}

static void
read_bytes (NetEnd *end)
{
  gsize at = 0;

  while (at < FIN_SIZE)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) bytes =
          dpdk_tcp_connection_read_bytes (end->connection, 777, NULL, &error);
      gsize n;
      const guint8 *data;

      g_assert_no_error (error);
      data = g_bytes_get_data (bytes, &n);
      g_assert_cmpuint (n, >, 0);
      g_assert_cmpmem (data, n, net_pattern (at), n);
      at += n;
    }
}

/* what we send after it, and that our side ends first, changes nothing */
static void
read_after_shutdown (NetEnd *end)
{
  g_autoptr (GError) error = NULL;

  net_write_pattern (end->connection, 0, 1000);
  dpdk_tcp_connection_shutdown (end->connection, FALSE, TRUE, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (net_kernel_read_pattern_to_end (end->fd, 0), ==, 1000);
  net_read_pattern (end->connection, 0, FIN_SIZE);
}

/* data that was there when the FIN came was lost */
static void
test_fin_with_data (void)
{
  static void (*const reads[]) (NetEnd *) = { read_blocking, read_async, read_bytes,
                                              read_after_shutdown };
  DpdkRuntime *runtime = net_start ();

  for (guint i = 0; i < 4; i++)
    for (guint j = 0; j < G_N_ELEMENTS (reads); j++)
      {
        NetEnd end = open_end (runtime, i);

        net_kernel_write_pattern (end.fd, 0, FIN_SIZE);
        net_kernel_finish (end.fd);
        DPDK_TEST_WAIT_UNTIL (net_end_get_info (&end).state == DPDK_TCP_STATE_CLOSE_WAIT);
        reads[j](&end);
        net_assert_at_end (end.connection);
        net_assert_at_end (end.connection);
        net_end_clear (&end);
      }
  net_stop (runtime);
}

typedef struct {
  NetEnd end;
  GInetAddress *group;
  gint is_over;
  gint n_over;
  gint n_calls;
} Busy;

/* calls that wait for the worker, while it calls a function that uses the same socket */
static gpointer
call_thread (gpointer data)
{
  Busy *self = data;
  const guint n = dpdk_test_scale (200);

  for (guint i = 0; i < n; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (DpdkTcpOptions) options = dpdk_tcp_socket_dup_options (self->end.socket);
      g_autoptr (GSocketAddress) any = net_address ("0.0.0.0", 0);
      g_autoptr (GSocketAddress) local = NULL;
      g_autoptr (DpdkUdpSocket) udp =
          dpdk_udp_socket_new (self->end.runtime, G_SOCKET_FAMILY_IPV4, &error);

      g_assert_no_error (error);
      net_end_get_info (&self->end);
      dpdk_tcp_socket_set_options (self->end.socket, options, &error);
      g_assert_no_error (error);
      dpdk_socket_set_ttl (DPDK_SOCKET (self->end.socket), 1 + i % 255);
      local = dpdk_tcp_connection_get_local_address (self->end.connection, &error);
      g_assert_no_error (error);
      dpdk_udp_socket_bind (udp, any, &error);
      g_assert_no_error (error);
      dpdk_udp_socket_join_group (udp, self->group, NULL, &error);
      g_assert_no_error (error);
      dpdk_socket_close (DPDK_SOCKET (udp));
    }
  g_atomic_int_inc (&self->n_over);
  return NULL;
}

static void
on_busy (DpdkTcpSocket *socket, gpointer user_data)
{
  Busy *self = user_data;
  g_autoptr (GError) error = NULL;
  guint8 buffer[2000];
  gsize n;

  while (dpdk_tcp_socket_try_read (socket, buffer, sizeof buffer, &n, &error) ==
             G_POLLABLE_RETURN_OK &&
         n > 0)
    ;
  /* afterwards it is closed, perhaps just now */
  if (!g_atomic_int_get (&self->is_over))
    g_assert_no_error (error);
  net_end_get_info (&self->end);
  dpdk_socket_set_ttl (DPDK_SOCKET (socket), 64);
  dpdk_tcp_socket_set_nodelay (socket, g_atomic_int_add (&self->n_calls, 1) % 2 == 0);
}

static void
on_destroyed_busy (gpointer user_data)
{
  g_atomic_int_set (&((Busy *) user_data)->is_over, 2);
}

static void
set_busy (DpdkWorker *worker, gpointer user_data)
{
  Busy *self = user_data;
  g_autoptr (GError) error = NULL;

  dpdk_tcp_socket_set_readable_callback (self->end.socket, on_busy, self, on_destroyed_busy,
                                         &error);
  g_assert_no_error (error);
}

static gpointer
send_thread (gpointer data)
{
  Busy *self = data;

  while (!g_atomic_int_get (&self->is_over))
    net_kernel_write_pattern (self->end.fd, 0, 5000);
  return NULL;
}

/* the thread of the stack and a caller waited for each other */
static void
test_stack_and_caller (void)
{
  DpdkRuntime *runtime = net_start ();
  Busy busy = { .end = net_end_connect (runtime, &families[0], NULL) };
  GThread *threads[4];
  GThread *sender;

  busy.group = g_inet_address_new_from_string ("239.1.2.3");
  run_on_worker (runtime, set_busy, &busy);
  sender = g_thread_new ("sender", send_thread, &busy);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("caller", call_thread, &busy);
  DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&busy.n_over) == G_N_ELEMENTS (threads));
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  g_atomic_int_set (&busy.is_over, TRUE);
  g_thread_join (sender);
  g_assert_cmpint (g_atomic_int_get (&busy.n_calls), >, 0);
  dpdk_socket_close (DPDK_SOCKET (busy.end.socket));
  DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&busy.is_over) == 2);
  g_object_unref (busy.group);
  net_kernel_close (busy.end.fd);
  net_release_later (busy.end.connection);
  net_stop (runtime);
}

/* threads that read the same connection */
typedef struct {
  DpdkTcpConnection *connection;
  guint64 n_of_each[256];
  guint max;
} Reader;

static gpointer
read_thread (gpointer data)
{
  Reader *self = data;
  gsize n;

  do
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) bytes =
          dpdk_tcp_connection_read_bytes (self->connection, self->max, NULL, &error);
      const guint8 *octets;

      g_assert_no_error (error);
      octets = g_bytes_get_data (bytes, &n);
      for (gsize i = 0; i < n; i++)
        self->n_of_each[octets[i]]++;
    }
  while (n > 0);
  return NULL;
}

/* reads that met data just as it came lost it, or a wake-up, or had it twice */
static void
test_read_race (void)
{
  const guint size = dpdk_test_scale (20000);
  DpdkRuntime *runtime = net_start ();

  for (guint i = 0; i < 4; i++)
    {
      NetEnd end = open_end (runtime, i);
      Reader readers[4] = { 0 };
      GThread *threads[G_N_ELEMENTS (readers)];
      g_autoptr (GRand) random = dpdk_test_random_new ();
      guint64 n_of_each[256] = { 0 };

      for (guint j = 0; j < G_N_ELEMENTS (readers); j++)
        {
          readers[j].connection = end.connection;
          readers[j].max = 1 + 2 * j;
          threads[j] = g_thread_new ("reader", read_thread, &readers[j]);
        }
      /* mostly less than all readers together want, so that some of them wait */
      for (guint at = 0, n; at < size; at += n)
        {
          n = (guint) g_rand_int_range (random, 1, 8);
          n = MIN (n, size - at);
          net_kernel_write_pattern (end.fd, at, n);
        }
      net_kernel_finish (end.fd);
      for (guint at = 0; at < size; at++)
        n_of_each[*net_pattern (at)]++;
      for (guint j = 0; j < G_N_ELEMENTS (readers); j++)
        {
          g_thread_join (threads[j]);
          for (guint k = 0; k < 256; k++)
            n_of_each[k] -= readers[j].n_of_each[k];
        }
      for (guint k = 0; k < 256; k++)
        g_assert_cmpuint (n_of_each[k], ==, 0);
      net_end_clear (&end);
    }
  net_stop (runtime);
}

/* each of them ends once, though nobody has its object any more */
typedef struct {
  gint n_begun;
  gint n_ended;
} Pending;

static void
on_ended (GObject *source, GAsyncResult *result, gpointer user_data)
{
  ((Pending *) user_data)->n_ended++;
}

static gboolean
on_udp (GDatagramBased *socket, GIOCondition condition, gpointer user_data)
{
  return G_SOURCE_REMOVE;
}

static void
begin_all (Pending *self, NetEnd *end, DpdkTcpListener *listener, DpdkTcpSocket *fresh,
           GSocketAddress *nobody, GBytes *large)
{
  static guint8 buffer[100];
  GIOStream *stream = G_IO_STREAM (end->connection);

  g_input_stream_read_async (g_io_stream_get_input_stream (stream), buffer, sizeof buffer,
                             G_PRIORITY_DEFAULT, NULL, on_ended, self);
  g_output_stream_write_all_async (g_io_stream_get_output_stream (stream), net_pattern (0),
                                   NET_PATTERN_SIZE, G_PRIORITY_DEFAULT, NULL, on_ended, self);
  dpdk_tcp_connection_peek_bytes_async (end->connection, 1, G_PRIORITY_DEFAULT, NULL, on_ended,
                                        self);
  dpdk_tcp_connection_read_bytes_async (end->connection, 1, G_PRIORITY_DEFAULT, NULL, on_ended,
                                        self);
  dpdk_tcp_connection_write_bytes_async (end->connection, large, G_PRIORITY_DEFAULT, NULL, on_ended,
                                         self);
  dpdk_tcp_listener_accept_async (listener, NULL, on_ended, self);
  dpdk_tcp_listener_accept_async (listener, NULL, on_ended, self);
  dpdk_tcp_socket_connect_async (fresh, nobody, NULL, on_ended, self);
  self->n_begun += 8;
}

/* what ends them: the peer, the application, or the end of the runtime */
typedef enum {
  END_PEER,
  END_CLOSE,
  END_RUNTIME,
} EndKind;

static void
dispose_with_pending (EndKind kind)
{
  DpdkRuntime *runtime = net_start ();
  Pending pending = { 0 };
  NetEnd end = open_end (runtime, (guint) kind);
  DpdkTcpListener *listener = net_listen (runtime, NET_OUR_V4, OUR_PORT);
  DpdkUdpSocket *udp = net_udp_new (runtime, NET_OUR_V4, OUR_PORT);
  g_autofree guint8 *data = g_malloc0 (8 * 1024 * 1024);
  g_autoptr (GBytes) large = g_bytes_new_static (data, 8 * 1024 * 1024);
  g_autoptr (GSocketAddress) nobody = net_address ("198.18.0.77", 9);
  g_autoptr (GError) error = NULL;
  DpdkTcpSocket *fresh = dpdk_tcp_socket_new (runtime, G_SOCKET_FAMILY_IPV4, &error);
  GSource *source = g_datagram_based_create_source (G_DATAGRAM_BASED (udp), G_IO_IN, NULL);

  g_assert_no_error (error);
  if (kind == END_PEER)
    dpdk_tcp_socket_set_connect_timeout (fresh, 300);
  g_source_set_callback (source, G_SOURCE_FUNC (on_udp), NULL, NULL);
  g_source_attach (source, NULL);
  begin_all (&pending, &end, listener, fresh, nobody, large);
  g_main_context_iteration (NULL, FALSE);
  if (kind == END_CLOSE)
    {
      g_io_stream_close_async (G_IO_STREAM (end.connection), G_PRIORITY_DEFAULT, NULL, NULL, NULL);
      dpdk_socket_close (DPDK_SOCKET (end.socket));
      dpdk_socket_close (DPDK_SOCKET (listener));
      dpdk_socket_close (DPDK_SOCKET (fresh));
    }
  /* nobody has them now but what is pending */
  g_object_unref (end.connection);
  g_object_unref (listener);
  g_object_unref (fresh);
  g_object_unref (udp);
  if (kind == END_PEER)
    {
      net_kernel_reset (end.fd);
      net_kernel_close (net_kernel_connect (NET_OUR_V4, OUR_PORT));
      net_kernel_close (net_kernel_connect (NET_OUR_V4, OUR_PORT));
    }
  if (kind == END_RUNTIME)
    {
      dpdk_runtime_shutdown (runtime, 20000, &error);
      g_assert_no_error (error);
    }
  DPDK_TEST_WAIT_UNTIL (pending.n_ended == pending.n_begun);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpint (pending.n_ended, ==, pending.n_begun);
  g_source_destroy (source);
  g_source_unref (source);
  if (kind != END_PEER)
    net_kernel_close (end.fd);
  if (kind == END_RUNTIME)
    {
      net_release_later (runtime);
      dpdk_test_assert_eal_dead ();
    }
  else
    net_stop (runtime);
}

static void
test_dispose_with_pending (gconstpointer data)
{
  dispose_with_pending (GPOINTER_TO_UINT (data));
}

#define FLOOD (16 * 1024 * 1024)

typedef struct {
  GIOStream *stream;
  guint8 data[4096];
  gint *n_open;
} Flood;

static gpointer
flood_thread (gpointer data)
{
  int fd = net_kernel_connect (NET_OUR_V4, OUR_PORT);

  net_kernel_write_pattern (fd, 0, FLOOD);
  net_kernel_finish (fd);
  net_kernel_assert_at_end (fd);
  net_kernel_close (fd);
  return NULL;
}

static void
on_flooded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Flood *self = user_data;
  g_autoptr (GError) error = NULL;
  gssize n = g_input_stream_read_finish (G_INPUT_STREAM (source), result, &error);

  g_assert_no_error (error);
  if (n > 0)
    {
      g_input_stream_read_async (G_INPUT_STREAM (source), self->data, sizeof self->data,
                                 G_PRIORITY_DEFAULT, NULL, on_flooded, self);
      return;
    }
  g_io_stream_close_async (self->stream, G_PRIORITY_DEFAULT, NULL, NULL, NULL);
  g_object_unref (self->stream);
  g_atomic_int_add (self->n_open, -1);
  g_free (self);
}

static void
on_flood_incoming (DpdkTcpListener *listener, DpdkTcpConnection *connection, gpointer user_data)
{
  Flood *flood = g_new0 (Flood, 1);

  flood->stream = G_IO_STREAM (g_object_ref (connection));
  flood->n_open = user_data;
  g_input_stream_read_async (g_io_stream_get_input_stream (flood->stream), flood->data,
                             sizeof flood->data, G_PRIORITY_DEFAULT, NULL, on_flooded, flood);
}

static gboolean
count_tick (gpointer user_data)
{
  (*(guint *) user_data)++;
  return G_SOURCE_CONTINUE;
}

/* streams that always had data left the others in the context no turn */
static void
test_flood (void)
{
  DpdkRuntime *runtime = net_start ();
  DpdkTcpListener *listener = net_listen (runtime, NET_OUR_V4, OUR_PORT);
  GThread *threads[4];
  gint n_open = G_N_ELEMENTS (threads);
  guint n_ticks = 0;
  guint timer = g_timeout_add (1, count_tick, &n_ticks);

  g_signal_connect (listener, "incoming", G_CALLBACK (on_flood_incoming), &n_open);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("flood", flood_thread, NULL);
  DPDK_TEST_WAIT_UNTIL (n_open == 0);
  g_assert_cmpuint (n_ticks, >, 10);
  g_source_remove (timer);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  net_release (listener);
  net_stop (runtime);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/net/regressions/error-after-free", DPDK_TEST_FLAGS_NETWORK,
                      test_error_after_free);
  dpdk_test_add_func ("/net/regressions/fin-with-data", DPDK_TEST_FLAGS_NETWORK,
                      test_fin_with_data);
  dpdk_test_add_func ("/net/regressions/stack-and-caller", DPDK_TEST_FLAGS_NETWORK,
                      test_stack_and_caller);
  dpdk_test_add_func ("/net/regressions/read-race", DPDK_TEST_FLAGS_NETWORK, test_read_race);
  dpdk_test_add_data_func ("/net/regressions/dispose-with-pending/peer", DPDK_TEST_FLAGS_NETWORK,
                           GUINT_TO_POINTER (END_PEER), test_dispose_with_pending);
  dpdk_test_add_data_func ("/net/regressions/dispose-with-pending/close", DPDK_TEST_FLAGS_NETWORK,
                           GUINT_TO_POINTER (END_CLOSE), test_dispose_with_pending);
  dpdk_test_add_data_func ("/net/regressions/dispose-with-pending/runtime", DPDK_TEST_FLAGS_NETWORK,
                           GUINT_TO_POINTER (END_RUNTIME), test_dispose_with_pending);
  dpdk_test_add_func ("/net/regressions/flood", DPDK_TEST_FLAGS_NETWORK, test_flood);
  return g_test_run ();
}
