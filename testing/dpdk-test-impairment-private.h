/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <dpdk-glib-testing.h>

G_BEGIN_DECLS

#define DPDK_TEST_DEFAULT_QUEUE_LIMIT 1000

typedef enum {
  DPDK_TEST_DECISION_LOSS,
  DPDK_TEST_DECISION_DUPLICATE,
  DPDK_TEST_DECISION_REORDER,
  DPDK_TEST_DECISION_REORDER_GAP,
  DPDK_TEST_DECISION_CORRUPT,
  DPDK_TEST_DECISION_CORRUPT_BIT,
  DPDK_TEST_DECISION_JITTER,
  DPDK_TEST_DECISION_JITTER_OF_DUPLICATE,
  DPDK_TEST_N_DECISIONS,
} DpdkTestDecision;

struct _DpdkTestImpairment {
  double loss;
  double duplicate;
  double reorder;
  double corrupt;
  guint delay;
  guint jitter;
  guint64 bandwidth;
  guint queue_limit;
  guint64 seed;
};

/* what becomes of packet @index of a stream depends on nothing else */
guint64 dpdk_test_impairment_draw (const DpdkTestImpairment *self, guint stream, guint64 index,
                                   DpdkTestDecision decision);
gboolean dpdk_test_impairment_decide (const DpdkTestImpairment *self, double probability,
                                      guint stream, guint64 index, DpdkTestDecision decision);

G_END_DECLS
