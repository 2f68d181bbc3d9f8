/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <dpdk-glib-testing.h>

G_BEGIN_DECLS

void dpdk_test_usage_check (const DpdkTestUsage *self, guint n_ignored_fds);

G_END_DECLS
