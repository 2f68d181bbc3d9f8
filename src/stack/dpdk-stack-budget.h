/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-stack-arena.h"

#include <glib.h>

G_BEGIN_DECLS

#define DPDK_STACK_BUDGET_MIN (1024 * 1024)
#define DPDK_STACK_BUDGET_N_CLASSES 6

/* the memory that a stack and its connections may take; outlives the stack, because what was received
   may be read later */
typedef struct {
  gatomicrefcount ref_count;
  guint64 limit;
  /* written by the thread of the stack alone */
  gint64 used;
  guint64 n_reached;
  guint level;
  /* written by anybody */
  gint64 used_by_others;
  /* buffers of packets that readers have, and how many they may have */
  gint n_views;
  gint max_views;
  GMutex lock;
  /* of the worker, while it runs; NULL if there is none */
  DpdkStackArena *arena;
  /* memory that was released and waits to be taken again, by size */
  void *unused[DPDK_STACK_BUDGET_N_CLASSES];
  guint n_unused[DPDK_STACK_BUDGET_N_CLASSES];
} DpdkStackBudget;

/* @limit: 0 for the default */
DpdkStackBudget *dpdk_stack_budget_new (guint64 limit, guint n_workers);
DpdkStackBudget *dpdk_stack_budget_ref (DpdkStackBudget *self);
void dpdk_stack_budget_unref (DpdkStackBudget *self);

/* for the thread of the stack */
static inline void
dpdk_stack_budget_add (DpdkStackBudget *self, gint64 size)
{
  __atomic_store_n (&self->used, self->used + size, __ATOMIC_RELAXED);
}

static inline void
dpdk_stack_budget_add_shared (DpdkStackBudget *self, gint64 size)
{
  __atomic_fetch_add (&self->used_by_others, size, __ATOMIC_RELAXED);
}

static inline guint64
dpdk_stack_budget_get_used (DpdkStackBudget *self)
{
  gint64 used = __atomic_load_n (&self->used, __ATOMIC_RELAXED) +
                __atomic_load_n (&self->used_by_others, __ATOMIC_RELAXED);

  return (guint64) MAX (used, 0);
}

static inline gboolean
dpdk_stack_budget_is_spent (DpdkStackBudget *self)
{
  return dpdk_stack_budget_get_used (self) >= self->limit;
}

/* for the thread of the stack; NULL when it ends */
void dpdk_stack_budget_set_arena (DpdkStackBudget *self, DpdkStackArena *arena);

/* For any thread: as below, but of memory that packets may refer to; NULL if there is none. It is
   released by dpdk_stack_budget_release_block(). */
void *dpdk_stack_budget_allocate_block (DpdkStackBudget *self, gsize *size);
void dpdk_stack_budget_release_block (DpdkStackBudget *self, void *memory, gsize size);

/* For any thread, and not one piece for each packet: that is what a slab is for. @size becomes what
   there is, at most 64 KiB. */
void *dpdk_stack_budget_allocate (DpdkStackBudget *self, gsize *size);
void dpdk_stack_budget_release (DpdkStackBudget *self, void *memory, gsize size);

guint dpdk_stack_budget_find_level (DpdkStackBudget *self, gboolean is_short_of_buffers);

/* an enum tcp_memory_level of lwIP, of which 0 is plenty; for the thread of the stack */
static inline guint
dpdk_stack_budget_get_level (DpdkStackBudget *self, gboolean is_short_of_buffers)
{
  if (G_LIKELY (self->level == 0 && !is_short_of_buffers &&
                dpdk_stack_budget_get_used (self) < self->limit / 2))
    return 0;
  return dpdk_stack_budget_find_level (self, is_short_of_buffers);
}

G_END_DECLS
