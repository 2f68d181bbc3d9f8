/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(DPDK_GLIB_TESTING_INSIDE) && !defined(DPDK_GLIB_TESTING_COMPILATION)
#error "Only <dpdk-glib-testing.h> can be included directly."
#endif

#include <dpdk-glib.h>

G_BEGIN_DECLS

#define DPDK_TEST_TYPE_IMPAIRMENT (dpdk_test_impairment_get_type ())

/**
 * DpdkTestImpairment:
 *
 * What a [class@DpdkTesting.Link] does to the packets of a direction. A new one does nothing.
 *
 * What happens to a packet depends on the seed and on the number of the packet in its queue only:
 * with the same seed the third packet is lost in each run, or in none. The seed is that of the run,
 * which the environment variable `DPDK_TEST_SEED` sets, unless
 * [method@DpdkTesting.Impairment.set_seed] does.
 *
 * ```c
 * g_autoptr (DpdkTestImpairment) impairment = dpdk_test_impairment_new ();
 *
 * dpdk_test_impairment_set_loss (impairment, 0.01);
 * dpdk_test_impairment_set_delay (impairment, 2000);
 * dpdk_test_link_set_impairment (link, 0, impairment, &error);
 * ```
 *
 * Since: 0.1
 */
typedef struct _DpdkTestImpairment DpdkTestImpairment;

DPDK_AVAILABLE_IN_0_1
GType dpdk_test_impairment_get_type (void) G_GNUC_CONST;

DPDK_AVAILABLE_IN_0_1
DpdkTestImpairment *dpdk_test_impairment_new (void);
DPDK_AVAILABLE_IN_0_1
DpdkTestImpairment *dpdk_test_impairment_copy (const DpdkTestImpairment *self);
DPDK_AVAILABLE_IN_0_1
void dpdk_test_impairment_free (DpdkTestImpairment *self);
DPDK_AVAILABLE_IN_0_1
void dpdk_test_impairment_set_bandwidth (DpdkTestImpairment *self, guint64 bandwidth);
DPDK_AVAILABLE_IN_0_1
guint64 dpdk_test_impairment_get_bandwidth (const DpdkTestImpairment *self);
DPDK_AVAILABLE_IN_0_1
void dpdk_test_impairment_set_corrupt (DpdkTestImpairment *self, double corrupt);
DPDK_AVAILABLE_IN_0_1
double dpdk_test_impairment_get_corrupt (const DpdkTestImpairment *self);
DPDK_AVAILABLE_IN_0_1
void dpdk_test_impairment_set_delay (DpdkTestImpairment *self, guint delay);
DPDK_AVAILABLE_IN_0_1
guint dpdk_test_impairment_get_delay (const DpdkTestImpairment *self);
DPDK_AVAILABLE_IN_0_1
void dpdk_test_impairment_set_duplicate (DpdkTestImpairment *self, double duplicate);
DPDK_AVAILABLE_IN_0_1
double dpdk_test_impairment_get_duplicate (const DpdkTestImpairment *self);
DPDK_AVAILABLE_IN_0_1
void dpdk_test_impairment_set_jitter (DpdkTestImpairment *self, guint jitter);
DPDK_AVAILABLE_IN_0_1
guint dpdk_test_impairment_get_jitter (const DpdkTestImpairment *self);
DPDK_AVAILABLE_IN_0_1
void dpdk_test_impairment_set_loss (DpdkTestImpairment *self, double loss);
DPDK_AVAILABLE_IN_0_1
double dpdk_test_impairment_get_loss (const DpdkTestImpairment *self);
DPDK_AVAILABLE_IN_0_1
void dpdk_test_impairment_set_queue_limit (DpdkTestImpairment *self, guint queue_limit);
DPDK_AVAILABLE_IN_0_1
guint dpdk_test_impairment_get_queue_limit (const DpdkTestImpairment *self);
DPDK_AVAILABLE_IN_0_1
void dpdk_test_impairment_set_reorder (DpdkTestImpairment *self, double reorder);
DPDK_AVAILABLE_IN_0_1
double dpdk_test_impairment_get_reorder (const DpdkTestImpairment *self);
DPDK_AVAILABLE_IN_0_1
void dpdk_test_impairment_set_seed (DpdkTestImpairment *self, guint64 seed);
DPDK_AVAILABLE_IN_0_1
guint64 dpdk_test_impairment_get_seed (const DpdkTestImpairment *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DpdkTestImpairment, dpdk_test_impairment_free)

G_END_DECLS
