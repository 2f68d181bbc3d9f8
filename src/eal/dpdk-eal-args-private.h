/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-glib.h"

G_BEGIN_DECLS

gboolean dpdk_eal_args_check (const char *const *args, GError **error);
/* the value of option @name, "" if it has none, NULL if it is not there */
const char *dpdk_eal_args_get (const char *const *args, const char *name);
char **dpdk_eal_args_complete (const char *const *args);

G_END_DECLS
