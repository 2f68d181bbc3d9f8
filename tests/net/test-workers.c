/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* two workers share one tap: each has a stack and a queue of its own */
#include "net-hold.h"
#include "net-kernel.h"

#include <string.h>

#define N_CONNECTIONS 200
#define MAX_SIZE (256 * 1024)
#define N_WORKERS 2

static const NetFamily families[] = NET_FAMILIES;

static const char json[] =
    "{\"dpdk_cores\": [0, 1], \"devices\": [{\"vdev\": \"net_tap0,iface=dpdk0\","
    " \"mac\": \"" NET_OUR_MAC "\", \"addresses\": [\"198.18.0.2/24\", \"fde7:f17d:24::2/64\"],"
    " \"gateway_v4\": \"198.18.0.1\"}]}";

static DpdkRuntime *
start (void)
{
  DpdkRuntime *runtime = net_start_with (json);

  net_kernel_up_default ();
  g_assert_cmpuint (dpdk_runtime_get_n_workers (runtime), ==, N_WORKERS);
  for (guint i = 0; i < N_WORKERS; i++)
    {
      g_autoptr (DpdkWorker) worker = dpdk_runtime_dup_worker (runtime, i);

      g_assert_cmpuint (dpdk_worker_get_index (worker), ==, i);
      g_assert_cmpuint (dpdk_worker_get_core (worker), ==, i);
    }
  return runtime;
}

static guint
get_worker_index (DpdkTcpConnection *connection)
{
  DpdkTcpSocket *socket = dpdk_tcp_connection_get_socket (connection);

  return dpdk_worker_get_index (dpdk_socket_get_worker (DPDK_SOCKET (socket)));
}

static void
test_ping (void)
{
  DpdkRuntime *runtime = start ();

  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    {
      net_run ("ping -q -f -c 1000 %s", families[i].ours);
      net_run ("ping -q -f -c 100 -s 4000 %s", families[i].ours);
      net_run ("ip neigh flush dev " NET_INTERFACE);
    }
  net_stop (runtime);
}

typedef struct {
  const char *host;
  guint16 port;
  guint64 offset;
  guint64 size;
} Client;

static void
client_init (Client *self, guint i, GRand *random)
{
  self->offset = g_rand_int (random);
  self->size = (guint64) g_rand_int_range (random, 1, MAX_SIZE);
}

static gpointer
kernel_client_thread (gpointer data)
{
  Client *self = data;
  int fd = net_kernel_connect (self->host, self->port);

  net_kernel_write_pattern (fd, self->offset, self->size);
  net_kernel_finish (fd);
  g_assert_cmpuint (net_kernel_read_pattern_to_end (fd, self->offset), ==, self->size);
  net_kernel_close (fd);
  return NULL;
}

static gpointer
echo_thread (gpointer data)
{
  DpdkTcpConnection *connection = data;
  GInputStream *input = g_io_stream_get_input_stream (G_IO_STREAM (connection));
  GOutputStream *output = g_io_stream_get_output_stream (G_IO_STREAM (connection));
  g_autoptr (GOutputStream) all = g_memory_output_stream_new_resizable ();
  g_autoptr (GError) error = NULL;

  g_output_stream_splice (all, input, G_OUTPUT_STREAM_SPLICE_NONE, NULL, &error);
  g_assert_no_error (error);
  g_output_stream_write_all (output, g_memory_output_stream_get_data (G_MEMORY_OUTPUT_STREAM (all)),
                             g_memory_output_stream_get_data_size (G_MEMORY_OUTPUT_STREAM (all)),
                             NULL, NULL, &error);
  g_assert_no_error (error);
  net_close (connection);
  net_release (connection);
  return NULL;
}

