/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* the explicit hugepage modes, and what they leave on disk */
#include "eal-fixture.h"
#include "graph-runner.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <unistd.h>

#define HUGE_FOLDER "/run/hugepages"
#define PREFIX "huge"
#define FOLDER EAL_RUNTIME_FOLDER "/" PREFIX

typedef struct {
  DpdkMemoryMode mode;
  guint memory;
  guint numa_memory;
  guint numa_limit;
  const char *prefix;
  const char *args[3];
} Setting;

static void
mount_hugepages (void)
{
  g_mkdir_with_parents (HUGE_FOLDER, 0700);
  g_assert_no_errno (mount ("hugepages", HUGE_FOLDER, "hugetlbfs", 0, "mode=0700"));
}

static DpdkEal *
build (const Setting *setting, GError **error)
{
  g_autoptr (DpdkEalBuilder) builder = dpdk_eal_builder_new ();

  dpdk_eal_builder_set_memory_mode (builder, setting->mode);
  dpdk_eal_builder_set_memory (builder, setting->memory);
  dpdk_eal_builder_set_numa_memory (builder, 0, setting->numa_memory);
  dpdk_eal_builder_set_numa_limit (builder, 0, setting->numa_limit);
  dpdk_eal_builder_set_file_prefix (builder, setting->prefix);
  dpdk_eal_builder_add_args (builder, setting->args);
  return dpdk_eal_builder_build (builder, error);
}

static DpdkEal *
build_ok (const Setting *setting)
{
  g_autoptr (GError) error = NULL;
  DpdkEal *eal = build (setting, &error);

  g_assert_no_error (error);
  return eal;
}

static void
use (DpdkEal *eal)
{
  g_autoptr (DpdkMempool) pool = eal_mempool_new (eal);
  g_autoptr (GError) error = NULL;
  g_autoptr (DpdkPort) port = dpdk_port_new (eal, "net_ring0", &error);

  g_assert_no_error (error);
  dpdk_packet_unref (dpdk_mempool_acquire (pool, &error));
  g_assert_no_error (error);
}

static guint
count_files (void)
{
  return eal_count_entries (EAL_RUNTIME_FOLDER) + eal_count_entries (HUGE_FOLDER);
}

static void
test_in_memory (void)
{
  const Setting setting = { .mode = DPDK_MEMORY_MODE_HUGEPAGES_IN_MEMORY };
  DpdkEal *eal;

  mount_hugepages ();
  eal = build_ok (&setting);
  g_assert_true (g_strv_contains (dpdk_eal_get_args (eal), "--in-memory"));
  use (eal);
  g_assert_cmpuint (count_files (), ==, 0);
  eal_end (eal);
  g_assert_cmpuint (count_files (), ==, 0);
}

/* the files are there as long as the EAL is, and not as long as the process */
static void
check_files (const Setting *setting)
{
  DpdkEal *eal;

  mount_hugepages ();
  eal = build_ok (setting);
  use (eal);
  g_assert_true (g_file_test (FOLDER "/config", G_FILE_TEST_EXISTS));
  g_assert_cmpuint (eal_count_entries (HUGE_FOLDER), >, 0);
  eal_end (eal);
  g_assert_cmpuint (count_files (), ==, 0);
}

static void
test_files (void)
{
  check_files (&(Setting){ .mode = DPDK_MEMORY_MODE_HUGEPAGES_FILES, .prefix = PREFIX });
}

static void
test_files_in_folder (void)
{
  check_files (&(Setting){ .mode = DPDK_MEMORY_MODE_HUGEPAGES_FILES,
                           .prefix = PREFIX,
                           .args = { "--huge-dir", HUGE_FOLDER } });
}

static void
test_files_legacy (void)
{
  check_files (&(Setting){ .mode = DPDK_MEMORY_MODE_HUGEPAGES_FILES,
                           .memory = 64,
                           .prefix = PREFIX,
                           .args = { "--legacy-mem" } });
}

static void
test_files_in_one_segment (void)
{
  check_files (&(Setting){ .mode = DPDK_MEMORY_MODE_HUGEPAGES_FILES,
                           .prefix = PREFIX,
                           .args = { "--single-file-segments" } });
}

static void
test_numa (void)
{
  const Setting setting = { .mode = DPDK_MEMORY_MODE_HUGEPAGES_IN_MEMORY,
                            .numa_memory = 32,
                            .numa_limit = 64 };
  g_autoptr (GError) error = NULL;
  g_autoptr (DpdkMempool) pool = NULL;
  DpdkEal *eal = build_ok (&setting);

  g_assert_true (g_strv_contains (dpdk_eal_get_args (eal), "--socket-mem=32"));
  g_assert_true (g_strv_contains (dpdk_eal_get_args (eal), "--socket-limit=64"));
  /* grows up to the limit, and not beyond: some 48 MiB and some 96 MiB */
  pool = dpdk_mempool_new (eal, 20000, 0, 2048, 0, &error);
  g_assert_no_error (error);
  g_assert_null (dpdk_mempool_new (eal, 40000, 0, 2048, 0, &error));
  g_assert_error (error, DPDK_ERROR, DPDK_ERROR_NO_MEMORY);
  g_clear_object (&pool);
  eal_end (eal);
}

