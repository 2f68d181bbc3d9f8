/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(DPDK_GLIB_INSIDE) && !defined(DPDK_GLIB_COMPILATION)
#error "Only <dpdk-glib.h> can be included directly."
#endif

#include "dpdk-stack-offload.h"
#include "dpdk-types.h"
#include "dpdk-version-macros.h"

G_BEGIN_DECLS

typedef enum {
  DPDK_IDLE_POLICY_BUSY_POLL,
  DPDK_IDLE_POLICY_ADAPTIVE,
} DpdkIdlePolicy;

/**
 * DpdkWorkerStatistics:
 * @rx_packets: packets taken from the receive queues
 * @tx_packets: packets handed to the transmit queues
 * @rx_dropped: received packets that the stack dropped: malformed, not for us, or out of memory
 * @rx_malformed: of these, packets with a bad length, checksum or header
 * @tx_dropped: packets dropped because no buffer was free or a transmit queue stayed full
 *
 * The counters of a worker, since it was started.
 *
 * Since: 0.1
 */
typedef struct {
  guint64 rx_packets;
  guint64 tx_packets;
  guint64 rx_dropped;
  guint64 rx_malformed;
  guint64 tx_dropped;
} DpdkWorkerStatistics;

/**
 * DpdkWorkerFunc:
 * @worker: the worker that runs the function
 * @user_data: user data
 *
 * A function that [method@Worker.invoke] runs on the thread of a worker.
 * It must not block: all packets of the worker's queues wait for it.
 *
 * Since: 0.1
 */
typedef void (*DpdkWorkerFunc) (DpdkWorker *worker, gpointer user_data);

#define DPDK_TYPE_WORKER (dpdk_worker_get_type ())

DPDK_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (DpdkWorker, dpdk_worker, DPDK, WORKER, GObject)

DPDK_AVAILABLE_IN_0_1
DpdkWorker *dpdk_worker_dup_current (void);

DPDK_AVAILABLE_IN_0_1
guint dpdk_worker_get_index (DpdkWorker *self);
DPDK_AVAILABLE_IN_0_1
guint dpdk_worker_get_core (DpdkWorker *self);
DPDK_AVAILABLE_IN_0_1
DpdkIdlePolicy dpdk_worker_get_idle_policy (DpdkWorker *self);
DPDK_AVAILABLE_IN_0_1
GMainContext *dpdk_worker_get_main_context (DpdkWorker *self);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_worker_is_running (DpdkWorker *self);
DPDK_AVAILABLE_IN_0_1
void dpdk_worker_get_statistics (DpdkWorker *self, DpdkWorkerStatistics *statistics);
DPDK_AVAILABLE_IN_0_1
DpdkStackCounters *dpdk_worker_dup_stack_counters (DpdkWorker *self);
DPDK_AVAILABLE_IN_0_1
DpdkStackOffload dpdk_worker_get_offloads (DpdkWorker *self, DpdkPort *port);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_worker_invoke (DpdkWorker *self, DpdkWorkerFunc func, gpointer user_data,
                             GDestroyNotify destroy, GError **error);

G_END_DECLS
