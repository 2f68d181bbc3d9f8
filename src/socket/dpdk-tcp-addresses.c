/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-tcp-addresses-private.h"

void
dpdk_tcp_addresses_clear (DpdkTcpAddresses *self)
{
  if (self->has_others)
    g_free (self->others);
  *self = (DpdkTcpAddresses){ 0 };
}

static void
get_ip (const DpdkTcpAddresses *self, DpdkTcpSide side, ip_addr_t *ip)
{
  if (self->has_others)
    *ip = self->others[side];
  else
    ip_addr_set_ip4_u32_val (*ip, self->v4[side]);
}

void
dpdk_tcp_addresses_set (DpdkTcpAddresses *self, DpdkTcpSide side, const ip_addr_t *ip, guint16 port)
{
  self->ports[side] = port;
  if (!self->has_others && IP_IS_V4_VAL (*ip))
    {
      self->v4[side] = ip_2_ip4 (ip)->addr;
      return;
    }
  if (!self->has_others)
    {
      ip_addr_t *others = g_new0 (ip_addr_t, 2);

      get_ip (self, DPDK_TCP_LOCAL, &others[DPDK_TCP_LOCAL]);
      get_ip (self, DPDK_TCP_REMOTE, &others[DPDK_TCP_REMOTE]);
      self->others = others;
      self->has_others = TRUE;
    }
  self->others[side] = *ip;
}

guint16
dpdk_tcp_addresses_get (const DpdkTcpAddresses *self, DpdkTcpSide side, ip_addr_t *ip)
{
  get_ip (self, side, ip);
  return self->ports[side];
}
