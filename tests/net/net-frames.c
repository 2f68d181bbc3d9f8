/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net-frames.h"

#include "internet-sum.h"
#include "net-fixture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define PROTOCOL_ICMP 1
#define PROTOCOL_IGMP 2
#define PROTOCOL_TCP 6
#define PROTOCOL_UDP 17
#define PROTOCOL_FRAGMENT 44
#define PROTOCOL_ICMP6 58
#define PROTOCOL_DESTINATION 60
#define PROTOCOL_HOPS 0

static const guint8 our_mac[] = { 0x02, 0xc4, 0xd3, 0x48, 0xbb, 0x8f };
static guint8 kernel_mac[6];

void
net_frame_init (const char *interface)
{
  struct ifreq request = { 0 };
  int fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

  g_strlcpy (request.ifr_name, interface, sizeof request.ifr_name);
  if (fd < 0 || ioctl (fd, SIOCGIFHWADDR, &request) != 0)
    g_error ("%s: %s", interface, g_strerror (errno));
  memcpy (kernel_mac, request.ifr_hwaddr.sa_data, sizeof kernel_mac);
  close (fd);
}

void
net_put_16 (guint8 *at, guint value)
{
  at[0] = (guint8) (value >> 8);
  at[1] = (guint8) value;
}

static guint
get_16 (const guint8 *at)
{
  return (guint) at[0] << 8 | at[1];
}

gboolean
net_frame_is_v6 (const NetFrame *frame)
{
  return frame->size > NET_ETHERNET && get_16 (frame->bytes + 12) == 0x86dd;
}

/* the offset of the checksum in the payload of a protocol, -1 if it has none */
static int
get_checksum_offset (guint protocol)
{
  switch (protocol)
    {
    case PROTOCOL_ICMP:
    case PROTOCOL_IGMP:
    case PROTOCOL_ICMP6:
      return 2;
    case PROTOCOL_TCP:
      return 16;
    case PROTOCOL_UDP:
      return 6;
    default:
      return -1;
    }
}

static void
fix_payload (guint8 *payload, gsize size, guint protocol, const guint8 *addresses,
             gsize n_addresses)
{
  int offset = get_checksum_offset (protocol);
  guint32 total = 0;

  if (offset < 0 || size < (gsize) offset + 2)
    return;
  net_put_16 (payload + offset, 0);
  if (protocol != PROTOCOL_ICMP && protocol != PROTOCOL_IGMP)
    total = internet_sum (addresses, n_addresses, (guint32) (protocol + size));
  net_put_16 (payload + offset, ~internet_sum (payload, size, total));
}

static void
fix_v4 (guint8 *ip, gsize size)
{
  gsize header = (ip[0] & 15u) * 4u;
  gsize total = get_16 (ip + 2);

  if (header < NET_IP || header > size)
    return;
  net_put_16 (ip + 10, 0);
  net_put_16 (ip + 10, ~internet_sum (ip, header, 0));
  if (total > header && total <= size && (get_16 (ip + 6) & 0x3fff) == 0)
    fix_payload (ip + header, total - header, ip[9], ip + 12, 8);
}

static void
fix_v6 (guint8 *ip, gsize size)
{
  gsize end = MIN (size, NET_IP6 + get_16 (ip + 4));
  guint protocol = ip[6];
  gsize at = NET_IP6;

  while ((protocol == PROTOCOL_HOPS || protocol == PROTOCOL_DESTINATION) && at + 8 <= end)
    {
      protocol = ip[at];
      at += (ip[at + 1] + 1u) * 8u;
    }
  if (at < end)
    fix_payload (ip + at, end - at, protocol, ip + 8, 32);
}

void
net_frame_fix (NetFrame *frame)
{
  guint8 *ip = frame->bytes + NET_ETHERNET;

  if (frame->size >= NET_ETHERNET + NET_IP6 && net_frame_is_v6 (frame))
    fix_v6 (ip, frame->size - NET_ETHERNET);
  else if (frame->size >= NET_ETHERNET + NET_IP && get_16 (frame->bytes + 12) == 0x0800)
    fix_v4 (ip, frame->size - NET_ETHERNET);
}

static void
fill_random (guint8 *at, gsize size, GRand *random)
{
  for (gsize i = 0; i < size; i++)
    at[i] = (guint8) g_rand_int (random);
}

