/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(DPDK_GLIB_INSIDE) && !defined(DPDK_GLIB_COMPILATION)
#error "Only <dpdk-glib.h> can be included directly."
#endif

#include "dpdk-types.h"
#include "dpdk-version-macros.h"

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

#define DPDK_TYPE_PORT (dpdk_port_get_type ())

DPDK_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (DpdkPort, dpdk_port, DPDK, PORT, GObject)

DPDK_AVAILABLE_IN_0_1
DpdkPort *dpdk_port_new (DpdkEal *eal, const char *devargs, GError **error);
DPDK_AVAILABLE_IN_0_1
DpdkPort *dpdk_port_adopt (DpdkEal *eal, const char *device_name, GError **error);

DPDK_AVAILABLE_IN_0_1
DpdkEal *dpdk_port_get_eal (DpdkPort *self);
DPDK_AVAILABLE_IN_0_1
const char *dpdk_port_get_devargs (DpdkPort *self);
DPDK_AVAILABLE_IN_0_1
const char *dpdk_port_get_driver (DpdkPort *self);
DPDK_AVAILABLE_IN_0_1
guint dpdk_port_get_id (DpdkPort *self);
DPDK_AVAILABLE_IN_0_1
guint dpdk_port_get_n_queues (DpdkPort *self);
DPDK_AVAILABLE_IN_0_1
guint dpdk_port_get_max_queues (DpdkPort *self);
DPDK_AVAILABLE_IN_0_1
DpdkMempool *dpdk_port_get_mempool (DpdkPort *self);
DPDK_AVAILABLE_IN_0_1
const char *dpdk_port_get_mac (DpdkPort *self);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_port_set_mac (DpdkPort *self, const char *mac, GError **error);
DPDK_AVAILABLE_IN_0_1
guint dpdk_port_get_mtu (DpdkPort *self);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_port_set_mtu (DpdkPort *self, guint mtu, GError **error);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_port_configure (DpdkPort *self, DpdkMempool *mempool, guint n_queues,
                              guint n_descriptors, GError **error);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_port_start (DpdkPort *self, GError **error);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_port_stop (DpdkPort *self, GError **error);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_port_is_started (DpdkPort *self);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_port_close (DpdkPort *self, GError **error);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_port_get_statistics (DpdkPort *self, DpdkPortStatistics *statistics, GError **error);

DPDK_AVAILABLE_IN_0_1
guint dpdk_port_rx_burst (DpdkPort *self, guint queue, DpdkPacket **packets, guint n_packets);
DPDK_AVAILABLE_IN_0_1
guint dpdk_port_tx_burst (DpdkPort *self, guint queue, DpdkPacket **packets, guint n_packets);

#ifndef __GI_SCANNER__

/*< private >
 * What a burst needs, so that it costs what it costs in DPDK; a call into the library would take a
 * tenth of the time of a burst on the fastest devices. */
typedef struct {
  guint16 (*burst) (gpointer native, DpdkPacket **packets, guint16 n_packets);
  gpointer native;
  gpointer const *callbacks;
  gint64 n_held;
  gint busy;
  gint reserved;
  gpointer padding[3];
} DpdkPortQueue;

typedef struct {
  GObject parent_instance;
  DpdkPortQueue *rx_queues;
  DpdkPortQueue *tx_queues;
  gint n_changes;
} DpdkPortHead;

/* who stops the device waits for the bursts that have begun: it makes the processors order these
   plain accesses, so that a burst does not have to */
static inline guint16
dpdk_port_queue_burst_inline (DpdkPortQueue *queue, DpdkPacket **packets, guint n_packets)
{
  guint16 n;

  __atomic_store_n (&queue->busy, 1, __ATOMIC_RELAXED);
  __atomic_signal_fence (__ATOMIC_SEQ_CST);
  n = __atomic_load_n (&queue->burst, __ATOMIC_ACQUIRE) (queue->native, packets,
                                                         (guint16) n_packets);
  __atomic_store_n (&queue->busy, 0, __ATOMIC_RELEASE);
  return n;
}

static inline guint
dpdk_port_rx_burst_inline (DpdkPort *self, guint queue, DpdkPacket **packets, guint n_packets)
{
  DpdkPortQueue *rx = &((DpdkPortHead *) self)->rx_queues[queue];
  guint16 n;

  if (G_UNLIKELY (*rx->callbacks != NULL))
    return dpdk_port_rx_burst (self, queue, packets, n_packets);
  n = dpdk_port_queue_burst_inline (rx, packets, n_packets);
  rx->n_held += n;
  return n;
}

static inline guint
dpdk_port_tx_burst_inline (DpdkPort *self, guint queue, DpdkPacket **packets, guint n_packets)
{
  DpdkPortQueue *tx = &((DpdkPortHead *) self)->tx_queues[queue];
  guint16 n;

  if (G_UNLIKELY (*tx->callbacks != NULL))
    return dpdk_port_tx_burst (self, queue, packets, n_packets);
  n = dpdk_port_queue_burst_inline (tx, packets, n_packets);
  tx->n_held -= n;
  return n;
}

#ifndef DPDK_GLIB_COMPILATION
#define dpdk_port_rx_burst dpdk_port_rx_burst_inline
#define dpdk_port_tx_burst dpdk_port_tx_burst_inline
#endif

#endif

G_END_DECLS
