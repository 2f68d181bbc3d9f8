/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* peers that do not read, and connections of which one direction has ended */
#include "net-fixture.h"
#include "net-kernel.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#define MEBIBYTE (1024 * 1024)
/* the longest time without progress that is not yet a standstill */
#define STANDSTILL_US (300 * G_TIME_SPAN_MILLISECOND)
/* the queue of a connection in each direction, with what the stack adds to it */
#define MAX_QUEUE (768 * 1024)
#define MAX_MEMORY (16 * MEBIBYTE + NET_MEMORY_SLACK)

static const NetFamily families[] = NET_FAMILIES;

typedef struct {
  DpdkTcpListener *listener;
  DpdkTcpConnection *connection;
  int fd;
} Pair;

static void
pair_open_on (Pair *pair, DpdkTcpListener *listener, const char *host)
{
  pair->listener = listener;
  pair->fd = net_kernel_connect (host, net_listener_get_port (listener));
  pair->connection = net_accept (listener);
}

static void
pair_close (Pair *pair)
{
  net_close (pair->connection);
  net_release (g_steal_pointer (&pair->connection));
}

/* beside whatever stands still, everything else goes on */
static void
assert_others_are_served (DpdkTcpListener *listener)
{
  Pair other;

  pair_open_on (&other, listener, NET_OUR_V4);
  net_kernel_write_pattern (other.fd, 7, 1000);
  net_read_pattern (other.connection, 7, 1000);
  net_write_pattern (other.connection, 9, 100000);
  net_kernel_read_pattern (other.fd, 9, 100000);
  net_kernel_close (other.fd);
  net_assert_at_end (other.connection);
  pair_close (&other);
}

static guint64
get_memory (void)
{
  g_autoptr (DpdkTestUsage) usage = dpdk_test_usage_new ();

  return dpdk_test_usage_get_memory (usage);
}

static void
assert_memory_is_bounded (guint64 before)
{
  guint64 now = get_memory ();

  g_test_message ("memory: %+.1f MiB", ((double) now - (double) before) / MEBIBYTE);
  g_assert_cmpuint (now, <, before + MAX_MEMORY);
}

typedef struct {
  DpdkTcpConnection *connection;
  guint64 size;
  guint64 n_written;
} Writer;

static gpointer
write_in_thread (gpointer data)
{
  Writer *self = data;
  GOutputStream *output = g_io_stream_get_output_stream (G_IO_STREAM (self->connection));
  g_autoptr (GError) error = NULL;

  for (guint64 done = 0; done < self->size;)
    {
      gssize n = g_output_stream_write (output, net_pattern (done),
                                        MIN (NET_PATTERN_SIZE, self->size - done), NULL, &error);

      g_assert_no_error (error);
      g_assert_cmpint (n, >, 0);
      done += (guint64) n;
      __atomic_store_n (&self->n_written, done, __ATOMIC_SEQ_CST);
    }
  dpdk_tcp_connection_shutdown (self->connection, FALSE, TRUE, &error);
  g_assert_no_error (error);
  return NULL;
}

static guint64
wait_for_standstill (guint64 *counter)
{
  gint64 since = g_get_monotonic_time ();
  gint64 deadline = dpdk_test_get_deadline ();
  guint64 last = 0;

  while (g_get_monotonic_time () - since < STANDSTILL_US)
    {
      guint64 now = __atomic_load_n (counter, __ATOMIC_SEQ_CST);

      if (now != last)
        since = g_get_monotonic_time ();
      last = now;
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_usleep (1000);
    }
  return last;
}

static void
test_kernel_does_not_read (void)
{
  DpdkRuntime *runtime = net_start ();

  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    {
      DpdkTcpListener *listener = net_listen (runtime, families[i].ours, 0);
      DpdkTcpListener *other_listener = net_listen (runtime, NET_OUR_V4, 0);
      int kernel_buffer = 0;
      socklen_t size = sizeof kernel_buffer;
      guint64 before;
      GThread *thread;
      Writer writer;
      guint64 limit;
      Pair pair;

      pair_open_on (&pair, listener, families[i].ours);
      before = get_memory ();
      writer = (Writer){ pair.connection, (guint64) dpdk_test_scale (64) * MEBIBYTE, 0 };
      if (writer.size < 16 * MEBIBYTE)
        writer.size = 16 * MEBIBYTE;
      thread = g_thread_new ("write", write_in_thread, &writer);
      wait_for_standstill (&writer.n_written);
      /* the kernel makes its buffer larger as it likes */
      g_assert_cmpint (getsockopt (pair.fd, SOL_SOCKET, SO_RCVBUF, &kernel_buffer, &size), ==, 0);
      limit = (guint64) kernel_buffer + MAX_QUEUE;
      g_test_message ("%s: %" G_GUINT64_FORMAT " bytes written to a peer that does not read",
                      families[i].ours, writer.n_written);
      g_assert_cmpuint (writer.n_written, >, 0);
      g_assert_cmpuint (writer.n_written, <, MIN (limit, writer.size));
      assert_memory_is_bounded (before);
      assert_others_are_served (other_listener);

      g_assert_cmpuint (net_kernel_read_pattern_to_end (pair.fd, 0), ==, writer.size);
      g_thread_join (thread);
      g_assert_cmpuint (writer.n_written, ==, writer.size);
      net_kernel_close (pair.fd);
      pair_close (&pair);
      net_release (listener);
      net_release (other_listener);
    }
  net_stop (runtime);
}

