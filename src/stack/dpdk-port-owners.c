/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-port-owners.h"

#include "dpdk-stack.h"

DpdkPortOwners *
dpdk_port_owners_new (void)
{
  DpdkPortOwners *self = g_new0 (DpdkPortOwners, 1);

  g_mutex_init (&self->lock);
  return self;
}

void
dpdk_port_owners_free (DpdkPortOwners *self)
{
  g_mutex_clear (&self->lock);
  g_free (self);
}

/* The owner stays the same until the last holder has released the port, or connections would lose
   their packets. Who holds for all is content with the packets coming to one; FALSE, with nothing
   held, for a worker to which they do not come. */
gboolean
dpdk_port_owners_hold (DpdkPortOwners *self, guint16 port, guint8 owner)
{
  gboolean is_held;

  g_mutex_lock (&self->lock);
  is_held =
      self->owners[port] == 0 || self->owners[port] == owner || owner == DPDK_STACK_PORT_OF_ALL;
  if (is_held && self->n_holders[port]++ == 0)
    __atomic_store_n (&self->owners[port], owner, __ATOMIC_RELAXED);
  g_mutex_unlock (&self->lock);
  return is_held;
}

void
dpdk_port_owners_release (DpdkPortOwners *self, guint16 port)
{
  g_mutex_lock (&self->lock);
  if (--self->n_holders[port] == 0)
    __atomic_store_n (&self->owners[port], 0, __ATOMIC_RELAXED);
  g_mutex_unlock (&self->lock);
}
