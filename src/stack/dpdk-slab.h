/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-stack-budget.h"

G_BEGIN_DECLS

/* the memory of one stack, for one thread; freed as a whole when the stack ends */
typedef struct _DpdkSlab DpdkSlab;

/* what it gives out counts for the budget, which must outlive it */
DpdkSlab *dpdk_slab_new (DpdkStackBudget *budget);
void dpdk_slab_free (DpdkSlab *self);

void *dpdk_slab_allocate (DpdkSlab *self, gsize size);
void dpdk_slab_release (DpdkSlab *self, void *memory);

G_END_DECLS
