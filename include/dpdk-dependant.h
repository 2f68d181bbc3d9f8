/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(DPDK_GLIB_INSIDE) && !defined(DPDK_GLIB_COMPILATION)
#error "Only <dpdk-glib.h> can be included directly."
#endif

#include "dpdk-types.h"
#include "dpdk-version-macros.h"

G_BEGIN_DECLS

#define DPDK_TYPE_DEPENDANT (dpdk_dependant_get_type ())

DPDK_AVAILABLE_IN_0_1
GType dpdk_dependant_get_type (void) G_GNUC_CONST;

DPDK_AVAILABLE_IN_0_1
DpdkDependant *dpdk_dependant_ref (DpdkDependant *self);
DPDK_AVAILABLE_IN_0_1
void dpdk_dependant_unref (DpdkDependant *self);

DPDK_AVAILABLE_IN_0_1
GType dpdk_dependant_get_object_type (DpdkDependant *self);
DPDK_AVAILABLE_IN_0_1
const char *dpdk_dependant_get_name (DpdkDependant *self);
DPDK_AVAILABLE_IN_0_1
guint64 dpdk_dependant_get_count (DpdkDependant *self);
DPDK_AVAILABLE_IN_0_1
char *dpdk_dependant_to_string (DpdkDependant *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DpdkDependant, dpdk_dependant_unref)

G_END_DECLS
