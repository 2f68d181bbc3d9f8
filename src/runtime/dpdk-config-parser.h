/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-config-private.h"
#include "dpdk-config-reader.h"

G_BEGIN_DECLS

/* The text need not end with a NUL; the name stands at the beginning of each error */
gboolean dpdk_config_parse (const char *name, const char *text, gsize length,
                            DpdkConfigFields *fields, GError **error);

DpdkDeviceConfig *dpdk_device_config_parse (const DpdkConfigDocument *document, JsonNode *node,
                                            const char *path, GError **error);

/* The cores of this machine, and those of them that this process may use; ascending */
GArray *dpdk_config_list_present_cores (void);
GArray *dpdk_config_list_usable_cores (void);

G_END_DECLS
