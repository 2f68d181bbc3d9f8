/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(DPDK_GLIB_INSIDE) && !defined(DPDK_GLIB_COMPILATION)
#error "Only <dpdk-glib.h> can be included directly."
#endif

#include "dpdk-types.h"
#include "dpdk-version-macros.h"

G_BEGIN_DECLS

#define DPDK_TYPE_INTERFACE_ADDRESS (dpdk_interface_address_get_type ())

DPDK_AVAILABLE_IN_0_1
GType dpdk_interface_address_get_type (void) G_GNUC_CONST;

DPDK_AVAILABLE_IN_0_1
DpdkInterfaceAddress *dpdk_interface_address_new (GInetAddress *address, guint prefix_length,
                                                  GError **error);
DPDK_AVAILABLE_IN_0_1
DpdkInterfaceAddress *dpdk_interface_address_new_from_string (const char *string, GError **error);
DPDK_AVAILABLE_IN_0_1
DpdkInterfaceAddress *dpdk_interface_address_ref (DpdkInterfaceAddress *self);
DPDK_AVAILABLE_IN_0_1
void dpdk_interface_address_unref (DpdkInterfaceAddress *self);
DPDK_AVAILABLE_IN_0_1
GInetAddress *dpdk_interface_address_get_address (DpdkInterfaceAddress *self);
DPDK_AVAILABLE_IN_0_1
guint dpdk_interface_address_get_prefix_length (DpdkInterfaceAddress *self);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_interface_address_contains (DpdkInterfaceAddress *self, GInetAddress *address);
DPDK_AVAILABLE_IN_0_1
char *dpdk_interface_address_to_string (DpdkInterfaceAddress *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DpdkInterfaceAddress, dpdk_interface_address_unref)

G_END_DECLS
