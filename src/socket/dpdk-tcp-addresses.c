/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-tcp-addresses-private.h"

#include <string.h>

#define V4_SIZE sizeof (guint32)

G_STATIC_ASSERT (sizeof (((DpdkTcpAddresses *) NULL)->ips) == 2 * V4_SIZE);
G_STATIC_ASSERT (sizeof (((DpdkTcpAddresses *) NULL)->ips) >= sizeof (ip_addr_t *));

static ip_addr_t *
get_others (const DpdkTcpAddresses *self)
{
  ip_addr_t *others;

  memcpy (&others, self->ips, sizeof others);
  return others;
}

void
dpdk_tcp_addresses_clear (DpdkTcpAddresses *self)
{
  if (self->has_others)
    g_free (get_others (self));
  *self = (DpdkTcpAddresses){ 0 };
}

static void
get_ip (const DpdkTcpAddresses *self, DpdkTcpSide side, ip_addr_t *ip)
{
  guint32 v4;

  if (self->has_others)
    {
      *ip = get_others (self)[side];
      return;
    }
  memcpy (&v4, (const guint8 *) self->ips + side * V4_SIZE, V4_SIZE);
  ip_addr_set_ip4_u32_val (*ip, v4);
}

void
dpdk_tcp_addresses_set (DpdkTcpAddresses *self, DpdkTcpSide side, const ip_addr_t *ip, guint16 port)
{
  self->ports[side] = port;
  if (!self->has_others && IP_IS_V4_VAL (*ip))
    {
      memcpy ((guint8 *) self->ips + side * V4_SIZE, &ip_2_ip4 (ip)->addr, V4_SIZE);
      return;
    }
  if (!self->has_others)
    {
      ip_addr_t *others = g_new0 (ip_addr_t, 2);

      get_ip (self, DPDK_TCP_LOCAL, &others[DPDK_TCP_LOCAL]);
      get_ip (self, DPDK_TCP_REMOTE, &others[DPDK_TCP_REMOTE]);
      memcpy (self->ips, &others, sizeof others);
      self->has_others = TRUE;
    }
  get_others (self)[side] = *ip;
}

guint16
dpdk_tcp_addresses_get (const DpdkTcpAddresses *self, DpdkTcpSide side, ip_addr_t *ip)
{
  get_ip (self, side, ip);
  return self->ports[side];
}
