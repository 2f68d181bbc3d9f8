/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* what any thread may know about the networks of a worker: only that a device goes away
   changes while it runs */
#include "dpdk-worker-core-internal.h"

#include "dpdk-port-private.h"

#include <string.h>

static gboolean
is_served (DpdkWorkerCore *self, const DpdkWorkerPort *port)
{
  return self->index < dpdk_port_get_n_queues (port->port) && !dpdk_port_is_removed (port->port);
}

/* RFC 919; a network of two addresses has none (RFC 3021) */
static gboolean
is_broadcast_of (const DpdkStackAddress *subnet, const guint8 *address)
{
  guint32 host_mask, number;

  if (subnet->is_v6 || subnet->prefix_length > 30)
    return FALSE;
  host_mask = subnet->prefix_length > 0 ? G_MAXUINT32 >> subnet->prefix_length : G_MAXUINT32;
  memcpy (&number, address, sizeof number);
  return (GUINT32_FROM_BE (number) & host_mask) == host_mask;
}

static DpdkRoute
find_route_of_port (const DpdkWorkerPort *port, gboolean is_v6, const guint8 *address)
{
  DpdkRoute route =
      (is_v6 ? port->has_gateway_v6 : port->has_gateway_v4) ? DPDK_ROUTE_GATEWAY : DPDK_ROUTE_NONE;

  for (guint i = 0; i < port->addresses->len; i++)
    {
      const DpdkStackAddress *subnet = &g_array_index (port->addresses, DpdkStackAddress, i);

      if (!subnet->is_v6 != !is_v6 || !dpdk_stack_address_contains (subnet, address))
        continue;
      if (is_broadcast_of (subnet, address))
        return DPDK_ROUTE_BROADCAST;
      route = DPDK_ROUTE_UNICAST;
    }
  return route;
}

static gboolean
is_on_each_link (gboolean is_v6, const guint8 *address)
{
  if (is_v6)
    return address[0] == 0xff || (address[0] == 0xfe && (address[1] & 0xc0) == 0x80);
  return (address[0] & 0xf0) == 0xe0;
}

DpdkRoute
dpdk_worker_core_find_route (DpdkWorkerCore *self, gboolean is_v6, const guint8 *address)
{
  static const guint8 limited_broadcast[4] = { 255, 255, 255, 255 };
  DpdkRoute best = DPDK_ROUTE_NONE;

  for (guint i = 0; i < self->ports->len; i++)
    {
      const DpdkWorkerPort *port = g_ptr_array_index (self->ports, i);

      if (!is_served (self, port))
        continue;
      if (is_on_each_link (is_v6, address))
        return DPDK_ROUTE_UNICAST;
      if (!is_v6 && memcmp (address, limited_broadcast, sizeof limited_broadcast) == 0)
        return DPDK_ROUTE_BROADCAST;
      best = MAX (best, find_route_of_port (port, is_v6, address));
    }
  return best;
}

gint
dpdk_worker_core_find_interface (DpdkWorkerCore *self, DpdkPort *port)
{
  for (guint i = 0; i < self->ports->len; i++)
    {
      const DpdkWorkerPort *candidate = g_ptr_array_index (self->ports, i);

      if (candidate->port == port && is_served (self, candidate))
        return (gint) i;
    }
  return -1;
}

guint
dpdk_worker_core_get_n_ports (DpdkWorkerCore *self)
{
  return self->ports->len;
}

DpdkPort *
dpdk_worker_core_get_port (DpdkWorkerCore *self, gint interface)
{
  return ((DpdkWorkerPort *) g_ptr_array_index (self->ports, (guint) interface))->port;
}
