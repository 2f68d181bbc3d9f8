/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* what lwIP asks about routes: it knows one IPv4 address per netif and IPv6 prefixes of 64 bits
   only, we have a list of subnets per port */
#include "dpdk-stack-private.h"

#include "dpdk-lwip-port.h"

#include <lwip/ip6_addr.h>

static DpdkStackInterface *
get_interface (struct netif *netif)
{
  return ((DpdkStackNetif *) netif)->interface;
}

static struct netif *
find_netif (gboolean is_v6, const guint8 *address, guint zone)
{
  const GPtrArray *interfaces = dpdk_stack_current->interfaces;

  /* NULL: they are being removed */
  for (guint i = 0; interfaces != NULL && i < interfaces->len; i++)
    {
      DpdkStackInterface *interface = g_ptr_array_index (interfaces, i);
      DpdkStackNetif *netif = NULL;

      if (zone == IP6_NO_ZONE || zone == interface->index + 1)
        netif = dpdk_stack_interface_find_netif (interface, is_v6, address);
      if (netif != NULL)
        return &netif->netif;
    }
  return NULL;
}

/* nothing is to be chosen then, and looking is as cheap as it can be */
static gboolean
is_alone (void)
{
  return netif_list != NULL && netif_list->next == NULL;
}

struct netif *
dpdk_lwip_find_v4 (const ip4_addr_t *address)
{
  if (is_alone ())
    return ip4_addr_cmp (netif_ip4_addr (netif_list), address) && !ip4_addr_isany (address)
               ? netif_list
               : NULL;
  return find_netif (FALSE, (const guint8 *) &address->addr, IP6_NO_ZONE);
}

struct netif *
dpdk_lwip_find_v6 (const ip6_addr_t *address)
{
  return find_netif (TRUE, (const guint8 *) address->addr, ip6_addr_zone (address));
}

/* the first interface with a subnet that @destination is in */
static DpdkStackInterface *
find_on_link (gboolean is_v6, const guint8 *destination)
{
  const GPtrArray *interfaces = dpdk_stack_current->interfaces;

  for (guint i = 0; interfaces != NULL && i < interfaces->len; i++)
    {
      DpdkStackInterface *interface = g_ptr_array_index (interfaces, i);

      if (dpdk_stack_interface_is_on_link (interface, is_v6, destination))
        return interface;
    }
  return NULL;
}

static DpdkStackInterface *
find_gateway_v6 (void)
{
  const GPtrArray *interfaces = dpdk_stack_current->interfaces;

  for (guint i = 0; interfaces != NULL && i < interfaces->len; i++)
    {
      DpdkStackInterface *interface = g_ptr_array_index (interfaces, i);

      if (interface->has_gateway_v6)
        return interface;
    }
  return NULL;
}

/* our own addresses first, else the netif of the source, else lwIP's choice, which is the default one
   where no netif is in the subnet */
struct netif *
dpdk_lwip_route_v4 (const ip4_addr_t *source, const ip4_addr_t *destination)
{
  struct netif *netif;

  if (is_alone ())
    return NULL;
  netif = dpdk_lwip_find_v4 (destination);
  if (netif != NULL)
    return netif;
  if (ip4_addr_ismulticast (destination) || ip4_addr_isloopback (destination))
    return NULL;
  if (find_on_link (FALSE, (const guint8 *) &destination->addr) == NULL)
    return netif_default != NULL && !ip4_addr_isany (netif_ip4_addr (netif_default)) ? netif_default
                                                                                     : NULL;
  if (source == NULL || ip4_addr_isany (source))
    return NULL;
  netif = dpdk_lwip_find_v4 (source);
  return netif != NULL &&
                 ip4_addr_netcmp (netif_ip4_addr (netif), destination, netif_ip4_netmask (netif))
             ? netif
             : NULL;
}

/* lwIP knows already that it is none of our own */
struct netif *
dpdk_lwip_route_v6 (const ip6_addr_t *source, const ip6_addr_t *destination)
{
  DpdkStackInterface *interface = find_on_link (TRUE, (const guint8 *) destination->addr);
  struct netif *netif = NULL;

  if (interface == NULL)
    interface = find_gateway_v6 ();
  if (interface == NULL)
    return NULL;
  /* of the netifs of one interface the one that has the source */
  if (!ip6_addr_isany (source))
    netif = dpdk_lwip_find_v6 (source);
  if (netif != NULL && get_interface (netif) == interface)
    return netif;
  return &((DpdkStackNetif *) g_ptr_array_index (interface->netifs, 0))->netif;
}

const ip6_addr_t *
dpdk_lwip_gateway_v6 (struct netif *netif, const ip6_addr_t *destination)
{
  DpdkStackInterface *interface = get_interface (netif);

  return interface->has_gateway_v6 ? &interface->gateway_v6 : NULL;
}

int
dpdk_lwip_is_on_link (struct netif *netif, const ip6_addr_t *destination)
{
  return dpdk_stack_interface_is_on_link (get_interface (netif), TRUE,
                                          (const guint8 *) destination->addr);
}

/* what an application writes behind the % of a link-local address: the ports of the runtime from 1 */
uint8_t
dpdk_lwip_zone (const struct netif *netif)
{
  return (uint8_t) (((const DpdkStackNetif *) netif)->interface->index + 1);
}

/* answers to ports of this worker are brought to it, whatever queue the device chooses */
int
dpdk_lwip_port_is_ours (uint16_t port)
{
  const DpdkStackPeers *peers = &dpdk_stack_current->peers;
  guint8 owner;

  if (peers->n_workers == 1)
    return TRUE;
  owner = __atomic_load_n (&peers->port_owners[port], __ATOMIC_RELAXED);
  if (owner != 0)
    return owner == peers->index + 1;
  return port % peers->n_workers == peers->index;
}

int
dpdk_lwip_udp_port_is_ours (uint16_t port)
{
  const DpdkStackPeers *peers = &dpdk_stack_current->peers;

  if (peers->n_workers == 1)
    return TRUE;
  return port >= DPDK_STACK_FIRST_EPHEMERAL_PORT && port % peers->n_workers == peers->index &&
         dpdk_stack_udp_ports_get_owner (peers->udp_ports, port) == DPDK_STACK_PORT_OF_NONE;
}
