/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(DPDK_GLIB_INSIDE) && !defined(DPDK_GLIB_COMPILATION)
#error "Only <dpdk-glib.h> can be included directly."
#endif

#include "dpdk-stack-offload.h"
#include "dpdk-types.h"
#include "dpdk-version-macros.h"
#include "dpdk-worker.h"

G_BEGIN_DECLS

#define DPDK_TYPE_RUNTIME_BUILDER (dpdk_runtime_builder_get_type ())

DPDK_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (DpdkRuntimeBuilder, dpdk_runtime_builder, DPDK, RUNTIME_BUILDER, GObject)

DPDK_AVAILABLE_IN_0_1
DpdkRuntimeBuilder *dpdk_runtime_builder_new (void);

DPDK_AVAILABLE_IN_0_1
void dpdk_runtime_builder_set_config (DpdkRuntimeBuilder *self, DpdkConfig *config);
DPDK_AVAILABLE_IN_0_1
void dpdk_runtime_builder_set_worker_threads (DpdkRuntimeBuilder *self, guint worker_threads);
DPDK_AVAILABLE_IN_0_1
void dpdk_runtime_builder_add_eal_arg (DpdkRuntimeBuilder *self, const char *arg);
DPDK_AVAILABLE_IN_0_1
void dpdk_runtime_builder_add_eal_args (DpdkRuntimeBuilder *self, const char *const *args);
DPDK_AVAILABLE_IN_0_1
void dpdk_runtime_builder_add_port (DpdkRuntimeBuilder *self, DpdkPort *port);
DPDK_AVAILABLE_IN_0_1
void dpdk_runtime_builder_set_mempool_size (DpdkRuntimeBuilder *self, guint mempool_size);
DPDK_AVAILABLE_IN_0_1
void dpdk_runtime_builder_set_cache_size (DpdkRuntimeBuilder *self, guint cache_size);
DPDK_AVAILABLE_IN_0_1
void dpdk_runtime_builder_set_queue_descriptors (DpdkRuntimeBuilder *self, guint queue_descriptors);
DPDK_AVAILABLE_IN_0_1
void dpdk_runtime_builder_set_memory_budget (DpdkRuntimeBuilder *self, guint64 memory_budget);
DPDK_AVAILABLE_IN_0_1
void dpdk_runtime_builder_set_pci_addresses (DpdkRuntimeBuilder *self,
                                             const char *const *pci_addresses);
DPDK_AVAILABLE_IN_0_1
void dpdk_runtime_builder_set_disabled_offloads (DpdkRuntimeBuilder *self,
                                                 DpdkStackOffload disabled_offloads);
DPDK_AVAILABLE_IN_0_1
void dpdk_runtime_builder_set_idle_policy (DpdkRuntimeBuilder *self, DpdkIdlePolicy idle_policy);

DPDK_AVAILABLE_IN_0_1
DpdkRuntime *dpdk_runtime_builder_build (DpdkRuntimeBuilder *self, GError **error);

G_END_DECLS
