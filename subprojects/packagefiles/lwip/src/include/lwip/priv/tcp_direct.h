/* SPDX-License-Identifier: BSD-3-Clause */

/* The short way between an Ethernet interface and an established connection:
 * what Ethernet, IP and the ARP table would be asked for every segment, the
 * connection has had answered before. Whatever is unusual about a segment
 * sends it the long way. */

#ifndef LWIP_HDR_TCP_DIRECT_H
#define LWIP_HDR_TCP_DIRECT_H

#include "lwip/opt.h"
#include "lwip/netif.h"
#include "lwip/pbuf.h"

#ifdef __cplusplus
extern "C" {
#endif

struct tcp_pcb;

/** The connection of the segment that tcp_input() has been given this way. */
extern LWIP_TLS struct tcp_pcb *tcp_direct_pcb;

int tcp_direct_input(struct pbuf *p, struct netif *inp);
int tcp_direct_output(struct pbuf *p, const struct tcp_pcb *pcb, u8_t tos, struct netif *netif, err_t *err);

#ifdef __cplusplus
}
#endif

#endif /* LWIP_HDR_TCP_DIRECT_H */
