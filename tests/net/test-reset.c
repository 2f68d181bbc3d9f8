/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* connections that end in the middle */
#include "net-fixture.h"
#include "net-kernel.h"

#include <errno.h>

#define SIZE 100000

static const NetFamily families[] = NET_FAMILIES;

/* a connection in one of the two roles, and the kernel's end of it */
typedef struct {
  DpdkRuntime *runtime;
  DpdkTcpListener *listener;
  DpdkTcpConnection *connection;
  GInputStream *input;
  GOutputStream *output;
  int fd;
} Pair;

static void
pair_open (Pair *pair, const NetFamily *family, gboolean we_connect)
{
  if (we_connect)
    {
      guint16 port = 0;
      int listener = net_kernel_listen (family->kernels, 1, &port);

      pair->connection = net_connect (pair->runtime, family->kernels, port);
      pair->fd = net_kernel_accept (listener);
      net_kernel_close (listener);
    }
  else
    {
      pair->listener = net_listen (pair->runtime, family->ours, 0);
      pair->fd = net_kernel_connect (family->ours, net_listener_get_port (pair->listener));
      pair->connection = net_accept (pair->listener);
    }
  pair->input = g_io_stream_get_input_stream (G_IO_STREAM (pair->connection));
  pair->output = g_io_stream_get_output_stream (G_IO_STREAM (pair->connection));
}

static void
pair_close (Pair *pair)
{
  net_close (pair->connection);
  net_release (pair->connection);
  if (pair->listener != NULL)
    net_release (g_steal_pointer (&pair->listener));
}

static void
for_each_pair (void (*func) (Pair *pair))
{
  Pair pair = { .runtime = net_start () };

  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    for (guint we_connect = 0; we_connect < 2; we_connect++)
      {
        pair_open (&pair, &families[i], we_connect != 0);
        func (&pair);
        pair_close (&pair);
      }
  net_stop (pair.runtime);
}

