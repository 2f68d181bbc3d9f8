/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* a second process, the same program or another one, and what happens when it dies */
#include <dpdk-glib-testing.h>
#include <gio/gunixsocketaddress.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define BURST 32
#define TCP_PORT 7000
#define CHUNK 65536

typedef struct {
  DpdkEal *eal;
  DpdkMempool *pool;
  DpdkPort *port;
} Device;

static Device
device_open (DpdkTestProcess *process)
{
  g_autofree char *devargs = dpdk_test_process_dup_memif (process, 0);
  g_autoptr (GError) error = NULL;
  Device self;

  self.eal = dpdk_eal_new (NULL, &error);
  g_assert_no_error (error);
  self.pool = dpdk_mempool_new (self.eal, 2047, 0, 2048, -1, &error);
  g_assert_no_error (error);
  self.port = dpdk_port_new (self.eal, devargs, &error);
  g_assert_no_error (error);
  dpdk_port_configure (self.port, self.pool, 1, 128, &error);
  g_assert_no_error (error);
  dpdk_port_start (self.port, &error);
  g_assert_no_error (error);
  return self;
}

static void
device_close (Device *self)
{
  dpdk_test_assert_finalize (self->port);
  dpdk_test_assert_pool_full (self->pool);
  dpdk_test_assert_finalize (self->pool);
  g_object_unref (self->eal);
}

/* what arrives goes back */
static guint
reflect (Device *self)
{
  DpdkPacket *packets[BURST];
  guint n = dpdk_port_rx_burst (self->port, 0, packets, BURST);
  guint sent = dpdk_port_tx_burst (self->port, 0, packets, n);

  for (guint i = sent; i < n; i++)
    dpdk_packet_unref (packets[i]);
  return n;
}

static void
serve (void)
{
  DpdkTestProcess *parent = dpdk_test_process_get_parent ();
  Device device;
  guint n = 0;

  dpdk_test_process_expect (parent, "open");
  device = device_open (parent);
  dpdk_test_process_say (parent, "ready");
  while (n < 10)
    n += reflect (&device);
  dpdk_test_process_say (parent, "done");
  dpdk_test_process_expect (parent, "stop");
  device_close (&device);
}

static void
serve_for_ever (void)
{
  DpdkTestProcess *parent = dpdk_test_process_get_parent ();
  Device device;

  dpdk_test_process_expect (parent, "open");
  device = device_open (parent);
  dpdk_test_process_say (parent, "ready");
  while (TRUE)
    reflect (&device);
}

/* TRUE if a packet came back */
static gboolean
ping (Device *self)
{
  static const guint8 frame[100];
  g_autoptr (GError) error = NULL;
  DpdkPacket *packet = dpdk_mempool_acquire (self->pool, &error);
  DpdkPacket *packets[BURST];
  guint n;

  g_assert_no_error (error);
  dpdk_packet_append (packet, frame, sizeof frame, &error);
  g_assert_no_error (error);
  if (dpdk_port_tx_burst (self->port, 0, &packet, 1) == 0)
    dpdk_packet_unref (packet);
  n = dpdk_port_rx_burst (self->port, 0, packets, BURST);
  for (guint i = 0; i < n; i++)
    dpdk_packet_unref (packets[i]);
  return n > 0;
}

static DpdkTestProcess *
spawn (const char *name)
{
  g_autoptr (GError) error = NULL;
  DpdkTestProcess *process = dpdk_test_process_spawn (name, &error);

  g_assert_no_error (error);
  return process;
}

static void
test_memif (void)
{
  DpdkTestProcess *process = spawn ("serve");
  Device device = device_open (process);

  /* memif never closes the socket that it listens on */
  dpdk_test_ignore_fds (1);
  dpdk_test_process_say (process, "open");
  dpdk_test_process_expect (process, "ready");
  DPDK_TEST_WAIT_UNTIL (ping (&device));
  /* far more than it waits for: it may be too slow for all of them */
  for (guint i = 0; i < 1000; i++)
    {
      ping (&device);
      g_thread_yield ();
    }
  dpdk_test_process_expect (process, "done");
  dpdk_test_process_say (process, "stop");
  g_assert_cmpint (dpdk_test_process_wait (process), ==, 0);
  device_close (&device);
  g_assert_finalize_object (process);
}

