/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lwip-peer.h"

static void
test_hostile_ip (void)
{
  Peer peer;
  World *world = peer_start (&peer);
  Stack *stack = &world->stacks[0];
  struct stats_ before, after;
  GByteArray *bytes;
  guint8 payload[2000] = { 0 };
  Udp udp = { 0 };

  stack_run (stack, udp_open, &udp);
  stack_run (stack, stack_stats, &before);

  /* frames that end too early */
  for (guint len = 1; len < 60; len++)
    {
      static const guint16 types[] = { 0x0800, 0x0806, 0x86dd, 0x8100, 0x88cc };
      for (guint i = 0; i < G_N_ELEMENTS (types); i++)
        {
          bytes = g_byte_array_new ();
          g_byte_array_append (bytes, (const guint8 *) "\2\0\0\0\0\1\2\0\0\0\0\2", 12);
          g_byte_array_append (bytes, (const guint8[]){ types[i] >> 8, types[i] & 0xff, 0x45, 0 },
                               4);
          if (types[i] == 0x86dd)
            bytes->data[14] = 0x60;
          g_byte_array_append (bytes, payload, len);
          g_byte_array_set_size (bytes, len);
          world_inject (world, bytes);
        }
    }

  /* an IP length that lies */
  for (guint i = 0; i < 65536; i += 77)
    {
      bytes = frame_ip4 (IP_PROTO_UDP, payload, 30);
      bytes->data[ETH_LEN + 2] = (guint8) (i >> 8);
      bytes->data[ETH_LEN + 3] = (guint8) i;
      world_inject (world, bytes);
    }
  for (guint i = 0; i < 16; i++)
    {
      bytes = frame_ip4 (IP_PROTO_UDP, payload, 30);
      bytes->data[ETH_LEN] = (guint8) (0x40 | i);
      world_inject (world, bytes);
    }

  /* a UDP length that lies, and one that is shorter than the packet */
  payload[2] = 5000 >> 8;
  payload[3] = 5000 & 0xff;
  payload[5] = 200;
  world_inject (world, frame_ip4 (IP_PROTO_UDP, payload, 100));
  payload[5] = 7;
  world_inject (world, frame_ip4 (IP_PROTO_UDP, payload, 100));
  g_assert_cmpuint (udp.received, ==, 0);
  payload[5] = 50;
  world_inject (world, frame_ip4 (IP_PROTO_UDP, payload, 100));
  g_assert_cmpuint (udp.received, ==, 1);
  g_assert_cmpuint (udp.bytes, ==, 42);

  /* nobody out there is us, nor 127.0.0.1 */
  bytes = frame_ip4 (IP_PROTO_UDP, payload, 50);
  bytes->data[ETH_LEN + 15] = 1;
  world_inject (world, bytes);
  bytes = frame_ip4 (IP_PROTO_UDP, payload, 50);
  memcpy (bytes->data + ETH_LEN + 16, "\x7f\0\0\1", 4);
  world_inject (world, bytes);
  bytes = frame_ip4 (IP_PROTO_UDP, payload, 50);
  memcpy (bytes->data + ETH_LEN + 12, "\x7f\0\0\1", 4);
  world_inject (world, bytes);
  bytes = frame_ip6 (IP6_NEXTH_UDP, payload, 50);
  bytes->data[ETH_LEN + 23] = 1;
  world_inject (world, bytes);
  bytes = frame_ip6 (IP6_NEXTH_UDP, payload, 50);
  memset (bytes->data + ETH_LEN + 24, 0, 15);
  world_inject (world, bytes);
  /* and over IPv6 there is a checksum; this netif leaves that to its device */
  g_assert_cmpuint (udp.received, ==, 1);

  stack_run (stack, stack_stats, &after);
  g_assert_cmpuint (after.ip.drop, >, before.ip.drop);
  g_assert_cmpuint (after.ip.lenerr, >, before.ip.lenerr);
  g_assert_cmpuint (after.ip6.drop, >, before.ip6.drop);
  g_assert_cmpuint (after.etharp.lenerr, >, before.etharp.lenerr);
  g_assert_cmpuint (after.udp.lenerr, >=, before.udp.lenerr + 2);
  stack_run (stack, udp_shut, &udp);
  peer_stop (&peer);
}

static void
inject_part4 (World *world, guint16 id, guint offset, guint len, gboolean more,
              const guint8 *payload)
{
  GByteArray *bytes = frame_ip4 (IP_PROTO_UDP, payload, len);

  bytes->data[ETH_LEN + 4] = (guint8) (id >> 8);
  bytes->data[ETH_LEN + 5] = (guint8) id;
  bytes->data[ETH_LEN + 6] = (guint8) (offset >> 11 | (more ? 0x20 : 0));
  bytes->data[ETH_LEN + 7] = (guint8) (offset >> 3);
  world_inject (world, bytes);
}

