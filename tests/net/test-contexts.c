/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sockets of the kernel beside ours in one main context: the default one, and that of a worker */
#include "net-fixture.h"
#include "net-kernel.h"
#include "net-udp.h"

#include <fcntl.h>
#include <glib-unix.h>
#include <unistd.h>

#define KERNEL_PORT 7100
#define OUR_PORT 7200
#define N_ROUNDS 200
#define RESEND_MS 1000

/* echoes whatever GIOStream it is given */
typedef struct {
  GIOStream *stream;
  guint8 data[4096];
  gint *n_open;
} Echo;

static void echo_read (Echo *self);

static void
on_written (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  g_output_stream_write_all_finish (G_OUTPUT_STREAM (source), result, NULL, &error);
  g_assert_no_error (error);
  echo_read (user_data);
}

static void
on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Echo *self = user_data;
  g_autoptr (GError) error = NULL;
  gssize n = g_input_stream_read_finish (G_INPUT_STREAM (source), result, &error);

  g_assert_no_error (error);
  if (n > 0)
    {
      g_output_stream_write_all_async (g_io_stream_get_output_stream (self->stream), self->data,
                                       (gsize) n, G_PRIORITY_DEFAULT, NULL, on_written, self);
      return;
    }
  g_io_stream_close_async (self->stream, G_PRIORITY_DEFAULT, NULL, NULL, NULL);
  g_object_unref (self->stream);
  g_atomic_int_add (self->n_open, -1);
  g_free (self);
}

static void
echo_read (Echo *self)
{
  g_input_stream_read_async (g_io_stream_get_input_stream (self->stream), self->data,
                             sizeof self->data, G_PRIORITY_DEFAULT, NULL, on_read, self);
}

/* everything is made in the context that it is to be dispatched in */
typedef struct {
  DpdkRuntime *runtime;
  GSocketService *service;
  DpdkTcpListener *listener;
  /* a socket of UDP of the kernel, and one of ours */
  GDatagramBased *datagrams[2];
  GSource *datagram_sources[2];
  GSource *pipe_source;
  int pipe[2];
  guint n_pipe_bytes;
  gint n_open;
  GThread *thread;
  gint is_ready;
  gint is_gone;
} Server;

static void
serve (Server *self, GIOStream *stream)
{
  Echo *echo = g_new0 (Echo, 1);

  g_assert_true (g_thread_self () == self->thread);
  echo->stream = g_object_ref (stream);
  echo->n_open = &self->n_open;
  g_atomic_int_inc (&self->n_open);
  echo_read (echo);
}

static gboolean
on_kernel_incoming (GSocketService *service, GSocketConnection *connection, GObject *source,
                    gpointer user_data)
{
  serve (user_data, G_IO_STREAM (connection));
  return TRUE;
}

static void
on_our_incoming (DpdkTcpListener *listener, DpdkTcpConnection *connection, gpointer user_data)
{
  serve (user_data, G_IO_STREAM (connection));
}

static gboolean
on_pipe (int fd, GIOCondition condition, gpointer user_data)
{
  Server *self = user_data;
  char byte;

  g_assert_true (g_thread_self () == self->thread);
  g_assert_cmpint (read (fd, &byte, 1), ==, 1);
  g_atomic_int_inc ((gint *) &self->n_pipe_bytes);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_datagram (GDatagramBased *socket, GIOCondition condition, gpointer user_data)
{
  Server *self = user_data;
  g_autoptr (GSocketAddress) from = NULL;
  g_autoptr (GError) error = NULL;
  guint8 data[100];
  GInputVector in_vector = { data, sizeof data };
  GInputMessage in = { .address = &from, .vectors = &in_vector, .num_vectors = 1 };
  GOutputVector out_vector = { data, 0 };
  GOutputMessage out = { .vectors = &out_vector, .num_vectors = 1 };

  g_assert_true (g_thread_self () == self->thread);
  g_assert_cmpint (g_datagram_based_receive_messages (socket, &in, 1, 0, 0, NULL, &error), ==, 1);
  g_assert_no_error (error);
  out.address = from;
  out_vector.size = in.bytes_received;
  g_assert_cmpint (g_datagram_based_send_messages (socket, &out, 1, 0, 0, NULL, &error), ==, 1);
  g_assert_no_error (error);
  return G_SOURCE_CONTINUE;
}

static void
start_datagrams (Server *self)
{
  g_autoptr (GSocketAddress) address = net_address ("127.0.0.1", KERNEL_PORT);
  g_autoptr (GError) error = NULL;
  GSocket *socket =
      g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_UDP, &error);

  g_assert_no_error (error);
  g_socket_bind (socket, address, FALSE, &error);
  g_assert_no_error (error);
  self->datagrams[0] = G_DATAGRAM_BASED (socket);
  self->datagrams[1] = G_DATAGRAM_BASED (net_udp_new (self->runtime, NET_OUR_V4, OUR_PORT));
  for (guint i = 0; i < G_N_ELEMENTS (self->datagrams); i++)
    {
      self->datagram_sources[i] =
          g_datagram_based_create_source (self->datagrams[i], G_IO_IN, NULL);
      g_source_set_callback (self->datagram_sources[i], G_SOURCE_FUNC (on_datagram), self, NULL);
      g_source_attach (self->datagram_sources[i], g_main_context_get_thread_default ());
    }
}

