/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-glib.h"

G_BEGIN_DECLS

DpdkDependant *dpdk_dependant_new (GType type, const char *name, guint64 count);
/* @dependants: (element-type DpdkDependant) */
char *dpdk_dependants_to_string (GPtrArray *dependants);

G_END_DECLS
