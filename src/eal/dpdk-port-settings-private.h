/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-glib.h"

G_BEGIN_DECLS

/* what a device is, or was, configured with */
typedef struct {
  guint n_rx_queues;
  guint n_tx_queues;
  guint n_rx_descriptors;
  guint n_tx_descriptors;
  DpdkRxOffload rx_offloads;
  DpdkTxOffload tx_offloads;
  /* (element-type DpdkMempool): one per receive queue */
  GPtrArray *mempools;
} DpdkPortSettings;

/* FALSE if a queue has no pool */
gboolean dpdk_port_settings_init (DpdkPortSettings *self, DpdkPortConfig *config, GError **error);
void dpdk_port_settings_clear (DpdkPortSettings *self);

G_END_DECLS
