/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-test-wait-private.h"

/* how long anything may take that should happen at once, on a slow and noisy machine */
#define PATIENCE_S 20
#define PATIENCE_VARIABLE "DPDK_TEST_PATIENCE"
#define INTERVAL_US 500

static double
get_patience (void)
{
  const char *text = g_getenv (PATIENCE_VARIABLE);

  return text != NULL ? g_ascii_strtod (text, NULL) : PATIENCE_S;
}

double
dpdk_test_get_slowness (void)
{
  return MAX (get_patience () / PATIENCE_S, 1);
}

/**
 * dpdk_test_get_deadline:
 *
 * Gets the time until which a test should wait for something that should happen at once: 20 s from
 * now, for a slow and noisy machine, or as many seconds as the environment variable
 * `DPDK_TEST_PATIENCE` says.
 *
 * May be called from any thread.
 *
 * Returns: the deadline, as g_get_monotonic_time() counts
 *
 * Since: 0.1
 */
gint64
dpdk_test_get_deadline (void)
{
  return g_get_monotonic_time () + (gint64) (get_patience () * G_TIME_SPAN_SECOND);
}

/**
 * dpdk_test_wait_a_little:
 * @deadline: when to give up, as g_get_monotonic_time() counts
 *
 * Iterates the thread's default main context once, or gives up the processor for less than a
 * millisecond. It is the body of a loop that waits for a condition.
 *
 * May be called from any thread.
 *
 * Returns: %FALSE if @deadline has passed
 *
 * Since: 0.1
 */
gboolean
dpdk_test_wait_a_little (gint64 deadline)
{
  GMainContext *context = g_main_context_get_thread_default ();

  if (g_get_monotonic_time () > deadline)
    return FALSE;
  if (g_main_context_acquire (context))
    {
      gboolean dispatched = g_main_context_iteration (context, FALSE);

      g_main_context_release (context);
      if (dispatched)
        return TRUE;
    }
  g_usleep (INTERVAL_US);
  return TRUE;
}

/**
 * dpdk_test_wait_until:
 * @condition: (scope call): what to wait for
 * @user_data: data for @condition
 *
 * Iterates the thread's default main context until @condition holds or
 * [func@DpdkTesting.get_deadline] has passed. In C, `DPDK_TEST_WAIT_UNTIL()` takes an expression and
 * ends the test if it waits in vain.
 *
 * May be called from any thread.
 *
 * Returns: %TRUE if @condition holds
 *
 * Since: 0.1
 */
gboolean
dpdk_test_wait_until (DpdkTestCondition condition, gpointer user_data)
{
  gint64 deadline = dpdk_test_get_deadline ();

  g_return_val_if_fail (condition != NULL, FALSE);

  while (!condition (user_data))
    if (!dpdk_test_wait_a_little (deadline))
      return FALSE;
  return TRUE;
}
