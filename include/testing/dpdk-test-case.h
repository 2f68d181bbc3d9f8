/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(DPDK_GLIB_TESTING_INSIDE) && !defined(DPDK_GLIB_TESTING_COMPILATION)
#error "Only <dpdk-glib-testing.h> can be included directly."
#endif

#include <dpdk-glib.h>

G_BEGIN_DECLS

/**
 * DpdkTestFlags:
 * @DPDK_TEST_FLAGS_NONE: nothing but a process of its own
 * @DPDK_TEST_FLAGS_NETWORK: a network namespace of its own, in which only the loopback interface is
 *   and is up; the test is skipped without the privilege to make one
 *
 * What a test needs around it.
 *
 * Since: 0.1
 */
typedef enum /*< flags >*/
{
  DPDK_TEST_FLAGS_NONE = 0,
  DPDK_TEST_FLAGS_NETWORK = 1 << 0,
} DpdkTestFlags;

DPDK_AVAILABLE_IN_0_1
void dpdk_test_init (int *argc, char ***argv);
DPDK_AVAILABLE_IN_0_1
void dpdk_test_add_func (const char *path, DpdkTestFlags flags, GTestFunc func);
DPDK_AVAILABLE_IN_0_1
void dpdk_test_add_data_func (const char *path, DpdkTestFlags flags, gconstpointer data,
                              GTestDataFunc func);
DPDK_AVAILABLE_IN_0_1
void dpdk_test_set_timeout (guint seconds);
DPDK_AVAILABLE_IN_0_1
void dpdk_test_skip (const char *reason);
DPDK_AVAILABLE_IN_0_1
void dpdk_test_ignore_fds (guint n_fds);

DPDK_AVAILABLE_IN_0_1
guint dpdk_test_scale (guint n);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_test_is_long (void);
DPDK_AVAILABLE_IN_0_1
guint32 dpdk_test_get_seed (void);
DPDK_AVAILABLE_IN_0_1
GRand *dpdk_test_random_new (void);

G_END_DECLS
