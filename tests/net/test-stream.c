/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* the streams of a connection */
#include "net-fixture.h"
#include "net-kernel.h"

#include <string.h>

static const NetFamily families[] = NET_FAMILIES;

typedef struct {
  DpdkRuntime *runtime;
  DpdkTcpListener *listener;
  DpdkTcpConnection *connection;
  GInputStream *input;
  GOutputStream *output;
  GPollableInputStream *pollable_input;
  GPollableOutputStream *pollable_output;
  int fd;
} Pair;

static void
for_each_family (void (*func) (Pair *pair))
{
  Pair pair = { .runtime = net_start () };

  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    {
      pair.listener = net_listen (pair.runtime, families[i].ours, 0);
      pair.fd = net_kernel_connect (families[i].ours, net_listener_get_port (pair.listener));
      pair.connection = net_accept (pair.listener);
      pair.input = g_io_stream_get_input_stream (G_IO_STREAM (pair.connection));
      pair.output = g_io_stream_get_output_stream (G_IO_STREAM (pair.connection));
      pair.pollable_input = G_POLLABLE_INPUT_STREAM (pair.input);
      pair.pollable_output = G_POLLABLE_OUTPUT_STREAM (pair.output);
      func (&pair);
      net_close (pair.connection);
      net_release (pair.connection);
      net_kernel_close (pair.fd);
      net_release (pair.listener);
    }
  net_stop (pair.runtime);
}

typedef struct {
  guint n;
  gboolean stop;
} Counter;

static gboolean
on_ready (GObject *stream, gpointer user_data)
{
  Counter *counter = user_data;

  counter->n++;
  return counter->stop ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
}

static GSource *
watch_input (Pair *pair, GCancellable *cancellable, Counter *counter)
{
  GSource *source = g_pollable_input_stream_create_source (pair->pollable_input, cancellable);

  g_source_set_callback (source, G_SOURCE_FUNC (on_ready), counter, NULL);
  g_source_attach (source, NULL);
  return source;
}

static GSource *
watch_output (Pair *pair, Counter *counter)
{
  GSource *source = g_pollable_output_stream_create_source (pair->pollable_output, NULL);

  g_source_set_callback (source, G_SOURCE_FUNC (on_ready), counter, NULL);
  g_source_attach (source, NULL);
  return source;
}