static void
inject_fragment4 (World *world, guint16 id, guint offset, guint len, gboolean more)
{
  guint8 payload[1600] = { 0 };

  inject_part4 (world, id, offset, len, more, payload);
}

static void
inject_fragment6 (World *world, guint16 id, guint offset, guint len, gboolean more, guint8 nexth)
{
  guint8 payload[1600] = { 0 };

  payload[0] = nexth;
  payload[2] = (guint8) (offset >> 8);
  payload[3] = (guint8) (offset | more);
  payload[6] = (guint8) (id >> 8);
  payload[7] = (guint8) id;
  /* a fragment header again, for those that are nested */
  payload[8] = IP6_NEXTH_FRAGMENT;
  payload[11] = 1;
  world_inject (world, frame_ip6 (IP6_NEXTH_FRAGMENT, payload, 8 + len));
}

static void
test_hostile_fragments (void)
{
  Peer peer;
  World *world = peer_start (&peer);
  Udp udp = { 0 };
  struct stats_ before, after;
  guint8 datagram[48] = { 0x10, 0, 0x13, 0x88, 0, 24 };

  /* a datagram of 24 bytes: nothing comes behind its end, and it has only one */
  stack_run (&world->stacks[0], udp_open, &udp);
  memcpy (datagram + 8, pattern, 40);
  stack_run (&world->stacks[0], stack_stats, &before);
  inject_part4 (world, 7, 0, 8, TRUE, datagram);
  inject_part4 (world, 7, 16, 8, FALSE, datagram + 16);
  inject_part4 (world, 7, 24, 8, TRUE, datagram + 24);
  inject_part4 (world, 7, 32, 8, FALSE, datagram + 32);
  inject_part4 (world, 7, 8, 8, TRUE, datagram + 8);
  g_assert_cmpuint (udp.received, ==, 1);
  g_assert_cmpuint (udp.bytes, ==, 16);
  g_assert_false (udp.bad);
  /* nor is the end before something else */
  inject_part4 (world, 8, 0, 8, TRUE, datagram);
  inject_part4 (world, 8, 24, 8, TRUE, datagram + 24);
  inject_part4 (world, 8, 16, 8, FALSE, datagram + 16);
  inject_part4 (world, 8, 8, 8, TRUE, datagram + 8);
  g_assert_cmpuint (udp.received, ==, 1);
  stack_run (&world->stacks[0], stack_stats, &after);
  g_assert_cmpuint (after.ip_frag.proterr - before.ip_frag.proterr, ==, 3);

  /* longer than a datagram can be: its header does not count in the offset */
  stack_run (&world->stacks[0], stack_stats, &before);
  inject_fragment4 (world, 9, 65504, 8, TRUE);
  inject_fragment4 (world, 9, 65512, 3, FALSE);
  inject_fragment4 (world, 10, 65512, 4, FALSE);
  inject_fragment4 (world, 10, 65528, 8, FALSE);
  stack_run (&world->stacks[0], stack_stats, &after);
  g_assert_cmpuint (after.ip_frag.proterr - before.ip_frag.proterr, ==, 2);

  /* gaps, behind the end, two ends, nothing in it */
  for (guint i = 0; i < 65536; i += 1480)
    inject_fragment4 (world, 1, i, 1480, TRUE);
  inject_fragment4 (world, 1, 65528, 1480, TRUE);
  inject_fragment4 (world, 2, 0, 8, TRUE);
  inject_fragment4 (world, 2, 24, 8, FALSE);
  inject_fragment4 (world, 2, 16, 8, TRUE);
  inject_fragment4 (world, 2, 32, 8, TRUE);
  inject_fragment4 (world, 2, 40, 8, FALSE);
  inject_fragment4 (world, 2, 8, 8, TRUE);
  inject_fragment4 (world, 3, 0, 0, TRUE);
  inject_fragment4 (world, 3, 8, 0, FALSE);
  inject_fragment4 (world, 3, 0, 8, TRUE);
  for (guint i = 0; i < 65528; i += 1480)
    inject_fragment6 (world, 1, i, 1480, TRUE, IP6_NEXTH_UDP);
  inject_fragment6 (world, 1, 65528, 1480, TRUE, IP6_NEXTH_UDP);
  inject_fragment6 (world, 2, 0, 8, TRUE, IP6_NEXTH_FRAGMENT);
  inject_fragment6 (world, 2, 24, 8, FALSE, IP6_NEXTH_UDP);
  inject_fragment6 (world, 2, 16, 8, TRUE, IP6_NEXTH_UDP);
  inject_fragment6 (world, 2, 8, 8, TRUE, IP6_NEXTH_UDP);
  /* the reassembled packet is a fragment again, and completed by its middle */
  for (guint i = 0; i < 50; i++)
    {
      inject_fragment6 (world, (guint16) (100 + i), 0, 64, TRUE, IP6_NEXTH_FRAGMENT);
      inject_fragment6 (world, (guint16) (100 + i), 128, 64, FALSE, IP6_NEXTH_FRAGMENT);
      inject_fragment6 (world, (guint16) (100 + i), 64, 64, TRUE, IP6_NEXTH_FRAGMENT);
    }
  /* at random, and more than there is room for */
  for (guint i = 0; i < 20000; i++)
    {
      guint offset = (guint) g_rand_int_range (world->rand, 0, 8192) * 8;
      guint len = (guint) g_rand_int_range (world->rand, 0, 180) * 8;
      gboolean more = g_rand_int_range (world->rand, 0, 4) != 0;
      guint16 id = (guint16) g_rand_int_range (world->rand, 0, 20);
      if (i % 3 == 0)
        offset &= 0x7f;
      if (i % 2)
        inject_fragment4 (world, id, offset, len, more);
      else
        inject_fragment6 (world, id, offset, len, more,
                          i % 10 ? IP6_NEXTH_UDP : IP6_NEXTH_FRAGMENT);
    }
  world_run (world, 70000);
  stack_run (&world->stacks[0], udp_shut, &udp);
  peer_stop (&peer);
}

