/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph-runner.h"

#include <fcntl.h>
#include <rte_config.h>
#include <sys/mount.h>
#include <unistd.h>

/*
 * The EAL loads each driver that is installed, which takes most of the time of a short process. In
 * the sandbox only those are installed that the tests use.
 */

#ifdef RTE_EAL_PMD_PATH
static const char *const drivers[] = {
  "librte_bus_pci.",  "librte_bus_vdev.", "librte_mempool_ring.", "librte_net_memif.",
  "librte_net_null.", "librte_net_ring.", "librte_net_tap.",
};

static gboolean
is_used (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (drivers); i++)
    if (g_str_has_prefix (name, drivers[i]))
      return TRUE;
  return FALSE;
}

/* the path of an open file names it also when something covers its folder */
static gboolean
uncover (const char *name, int fd)
{
  g_autofree char *path = g_build_filename (RTE_EAL_PMD_PATH, name, NULL);
  g_autofree char *original = g_strdup_printf ("/proc/self/fd/%d", fd);

  return g_file_set_contents (path, "", 0, NULL) &&
         mount (original, path, NULL, MS_BIND, NULL) == 0;
}

/* name to descriptor */
static GHashTable *
open_used (void)
{
  GHashTable *files = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GDir) dir = g_dir_open (RTE_EAL_PMD_PATH, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    if (is_used (name))
      {
        g_autofree char *path = g_build_filename (RTE_EAL_PMD_PATH, name, NULL);

        g_hash_table_insert (files, g_strdup (name),
                             GINT_TO_POINTER (open (path, O_PATH | O_CLOEXEC)));
      }
  return files;
}
#endif

gboolean
graph_drivers_limit (void)
{
  gboolean works = TRUE;
#ifdef RTE_EAL_PMD_PATH
  g_autoptr (GHashTable) files = open_used ();
  GHashTableIter iter;
  gpointer name, fd;

  /* a DPDK that is linked statically has none */
  if (g_hash_table_size (files) > 0)
    works = mount ("graph", RTE_EAL_PMD_PATH, "tmpfs", 0, "mode=0755") == 0;
  g_hash_table_iter_init (&iter, files);
  while (g_hash_table_iter_next (&iter, &name, &fd))
    {
      works = works && uncover (name, GPOINTER_TO_INT (fd));
      close (GPOINTER_TO_INT (fd));
    }
#endif
  return works;
}
