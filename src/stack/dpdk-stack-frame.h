/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-lwip-port.h"

#include <glib.h>
#include <lwip/prot/ethernet.h>
#include <lwip/prot/ieee.h>
#include <lwip/prot/ip.h>
#include <lwip/prot/ip4.h>
#include <lwip/prot/ip6.h>
#include <string.h>

G_BEGIN_DECLS

/* where TCP or UDP begins in an Ethernet frame */
typedef struct {
  gboolean is_v6;
  guint8 protocol;
  guint l3_length;
  guint l4_offset;
} DpdkStackFrame;

/* FALSE if it has neither directly behind its IP header, or is a fragment, or @length ends before */
static inline gboolean
dpdk_stack_frame_parse (DpdkStackFrame *self, const guint8 *frame, guint length)
{
  const guint8 *ip = frame + SIZEOF_ETH_HDR;
  guint16 type;

  if (length < SIZEOF_ETH_HDR + IP_HLEN)
    return FALSE;
  type = (guint16) (frame[12] << 8 | frame[13]);
  if (type == ETHTYPE_IP)
    {
      self->is_v6 = FALSE;
      self->l3_length = (ip[0] & 0xfu) * 4;
      self->protocol = ip[9];
      if (ip[0] >> 4 != 4 || self->l3_length < IP_HLEN || ((ip[6] & 0x3f) | ip[7]) != 0)
        return FALSE;
    }
  else if (type == ETHTYPE_IPV6)
    {
      self->is_v6 = TRUE;
      self->l3_length = IP6_HLEN;
      self->protocol = ip[6];
      if (ip[0] >> 4 != 6)
        return FALSE;
    }
  else
    return FALSE;
  self->l4_offset = SIZEOF_ETH_HDR + self->l3_length;
  return length >= self->l4_offset &&
         (self->protocol == IP_PROTO_TCP || self->protocol == IP_PROTO_UDP);
}

static inline guint16
dpdk_stack_frame_get_u16 (const guint8 *at)
{
  return (guint16) (at[0] << 8 | at[1]);
}

static inline guint32
dpdk_stack_frame_get_u32 (const guint8 *at)
{
  return (guint32) dpdk_stack_frame_get_u16 (at) << 16 | dpdk_stack_frame_get_u16 (at + 2);
}

static inline void
dpdk_stack_frame_set_u16 (guint8 *at, guint value)
{
  at[0] = (guint8) (value >> 8);
  at[1] = (guint8) value;
}

static inline void
dpdk_stack_frame_set_u32 (guint8 *at, guint32 value)
{
  dpdk_stack_frame_set_u16 (at, value >> 16);
  dpdk_stack_frame_set_u16 (at + 2, value & 0xffff);
}

/* the length field of IP says that @more bytes follow */
static inline void
dpdk_stack_frame_grow (const DpdkStackFrame *self, guint8 *frame, guint more)
{
  guint8 *at = frame + SIZEOF_ETH_HDR + (self->is_v6 ? 4 : 2);

  dpdk_stack_frame_set_u16 (at, dpdk_stack_frame_get_u16 (at) + more);
}

static inline guint16
dpdk_stack_frame_fold (guint64 sum)
{
  while (sum >> 16 != 0)
    sum = (sum >> 16) + (sum & 0xffff);
  return (guint16) sum;
}

/* the sum of the pseudo header (RFC 9293, 3.1; RFC 8200, 8.1) */
static inline guint16
dpdk_stack_frame_sum_pseudo_header (const DpdkStackFrame *self, const guint8 *frame,
                                    guint l4_length)
{
  const guint8 *addresses = frame + SIZEOF_ETH_HDR + (self->is_v6 ? 8 : 12);
  guint32 sum = dpdk_lwip_checksum (addresses, self->is_v6 ? 32 : 8);

  return dpdk_stack_frame_fold (sum + g_htons (self->protocol) + g_htons ((guint16) l4_length));
}

/* offsets in the header of TCP */
#define DPDK_STACK_TCP_SEQUENCE 4
#define DPDK_STACK_TCP_FLAGS 13
#define DPDK_STACK_TCP_CHECKSUM 16
#define DPDK_STACK_UDP_CHECKSUM 6
#define DPDK_STACK_TCP_MIN 20

static inline guint
dpdk_stack_frame_get_tcp_length (const guint8 *tcp)
{
  return (tcp[12] >> 4) * 4u;
}

/* lwIP has left the sum of the pseudo header where the checksum goes. @sum: of that, and all that
   follows in the packet */
static inline void
dpdk_stack_frame_set_checksum (const DpdkStackFrame *self, guint8 *frame, guint16 sum)
{
  gboolean is_tcp = self->protocol == IP_PROTO_TCP;
  guint16 checksum = (guint16) ~sum;

  /* 0 would say that there is none */
  if (checksum == 0 && !is_tcp)
    checksum = 0xffff;
  memcpy (frame + self->l4_offset + (is_tcp ? DPDK_STACK_TCP_CHECKSUM : DPDK_STACK_UDP_CHECKSUM),
          &checksum, sizeof checksum);
}

/* whether two segments of one connection are alike in all but sequence number, length, identification
   and checksums, so that one can follow the other in one segment; flags are not compared.
   @length: from the link header to the end of the options, of both */
static inline gboolean
dpdk_stack_frame_is_alike (const DpdkStackFrame *self, const guint8 *a, const guint8 *b,
                           guint length)
{
  const guint8 *ip_a = a + SIZEOF_ETH_HDR, *ip_b = b + SIZEOF_ETH_HDR;
  const guint8 *tcp_a = a + self->l4_offset, *tcp_b = b + self->l4_offset;

  if (self->is_v6)
    {
      if (memcmp (ip_a, ip_b, 4) != 0 || memcmp (ip_a + 6, ip_b + 6, IP6_HLEN - 6) != 0)
        return FALSE;
    }
  else if (memcmp (ip_a, ip_b, 2) != 0 || memcmp (ip_a + 6, ip_b + 6, 4) != 0 ||
           memcmp (ip_a + 12, ip_b + 12, self->l3_length - 12) != 0)
    return FALSE;
  return memcmp (a, b, SIZEOF_ETH_HDR) == 0 && memcmp (tcp_a, tcp_b, 4) == 0 &&
         memcmp (tcp_a + 8, tcp_b + 8, 5) == 0 && memcmp (tcp_a + 14, tcp_b + 14, 2) == 0 &&
         memcmp (tcp_a + 18, tcp_b + 18, length - self->l4_offset - 18) == 0;
}

G_END_DECLS