static void
inject_icmp6 (World *world, guint8 *payload, guint len, gboolean link_local)
{
  GByteArray *bytes = frame_ip6 (IP6_NEXTH_ICMP6, payload, len);

  if (link_local)
    {
      memcpy (bytes->data + ETH_LEN + 8, "\xfe\x80", 2);
      bytes->data[ETH_LEN + 23] = 9;
    }
  world_inject (world, bytes);
}

typedef struct {
  u16_t mtu;
} Mtu;

static void
stack_peer_mtu (Stack *stack, gpointer data)
{
  Mtu *mtu = data;
  ip6_addr_t addr;

  stack_ip6 (1, &addr);
  mtu->mtu = nd6_get_destination_mtu (&addr, &stack->netif);
}

static void
test_hostile_neighbor (void)
{
  Peer peer;
  World *world = peer_start (&peer);
  Datagram datagram = { .len = 1, .ipv6 = TRUE };
  guint8 message[200];
  Mtu mtu;
  static const struct {
    guint32 mtu;
    guint16 expect;
  } too_big[] = { { 0, 1500 },    { 59, 1500 },   { 1279, 1500 },       { 9000, 1500 },
                  { 1400, 1400 }, { 1450, 1400 }, { 0xffffffff, 1400 }, { 1280, 1280 } };

  stack_run (&world->stacks[0], udp_send_one, &datagram);

  /* options of every length, of length 0, and too long */
  for (guint type = ICMP6_TYPE_RS; type <= ICMP6_TYPE_RD; type++)
    for (guint fill = 0; fill < 7; fill++)
      for (guint len = 4; len < 120; len++)
        {
          memset (message, fill < 4 ? (gint) fill : 0xff, sizeof message);
          message[0] = (guint8) type;
          message[1] = 0;
          if (fill >= 5)
            {
              /* our own address, and an option that is empty, or goes on behind the end */
              memset (message + 8, 0, 32);
              message[8] = 0xfd;
              message[23] = 1;
              message[24] = type == ICMP6_TYPE_NA ? 2 : 1;
              message[25] = fill == 6;
            }
          inject_icmp6 (world, message, len, len % 2 != 0);
        }
  /* multicast listener messages */
  for (guint type = ICMP6_TYPE_MLQ; type <= ICMP6_TYPE_MLD; type++)
    for (guint len = 4; len < 40; len++)
      {
        memset (message, 0, sizeof message);
        message[0] = (guint8) type;
        inject_icmp6 (world, message, len, TRUE);
      }

  for (guint i = 0; i < G_N_ELEMENTS (too_big); i++)
    {
      memset (message, 0, sizeof message);
      message[0] = ICMP6_TYPE_PTB;
      for (guint j = 0; j < 4; j++)
        message[4 + j] = (guint8) (too_big[i].mtu >> (24 - 8 * j));
      message[8] = 0x60;
      message[32] = 0xfd;
      message[47] = 2;
      inject_icmp6 (world, message, 48, FALSE);
      stack_run (&world->stacks[0], stack_peer_mtu, &mtu);
      g_assert_cmpuint (mtu.mtu, ==, too_big[i].expect);
    }
  world_run (world, 5000);
  peer_stop (&peer);
}

