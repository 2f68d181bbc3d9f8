/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(DPDK_GLIB_INSIDE) && !defined(DPDK_GLIB_COMPILATION)
#error "Only <dpdk-glib.h> can be included directly."
#endif

#include "dpdk-types.h"
#include "dpdk-version-macros.h"

G_BEGIN_DECLS

#define DPDK_TYPE_RUNTIME (dpdk_runtime_get_type ())

DPDK_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (DpdkRuntime, dpdk_runtime, DPDK, RUNTIME, GObject)

DPDK_AVAILABLE_IN_0_1
DpdkRuntime *dpdk_runtime_new (GError **error);

DPDK_AVAILABLE_IN_0_1
DpdkConfig *dpdk_runtime_get_config (DpdkRuntime *self);
DPDK_AVAILABLE_IN_0_1
DpdkEal *dpdk_runtime_dup_eal (DpdkRuntime *self);
DPDK_AVAILABLE_IN_0_1
guint dpdk_runtime_get_n_workers (DpdkRuntime *self);
DPDK_AVAILABLE_IN_0_1
DpdkWorker *dpdk_runtime_dup_worker (DpdkRuntime *self, guint index);
DPDK_AVAILABLE_IN_0_1
guint dpdk_runtime_get_n_ports (DpdkRuntime *self);
DPDK_AVAILABLE_IN_0_1
DpdkPort *dpdk_runtime_dup_port (DpdkRuntime *self, guint index);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_runtime_is_running (DpdkRuntime *self);

DPDK_AVAILABLE_IN_0_1
gboolean dpdk_runtime_run (DpdkRuntime *self, GError **error);
DPDK_AVAILABLE_IN_0_1
void dpdk_runtime_quit (DpdkRuntime *self);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_runtime_shutdown (DpdkRuntime *self, guint timeout_ms, GError **error);
DPDK_AVAILABLE_IN_0_1
void dpdk_runtime_shutdown_async (DpdkRuntime *self, guint timeout_ms, GCancellable *cancellable,
                                  GAsyncReadyCallback callback, gpointer user_data);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_runtime_shutdown_finish (DpdkRuntime *self, GAsyncResult *result, GError **error);

G_END_DECLS
