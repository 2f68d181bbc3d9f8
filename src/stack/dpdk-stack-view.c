/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* received data that is read where it is */
#include "dpdk-stack-private.h"

typedef struct {
  DpdkStackBudget *budget;
  DpdkPacket *packet;
  gsize size;
} View;

static void
free_view (gpointer data)
{
  View *self = data;

  dpdk_packet_unref (self->packet);
  g_atomic_int_add (&self->budget->n_views, -1);
  dpdk_stack_budget_add_shared (self->budget, -(gint64) self->size);
  dpdk_stack_budget_unref (self->budget);
  g_free (self);
}

/* May be called from any thread that keeps @p from being freed. NULL if the data is not in a packet, or
   if so many packets are held that it must be copied. */
GBytes *
dpdk_stack_view_data (DpdkStackBudget *budget, struct pbuf *p, gsize size)
{
  struct rte_mbuf *mbuf = dpdk_stack_get_mbuf (p);
  View *self;

  if (mbuf == NULL ||
      g_atomic_int_add (&budget->n_views, 1) >= g_atomic_int_get (&budget->max_views))
    {
      if (mbuf != NULL)
        g_atomic_int_add (&budget->n_views, -1);
      return NULL;
    }
  self = g_new (View, 1);
  self->budget = dpdk_stack_budget_ref (budget);
  self->packet = dpdk_packet_ref ((DpdkPacket *) mbuf);
  self->size = dpdk_stack_packet_size (mbuf);
  dpdk_stack_budget_add_shared (budget, (gint64) self->size);
  return g_bytes_new_with_free_func (p->payload, size, free_view, self);
}
