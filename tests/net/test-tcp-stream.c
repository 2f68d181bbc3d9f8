/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* the data of a connection, in ways that GIO's streams do not have, and what is known of it */
#include "net-end.h"
#include "net-kernel.h"

static const NetFamily families[] = NET_FAMILIES;

static void
wait_readable (DpdkTcpConnection *connection)
{
  g_autoptr (GError) error = NULL;

  dpdk_tcp_connection_condition_wait (connection, G_IO_IN, 20 * G_TIME_SPAN_SECOND, NULL, &error);
  g_assert_no_error (error);
}

/* waits until all of @n bytes have arrived */
static void
wait_arrived (DpdkTcpConnection *connection, gsize n)
{
  for (gsize have = 0; have < n;)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) bytes = dpdk_tcp_connection_peek_bytes (connection, n, NULL, &error);

      g_assert_no_error (error);
      g_assert_cmpuint (g_bytes_get_size (bytes), >=, have);
      g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), net_pattern (0),
                       g_bytes_get_size (bytes));
      have = g_bytes_get_size (bytes);
    }
}

static void
on_bytes (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  *(GBytes **) user_data =
      dpdk_tcp_connection_peek_bytes_finish (DPDK_TCP_CONNECTION (source), result, &error);
  g_assert_no_error (error);
}

static void
check_peek (NetEnd *end)
{
  g_autoptr (GBytes) later = NULL;
  g_autoptr (GBytes) at_end = NULL;
  g_autoptr (GBytes) nothing = NULL;
  g_autoptr (GError) error = NULL;

  dpdk_tcp_connection_peek_bytes_async (end->connection, 10, G_PRIORITY_DEFAULT, NULL, on_bytes,
                                        &later);
  g_main_context_iteration (NULL, FALSE);
  g_assert_null (later);
  net_kernel_write_pattern (end->fd, 0, 10000);
  DPDK_TEST_WAIT_UNTIL (later != NULL);
  g_assert_cmpmem (g_bytes_get_data (later, NULL), g_bytes_get_size (later), net_pattern (0),
                   MIN (g_bytes_get_size (later), 10));
  wait_arrived (end->connection, 10000);
  /* across segments, and from the middle of one */
  net_read_pattern (end->connection, 0, 777);
  nothing = dpdk_tcp_connection_peek_bytes (end->connection, 0, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_bytes_get_size (nothing), ==, 0);
  {
    /* what there is, however much room that would be */
    g_autoptr (GBytes) rest =
        dpdk_tcp_connection_peek_bytes (end->connection, G_MAXSIZE, NULL, &error);

    g_assert_no_error (error);
    g_assert_cmpmem (g_bytes_get_data (rest, NULL), g_bytes_get_size (rest), net_pattern (777),
                     10000 - 777);
  }
  net_read_pattern (end->connection, 777, 10000 - 777);
  net_kernel_finish (end->fd);
  at_end = dpdk_tcp_connection_peek_bytes (end->connection, 1, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_bytes_get_size (at_end), ==, 0);
  net_assert_at_end (end->connection);
  net_end_clear (end);
}

/* what was seen before a cancellation is given */
static void
check_late_cancellation (NetEnd *end)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GBytes) bytes = NULL;

  net_kernel_write_pattern (end->fd, 0, 10);
  wait_arrived (end->connection, 10);
  dpdk_tcp_connection_peek_bytes_async (end->connection, 10, G_PRIORITY_DEFAULT, cancellable,
                                        on_bytes, &bytes);
  g_cancellable_cancel (cancellable);
  DPDK_TEST_WAIT_UNTIL (bytes != NULL);
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), net_pattern (0), 10);
  net_end_clear (end);
}

static void
test_peek_late_cancellation (void)
{
  net_end_for_each (check_late_cancellation);
}

static void
test_peek (void)
{
  net_end_for_each (check_peek);
}

