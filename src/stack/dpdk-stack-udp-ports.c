/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-stack-udp-ports.h"

#include "dpdk-stack.h"

#include <string.h>

struct _DpdkStackUdpPorts {
  /* read for each packet, without the lock */
  guint8 owners[65536];
  GMutex lock;
  /* (element-type guint GArray(DpdkStackUdpBinding)) by port */
  GHashTable *bindings;
};

static const guint8 all_addresses[16];

DpdkStackUdpPorts *
dpdk_stack_udp_ports_new (void)
{
  DpdkStackUdpPorts *self = g_new0 (DpdkStackUdpPorts, 1);

  g_mutex_init (&self->lock);
  self->bindings = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) g_array_unref);
  return self;
}

void
dpdk_stack_udp_ports_free (DpdkStackUdpPorts *self)
{
  g_hash_table_unref (self->bindings);
  g_mutex_clear (&self->lock);
  g_free (self);
}

static gboolean
is_any (const DpdkStackUdpBinding *binding)
{
  return memcmp (binding->address, all_addresses, sizeof all_addresses) == 0;
}

static gboolean
is_same_address (const DpdkStackUdpBinding *a, const DpdkStackUdpBinding *b)
{
  return a->family == b->family && memcmp (a->address, b->address, sizeof a->address) == 0;
}

static gboolean
conflict (const DpdkStackUdpBinding *a, const DpdkStackUdpBinding *b)
{
  if ((a->may_share && b->may_share) || (a->family & b->family) == 0)
    return FALSE;
  return is_any (a) || is_any (b) || memcmp (a->address, b->address, sizeof a->address) == 0;
}

static void
update_owner (DpdkStackUdpPorts *self, guint16 port, const GArray *bindings)
{
  const DpdkStackUdpBinding *first = &g_array_index (bindings, DpdkStackUdpBinding, 0);
  gboolean is_one_worker = TRUE, is_one_address = TRUE;
  guint owner;

  for (guint i = 1; i < bindings->len; i++)
    {
      const DpdkStackUdpBinding *other = &g_array_index (bindings, DpdkStackUdpBinding, i);

      is_one_worker = is_one_worker && other->worker == first->worker;
      is_one_address = is_one_address && is_same_address (first, other);
    }
  if (bindings->len == 0)
    owner = DPDK_STACK_PORT_OF_NONE;
  else if (is_one_worker)
    owner = first->worker + 1;
  else
    owner = is_one_address ? DPDK_STACK_PORT_OF_ALL : DPDK_STACK_PORT_OF_SOME;
  __atomic_store_n (&self->owners[port], (guint8) owner, __ATOMIC_RELAXED);
}

/* FALSE if another worker has the address already; the own stack knows about its own */
gboolean
dpdk_stack_udp_ports_add (DpdkStackUdpPorts *self, const DpdkStackUdpBinding *binding)
{
  gboolean is_free = TRUE;
  GArray *bindings;

  g_mutex_lock (&self->lock);
  bindings = g_hash_table_lookup (self->bindings, GUINT_TO_POINTER (binding->port));
  for (guint i = 0; bindings != NULL && i < bindings->len && is_free; i++)
    {
      const DpdkStackUdpBinding *other = &g_array_index (bindings, DpdkStackUdpBinding, i);

      is_free = other->worker == binding->worker || !conflict (other, binding);
    }
  if (is_free)
    {
      if (bindings == NULL)
        {
          bindings = g_array_new (FALSE, FALSE, sizeof (DpdkStackUdpBinding));
          g_hash_table_insert (self->bindings, GUINT_TO_POINTER (binding->port), bindings);
        }
      g_array_append_vals (bindings, binding, 1);
      update_owner (self, binding->port, bindings);
    }
  g_mutex_unlock (&self->lock);
  return is_free;
}

void
dpdk_stack_udp_ports_remove (DpdkStackUdpPorts *self, const DpdkStackUdpBinding *binding)
{
  GArray *bindings;

  g_mutex_lock (&self->lock);
  bindings = g_hash_table_lookup (self->bindings, GUINT_TO_POINTER (binding->port));
  for (guint i = 0; bindings != NULL && i < bindings->len; i++)
    {
      const DpdkStackUdpBinding *other = &g_array_index (bindings, DpdkStackUdpBinding, i);

      if (other->worker != binding->worker || !is_same_address (other, binding))
        continue;
      g_array_remove_index (bindings, i);
      update_owner (self, binding->port, bindings);
      if (bindings->len == 0)
        g_hash_table_remove (self->bindings, GUINT_TO_POINTER (binding->port));
      break;
    }
  g_mutex_unlock (&self->lock);
}

guint
dpdk_stack_udp_ports_get_owner (const DpdkStackUdpPorts *self, guint16 port)
{
  return __atomic_load_n (&self->owners[port], __ATOMIC_RELAXED);
}

/* the worker of the socket that a packet is for; of several alike @index, or else always the same one
   for all packets that come to @index */
gboolean
dpdk_stack_udp_ports_find (DpdkStackUdpPorts *self, guint16 port, gboolean is_v6,
                           const guint8 *address, guint index, guint *worker)
{
  DpdkStackFamily family = is_v6 ? DPDK_STACK_FAMILY_V6 : DPDK_STACK_FAMILY_V4;
  gsize size = is_v6 ? 16 : 4;
  guint best = 0, n_best = 0;
  GArray *bindings;

  if (dpdk_stack_udp_ports_get_owner (self, port) == DPDK_STACK_PORT_OF_NONE)
    return FALSE;
  g_mutex_lock (&self->lock);
  bindings = g_hash_table_lookup (self->bindings, GUINT_TO_POINTER (port));
  for (guint i = 0; bindings != NULL && i < bindings->len; i++)
    {
      const DpdkStackUdpBinding *binding = &g_array_index (bindings, DpdkStackUdpBinding, i);
      guint rank;

      if ((binding->family & family) == 0)
        continue;
      rank = memcmp (binding->address, address, size) == 0 ? 2 : is_any (binding) ? 1 : 0;
      if (rank == 0 || rank < best)
        continue;
      n_best = rank > best ? 1 : n_best + 1;
      best = rank;
      if (n_best == 1 || binding->worker == index || (*worker != index && index % n_best == 0))
        *worker = binding->worker;
    }
  g_mutex_unlock (&self->lock);
  return n_best > 0;
}
