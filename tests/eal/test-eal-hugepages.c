/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* the explicit hugepage modes, and what they leave on disk */
#include "eal-fixture.h"
#include "graph-runner.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/vfs.h>
#include <unistd.h>

#define FOLDER_VARIABLE "DPDK_TEST_HUGE_FOLDER"
#define USUAL_FOLDER "/dev/hugepages"
#define PREFIX "huge"

/* one that dpdk_test_init() has made for us, or one of our own; NULL without the privilege */
static const char *
mount_hugepages (void)
{
  g_autofree char *folder = NULL;
  struct statfs status;

  if (unshare (CLONE_NEWNS) != 0 || mount (NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
    return NULL;
  if (statfs (USUAL_FOLDER, &status) == 0 && status.f_type == HUGETLBFS_MAGIC)
    folder = g_strdup (USUAL_FOLDER);
  else
    {
      folder = g_dir_make_tmp ("hugepages-XXXXXX", NULL);
      if (folder == NULL || mount ("hugepages", folder, "hugetlbfs", 0, "mode=0755") != 0)
        return NULL;
    }
  g_setenv (FOLDER_VARIABLE, folder, TRUE);
  return g_getenv (FOLDER_VARIABLE);
}

static void
unmount_hugepages (const char *folder)
{
  if (g_str_equal (folder, USUAL_FOLDER))
    return;
  (void) umount2 (folder, MNT_DETACH);
  (void) rmdir (folder);
}

static const char *
get_huge_folder (void)
{
  return g_getenv (FOLDER_VARIABLE);
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
  return eal_count_entries (eal_get_runtime_folder ()) + eal_count_entries (get_huge_folder ());
}

static void
test_in_memory (void)
{
  const EalSettings settings = { .mode = DPDK_MEMORY_MODE_HUGEPAGES_IN_MEMORY };
  DpdkEal *eal;

  dpdk_test_ignore_fds (EAL_N_IN_MEMORY_FDS);
  eal = eal_build_ok (&settings);
  g_assert_true (g_strv_contains (dpdk_eal_get_args (eal), "--in-memory"));
  use (eal);
  g_assert_cmpuint (count_files (), ==, 0);
  eal_end (eal);
  g_assert_cmpuint (count_files (), ==, 0);
}

/* the files are there as long as the EAL is, and not as long as the process */
static void
check_files (const EalSettings *settings)
{
  DpdkEal *eal;

  dpdk_test_ignore_fds (EAL_N_SHARED_FDS);
  eal = eal_build_ok (settings);
  use (eal);
  g_assert_true (eal_runtime_file_exists (PREFIX, "config"));
  g_assert_cmpuint (eal_count_entries (get_huge_folder ()), >, 0);
  eal_end (eal);
  g_assert_cmpuint (count_files (), ==, 0);
}

static void
test_files (void)
{
  check_files (&(EalSettings){ .mode = DPDK_MEMORY_MODE_HUGEPAGES_FILES, .prefix = PREFIX });
}

static void
test_files_in_folder (void)
{
  check_files (&(EalSettings){ .mode = DPDK_MEMORY_MODE_HUGEPAGES_FILES,
                               .prefix = PREFIX,
                               .args = { "--huge-dir", get_huge_folder () } });
}

static void
test_files_legacy (void)
{
  check_files (&(EalSettings){ .mode = DPDK_MEMORY_MODE_HUGEPAGES_FILES,
                               .memory = 64,
                               .prefix = PREFIX,
                               .args = { "--legacy-mem" } });
}

static void
test_files_in_one_segment (void)
{
  check_files (&(EalSettings){ .mode = DPDK_MEMORY_MODE_HUGEPAGES_FILES,
                               .prefix = PREFIX,
                               .args = { "--single-file-segments" } });
}

static void
test_numa (void)
{
  const EalSettings settings = { .mode = DPDK_MEMORY_MODE_HUGEPAGES_IN_MEMORY,
                                 .numa_memory = 32,
                                 .numa_limit = 64 };
  g_autoptr (GError) error = NULL;
  g_autoptr (DpdkMempool) pool = NULL;
  DpdkEal *eal = eal_build_ok (&settings);

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
  dpdk_test_ignore_fds (EAL_N_FAILED_FDS);
  eal_assert_start_fails (
      &(EalSettings){ .mode = DPDK_MEMORY_MODE_HUGEPAGES_IN_MEMORY, .memory = 1 << 20 },
      "rte_eal_init (*-m1048576*)*: *emory*");
}

/* nobody may make files where the pages are */
static void
test_without_permission (void)
{
  if (!eal_drop_privileges (EAL_NOBODY))
    return;
  dpdk_test_ignore_fds (EAL_N_SHARED_FDS + EAL_N_FAILED_FDS);
  eal_assert_start_fails (&(EalSettings){ .mode = DPDK_MEMORY_MODE_HUGEPAGES_FILES,
                                          .memory = 64,
                                          .prefix = PREFIX,
                                          .args = { "--huge-dir", get_huge_folder () } },
                          "rte_eal_init (*--huge-dir*)*ermission*");
  eal_regain_privileges ();
}

static DpdkEal *
build_shared (const char *prefix)
{
  dpdk_test_ignore_fds (EAL_N_SHARED_FDS);
  return eal_build_ok (
      &(EalSettings){ .mode = DPDK_MEMORY_MODE_HUGEPAGES_FILES, .prefix = prefix });
}

static void
hold_prefix (void)
{
  const char *prefix = eal_process_get_prefix ();

  eal_process_hold (build_shared (prefix));
  g_assert_false (eal_runtime_file_exists (prefix, "config"));
}

/* the second of two with one prefix is told so, and disturbs nothing */
static void
test_locked_prefix (void)
{
  DpdkTestProcess *holder = eal_process_start ("hold", PREFIX);
  g_autofree char *folder = g_build_filename (eal_get_runtime_folder (), PREFIX, NULL);
  guint n_files = eal_count_entries (folder) + eal_count_entries (get_huge_folder ());

  g_assert_cmpuint (n_files, >, 2);
  eal_assert_start_fails (
      &(EalSettings){ .mode = DPDK_MEMORY_MODE_HUGEPAGES_FILES, .prefix = PREFIX },
      "rte_eal_init (*)*another primary process*");
  g_assert_cmpuint (eal_count_entries (folder) + eal_count_entries (get_huge_folder ()), ==,
                    n_files);
  eal_process_stop (holder);
  g_assert_cmpuint (count_files (), ==, 0);
}

/* each takes away its own files only */
static void
test_two_prefixes (void)
{
  DpdkTestProcess *other = eal_process_start ("hold", "other");
  DpdkEal *eal = build_shared (PREFIX);

  use (eal);
  eal_end (eal);
  g_assert_false (eal_runtime_file_exists (PREFIX, "config"));
  g_assert_true (eal_runtime_file_exists ("other", "config"));
  g_assert_cmpuint (eal_count_entries (get_huge_folder ()), >, 0);
  eal_process_stop (other);
  g_assert_cmpuint (count_files (), ==, 0);
}

static void
test_one_after_the_other (void)
{
  DpdkEal *eal;

  for (guint i = 0; i < 3; i++)
    {
      eal_process_stop (eal_process_start ("hold", PREFIX));
      g_assert_cmpuint (count_files (), ==, 0);
    }
  eal = build_shared (PREFIX);
  use (eal);
  eal_end (eal);
  g_assert_cmpuint (count_files (), ==, 0);
}

/* what a process that was killed has left belongs to the next with its prefix */
static void
test_after_kill (void)
{
  DpdkEal *eal;

  for (guint i = 0; i < 2; i++)
    {
      eal_process_kill (eal_process_start ("hold", PREFIX));
      g_assert_cmpuint (count_files (), >, 0);
    }
  eal = build_shared (PREFIX);
  use (eal);
  eal_end (eal);
  g_assert_cmpuint (count_files (), ==, 0);
}

static void
hold_in_memory (void)
{
  eal_process_hold (eal_build_ok (
      &(EalSettings){ .mode = DPDK_MEMORY_MODE_HUGEPAGES_IN_MEMORY, .prefix = PREFIX }));
}

static void
test_in_memory_after_kill (void)
{
  for (guint i = 0; i < 2; i++)
    {
      eal_process_kill (eal_process_start ("hold-in-memory", PREFIX));
      g_assert_cmpuint (count_files (), ==, 0);
    }
  eal_process_stop (eal_process_start ("hold-in-memory", PREFIX));
}

/* a file of our name that somebody maps is theirs, and so is one of another name */
static void
test_others_keep_theirs (void)
{
  g_autofree char *mapped = g_build_filename (get_huge_folder (), PREFIX "map_9999", NULL);
  g_autofree char *other = g_build_filename (get_huge_folder (), PREFIX "rmap_1", NULL);
  DpdkEal *eal = build_shared (PREFIX);
  int fds[2];

  use (eal);
  fds[0] = open (mapped, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  fds[1] = open (other, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  g_assert_no_errno (fds[0]);
  g_assert_no_errno (fds[1]);
  g_assert_no_errno (flock (fds[0], LOCK_SH));
  eal_end (eal);
  g_assert_cmpuint (eal_count_entries (get_huge_folder ()), ==, 2);
  g_assert_cmpuint (eal_count_entries (eal_get_runtime_folder ()), ==, 0);
  g_assert_no_errno (unlink (mapped));
  g_assert_no_errno (unlink (other));
  close (fds[0]);
  close (fds[1]);
}

static const struct {
  const char *path;
  GTestFunc func;
} tests[] = {
  { "/eal-hugepages/in-memory", test_in_memory },
  { "/eal-hugepages/in-memory/after-kill", test_in_memory_after_kill },
  { "/eal-hugepages/files/default", test_files },
  { "/eal-hugepages/files/folder", test_files_in_folder },
  { "/eal-hugepages/files/legacy", test_files_legacy },
  { "/eal-hugepages/files/one-segment", test_files_in_one_segment },
  { "/eal-hugepages/files/locked-prefix", test_locked_prefix },
  { "/eal-hugepages/files/two-prefixes", test_two_prefixes },
  { "/eal-hugepages/files/one-after-the-other", test_one_after_the_other },
  { "/eal-hugepages/files/after-kill", test_after_kill },
  { "/eal-hugepages/files/others-keep-theirs", test_others_keep_theirs },
  { "/eal-hugepages/files/without-permission", test_without_permission },
  { "/eal-hugepages/numa", test_numa },
  { "/eal-hugepages/out-of-hugepages", test_out_of_hugepages },
};

int
main (int argc, char **argv)
{
  g_autoptr (GString) reason = g_string_new (NULL);
  const char *folder = NULL;
  int status;

  dpdk_test_init (&argc, &argv);
  if (!g_test_subprocess () && !graph_hugepages_reserve (reason))
    {
      g_print ("1..0 # SKIP %s\n", reason->str);
      return 0;
    }
  if (!g_test_subprocess () && (folder = mount_hugepages ()) == NULL)
    {
      g_print ("1..0 # SKIP needs the privilege to mount hugetlbfs\n");
      return 0;
    }
  dpdk_test_add_process ("hold", hold_prefix);
  dpdk_test_add_process ("hold-in-memory", hold_in_memory);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    dpdk_test_add_func (tests[i].path, DPDK_TEST_FLAGS_NONE, tests[i].func);
  status = g_test_run ();
  if (folder != NULL)
    unmount_hugepages (folder);
  return status;
}
