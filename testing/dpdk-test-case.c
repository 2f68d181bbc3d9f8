/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-test-case-private.h"
#include "dpdk-test-fail-private.h"
#include "dpdk-test-sandbox-private.h"
#include "dpdk-test-usage-private.h"
#include "dpdk-test-wait-private.h"
#include "dpdk-test-watchdog-private.h"

#include <stdarg.h>

#define SEED_VARIABLE "DPDK_TEST_SEED"
#define SCALE_VARIABLE "DPDK_TEST_SCALE"
#define LONG_VARIABLE "DPDK_TEST_LONG"
#define DEFAULT_TIMEOUT_S 120
/* the watchdog has the first word, because it knows more */
#define TRAP_GRACE_S 15

typedef struct {
  DpdkTestFlags flags;
  GTestFunc func;
  GTestDataFunc data_func;
  gconstpointer data;
} Test;

static guint timeout_s = DEFAULT_TIMEOUT_S;
static guint n_ignored_fds;

void
dpdk_test_fail_at (int line, const char *file, const char *function, const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list arguments;

  va_start (arguments, format);
  message = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_assertion_message (G_LOG_DOMAIN, file, line, function, message);
}

static void
check_interfaces (char **before)
{
  gint64 deadline = dpdk_test_get_deadline ();
  g_autoptr (GString) names = g_string_new (NULL);

  /* the kernel takes its time */
  do
    {
      g_auto (GStrv) after = dpdk_test_sandbox_list_interfaces ();

      g_string_truncate (names, 0);
      for (guint i = 0; after[i] != NULL; i++)
        if (!g_strv_contains ((const char *const *) before, after[i]))
          g_string_append_printf (names, " %s", after[i]);
    }
  while (names->len > 0 && dpdk_test_wait_a_little (deadline));
  if (names->len > 0)
    dpdk_test_fail ("network interfaces are left:%s", names->str);
}

/* nothing that is waited for may take longer than the test */
static guint
get_timeout (void)
{
  return (guint) (timeout_s * dpdk_test_get_slowness ());
}

/* in the process of the test */
static void
run_here (const Test *self)
{
  g_autoptr (DpdkTestUsage) before = NULL;
  g_auto (GStrv) interfaces = NULL;

  if (self->flags & DPDK_TEST_FLAGS_NETWORK)
    dpdk_test_sandbox_enter_network ();
  dpdk_test_watchdog_start (get_timeout ());
  interfaces = dpdk_test_sandbox_list_interfaces ();
  before = dpdk_test_usage_new ();
  if (self->func != NULL)
    self->func ();
  else
    self->data_func (self->data);
  dpdk_test_assert_eal_dead ();
  dpdk_test_usage_check (before, n_ignored_fds);
  check_interfaces (interfaces);
  dpdk_test_watchdog_stop ();
}

