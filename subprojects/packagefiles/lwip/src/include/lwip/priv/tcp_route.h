/* SPDX-License-Identifier: BSD-3-Clause */

/* The netif by which the segments of a connection leave: it is looked for again
 * only after a change of what routes are found by. */

#ifndef LWIP_HDR_TCP_ROUTE_H
#define LWIP_HDR_TCP_ROUTE_H

#include "lwip/opt.h"
#include "lwip/netif.h"
#include "lwip/tcp.h"

#ifdef __cplusplus
extern "C" {
#endif

struct netif *tcp_route_find_again(struct tcp_pcb *pcb);

/** The netif for segments from pcb->local_ip to pcb->remote_ip, NULL if there is none. */
static inline struct netif *
tcp_route_find(struct tcp_pcb *pcb)
{
  return (pcb->route_serial == netif_serial) ? netif_table[pcb->route_idx] : tcp_route_find_again(pcb);
}

/** Whether netif is the one to another host. */
static inline int
tcp_route_is(const struct tcp_pcb *pcb, const struct netif *netif)
{
  return (pcb->route_idx == netif_get_index(netif)) && (pcb->route_serial == netif_serial) && !pcb->route_is_local;
}

#ifdef __cplusplus
}
#endif

#endif /* LWIP_HDR_TCP_ROUTE_H */
