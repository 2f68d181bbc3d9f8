/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "link-world.h"

#include <glib/gstdio.h>
#include <string.h>

static gboolean
is_even (const guint8 *data, gsize length, gpointer user_data)
{
  g_assert_cmpuint (length, >=, LINK_WORLD_MIN_LENGTH);
  return data[LINK_WORLD_HEADER] % 2 == 0;
}

static void
set_flag (gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
}

static void
test_packets (void)
{
  LinkWorld world = link_world_new (1, TRUE);
  gboolean destroyed = FALSE;
  DpdkTestCapture *all = dpdk_test_capture_new (1000, NULL, NULL, NULL);
  DpdkTestCapture *even = dpdk_test_capture_new (10, is_even, &destroyed, set_flag);
  g_autoptr (GArray) numbers = NULL;
  g_autoptr (GError) error = NULL;
  gint64 last = 0;

  dpdk_test_link_capture (world.link, 0, all, &error);
  g_assert_no_error (error);
  dpdk_test_link_capture (world.link, 0, even, &error);
  g_assert_no_error (error);
  numbers = link_world_transfer (&world, 0, 50, 100);
  g_assert_cmpuint (dpdk_test_capture_get_n_packets (all), ==, 50);
  g_assert_cmpuint (dpdk_test_capture_get_n_missed (all), ==, 0);
  g_assert_cmpuint (dpdk_test_capture_get_n_packets (even), ==, 10);
  g_assert_cmpuint (dpdk_test_capture_get_n_missed (even), ==, 15);
  for (guint32 i = 0; i < 50; i++)
    {
      g_autoptr (GBytes) packet = dpdk_test_capture_dup_packet (all, i);
      guint8 frame[100];

      link_world_fill_frame (frame, sizeof frame, i);
      g_assert_cmpmem (g_bytes_get_data (packet, NULL), g_bytes_get_size (packet), frame,
                       sizeof frame);
      g_assert_cmpint (dpdk_test_capture_get_timestamp (all, i), >=, last);
      last = dpdk_test_capture_get_timestamp (all, i);
    }
  g_assert_null (dpdk_test_capture_dup_packet (all, 50));
  g_assert_cmpint (dpdk_test_capture_get_timestamp (all, 50), ==, -1);
  dpdk_test_capture_stop (all);
  g_array_unref (numbers);
  numbers = link_world_transfer (&world, 0, 50, 100);
  g_assert_cmpuint (dpdk_test_capture_get_n_packets (all), ==, 50);
  dpdk_test_assert_finalize (all);
  dpdk_test_assert_finalize (even);
  g_assert_true (destroyed);
  link_world_clear (&world);
}

static guint32
read_32 (const char **at)
{
  guint32 number;

  memcpy (&number, *at, sizeof number);
  *at += sizeof number;
  return number;
}

/* whatever reads such files understands it */
static void
check_with_tcpdump (const char *path)
{
  g_autofree char *program = g_find_program_in_path ("tcpdump");
  const char *const argv[] = { program, "-nn", "-e", "-r", path, NULL };
  g_autoptr (DpdkTestProcess) process = NULL;
  g_autoptr (GBytes) output = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  guint n = 0;

  if (program == NULL)
    {
      g_test_message ("there is no tcpdump");
      return;
    }
  process = dpdk_test_process_spawn_program (argv, &error);
  g_assert_no_error (error);
  g_assert_cmpint (dpdk_test_process_wait (process), ==, 0);
  output = dpdk_test_process_dup_output (process);
  text = g_strndup (g_bytes_get_data (output, NULL), g_bytes_get_size (output));
  for (const char *at = text; (at = strstr (at, ", 802.3, ")) != NULL; at++)
    n++;
  g_assert_cmpuint (n, ==, 5);
}

static void
test_pcap (void)
{
  LinkWorld world = link_world_new (1, TRUE);
  g_autoptr (DpdkTestCapture) capture = dpdk_test_capture_new (1000, NULL, NULL, NULL);
  g_autofree char *folder = g_dir_make_tmp ("dpdk-test-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "file.pcap", NULL);
  g_autofree char *nowhere = g_build_filename (folder, "missing", "file.pcap", NULL);
  g_autoptr (GArray) numbers = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *file = NULL;
  const char *at;
  gsize size;

  dpdk_test_link_capture (world.link, 0, capture, &error);
  numbers = link_world_transfer (&world, 0, 5, 100);
  dpdk_test_capture_save (capture, path, &error);
  g_assert_no_error (error);
  g_file_get_contents (path, &file, &size, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (size, ==, 24 + 5 * (16 + 100));
  at = file;
  g_assert_cmphex (read_32 (&at), ==, 0xa1b2c3d4);
  at += 16;
  g_assert_cmpuint (read_32 (&at), ==, 1);
  for (guint32 i = 0; i < 5; i++)
    {
      gint64 time = (gint64) read_32 (&at) * G_USEC_PER_SEC;
      guint8 frame[100];

      time += read_32 (&at);
      g_assert_cmpint (time, ==, dpdk_test_capture_get_timestamp (capture, i));
      g_assert_cmpuint (read_32 (&at), ==, 100);
      g_assert_cmpuint (read_32 (&at), ==, 100);
      link_world_fill_frame (frame, sizeof frame, i);
      g_assert_cmpmem (at, 100, frame, sizeof frame);
      at += 100;
    }
  check_with_tcpdump (path);
  g_assert_false (dpdk_test_capture_save (capture, nowhere, &error));
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
  g_remove (path);
  g_rmdir (folder);
  link_world_clear (&world);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
#define ADD(path, func) dpdk_test_add_func ("/testing/capture/" path, DPDK_TEST_FLAGS_NONE, func)
  ADD ("packets", test_packets);
  ADD ("pcap", test_pcap);
#undef ADD
  return g_test_run ();
}
