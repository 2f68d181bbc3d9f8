/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(DPDK_GLIB_INSIDE) && !defined(DPDK_GLIB_COMPILATION)
#error "Only <dpdk-glib.h> can be included directly."
#endif

#include "dpdk-port-offload.h"
#include "dpdk-types.h"
#include "dpdk-version-macros.h"

G_BEGIN_DECLS

/**
 * DpdkLinkDuplex:
 * @DPDK_LINK_DUPLEX_HALF: one end at a time
 * @DPDK_LINK_DUPLEX_FULL: both ends at once
 *
 * Which ends of a link can send at the same time.
 *
 * Since: 0.1
 */
typedef enum {
  DPDK_LINK_DUPLEX_HALF,
  DPDK_LINK_DUPLEX_FULL,
} DpdkLinkDuplex;

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
guint dpdk_port_get_n_rx_queues (DpdkPort *self);
DPDK_AVAILABLE_IN_0_1
guint dpdk_port_get_n_tx_queues (DpdkPort *self);
DPDK_AVAILABLE_IN_0_1
guint dpdk_port_get_max_queues (DpdkPort *self);
DPDK_AVAILABLE_IN_0_1
int dpdk_port_get_numa_node (DpdkPort *self);
DPDK_AVAILABLE_IN_0_1
DpdkRxOffload dpdk_port_get_rx_offload_capabilities (DpdkPort *self);
DPDK_AVAILABLE_IN_0_1
DpdkTxOffload dpdk_port_get_tx_offload_capabilities (DpdkPort *self);
DPDK_AVAILABLE_IN_0_1
DpdkRxOffload dpdk_port_get_rx_offloads (DpdkPort *self);
DPDK_AVAILABLE_IN_0_1
DpdkTxOffload dpdk_port_get_tx_offloads (DpdkPort *self);
DPDK_AVAILABLE_IN_0_1
DpdkMempool *dpdk_port_get_mempool (DpdkPort *self);
DPDK_AVAILABLE_IN_0_1
const char *dpdk_port_get_mac (DpdkPort *self);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_port_set_mac (DpdkPort *self, const char *mac, GError **error);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_port_add_mac (DpdkPort *self, const char *mac, GError **error);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_port_remove_mac (DpdkPort *self, const char *mac, GError **error);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_port_set_multicast_macs (DpdkPort *self, const char *const *macs, GError **error);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_port_get_promiscuous (DpdkPort *self);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_port_set_promiscuous (DpdkPort *self, gboolean promiscuous, GError **error);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_port_get_all_multicast (DpdkPort *self);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_port_set_all_multicast (DpdkPort *self, gboolean all_multicast, GError **error);
DPDK_AVAILABLE_IN_0_1
guint dpdk_port_get_mtu (DpdkPort *self);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_port_set_mtu (DpdkPort *self, guint mtu, GError **error);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_port_configure (DpdkPort *self, DpdkMempool *mempool, guint n_queues,
                              guint n_descriptors, GError **error);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_port_configure_with (DpdkPort *self, DpdkPortConfig *config, GError **error);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_port_start (DpdkPort *self, GError **error);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_port_stop (DpdkPort *self, GError **error);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_port_is_started (DpdkPort *self);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_port_reset (DpdkPort *self, GError **error);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_port_close (DpdkPort *self, GError **error);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_port_is_removed (DpdkPort *self);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_port_is_link_up (DpdkPort *self);
DPDK_AVAILABLE_IN_0_1
guint dpdk_port_get_link_speed (DpdkPort *self);
DPDK_AVAILABLE_IN_0_1
DpdkLinkDuplex dpdk_port_get_link_duplex (DpdkPort *self);

DPDK_AVAILABLE_IN_0_1
GPtrArray *dpdk_port_receive (DpdkPort *self, guint queue, guint max_packets, GError **error);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_port_send (DpdkPort *self, guint queue, GPtrArray *packets, guint *n_sent,
                         GError **error);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_port_send_bytes (DpdkPort *self, guint queue, const guint8 *data, gsize length,
                               GError **error);

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

/* whether DPDK has some; those of a queue that is not in use are none. What they are is exchanged under
   a burst, and either answer is right then. */
static inline gboolean
dpdk_port_queue_has_callbacks_inline (DpdkPortQueue *queue)
{
  gpointer const *callbacks = __atomic_load_n (&queue->callbacks, __ATOMIC_RELAXED);

  return __atomic_load_n (callbacks, __ATOMIC_RELAXED) != NULL;
}

/* on a queue that is busy. The function is read before what it works on, which is set before it. */
static inline guint16
dpdk_port_queue_entered_burst_inline (DpdkPortQueue *queue, DpdkPacket **packets, guint n_packets)
{
  guint16 (*burst) (gpointer native, DpdkPacket * *packets, guint16 n_packets) =
      __atomic_load_n (&queue->burst, __ATOMIC_ACQUIRE);

  return burst (__atomic_load_n (&queue->native, __ATOMIC_RELAXED), packets, (guint16) n_packets);
}

/* who stops the device waits for the bursts that have begun: it makes the processors order these
   plain accesses, so that a burst does not have to */
static inline guint16
dpdk_port_queue_burst_inline (DpdkPortQueue *queue, DpdkPacket **packets, guint n_packets)
{
  guint16 n;

  __atomic_store_n (&queue->busy, 1, __ATOMIC_RELAXED);
  __atomic_signal_fence (__ATOMIC_SEQ_CST);
  n = dpdk_port_queue_entered_burst_inline (queue, packets, n_packets);
  __atomic_store_n (&queue->busy, 0, __ATOMIC_RELEASE);
  return n;
}

/* whoever sees that a packet was sent must see that it was taken, too */
static inline void
dpdk_port_queue_count_inline (DpdkPortQueue *queue, gint64 n)
{
  __atomic_store_n (&queue->n_held, queue->n_held + n, __ATOMIC_RELEASE);
}

static inline guint
dpdk_port_rx_burst_inline (DpdkPort *self, guint queue, DpdkPacket **packets, guint n_packets)
{
  DpdkPortQueue *rx = &((DpdkPortHead *) self)->rx_queues[queue];
  guint16 n;

  if (G_UNLIKELY (dpdk_port_queue_has_callbacks_inline (rx)))
    return dpdk_port_rx_burst (self, queue, packets, n_packets);
  n = dpdk_port_queue_burst_inline (rx, packets, n_packets);
  dpdk_port_queue_count_inline (rx, n);
  return n;
}

static inline guint
dpdk_port_tx_burst_inline (DpdkPort *self, guint queue, DpdkPacket **packets, guint n_packets)
{
  DpdkPortQueue *tx = &((DpdkPortHead *) self)->tx_queues[queue];
  guint16 n;

  if (G_UNLIKELY (dpdk_port_queue_has_callbacks_inline (tx)))
    return dpdk_port_tx_burst (self, queue, packets, n_packets);
  n = dpdk_port_queue_burst_inline (tx, packets, n_packets);
  dpdk_port_queue_count_inline (tx, -(gint64) n);
  return n;
}

/* the thread sanitizer is told of packets that change threads in the functions only */
#if !defined(DPDK_GLIB_COMPILATION) && !defined(__SANITIZE_THREAD__)
#define dpdk_port_rx_burst dpdk_port_rx_burst_inline
#define dpdk_port_tx_burst dpdk_port_tx_burst_inline
#endif

#endif

G_END_DECLS
