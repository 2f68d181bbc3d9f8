/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* what a budget has of the memory that packets may refer to */
#include "dpdk-stack-budget.h"

void
dpdk_stack_budget_set_arena (DpdkStackBudget *self, DpdkStackArena *arena)
{
  DpdkStackArena *old;

  g_mutex_lock (&self->lock);
  old = g_steal_pointer (&self->arena);
  self->arena = arena;
  g_mutex_unlock (&self->lock);
  if (old != NULL)
    dpdk_stack_arena_unref (old);
}

void *
dpdk_stack_budget_allocate_block (DpdkStackBudget *self, gsize *size)
{
  void *memory = NULL;

  g_mutex_lock (&self->lock);
  if (self->arena != NULL)
    memory = dpdk_stack_arena_allocate (self->arena, size);
  g_mutex_unlock (&self->lock);
  if (memory != NULL)
    dpdk_stack_budget_add_shared (self, (gint64) *size);
  return memory;
}

void
dpdk_stack_budget_release_block (DpdkStackBudget *self, void *memory, gsize size)
{
  dpdk_stack_budget_add_shared (self, -(gint64) size);
  dpdk_stack_arena_release (memory);
}
