/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(DPDK_GLIB_INSIDE) && !defined(DPDK_GLIB_COMPILATION)
#error "Only <dpdk-glib.h> can be included directly."
#endif

#include "dpdk-port.h"

G_BEGIN_DECLS

/**
 * DpdkPortStatistics:
 * @rx_packets: packets received
 * @tx_packets: packets sent
 * @rx_bytes: bytes received
 * @tx_bytes: bytes sent
 * @rx_missed: packets dropped by the device because its receive queues were full
 * @rx_errors: packets received with an error
 * @tx_errors: packets that could not be sent
 * @rx_no_memory: packets dropped because no buffer was free
 *
 * The basic counters of a port, since it was started.
 *
 * Since: 0.1
 */
typedef struct {
  guint64 rx_packets;
  guint64 tx_packets;
  guint64 rx_bytes;
  guint64 tx_bytes;
  guint64 rx_missed;
  guint64 rx_errors;
  guint64 tx_errors;
  guint64 rx_no_memory;
} DpdkPortStatistics;

/**
 * DpdkPortQueueStatistics:
 * @rx_packets: packets received
 * @tx_packets: packets sent
 * @rx_bytes: bytes received
 * @tx_bytes: bytes sent
 * @rx_dropped: packets that the receive queue has dropped
 *
 * The counters of the receive and the transmit queue of one number.
 *
 * Since: 0.1
 */
typedef struct {
  guint64 rx_packets;
  guint64 tx_packets;
  guint64 rx_bytes;
  guint64 tx_bytes;
  guint64 rx_dropped;
} DpdkPortQueueStatistics;

DPDK_AVAILABLE_IN_0_1
gboolean dpdk_port_get_statistics (DpdkPort *self, DpdkPortStatistics *statistics, GError **error);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_port_get_queue_statistics (DpdkPort *self, guint queue,
                                         DpdkPortQueueStatistics *statistics, GError **error);
DPDK_AVAILABLE_IN_0_1
GVariant *dpdk_port_dup_extended_statistics (DpdkPort *self, GError **error);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_port_reset_statistics (DpdkPort *self, GError **error);

G_END_DECLS
