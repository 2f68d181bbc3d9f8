/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(DPDK_GLIB_INSIDE) && !defined(DPDK_GLIB_COMPILATION)
#error "Only <dpdk-glib.h> can be included directly."
#endif

#include "dpdk-types.h"
#include "dpdk-version-macros.h"

G_BEGIN_DECLS

/**
 * DpdkLcoreRole:
 * @DPDK_LCORE_ROLE_MAIN: the main lcore of DPDK. It is a thread of the library, which opens,
 *   controls and closes devices and runs the cleanup; the code of an application never runs there
 * @DPDK_LCORE_ROLE_WORKER: the thread of a [class@Dpdk.Worker]
 * @DPDK_LCORE_ROLE_REGISTERED: a thread of the application that is registered with
 *   [func@Dpdk.Lcore.register], or with `rte_thread_register()`
 * @DPDK_LCORE_ROLE_SERVICE: a service lcore of DPDK
 * @DPDK_LCORE_ROLE_EXTERNAL: a thread that is no lcore
 *
 * What a thread is to DPDK.
 *
 * Since: 0.1
 */
typedef enum {
  DPDK_LCORE_ROLE_MAIN,
  DPDK_LCORE_ROLE_WORKER,
  DPDK_LCORE_ROLE_REGISTERED,
  DPDK_LCORE_ROLE_SERVICE,
  DPDK_LCORE_ROLE_EXTERNAL,
} DpdkLcoreRole;

#define DPDK_TYPE_LCORE (dpdk_lcore_get_type ())

DPDK_AVAILABLE_IN_0_1
GType dpdk_lcore_get_type (void) G_GNUC_CONST;

DPDK_AVAILABLE_IN_0_1
DpdkLcore *dpdk_lcore_register (DpdkEal *eal, GError **error);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_lcore_unregister (DpdkLcore *self, GError **error);
DPDK_AVAILABLE_IN_0_1
DpdkLcore *dpdk_lcore_ref (DpdkLcore *self);
DPDK_AVAILABLE_IN_0_1
void dpdk_lcore_unref (DpdkLcore *self);

DPDK_AVAILABLE_IN_0_1
DpdkLcoreRole dpdk_lcore_get_role (void);
DPDK_AVAILABLE_IN_0_1
DpdkLcore *dpdk_lcore_get_current (void);

DPDK_AVAILABLE_IN_0_1
guint dpdk_lcore_get_id (DpdkLcore *self);
DPDK_AVAILABLE_IN_0_1
int dpdk_lcore_get_numa_node (DpdkLcore *self);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_lcore_is_registered (DpdkLcore *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DpdkLcore, dpdk_lcore_unref)

G_END_DECLS