static void
run_incoming (guint16 port)
{
  const guint n = MAX (dpdk_test_scale (N_CONNECTIONS), 20);
  DpdkRuntime *runtime = start ();
  DpdkTcpListener *listeners[] = { net_listen (runtime, NET_OUR_V4, port),
                                   net_listen (runtime, NET_OUR_V6, port) };
  g_autoptr (GRand) random = dpdk_test_random_new ();
  g_autoptr (GPtrArray) threads = g_ptr_array_new ();
  Client *clients = g_new0 (Client, n);
  guint n_of_worker[N_WORKERS] = { 0 };

  for (guint i = 0; i < n; i++)
    {
      client_init (&clients[i], i, random);
      clients[i].host = families[i % 2].ours;
      clients[i].port = net_listener_get_port (listeners[i % 2]);
      g_ptr_array_add (threads, g_thread_new ("client", kernel_client_thread, &clients[i]));
    }
  for (guint i = 0; i < n; i++)
    {
      DpdkTcpConnection *connection = net_accept (listeners[i % 2]);

      n_of_worker[get_worker_index (connection)]++;
      g_ptr_array_add (threads, g_thread_new ("echo", echo_thread, connection));
    }
  for (guint i = 0; i < threads->len; i++)
    g_thread_join (g_ptr_array_index (threads, i));
  g_test_message ("%u connections on worker 0, %u on worker 1", n_of_worker[0], n_of_worker[1]);
  g_assert_cmpuint (n_of_worker[0], >, 0);
  g_assert_cmpuint (n_of_worker[1], >, 0);
  g_free (clients);
  net_release (listeners[0]);
  net_release (listeners[1]);
  net_stop (runtime);
}

static void
test_incoming (void)
{
  run_incoming (8080);
}

/* of the range that our own connections take their ports from */
static void
test_incoming_ephemeral (void)
{
  run_incoming (0);
}

typedef struct {
  DpdkRuntime *runtime;
  Client client;
  guint worker;
} OurClient;

static gpointer
write_thread (gpointer data)
{
  gpointer *arguments = data;
  DpdkTcpConnection *connection = arguments[0];
  Client *client = arguments[1];
  g_autoptr (GError) error = NULL;

  net_write_pattern (connection, client->offset, client->size);
  dpdk_tcp_connection_shutdown (connection, FALSE, TRUE, &error);
  g_assert_no_error (error);
  return NULL;
}

static gpointer
our_client_thread (gpointer data)
{
  OurClient *self = data;
  DpdkTcpConnection *connection = net_connect (self->runtime, self->client.host, self->client.port);
  gpointer arguments[] = { connection, &self->client };
  GThread *thread = g_thread_new ("write", write_thread, arguments);

  self->worker = get_worker_index (connection);
  net_read_pattern (connection, self->client.offset, self->client.size);
  net_assert_at_end (connection);
  g_thread_join (thread);
  net_close (connection);
  net_release (connection);
  return NULL;
}

/* what the kernel answers may come to the other worker's queue */
static void
run_outgoing (DpdkRuntime *runtime, const char *const *hosts, guint16 port, guint n)
{
  g_autoptr (GRand) random = dpdk_test_random_new ();
  g_autoptr (GPtrArray) threads = g_ptr_array_new ();
  OurClient *clients = g_new0 (OurClient, n);
  guint n_of_worker[N_WORKERS] = { 0 };

  for (guint i = 0; i < n; i++)
    {
      client_init (&clients[i].client, i, random);
      clients[i].runtime = runtime;
      clients[i].client.host = hosts[i / 2 % 2];
      clients[i].client.port = port;
      g_ptr_array_add (threads, g_thread_new ("client", our_client_thread, &clients[i]));
    }
  for (guint i = 0; i < n; i++)
    {
      g_thread_join (g_ptr_array_index (threads, i));
      n_of_worker[clients[i].worker]++;
    }
  g_assert_cmpuint (n_of_worker[0], ==, n / 2);
  g_assert_cmpuint (n_of_worker[1], ==, n / 2);
  g_free (clients);
}

static void
test_outgoing (void)
{
  static const char *const hosts[] = { NET_KERNEL_V4, NET_KERNEL_V6 };
  const guint n = MAX (dpdk_test_scale (N_CONNECTIONS), 20) / 2 * 2;
  DpdkRuntime *runtime = start ();
  NetKernelServer *server = net_kernel_server_new ("::", net_kernel_serve_echo, NULL);

  run_outgoing (runtime, hosts, net_kernel_server_get_port (server), n);
  net_kernel_server_free (server);
  net_stop (runtime);
}