static void
stop_datagrams (Server *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->datagrams); i++)
    {
      g_source_destroy (self->datagram_sources[i]);
      g_source_unref (self->datagram_sources[i]);
      g_object_unref (self->datagrams[i]);
    }
}

static void
server_start (Server *self)
{
  g_autoptr (GError) error = NULL;

  self->thread = g_thread_self ();
  self->service = g_socket_service_new ();
  g_socket_listener_add_inet_port (G_SOCKET_LISTENER (self->service), KERNEL_PORT, NULL, &error);
  g_assert_no_error (error);
  g_signal_connect (self->service, "incoming", G_CALLBACK (on_kernel_incoming), self);
  self->listener = net_listen (self->runtime, NET_OUR_V4, OUR_PORT);
  g_signal_connect (self->listener, "incoming", G_CALLBACK (on_our_incoming), self);
  start_datagrams (self);
  self->pipe_source = g_unix_fd_source_new (self->pipe[0], G_IO_IN);
  g_source_set_callback (self->pipe_source, G_SOURCE_FUNC (on_pipe), self, NULL);
  g_source_attach (self->pipe_source, g_main_context_get_thread_default ());
  g_atomic_int_set (&self->is_ready, TRUE);
}

static void
server_stop (Server *self)
{
  g_source_destroy (self->pipe_source);
  g_source_unref (self->pipe_source);
  stop_datagrams (self);
  g_socket_service_stop (self->service);
  g_socket_listener_close (G_SOCKET_LISTENER (self->service));
  g_object_unref (self->service);
  g_object_unref (self->listener);
  g_atomic_int_set (&self->is_gone, TRUE);
}

static void
start_on_worker (DpdkWorker *worker, gpointer user_data)
{
  server_start (user_data);
}

static void
stop_on_worker (DpdkWorker *worker, gpointer user_data)
{
  server_stop (user_data);
}

/* one that is lost is sent again, and its echo may be late */
static void
exchange_datagram (int fd, const char *host, guint16 port, guint round)
{
  const gint64 deadline = dpdk_test_get_deadline ();
  guint got = round + 1;

  net_kernel_udp_send (fd, host, port, &round, sizeof round);
  while (got != round)
    {
      GPollFD poll_fd = { .fd = fd, .events = G_IO_IN };
      gssize n;

      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      if (g_poll (&poll_fd, 1, RESEND_MS) == 0)
        net_kernel_udp_send (fd, host, port, &round, sizeof round);
      else
        net_kernel_udp_try_receive (fd, &got, sizeof got, &n);
    }
}

/* a client of each, in turn and at once */
static gpointer
client_thread (gpointer data)
{
  Server *self = data;
  int fds[4];
  int ours = net_kernel_udp_open (NET_KERNEL_V4, 0);
  int kernels = net_kernel_udp_open ("127.0.0.1", 0);

  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    fds[i] = i % 2 == 0 ? net_kernel_connect (NET_OUR_V4, OUR_PORT)
                        : net_kernel_connect ("127.0.0.1", KERNEL_PORT);
  for (guint round = 0; round < N_ROUNDS; round++)
    {
      g_assert_cmpint (write (self->pipe[1], "x", 1), ==, 1);
      for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
        net_kernel_write_pattern (fds[i], round + i, 3000);
      for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
        net_kernel_read_pattern (fds[i], round + i, 3000);
      exchange_datagram (ours, NET_OUR_V4, OUR_PORT, round);
      exchange_datagram (kernels, "127.0.0.1", KERNEL_PORT, round);
    }
  net_kernel_close (ours);
  net_kernel_close (kernels);
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    {
      net_kernel_finish (fds[i]);
      net_kernel_assert_at_end (fds[i]);
      net_kernel_close (fds[i]);
    }
  g_atomic_int_set (&self->is_ready, FALSE);
  return NULL;
}

static void
run (gboolean on_worker)
{
  Server server = { .runtime = net_start () };
  DpdkWorker *worker = dpdk_runtime_dup_worker (server.runtime, 0);
  g_autoptr (GError) error = NULL;
  GThread *thread;

  net_run ("ip link set lo up");
  g_unix_open_pipe (server.pipe, FD_CLOEXEC, &error);
  g_assert_no_error (error);
  if (on_worker)
    dpdk_worker_invoke (worker, start_on_worker, &server, NULL, &error);
  else
    server_start (&server);
  g_assert_no_error (error);
  DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&server.is_ready));
  thread = g_thread_new ("clients", client_thread, &server);
  DPDK_TEST_WAIT_UNTIL (!g_atomic_int_get (&server.is_ready));
  g_thread_join (thread);
  DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&server.n_open) == 0);
  DPDK_TEST_WAIT_UNTIL (g_atomic_int_get ((gint *) &server.n_pipe_bytes) == N_ROUNDS);
  if (on_worker)
    dpdk_worker_invoke (worker, stop_on_worker, &server, NULL, &error);
  else
    server_stop (&server);
  g_assert_no_error (error);
  DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&server.is_gone));
  net_kernel_close (server.pipe[0]);
  net_kernel_close (server.pipe[1]);
  g_object_unref (worker);
  net_stop (server.runtime);
}

static void
test_default (void)
{
  run (FALSE);
}

static void
test_worker (void)
{
  run (TRUE);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/net/contexts/default", DPDK_TEST_FLAGS_NETWORK, test_default);
  dpdk_test_add_func ("/net/contexts/worker", DPDK_TEST_FLAGS_NETWORK, test_worker);
  return g_test_run ();
}
