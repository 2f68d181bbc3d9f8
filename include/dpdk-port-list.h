/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(DPDK_GLIB_INSIDE) && !defined(DPDK_GLIB_COMPILATION)
#error "Only <dpdk-glib.h> can be included directly."
#endif

#include "dpdk-types.h"
#include "dpdk-version-macros.h"

G_BEGIN_DECLS

#define DPDK_TYPE_PORT_LIST (dpdk_port_list_get_type ())

DPDK_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (DpdkPortList, dpdk_port_list, DPDK, PORT_LIST, GObject)

DPDK_AVAILABLE_IN_0_1
DpdkPortList *dpdk_port_list_new (void);

G_END_DECLS
