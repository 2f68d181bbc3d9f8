/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A netif that leaves the checksums of TCP and UDP to others: here, to nobody. */

#include "lwip-fixture.h"

#include <lwip/inet_chksum.h>

/* where the checksum of UDP is in a frame, behind which the datagram goes on */
#define CHECKSUM_V4 (ETH_LEN + IP_HLEN + 6)
#define CHECKSUM_V6 (ETH_LEN + IP6_HLEN + 6)

typedef struct {
  gboolean ipv6;
  guint seen;
  guint16 expected;
} Seen;

static guint16
sum (const guint8 *data, guint length, guint32 start)
{
  guint32 value = start;

  for (guint i = 0; i + 1 < length; i += 2)
    value += (guint32) data[i] << 8 | data[i + 1];
  while (value >> 16 != 0)
    value = (value >> 16) + (value & 0xffff);
  return (guint16) value;
}

/* of the datagrams, the checksum field must be the sum of the pseudo header */
static gboolean
look (World *world, guint from, const guint8 *data, guint len)
{
  Seen *seen = world->filter_data;
  const guint8 *addresses = data + ETH_LEN + (seen->ipv6 ? 8 : 12);
  guint at = seen->ipv6 ? CHECKSUM_V6 : CHECKSUM_V4;

  if (from != 1 || data[ETH_LEN + (seen->ipv6 ? 6 : 9)] != IP_PROTO_UDP || len < at + 2)
    return TRUE;
  seen->seen++;
  g_assert_cmphex (data[at] << 8 | data[at + 1], ==,
                   sum (addresses, seen->ipv6 ? 32 : 8, IP_PROTO_UDP + (guint32) (len + 6 - at)));
  return TRUE;
}

static void
get_dropped (Stack *stack, gpointer data)
{
  *(guint *) data = (guint) lwip_stats.udp.chkerr;
}

static void
test_udp (gconstpointer data)
{
  World *world = world_new (11);
  Datagram datagram = { .ipv6 = GPOINTER_TO_INT (data) };
  Seen seen = { .ipv6 = datagram.ipv6 };
  Udp udp = { 0 };
  guint dropped;

  world->chksum_flags =
      NETIF_CHECKSUM_ENABLE_ALL & ~(NETIF_CHECKSUM_GEN_TCP | NETIF_CHECKSUM_GEN_UDP);
  world_start (world);
  stack_run (&world->stacks[0], udp_open, &udp);
  /* in fragments: lwIP has finished it, also that which waits for the address of the neighbour */
  for (guint i = 0; i < 20; i++)
    {
      datagram.len = (guint16) g_rand_int_range (world->rand, 3000, 60000);
      stack_run (&world->stacks[1], udp_send_one, &datagram);
      world_run (world, 50);
      g_assert_cmpuint (udp.received, ==, i + 1);
      g_assert_false (udp.bad);
    }
  world->filter = look;
  world->filter_data = &seen;
  for (guint i = 0; i < 20; i++)
    {
      datagram.len = (guint16) g_rand_int_range (world->rand, 1, 1000);
      stack_run (&world->stacks[1], udp_send_one, &datagram);
      world_run (world, 50);
    }
  g_assert_cmpuint (seen.seen, ==, 20);
  g_assert_cmpuint (udp.received, ==, 20);
  stack_run (&world->stacks[0], get_dropped, &dropped);
  g_assert_cmpuint (dropped, ==, 20);
  stack_run (&world->stacks[0], udp_shut, &udp);
  world_free (world);
}

int
main (int argc, char **argv)
{
  lwip_test_init (&argc, &argv);
  g_test_add_data_func ("/lwip/offload/udp/ipv4", GINT_TO_POINTER (0), test_udp);
  g_test_add_data_func ("/lwip/offload/udp/ipv6", GINT_TO_POINTER (1), test_udp);
  return g_test_run ();
}
