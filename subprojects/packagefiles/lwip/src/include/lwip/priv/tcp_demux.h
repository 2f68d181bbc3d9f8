/* SPDX-License-Identifier: BSD-3-Clause */

/* How TCP finds its pcbs when there are very many: hash tables for incoming
 * segments, doubly linked lists, and a count of pcbs for every local port.
 * Included by lwip/priv/tcp_priv.h. */

#ifndef LWIP_HDR_TCP_DEMUX_H
#define LWIP_HDR_TCP_DEMUX_H

#include "lwip/opt.h"
#include "lwip/priv/prefetch.h"
#include "lwip/tcp.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The ports of outgoing connections, RFC 6056. */
#ifndef TCP_DYNAMIC_PORT_MIN
#define TCP_DYNAMIC_PORT_MIN 32768
#endif
#ifndef TCP_DYNAMIC_PORT_MAX
#define TCP_DYNAMIC_PORT_MAX 65534
#endif

void tcp_pcb_link(struct tcp_pcb **list, struct tcp_pcb *pcb);
void tcp_pcb_unlink(struct tcp_pcb **list, struct tcp_pcb *pcb);
void tcp_pcb_time_wait(struct tcp_pcb *pcb);

u32_t tcp_demux_hash(const ip_addr_t *local_ip, u16_t local_port,
                     const ip_addr_t *remote_ip, u16_t remote_port);
struct tcp_pcb *tcp_demux_find(const ip_addr_t *local_ip, u16_t local_port,
                               const ip_addr_t *remote_ip, u16_t remote_port);
struct tcp_pcb_listen *tcp_demux_find_listen(const ip_addr_t *local_ip, u16_t local_port, u8_t netif_idx);
int tcp_demux_conn_used(const ip_addr_t *local_ip, u16_t local_port,
                        const ip_addr_t *remote_ip, u16_t remote_port);
int tcp_demux_port_used(u16_t port);
void tcp_demux_port_ref(u16_t port);
void tcp_demux_port_unref(u16_t port);
void tcp_demux_gauge(void);
int tcp_demux_is_full(void);
u16_t tcp_demux_new_port(const ip_addr_t *local_ip, const ip_addr_t *remote_ip, u16_t remote_port);

/* For a driver that knows the next segments, if it is worth while: first the
 * bucket, then the pcb, then what its callback_arg is, then what a segment may
 * acknowledge and what its functions ask for; each when the one before has had the time to come.
 * The hash is that of tcp_demux_hash(), made of addresses as they are in the
 * segment and of ports in host byte order. */
u32_t tcp_demux_hash4(u32_t local_ip, u16_t local_port, u32_t remote_ip, u16_t remote_port);
u32_t tcp_demux_hash6(const u32_t *local_ip, u16_t local_port, const u32_t *remote_ip, u16_t remote_port);
int tcp_demux_wants_prefetch(void);
void tcp_demux_prefetch_bucket(u32_t hash);
void tcp_demux_prefetch_pcb(u32_t hash);
void tcp_demux_prefetch_arg(u32_t hash, size_t size);
void tcp_demux_prefetch_rest(u32_t hash);

#ifdef __cplusplus
}
#endif

#endif /* LWIP_HDR_TCP_DEMUX_H */
