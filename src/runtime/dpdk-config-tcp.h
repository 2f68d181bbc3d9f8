/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-config-reader.h"
#include "dpdk-stack-tcp.h"

G_BEGIN_DECLS

gboolean dpdk_config_read_tcp (const DpdkConfigDocument *document, JsonNode *node, const char *path,
                               DpdkStackTcpOptions *options, GError **error);

G_END_DECLS
