/* SPDX-License-Identifier: BSD-3-Clause */

/* What ICMP tells TCP about the path of a connection: that its segments are too
 * large (RFC 1191, RFC 8201), or that nobody is there. Everybody can send such
 * messages, so only those that quote what is in flight count (RFC 5927). */

#ifndef LWIP_HDR_TCP_PATH_H
#define LWIP_HDR_TCP_PATH_H

#include "lwip/opt.h"
#include "lwip/priv/tcp_priv.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The smallest MTU of an IPv4 path that is believed; below it packets may be fragmented. */
#ifndef TCP_PATH_MTU_MIN
#define TCP_PATH_MTU_MIN 552
#endif

/** A larger segment is tried again after that many ms (RFC 1191 section 6.3). */
#ifndef TCP_PATH_AGE
#define TCP_PATH_AGE (10U * 60U * 1000U)
#endif

/** After that many timeouts in a row the path may be one that drops large packets and does not say so (RFC 2923). */
#ifndef TCP_PATH_BLACK_HOLE
#define TCP_PATH_BLACK_HOLE 3
#endif

/** The bytes of the TCP header that every ICMP error quotes: the ports and the sequence number. */
#define TCP_PATH_QUOTE 8

enum tcp_path_error {
  TCP_PATH_TOO_BIG,
  TCP_PATH_REFUSED,     /* no such port */
  TCP_PATH_PROHIBITED,  /* the way there is barred */
  TCP_PATH_OTHER        /* may pass: for the retransmissions to find out */
};

int tcp_path_input(const ip_addr_t *local_ip, const ip_addr_t *remote_ip, const u8_t *quote,
                   u32_t packet_len, enum tcp_path_error error, u32_t mtu);
void tcp_path_timeout(struct tcp_pcb *pcb);
void tcp_path_shorten(struct tcp_pcb *pcb, struct tcp_seg *seg);

/** A segment, the first that is lost or unsent, is about to be sent. */
static inline void
tcp_path_fit(struct tcp_pcb *pcb, struct tcp_seg *seg)
{
  if ((pcb->tx->path_mss != 0) && (seg != NULL)) {
    tcp_path_shorten(pcb, seg);
  }
}

#ifdef __cplusplus
}
#endif

#endif /* LWIP_HDR_TCP_PATH_H */
