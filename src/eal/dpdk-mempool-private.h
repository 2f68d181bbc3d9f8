/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-glib.h"

#include <rte_mbuf.h>

G_BEGIN_DECLS

/* bytes of each buffer that belong to whoever has it: the stack keeps its pbuf there */
#define DPDK_MEMPOOL_PRIVATE_SIZE 64

struct rte_mempool *dpdk_mempool_get_native (DpdkMempool *self);
DpdkMempool *dpdk_mempool_from_native (struct rte_mempool *native);

G_END_DECLS
