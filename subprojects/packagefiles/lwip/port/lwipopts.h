/* SPDX-License-Identifier: BSD-3-Clause */

#ifndef LWIPOPTS_H
#define LWIPOPTS_H

#include "dpdk-lwip-port.h"

/* system */
#define NO_SYS                       1
#define SYS_LIGHTWEIGHT_PROT         0
#define LWIP_SOCKET                  0
#define LWIP_NETCONN                 0
#define LWIP_TIMERS                  1
#define LWIP_SINGLE_NETIF            0
#define MEM_ALIGNMENT                8

/* memory: everything from the worker's allocator, nothing from pools */
#define MEM_LIBC_MALLOC              1
#define MEMP_MEM_MALLOC              1
#define mem_clib_malloc              dpdk_lwip_malloc
#define mem_clib_calloc              dpdk_lwip_calloc
#define mem_clib_free                dpdk_lwip_free
#define LWIP_SUPPORT_CUSTOM_PBUF     1
#define LWIP_PBUF_REF_T              u16_t

/* protocols */
#define LWIP_ETHERNET                1
#define LWIP_IPV4                    1
#define LWIP_ARP                     1
#define ARP_TABLE_SIZE               127
#define ARP_QUEUEING                 1
#define ARP_QUEUE_LEN                100
#define ETHARP_SUPPORT_STATIC_ENTRIES 1
#define LWIP_ICMP                    1
#define LWIP_IGMP                    1
#define LWIP_DHCP                    0
#define LWIP_AUTOIP                  0
#define IP_FORWARD                   0
#define IP_FRAG                      1
#define IP_REASSEMBLY                1
#define IP_REASS_MAX_PBUFS           128

#define LWIP_IPV6                    1
#define LWIP_IPV6_NUM_ADDRESSES      8
#define LWIP_IPV6_AUTOCONFIG         0
/* RFC 4007, but that all interfaces of a device are in the same zone */
#define IPV6_CUSTOM_SCOPES           1
#define ip6_addr_has_scope(address, type) \
  (ip6_addr_islinklocal (address) || \
   (((type) != IP6_UNICAST) && \
    (ip6_addr_ismulticast_iflocal (address) || ip6_addr_ismulticast_linklocal (address))))
#define ip6_addr_assign_zone(address, type, netif) \
  ip6_addr_set_zone (address, ip6_addr_has_scope (address, type) ? dpdk_lwip_zone (netif) : 0)
#define ip6_addr_test_zone(address, netif) \
  ip6_addr_equals_zone (address, dpdk_lwip_zone (netif))
#define LWIP_IPV6_DUP_DETECT_ATTEMPTS 1
#define LWIP_IPV6_DHCP6              0
#define LWIP_IPV6_MLD                1
#define LWIP_ICMP6                   1
#define LWIP_IPV6_FORWARD            0
#define LWIP_IPV6_FRAG               1
#define LWIP_IPV6_REASS              1
/* the reassembly header does not fit into an IPv6 header with 64-bit pointers */
#define IPV6_FRAG_COPYHEADER         1
#define LWIP_ND6_NUM_NEIGHBORS       127
#define LWIP_ND6_NUM_DESTINATIONS    127
#define LWIP_ND6_QUEUEING            1
#define LWIP_ND6_QUEUE_LEN           100

#define LWIP_RAW                     1
#define LWIP_UDP                     1
#define LWIP_DNS                     1
#define DNS_TABLE_SIZE               16
#define DNS_MAX_SERVERS              3
#define LWIP_MULTICAST_TX_OPTIONS    1
#define SO_REUSE                     1

/* interfaces */
#define LWIP_NETIF_LOOPBACK          1
#define LWIP_LOOPBACK_MAX_PBUFS      0
#define LWIP_HAVE_LOOPIF             0
#define LWIP_NETIF_STATUS_CALLBACK   1
#define LWIP_NETIF_LINK_CALLBACK     1
#define LWIP_NETIF_TX_SINGLE_PBUF    0
#define LWIP_CHECKSUM_CTRL_PER_NETIF 1
/* a connection remembers where its next hop is in the ARP or neighbor table */
#define LWIP_NETIF_HWADDRHINT        1

