/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-glib.h"

G_BEGIN_DECLS

DpdkError dpdk_error_from_native (int native);
void dpdk_set_native_error (GError **error, int native, const char *log, const char *format, ...)
    G_GNUC_PRINTF (4, 5);

G_END_DECLS