static void
fill_ethernet (NetFrame *frame, guint type)
{
  memset (frame, 0, sizeof *frame);
  memcpy (frame->bytes, our_mac, 6);
  memcpy (frame->bytes + 6, kernel_mac, 6);
  net_put_16 (frame->bytes + 12, type);
  frame->size = NET_ETHERNET;
}

static void
fill_arp (NetFrame *frame)
{
  static const guint8 start[] = { 0, 1, 8, 0, 6, 4, 0, 1 };
  guint8 *at = frame->bytes + NET_ETHERNET;

  fill_ethernet (frame, 0x0806);
  memcpy (at, start, sizeof start);
  memcpy (at + 8, kernel_mac, 6);
  inet_pton (AF_INET, NET_KERNEL_V4, at + 14);
  inet_pton (AF_INET, NET_OUR_V4, at + 24);
  frame->size += 28;
}

static guint8 *
fill_v4 (NetFrame *frame, guint protocol, gsize size, GRand *random)
{
  guint8 *at = frame->bytes + NET_ETHERNET;

  fill_ethernet (frame, 0x0800);
  at[0] = 0x45;
  net_put_16 (at + 2, (guint) (NET_IP + size));
  fill_random (at + 4, 2, random);
  at[8] = 64;
  at[9] = (guint8) protocol;
  inet_pton (AF_INET, NET_KERNEL_V4, at + 12);
  inet_pton (AF_INET, NET_OUR_V4, at + 16);
  frame->size += NET_IP + size;
  return at + NET_IP;
}

static guint8 *
fill_v6 (NetFrame *frame, guint protocol, gsize size)
{
  guint8 *at = frame->bytes + NET_ETHERNET;

  fill_ethernet (frame, 0x86dd);
  at[0] = 0x60;
  net_put_16 (at + 4, (guint) size);
  at[6] = (guint8) protocol;
  at[7] = 255;
  inet_pton (AF_INET6, NET_KERNEL_V6, at + 8);
  inet_pton (AF_INET6, NET_OUR_V6, at + 24);
  frame->size += NET_IP6 + size;
  return at + NET_IP6;
}

static void
fill_echo (guint8 *at, gsize size, guint type, GRand *random)
{
  fill_random (at, size, random);
  at[0] = (guint8) type;
  at[1] = 0;
}

static void
fill_udp (guint8 *at, gsize size, guint16 port, GRand *random)
{
  fill_random (at, size, random);
  net_put_16 (at + 2, port);
  net_put_16 (at + 4, (guint) size);
}

/* with options: MSS, window scale, SACK, timestamps */
#define TCP_HEADER 40

static void
fill_tcp (guint8 *at, gsize size, guint16 port, GRand *random)
{
  static const guint8 options[] = {
    2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7
  };
  static const guint8 flags[] = { 0x02, 0x10, 0x18, 0x11, 0x04, 0x14, 0x12, 0x38 };

  fill_random (at, size, random);
  net_put_16 (at, (guint) g_rand_int_range (random, 20000, 20010));
  net_put_16 (at + 2, port);
  at[12] = (TCP_HEADER / 4) << 4;
  at[13] = flags[g_rand_int_range (random, 0, G_N_ELEMENTS (flags))];
  memcpy (at + 20, options, sizeof options);
}

static void
fill_fragment (NetFrame *frame, GRand *random)
{
  gsize size = (gsize) g_rand_int_range (random, 1, 60) * 8;
  guint8 *at = fill_v4 (frame, PROTOCOL_UDP, size, random);

  fill_random (at, size, random);
  net_put_16 (frame->bytes + NET_ETHERNET + 4, (guint) g_rand_int_range (random, 0, 4));
  net_put_16 (frame->bytes + NET_ETHERNET + 6,
              (guint) g_rand_int_range (random, 0, 200) | (g_rand_boolean (random) ? 0x2000u : 0));
}

static void
fill_fragment6 (NetFrame *frame, GRand *random)
{
  gsize size = (gsize) g_rand_int_range (random, 1, 60) * 8;
  guint8 *at = fill_v6 (frame, PROTOCOL_FRAGMENT, size + 8);

  fill_random (at + 8, size, random);
  at[0] = PROTOCOL_ICMP6;
  net_put_16 (at + 2,
              (guint) g_rand_int_range (random, 0, 200) << 3 | (g_rand_boolean (random) ? 1u : 0));
  at[7] = (guint8) g_rand_int_range (random, 0, 4);
}