/* gives the number of bytes that the kernel took until it stood still */
static guint64
fill (int fd, gsize chunk, guint64 max)
{
  struct pollfd poll_fd = { .fd = fd, .events = POLLOUT };
  guint64 total = 0;

  while (total < max)
    {
      gssize n = send (fd, net_pattern (total), MIN (chunk, max - total), MSG_DONTWAIT);

      if (n > 0)
        total += (guint64) n;
      else if (errno != EINTR && errno != EAGAIN)
        g_error ("send: %s", g_strerror (errno));
      else if (errno == EAGAIN && poll (&poll_fd, 1, STANDSTILL_US / 1000) == 0)
        break;
    }
  return total;
}

typedef struct {
  int fd;
  guint64 offset;
  guint64 size;
} Filler;

static gpointer
fill_rest_in_thread (gpointer data)
{
  Filler *self = data;

  net_kernel_write_pattern (self->fd, self->offset, self->size - self->offset);
  net_kernel_finish (self->fd);
  return NULL;
}

static void
test_we_do_not_read (void)
{
  DpdkRuntime *runtime = net_start ();

  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    {
      DpdkTcpListener *listener = net_listen (runtime, families[i].ours, 0);
      DpdkTcpListener *other_listener = net_listen (runtime, NET_OUR_V4, 0);
      const int kernel_buffer = 256 * 1024;
      Filler filler = { .size = 32 * MEBIBYTE };
      guint64 before;
      GThread *thread;
      Pair pair;

      pair_open_on (&pair, listener, families[i].ours);
      filler.fd = pair.fd;
      g_assert_cmpint (
          setsockopt (pair.fd, SOL_SOCKET, SO_SNDBUF, &kernel_buffer, sizeof kernel_buffer), ==, 0);
      before = get_memory ();
      filler.offset = fill (pair.fd, NET_PATTERN_SIZE, filler.size);
      g_test_message ("%s: %" G_GUINT64_FORMAT " bytes taken while we do not read",
                      families[i].ours, filler.offset);
      g_assert_cmpuint (filler.offset, <, 2 * kernel_buffer + MAX_QUEUE);
      assert_memory_is_bounded (before);
      assert_others_are_served (other_listener);

      thread = g_thread_new ("fill", fill_rest_in_thread, &filler);
      net_read_pattern (pair.connection, 0, filler.size);
      net_assert_at_end (pair.connection);
      g_thread_join (thread);
      net_kernel_close (pair.fd);
      pair_close (&pair);
      net_release (listener);
      net_release (other_listener);
    }
  net_stop (runtime);
}

#define N_FILLED 100

/* together they could hold more buffers than there are */
static void
test_we_do_not_read_many (void)
{
  DpdkRuntime *runtime = net_start ();
  DpdkTcpListener *listener = net_listen (runtime, NET_OUR_V4, 0);
  DpdkTcpListener *other_listener = net_listen (runtime, NET_OUR_V4, 0);
  guint64 taken[N_FILLED];
  Pair pairs[N_FILLED];
  guint64 before;

  before = get_memory ();
  for (guint i = 0; i < N_FILLED; i++)
    {
      pair_open_on (&pairs[i], listener, NET_OUR_V4);
      taken[i] = 0;
    }
  for (guint i = 0; i < N_FILLED; i++)
    {
      taken[i] = 256 * 1024;
      net_kernel_write_pattern (pairs[i].fd, 0, taken[i]);
    }
  assert_others_are_served (other_listener);
  /* twice what was sent, and what is allowed to one of them */
  g_assert_cmpuint (get_memory (), <, before + MAX_MEMORY + 2 * N_FILLED * 256 * 1024);
  for (guint i = 0; i < N_FILLED; i++)
    {
      net_kernel_finish (pairs[i].fd);
      net_read_pattern (pairs[i].connection, 0, taken[i]);
      net_assert_at_end (pairs[i].connection);
      pair_close (&pairs[i]);
      net_kernel_assert_at_end (pairs[i].fd);
      net_kernel_close (pairs[i].fd);
    }
  net_release (listener);
  net_release (other_listener);
  net_stop (runtime);
}

