/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(DPDK_GLIB_INSIDE) && !defined(DPDK_GLIB_COMPILATION)
#error "Only <dpdk-glib.h> can be included directly."
#endif

#include "dpdk-types.h"
#include "dpdk-version-macros.h"

G_BEGIN_DECLS

#define DPDK_TYPE_RESOLVER (dpdk_resolver_get_type ())

DPDK_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (DpdkResolver, dpdk_resolver, DPDK, RESOLVER, GResolver)

DPDK_AVAILABLE_IN_0_1
DpdkResolver *dpdk_resolver_new (DpdkRuntime *runtime, const char *const *name_servers,
                                 GError **error);

DPDK_AVAILABLE_IN_0_1
char **dpdk_resolver_dup_name_servers (DpdkResolver *self);
DPDK_AVAILABLE_IN_0_1
guint dpdk_resolver_get_attempts (DpdkResolver *self);
DPDK_AVAILABLE_IN_0_1
void dpdk_resolver_set_attempts (DpdkResolver *self, guint attempts);
DPDK_AVAILABLE_IN_0_1
guint dpdk_resolver_get_attempt_timeout (DpdkResolver *self);
DPDK_AVAILABLE_IN_0_1
void dpdk_resolver_set_attempt_timeout (DpdkResolver *self, guint timeout_ms);

G_END_DECLS
