/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-glib.h"

G_BEGIN_DECLS

/* "ADDRESS", "ADDRESS:PORT" or "[ADDRESS]:PORT"; port 53 if there is none */
GSocketAddress *dpdk_name_server_parse (const char *text, GError **error);

G_END_DECLS
