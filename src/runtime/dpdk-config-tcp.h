/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-config-private.h"
#include "dpdk-config-reader.h"

G_BEGIN_DECLS

gboolean dpdk_config_read_tcp (const DpdkConfigDocument *document, JsonNode *node, const char *path,
                               DpdkConfigFields *fields, GError **error);

G_END_DECLS
