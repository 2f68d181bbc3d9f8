/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(DPDK_GLIB_INSIDE) && !defined(DPDK_GLIB_COMPILATION)
#error "Only <dpdk-glib.h> can be included directly."
#endif

#include "dpdk-types.h"
#include "dpdk-version-macros.h"

G_BEGIN_DECLS

/**
 * DpdkEalState:
 * @DPDK_EAL_STATE_NEVER: it was not started yet
 * @DPDK_EAL_STATE_UP: it runs
 * @DPDK_EAL_STATE_CLOSING: it ends, or waits for the last object that needs it; new ones are refused
 * @DPDK_EAL_STATE_DEAD: it has ended, and cannot be started again in this process
 *
 * The state of the EAL of a process. It only goes forward.
 *
 * Since: 0.1
 */
typedef enum {
  DPDK_EAL_STATE_NEVER,
  DPDK_EAL_STATE_UP,
  DPDK_EAL_STATE_CLOSING,
  DPDK_EAL_STATE_DEAD,
} DpdkEalState;

#define DPDK_TYPE_EAL (dpdk_eal_get_type ())

DPDK_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (DpdkEal, dpdk_eal, DPDK, EAL, GObject)

DPDK_AVAILABLE_IN_0_1
DpdkEal *dpdk_eal_new (const char *const *args, GError **error);
DPDK_AVAILABLE_IN_0_1
DpdkEal *dpdk_eal_dup_current (void);
DPDK_AVAILABLE_IN_0_1
DpdkEalState dpdk_eal_get_process_state (void);

DPDK_AVAILABLE_IN_0_1
DpdkEalState dpdk_eal_get_state (DpdkEal *self);
DPDK_AVAILABLE_IN_0_1
const char *const *dpdk_eal_get_args (DpdkEal *self);
DPDK_AVAILABLE_IN_0_1
GPtrArray *dpdk_eal_dup_dependants (DpdkEal *self);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_eal_shutdown (DpdkEal *self, guint timeout_ms, GError **error);
DPDK_AVAILABLE_IN_0_1
void dpdk_eal_shutdown_async (DpdkEal *self, guint timeout_ms, GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer user_data);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_eal_shutdown_finish (DpdkEal *self, GAsyncResult *result, GError **error);
DPDK_AVAILABLE_IN_0_1
void dpdk_eal_prepare_exit (void);

G_END_DECLS
