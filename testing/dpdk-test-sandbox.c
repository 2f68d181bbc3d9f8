/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-test-sandbox-private.h"

#include <errno.h>
#include <ftw.h>
#include <linux/magic.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define RUNTIME_DIRECTORY "/run/dpdk"
#define HUGE_DIRECTORY "/dev/hugepages"
#define REPORT_VARIABLE "DPDK_TEST_REPORT"
#define MAX_OPEN_FOLDERS 16

/* folders that nobody else uses, so that what is left in them is ours */
static char *runtime_directory;
static gboolean owns_huge_directory;
static char *own_directory;

static int
remove_entry (const char *path, const struct stat *status, int type, struct FTW *position)
{
  return remove (path);
}

void
dpdk_test_sandbox_remove_folder (const char *path)
{
  nftw (path, remove_entry, MAX_OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS);
}

static void
remove_own_directory (void)
{
  dpdk_test_sandbox_remove_folder (own_directory);
}

static gboolean
mount_runtime_directory (void)
{
  if (unshare (CLONE_NEWNS) != 0)
    return FALSE;
  g_mkdir_with_parents (RUNTIME_DIRECTORY, 0700);
  if (mount ("none", "/", "none", MS_REC | MS_PRIVATE, NULL) != 0 ||
      mount ("dpdk", RUNTIME_DIRECTORY, "tmpfs", 0, NULL) != 0)
    return FALSE;
  runtime_directory = g_strdup (RUNTIME_DIRECTORY);
  return TRUE;
}

static void
mount_huge_directory (void)
{
  struct statfs status;

  owns_huge_directory = statfs (HUGE_DIRECTORY, &status) == 0 && status.f_type == HUGETLBFS_MAGIC &&
                        mount ("dpdk", HUGE_DIRECTORY, "hugetlbfs", 0, NULL) == 0;
}

void
dpdk_test_sandbox_init (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *report = NULL;
  g_autofree char *files = NULL;

  own_directory = g_dir_make_tmp ("dpdk-test-XXXXXX", &error);
  if (own_directory == NULL)
    g_error ("%s", error->message);
  atexit (remove_own_directory);
  report = g_build_filename (own_directory, "report", NULL);
  g_setenv (REPORT_VARIABLE, report, TRUE);
  /* a test that fails does not remove what it has made */
  files = g_build_filename (own_directory, "tmp", NULL);
  g_mkdir_with_parents (files, 0700);
  g_setenv ("TMPDIR", files, TRUE);
  if (mount_runtime_directory ())
    {
      mount_huge_directory ();
      return;
    }
  /* DPDK takes this before any other */
  runtime_directory = g_build_filename (own_directory, "run", NULL);
  g_mkdir_with_parents (runtime_directory, 0700);
  g_setenv ("RUNTIME_DIRECTORY", runtime_directory, TRUE);
}

static GString *leftovers;
static const char *leftovers_root;

static int
collect_entry (const char *path, const struct stat *status, int type, struct FTW *position)
{
  gboolean is_full_folder = type == FTW_DP && strcmp (path, leftovers_root) != 0;

  if (position->level == 0)
    return 0;
  /* without a runtime folder of DPDK's own, this one has another level */
  if (is_full_folder && position->level == 1 && g_str_has_suffix (path, "/dpdk") &&
      !g_str_equal (leftovers_root, RUNTIME_DIRECTORY))
    return remove (path);
  g_string_append_printf (leftovers, "%s%s", leftovers->len > 0 ? ", " : "", path);
  return remove (path);
}

static void
collect_leftovers (const char *root)
{
  leftovers_root = root;
  nftw (root, collect_entry, MAX_OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS);
}

/* what is left, or NULL; it is removed, so that the next test is not blamed for it */
char *
dpdk_test_sandbox_take_leftovers (void)
{
  leftovers = g_string_new (NULL);
  collect_leftovers (runtime_directory);
  if (owns_huge_directory)
    collect_leftovers (HUGE_DIRECTORY);
  if (leftovers->len > 0)
    return g_string_free (leftovers, FALSE);
  g_string_free (leftovers, TRUE);
  return NULL;
}

void
dpdk_test_sandbox_set_skipped (const char *reason)
{
  g_autoptr (GError) error = NULL;

  if (!g_file_set_contents (g_getenv (REPORT_VARIABLE), reason, -1, &error))
    g_error ("%s", error->message);
}

char *
dpdk_test_sandbox_take_skipped (void)
{
  const char *path = g_getenv (REPORT_VARIABLE);
  char *reason = NULL;

  if (!g_file_get_contents (path, &reason, NULL, NULL))
    return NULL;
  unlink (path);
  return reason;
}

static void
write_proc (const char *name, const char *text)
{
  g_autofree char *path = g_build_filename ("/proc/self", name, NULL);
  FILE *file = fopen (path, "we");

  if (file == NULL)
    return;
  fputs (text, file);
  fclose (file);
}

/* who is not root has the privilege in a user namespace, where the machine allows those */
static gboolean
unshare_network (void)
{
  g_autofree char *uid_map = g_strdup_printf ("0 %u 1", getuid ());
  g_autofree char *gid_map = g_strdup_printf ("0 %u 1", getgid ());

  if (unshare (CLONE_NEWNET) == 0)
    return TRUE;
  if (unshare (CLONE_NEWUSER | CLONE_NEWNET) != 0)
    return FALSE;
  write_proc ("setgroups", "deny");
  write_proc ("uid_map", uid_map);
  write_proc ("gid_map", gid_map);
  return TRUE;
}

gboolean
dpdk_test_sandbox_can_enter_network (void)
{
  static gboolean is_known, can_enter;
  pid_t child;
  int status;

  if (is_known)
    return can_enter;
  child = fork ();
  if (child == 0)
    _exit (unshare_network () ? EXIT_SUCCESS : EXIT_FAILURE);
  while (child > 0 && waitpid (child, &status, 0) < 0 && errno == EINTR)
    ;
  is_known = TRUE;
  can_enter = child > 0 && WIFEXITED (status) && WEXITSTATUS (status) == EXIT_SUCCESS;
  return can_enter;
}

void
dpdk_test_sandbox_enter_network (void)
{
  struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_LOOPBACK };
  int fd;

  if (!unshare_network ())
    g_error ("making a network namespace: %s", g_strerror (errno));
  fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || ioctl (fd, SIOCSIFFLAGS, &request) != 0)
    g_error ("setting up the loopback interface: %s", g_strerror (errno));
  close (fd);
}

char **
dpdk_test_sandbox_list_interfaces (void)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  struct if_nameindex *interfaces = if_nameindex ();

  for (guint i = 0; interfaces != NULL && interfaces[i].if_index != 0; i++)
    g_ptr_array_add (names, g_strdup (interfaces[i].if_name));
  if_freenameindex (interfaces);
  g_ptr_array_add (names, NULL);
  return (char **) g_ptr_array_free (g_steal_pointer (&names), FALSE);
}