static void
test_hostile_extension_headers (void)
{
  static const guint8 headers[] = { IP6_NEXTH_HOPBYHOP,
                                    IP6_NEXTH_DESTOPTS,
                                    IP6_NEXTH_ROUTING,
                                    IP6_NEXTH_FRAGMENT,
                                    IP6_NEXTH_NONE,
                                    IP6_NEXTH_ICMP6,
                                    200 };
  Peer peer;
  World *world = peer_start (&peer);

  for (guint i = 0; i < 60000; i++)
    {
      guint8 payload[64];
      guint len = (guint) g_rand_int_range (world->rand, 0, 64);
      for (guint j = 0; j < len; j++)
        payload[j] = (guint8) (g_rand_int_range (world->rand, 0, 3) ? g_rand_int (world->rand) % 7
                                                                    : g_rand_int (world->rand));
      if (len > 0)
        payload[0] = headers[g_rand_int_range (world->rand, 0, G_N_ELEMENTS (headers))];
      world_inject (world, frame_ip6 (headers[i % G_N_ELEMENTS (headers)], payload, len));
      if (i % 1000 == 0)
        world_run (world, 2);
    }
  peer_stop (&peer);
}

typedef struct {
  GPtrArray *frames;
} Capture;

static gboolean
filter_capture (World *world, guint from, const guint8 *data, guint len)
{
  Capture *capture = world->filter_data;

  if (from == 1 && capture->frames->len < 400)
    {
      GByteArray *bytes = g_byte_array_new ();
      g_byte_array_append (bytes, data, len);
      g_ptr_array_add (capture->frames, bytes);
    }
  return TRUE;
}

static void
test_hostile_mutations (void)
{
  World *world = world_new (3);
  Capture capture = { g_ptr_array_new_with_free_func ((GDestroyNotify) g_byte_array_unref) };
  Connect connect = { .bytes = 20000 };
  Udp udp = { 0 };

  world->filter = filter_capture;
  world->filter_data = &capture;
  world->chksum_flags = NETIF_CHECKSUM_GEN_IP | NETIF_CHECKSUM_GEN_TCP | NETIF_CHECKSUM_GEN_UDP |
                        NETIF_CHECKSUM_GEN_ICMP | NETIF_CHECKSUM_GEN_ICMP6;
  world_start (world);
  stack_run (&world->stacks[0], udp_open, &udp);
  stack_run (&world->stacks[0], server_listen, NULL);
  for (guint i = 0; i < 2; i++)
    {
      Datagram datagram = { .len = 4000, .ipv6 = i };
      connect.ipv6 = i;
      transfer (world, &connect, 20000);
      stack_run (&world->stacks[1], udp_send_one, &datagram);
      world_run (world, 20);
    }
  g_assert_cmpuint (capture.frames->len, >, 30);
  world->filter = NULL;
  for (guint i = 0; i < 100000; i++)
    {
      const GByteArray *original =
          capture.frames->pdata[g_rand_int_range (world->rand, 0, (gint) capture.frames->len)];
      GByteArray *bytes = g_byte_array_new ();
      guint changes = (guint) g_rand_int_range (world->rand, 0, 6);

      g_byte_array_append (bytes, original->data, original->len);
      while (changes-- > 0)
        {
          /* mostly in the headers */
          gint end =
              (gint) (g_rand_int_range (world->rand, 0, 4) ? MIN (bytes->len, 90) : bytes->len);
          bytes->data[g_rand_int_range (world->rand, 12, end)] = (guint8) g_rand_int (world->rand);
        }
      if (g_rand_int_range (world->rand, 0, 4) == 0)
        g_byte_array_set_size (bytes,
                               (guint) g_rand_int_range (world->rand, 1, (gint) bytes->len + 1));
      world_inject (world, bytes);
      if (i % 100 == 0)
        world_run (world, 1);
      if (i % 10000 == 0)
        world_run (world, 3000);
    }
  stack_run (&world->stacks[0], udp_shut, &udp);
  g_ptr_array_unref (capture.frames);
  world_free (world);
}

int
main (int argc, char *argv[])
{
  lwip_test_init (&argc, &argv);
  g_test_add_func ("/lwip/hostile/ip", test_hostile_ip);
  g_test_add_func ("/lwip/hostile/fragments", test_hostile_fragments);
  g_test_add_func ("/lwip/hostile/neighbor", test_hostile_neighbor);
  g_test_add_func ("/lwip/hostile/extension-headers", test_hostile_extension_headers);
  g_test_add_func ("/lwip/hostile/mutations", test_hostile_mutations);
  return g_test_run ();
}
