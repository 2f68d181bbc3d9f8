/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-test-usage-private.h"

#include "dpdk-test-fail-private.h"
#include "dpdk-test-watchdog-private.h"

#include <string.h>
#include <unistd.h>

/* DPDK keeps some of its hugepages to the end of the process */
#define HUGEPAGE_TARGET "-> /memfd:seg_"
/* and what it opens where the kernel has vfio */
#define VFIO_TARGET "-> /dev/vfio/vfio"

struct _DpdkTestUsage {
  /* "number name" and "number -> target" */
  GStrv threads;
  GStrv fds;
  guint64 memory;
  gboolean has_eal;
  gboolean has_glib_worker;
};

G_DEFINE_BOXED_TYPE (DpdkTestUsage, dpdk_test_usage, dpdk_test_usage_copy, dpdk_test_usage_free)

/* those of GLib's pools come and go as GLib likes; DPDK never joins those that it has; a sanitizer's
   is not the test's */
static gboolean
is_of_a_library (const char *name)
{
  static const char *const prefixes[] = {
    "pool-",
    "gmain",
    "gdbus",
    "eal-intr",
    "dpdk-intr",
    "telemetry",
    "dpdk-telemet",
    "rte_mp_handle",
    "dpdk-mp-msg",
    "vhost-ev",
    DPDK_TEST_WATCHDOG_THREAD,
  };

  for (guint i = 0; i < G_N_ELEMENTS (prefixes); i++)
    if (g_str_has_prefix (name, prefixes[i]))
      return TRUE;
  return FALSE;
}

static GStrv
list_threads (gboolean *has_glib_worker)
{
  g_autoptr (GDir) directory = g_dir_open ("/proc/self/task", 0, NULL);
  g_autoptr (GPtrArray) threads = g_ptr_array_new ();
  const char *task;

  while ((task = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc/self/task", task, "comm", NULL);
      g_autofree char *name = NULL;

      if (!g_file_get_contents (path, &name, NULL, NULL))
        continue;
      g_strchomp (name);
      if (g_str_equal (name, "gmain"))
        *has_glib_worker = TRUE;
      if (!is_of_a_library (name))
        g_ptr_array_add (threads, g_strdup_printf ("%s %s", task, name));
    }
  g_ptr_array_add (threads, NULL);
  return (GStrv) g_ptr_array_free (g_steal_pointer (&threads), FALSE);
}

static GStrv
list_fds (void)
{
  g_autoptr (GDir) directory = g_dir_open ("/proc/self/fd", 0, NULL);
  g_autoptr (GPtrArray) fds = g_ptr_array_new ();
  g_autofree char *itself = g_strdup_printf ("/proc/%d/fd", getpid ());
  const char *number;

  while ((number = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc/self/fd", number, NULL);
      g_autofree char *target = g_file_read_link (path, NULL);

      if (target != NULL && !g_str_equal (target, itself))
        g_ptr_array_add (fds, g_strdup_printf ("%s -> %s", number, target));
    }
  g_ptr_array_add (fds, NULL);
  return (GStrv) g_ptr_array_free (g_steal_pointer (&fds), FALSE);
}

static guint64
get_memory (void)
{
  g_autofree char *text = NULL;
  const char *resident;

  if (!g_file_get_contents ("/proc/self/statm", &text, NULL, NULL))
    return 0;
  resident = strchr (text, ' ');
  return resident != NULL ? g_ascii_strtoull (resident, NULL, 10) * (guint64) sysconf (_SC_PAGESIZE)
                          : 0;
}

/**
 * dpdk_test_usage_new:
 *
 * Looks at what this process uses now.
 *
 * May be called from any thread.
 *
 * Returns: (transfer full): the usage
 *
 * Since: 0.1
 */
DpdkTestUsage *
dpdk_test_usage_new (void)
{
  DpdkTestUsage *self = g_new0 (DpdkTestUsage, 1);

  /* it has a descriptor, which is there from the first use on */
  g_main_context_default ();
  self->threads = list_threads (&self->has_glib_worker);
  self->fds = list_fds ();
  self->memory = get_memory ();
  self->has_eal = dpdk_eal_get_process_state () != DPDK_EAL_STATE_NEVER;
  return self;
}

/**
 * dpdk_test_usage_copy:
 * @self: a usage
 *
 * Copies a usage.
 *
 * Returns: (transfer full): the copy
 *
 * Since: 0.1
 */
DpdkTestUsage *
dpdk_test_usage_copy (const DpdkTestUsage *self)
{
  DpdkTestUsage *copy;

  g_return_val_if_fail (self != NULL, NULL);

  copy = g_memdup2 (self, sizeof *self);
  copy->threads = g_strdupv (self->threads);
  copy->fds = g_strdupv (self->fds);
  return copy;
}

/**
 * dpdk_test_usage_free:
 * @self: (transfer full): a usage
 *
 * Frees a usage.
 *
 * Since: 0.1
 */
void
dpdk_test_usage_free (DpdkTestUsage *self)
{
  g_return_if_fail (self != NULL);

  g_strfreev (self->threads);
  g_strfreev (self->fds);
  g_free (self);
}

/**
 * dpdk_test_usage_get_n_threads:
 * @self: a usage
 *
 * Gets the number of threads, without those of GLib's pools and those that DPDK never ends.
 *
 * Returns: the number of threads
 *
 * Since: 0.1
 */
guint
dpdk_test_usage_get_n_threads (const DpdkTestUsage *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return g_strv_length (self->threads);
}

/**
 * dpdk_test_usage_get_n_fds:
 * @self: a usage
 *
 * Gets the number of open file descriptors.
 *
 * Returns: the number of file descriptors
 *
 * Since: 0.1
 */
guint
dpdk_test_usage_get_n_fds (const DpdkTestUsage *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return g_strv_length (self->fds);
}

/**
 * dpdk_test_usage_get_memory:
 * @self: a usage
 *
 * Gets the resident memory.
 *
 * Returns: the memory in bytes
 *
 * Since: 0.1
 */
guint64
dpdk_test_usage_get_memory (const DpdkTestUsage *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->memory;
}

/* what libraries open once and keep for the rest of the process */
static gboolean
take_kept_fd (const char *entry, guint *n_pipes, guint *n_epolls, guint *n_timers, guint *n_sockets,
              guint *n_events)
{
  const struct {
    const char *target;
    guint *n;
  } kinds[] = {
    { "pipe:", n_pipes },
    { "anon_inode:[eventpoll]", n_epolls },
    { "anon_inode:[timerfd]", n_timers },
    { "socket:", n_sockets },
    { "anon_inode:[eventfd]", n_events },
  };
  const char *target = strstr (entry, "-> ") + strlen ("-> ");

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (*kinds[i].n > 0 && g_str_has_prefix (target, kinds[i].target))
      {
        (*kinds[i].n)--;
        return TRUE;
      }
  return FALSE;
}

static void
add_new_fds (GString *text, const DpdkTestUsage *before, const DpdkTestUsage *now, guint n_ignored)
{
  gboolean eal_came = !before->has_eal && now->has_eal;
  /* the interrupt thread's; the alarm's; the log's */
  guint n_pipes = eal_came ? 2 : 0, n_epolls = eal_came ? 1 : 0, n_timers = eal_came ? 1 : 0;
  guint n_sockets = eal_came && access ("/dev/log", F_OK) == 0 ? 1 : 0;
  guint n_events = !before->has_glib_worker && now->has_glib_worker ? 1 : 0;

  for (guint i = 0; now->fds[i] != NULL; i++)
    if (!g_strv_contains ((const char *const *) before->fds, now->fds[i]) &&
        !(now->has_eal && strstr (now->fds[i], HUGEPAGE_TARGET) != NULL) &&
        !(eal_came && g_str_has_suffix (now->fds[i], VFIO_TARGET)) &&
        !take_kept_fd (now->fds[i], &n_pipes, &n_epolls, &n_timers, &n_sockets, &n_events))
      {
        if (n_ignored > 0)
          n_ignored--;
        else
          g_string_append_printf (text, "%sfile descriptor %s", text->len > 0 ? ", " : "",
                                  now->fds[i]);
      }
}

static char *
describe_growth (const DpdkTestUsage *before, const DpdkTestUsage *now, guint n_ignored_fds)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; now->threads[i] != NULL; i++)
    if (!g_strv_contains ((const char *const *) before->threads, now->threads[i]))
      g_string_append_printf (text, "%sthread %s", text->len > 0 ? ", " : "", now->threads[i]);
  add_new_fds (text, before, now, n_ignored_fds);
  return text->len > 0 ? g_string_free (g_steal_pointer (&text), FALSE) : NULL;
}

