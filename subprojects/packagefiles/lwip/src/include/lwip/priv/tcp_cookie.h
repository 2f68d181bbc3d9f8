/* SPDX-License-Identifier: BSD-3-Clause */

/* SYN cookies: when the backlog of a listener is full, a SYN is answered without
 * keeping anything; the initial sequence number of the answer carries what has
 * to be known when the peer acknowledges it. */

#ifndef LWIP_HDR_TCP_COOKIE_H
#define LWIP_HDR_TCP_COOKIE_H

#include "lwip/opt.h"
#include "lwip/ip_addr.h"

#ifdef __cplusplus
extern "C" {
#endif

u32_t tcp_cookie_make(const ip_addr_t *local_ip, u16_t local_port, const ip_addr_t *remote_ip,
                      u16_t remote_port, u32_t irs, u16_t mss);
u16_t tcp_cookie_check(const ip_addr_t *local_ip, u16_t local_port, const ip_addr_t *remote_ip,
                       u16_t remote_port, u32_t irs, u32_t cookie);
u32_t tcp_secret_offset(const ip_addr_t *local_ip, u16_t local_port, const ip_addr_t *remote_ip, u16_t remote_port);
void tcp_cookie_fini(void);

#ifdef __cplusplus
}
#endif

#endif /* LWIP_HDR_TCP_COOKIE_H */
