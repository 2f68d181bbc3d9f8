/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(DPDK_GLIB_INSIDE) && !defined(DPDK_GLIB_COMPILATION)
#error "Only <dpdk-glib.h> can be included directly."
#endif

#include "dpdk-types.h"
#include "dpdk-version-macros.h"

G_BEGIN_DECLS

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

G_END_DECLS