static void
run_test (gconstpointer data)
{
  const Test *self = data;
  g_autofree char *reason = NULL;
  g_autofree char *files = NULL;

  if (g_test_subprocess ())
    {
      run_here (self);
      return;
    }
  if ((self->flags & DPDK_TEST_FLAGS_NETWORK) && !dpdk_test_sandbox_can_enter_network ())
    {
      g_test_skip ("needs the privilege to make a network namespace");
      return;
    }
  g_test_trap_subprocess (NULL, (get_timeout () + TRAP_GRACE_S) * (guint64) G_TIME_SPAN_SECOND,
                          G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_passed ();
  files = dpdk_test_sandbox_take_leftovers ();
  if (files != NULL)
    dpdk_test_fail ("files are left: %s", files);
  reason = dpdk_test_sandbox_take_skipped ();
  if (reason != NULL)
    g_test_skip (reason);
}

static void
set_debug_flags (void)
{
  const char *flags = g_getenv ("G_DEBUG");
  g_autofree char *more = NULL;

  if (flags != NULL && strstr (flags, "fatal-warnings") != NULL)
    return;
  more = flags != NULL && *flags != '\0' ? g_strconcat (flags, ",fatal-warnings", NULL)
                                         : g_strdup ("fatal-warnings");
  g_setenv ("G_DEBUG", more, TRUE);
}

/**
 * dpdk_test_init:
 * @argc: (inout): number of arguments
 * @argv: (inout) (array length=argc): the arguments
 *
 * Prepares a program of isolated tests. To be called first in `main()`, instead of g_test_init().
 *
 * Each test that is added with [func@DpdkTesting.add_func] runs in a process of its own, because
 * DPDK can be started once in a process only. The process has a runtime folder of DPDK's that no
 * other program uses, and warnings are fatal in it. When the test function has returned, it is
 * checked that
 *
 * - the EAL is dead, if one was started; if not, the message lists what holds it
 * - there are the same threads and file descriptors as before
 * - there are the same network interfaces as before
 * - no file is left in DPDK's runtime folder and where its hugepages are
 *
 * The folder for temporary files, that of g_get_tmp_dir() and `TMPDIR`, is one that is removed when the
 * program ends, with all that tests have left in it, whether or not they have failed.
 *
 * A test that does not end in time is killed, and its threads and where they are printed.
 *
 * A test that fails does not keep the others from running.
 *
 * The seed of [func@DpdkTesting.get_seed] is printed.
 *
 * ```c
 * static void
 * test_open (void)
 * {
 *   g_autoptr (GError) error = NULL;
 *   g_autoptr (DpdkEal) eal = dpdk_eal_new (NULL, &error);
 *   g_autoptr (DpdkPort) port = dpdk_port_new (eal, "net_ring0", &error);
 *
 *   g_assert_no_error (error);
 * }
 *
 * int
 * main (int argc, char **argv)
 * {
 *   dpdk_test_init (&argc, &argv);
 *   dpdk_test_add_func ("/port/open", DPDK_TEST_FLAGS_NONE, test_open);
 *   return g_test_run ();
 * }
 * ```
 *
 * Since: 0.1
 */
void
dpdk_test_init (int *argc, char ***argv)
{
  set_debug_flags ();
  /* a configuration of the user's is none of ours */
  g_unsetenv ("DPDK_ENV_CONFIG");
  g_test_init (argc, argv, NULL);
  if (g_getenv (SEED_VARIABLE) == NULL)
    {
      g_autofree char *seed = g_strdup_printf ("%u", g_random_int ());

      g_setenv (SEED_VARIABLE, seed, TRUE);
    }
  if (g_test_subprocess ())
    return;
  g_test_message (SEED_VARIABLE "=%u", dpdk_test_get_seed ());
  g_test_set_nonfatal_assertions ();
  dpdk_test_sandbox_init ();
}

gconstpointer
dpdk_test_keep (gconstpointer data, gsize size)
{
  /* GLib would free only those of the tests that run */
  static GSList *kept;

  kept = g_slist_prepend (kept, g_memdup2 (data, size));
  return kept->data;
}

static void
add (const char *path, const Test *test)
{
  g_test_add_data_func (path, dpdk_test_keep (test, sizeof *test), run_test);
}

/**
 * dpdk_test_add_func: (skip)
 * @path: the path of the test
 * @flags: what the test needs
 * @func: the test
 *
 * Adds a test that runs in a process of its own: see [func@DpdkTesting.init].
 *
 * Since: 0.1
 */
void
dpdk_test_add_func (const char *path, DpdkTestFlags flags, GTestFunc func)
{
  const Test test = { .flags = flags, .func = func };

  g_return_if_fail (path != NULL);
  g_return_if_fail (func != NULL);

  add (path, &test);
}

/**
 * dpdk_test_add_data_func: (skip)
 * @path: the path of the test
 * @flags: what the test needs
 * @data: data for @func, which must live as long as the program
 * @func: the test
 *
 * Adds a test that runs in a process of its own, with data: see [func@DpdkTesting.init].
 *
 * Since: 0.1
 */
void
dpdk_test_add_data_func (const char *path, DpdkTestFlags flags, gconstpointer data,
                         GTestDataFunc func)
{
  const Test test = { .flags = flags, .data_func = func, .data = data };

  g_return_if_fail (path != NULL);
  g_return_if_fail (func != NULL);

  add (path, &test);
}

/**
 * dpdk_test_set_timeout:
 * @seconds: the time that a test may take, 120 by default
 *
 * Sets the time after which a test is killed, for all tests of the program. It is as many times longer as
 * the environment variable `DPDK_TEST_PATIENCE` is above 20: see [func@DpdkTesting.get_deadline].
 *
 * To be called between [func@DpdkTesting.init] and g_test_run().
 *
 * Since: 0.1
 */
void
dpdk_test_set_timeout (guint seconds)
{
  g_return_if_fail (seconds > 0);

  timeout_s = seconds;
}

/**
 * dpdk_test_skip:
 * @reason: why
 *
 * Marks the running test as skipped: what g_test_skip() is to a test that is not isolated. The test
 * function has to return after it; what it leaves is checked all the same.
 *
 * Since: 0.1
 */
void
dpdk_test_skip (const char *reason)
{
  g_return_if_fail (reason != NULL);

  if (g_test_subprocess ())
    dpdk_test_sandbox_set_skipped (reason);
  else
    g_test_skip (reason);
}

/**
 * dpdk_test_ignore_fds:
 * @n_fds: number of file descriptors
 *
 * Lets the running test leave open @n_fds file descriptors more than before. For drivers of DPDK
 * that never close some of theirs, as memif does.
 *
 * Since: 0.1
 */
void
dpdk_test_ignore_fds (guint n_fds)
{
  n_ignored_fds += n_fds;
}

/**
 * dpdk_test_scale:
 * @n: how often to do something in a full run
 *
 * Scales a count by the environment variable `DPDK_TEST_SCALE`, for machines that are slower than
 * usual and for runs that are longer.
 *
 * Returns: @n times the value of the variable, at least 1; @n without the variable
 *
 * Since: 0.1
 */
guint
dpdk_test_scale (guint n)
{
  const char *text = g_getenv (SCALE_VARIABLE);
  double scale = text != NULL ? g_ascii_strtod (text, NULL) : 1;

  return scale > 0 ? (guint) CLAMP (n * scale, 1, G_MAXUINT) : n;
}

/**
 * dpdk_test_is_long:
 *
 * Whether the environment variable `DPDK_TEST_LONG` asks for the tests that take long, too.
 *
 * Returns: %TRUE if it does
 *
 * Since: 0.1
 */
gboolean
dpdk_test_is_long (void)
{
  return g_getenv (LONG_VARIABLE) != NULL;
}

/**
 * dpdk_test_get_seed:
 *
 * Gets the seed of all that is random in this run: the value of the environment variable
 * `DPDK_TEST_SEED`, or a number that [func@DpdkTesting.init] has drawn and printed.
 *
 * Returns: the seed
 *
 * Since: 0.1
 */
guint32
dpdk_test_get_seed (void)
{
  const char *text = g_getenv (SEED_VARIABLE);

  return text != NULL ? (guint32) g_ascii_strtoull (text, NULL, 10) : 0;
}

/**
 * dpdk_test_random_new: (skip)
 *
 * Makes a generator of random numbers that gives the same ones in each run with the same seed.
 *
 * Returns: (transfer full): the generator, for g_rand_free()
 *
 * Since: 0.1
 */
GRand *
dpdk_test_random_new (void)
{
  return g_rand_new_with_seed (dpdk_test_get_seed ());
}
