/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define DPDK_TEST_WATCHDOG_THREAD "dpdk-watchdog"

void dpdk_test_watchdog_start (guint seconds);
void dpdk_test_watchdog_stop (void);

G_END_DECLS
