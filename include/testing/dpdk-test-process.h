/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(DPDK_GLIB_TESTING_INSIDE) && !defined(DPDK_GLIB_TESTING_COMPILATION)
#error "Only <dpdk-glib-testing.h> can be included directly."
#endif

#include <dpdk-glib.h>

G_BEGIN_DECLS

#define DPDK_TEST_TYPE_PROCESS (dpdk_test_process_get_type ())

DPDK_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (DpdkTestProcess, dpdk_test_process, DPDK_TEST, PROCESS, GObject)

DPDK_AVAILABLE_IN_0_1
void dpdk_test_add_process (const char *name, GTestFunc func);

DPDK_AVAILABLE_IN_0_1
DpdkTestProcess *dpdk_test_process_spawn (const char *name, GError **error);
DPDK_AVAILABLE_IN_0_1
DpdkTestProcess *dpdk_test_process_spawn_program (const char *const *argv, GError **error);
DPDK_AVAILABLE_IN_0_1
DpdkTestProcess *dpdk_test_process_get_parent (void);
DPDK_AVAILABLE_IN_0_1
const char *dpdk_test_process_get_folder (DpdkTestProcess *self);
DPDK_AVAILABLE_IN_0_1
char *dpdk_test_process_dup_memif (DpdkTestProcess *self, guint number);
DPDK_AVAILABLE_IN_0_1
DpdkRuntime *dpdk_test_process_build_runtime (DpdkTestProcess *self, GError **error);
DPDK_AVAILABLE_IN_0_1
const char *dpdk_test_process_get_address (DpdkTestProcess *self, guint end, GSocketFamily family);
DPDK_AVAILABLE_IN_0_1
void dpdk_test_process_say (DpdkTestProcess *self, const char *line);
DPDK_AVAILABLE_IN_0_1
void dpdk_test_process_expect (DpdkTestProcess *self, const char *line);
DPDK_AVAILABLE_IN_0_1
GBytes *dpdk_test_process_dup_output (DpdkTestProcess *self);
DPDK_AVAILABLE_IN_0_1
void dpdk_test_process_kill (DpdkTestProcess *self, int signal_number);
DPDK_AVAILABLE_IN_0_1
int dpdk_test_process_wait (DpdkTestProcess *self);

G_END_DECLS