/* hop-by-hop options, then destination options, then an echo */
static void
fill_options6 (NetFrame *frame, GRand *random)
{
  static const guint8 options[] = { PROTOCOL_DESTINATION,
                                    0,
                                    1,
                                    4,
                                    0,
                                    0,
                                    0,
                                    0,
                                    PROTOCOL_ICMP6,
                                    1,
                                    1,
                                    0,
                                    1,
                                    8,
                                    0,
                                    0,
                                    0,
                                    0,
                                    0,
                                    0,
                                    0,
                                    0,
                                    0,
                                    0 };
  guint8 *at = fill_v6 (frame, PROTOCOL_HOPS, sizeof options + 64);

  memcpy (at, options, sizeof options);
  fill_echo (at + sizeof options, 64, 128, random);
}

/* the messages of neighbour discovery: type, then what is of no interest here, then options */
static void
fill_discovery (NetFrame *frame, guint type, gsize header, gboolean has_target, GRand *random)
{
  const gsize size = header + 8 + 32;
  guint8 *at = fill_v6 (frame, PROTOCOL_ICMP6, size);
  guint8 *option = at + header;

  at[0] = (guint8) type;
  at[4] = (guint8) g_rand_int (random);
  if (has_target)
    inet_pton (AF_INET6, g_rand_boolean (random) ? NET_OUR_V6 : NET_KERNEL_V6, at + 8);
  option[0] = type == 136 || type == 137 ? 2 : 1;
  option[1] = 1;
  memcpy (option + 2, kernel_mac, 6);
  option[8] = type == 134 ? 3 : 14;
  option[9] = 4;
  option[10] = 64;
  option[11] = 0xc0;
}

static void
fill_multicast_query (NetFrame *frame)
{
  guint8 *at = fill_v6 (frame, PROTOCOL_ICMP6, 24);

  at[0] = 130;
  net_put_16 (at + 4, 1000);
}

static void
fill_v4_kind (NetFrame *frame, NetFrameKind kind, guint16 port, gsize size, GRand *random)
{
  switch (kind)
    {
    case NET_FRAME_ARP:
      fill_arp (frame);
      break;
    case NET_FRAME_ICMP:
      fill_echo (fill_v4 (frame, PROTOCOL_ICMP, size, random), size, 8, random);
      break;
    case NET_FRAME_UDP:
      fill_udp (fill_v4 (frame, PROTOCOL_UDP, size, random), size, port, random);
      break;
    case NET_FRAME_TCP:
      fill_tcp (fill_v4 (frame, PROTOCOL_TCP, size, random), size, port, random);
      break;
    case NET_FRAME_FRAGMENT:
      fill_fragment (frame, random);
      break;
    case NET_FRAME_IGMP:
      fill_echo (fill_v4 (frame, PROTOCOL_IGMP, 8, random), 8, 0x11, random);
      break;
    default:
      g_assert_not_reached ();
    }
}

void
net_frame_fill (NetFrame *frame, NetFrameKind kind, guint16 port, GRand *random)
{
  gsize size = (gsize) g_rand_int_range (random, TCP_HEADER, 600);

  switch (kind)
    {
    case NET_FRAME_ICMP6:
      fill_echo (fill_v6 (frame, PROTOCOL_ICMP6, size), size, 128, random);
      break;
    case NET_FRAME_UDP6:
      fill_udp (fill_v6 (frame, PROTOCOL_UDP, size), size, port, random);
      break;
    case NET_FRAME_TCP6:
      fill_tcp (fill_v6 (frame, PROTOCOL_TCP, size), size, port, random);
      break;
    case NET_FRAME_FRAGMENT6:
      fill_fragment6 (frame, random);
      break;
    case NET_FRAME_OPTIONS6:
      fill_options6 (frame, random);
      break;
    case NET_FRAME_SOLICITATION:
      fill_discovery (frame, 135, 24, TRUE, random);
      break;
    case NET_FRAME_ADVERTISEMENT:
      fill_discovery (frame, 136, 24, TRUE, random);
      break;
    case NET_FRAME_ROUTER:
      fill_discovery (frame, 134, 16, FALSE, random);
      break;
    case NET_FRAME_REDIRECT:
      fill_discovery (frame, 137, 40, TRUE, random);
      break;
    case NET_FRAME_TOO_BIG:
      fill_discovery (frame, 2, 8, FALSE, random);
      break;
    case NET_FRAME_MLD:
      fill_multicast_query (frame);
      break;
    case NET_N_FRAMES:
      g_assert_not_reached ();
    default:
      fill_v4_kind (frame, kind, port, size, random);
    }
  net_frame_fix (frame);
}