static void
clear_source (GSource **source)
{
  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static void
dispatch_all (guint max)
{
  for (guint i = 0; i < max && g_main_context_iteration (NULL, FALSE); i++)
    ;
}

/* a source is ready when there is something, as long as it is there, and never else */
static void
poll_input (Pair *pair)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  Counter counter = { 0 };
  GSource *source;
  guint8 buffer[100];
  guint n;

  g_assert_true (g_pollable_input_stream_can_poll (pair->pollable_input));
  g_assert_false (g_pollable_input_stream_is_readable (pair->pollable_input));
  g_assert_cmpint (g_pollable_input_stream_read_nonblocking (pair->pollable_input, buffer,
                                                             sizeof buffer, NULL, &error),
                   ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_clear_error (&error);
  source = watch_input (pair, cancellable, &counter);
  dispatch_all (100);
  g_assert_cmpuint (counter.n, ==, 0);

  net_kernel_write_pattern (pair->fd, 0, 150);
  net_kernel_wait_acknowledged (pair->fd);
  DPDK_TEST_WAIT_UNTIL (counter.n > 0);
  g_assert_true (g_pollable_input_stream_is_readable (pair->pollable_input));
  n = counter.n;
  dispatch_all (5);
  g_assert_cmpuint (counter.n, >, n);
  g_assert_cmpint (g_pollable_input_stream_read_nonblocking (pair->pollable_input, buffer,
                                                             sizeof buffer, NULL, &error),
                   ==, 100);
  g_assert_cmpmem (buffer, 100, net_pattern (0), 100);
  g_assert_true (g_pollable_input_stream_is_readable (pair->pollable_input));
  g_assert_cmpint (g_pollable_input_stream_read_nonblocking (pair->pollable_input, buffer,
                                                             sizeof buffer, NULL, &error),
                   ==, 50);
  g_assert_false (g_pollable_input_stream_is_readable (pair->pollable_input));
  n = counter.n;
  dispatch_all (100);
  g_assert_cmpuint (counter.n, ==, n);

  /* a cancelled one is ready */
  g_cancellable_cancel (cancellable);
  counter.stop = TRUE;
  DPDK_TEST_WAIT_UNTIL (counter.n == n + 1);
  g_assert_true (g_source_is_destroyed (source));
  clear_source (&source);

  /* so is the end */
  counter = (Counter){ .stop = TRUE };
  source = watch_input (pair, NULL, &counter);
  net_kernel_finish (pair->fd);
  DPDK_TEST_WAIT_UNTIL (counter.n == 1);
  g_assert_cmpint (g_pollable_input_stream_read_nonblocking (pair->pollable_input, buffer,
                                                             sizeof buffer, NULL, &error),
                   ==, 0);
  clear_source (&source);
}

static void
test_poll_input (void)
{
  for_each_family (poll_input);
}

/* gives how much was written until it would block */
static gsize
fill (Pair *pair, gsize offset)
{
  g_autoptr (GError) error = NULL;
  gsize total = 0;

  for (gssize n; (n = g_pollable_output_stream_write_nonblocking (
                      pair->pollable_output, net_pattern (offset + total), NET_PATTERN_SIZE, NULL,
                      &error)) > 0;)
    total += (gsize) n;
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  return total;
}

static void
poll_output (Pair *pair)
{
  Counter counter = { 0 };
  GSource *source;
  gsize total = 0;
  guint n_full = 0;
  guint n;

  g_assert_true (g_pollable_output_stream_can_poll (pair->pollable_output));
  g_assert_true (g_pollable_output_stream_is_writable (pair->pollable_output));
  /* until it stays full */
  while (n_full < 50)
    {
      gsize more = fill (pair, total);

      n_full = more > 0 ? 0 : n_full + 1;
      total += more;
      g_usleep (2000);
    }
  g_assert_false (g_pollable_output_stream_is_writable (pair->pollable_output));
  source = watch_output (pair, &counter);
  dispatch_all (100);
  g_assert_cmpuint (counter.n, ==, 0);

  net_kernel_read_pattern (pair->fd, 0, total);
  DPDK_TEST_WAIT_UNTIL (counter.n > 0);
  g_assert_true (g_pollable_output_stream_is_writable (pair->pollable_output));
  n = counter.n;
  dispatch_all (5);
  g_assert_cmpuint (counter.n, >, n);
  clear_source (&source);
}

static void
test_poll_output (void)
{
  for_each_family (poll_output);
}

/* sources that outlive what they watch, and several for one stream */
static void
poll_many (Pair *pair)
{
  Counter counters[20] = { 0 };
  GSource *sources[G_N_ELEMENTS (counters)];

  for (guint i = 0; i < G_N_ELEMENTS (counters); i++)
    {
      counters[i].stop = TRUE;
      sources[i] = watch_input (pair, NULL, &counters[i]);
    }
  for (guint i = 0; i < G_N_ELEMENTS (counters); i += 2)
    clear_source (&sources[i]);
  net_kernel_write_pattern (pair->fd, 0, 10);
  for (guint i = 1; i < G_N_ELEMENTS (counters); i += 2)
    DPDK_TEST_WAIT_UNTIL (counters[i].n == 1);
  dispatch_all (100);
  for (guint i = 0; i < G_N_ELEMENTS (counters); i++)
    g_assert_cmpuint (counters[i].n, ==, i % 2);
  for (guint i = 1; i < G_N_ELEMENTS (counters); i += 2)
    clear_source (&sources[i]);
  /* never attached */
  g_source_unref (g_pollable_input_stream_create_source (pair->pollable_input, NULL));
  net_read_pattern (pair->connection, 0, 10);
}

static void
test_poll_many (void)
{
  for_each_family (poll_many);
}

typedef struct {
  gssize n;
  gsize n_all;
  GError *error;
  guint n_calls;
} Result;

static void
on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Result *out = user_data;

  out->n_calls++;
  out->n = g_input_stream_read_finish (G_INPUT_STREAM (source), result, &out->error);
}

static void
on_read_all (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Result *out = user_data;

  out->n_calls++;
  g_input_stream_read_all_finish (G_INPUT_STREAM (source), result, &out->n_all, &out->error);
}