/* a segment of one byte must not cost a buffer of thousands */
static void
test_tiny_segments (void)
{
  DpdkRuntime *runtime = net_start ();
  DpdkTcpListener *listener = net_listen (runtime, NET_OUR_V4, 0);
  DpdkTcpListener *other_listener = net_listen (runtime, NET_OUR_V4, 0);
  g_autoptr (DpdkPort) port = dpdk_runtime_dup_port (runtime, 0);
  DpdkMempool *pool = dpdk_port_get_mempool (port);
  const int on = 1;
  guint64 before;
  guint64 taken;
  Pair pair;

  pair_open_on (&pair, listener, NET_OUR_V4);
  g_assert_cmpint (setsockopt (pair.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), ==, 0);
  before = get_memory ();
  taken = fill (pair.fd, 1, 100000);
  net_kernel_wait_acknowledged (pair.fd);
  g_test_message ("%" G_GUINT64_FORMAT " bytes in segments of one, %u buffers in use", taken,
                  dpdk_mempool_get_in_use (pool));
  g_assert_cmpuint (dpdk_mempool_get_available (pool), >, dpdk_mempool_get_capacity (pool) / 2);
  assert_memory_is_bounded (before);
  assert_others_are_served (other_listener);
  net_kernel_finish (pair.fd);
  net_read_pattern (pair.connection, 0, taken);
  net_assert_at_end (pair.connection);
  net_kernel_close (pair.fd);
  pair_close (&pair);
  g_clear_object (&port);
  net_release (listener);
  net_release (other_listener);
  net_stop (runtime);
}

static void
for_each_family (void (*func) (Pair *pair))
{
  DpdkRuntime *runtime = net_start ();

  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    {
      DpdkTcpListener *listener = net_listen (runtime, families[i].ours, 0);
      Pair pair;

      pair_open_on (&pair, listener, families[i].ours);
      func (&pair);
      pair_close (&pair);
      net_release (listener);
    }
  net_stop (runtime);
}

static void
half_close_by_kernel (Pair *pair)
{
  Writer writer = { pair->connection, MEBIBYTE, 0 };
  GThread *thread;

  net_kernel_write_pattern (pair->fd, 5, 1000);
  net_kernel_finish (pair->fd);
  net_read_pattern (pair->connection, 5, 1000);
  net_assert_at_end (pair->connection);
  net_assert_at_end (pair->connection);
  g_assert_true (dpdk_tcp_connection_is_connected (pair->connection));
  thread = g_thread_new ("write", write_in_thread, &writer);
  g_assert_cmpuint (net_kernel_read_pattern_to_end (pair->fd, 0), ==, MEBIBYTE);
  g_thread_join (thread);
  net_kernel_close (pair->fd);
}

static void
test_half_close_by_kernel (void)
{
  for_each_family (half_close_by_kernel);
}

