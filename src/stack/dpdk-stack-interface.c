/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-stack-private.h"

#include "dpdk-lwip-port.h"
#include "dpdk-port-private.h"

#include <lwip/etharp.h>
#include <lwip/ethip6.h>
#include <lwip/ip.h>
#include <lwip/nd6.h>
#include <lwip/prot/ethernet.h>
#include <netif/ethernet.h>
#include <string.h>

/* a packet of several segments is counted in 16 bits, as is what the other side keeps of it */
#define MAX_LARGE (G_MAXUINT16 - SIZEOF_ETH_HDR - IP6_HLEN - 60)

/* one slot of each netif is for the link-local address */
#define V6_PER_NETIF (LWIP_IPV6_NUM_ADDRESSES - 1)

static err_t
init_netif (struct netif *netif)
{
  DpdkStackInterface *self = ((DpdkStackNetif *) netif)->interface;

  netif->name[0] = 'd';
  netif->name[1] = 'p';
  netif->output = etharp_output;
  netif->output_ip6 = ethip6_output;
  netif->linkoutput = dpdk_stack_interface_transmit;
  netif->mtu = (u16_t) self->mtu;
  netif->mtu6 = (u16_t) self->mtu;
  netif->hwaddr_len = ETH_HWADDR_LEN;
  memcpy (netif->hwaddr, self->mac, ETH_HWADDR_LEN);
  netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET |
                 NETIF_FLAG_LINK_UP | NETIF_FLAG_IGMP | NETIF_FLAG_MLD6;
  /* made while copying, or by the device */
  NETIF_SET_CHECKSUM_CTRL (netif, NETIF_CHECKSUM_ENABLE_ALL &
                                      ~(NETIF_CHECKSUM_GEN_TCP | NETIF_CHECKSUM_GEN_UDP));
  if ((self->offloads & (DPDK_STACK_OFFLOAD_TSO | DPDK_STACK_OFFLOAD_GSO)) != 0)
    netif->large_max = MAX_LARGE;
  return ERR_OK;
}

static void
free_netif (gpointer data)
{
  DpdkStackNetif *netif = data;

  netif_remove (&netif->netif);
  g_free (netif);
}

static ip4_addr_t
get_ip4 (const DpdkStackAddress *address)
{
  ip4_addr_t ip;

  memcpy (&ip.addr, address->bytes, sizeof ip.addr);
  return ip;
}

static ip6_addr_t
get_ip6 (const DpdkStackAddress *address)
{
  ip6_addr_t ip;

  memcpy (ip.addr, address->bytes, sizeof ip.addr);
  ip6_addr_clear_zone (&ip);
  return ip;
}

gboolean
dpdk_stack_address_contains (const DpdkStackAddress *self, const guint8 *bytes)
{
  guint whole = self->prefix_length / 8, rest = self->prefix_length % 8;

  if (memcmp (self->bytes, bytes, whole) != 0)
    return FALSE;
  return rest == 0 || ((self->bytes[whole] ^ bytes[whole]) >> (8 - rest)) == 0;
}

gboolean
dpdk_stack_interface_is_on_link (DpdkStackInterface *self, gboolean is_v6, const guint8 *address)
{
  for (guint i = 0; i < self->n_on_link; i++)
    if (!self->on_link[i].is_v6 == !is_v6 &&
        dpdk_stack_address_contains (&self->on_link[i], address))
      return TRUE;
  return FALSE;
}

/* in one of our subnets, or behind a gateway; a link-local address is on every link */
gboolean
dpdk_stack_interface_reaches (DpdkStackInterface *self, gboolean is_v6, const guint8 *address)
{
  gboolean is_link_local = is_v6 && address[0] == 0xfe && (address[1] & 0xc0) == 0x80;

  return is_link_local || (is_v6 ? self->has_gateway_v6 : self->has_gateway_v4) ||
         dpdk_stack_interface_is_on_link (self, is_v6, address);
}

static gboolean
is_same_subnet (const DpdkStackAddress *a, const DpdkStackAddress *b)
{
  return !a->is_v6 == !b->is_v6 && a->prefix_length == b->prefix_length &&
         dpdk_stack_address_contains (a, b->bytes);
}

static void
add_subnet (DpdkStackInterface *self, const DpdkStackAddress *address)
{
  for (guint i = 0; i < self->n_on_link; i++)
    if (is_same_subnet (&self->on_link[i], address))
      return;
  self->on_link[self->n_on_link++] = *address;
}

/* the first one of an interface has the link-local address, and what looks for a zone shall find it
   first; lwIP puts the newest in front */
static void
move_to_end (struct netif *netif)
{
  struct netif **end = &netif_list;

  netif_list = netif->next;
  while (*end != NULL)
    end = &(*end)->next;
  *end = netif;
  netif->next = NULL;
}

