/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-stack-private.h"

#include "dpdk-port-private.h"

#include <lwip/igmp.h>
#include <lwip/mld6.h>

static DpdkStackInterface *
find_interface (DpdkStack *self, gint interface)
{
  for (guint i = 0; i < self->interfaces->len; i++)
    {
      DpdkStackInterface *candidate = g_ptr_array_index (self->interfaces, i);

      if (interface < 0 || candidate->index == (guint) interface)
        return candidate;
    }
  return NULL;
}

/* packets to groups come in and go out by the first netif of an interface. @interface: -1 for the
   first; NULL if there is none. */
struct netif *
dpdk_stack_get_multicast_netif (DpdkStack *self, gint interface)
{
  DpdkStackInterface *found = find_interface (self, interface);

  return found != NULL ? &((DpdkStackNetif *) g_ptr_array_index (found->netifs, 0))->netif : NULL;
}

err_t
dpdk_stack_join_group (DpdkStack *self, gint interface, const ip_addr_t *group)
{
  DpdkStackInterface *found = find_interface (self, interface);
  struct netif *netif = dpdk_stack_get_multicast_netif (self, interface);
  err_t native;

  if (netif == NULL)
    return ERR_RTE;
  /* before the report, which makes packets come */
  dpdk_port_add_group (found->port);
  native = IP_IS_V6 (group) ? mld6_joingroup_netif (netif, ip_2_ip6 (group))
                            : igmp_joingroup_netif (netif, ip_2_ip4 (group));
  if (native != ERR_OK)
    dpdk_port_remove_group (found->port);
  return native;
}

err_t
dpdk_stack_leave_group (DpdkStack *self, gint interface, const ip_addr_t *group)
{
  DpdkStackInterface *found = find_interface (self, interface);
  struct netif *netif = dpdk_stack_get_multicast_netif (self, interface);
  err_t native;

  if (netif == NULL)
    return ERR_RTE;
  native = IP_IS_V6 (group) ? mld6_leavegroup_netif (netif, ip_2_ip6 (group))
                            : igmp_leavegroup_netif (netif, ip_2_ip4 (group));
  if (native == ERR_OK)
    dpdk_port_remove_group (found->port);
  return native;
}
