/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <dpdk-glib-testing.h>

G_BEGIN_DECLS

/* one of two runtimes that are each other's peer: its addresses, and how it is built */
const char *dpdk_test_end_get_address (guint end, GSocketFamily family);
/* on @port, if the device of @devargs is open already */
DpdkRuntime *dpdk_test_end_build_runtime (guint end, const char *devargs, DpdkPort *port,
                                          GError **error);

G_END_DECLS
