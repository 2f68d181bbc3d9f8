/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-glib.h"

#include <lwip/err.h>
#include <lwip/ip_addr.h>

G_BEGIN_DECLS

GIOErrorEnum dpdk_io_error_from_native (err_t native, gboolean is_connecting);
const char *dpdk_native_error_to_string (err_t native, gboolean is_connecting);

gboolean dpdk_native_address_from_gio (GSocketAddress *address, ip_addr_t *ip, guint16 *port,
                                       GError **error);
GSocketAddress *dpdk_native_address_to_gio (const ip_addr_t *ip, guint16 port);
char *dpdk_socket_address_to_string (GSocketAddress *address);

G_END_DECLS