static void
on_written_all (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Result *out = user_data;

  out->n_calls++;
  g_output_stream_write_all_finish (G_OUTPUT_STREAM (source), result, &out->n_all, &out->error);
}

#define LARGE (4 * 1024 * 1024)

static gpointer
kernel_echo_thread (gpointer data)
{
  Pair *pair = data;
  g_autofree guint8 *buffer = g_malloc (LARGE);

  net_kernel_read (pair->fd, buffer, LARGE);
  net_kernel_write (pair->fd, buffer, LARGE);
  return NULL;
}

static void
async (Pair *pair)
{
  g_autofree guint8 *sent = g_malloc (LARGE);
  g_autofree guint8 *received = g_malloc0 (LARGE);
  Result read = { 0 }, written = { 0 };
  GThread *thread = g_thread_new ("echo", kernel_echo_thread, pair);

  for (gsize at = 0; at < LARGE; at += NET_PATTERN_SIZE)
    memcpy (sent + at, net_pattern (at), NET_PATTERN_SIZE);
  g_input_stream_read_all_async (pair->input, received, LARGE, G_PRIORITY_DEFAULT, NULL,
                                 on_read_all, &read);
  g_output_stream_write_all_async (pair->output, sent, LARGE, G_PRIORITY_DEFAULT, NULL,
                                   on_written_all, &written);
  DPDK_TEST_WAIT_UNTIL (read.n_calls == 1 && written.n_calls == 1);
  g_assert_no_error (read.error);
  g_assert_no_error (written.error);
  g_assert_cmpuint (written.n_all, ==, LARGE);
  g_assert_cmpmem (received, read.n_all, sent, LARGE);
  g_thread_join (thread);
}

static void
test_async (void)
{
  for_each_family (async);
}

/* a cancelled read has taken nothing away */
static void
async_cancelled (Pair *pair)
{
  guint8 buffer[10];

  for (guint i = 0; i < 50; i++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      Result read = { 0 };

      g_input_stream_read_async (pair->input, buffer, sizeof buffer, G_PRIORITY_DEFAULT,
                                 cancellable, on_read, &read);
      dispatch_all (i % 3);
      g_assert_cmpuint (read.n_calls, ==, 0);
      g_cancellable_cancel (cancellable);
      DPDK_TEST_WAIT_UNTIL (read.n_calls == 1);
      g_assert_error (read.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_clear_error (&read.error);
      net_kernel_write_pattern (pair->fd, i, 10);
      net_read_pattern (pair->connection, i, 10);
    }
}

static void
test_async_cancelled (void)
{
  for_each_family (async_cancelled);
}

static gpointer
write_and_finish_thread (gpointer data)
{
  Pair *pair = data;

  net_kernel_write_pattern (pair->fd, 0, LARGE);
  net_kernel_finish (pair->fd);
  return NULL;
}

static gpointer
read_to_end_thread (gpointer data)
{
  Pair *pair = data;

  g_assert_cmpuint (net_kernel_read_pattern_to_end (pair->fd, 0), ==, LARGE);
  return NULL;
}

/* two blocking threads, one for each direction */
static void
splice (Pair *pair)
{
  GThread *writer = g_thread_new ("write", write_and_finish_thread, pair);
  GThread *reader = g_thread_new ("read", read_to_end_thread, pair);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_output_stream_splice (pair->output, pair->input,
                                           G_OUTPUT_STREAM_SPLICE_CLOSE_TARGET |
                                               G_OUTPUT_STREAM_SPLICE_CLOSE_SOURCE,
                                           NULL, &error),
                   ==, LARGE);
  g_assert_no_error (error);
  g_thread_join (writer);
  g_thread_join (reader);
}

static void
test_splice (void)
{
  for_each_family (splice);
}

static gpointer
our_writer_thread (gpointer data)
{
  net_write_pattern (((Pair *) data)->connection, 0, LARGE);
  return NULL;
}

static gpointer
our_reader_thread (gpointer data)
{
  net_read_pattern (((Pair *) data)->connection, 0, LARGE);
  net_assert_at_end (((Pair *) data)->connection);
  return NULL;
}

