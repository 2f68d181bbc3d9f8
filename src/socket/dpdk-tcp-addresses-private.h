/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <lwip/ip_addr.h>

G_BEGIN_DECLS

/* the addresses of both ends of a connection; those of IPv4 take no memory beside it */
typedef struct {
  /* two of IPv4, or a pointer to others; of a type that leaves no gap behind the structure */
  guint16 ips[4];
  guint16 ports[2];
  guint8 has_others;
} DpdkTcpAddresses;

typedef enum {
  DPDK_TCP_LOCAL,
  DPDK_TCP_REMOTE,
} DpdkTcpSide;

void dpdk_tcp_addresses_clear (DpdkTcpAddresses *self);
void dpdk_tcp_addresses_set (DpdkTcpAddresses *self, DpdkTcpSide side, const ip_addr_t *ip,
                             guint16 port);
/* gives the port */
guint16 dpdk_tcp_addresses_get (const DpdkTcpAddresses *self, DpdkTcpSide side, ip_addr_t *ip);

static inline guint16
dpdk_tcp_addresses_get_port (const DpdkTcpAddresses *self, DpdkTcpSide side)
{
  return self->ports[side];
}

G_END_DECLS
