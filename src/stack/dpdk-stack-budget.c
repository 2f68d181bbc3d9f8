/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-stack-budget.h"

#include <lwip/priv/tcp_memory.h>
#include <string.h>
#include <unistd.h>

/* of the machine's memory, for all workers together, as the kernel's tcp_mem */
#define DEFAULT_SHARE 8
#define DEFAULT_MIN (64 * 1024 * 1024)

#define N_CLASSES DPDK_STACK_BUDGET_N_CLASSES
#define SIZE_OF_CLASS(class) ((gsize) 2048 << (class))
/* bytes of each size that are kept */
#if defined(__SANITIZE_ADDRESS__)
#define MAX_UNUSED 0
#else
#define MAX_UNUSED (1024 * 1024)
#endif

static guint64
get_default (guint n_workers)
{
  guint64 memory = (guint64) sysconf (_SC_PHYS_PAGES) * (guint64) sysconf (_SC_PAGESIZE);

  return MAX (memory / DEFAULT_SHARE / n_workers, DEFAULT_MIN);
}

DpdkStackBudget *
dpdk_stack_budget_new (guint64 limit, guint n_workers)
{
  DpdkStackBudget *self = g_new0 (DpdkStackBudget, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->lock);
  self->limit = limit != 0 ? limit : get_default (n_workers);
  return self;
}

/* the first word of what is unused is the next one */
static void *
pop_unused (DpdkStackBudget *self, guint class)
{
  void *memory = self->unused[class];

  if (memory == NULL)
    return NULL;
  memcpy (&self->unused[class], memory, sizeof (void *));
  self->n_unused[class]--;
  return memory;
}

static guint
find_class (gsize size)
{
  guint class = 0;

  while (class < N_CLASSES - 1 && SIZE_OF_CLASS (class) < size)
    class ++;
  return class;
}

void *
dpdk_stack_budget_allocate (DpdkStackBudget *self, gsize *size)
{
  guint class = find_class (*size);
  void *memory;

  *size = SIZE_OF_CLASS (class);
  dpdk_stack_budget_add_shared (self, (gint64) *size);
  g_mutex_lock (&self->lock);
  memory = pop_unused (self, class);
  g_mutex_unlock (&self->lock);
  return memory != NULL ? memory : g_malloc (*size);
}

void
dpdk_stack_budget_release (DpdkStackBudget *self, void *memory, gsize size)
{
  guint class = find_class (size);

  dpdk_stack_budget_add_shared (self, -(gint64) size);
  g_mutex_lock (&self->lock);
  if (self->n_unused[class] < MAX_UNUSED / size)
    {
      memcpy (memory, &self->unused[class], sizeof (void *));
      self->unused[class] = g_steal_pointer (&memory);
      self->n_unused[class]++;
    }
  g_mutex_unlock (&self->lock);
  g_free (memory);
}

DpdkStackBudget *
dpdk_stack_budget_ref (DpdkStackBudget *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
dpdk_stack_budget_unref (DpdkStackBudget *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  for (guint i = 0; i < N_CLASSES; i++)
    while (self->unused[i] != NULL)
      g_free (pop_unused (self, i));
  g_mutex_clear (&self->lock);
  g_free (self);
}

/* a level is left a sixteenth or an eighth below where it was entered, so that it is not for every
   packet */
static guint
find_level (DpdkStackBudget *self, gboolean is_short_of_buffers)
{
  const guint64 used = dpdk_stack_budget_get_used (self), part = self->limit / 16;
  const guint full = self->level == TCP_MEMORY_FULL ? 15 : 16;
  const guint few = self->level == TCP_MEMORY_PLENTY ? 14 : 12;

  if (used >= full * part)
    return TCP_MEMORY_FULL;
  return used >= few * part || is_short_of_buffers ? TCP_MEMORY_SHORT : TCP_MEMORY_PLENTY;
}

guint
dpdk_stack_budget_find_level (DpdkStackBudget *self, gboolean is_short_of_buffers)
{
  G_STATIC_ASSERT (TCP_MEMORY_PLENTY == 0);
  guint level = find_level (self, is_short_of_buffers);

  if (G_UNLIKELY (level != self->level))
    {
      if (level == TCP_MEMORY_FULL)
        __atomic_store_n (&self->n_reached, self->n_reached + 1, __ATOMIC_RELAXED);
      self->level = level;
    }
  return level;
}
