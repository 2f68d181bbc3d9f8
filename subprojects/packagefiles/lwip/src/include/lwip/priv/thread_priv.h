/* SPDX-License-Identifier: BSD-3-Clause */

/* One lwIP per thread.  A module with state has up to two functions here: one
 * allocates what is too big for the thread-local block, the other gives back
 * everything that the module holds and leaves its variables as a new thread
 * finds them. */

#ifndef LWIP_HDR_THREAD_PRIV_H
#define LWIP_HDR_THREAD_PRIV_H

#include "lwip/opt.h"
#include "lwip/err.h"
#include "lwip/mem.h"

/* Tables are allocated before the heap of lwIP is initialised: a port that uses
 * that heap must take them from elsewhere. */
#ifndef LWIP_TABLE_CALLOC
#define LWIP_TABLE_CALLOC(count, size) mem_calloc(count, size)
#define LWIP_TABLE_RELEASE(table) mem_free(table)
#endif

#define LWIP_TABLE_FREE(table) do { \
  if ((table) != NULL) { \
    LWIP_TABLE_RELEASE(table); \
    (table) = NULL; \
  } \
} while (0)

err_t stats_alloc(void);
err_t sys_timeouts_alloc(void);
err_t etharp_alloc(void);
err_t nd6_alloc(void);
err_t netif_alloc(void);
err_t tcp_demux_alloc(void);
err_t dns_alloc(void);

void stats_fini(void);
void sys_timeouts_fini(void);
void etharp_fini(void);
void ip4_fini(void);
void ip_reass_fini(void);
void ip6_reass_fini(void);
void nd6_fini(void);
void netif_fini(void);
void pbuf_fini(void);
void raw_fini(void);
void udp_fini(void);
void tcp_fini(void);
void tcp_in_fini(void);
void tcp_demux_fini(void);
void dns_fini(void);

#endif /* LWIP_HDR_THREAD_PRIV_H */
