/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(DPDK_GLIB_TESTING_INSIDE) && !defined(DPDK_GLIB_TESTING_COMPILATION)
#error "Only <dpdk-glib-testing.h> can be included directly."
#endif

#include <dpdk-glib.h>

G_BEGIN_DECLS

#define DPDK_TEST_TYPE_USAGE (dpdk_test_usage_get_type ())

/**
 * DpdkTestUsage:
 *
 * What this process used at a moment: threads, file descriptors and memory.
 *
 * Threads of GLib's pools, which come and go as GLib likes, do not count.
 *
 * ```c
 * g_autoptr (DpdkTestUsage) before = dpdk_test_usage_new ();
 *
 * for (guint i = 0; i < 1000; i++)
 *   use_and_drop_a_connection ();
 * dpdk_test_usage_assert_same (before, 1024 * 1024);
 * ```
 *
 * Since: 0.1
 */
typedef struct _DpdkTestUsage DpdkTestUsage;

DPDK_AVAILABLE_IN_0_1
GType dpdk_test_usage_get_type (void) G_GNUC_CONST;

DPDK_AVAILABLE_IN_0_1
DpdkTestUsage *dpdk_test_usage_new (void);
DPDK_AVAILABLE_IN_0_1
DpdkTestUsage *dpdk_test_usage_copy (const DpdkTestUsage *self);
DPDK_AVAILABLE_IN_0_1
void dpdk_test_usage_free (DpdkTestUsage *self);
DPDK_AVAILABLE_IN_0_1
guint dpdk_test_usage_get_n_threads (const DpdkTestUsage *self);
DPDK_AVAILABLE_IN_0_1
guint dpdk_test_usage_get_n_fds (const DpdkTestUsage *self);
DPDK_AVAILABLE_IN_0_1
guint64 dpdk_test_usage_get_memory (const DpdkTestUsage *self);
DPDK_AVAILABLE_IN_0_1
char *dpdk_test_usage_describe_growth (const DpdkTestUsage *self);
DPDK_AVAILABLE_IN_0_1
void dpdk_test_usage_assert_same (const DpdkTestUsage *self, guint64 memory_slack);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DpdkTestUsage, dpdk_test_usage_free)

DPDK_AVAILABLE_IN_0_1
void dpdk_test_assert_finalize (gpointer object);
DPDK_AVAILABLE_IN_0_1
char *dpdk_test_describe_pool (DpdkMempool *pool);
DPDK_AVAILABLE_IN_0_1
void dpdk_test_assert_pool_full (DpdkMempool *pool);
DPDK_AVAILABLE_IN_0_1
void dpdk_test_assert_eal_dead (void);

G_END_DECLS
