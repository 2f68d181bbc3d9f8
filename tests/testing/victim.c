/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tests that must fail, each in its own way: test-isolation looks at how */
#include <dpdk-glib-testing.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define TIMEOUT_S 4

static DpdkEal *
start (void)
{
  g_autoptr (GError) error = NULL;
  DpdkEal *eal = dpdk_eal_new (NULL, &error);

  g_assert_no_error (error);
  return eal;
}

static void
test_fine (void)
{
  g_object_unref (start ());
}

static void
test_skip (void)
{
  dpdk_test_skip ("no reason at all");
}

static gpointer
wait_for_ever (gpointer data)
{
  while (TRUE)
    pause ();
  return NULL;
}

static void
test_thread (void)
{
  g_thread_unref (g_thread_new ("left-behind", wait_for_ever, NULL));
}

static void
test_fd (void)
{
  g_assert_cmpint (open ("/dev/zero", O_RDONLY | O_CLOEXEC), >=, 0);
}

static void
test_packet (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DpdkEal) eal = start ();
  g_autoptr (DpdkMempool) pool = dpdk_mempool_new (eal, 63, 0, 2048, -1, &error);
  DpdkPacket *packet = dpdk_mempool_acquire (pool, &error);

  g_assert_no_error (error);
  dpdk_packet_append (packet, (const guint8 *) "\xca\xfe", 2, &error);
  g_assert_no_error (error);
  dpdk_test_assert_pool_full (pool);
}

static void
test_eal (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DpdkEal) eal = start ();

  dpdk_mempool_new (eal, 63, 0, 2048, -1, &error);
  g_assert_no_error (error);
}

static void
test_object (void)
{
  GObject *object = g_object_new (G_TYPE_OBJECT, NULL);

  dpdk_test_assert_finalize (g_object_ref (object));
}

static void
test_file (void)
{
  const char *directory = g_getenv ("RUNTIME_DIRECTORY");
  g_autofree char *path =
      g_build_filename (directory != NULL ? directory : "/run/dpdk", "left-behind", NULL);
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, "", 0, &error);
  g_assert_no_error (error);
}

/* fails with a file there */
static void
test_temporary (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;

  g_assert_cmpint (g_file_open_tmp ("left-behind-XXXXXX", &path, &error), >=, 0);
  g_assert_no_error (error);
  g_error ("there is %s", path);
}

static void
test_interface (void)
{
  struct ifreq request = { .ifr_name = "left0", .ifr_flags = IFF_TAP | IFF_NO_PI };
  int fd = open ("/dev/net/tun", O_RDWR | O_CLOEXEC);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (ioctl (fd, TUNSETIFF, &request), ==, 0);
  g_assert_cmpint (ioctl (fd, TUNSETPERSIST, 1), ==, 0);
  close (fd);
}

static void
test_usage (void)
{
  g_autoptr (DpdkTestUsage) before = dpdk_test_usage_new ();
  guint8 *memory = malloc (64 * 1024 * 1024);

  /* not left out by the compiler */
  explicit_bzero (memory, 64 * 1024 * 1024);
  dpdk_test_usage_assert_same (before, 1024 * 1024);
  free (memory);
}

static void
test_hang (void)
{
  wait_for_ever (NULL);
}

static void
test_crash (void)
{
  abort ();
}

static void
test_warning (void)
{
  g_warning ("a warning");
}

static void
test_wait (void)
{
  DPDK_TEST_WAIT_UNTIL (dpdk_eal_get_process_state () == DPDK_EAL_STATE_UP);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_set_timeout (TIMEOUT_S);
  dpdk_test_add_func ("/victim/crash", DPDK_TEST_FLAGS_NONE, test_crash);
  dpdk_test_add_func ("/victim/eal", DPDK_TEST_FLAGS_NONE, test_eal);
  dpdk_test_add_func ("/victim/fd", DPDK_TEST_FLAGS_NONE, test_fd);
  dpdk_test_add_func ("/victim/file", DPDK_TEST_FLAGS_NONE, test_file);
  dpdk_test_add_func ("/victim/fine", DPDK_TEST_FLAGS_NONE, test_fine);
  dpdk_test_add_func ("/victim/hang", DPDK_TEST_FLAGS_NONE, test_hang);
  dpdk_test_add_func ("/victim/interface", DPDK_TEST_FLAGS_NETWORK, test_interface);
  dpdk_test_add_func ("/victim/object", DPDK_TEST_FLAGS_NONE, test_object);
  dpdk_test_add_func ("/victim/packet", DPDK_TEST_FLAGS_NONE, test_packet);
  dpdk_test_add_func ("/victim/skip", DPDK_TEST_FLAGS_NONE, test_skip);
  dpdk_test_add_func ("/victim/temporary", DPDK_TEST_FLAGS_NONE, test_temporary);
  dpdk_test_add_func ("/victim/thread", DPDK_TEST_FLAGS_NONE, test_thread);
  dpdk_test_add_func ("/victim/usage", DPDK_TEST_FLAGS_NONE, test_usage);
  dpdk_test_add_func ("/victim/wait", DPDK_TEST_FLAGS_NONE, test_wait);
  dpdk_test_add_func ("/victim/warning", DPDK_TEST_FLAGS_NONE, test_warning);
  return g_test_run ();
}