static void
two_threads (Pair *pair)
{
  GThread *threads[3];
  g_autoptr (GError) error = NULL;

  threads[0] = g_thread_new ("our-writer", our_writer_thread, pair);
  threads[1] = g_thread_new ("our-reader", our_reader_thread, pair);
  threads[2] = g_thread_new ("writer", write_and_finish_thread, pair);
  net_kernel_read_pattern (pair->fd, 0, LARGE);
  for (guint i = 0; i < 3; i++)
    g_thread_join (threads[i]);
}

static void
test_two_threads (void)
{
  for_each_family (two_threads);
}

static gpointer
cancel_soon (gpointer data)
{
  g_usleep (30 * G_TIME_SPAN_MILLISECOND);
  g_cancellable_cancel (data);
  return NULL;
}

static void
blocking_cancelled (Pair *pair)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  GThread *thread = g_thread_new ("cancel", cancel_soon, cancellable);
  g_autoptr (GError) error = NULL;
  guint8 byte;

  g_assert_cmpint (g_input_stream_read (pair->input, &byte, 1, cancellable, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_thread_join (thread);

  g_cancellable_reset (cancellable);
  thread = g_thread_new ("cancel", cancel_soon, cancellable);
  g_clear_error (&error);
  while (g_output_stream_write (pair->output, net_pattern (0), NET_PATTERN_SIZE, cancellable,
                                &error) > 0)
    ;
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_thread_join (thread);
  g_assert_true (dpdk_tcp_connection_is_connected (pair->connection));
}

static void
test_blocking_cancelled (void)
{
  for_each_family (blocking_cancelled);
}

static void
on_notify (GObject *object, GParamSpec *pspec, gpointer user_data)
{
  (*(guint *) user_data)++;
}

/* with Nagle's algorithm the second of two small writes waits for an acknowledgement */
static void
nodelay (Pair *pair)
{
  DpdkTcpSocket *socket = dpdk_tcp_connection_get_socket (pair->connection);
  gboolean value = FALSE;
  guint n_notified = 0;

  g_assert_false (dpdk_tcp_socket_get_nodelay (socket));
  g_signal_connect (socket, "notify::nodelay", G_CALLBACK (on_notify), &n_notified);
  g_object_set (socket, "nodelay", TRUE, NULL);
  dpdk_tcp_socket_set_nodelay (socket, TRUE);
  g_assert_cmpuint (n_notified, ==, 1);
  g_object_get (socket, "nodelay", &value, NULL);
  g_assert_true (value);
  for (guint i = 0; i < 20; i++)
    {
      gint64 start = g_get_monotonic_time ();

      for (guint j = 0; j < 50; j++)
        net_write_pattern (pair->connection, j, 1);
      for (guint j = 0; j < 50; j++)
        net_kernel_read_pattern (pair->fd, j, 1);
      g_assert_cmpint (g_get_monotonic_time () - start, <, G_TIME_SPAN_SECOND);
    }
  dpdk_tcp_socket_set_nodelay (socket, FALSE);
  g_assert_cmpuint (n_notified, ==, 2);
}

static void
test_nodelay (void)
{
  for_each_family (nodelay);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/net/stream/poll-input", DPDK_TEST_FLAGS_NETWORK, test_poll_input);
  dpdk_test_add_func ("/net/stream/poll-output", DPDK_TEST_FLAGS_NETWORK, test_poll_output);
  dpdk_test_add_func ("/net/stream/poll-many", DPDK_TEST_FLAGS_NETWORK, test_poll_many);
  dpdk_test_add_func ("/net/stream/async", DPDK_TEST_FLAGS_NETWORK, test_async);
  dpdk_test_add_func ("/net/stream/async-cancelled", DPDK_TEST_FLAGS_NETWORK, test_async_cancelled);
  dpdk_test_add_func ("/net/stream/splice", DPDK_TEST_FLAGS_NETWORK, test_splice);
  dpdk_test_add_func ("/net/stream/two-threads", DPDK_TEST_FLAGS_NETWORK, test_two_threads);
  dpdk_test_add_func ("/net/stream/blocking-cancelled", DPDK_TEST_FLAGS_NETWORK,
                      test_blocking_cancelled);
  dpdk_test_add_func ("/net/stream/nodelay", DPDK_TEST_FLAGS_NETWORK, test_nodelay);
  return g_test_run ();
}
