/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* what lwIP asks about routes: it knows one IPv4 address per netif and IPv6 prefixes of 64 bits
   only, we have a list of subnets per port */
#include "dpdk-stack-private.h"

#include "dpdk-lwip-port.h"

#include <lwip/ip6_addr.h>
#include <string.h>

static DpdkStackInterface *
get_interface (struct netif *netif)
{
  return ((DpdkStackNetif *) netif)->interface;
}

static gboolean
has_v6 (struct netif *netif, const ip6_addr_t *address)
{
  for (s8_t i = 0; i < LWIP_IPV6_NUM_ADDRESSES; i++)
    if (ip6_addr_isvalid (netif_ip6_addr_state (netif, i)) &&
        ip6_addr_cmp_zoneless (netif_ip6_addr (netif, i), address))
      return TRUE;
  return FALSE;
}

/* our own addresses first, else lwIP's choice */
struct netif *
dpdk_lwip_route_v4 (const ip4_addr_t *source, const ip4_addr_t *destination)
{
  struct netif *netif, *by_source = NULL;

  NETIF_FOREACH (netif)
  {
    if (ip4_addr_cmp (netif_ip4_addr (netif), destination))
      return netif;
    if (by_source == NULL && source != NULL && !ip4_addr_isany (source) &&
        ip4_addr_cmp (netif_ip4_addr (netif), source) &&
        ip4_addr_netcmp (netif_ip4_addr (netif), destination, netif_ip4_netmask (netif)))
      by_source = netif;
  }
  return by_source;
}

struct netif *
dpdk_lwip_route_v6 (const ip6_addr_t *source, const ip6_addr_t *destination)
{
  struct netif *netif, *on_link = NULL, *by_source = NULL, *routed = NULL;

  NETIF_FOREACH (netif)
  {
    if (has_v6 (netif, destination))
      return netif;
    if (on_link == NULL && dpdk_stack_interface_is_on_link (get_interface (netif), TRUE,
                                                            (const guint8 *) destination->addr))
      on_link = netif;
    if (routed == NULL && get_interface (netif)->has_gateway_v6)
      routed = netif;
    if (!ip6_addr_isany (source) && has_v6 (netif, source))
      by_source = netif;
  }
  if (on_link == NULL)
    on_link = routed;
  /* of the netifs of one interface the one that has the source */
  if (on_link != NULL && by_source != NULL && get_interface (by_source) == get_interface (on_link))
    return by_source;
  return on_link;
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
