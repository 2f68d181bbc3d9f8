/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <rte_mbuf.h>

G_BEGIN_DECLS

/* less is copied into the packet that carries it, which is faster */
#define DPDK_STACK_ARENA_MIN 2048

/* Memory that devices can read, for what is sent: a packet refers to it, and it is taken again when both
   the connection and the driver are through with it. It is not that of a mempool, so that unread send
   buffers leave the receive queues their packets. There may be none left: who cannot have it copies.
   For any thread. */
typedef struct _DpdkStackArena DpdkStackArena;

/* near the processor of the thread that calls; NULL if there is no memory */
DpdkStackArena *dpdk_stack_arena_new (void);
void dpdk_stack_arena_unref (DpdkStackArena *self);

/* NULL if there is none left; @size is how much there is */
void *dpdk_stack_arena_allocate (DpdkStackArena *self, gsize *size);
void dpdk_stack_arena_release (void *memory);

gboolean dpdk_stack_arena_contains (const DpdkStackArena *self, const void *data);
/* makes @mbuf refer to @size bytes, which are in one piece of memory that is not released yet */
void dpdk_stack_arena_attach (const DpdkStackArena *self, struct rte_mbuf *mbuf, const void *data,
                              guint size);

G_END_DECLS