/* a port that was bound belongs to the worker of its socket, whatever its number */
static void
test_bound (void)
{
  DpdkRuntime *runtime = start ();
  NetKernelServer *server = net_kernel_server_new ("::", net_kernel_serve_echo, NULL);
  g_autoptr (GSocketAddress) remote =
      net_address (NET_KERNEL_V4, net_kernel_server_get_port (server));

  for (guint i = 0; i < 40; i++)
    {
      g_autoptr (GSocketAddress) local = net_address (NET_OUR_V4, (guint16) (20000 + i));
      g_autoptr (GError) error = NULL;
      g_autoptr (DpdkTcpSocket) socket =
          dpdk_tcp_socket_new (runtime, G_SOCKET_FAMILY_IPV4, &error);
      DpdkTcpConnection *connection;

      dpdk_tcp_socket_bind (socket, local, &error);
      g_assert_no_error (error);
      connection = dpdk_tcp_socket_connect (socket, remote, NULL, &error);
      g_assert_no_error (error);
      net_write_pattern (connection, i, 10000);
      net_read_pattern (connection, i, 10000);
      net_close (connection);
      net_release (connection);
      net_release (g_steal_pointer (&socket));
    }
  net_kernel_server_free (server);
  net_stop (runtime);
}

typedef struct {
  DpdkTcpConnection *connection;
  int fd;
} Ends;

static Ends
connect_to (DpdkTcpListener *listener, const char *host)
{
  Ends ends = { .fd = net_kernel_connect (host, net_listener_get_port (listener)) };

  ends.connection = net_accept (listener);
  return ends;
}

static void
assert_talk (const Ends *ends)
{
  net_kernel_write_pattern (ends->fd, 3, 50000);
  net_read_pattern (ends->connection, 3, 50000);
  net_write_pattern (ends->connection, 4, 50000);
  net_kernel_read_pattern (ends->fd, 4, 50000);
}

static void
end (Ends *ends)
{
  net_kernel_close (ends->fd);
  net_assert_at_end (ends->connection);
  net_close (ends->connection);
  net_release (g_steal_pointer (&ends->connection));
}

/* one for each worker: the kernel chooses the queue of each by chance */
static void
connect_to_each (DpdkTcpListener *listener, const char *host, Ends ends[N_WORKERS])
{
  guint n = 0;

  memset (ends, 0, N_WORKERS * sizeof *ends);
  while (n < N_WORKERS)
    {
      Ends another = connect_to (listener, host);
      guint index = get_worker_index (another.connection);

      if (ends[index].connection != NULL)
        {
          end (&another);
          continue;
        }
      ends[index] = another;
      n++;
    }
}

static void
assert_all_talk (const Ends ends[N_WORKERS])
{
  for (guint i = 0; i < N_WORKERS; i++)
    assert_talk (&ends[i]);
}

static void
end_all (Ends ends[N_WORKERS])
{
  for (guint i = 0; i < N_WORKERS; i++)
    end (&ends[i]);
}

/* The number is of the range in which packets for nobody's port go to a worker that depends on it: as
   long as there is a listener or a connection, packets stay where the device has put them. */
static void
test_shared_port (void)
{
  DpdkRuntime *runtime = start ();
  DpdkTcpListener *v4 = net_listen (runtime, NET_OUR_V4, 0);
  guint16 port = net_listener_get_port (v4);
  DpdkTcpListener *v6 = net_listen (runtime, NET_OUR_V6, port);
  Ends ends_v4[N_WORKERS], ends_v6[N_WORKERS];

  connect_to_each (v4, NET_OUR_V4, ends_v4);
  connect_to_each (v6, NET_OUR_V6, ends_v6);
  dpdk_socket_close (DPDK_SOCKET (v6));
  net_release (v6);
  assert_all_talk (ends_v4);
  assert_all_talk (ends_v6);
  end_all (ends_v6);
  assert_all_talk (ends_v4);
  dpdk_socket_close (DPDK_SOCKET (v4));
  net_release (v4);
  assert_all_talk (ends_v4);
  end_all (ends_v4);
  net_stop (runtime);
}

typedef struct {
  DpdkRuntime *runtime;
  guint16 port;
} Again;

static gpointer
listen_thread (gpointer data)
{
  Again *self = data;

  return net_listen (self->runtime, NET_OUR_V4, self->port);
}