static void
test_out_of_hugepages (void)
{
  const Setting setting = { .mode = DPDK_MEMORY_MODE_HUGEPAGES_IN_MEMORY, .memory = 1 << 20 };
  g_autoptr (GError) error = NULL;

  g_assert_null (build (&setting, &error));
  g_assert_error (error, DPDK_ERROR, DPDK_ERROR_EAL_INIT);
  g_test_message ("%s", error->message);
  g_assert_true (g_pattern_match_simple ("rte_eal_init (*-m1048576*)*: *emory*", error->message));
  g_assert_cmpint (dpdk_eal_get_process_state (), ==, DPDK_EAL_STATE_DEAD);
}

static const Setting shared = { .mode = DPDK_MEMORY_MODE_HUGEPAGES_FILES, .prefix = PREFIX };

static void
hold_prefix (EalPeer *self, gpointer data)
{
  DpdkEal *eal = build_ok (&shared);
  DpdkMempool *pool = eal_mempool_new (eal);

  eal_peer_signal (self);
  eal_peer_await (self);
  /* the failure of the other has taken nothing away */
  use (eal);
  g_assert_true (g_file_test (FOLDER "/config", G_FILE_TEST_EXISTS));
  g_object_unref (pool);
  eal_end (eal);
}

/* the second of two with one prefix is told so, and disturbs nothing */
static void
test_locked_prefix (void)
{
  g_autoptr (GError) error = NULL;
  EalPeer peer;
  guint n_files;

  mount_hugepages ();
  eal_peer_start (&peer, hold_prefix, NULL);
  eal_peer_await (&peer);
  n_files = eal_count_entries (FOLDER) + eal_count_entries (HUGE_FOLDER);
  g_assert_null (build (&shared, &error));
  g_assert_error (error, DPDK_ERROR, DPDK_ERROR_EAL_INIT);
  g_test_message ("%s", error->message);
  g_assert_true (
      g_pattern_match_simple ("rte_eal_init (*)*another primary process*", error->message));
  g_assert_cmpint (dpdk_eal_get_process_state (), ==, DPDK_EAL_STATE_DEAD);
  g_assert_cmpuint (eal_count_entries (FOLDER) + eal_count_entries (HUGE_FOLDER), ==, n_files);
  eal_peer_signal (&peer);
  g_assert_cmpint (eal_peer_end (&peer), ==, 0);
  g_assert_cmpuint (count_files (), ==, 0);
}

/* what a process that was killed has left belongs to the next with its prefix */
static void
test_after_kill (void)
{
  DpdkEal *eal;
  EalPeer peer;

  mount_hugepages ();
  eal_peer_start (&peer, hold_prefix, NULL);
  eal_peer_await (&peer);
  eal_peer_kill (&peer);
  g_assert_cmpuint (count_files (), >, 0);
  eal = build_ok (&shared);
  use (eal);
  eal_end (eal);
  g_assert_cmpuint (count_files (), ==, 0);
}

/* a file of our name that somebody maps is theirs, and so is one of another name */
static void
test_others_keep_theirs (void)
{
  DpdkEal *eal;
  int fd, other;

  mount_hugepages ();
  eal = build_ok (&shared);
  use (eal);
  fd = open (HUGE_FOLDER "/" PREFIX "map_9999", O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  other = open (HUGE_FOLDER "/" PREFIX "rmap_1", O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  g_assert_no_errno (fd);
  g_assert_no_errno (other);
  g_assert_no_errno (flock (fd, LOCK_SH));
  eal_end (eal);
  g_assert_true (g_file_test (HUGE_FOLDER "/" PREFIX "map_9999", G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test (HUGE_FOLDER "/" PREFIX "rmap_1", G_FILE_TEST_EXISTS));
  g_assert_cmpuint (eal_count_entries (HUGE_FOLDER), ==, 2);
  g_assert_cmpuint (eal_count_entries (EAL_RUNTIME_FOLDER), ==, 0);
  close (fd);
  close (other);
}

int
main (int argc, char **argv)
{
  g_autoptr (GString) reason = g_string_new (NULL);

  eal_test_init (&argc, &argv);
  if (!g_test_subprocess () && !graph_hugepages_reserve (reason))
    {
      g_print ("1..0 # SKIP %s\n", reason->str);
      return 0;
    }
  eal_test_add ("/eal-hugepages/in-memory", test_in_memory);
  eal_test_add ("/eal-hugepages/files/default", test_files);
  eal_test_add ("/eal-hugepages/files/folder", test_files_in_folder);
  eal_test_add ("/eal-hugepages/files/legacy", test_files_legacy);
  eal_test_add ("/eal-hugepages/files/one-segment", test_files_in_one_segment);
  eal_test_add ("/eal-hugepages/files/locked-prefix", test_locked_prefix);
  eal_test_add ("/eal-hugepages/files/after-kill", test_after_kill);
  eal_test_add ("/eal-hugepages/files/others-keep-theirs", test_others_keep_theirs);
  eal_test_add ("/eal-hugepages/numa", test_numa);
  eal_test_add ("/eal-hugepages/out-of-hugepages", test_out_of_hugepages);
  return g_test_run ();
}
