/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(DPDK_GLIB_INSIDE) && !defined(DPDK_GLIB_COMPILATION)
#error "Only <dpdk-glib.h> can be included directly."
#endif

#include "dpdk-types.h"
#include "dpdk-version-macros.h"

G_BEGIN_DECLS

#define DPDK_TYPE_CONFIG (dpdk_config_get_type ())

DPDK_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (DpdkConfig, dpdk_config, DPDK, CONFIG, GObject)

DPDK_AVAILABLE_IN_0_1
DpdkConfig *dpdk_config_new_default (void);
DPDK_AVAILABLE_IN_0_1
DpdkConfig *dpdk_config_new_from_file (const char *path, GError **error);
DPDK_AVAILABLE_IN_0_1
DpdkConfig *dpdk_config_new_from_data (const char *data, gssize length, GError **error);
DPDK_AVAILABLE_IN_0_1
DpdkConfig *dpdk_config_load (GError **error);

DPDK_AVAILABLE_IN_0_1
const char *dpdk_config_get_path (DpdkConfig *self);
DPDK_AVAILABLE_IN_0_1
const guint *dpdk_config_get_cores (DpdkConfig *self, gsize *n_cores);
DPDK_AVAILABLE_IN_0_1
GPtrArray *dpdk_config_get_devices (DpdkConfig *self);
DPDK_AVAILABLE_IN_0_1
const char *const *dpdk_config_get_eal_args (DpdkConfig *self);
DPDK_AVAILABLE_IN_0_1
DpdkTcpOptions *dpdk_config_dup_tcp_options (DpdkConfig *self);
DPDK_AVAILABLE_IN_0_1
guint dpdk_config_get_max_time_wait (DpdkConfig *self);
DPDK_AVAILABLE_IN_0_1
guint64 dpdk_config_get_memory_budget (DpdkConfig *self);
DPDK_AVAILABLE_IN_0_1
const char *const *dpdk_config_get_name_servers (DpdkConfig *self);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_config_get_is_default (DpdkConfig *self);

G_END_DECLS