/* the last part of the closing comes when the next listener has the port already */
static void
test_listen_again (void)
{
  DpdkRuntime *runtime = start ();
  DpdkTcpListener *listener = net_listen (runtime, NET_OUR_V4, 0);
  Again again = { runtime, net_listener_get_port (listener) };

  for (guint round = 0; round < 2 * N_WORKERS; round++)
    {
      guint held = round % N_WORKERS;
      Ends ends[N_WORKERS];
      GThread *thread;
      NetHold *hold;

      connect_to_each (listener, NET_OUR_V4, ends);
      hold = net_hold_begin (runtime, held);
      /* does not wait for the workers, of which all but one close */
      net_release (listener);
      thread = g_thread_new ("listen", listen_thread, &again);
      for (guint i = 0; i < N_WORKERS; i++)
        if (i != held)
          assert_talk (&ends[i]);
      net_hold_end (hold);
      listener = g_thread_join (thread);
      assert_all_talk (ends);
      end_all (ends);
      connect_to_each (listener, NET_OUR_V4, ends);
      assert_all_talk (ends);
      end_all (ends);
    }
  net_release (listener);
  net_stop (runtime);
}

/* from either worker to ourselves */
static void
test_own_address (void)
{
  DpdkRuntime *runtime = start ();
  DpdkTcpListener *listener = net_listen (runtime, NET_OUR_V4, 0);

  for (guint i = 0; i < 20; i++)
    {
      DpdkTcpConnection *client =
          net_connect (runtime, NET_OUR_V4, net_listener_get_port (listener));
      DpdkTcpConnection *server = net_accept (listener);

      net_write_pattern (client, i, 100000);
      net_read_pattern (server, i, 100000);
      net_write_pattern (server, i, 100000);
      net_read_pattern (client, i, 100000);
      net_close (client);
      net_release (client);
      net_assert_at_end (server);
      net_close (server);
      net_release (server);
    }
  net_release (listener);
  net_stop (runtime);
}

/* connections of both workers live when the runtime ends */
static void
test_stop_in_the_middle (void)
{
  DpdkRuntime *runtime = start ();
  DpdkTcpListener *listener = net_listen (runtime, NET_OUR_V4, 0);
  DpdkTcpConnection *connections[20];
  int fds[20];
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    {
      fds[i] = net_kernel_connect (NET_OUR_V4, net_listener_get_port (listener));
      connections[i] = net_accept (listener);
      net_kernel_write_pattern (fds[i], 0, 50000);
    }
  dpdk_runtime_shutdown (runtime, 10000, &error);
  g_assert_no_error (error);
  /* what is still held keeps the EAL */
  g_assert_cmpint (dpdk_eal_get_process_state (), ==, DPDK_EAL_STATE_UP);
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    {
      GInputStream *input = g_io_stream_get_input_stream (G_IO_STREAM (connections[i]));
      guint8 byte;

      g_clear_error (&error);
      g_assert_cmpint (g_input_stream_read (input, &byte, 1, NULL, &error), ==, -1);
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
      net_release (connections[i]);
      net_kernel_close (fds[i]);
    }
  net_release (listener);
  net_stop (runtime);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/net/workers/ping", DPDK_TEST_FLAGS_NETWORK, test_ping);
  dpdk_test_add_func ("/net/workers/incoming", DPDK_TEST_FLAGS_NETWORK, test_incoming);
  dpdk_test_add_func ("/net/workers/incoming-ephemeral", DPDK_TEST_FLAGS_NETWORK,
                      test_incoming_ephemeral);
  dpdk_test_add_func ("/net/workers/outgoing", DPDK_TEST_FLAGS_NETWORK, test_outgoing);
  dpdk_test_add_func ("/net/workers/bound", DPDK_TEST_FLAGS_NETWORK, test_bound);
  dpdk_test_add_func ("/net/workers/shared-port", DPDK_TEST_FLAGS_NETWORK, test_shared_port);
  dpdk_test_add_func ("/net/workers/listen-again", DPDK_TEST_FLAGS_NETWORK, test_listen_again);
  dpdk_test_add_func ("/net/workers/own-address", DPDK_TEST_FLAGS_NETWORK, test_own_address);
  dpdk_test_add_func ("/net/workers/stop-in-the-middle", DPDK_TEST_FLAGS_NETWORK,
                      test_stop_in_the_middle);
  return g_test_run ();
}