static void
assert_reads_fail (Pair *pair)
{
  g_autoptr (GError) error = NULL;
  guint8 byte;

  g_assert_cmpint (g_input_stream_read (pair->input, &byte, 1, NULL, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
  g_clear_error (&error);
  g_assert_cmpint (g_pollable_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM (pair->input),
                                                             &byte, 1, NULL, &error),
                   ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
}

static void
assert_writes_fail (Pair *pair)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_output_stream_write (pair->output, "x", 1, NULL, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
  g_clear_error (&error);
  g_assert_cmpint (g_pollable_output_stream_write_nonblocking (
                       G_POLLABLE_OUTPUT_STREAM (pair->output), "x", 1, NULL, &error),
                   ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
}

/* what came before the reset can still be read */
static void
reset_after_data (Pair *pair)
{
  net_kernel_write_pattern (pair->fd, 0, SIZE);
  net_kernel_wait_acknowledged (pair->fd);
  net_kernel_reset (pair->fd);
  DPDK_TEST_WAIT_UNTIL (!dpdk_tcp_connection_is_connected (pair->connection));
  g_assert_true (
      dpdk_socket_is_closed (DPDK_SOCKET (dpdk_tcp_connection_get_socket (pair->connection))));
  net_read_pattern (pair->connection, 0, SIZE);
  assert_reads_fail (pair);
  assert_writes_fail (pair);
}

static void
test_after_data (void)
{
  for_each_pair (reset_after_data);
}

static gpointer
reset_in_thread (gpointer data)
{
  net_kernel_reset (((Pair *) data)->fd);
  return NULL;
}

/* the peer goes away while we send more than fits anywhere */
static void
reset_while_writing (Pair *pair)
{
  g_autoptr (GError) error = NULL;
  guint64 offset = 0;
  GThread *thread;

  net_write_pattern (pair->connection, 0, SIZE);
  net_kernel_read_pattern (pair->fd, 0, SIZE / 2);
  thread = g_thread_new ("reset", reset_in_thread, pair);
  while (error == NULL)
    {
      gssize n = g_output_stream_write (pair->output, net_pattern (offset), NET_PATTERN_SIZE, NULL,
                                        &error);

      if (n > 0)
        offset += (guint64) n;
      g_assert_cmpuint (offset, <, 64 * 1024 * 1024);
    }
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
  g_thread_join (thread);
  assert_reads_fail (pair);
  assert_writes_fail (pair);
}

static void
test_while_writing (void)
{
  for_each_pair (reset_while_writing);
}

typedef struct {
  GError *error;
  guint n_calls;
} Result;

static void
on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Result *out = user_data;

  out->n_calls++;
  g_assert_cmpint (g_input_stream_read_finish (G_INPUT_STREAM (source), result, &out->error), ==,
                   -1);
}

static void
on_written (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Result *out = user_data;

  out->n_calls++;
  g_assert_false (
      g_output_stream_write_all_finish (G_OUTPUT_STREAM (source), result, NULL, &out->error));
}

/* operations that wait are told, each once */
static void
reset_while_waiting (Pair *pair)
{
  g_autofree guint8 *data = g_malloc0 (16 * 1024 * 1024);
  Result read = { 0 }, written = { 0 };
  guint8 byte;

  g_input_stream_read_async (pair->input, &byte, 1, G_PRIORITY_DEFAULT, NULL, on_read, &read);
  g_output_stream_write_all_async (pair->output, data, 16 * 1024 * 1024, G_PRIORITY_DEFAULT, NULL,
                                   on_written, &written);
  DPDK_TEST_WAIT_UNTIL (
      !g_pollable_output_stream_is_writable (G_POLLABLE_OUTPUT_STREAM (pair->output)));
  g_assert_cmpuint (read.n_calls + written.n_calls, ==, 0);
  net_kernel_reset (pair->fd);
  DPDK_TEST_WAIT_UNTIL (read.n_calls > 0 && written.n_calls > 0);
  g_assert_error (read.error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
  g_assert_error (written.error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (read.n_calls, ==, 1);
  g_assert_cmpuint (written.n_calls, ==, 1);
  g_clear_error (&read.error);
  g_clear_error (&written.error);
}

static void
test_while_waiting (void)
{
  for_each_pair (reset_while_waiting);
}

static gpointer
read_in_thread (gpointer data)
{
  Pair *pair = data;

  assert_reads_fail (pair);
  return NULL;
}

static void
reset_while_blocked (Pair *pair)
{
  GThread *thread = g_thread_new ("read", read_in_thread, pair);

  /* whether it blocks already does not matter for the result */
  g_thread_yield ();
  net_kernel_reset (pair->fd);
  g_thread_join (thread);
}

static void
test_while_blocked (void)
{
  for_each_pair (reset_while_blocked);
}

/* the other way round */
static void
abort_by_us (Pair *pair)
{
  g_autoptr (GError) error = NULL;
  guint8 byte;

  dpdk_tcp_connection_abort (pair->connection);
  net_kernel_assert_reset (pair->fd);
  net_kernel_close (pair->fd);
  g_assert_cmpint (g_input_stream_read (pair->input, &byte, 1, NULL, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_assert_false (dpdk_tcp_connection_is_connected (pair->connection));
}

static void
test_abort (void)
{
  for_each_pair (abort_by_us);
}

/* a close with unread data is a reset, but not before what was written is there */
static void
close_with_unread_data (Pair *pair)
{
  net_kernel_write_pattern (pair->fd, 0, 1000);
  DPDK_TEST_WAIT_UNTIL (
      g_pollable_input_stream_is_readable (G_POLLABLE_INPUT_STREAM (pair->input)));
  net_write_pattern (pair->connection, 0, SIZE);
  net_close (pair->connection);
  net_kernel_read_pattern (pair->fd, 0, SIZE);
  net_kernel_assert_reset (pair->fd);
  net_kernel_close (pair->fd);
}

static void
test_close_with_unread_data (void)
{
  for_each_pair (close_with_unread_data);
}

/* a peer that has closed answers our data with a reset */
static void
write_to_closed_peer (Pair *pair)
{
  g_autoptr (GError) error = NULL;
  gint64 deadline = dpdk_test_get_deadline ();

  net_kernel_close (pair->fd);
  net_assert_at_end (pair->connection);
  while (g_output_stream_write (pair->output, "x", 1, NULL, &error) == 1)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_usleep (1000);
    }
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
}

static void
test_write_to_closed_peer (void)
{
  for_each_pair (write_to_closed_peer);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/net/reset/after-data", DPDK_TEST_FLAGS_NETWORK, test_after_data);
  dpdk_test_add_func ("/net/reset/while-writing", DPDK_TEST_FLAGS_NETWORK, test_while_writing);
  dpdk_test_add_func ("/net/reset/while-waiting", DPDK_TEST_FLAGS_NETWORK, test_while_waiting);
  dpdk_test_add_func ("/net/reset/while-blocked", DPDK_TEST_FLAGS_NETWORK, test_while_blocked);
  dpdk_test_add_func ("/net/reset/abort", DPDK_TEST_FLAGS_NETWORK, test_abort);
  dpdk_test_add_func ("/net/reset/close-with-unread-data", DPDK_TEST_FLAGS_NETWORK,
                      test_close_with_unread_data);
  dpdk_test_add_func ("/net/reset/write-to-closed-peer", DPDK_TEST_FLAGS_NETWORK,
                      test_write_to_closed_peer);
  return g_test_run ();
}