static DpdkStackNetif *
add_netif (DpdkStackInterface *self, const DpdkStackAddress *v4, const DpdkStackAddress *gateway)
{
  DpdkStackNetif *netif = g_new0 (DpdkStackNetif, 1);
  ip4_addr_t ip = { 0 }, mask = { 0 }, gw = { 0 };

  netif->interface = self;
  if (v4 != NULL)
    {
      ip = get_ip4 (v4);
      mask.addr = v4->prefix_length > 0 ? lwip_htonl (G_MAXUINT32 << (32 - v4->prefix_length)) : 0;
    }
  if (gateway != NULL)
    gw = get_ip4 (gateway);
  if (netif_add (&netif->netif, &ip, &mask, &gw, NULL, init_netif, ethernet_input) == NULL)
    {
      g_free (netif);
      return NULL;
    }
  move_to_end (&netif->netif);
  if (gateway != NULL || netif_default == NULL)
    netif_set_default (&netif->netif);
  netif_set_up (&netif->netif);
  g_ptr_array_add (self->netifs, netif);
  return netif;
}

static void
add_v6 (DpdkStackNetif *netif, const ip6_addr_t *ip)
{
  s8_t slot;

  /* without duplicate address detection: several workers have the same address */
  if (netif_add_ip6_address (&netif->netif, ip, &slot) == ERR_OK)
    netif_ip6_addr_set_state (&netif->netif, slot, IP6_ADDR_PREFERRED);
}

static gboolean
add_addresses (DpdkStackInterface *self, const DpdkStackInterfaceConfig *config)
{
  guint n_v6 = 0, n_netifs = 0;

  for (guint i = 0; i < config->n_addresses; i++)
    {
      const DpdkStackAddress *address = &config->addresses[i];
      const DpdkStackAddress *gateway =
          config->gateway_v4 != NULL &&
                  dpdk_stack_address_contains (address, config->gateway_v4->bytes)
              ? config->gateway_v4
              : NULL;

      if (!address->is_v6 && add_netif (self, address, gateway) == NULL)
        return FALSE;
    }
  if (self->netifs->len == 0 && add_netif (self, NULL, NULL) == NULL)
    return FALSE;
  netif_create_ip6_linklocal_address (&((DpdkStackNetif *) self->netifs->pdata[0])->netif, 1);
  netif_ip6_addr_set_state (&((DpdkStackNetif *) self->netifs->pdata[0])->netif, 0,
                            IP6_ADDR_PREFERRED);
  for (guint i = 0; i < config->n_addresses; i++)
    {
      ip6_addr_t ip;

      if (!config->addresses[i].is_v6)
        continue;
      if (n_v6++ % V6_PER_NETIF == 0 && n_netifs++ == self->netifs->len &&
          add_netif (self, NULL, NULL) == NULL)
        return FALSE;
      ip = get_ip6 (&config->addresses[i]);
      add_v6 (self->netifs->pdata[n_netifs - 1], &ip);
    }
  return TRUE;
}

DpdkStackInterface *
dpdk_stack_interface_new (DpdkStack *stack, const DpdkStackInterfaceConfig *config)
{
  DpdkStackInterface *self = g_new0 (DpdkStackInterface, 1);

  self->stack = stack;
  self->index = config->index;
  self->port = config->port;
  self->queue = config->queue;
  self->n_queues = config->n_queues;
  self->pool = config->pool;
  self->unused = rte_mempool_default_cache (self->pool, rte_lcore_id ());
  self->data_offset =
      sizeof (struct rte_mbuf) + rte_pktmbuf_priv_size (self->pool) + RTE_PKTMBUF_HEADROOM;
  self->mtu = config->mtu;
  self->offloads = config->offloads;
  self->tx_ip_checksum = config->tx_ip_checksum;
  self->max_tx_segments = config->max_tx_segments;
  /* until it is known to be down */
  self->link_up = TRUE;
  memcpy (self->mac, config->mac, sizeof self->mac);
  self->on_link = g_new (DpdkStackAddress, config->n_addresses);
  for (guint i = 0; i < config->n_addresses; i++)
    add_subnet (self, &config->addresses[i]);
  self->netifs = g_ptr_array_new_with_free_func (free_netif);
  self->has_gateway_v4 = config->gateway_v4 != NULL;
  if (config->gateway_v6 != NULL)
    {
      self->has_gateway_v6 = TRUE;
      self->gateway_v6 = get_ip6 (config->gateway_v6);
    }
  /* with the link-local one */
  if (!add_addresses (self, config) ||
      !dpdk_stack_interface_index_addresses (self, config->n_addresses + 1))
    {
      dpdk_stack_interface_free (self);
      return NULL;
    }
  if (self->has_gateway_v6)
    ip6_addr_assign_zone (&self->gateway_v6, IP6_UNICAST,
                          &((DpdkStackNetif *) self->netifs->pdata[0])->netif);
  return self;
}

void
dpdk_stack_interface_free (DpdkStackInterface *self)
{
  dpdk_stack_interface_flush (self);
  /* while they are removed one by one none is to be found */
  g_clear_pointer (&self->addresses, rte_hash_free);
  g_clear_pointer (&self->netifs, g_ptr_array_unref);
  /* a removed netif may still have said goodbye */
  dpdk_stack_interface_flush (self);
  dpdk_stack_interface_drop_unsent (self);
  g_free (self->on_link);
  g_free (self);
}