/* TCP: MSS is the upper bound, a connection uses what its interface, its
 * path and its peer allow */
#define LWIP_TCP                     1
#define TCP_TMR_INTERVAL             10
#define TCP_MSS                      8960
#define TCP_CALCULATE_EFF_SEND_MSS   1
#define LWIP_WND_SCALE               1
/* the defaults, a connection may have other buffers and then has another scale */
#define TCP_RCV_SCALE                3
#define TCP_WND                      (256 * 1024)
#define TCP_SND_BUF                  (256 * 1024)
#define TCP_SND_QUEUELEN             4096
#define MEMP_NUM_TCP_SEG             TCP_SND_QUEUELEN
#define TCP_SNDLOWAT                 (0xffff - 4 * TCP_MSS - 1)
#define TCP_SNDQUEUELOWAT            (TCP_SND_QUEUELEN / 2)
#define TCP_OVERSIZE                 TCP_MSS
#define TCP_MSL                      15000
/* the last one is sent three minutes after the first (RFC 9293, 3.8.3) */
#define TCP_SYNMAXRTX                8
/* RFC 6928 */
#define LWIP_TCP_CALC_INITIAL_CWND(mss) \
  ((tcpwnd_size_t) LWIP_MIN (10U * (mss), LWIP_MAX (2U * (mss), 14600U)))
#define TCP_LISTEN_BACKLOG           1
#define TCP_DEFAULT_LISTEN_BACKLOG   4096
#define TCP_QUEUE_OOSEQ              1
#define TCP_OOSEQ_PBUFS_LIMIT(pcb)   LWIP_MIN (LWIP_MAX (256, (pcb)->params->rcv_buf / 1024), 0xffff)
#define LWIP_TCP_SACK_OUT            1
/* for connections that ask for it */
#define LWIP_TCP_TIMESTAMPS          1
#define LWIP_TCP_KEEPALIVE           1
#define LWIP_CALLBACK_API            1
#define LWIP_HOOK_FILENAME           "dpdk-lwip-port.h"
#define LWIP_HOOK_TCP_ISN            dpdk_lwip_isn
#define LWIP_HOOK_TCP_MEMORY         dpdk_lwip_memory_level
#define LWIP_HOOK_PORT_IS_OURS       dpdk_lwip_port_is_ours
#define LWIP_HOOK_UDP_PORT_IS_OURS   dpdk_lwip_udp_port_is_ours
#define LWIP_HOOK_UDP_UNMATCHED      dpdk_lwip_udp_unmatched
#define LWIP_HOOK_TCP_REASSEMBLED    dpdk_lwip_tcp_reassembled
#define LWIP_HOOK_LOOP_OUTPUT        dpdk_lwip_loop_output
#define LWIP_HOOK_NETIF_FIND_IP4     dpdk_lwip_find_v4
#define LWIP_HOOK_NETIF_FIND_IP6     dpdk_lwip_find_v6
#define LWIP_HOOK_IP4_ROUTE_SRC      dpdk_lwip_route_v4
#define LWIP_HOOK_IP6_ROUTE          dpdk_lwip_route_v6
#define LWIP_HOOK_ND6_GET_GW         dpdk_lwip_gateway_v6
#define LWIP_HOOK_ND6_IS_ON_LINK     dpdk_lwip_is_on_link

/* counters */
#define LWIP_STATS                   1
#define LWIP_STATS_LARGE             1
#define LWIP_STATS_DISPLAY           0
#define LINK_STATS                   1
#define ETHARP_STATS                 1
#define IP_STATS                     1
#define IPFRAG_STATS                 1
#define ICMP_STATS                   1
#define IGMP_STATS                   1
#define UDP_STATS                    1
#define TCP_STATS                    1
#define IP6_STATS                    1
#define IP6_FRAG_STATS               1
#define ICMP6_STATS                  1
#define MLD6_STATS                   1
#define ND6_STATS                    1
#define MEM_STATS                    0
#define MEMP_STATS                   0
#define SYS_STATS                    0
#define MIB2_STATS                   0

#endif