/* each time another process is at the other end of the same device */
static void
test_kill (void)
{
  g_autoptr (GError) error = NULL;
  Device device;
  g_autoptr (DpdkTestProcess) first = spawn ("serve-for-ever");

  /* memif never closes the socket that it listens on */
  dpdk_test_ignore_fds (1);
  device = device_open (first);
  dpdk_test_process_say (first, "open");
  dpdk_test_process_expect (first, "ready");
  DPDK_TEST_WAIT_UNTIL (ping (&device));
  for (guint i = 0; i < 10; i++)
    ping (&device);
  dpdk_test_process_kill (first, SIGKILL);
  g_assert_cmpint (dpdk_test_process_wait (first), ==, SIGKILL);
  /* does not crash */
  for (guint i = 0; i < 1000; i++)
    ping (&device);
  device_close (&device);
}

static GSocketAddress *
get_address (DpdkTestProcess *process, guint end, GSocketFamily family)
{
  return g_inet_socket_address_new_from_string (
      dpdk_test_process_get_address (process, end, family), TCP_PORT);
}

static void
echo_all (DpdkTcpListener *listener)
{
  g_autoptr (GError) error = NULL;
  DpdkTcpConnection *connection = dpdk_tcp_listener_accept (listener, NULL, &error);

  g_assert_no_error (error);
  g_output_stream_splice (g_io_stream_get_output_stream (G_IO_STREAM (connection)),
                          g_io_stream_get_input_stream (G_IO_STREAM (connection)),
                          G_OUTPUT_STREAM_SPLICE_NONE, NULL, &error);
  g_assert_no_error (error);
  g_io_stream_close (G_IO_STREAM (connection), NULL, &error);
  g_assert_no_error (error);
  dpdk_test_assert_finalize (connection);
}