/**
 * dpdk_test_usage_describe_growth:
 * @self: the usage before
 *
 * Compares the threads and file descriptors of now with those of before. What DPDK and GLib start
 * or open once and keep until the process ends does not count.
 *
 * May be called from any thread.
 *
 * Returns: (transfer full) (nullable): the threads and file descriptors that are new
 *
 * Since: 0.1
 */
char *
dpdk_test_usage_describe_growth (const DpdkTestUsage *self)
{
  g_autoptr (DpdkTestUsage) now = NULL;

  g_return_val_if_fail (self != NULL, NULL);

  now = dpdk_test_usage_new ();
  return describe_growth (self, now, 0);
}

void
dpdk_test_usage_check (const DpdkTestUsage *self, guint n_ignored_fds)
{
  gint64 deadline = dpdk_test_get_deadline ();
  g_autofree char *growth = NULL;

  /* a thread that was joined may still be on its way out */
  do
    {
      g_autoptr (DpdkTestUsage) now = dpdk_test_usage_new ();

      g_free (growth);
      growth = describe_growth (self, now, n_ignored_fds);
    }
  while (growth != NULL && dpdk_test_wait_a_little (deadline));
  if (growth != NULL)
    dpdk_test_fail ("more is in use than before: %s", growth);
}

/**
 * dpdk_test_usage_assert_same:
 * @self: the usage before
 * @memory_slack: by how many bytes the resident memory may have grown; %G_MAXUINT64 for any
 *
 * Asserts that there are no more threads and file descriptors than before, and not more memory. Waits
 * for threads that are about to end.
 *
 * A sanitizer keeps memory that was freed: give its quarantine as a slack.
 *
 * May be called from any thread.
 *
 * Since: 0.1
 */
void
dpdk_test_usage_assert_same (const DpdkTestUsage *self, guint64 memory_slack)
{
  guint64 memory;

  g_return_if_fail (self != NULL);

  dpdk_test_usage_check (self, 0);
  memory = get_memory ();
  if (memory > self->memory && memory - self->memory > memory_slack)
    dpdk_test_fail ("%" G_GUINT64_FORMAT " bytes more of memory are in use than before, and not at "
                    "most %" G_GUINT64_FORMAT,
                    memory - self->memory, memory_slack);
}