static void
half_close_by_us (Pair *pair)
{
  GOutputStream *output = g_io_stream_get_output_stream (G_IO_STREAM (pair->connection));
  Filler filler = { .fd = pair->fd, .size = MEBIBYTE };
  g_autoptr (GError) error = NULL;
  GThread *thread;

  net_write_pattern (pair->connection, 5, 1000);
  dpdk_tcp_connection_shutdown (pair->connection, FALSE, TRUE, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_output_stream_write (output, "x", 1, NULL, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_assert_cmpuint (net_kernel_read_pattern_to_end (pair->fd, 5), ==, 1000);
  thread = g_thread_new ("fill", fill_rest_in_thread, &filler);
  net_read_pattern (pair->connection, 0, MEBIBYTE);
  net_assert_at_end (pair->connection);
  g_thread_join (thread);
  net_kernel_close (pair->fd);
}

static void
test_half_close_by_us (void)
{
  for_each_family (half_close_by_us);
}

/* closing the output stream is the same */
static void
half_close_by_stream (Pair *pair)
{
  GOutputStream *output = g_io_stream_get_output_stream (G_IO_STREAM (pair->connection));
  g_autoptr (GError) error = NULL;

  net_write_pattern (pair->connection, 0, 1000);
  g_output_stream_close (output, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (net_kernel_read_pattern_to_end (pair->fd, 0), ==, 1000);
  net_kernel_write_pattern (pair->fd, 0, 100000);
  net_kernel_finish (pair->fd);
  net_read_pattern (pair->connection, 0, 100000);
  net_assert_at_end (pair->connection);
  net_kernel_close (pair->fd);
}

static void
test_half_close_by_stream (void)
{
  for_each_family (half_close_by_stream);
}

/* what arrives after a shutdown of reading is thrown away, and does not stop the peer */
static void
shutdown_read (Pair *pair)
{
  g_autoptr (GError) error = NULL;

  net_kernel_write_pattern (pair->fd, 0, 1000);
  net_read_pattern (pair->connection, 0, 500);
  dpdk_tcp_connection_shutdown (pair->connection, TRUE, FALSE, &error);
  g_assert_no_error (error);
  net_assert_at_end (pair->connection);
  net_kernel_write_pattern (pair->fd, 1000, 2 * MEBIBYTE);
  net_kernel_wait_acknowledged (pair->fd);
  net_write_pattern (pair->connection, 0, 100000);
  net_kernel_read_pattern (pair->fd, 0, 100000);
  net_kernel_finish (pair->fd);
  dpdk_tcp_connection_shutdown (pair->connection, FALSE, TRUE, &error);
  g_assert_no_error (error);
  net_kernel_assert_at_end (pair->fd);
  net_kernel_close (pair->fd);
}

static void
test_shutdown_read (void)
{
  for_each_family (shutdown_read);
}

static gpointer
finish_in_thread (gpointer data)
{
  Filler *self = data;

  net_kernel_write_pattern (self->fd, self->offset, self->size);
  net_kernel_finish (self->fd);
  g_assert_cmpuint (net_kernel_read_pattern_to_end (self->fd, self->offset), ==, self->size);
  net_kernel_close (self->fd);
  return NULL;
}

/* both ends finish at about the same time, with data on its way in both directions */
static void
test_simultaneous (void)
{
  DpdkRuntime *runtime = net_start ();

  for (guint i = 0; i < dpdk_test_scale (200); i++)
    {
      const char *ours = families[i % 2].ours;
      DpdkTcpListener *listener = net_listen (runtime, ours, 0);
      g_autoptr (GError) error = NULL;
      Filler filler = { .offset = i, .size = (i * 37) % 3000 };
      GThread *thread;
      Pair pair;

      pair_open_on (&pair, listener, ours);
      filler.fd = pair.fd;
      thread = g_thread_new ("finish", finish_in_thread, &filler);
      net_write_pattern (pair.connection, i, filler.size);
      dpdk_tcp_connection_shutdown (pair.connection, FALSE, TRUE, &error);
      g_assert_no_error (error);
      net_read_pattern (pair.connection, i, filler.size);
      net_assert_at_end (pair.connection);
      g_thread_join (thread);
      pair_close (&pair);
      net_release (listener);
    }
  net_stop (runtime);
}

/* what was written before a close arrives, even if the connection object is gone at once */
static void
test_close_after_write (void)
{
  DpdkRuntime *runtime = net_start ();

  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    {
      DpdkTcpListener *listener = net_listen (runtime, families[i].ours, 0);
      Pair pair;

      pair_open_on (&pair, listener, families[i].ours);
      net_write_pattern (pair.connection, 0, 200000);
      net_release (pair.connection);
      net_release (listener);
      g_assert_cmpuint (net_kernel_read_pattern_to_end (pair.fd, 0), ==, 200000);
      net_kernel_close (pair.fd);
    }
  net_stop (runtime);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/net/flow/kernel-does-not-read", DPDK_TEST_FLAGS_NETWORK,
                      test_kernel_does_not_read);
  dpdk_test_add_func ("/net/flow/we-do-not-read", DPDK_TEST_FLAGS_NETWORK, test_we_do_not_read);
  dpdk_test_add_func ("/net/flow/we-do-not-read-many", DPDK_TEST_FLAGS_NETWORK,
                      test_we_do_not_read_many);
  dpdk_test_add_func ("/net/flow/tiny-segments", DPDK_TEST_FLAGS_NETWORK, test_tiny_segments);
  dpdk_test_add_func ("/net/flow/half-close-by-kernel", DPDK_TEST_FLAGS_NETWORK,
                      test_half_close_by_kernel);
  dpdk_test_add_func ("/net/flow/half-close-by-us", DPDK_TEST_FLAGS_NETWORK, test_half_close_by_us);
  dpdk_test_add_func ("/net/flow/half-close-by-stream", DPDK_TEST_FLAGS_NETWORK,
                      test_half_close_by_stream);
  dpdk_test_add_func ("/net/flow/shutdown-read", DPDK_TEST_FLAGS_NETWORK, test_shutdown_read);
  dpdk_test_add_func ("/net/flow/simultaneous", DPDK_TEST_FLAGS_NETWORK, test_simultaneous);
  dpdk_test_add_func ("/net/flow/close-after-write", DPDK_TEST_FLAGS_NETWORK,
                      test_close_after_write);
  return g_test_run ();
}
