/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* what happens to an interface while the stack runs */
#include "dpdk-stack-private.h"

#include <lwip/etharp.h>
#include <lwip/nd6.h>
#include <string.h>

static struct netif *
get_netif (DpdkStackInterface *self, guint index)
{
  return &((DpdkStackNetif *) g_ptr_array_index (self->netifs, index))->netif;
}

/* others may be there when the link comes back */
static void
forget_neighbours (struct netif *netif)
{
  etharp_cleanup_netif (netif);
  nd6_cleanup_netif (netif);
}

/* as in Linux, routes stay while a link is down, and what is sent is lost: a connection that was begun
   too early succeeds when the link comes up, and those that exist go on */
void
dpdk_stack_interface_set_link_up (DpdkStackInterface *self, gboolean link_up)
{
  if (!self->link_up == !link_up)
    return;
  self->link_up = link_up;
  if (!link_up)
    dpdk_stack_interface_drop_unsent (self);
  for (guint i = 0; i < self->netifs->len; i++)
    {
      struct netif *netif = get_netif (self, i);

      if (!link_up)
        {
          forget_neighbours (netif);
          continue;
        }
      /* tells the others on the link that we are there */
      netif_set_link_down (netif);
      netif_set_link_up (netif);
    }
}

void
dpdk_stack_interface_set_mac (DpdkStackInterface *self, const guint8 mac[6])
{
  if (memcmp (self->mac, mac, sizeof self->mac) == 0)
    return;
  memcpy (self->mac, mac, sizeof self->mac);
  for (guint i = 0; i < self->netifs->len; i++)
    {
      struct netif *netif = get_netif (self, i);

      memcpy (netif->hwaddr, mac, sizeof self->mac);
      /* RFC 5227, 2.3: tells who knows the old one */
      if (self->link_up && !ip4_addr_isany (netif_ip4_addr (netif)))
        etharp_gratuitous (netif);
    }
}

void
dpdk_stack_interface_set_mtu (DpdkStackInterface *self, guint mtu)
{
  self->mtu = mtu;
  for (guint i = 0; i < self->netifs->len; i++)
    get_netif (self, i)->mtu = get_netif (self, i)->mtu6 = (u16_t) mtu;
}
