/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph-runner.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * A network namespace, because interface names collide, and a mount namespace with empty folders
 * where DPDK puts files: so whatever is found there later was left by our child, whatever else
 * runs on the machine.
 */

static const char *const covered[] = { "/run", "/dev/shm" };
static const char *const allowed[] = { "/run/dpdk", "/run/xdg", "/run/xdg/dpdk", "/run/tmp" };

static gboolean
write_text (const char *path, const char *text)
{
  return g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_NONE, 0666, NULL);
}

/* without root a user namespace gives us what we need */
static gboolean
become_root (void)
{
  g_autofree char *uid_map = g_strdup_printf ("0 %d 1", (int) geteuid ());
  g_autofree char *gid_map = g_strdup_printf ("0 %d 1", (int) getegid ());

  if (geteuid () == 0)
    return TRUE;
  return unshare (CLONE_NEWUSER) == 0 && write_text ("/proc/self/setgroups", "deny") &&
         write_text ("/proc/self/uid_map", uid_map) && write_text ("/proc/self/gid_map", gid_map);
}

void
graph_sandbox_enter (GString *problems)
{
  gboolean works = become_root () && unshare (CLONE_NEWNS | CLONE_NEWNET) == 0 &&
                   mount ("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;

  for (guint i = 0; works && i < G_N_ELEMENTS (covered); i++)
    works = mount ("graph", covered[i], "tmpfs", 0, "mode=0777") == 0;
  works = works && g_mkdir ("/run/xdg", 0777) == 0 && g_mkdir ("/run/tmp", 0777) == 0 &&
          g_chmod ("/run/xdg", 0777) == 0 && g_chmod ("/run/tmp", 0777) == 0 &&
          /* a kernel that is about to use an interface can keep others waiting when it goes */
          write_text ("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1") &&
          graph_drivers_limit ();
  if (!works)
    g_string_append_printf (problems, "no sandbox: %s\n", g_strerror (errno));
  g_setenv ("XDG_RUNTIME_DIR", "/run/xdg", TRUE);
  g_setenv ("TMPDIR", "/run/tmp", TRUE);
  g_setenv ("HOME", "/run/tmp", TRUE);
}

static gboolean
is_allowed (const char *path)
{
  struct stat info;

  for (guint i = 0; i < G_N_ELEMENTS (allowed); i++)
    if (strcmp (path, allowed[i]) == 0 && lstat (path, &info) == 0 && S_ISDIR (info.st_mode))
      return TRUE;
  return FALSE;
}

static void
check_folder (const char *folder, GString *problems)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      if (!is_allowed (path))
        g_string_append_printf (problems, "left behind: %s\n", path);
      if (g_file_test (path, G_FILE_TEST_IS_DIR))
        check_folder (path, problems);
    }
}

/* what is not covered is shared with the rest of the machine: only names of ours count */
static void
check_shared_folder (const char *folder, GString *problems)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    if (g_str_has_prefix (name, "graph-child") || g_str_has_prefix (name, "graph-prefix"))
      g_string_append_printf (problems, "left behind: %s/%s\n", folder, name);
}

static void
check_interfaces (GString *problems)
{
  struct if_nameindex *all = if_nameindex ();

  for (struct if_nameindex *i = all; i != NULL && i->if_index != 0; i++)
    if (strcmp (i->if_name, "lo") != 0)
      g_string_append_printf (problems, "left behind: network interface %s\n", i->if_name);
  if_freenameindex (all);
}

void
graph_sandbox_check (GString *problems)
{
  static const char *const shared[] = { "/tmp", "/tmp/dpdk", "/dev/hugepages", "/mnt/huge" };

  for (guint i = 0; i < G_N_ELEMENTS (covered); i++)
    check_folder (covered[i], problems);
  for (guint i = 0; i < G_N_ELEMENTS (shared); i++)
    check_shared_folder (shared[i], problems);
  check_interfaces (problems);
}
