/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-worker-private.h"

G_BEGIN_DECLS

/* what a builder has put together; the runtime takes it over */
typedef struct {
  /* of the runtime that has them, for the log; NULL as long as none does */
  char *holder;
  DpdkConfig *config;
  DpdkEal *eal;
  GPtrArray *mempools;
  GPtrArray *ports;
  GPtrArray *workers;
} DpdkRuntimeParts;

void dpdk_runtime_parts_clear (DpdkRuntimeParts *parts);
DpdkRuntime *dpdk_runtime_new_take (DpdkRuntimeParts *parts);

/* a running worker that has all ports */
DpdkWorker *dpdk_runtime_choose_worker (DpdkRuntime *self, GError **error);
GPtrArray *dpdk_runtime_dup_workers (DpdkRuntime *self, GError **error);

G_END_DECLS
