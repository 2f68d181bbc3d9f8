/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(DPDK_GLIB_TESTING_INSIDE) && !defined(DPDK_GLIB_TESTING_COMPILATION)
#error "Only <dpdk-glib-testing.h> can be included directly."
#endif

#include <dpdk-glib.h>

#include "dpdk-test-capture.h"
#include "dpdk-test-impairment.h"

G_BEGIN_DECLS

/**
 * DpdkTestLinkStatistics:
 * @taken: packets taken from the sender
 * @passed: packets handed to the receiver, duplicates included
 * @lost: packets lost on purpose, or because an end was down or closed
 * @duplicated: copies made
 * @reordered: packets that were overtaken by a later one
 * @corrupted: packets that were changed
 * @queue_dropped: packets dropped because the queue in front of the link was full
 * @pending: packets that are still on the link
 *
 * The counters of a direction of a [class@DpdkTesting.Link]. They add up: @taken and @duplicated are
 * together as many as @passed, @lost, @queue_dropped and @pending.
 *
 * Since: 0.1
 */
typedef struct {
  guint64 taken;
  guint64 passed;
  guint64 lost;
  guint64 duplicated;
  guint64 reordered;
  guint64 corrupted;
  guint64 queue_dropped;
  guint64 pending;
} DpdkTestLinkStatistics;

#define DPDK_TEST_TYPE_LINK (dpdk_test_link_get_type ())

DPDK_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (DpdkTestLink, dpdk_test_link, DPDK_TEST, LINK, GObject)

DPDK_AVAILABLE_IN_0_1
DpdkTestLink *dpdk_test_link_new (DpdkEal *eal, guint n_queues, GError **error);
DPDK_AVAILABLE_IN_0_1
DpdkTestLink *dpdk_test_link_new_impaired (DpdkEal *eal, guint n_queues,
                                           const DpdkTestImpairment *impairment, GError **error);
DPDK_AVAILABLE_IN_0_1
guint dpdk_test_link_get_n_queues (DpdkTestLink *self);
DPDK_AVAILABLE_IN_0_1
DpdkPort *dpdk_test_link_get_port (DpdkTestLink *self, guint end);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_test_link_set_impairment (DpdkTestLink *self, guint end,
                                        const DpdkTestImpairment *impairment, GError **error);
DPDK_AVAILABLE_IN_0_1
DpdkTestImpairment *dpdk_test_link_dup_impairment (DpdkTestLink *self, guint end);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_test_link_set_up (DpdkTestLink *self, guint end, gboolean up, GError **error);
DPDK_AVAILABLE_IN_0_1
void dpdk_test_link_get_statistics (DpdkTestLink *self, guint end,
                                    DpdkTestLinkStatistics *statistics);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_test_link_capture (DpdkTestLink *self, guint end, DpdkTestCapture *capture,
                                 GError **error);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_test_link_inject (DpdkTestLink *self, guint end, GBytes *frame, GError **error);

G_END_DECLS
