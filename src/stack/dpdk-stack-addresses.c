/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* which netif of an interface has an address: lwIP has one of IPv4 and a few of IPv6 in each, so that many
   addresses are many netifs */
#include "dpdk-stack-private.h"

#include <lwip/prot/etharp.h>
#include <lwip/prot/ethernet.h>
#include <lwip/prot/icmp6.h>
#include <lwip/prot/ip4.h>
#include <lwip/prot/ip6.h>
#include <lwip/prot/nd6.h>
#include <string.h>

/* as IPv6 writes it; those of IPv4 are mapped (RFC 4291, 2.5.5.2), which nobody has on an interface */
typedef struct {
  guint8 bytes[16];
} Key;

static Key
make_key (gboolean is_v6, const guint8 *address)
{
  Key key = { .bytes = { [10] = 0xff, [11] = 0xff } };

  if (is_v6)
    memcpy (key.bytes, address, 16);
  else
    memcpy (key.bytes + 12, address, 4);
  return key;
}

static gboolean
is_any_v4 (const guint8 *address)
{
  return (address[0] | address[1] | address[2] | address[3]) == 0;
}

static gboolean
has_address (const struct netif *netif, gboolean is_v6, const guint8 *address)
{
  if (!is_v6)
    return memcmp (&netif_ip4_addr (netif)->addr, address, 4) == 0 && !is_any_v4 (address);
  for (guint slot = 0; slot < LWIP_IPV6_NUM_ADDRESSES; slot++)
    if (ip6_addr_isvalid (netif_ip6_addr_state (netif, slot)) &&
        memcmp (netif_ip6_addr (netif, slot)->addr, address, 16) == 0)
      return TRUE;
  return FALSE;
}

static gboolean
index_address (DpdkStackInterface *self, DpdkStackNetif *netif, gboolean is_v6,
               const guint8 *address)
{
  Key key = make_key (is_v6, address);

  return rte_hash_lookup (self->addresses, &key) >= 0 ||
         rte_hash_add_key_data (self->addresses, &key, netif) == 0;
}

static gboolean
index_netif (DpdkStackInterface *self, DpdkStackNetif *netif)
{
  const guint8 *v4 = (const guint8 *) &netif_ip4_addr (&netif->netif)->addr;

  if (!is_any_v4 (v4) && !index_address (self, netif, FALSE, v4))
    return FALSE;
  for (guint slot = 0; slot < LWIP_IPV6_NUM_ADDRESSES; slot++)
    if (ip6_addr_isvalid (netif_ip6_addr_state (&netif->netif, slot)) &&
        !index_address (self, netif, TRUE,
                        (const guint8 *) netif_ip6_addr (&netif->netif, slot)->addr))
      return FALSE;
  return TRUE;
}

/* the @n_addresses that it has now, and has until it is freed. FALSE if there is no memory. */
gboolean
dpdk_stack_interface_index_addresses (DpdkStackInterface *self, guint n_addresses)
{
  static gint n_tables;
  char name[RTE_HASH_NAMESIZE];
  struct rte_hash_parameters parameters = {
    .name = name,
    /* half empty */
    .entries = 2 * n_addresses,
    .key_len = sizeof (Key),
    .socket_id = SOCKET_ID_ANY,
  };

  if (self->netifs->len == 1)
    return TRUE;
  g_snprintf (name, sizeof name, "dpdk-glib-addresses-%u", (guint) g_atomic_int_add (&n_tables, 1));
  self->addresses = rte_hash_create (&parameters);
  if (self->addresses == NULL)
    return FALSE;
  for (guint i = 0; i < self->netifs->len; i++)
    if (!index_netif (self, g_ptr_array_index (self->netifs, i)))
      return FALSE;
  return TRUE;
}

/* NULL if it is not an address of @self */
DpdkStackNetif *
dpdk_stack_interface_find_netif (DpdkStackInterface *self, gboolean is_v6, const guint8 *address)
{
  DpdkStackNetif *netif;
  void *found;
  Key key;

  if (self->addresses != NULL)
    {
      key = make_key (is_v6, address);
      return rte_hash_lookup_data (self->addresses, &key, &found) >= 0 ? found : NULL;
    }
  if (self->netifs == NULL)
    return NULL;
  netif = g_ptr_array_index (self->netifs, 0);
  return has_address (&netif->netif, is_v6, address) ? netif : NULL;
}

/* lwIP answers for the addresses of the netif that a packet comes in by */
DpdkStackNetif *
dpdk_stack_interface_choose_netif (DpdkStackInterface *self, const struct rte_mbuf *mbuf)
{
  DpdkStackNetif *first = g_ptr_array_index (self->netifs, 0), *found = NULL;
  const guint8 *frame = rte_pktmbuf_mtod (mbuf, const guint8 *);
  guint length = rte_pktmbuf_data_len (mbuf);
  guint16 type;

  if (self->addresses == NULL || length < SIZEOF_ETH_HDR)
    return first;
  type = lwip_ntohs (((const struct eth_hdr *) frame)->type);
  frame += SIZEOF_ETH_HDR;
  length -= SIZEOF_ETH_HDR;
  if (type == ETHTYPE_ARP && length >= SIZEOF_ETHARP_HDR)
    found = dpdk_stack_interface_find_netif (self, FALSE,
                                             frame + G_STRUCT_OFFSET (struct etharp_hdr, dipaddr));
  else if (type == ETHTYPE_IP && length >= IP_HLEN)
    found = dpdk_stack_interface_find_netif (self, FALSE,
                                             frame + G_STRUCT_OFFSET (struct ip_hdr, dest));
  else if (type == ETHTYPE_IPV6 && dpdk_stack_is_neighbour_discovery (frame, length) &&
           frame[IP6_HLEN] == ICMP6_TYPE_NS && length >= IP6_HLEN + sizeof (struct ns_header))
    found = dpdk_stack_interface_find_netif (
        self, TRUE, frame + IP6_HLEN + G_STRUCT_OFFSET (struct ns_header, target_address));
  else if (type == ETHTYPE_IPV6 && length >= IP6_HLEN)
    found = dpdk_stack_interface_find_netif (self, TRUE,
                                             frame + G_STRUCT_OFFSET (struct ip6_hdr, dest));
  return found != NULL ? found : first;
}
