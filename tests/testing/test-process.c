/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* a second process, the same program or another one, and what happens when it dies */
#include <dpdk-glib-testing.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

#define BURST 32

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
  dpdk_test_add_process ("say-things", say_things);
  dpdk_test_add_process ("serve", serve);
  dpdk_test_add_process ("serve-for-ever", serve_for_ever);
  dpdk_test_add_func ("/testing/process/lines", DPDK_TEST_FLAGS_NONE, test_lines);
  dpdk_test_add_func ("/testing/process/program", DPDK_TEST_FLAGS_NONE, test_program);
  dpdk_test_add_func ("/testing/process/drop", DPDK_TEST_FLAGS_NONE, test_drop);
  dpdk_test_add_func ("/testing/process/memif", DPDK_TEST_FLAGS_NONE, test_memif);
  dpdk_test_add_func ("/testing/process/kill", DPDK_TEST_FLAGS_NONE, test_kill);
  return g_test_run ();
}
