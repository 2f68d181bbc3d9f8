/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <dpdk-glib-testing.h>

G_BEGIN_DECLS

/* how many times slower than usual everything is, which the patience that is asked for tells; at least 1 */
double dpdk_test_get_slowness (void);

G_END_DECLS
