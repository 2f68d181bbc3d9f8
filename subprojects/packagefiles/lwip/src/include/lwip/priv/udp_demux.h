/* SPDX-License-Identifier: BSD-3-Clause */

/* Where a datagram goes: a table of ports, and a hash table of pcbs with a peer or an address. */

#ifndef LWIP_HDR_UDP_DEMUX_H
#define LWIP_HDR_UDP_DEMUX_H

#include "lwip/opt.h"

#if LWIP_UDP

#include "lwip/err.h"
#include "lwip/udp.h"

/* The addresses of a datagram. */
struct udp_demux_key {
  struct netif *inp;
  const ip_addr_t *local_ip;
  const ip_addr_t *remote_ip;
  u16_t local_port;
  u16_t remote_port;
};

void udp_demux_fini(void);

/* A pcb must be out while its addresses or its state change. */
err_t udp_demux_insert(struct udp_pcb *pcb);
void udp_demux_remove(struct udp_pcb *pcb);
u8_t udp_demux_is_inserted(const struct udp_pcb *pcb);

u8_t udp_demux_port_is_used(u16_t port);
/* Whether a pcb can be bound, as far as other pcbs have it. */
u8_t udp_demux_conflicts(const struct udp_pcb *pcb, const ip_addr_t *ip, u16_t port);

struct udp_pcb *udp_demux_find(const struct udp_demux_key *key);
struct udp_pcb *udp_demux_find_connected(const struct udp_demux_key *key);
/* All that a broadcast or multicast is for; starts with NULL. The pcb must still be there. */
struct udp_pcb *udp_demux_next(const struct udp_demux_key *key, const struct udp_pcb *previous);

#endif /* LWIP_UDP */

#endif /* LWIP_HDR_UDP_DEMUX_H */
