/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* the ports of a worker, and what happens to them while it runs */
#include "dpdk-worker-core-internal.h"

#include "dpdk-mempool-private.h"

#include <string.h>

static DpdkWorkerPort *
get_port (DpdkWorkerCore *self, guint index)
{
  return g_ptr_array_index (self->ports, index);
}

static gboolean
add_interface (DpdkWorkerCore *self, guint index, GError **error)
{
  DpdkWorkerPort *port = get_port (self, index);
  DpdkStackInterfaceConfig config = {
    .index = index,
    .port = port->port,
    .queue = self->index,
    .n_queues = dpdk_port_get_n_queues (port->port),
    .mtu = dpdk_port_get_mtu (port->port),
    .offloads = port->offloads,
    .tx_ip_checksum = (dpdk_port_get_tx_offloads (port->port) & DPDK_TX_OFFLOAD_IPV4_CHECKSUM) != 0,
    .max_tx_segments = dpdk_port_get_max_tx_segments (port->port),
    .addresses = (const DpdkStackAddress *) (void *) port->addresses->data,
    .n_addresses = port->addresses->len,
    .gateway_v4 = port->has_gateway_v4 ? &port->gateway_v4 : NULL,
    .gateway_v6 = port->has_gateway_v6 ? &port->gateway_v6 : NULL,
  };

  if (self->index >= config.n_queues)
    return TRUE;
  config.pool = dpdk_mempool_get_native (dpdk_port_get_mempool (port->port));
  dpdk_port_get_mac_bytes (port->port, config.mac);
  if (!dpdk_stack_add_interface (self->stack, &config))
    {
      g_set_error (error, DPDK_ERROR, DPDK_ERROR_NO_MEMORY,
                   "Worker %u: no memory for the interface of port %s", self->index,
                   dpdk_port_get_devargs (port->port));
      return FALSE;
    }
  self->port_states[index].fd = dpdk_port_get_queue_fd (port->port, self->index);
  if (self->port_states[index].fd >= 0)
    dpdk_worker_poller_add_fd (self->poller, self->port_states[index].fd);
  else
    self->devices_wake = FALSE;
  return TRUE;
}

static gboolean
any_refers (DpdkWorkerCore *self)
{
  for (guint i = 0; i < self->ports->len; i++)
    if (dpdk_stack_may_refer (get_port (self, i)->offloads))
      return TRUE;
  return FALSE;
}

gboolean
dpdk_worker_core_open_ports (DpdkWorkerCore *self, GError **error)
{
  if (any_refers (self))
    dpdk_stack_budget_set_arena (self->budget, dpdk_stack_arena_new ());
  for (guint i = 0; i < self->ports->len; i++)
    {
      if (!add_interface (self, i, error))
        return FALSE;
      /* the link may be down already */
      dpdk_worker_core_handle_port (self, i);
    }
  return TRUE;
}

void
dpdk_worker_core_detach_ports (DpdkWorkerCore *self)
{
  for (guint i = 0; i < self->ports->len; i++)
    {
      if (self->port_states[i].is_attached)
        dpdk_port_detach_worker (get_port (self, i)->port);
      self->port_states[i].is_attached = FALSE;
    }
}

gboolean
dpdk_worker_loss_concerns (const DpdkWorkerLoss *self, gboolean is_any, gboolean is_v6,
                           const guint8 *bytes)
{
  return self->is_last ||
         (!is_any && dpdk_stack_has_address (self->stack, self->interface, is_v6, bytes));
}

static void
lose_port (DpdkWorkerCore *self, guint index)
{
  DpdkWorkerPortState *state = &self->port_states[index];
  DpdkPort *port = get_port (self, index)->port;
  g_autofree char *reason =
      g_strdup_printf ("the device of port %s was removed", dpdk_port_get_devargs (port));
  DpdkWorkerLoss loss = {
    .stack = self->stack,
    .interface = index,
    .reason = reason,
  };
  const DpdkClosableFuncs *funcs;
  DpdkClosable *closable;
  guint n_left = 0;

  for (guint i = 0; i < self->ports->len; i++)
    n_left += self->port_states[i].is_lost || i == index ? 0 : 1;
  loss.is_last = n_left == 0;
  state->is_lost = TRUE;
  dpdk_worker_core_begin_closables (self);
  while ((closable = dpdk_worker_core_next_closable (self, &funcs)) != NULL)
    funcs->lose_port (closable, &loss);
  /* the counters are read under the lock */
  g_mutex_lock (&self->lock);
  dpdk_stack_remove_interface (self->stack, index);
  g_mutex_unlock (&self->lock);
  if (state->fd >= 0)
    dpdk_worker_poller_remove_fd (self->poller, state->fd);
  state->fd = -1;
  /* the owner waits for this before it closes the device */
  state->is_attached = FALSE;
  dpdk_port_detach_worker (port);
}

/* something about the port has changed */
void
dpdk_worker_core_handle_port (DpdkWorkerCore *self, guint index)
{
  DpdkWorkerPortState *state = &self->port_states[index];
  DpdkPort *port = get_port (self, index)->port;
  guint8 mac[6];

  /* first, so that a change from now on is another one */
  state->n_changes = dpdk_port_get_n_changes (port);
  if (state->is_lost)
    return;
  if (dpdk_port_is_removed (port))
    {
      lose_port (self, index);
      return;
    }
  dpdk_port_get_mac_bytes (port, mac);
  dpdk_stack_set_mac (self->stack, index, mac);
  dpdk_stack_set_mtu (self->stack, index, dpdk_port_get_mtu (port));
  dpdk_stack_set_link_up (self->stack, index, dpdk_port_is_link_up (port));
}

/* the port that has @address; an unspecified one is on the first that this worker serves */
DpdkPort *
dpdk_worker_core_find_port (DpdkWorkerCore *self, GInetAddress *address)
{
  const guint8 *bytes = g_inet_address_to_bytes (address);
  gsize size = g_inet_address_get_native_size (address);
  gboolean is_v6 = g_inet_address_get_family (address) == G_SOCKET_FAMILY_IPV6;

  for (guint i = 0; i < self->ports->len; i++)
    {
      DpdkWorkerPort *port = g_ptr_array_index (self->ports, i);

      if (self->index >= dpdk_port_get_n_queues (port->port) || dpdk_port_is_removed (port->port))
        continue;
      if (g_inet_address_get_is_any (address))
        return port->port;
      for (guint j = 0; j < port->addresses->len; j++)
        {
          const DpdkStackAddress *have = &g_array_index (port->addresses, DpdkStackAddress, j);

          if (!have->is_v6 == !is_v6 && memcmp (have->bytes, bytes, size) == 0)
            return port->port;
        }
    }
  return NULL;
}

/* for any thread: this does not change */
DpdkStackOffload
dpdk_worker_core_get_offloads (DpdkWorkerCore *self, DpdkPort *port)
{
  for (guint i = 0; i < self->ports->len; i++)
    if (get_port (self, i)->port == port && self->index < dpdk_port_get_n_queues (port))
      return get_port (self, i)->offloads;
  return DPDK_STACK_OFFLOAD_NONE;
}
