/* SPDX-License-Identifier: BSD-3-Clause */

#pragma once

#include <stddef.h>
#include <stdint.h>

/* What the patched lwIP needs from the program that links it, besides
 * sys_now () of lwip/sys.h.  All of them run on the thread of the stack. */

struct ip4_addr;
struct ip6_addr;
struct ip_addr;
struct netif;
struct pbuf;

/* Unpredictable numbers: ports, hash keys, DNS transactions, IP identification. */
uint32_t dpdk_lwip_random (void);

/* The initial sequence number of a connection (RFC 6528).  Ports in host byte
 * order. */
uint32_t dpdk_lwip_isn (const struct ip_addr *local_ip,
                        uint16_t              local_port,
                        const struct ip_addr *remote_ip,
                        uint16_t              remote_port);

/* Whether answers to this local port reach the thread of the stack: only such
 * ports are taken for connections and sockets that do not name one. */
int dpdk_lwip_port_is_ours (uint16_t port);
int dpdk_lwip_udp_port_is_ours (uint16_t port);

/* A packet that this thread sends to itself: a member of the group may be on
 * another thread.  p starts at the IP header and stays the caller's. */
void dpdk_lwip_loop_output (struct pbuf  *p,
                            struct netif *netif);

/* A datagram for us that no pcb of this thread wants.  p starts at the IP header
 * and stays the caller's; not 0 if another thread gets it. */
int dpdk_lwip_udp_unmatched (struct pbuf  *p,
                             struct netif *netif);

/* A segment for us that came in fragments, or from another thread that has put it
 * together.  p starts at the IP header and stays the caller's; not 0 if it is not
 * for this thread, and another one gets it if it is for any. */
int dpdk_lwip_tcp_reassembled (struct pbuf  *p,
                               struct netif *netif,
                               uint16_t      local_port,
                               uint16_t      remote_port);

/* The netif that has an address; NULL: it is not ours. */
struct netif *dpdk_lwip_find_v4 (const struct ip4_addr *address);
struct netif *dpdk_lwip_find_v6 (const struct ip6_addr *address);

/* Routes that lwIP's own rules do not know; NULL to leave it to them.  source
 * may be NULL. */
struct netif *dpdk_lwip_route_v4 (const struct ip4_addr *source,
                                  const struct ip4_addr *destination);
struct netif *dpdk_lwip_route_v6 (const struct ip6_addr *source,
                                  const struct ip6_addr *destination);

/* The static IPv6 gateway of an interface, NULL: one that has advertised
 * itself. */
const struct ip6_addr *dpdk_lwip_gateway_v6 (struct netif          *netif,
                                             const struct ip6_addr *destination);

/* Whether an address lies in a static IPv6 subnet of an interface.  lwIP's own
 * rule, 64 bits, is not applied. */
int dpdk_lwip_is_on_link (struct netif          *netif,
                          const struct ip6_addr *destination);

/* The number of the link that an interface is on (RFC 4007), from 1: the zone of
 * its link-local addresses. */
uint8_t dpdk_lwip_zone (const struct netif *netif);

/* How short memory is, an enum tcp_memory_level. */
int dpdk_lwip_memory_level (void);

void *dpdk_lwip_malloc (size_t size);
void *dpdk_lwip_calloc (size_t count,
                        size_t size);
void  dpdk_lwip_free   (void  *mem);

/* An assertion of lwIP does not hold.  May return: lwIP then goes on as if it
 * had been compiled without assertions. */
void dpdk_lwip_assert_failed (const char *message,
                              const char *file,
                              int         line);

/* Provided by the port: the folded, not inverted Internet checksum of len
 * bytes at any alignment, and the same while they are copied.  The portable
 * ones are what processors without AVX2 use. */
uint16_t dpdk_lwip_checksum               (const void *data,
                                           size_t      len);
uint16_t dpdk_lwip_checksum_copy          (void       *copy,
                                           const void *data,
                                           size_t      len);
uint16_t dpdk_lwip_checksum_portable      (const void *data,
                                           size_t      len);
uint16_t dpdk_lwip_checksum_copy_portable (void       *copy,
                                           const void *data,
                                           size_t      len);