static gboolean
on_ready (DpdkTcpConnection *connection, GIOCondition condition, gpointer user_data)
{
  g_assert_true (DPDK_IS_TCP_CONNECTION (connection));
  g_assert_cmpint (condition, ==, G_IO_IN);
  (*(guint *) user_data)++;
  return G_SOURCE_CONTINUE;
}

static void
check_waiting (NetEnd *end)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GSource) source = NULL;
  g_autoptr (GError) error = NULL;
  guint n_ready = 0;

  g_assert_cmpint (dpdk_tcp_connection_condition_check (end->connection, G_IO_IN | G_IO_OUT), ==,
                   G_IO_OUT);
  g_assert_cmpint (dpdk_tcp_connection_condition_check (end->connection, G_IO_IN), ==, 0);
  g_assert_true (dpdk_tcp_connection_condition_wait (end->connection, G_IO_OUT, -1, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (
      dpdk_tcp_connection_condition_wait (end->connection, G_IO_OUT, G_MAXINT64, NULL, &error));
  g_assert_no_error (error);
  for (guint i = 0; i < 2; i++)
    {
      g_assert_false (
          dpdk_tcp_connection_condition_wait (end->connection, G_IO_IN, i * 1000, NULL, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
      g_clear_error (&error);
    }
  source = dpdk_tcp_connection_create_source (end->connection, G_IO_IN, NULL);
  g_source_set_callback (source, G_SOURCE_FUNC (on_ready), &n_ready, NULL);
  g_source_attach (source, NULL);
  g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (n_ready, ==, 0);
  net_kernel_write_pattern (end->fd, 0, 100);
  DPDK_TEST_WAIT_UNTIL (n_ready > 0);
  g_source_destroy (source);
  g_clear_pointer (&source, g_source_unref);
  g_assert_cmpint (dpdk_tcp_connection_condition_check (end->connection, G_IO_IN), ==, G_IO_IN);
  net_read_pattern (end->connection, 0, 100);
  g_cancellable_cancel (cancellable);
  g_assert_false (
      dpdk_tcp_connection_condition_wait (end->connection, G_IO_IN, -1, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  /* a reset wakes up whoever waits, and can be taken once */
  g_assert_true (dpdk_tcp_socket_take_error (end->socket, &error));
  g_assert_no_error (error);
  net_kernel_reset (end->fd);
  wait_readable (end->connection);
  g_assert_cmpint (dpdk_tcp_connection_condition_check (end->connection, 0) & G_IO_ERR, ==,
                   G_IO_ERR);
  g_assert_false (dpdk_tcp_socket_take_error (end->socket, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
  g_clear_error (&error);
  g_assert_true (dpdk_tcp_socket_take_error (end->socket, &error));
  g_assert_null (dpdk_tcp_connection_read_bytes (end->connection, 1, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  net_release (end->connection);
}

static void
test_waiting (void)
{
  net_end_for_each (check_waiting);
}

static void
check_vectors (NetEnd *end)
{
  GOutputStream *output = g_io_stream_get_output_stream (G_IO_STREAM (end->connection));
  const guint8 *data = net_pattern (0);
  guint8 received[3][4000];
  const GOutputVector out[] = {
    { data, 3000 }, { data + 3000, 1 }, { NULL, 0 }, { data + 3001, 4999 }
  };
  const GInputVector in[] = {
    { received[0], 4000 }, { NULL, 0 }, { received[1], 5 }, { received[2], 3995 }
  };
  g_autofree GOutputVector *many = g_new (GOutputVector, 100);
  g_autoptr (GError) error = NULL;
  gsize n;

  g_output_stream_writev (output, out, G_N_ELEMENTS (out), &n, NULL, &error);
  g_assert_no_error (error);
  /* as one, while there is room */
  g_assert_cmpuint (n, ==, 8000);
  net_kernel_read_pattern (end->fd, 0, 8000);
  g_assert_cmpint (g_pollable_output_stream_writev_nonblocking (G_POLLABLE_OUTPUT_STREAM (output),
                                                                out, G_N_ELEMENTS (out), &n, NULL,
                                                                &error),
                   ==, G_POLLABLE_RETURN_OK);
  g_assert_no_error (error);
  g_assert_cmpuint (n, ==, 8000);
  net_kernel_read_pattern (end->fd, 0, 8000);
  /* until the buffers are full */
  for (guint i = 0; i < 100; i++)
    many[i] = (GOutputVector){ net_pattern (0), 65521 };
  {
    guint64 total = 0;
    GPollableReturn result;

    while ((result = g_pollable_output_stream_writev_nonblocking (G_POLLABLE_OUTPUT_STREAM (output),
                                                                  many, 100, &n, NULL, &error)) ==
           G_POLLABLE_RETURN_OK)
      {
        total += n;
        /* the rest of a vector is the caller's */
        many[0].buffer = net_pattern (total);
        many[0].size = 65521 - total % 65521;
      }
    g_assert_no_error (error);
    g_assert_cmpint (result, ==, G_POLLABLE_RETURN_WOULD_BLOCK);
    g_assert_cmpuint (total, >, 65521);
    net_kernel_read_pattern (end->fd, 0, total);
  }
  net_kernel_write_pattern (end->fd, 0, 9000);
  wait_arrived (end->connection, 9000);
  g_assert_cmpint (
      dpdk_tcp_connection_read_vectors (end->connection, in, G_N_ELEMENTS (in), NULL, &error), ==,
      8000);
  g_assert_no_error (error);
  g_assert_cmpmem (received[0], 4000, data, 4000);
  g_assert_cmpmem (received[1], 5, data + 4000, 5);
  g_assert_cmpmem (received[2], 3995, data + 4005, 3995);
  g_assert_cmpint (
      dpdk_tcp_connection_read_vectors (end->connection, in, G_N_ELEMENTS (in), NULL, &error), ==,
      1000);
  g_assert_cmpmem (received[0], 1000, data + 8000, 1000);
  net_kernel_finish (end->fd);
  g_assert_cmpint (
      dpdk_tcp_connection_read_vectors (end->connection, in, G_N_ELEMENTS (in), NULL, &error), ==,
      0);
  g_assert_no_error (error);
  net_end_clear (end);
}

static void
test_vectors (void)
{
  net_end_for_each (check_vectors);
}

static void
check_info (NetEnd *end)
{
  g_autoptr (GError) error = NULL;
  DpdkTcpInfo info = net_end_get_info (end);

  g_assert_cmpint (info.state, ==, DPDK_TCP_STATE_ESTABLISHED);
  g_assert_cmpuint (info.bytes_sent, ==, 0);
  g_assert_cmpuint (info.bytes_received, ==, 0);
  net_write_pattern (end->connection, 0, 100000);
  net_kernel_read_pattern (end->fd, 0, 100000);
  net_kernel_write_pattern (end->fd, 0, 70000);
  net_read_pattern (end->connection, 0, 70000);
  DPDK_TEST_WAIT_UNTIL (net_end_get_info (end).bytes_unacknowledged == 0);
  info = net_end_get_info (end);
  g_assert_cmpuint (info.bytes_sent, ==, 100000);
  g_assert_cmpuint (info.bytes_received, ==, 70000);
  g_assert_cmpuint (info.rto, >, 0);
  /* nothing was lost, but a busy machine may be late */
  g_assert_cmpuint (info.retransmissions, <, 100);
  /* a FIN of ours is no data */
  dpdk_tcp_connection_shutdown (end->connection, FALSE, TRUE, &error);
  g_assert_no_error (error);
  net_kernel_assert_at_end (end->fd);
  DPDK_TEST_WAIT_UNTIL (net_end_get_info (end).state == DPDK_TCP_STATE_FIN_WAIT_2);
  g_assert_cmpuint (net_end_get_info (end).bytes_sent, ==, 100000);
  net_end_clear (end);
}

static void
test_info (void)
{
  net_end_for_each (check_info);
}

static void
check_close_wait (NetEnd *end)
{
  net_kernel_finish (end->fd);
  net_assert_at_end (end->connection);
  g_assert_cmpint (net_end_get_info (end).state, ==, DPDK_TCP_STATE_CLOSE_WAIT);
  net_end_clear (end);
}

static void
test_close_wait (void)
{
  net_end_for_each (check_close_wait);
}

/* what the peer does not get is sent again, and counted */
static void
test_retransmissions (void)
{
  DpdkRuntime *runtime = net_start ();
  NetEnd end = net_end_connect (runtime, &families[0], NULL);

  /* it drops what is not for it */
  net_run ("ip addr del " NET_KERNEL_V4 "/24 dev " NET_INTERFACE);
  net_write_pattern (end.connection, 0, 100);
  DPDK_TEST_WAIT_UNTIL (net_end_get_info (&end).retransmissions > 0);
  g_assert_cmpuint (net_end_get_info (&end).bytes_unacknowledged, ==, 100);
  net_run ("ip addr add " NET_KERNEL_V4 "/24 dev " NET_INTERFACE);
  net_kernel_read_pattern (end.fd, 0, 100);
  DPDK_TEST_WAIT_UNTIL (net_end_get_info (&end).bytes_unacknowledged == 0);
  g_assert_cmpuint (net_end_get_info (&end).bytes_sent, ==, 100);
  net_end_clear (&end);
  net_stop (runtime);
}

static void
check_zero_length (NetEnd *end)
{
  GInputStream *input = g_io_stream_get_input_stream (G_IO_STREAM (end->connection));
  GOutputStream *output = g_io_stream_get_output_stream (G_IO_STREAM (end->connection));
  g_autoptr (GBytes) empty = g_bytes_new (NULL, 0);
  g_autoptr (GBytes) read = NULL;
  g_autoptr (GError) error = NULL;
  gsize n = 1;

  /* nothing waits for data that is not wanted */
  g_assert_cmpint (g_input_stream_read (input, "", 0, NULL, &error), ==, 0);
  g_assert_no_error (error);
  g_assert_cmpint (g_pollable_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM (input), "", 0,
                                                             NULL, &error),
                   ==, 0);
  g_assert_no_error (error);
  g_assert_cmpint (g_output_stream_write (output, "", 0, NULL, &error), ==, 0);
  g_assert_no_error (error);
  g_assert_true (g_output_stream_writev (output, NULL, 0, &n, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (n, ==, 0);
  read = dpdk_tcp_connection_read_bytes (end->connection, 0, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_bytes_get_size (read), ==, 0);
  g_assert_true (dpdk_tcp_connection_write_bytes (end->connection, empty, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpint (dpdk_tcp_connection_read_vectors (end->connection, NULL, 0, NULL, &error), ==,
                   0);
  g_assert_no_error (error);
  g_assert_true (dpdk_tcp_connection_is_connected (end->connection));
  net_end_clear (end);
}

static void
test_zero_length (void)
{
  net_end_for_each (check_zero_length);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/net/tcp-stream/peek", DPDK_TEST_FLAGS_NETWORK, test_peek);
  dpdk_test_add_func ("/net/tcp-stream/peek-late-cancellation", DPDK_TEST_FLAGS_NETWORK,
                      test_peek_late_cancellation);
  dpdk_test_add_func ("/net/tcp-stream/waiting", DPDK_TEST_FLAGS_NETWORK, test_waiting);
  dpdk_test_add_func ("/net/tcp-stream/vectors", DPDK_TEST_FLAGS_NETWORK, test_vectors);
  dpdk_test_add_func ("/net/tcp-stream/info", DPDK_TEST_FLAGS_NETWORK, test_info);
  dpdk_test_add_func ("/net/tcp-stream/close-wait", DPDK_TEST_FLAGS_NETWORK, test_close_wait);
  dpdk_test_add_func ("/net/tcp-stream/retransmissions", DPDK_TEST_FLAGS_NETWORK,
                      test_retransmissions);
  dpdk_test_add_func ("/net/tcp-stream/zero-length", DPDK_TEST_FLAGS_NETWORK, test_zero_length);
  return g_test_run ();
}
