/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <dpdk-glib-testing.h>

G_BEGIN_DECLS

/* files: once, in the process that starts the tests */
void dpdk_test_sandbox_init (void);
char *dpdk_test_sandbox_take_leftovers (void);
void dpdk_test_sandbox_remove_folder (const char *path);

/* network: in the process of a test */
gboolean dpdk_test_sandbox_can_enter_network (void);
void dpdk_test_sandbox_enter_network (void);
char **dpdk_test_sandbox_list_interfaces (void);

/* what the process of a test tells the one that has started it */
void dpdk_test_sandbox_set_skipped (const char *reason);
char *dpdk_test_sandbox_take_skipped (void);

G_END_DECLS
