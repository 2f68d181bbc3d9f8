/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(DPDK_GLIB_INSIDE) && !defined(DPDK_GLIB_COMPILATION)
#error "Only <dpdk-glib.h> can be included directly."
#endif

#include "dpdk-types.h"
#include "dpdk-version-macros.h"

G_BEGIN_DECLS

/**
 * DpdkMempoolStatistics:
 * @capacity: the number of buffers, which is @in_use and @available together
 * @in_use: buffers that are out now: with the application, a stack, or a device
 * @available: buffers that are free now, in the common store or in the cache of an lcore
 * @acquired: buffers that the application has taken through this library since the pool was made:
 *   each segment of each packet that it acquired, made of data, cloned or copied. What stacks take,
 *   and devices for packets that they receive, is not counted
 * @reused: how many of @acquired the application had before, so that @acquired less @reused is the
 *   number of different buffers that it has had
 * @failed: how often the application could not take what it asked for because too few buffers were
 *   free; an operation that waits does not fail
 * @high_water: the most buffers that were away from the common store at a time: in use, or kept in the
 *   cache of an lcore. It is looked at whenever the application takes from the common store, and now
 *
 * The counters of a mempool.
 *
 * Since: 0.1
 */
typedef struct {
  guint capacity;
  guint in_use;
  guint available;
  guint high_water;
  guint64 acquired;
  guint64 reused;
  guint64 failed;
} DpdkMempoolStatistics;

#define DPDK_TYPE_MEMPOOL (dpdk_mempool_get_type ())

DPDK_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (DpdkMempool, dpdk_mempool, DPDK, MEMPOOL, GObject)

DPDK_AVAILABLE_IN_0_1
DpdkMempool *dpdk_mempool_new (DpdkEal *eal, guint capacity, guint cache_size, guint data_size,
                               int numa_node, GError **error);

DPDK_AVAILABLE_IN_0_1
DpdkEal *dpdk_mempool_get_eal (DpdkMempool *self);
DPDK_AVAILABLE_IN_0_1
const char *dpdk_mempool_get_name (DpdkMempool *self);
DPDK_AVAILABLE_IN_0_1
guint dpdk_mempool_get_capacity (DpdkMempool *self);
DPDK_AVAILABLE_IN_0_1
guint dpdk_mempool_get_cache_size (DpdkMempool *self);
DPDK_AVAILABLE_IN_0_1
guint dpdk_mempool_get_data_size (DpdkMempool *self);
DPDK_AVAILABLE_IN_0_1
guint dpdk_mempool_get_available (DpdkMempool *self);
DPDK_AVAILABLE_IN_0_1
guint dpdk_mempool_get_in_use (DpdkMempool *self);
DPDK_AVAILABLE_IN_0_1
void dpdk_mempool_get_statistics (DpdkMempool *self, DpdkMempoolStatistics *statistics);

DPDK_AVAILABLE_IN_0_1
DpdkPacket *dpdk_mempool_acquire (DpdkMempool *self, GError **error);
DPDK_AVAILABLE_IN_0_1
DpdkPacket *dpdk_mempool_acquire_cached (DpdkMempool *self, DpdkLcore *lcore, GError **error);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_mempool_acquire_bulk (DpdkMempool *self, DpdkPacket **packets, guint n_packets,
                                    GError **error);
DPDK_AVAILABLE_IN_0_1
GList *dpdk_mempool_acquire_list (DpdkMempool *self, guint n_packets, GError **error);
DPDK_AVAILABLE_IN_0_1
DpdkPacket *dpdk_mempool_acquire_sync (DpdkMempool *self, GCancellable *cancellable,
                                       GError **error);
DPDK_AVAILABLE_IN_0_1
void dpdk_mempool_acquire_async (DpdkMempool *self, GCancellable *cancellable,
                                 GAsyncReadyCallback callback, gpointer user_data);
DPDK_AVAILABLE_IN_0_1
DpdkPacket *dpdk_mempool_acquire_finish (DpdkMempool *self, GAsyncResult *result, GError **error);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_mempool_warmup (DpdkMempool *self, GError **error);

G_END_DECLS
