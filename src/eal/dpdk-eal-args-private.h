/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-glib.h"

G_BEGIN_DECLS

gboolean dpdk_eal_args_check (const char *const *args, GError **error);
char **dpdk_eal_args_complete (const char *const *args);

G_END_DECLS
