/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-eal-files-private.h"

#include "dpdk-eal-args-private.h"

#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <rte_eal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* what dpdk_eal_files_remember() found out */
static struct {
  char *prefix;
  char *huge_folder;
  gboolean has_config;
  gboolean has_pages;
} files;

void
dpdk_eal_files_remember (const char *const *args)
{
  gboolean in_memory = dpdk_eal_args_get (args, "--in-memory") != NULL;

  g_free (files.prefix);
  files.prefix = g_strdup (dpdk_eal_args_get (args, "--file-prefix"));
  g_free (files.huge_folder);
  files.huge_folder = g_strdup (dpdk_eal_args_get (args, "--huge-dir"));
  files.has_config = !in_memory && dpdk_eal_args_get (args, "--no-shconf") == NULL;
  files.has_pages = !in_memory && dpdk_eal_args_get (args, "--no-huge") == NULL;
}

static const char *
get_folder (void)
{
  const char *folder = rte_eal_get_runtime_dir ();

  return folder != NULL && *folder != '\0' ? folder : NULL;
}

void
dpdk_eal_files_remove_folder (void)
{
  /* succeeds only if it is empty */
  if (get_folder () != NULL)
    (void) rmdir (get_folder ());
}

/* DPDK forgets to close a file that it has locked */
static void
release_own_lock (int fd)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/fd", 0, NULL);
  struct stat wanted, info;
  const char *name;

  if (dir == NULL || fstat (fd, &wanted) != 0)
    return;
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      int other = (int) g_ascii_strtoll (name, NULL, 10);

      if (other != fd && fstat (other, &info) == 0 && info.st_dev == wanted.st_dev &&
          info.st_ino == wanted.st_ino)
        flock (other, LOCK_UN);
    }
}

/* whoever maps such a file holds a shared lock on it */
static gboolean
remove_unlocked (const char *folder, const char *name, gboolean is_ours)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  gboolean is_gone;

  if (fd < 0)
    return errno == ENOENT;
  if (is_ours)
    release_own_lock (fd);
  is_gone = flock (fd, LOCK_EX | LOCK_NB) == 0 && unlink (path) == 0;
  close (fd);
  return is_gone;
}

typedef gboolean (*NameFunc) (const char *name);

static gboolean
is_array (const char *name)
{
  return g_str_has_prefix (name, "fbarray_");
}

static gboolean
is_page (const char *name)
{
  const char *rest = name + strlen (files.prefix);

  if (!g_str_has_prefix (name, files.prefix) || !g_str_has_prefix (rest, "map_"))
    return FALSE;
  rest += strlen ("map_");
  return *rest != '\0' && rest[strspn (rest, G_CSET_DIGITS)] == '\0';
}

static gboolean
remove_all (const char *folder, NameFunc is_wanted, gboolean is_ours)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;
  gboolean all_gone = TRUE;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    if (is_wanted (name))
      all_gone &= remove_unlocked (folder, name, is_ours);
  return all_gone;
}

static void
remove_pages (void)
{
  FILE *mounts;
  struct mntent *entry;

  if (files.huge_folder != NULL)
    {
      remove_all (files.huge_folder, is_page, FALSE);
      return;
    }
  mounts = setmntent ("/proc/mounts", "re");
  while (mounts != NULL && (entry = getmntent (mounts)) != NULL)
    if (strcmp (entry->mnt_type, "hugetlbfs") == 0)
      remove_all (entry->mnt_dir, is_page, FALSE);
  if (mounts != NULL)
    endmntent (mounts);
}

/* the primary process of a prefix locks its configuration, and nobody else can be one until it ends
   or this releases the lock */
static void
remove_config (const char *folder)
{
  static const char *const names[] = { "mp_socket", "hugepage_data", "hugepage_info", "config" };
  g_autofree char *config = g_build_filename (folder, "config", NULL);
  struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
  int fd = open (config, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

  if (fd < 0)
    return;
  if (fcntl (fd, F_GETLK, &lock) == 0 && lock.l_type == F_UNLCK &&
      remove_all (folder, is_array, TRUE))
    for (guint i = 0; i < G_N_ELEMENTS (names); i++)
      {
        g_autofree char *path = g_build_filename (folder, names[i], NULL);

        (void) unlink (path);
      }
  close (fd);
}

void
dpdk_eal_files_remove (void)
{
  const char *folder = get_folder ();

  if (folder == NULL || files.prefix == NULL)
    return;
  if (files.has_pages)
    remove_pages ();
  if (files.has_config)
    remove_config (folder);
  dpdk_eal_files_remove_folder ();
}

#define SOCKET_PREFIX "dpdk_telemetry."
#define SAVED_PREFIX "saved."

static char *
get_saved_prefix (void)
{
  return g_strdup_printf (SAVED_PREFIX "%d.", (int) getpid ());
}

/* all of them before the first is touched, which would change what is being read */
static GPtrArray *
list_names (const char *folder, const char *prefix)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GDir) dir = folder != NULL ? g_dir_open (folder, 0, NULL) : NULL;
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    if (g_str_has_prefix (name, prefix))
      g_ptr_array_add (names, g_strdup (name));
  return names;
}

void
dpdk_eal_files_save_sockets (void)
{
  const char *folder = get_folder ();
  g_autofree char *prefix = get_saved_prefix ();
  g_autoptr (GPtrArray) names = list_names (folder, SOCKET_PREFIX);

  for (guint i = 0; i < names->len; i++)
    {
      g_autofree char *path = g_build_filename (folder, names->pdata[i], NULL);
      g_autofree char *saved_name = g_strconcat (prefix, names->pdata[i], NULL);
      g_autofree char *saved = g_build_filename (folder, saved_name, NULL);

      (void) link (path, saved);
    }
}

void
dpdk_eal_files_restore_sockets (void)
{
  const char *folder = get_folder ();
  g_autofree char *prefix = get_saved_prefix ();
  g_autoptr (GPtrArray) names = list_names (folder, prefix);

  for (guint i = 0; i < names->len; i++)
    {
      const char *saved_name = names->pdata[i];
      g_autofree char *saved = g_build_filename (folder, saved_name, NULL);
      g_autofree char *path = g_build_filename (folder, saved_name + strlen (prefix), NULL);

      (void) link (saved, path);
      (void) unlink (saved);
    }
}
