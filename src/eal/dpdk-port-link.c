/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-port-internal.h"

#include <errno.h>
#include <rte_ethdev.h>

static void
read_link (DpdkPort *self, struct rte_eth_link *link)
{
  int native;

  *link = (struct rte_eth_link){ 0 };
  if (!self->device.is_started || g_atomic_int_get (&self->removed))
    return;
  native = rte_eth_link_get_nowait (self->id, link);
  /* a device that knows nothing of links has one that is always there */
  if (native == -ENOTSUP)
    *link = (struct rte_eth_link){ .link_status = RTE_ETH_LINK_UP,
                                   .link_duplex = RTE_ETH_LINK_FULL_DUPLEX };
  else if (native != 0)
    *link = (struct rte_eth_link){ 0 };
}

static gboolean
set (DpdkPort *self, gint *field, gint value, DpdkPortProperty property)
{
  if (g_atomic_int_get (field) == value)
    return FALSE;
  g_atomic_int_set (field, value);
  dpdk_port_notify (self, property);
  return TRUE;
}

gboolean
dpdk_port_update_link (DpdkPort *self)
{
  struct rte_eth_link link;
  guint speed;

  read_link (self, &link);
  speed = link.link_status && link.link_speed != RTE_ETH_SPEED_NUM_UNKNOWN ? link.link_speed : 0;
  set (self, &self->link_speed, (gint) speed, DPDK_PORT_PROP_LINK_SPEED);
  set (self, &self->link_duplex,
       link.link_duplex == RTE_ETH_LINK_FULL_DUPLEX ? DPDK_LINK_DUPLEX_FULL : DPDK_LINK_DUPLEX_HALF,
       DPDK_PORT_PROP_LINK_DUPLEX);
  if (!set (self, &self->link_up, link.link_status == RTE_ETH_LINK_UP, DPDK_PORT_PROP_LINK_UP))
    return FALSE;
  dpdk_port_mark_changed (self);
  return TRUE;
}

/**
 * dpdk_port_is_link_up: (get-property link-up)
 * @self: a port
 *
 * Whether the link of a started port is up. May be called from any thread.
 *
 * Returns: %TRUE if it is
 *
 * Since: 0.1
 */
gboolean
dpdk_port_is_link_up (DpdkPort *self)
{
  g_return_val_if_fail (DPDK_IS_PORT (self), FALSE);

  return g_atomic_int_get (&self->link_up);
}

/**
 * dpdk_port_get_link_speed: (get-property link-speed)
 * @self: a port
 *
 * Gets the speed of the link. May be called from any thread.
 *
 * Returns: the speed in Mbit/s, or 0 if the link is down or the device does not know it
 *
 * Since: 0.1
 */
guint
dpdk_port_get_link_speed (DpdkPort *self)
{
  g_return_val_if_fail (DPDK_IS_PORT (self), 0);

  return (guint) g_atomic_int_get (&self->link_speed);
}

/**
 * dpdk_port_get_link_duplex: (get-property link-duplex)
 * @self: a port
 *
 * Gets whether both ends of the link can send at the same time. May be called from any thread.
 *
 * Returns: the duplex mode
 *
 * Since: 0.1
 */
DpdkLinkDuplex
dpdk_port_get_link_duplex (DpdkPort *self)
{
  g_return_val_if_fail (DPDK_IS_PORT (self), DPDK_LINK_DUPLEX_HALF);

  return (DpdkLinkDuplex) g_atomic_int_get (&self->link_duplex);
}
