/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-config-parser.h"

#include <errno.h>
#include <sched.h>
#include <unistd.h>

#define PRESENT_PATH "/sys/devices/system/cpu/present"
#define MAX_CORES 65536

/* Parses the kernel's list format: "0-3,8" */
static gboolean
parse_ranges (const char *text, GArray *cores)
{
  g_auto (GStrv) ranges = g_strsplit (text, ",", -1);

  for (guint i = 0; ranges[i] != NULL; i++)
    {
      char *end;
      guint64 first = g_ascii_strtoull (ranges[i], &end, 10);
      guint64 last = *end == '-' ? g_ascii_strtoull (end + 1, &end, 10) : first;

      if (end == ranges[i] || *end != '\0' || last < first || last >= MAX_CORES)
        return FALSE;
      for (guint core = (guint) first; core <= last; core++)
        g_array_append_val (cores, core);
    }

  return cores->len > 0;
}

GArray *
dpdk_config_list_present_cores (void)
{
  g_autoptr (GArray) cores = g_array_new (FALSE, FALSE, sizeof (guint));
  g_autofree char *text = NULL;
  long n_configured;

  if (g_file_get_contents (PRESENT_PATH, &text, NULL, NULL) &&
      parse_ranges (g_strstrip (text), cores))
    return g_steal_pointer (&cores);

  /* Without /sys, take the C library's count */
  g_array_set_size (cores, 0);
  n_configured = CLAMP (sysconf (_SC_NPROCESSORS_CONF), 1, MAX_CORES);
  for (guint core = 0; core < (guint) n_configured; core++)
    g_array_append_val (cores, core);

  return g_steal_pointer (&cores);
}

GArray *
dpdk_config_list_usable_cores (void)
{
  g_autoptr (GArray) cores = g_array_new (FALSE, FALSE, sizeof (guint));

  /* EINVAL means that the kernel's mask is longer */
  for (guint n_cores = 1024; n_cores <= MAX_CORES; n_cores *= 2)
    {
      gsize size = CPU_ALLOC_SIZE (n_cores);
      cpu_set_t *set = CPU_ALLOC (n_cores);
      int result;
      int saved_errno;

      /* The main thread's mask: the caller may be a thread that is pinned to one core */
      result = sched_getaffinity (getpid (), size, set);
      saved_errno = errno;
      for (guint core = 0; result == 0 && core < n_cores; core++)
        if (CPU_ISSET_S (core, size, set))
          g_array_append_val (cores, core);
      CPU_FREE (set);

      if (result == 0)
        return g_steal_pointer (&cores);
      if (saved_errno != EINVAL)
        break;
    }

  return dpdk_config_list_present_cores ();
}
