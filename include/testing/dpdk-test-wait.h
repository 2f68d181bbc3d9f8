/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(DPDK_GLIB_TESTING_INSIDE) && !defined(DPDK_GLIB_TESTING_COMPILATION)
#error "Only <dpdk-glib-testing.h> can be included directly."
#endif

#include <dpdk-glib.h>

G_BEGIN_DECLS

/**
 * DpdkTestCondition:
 * @user_data: user data
 *
 * A condition that [func@DpdkTesting.wait_until] waits for.
 *
 * Returns: %TRUE if it holds
 *
 * Since: 0.1
 */
typedef gboolean (*DpdkTestCondition) (gpointer user_data);

DPDK_AVAILABLE_IN_0_1
gint64 dpdk_test_get_deadline (void);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_test_wait_a_little (gint64 deadline);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_test_wait_until (DpdkTestCondition condition, gpointer user_data);

/**
 * DPDK_TEST_WAIT_UNTIL:
 * @condition: a C expression
 *
 * Iterates the thread's default main context until @condition holds. Ends the test if that takes
 * longer than [func@DpdkTesting.get_deadline] allows.
 *
 * Since: 0.1
 */
#define DPDK_TEST_WAIT_UNTIL(condition)                                                            \
  G_STMT_START                                                                                     \
  {                                                                                                \
    gint64 dpdk_test_deadline = dpdk_test_get_deadline ();                                         \
                                                                                                   \
    while (!(condition))                                                                           \
      if (!dpdk_test_wait_a_little (dpdk_test_deadline))                                           \
        g_assertion_message (G_LOG_DOMAIN, __FILE__, __LINE__, G_STRFUNC,                          \
                             "in vain waited for: " #condition);                                   \
  }                                                                                                \
  G_STMT_END

G_END_DECLS