static void
run_echo (void)
{
  static const GSocketFamily families[] = { G_SOCKET_FAMILY_IPV4, G_SOCKET_FAMILY_IPV6 };
  DpdkTestProcess *parent = dpdk_test_process_get_parent ();
  g_autoptr (GError) error = NULL;
  DpdkRuntime *runtime;

  dpdk_test_process_expect (parent, "open");
  runtime = dpdk_test_process_build_runtime (parent, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    {
      g_autoptr (GSocketAddress) address = get_address (parent, 1, families[i]);
      g_autoptr (DpdkTcpListener) listener = dpdk_tcp_listener_new (runtime, address, 1, &error);

      g_assert_no_error (error);
      dpdk_test_process_say (parent, "listening");
      echo_all (listener);
    }
  dpdk_test_process_expect (parent, "stop");
  dpdk_test_assert_finalize (runtime);
}

static gpointer
write_all (gpointer data)
{
  GOutputStream *output = g_io_stream_get_output_stream (data);
  g_autoptr (GRand) random = dpdk_test_random_new ();
  g_autoptr (GError) error = NULL;
  guint32 chunk[CHUNK / sizeof (guint32)];

  for (guint n = dpdk_test_scale (32); n > 0; n--)
    {
      for (guint i = 0; i < G_N_ELEMENTS (chunk); i++)
        chunk[i] = g_rand_int (random);
      g_output_stream_write_all (output, chunk, sizeof chunk, NULL, NULL, &error);
      g_assert_no_error (error);
    }
  dpdk_tcp_connection_shutdown (data, FALSE, TRUE, &error);
  g_assert_no_error (error);
  return NULL;
}

/* what comes back is what was written, to the end */
static void
exchange (DpdkRuntime *runtime, GSocketAddress *address)
{
  g_autoptr (GRand) random = dpdk_test_random_new ();
  g_autoptr (GError) error = NULL;
  DpdkTcpSocket *socket =
      dpdk_tcp_socket_new (runtime, g_socket_address_get_family (address), &error);
  DpdkTcpConnection *connection;
  GThread *writer;

  g_assert_no_error (error);
  connection = dpdk_tcp_socket_connect (socket, address, NULL, &error);
  g_assert_no_error (error);
  writer = g_thread_new ("write", write_all, connection);
  for (guint n = dpdk_test_scale (32) * (CHUNK / sizeof (guint32)); n > 0; n--)
    {
      guint32 number;
      gsize n_read;

      g_input_stream_read_all (g_io_stream_get_input_stream (G_IO_STREAM (connection)), &number,
                               sizeof number, &n_read, NULL, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (n_read, ==, sizeof number);
      g_assert_cmphex (number, ==, g_rand_int (random));
    }
  g_thread_join (writer);
  g_assert_cmpint (g_input_stream_read (g_io_stream_get_input_stream (G_IO_STREAM (connection)),
                                        &(char){ 0 }, 1, NULL, &error),
                   ==, 0);
  g_assert_no_error (error);
  g_io_stream_close (G_IO_STREAM (connection), NULL, &error);
  g_assert_no_error (error);
  g_object_unref (socket);
  dpdk_test_assert_finalize (connection);
}

/* two runtimes, each in a process of its own with an EAL of its own */
static void
test_runtimes (void)
{
  static const GSocketFamily families[] = { G_SOCKET_FAMILY_IPV4, G_SOCKET_FAMILY_IPV6 };
  DpdkTestProcess *process = spawn ("echo");
  g_autoptr (GError) error = NULL;
  DpdkRuntime *runtime = dpdk_test_process_build_runtime (process, &error);

  g_assert_no_error (error);
  /* memif never closes the socket that it listens on */
  dpdk_test_ignore_fds (1);
  dpdk_test_process_say (process, "open");
  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    {
      g_autoptr (GSocketAddress) address = get_address (process, 1, families[i]);

      dpdk_test_process_expect (process, "listening");
      exchange (runtime, address);
    }
  dpdk_test_process_say (process, "stop");
  g_assert_cmpint (dpdk_test_process_wait (process), ==, 0);
  dpdk_test_assert_finalize (runtime);
  /* the socket is in the folder of the process */
  dpdk_test_assert_eal_dead ();
  g_assert_finalize_object (process);
}

/* the driver leaves the socket that it listens on: who connects to it must not wake what is gone */
static void
test_left_listener (void)
{
  g_autoptr (GSocketAddress) address = NULL;
  g_autoptr (GSocket) socket = NULL;
  g_autofree char *name = g_strdup_printf ("dpdk-test-%d", getpid ());
  g_autofree char *devargs = g_strdup_printf ("net_memif0,role=server,socket=%s", name);
  g_autoptr (GError) error = NULL;
  DpdkEal *eal = dpdk_eal_new (NULL, &error);
  DpdkMempool *pool = dpdk_mempool_new (eal, 2047, 0, 2048, -1, &error);
  DpdkPort *port = dpdk_port_new (eal, devargs, &error);

  g_assert_no_error (error);
  dpdk_port_configure (port, pool, 1, 128, &error);
  g_assert_no_error (error);
  dpdk_port_start (port, &error);
  g_assert_no_error (error);
  dpdk_test_ignore_fds (1);
  dpdk_test_assert_finalize (port);
  dpdk_test_assert_finalize (pool);
  g_object_unref (eal);
  dpdk_test_assert_eal_dead ();
  address = g_unix_socket_address_new_with_type (name, -1, G_UNIX_SOCKET_ADDRESS_ABSTRACT);
  socket = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_SEQPACKET, 0, &error);
  g_assert_no_error (error);
  g_assert_false (g_socket_connect (socket, address, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED);
}

static void
say_things (void)
{
  DpdkTestProcess *parent = dpdk_test_process_get_parent ();

  g_print ("to standard output\n");
  dpdk_test_process_say (parent, dpdk_test_process_get_folder (parent));
  dpdk_test_process_expect (parent, "one");
  dpdk_test_process_expect (parent, "two");
  dpdk_test_process_say (parent, "three");
}

static void
test_lines (void)
{
  g_autoptr (DpdkTestProcess) process = spawn ("say-things");
  g_autofree char *folder = g_strdup (dpdk_test_process_get_folder (process));

  dpdk_test_process_expect (process, folder);
  dpdk_test_process_say (process, "one");
  dpdk_test_process_say (process, "two");
  dpdk_test_process_expect (process, "three");
  g_assert_cmpint (dpdk_test_process_wait (process), ==, 0);
  g_assert_true (g_file_test (folder, G_FILE_TEST_IS_DIR));
  g_clear_object (&process);
  g_assert_false (g_file_test (folder, G_FILE_TEST_EXISTS));
}

static void
test_program (void)
{
  const char *const argv[] = { "/bin/sh", "-c", "echo hello; exit 3", NULL };
  const char *const missing[] = { "/nonexistent/program", NULL };
  g_autoptr (DpdkTestProcess) process = NULL;
  g_autoptr (GBytes) output = NULL;
  g_autoptr (GError) error = NULL;
  int status;

  process = dpdk_test_process_spawn_program (argv, &error);
  g_assert_no_error (error);
  status = dpdk_test_process_wait (process);
  g_assert_true (WIFEXITED (status));
  g_assert_cmpint (WEXITSTATUS (status), ==, 3);
  output = dpdk_test_process_dup_output (process);
  g_assert_cmpmem (g_bytes_get_data (output, NULL), g_bytes_get_size (output), "hello\n", 6);
  g_assert_null (dpdk_test_process_spawn_program (missing, &error));
  g_assert_error (error, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT);
}

/* one that was not waited for goes with its object */
static void
test_drop (void)
{
  const char *const argv[] = { "/bin/sh", "-c", "echo $$; exec sleep 1000", NULL };
  g_autoptr (DpdkTestProcess) process = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;

  process = dpdk_test_process_spawn_program (argv, &error);
  g_assert_no_error (error);
  while (path == NULL)
    {
      g_autoptr (GBytes) output = dpdk_test_process_dup_output (process);

      if (g_bytes_get_size (output) > 1)
        path = g_strdup_printf ("/proc/%d", atoi (g_bytes_get_data (output, NULL)));
    }
  g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));
  g_clear_object (&process);
  DPDK_TEST_WAIT_UNTIL (!g_file_test (path, G_FILE_TEST_EXISTS));
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_process ("echo", run_echo);
  dpdk_test_add_process ("say-things", say_things);
  dpdk_test_add_process ("serve", serve);
  dpdk_test_add_process ("serve-for-ever", serve_for_ever);
  dpdk_test_add_func ("/testing/process/lines", DPDK_TEST_FLAGS_NONE, test_lines);
  dpdk_test_add_func ("/testing/process/program", DPDK_TEST_FLAGS_NONE, test_program);
  dpdk_test_add_func ("/testing/process/drop", DPDK_TEST_FLAGS_NONE, test_drop);
  dpdk_test_add_func ("/testing/process/memif", DPDK_TEST_FLAGS_NONE, test_memif);
  dpdk_test_add_func ("/testing/process/kill", DPDK_TEST_FLAGS_NONE, test_kill);
  dpdk_test_add_func ("/testing/process/left-listener", DPDK_TEST_FLAGS_NONE, test_left_listener);
  dpdk_test_add_func ("/testing/process/runtimes", DPDK_TEST_FLAGS_NONE, test_runtimes);
  return g_test_run ();
}
