/* SPDX-License-Identifier: BSD-3-Clause */

/* What is left of a connection in TIME-WAIT: enough to answer its peer, and to
 * know a new connection from an old segment. The pcb goes as soon as the
 * application has closed it. */

#ifndef LWIP_HDR_TCP_TIME_WAIT_H
#define LWIP_HDR_TCP_TIME_WAIT_H

#include "lwip/opt.h"
#include "lwip/ip_addr.h"
#include "lwip/tcp.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Above this number connections end before their time, the oldest first. */
#ifndef TCP_MAX_TIME_WAIT
#define TCP_MAX_TIME_WAIT (1U << 20)
#endif

/** Compared as bytes: there are none between the members. */
struct tcp_time_wait_key {
  u32_t local_ip[4]; /* of IPv4 only the first word is used */
  u32_t remote_ip[4];
  u16_t local_port;
  u16_t remote_port;
  u8_t local_zone;
  u8_t remote_zone;
  u16_t type; /* of the addresses */
};

struct tcp_time_wait {
  struct tcp_hash_node node;
  struct tcp_time_wait *next; /* entered later */
  struct tcp_time_wait **pprev;
  struct tcp_time_wait_key key;
  u32_t start; /* tcp_ticks */
  u32_t snd_nxt;
  u32_t rcv_nxt;
  u32_t ts_recent;
  u16_t answered; /* lower half of tcp_ticks at the last ACK */
  u16_t wnd;      /* as in the header */
  u8_t netif_idx;
  u8_t ttl;
  u8_t tos;
  u8_t flags;
#define TCP_TIME_WAIT_TIMESTAMP 0x01U
};

err_t tcp_time_wait_alloc(void);
void tcp_time_wait_fini(void);

void tcp_set_max_time_wait(u32_t max);

/* called by the rest of TCP */
void tcp_time_wait_enter(const struct tcp_pcb *pcb);
struct tcp_time_wait *tcp_time_wait_find(const ip_addr_t *local_ip, u16_t local_port,
                                         const ip_addr_t *remote_ip, u16_t remote_port);
void tcp_time_wait_end(struct tcp_time_wait *tw);
void tcp_time_wait_restart(struct tcp_time_wait *tw);
void tcp_time_wait_answer(struct tcp_time_wait *tw);
void tcp_time_wait_evict(u32_t num);
void tcp_time_wait_clear(void);
void tcp_time_wait_tmr(void);
u32_t tcp_time_wait_num(void);
u32_t tcp_time_wait_buckets(void);
void tcp_time_wait_prefetch(u32_t hash);

#ifdef __cplusplus
}
#endif

#endif /* LWIP_HDR_TCP_TIME_WAIT_H */
