/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(DPDK_GLIB_TESTING_INSIDE) && !defined(DPDK_GLIB_TESTING_COMPILATION)
#error "Only <dpdk-glib-testing.h> can be included directly."
#endif

#include <dpdk-glib.h>

#include "dpdk-test-link.h"

G_BEGIN_DECLS

#define DPDK_TEST_TYPE_PAIR (dpdk_test_pair_get_type ())

DPDK_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (DpdkTestPair, dpdk_test_pair, DPDK_TEST, PAIR, GObject)

DPDK_AVAILABLE_IN_0_1
DpdkTestPair *dpdk_test_pair_new (DpdkTestLink *link, GError **error);
DPDK_AVAILABLE_IN_0_1
DpdkTestLink *dpdk_test_pair_get_link (DpdkTestPair *self);
DPDK_AVAILABLE_IN_0_1
DpdkRuntime *dpdk_test_pair_get_runtime (DpdkTestPair *self, guint end);
DPDK_AVAILABLE_IN_0_1
const char *dpdk_test_pair_get_address (DpdkTestPair *self, guint end, GSocketFamily family);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_test_pair_connect (DpdkTestPair *self, guint end, GSocketFamily family,
                                 DpdkTcpConnection **connection, DpdkTcpConnection **accepted,
                                 GError **error);
DPDK_AVAILABLE_IN_0_1
void dpdk_test_pair_assert_shutdown (DpdkTestPair *self, guint end);

G_END_DECLS
