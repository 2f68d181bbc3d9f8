/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-worker-core-private.h"

G_BEGIN_DECLS

DpdkWorker *dpdk_worker_new (DpdkEal *eal, DpdkWorkerShared *shared, guint index, guint cpu,
                             DpdkIdlePolicy idle_policy, GPtrArray *ports, GError **error);
DpdkWorkerCore *dpdk_worker_get_core_private (DpdkWorker *self);

G_END_DECLS
