/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A netif that leaves the checksums of TCP and UDP to others: here, to nobody. And one that takes several
   segments at once. */

#include "internet-sum.h"
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
  g_assert_cmphex (
      data[at] << 8 | data[at + 1], ==,
      internet_sum (addresses, seen->ipv6 ? 32 : 8, IP_PROTO_UDP + (guint32) (len + 6 - at)));
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

#define LARGE_BYTES 3000000

static void
start_large (Stack *stack, gpointer data)
{
  Connect *connect = data;

  client_connect (stack, connect);
  /* not before the neighbour is forgotten */
  connect->conn->to_send = 0;
  connect->conn->close_when_done = FALSE;
}

static void
send_large (Stack *stack, gpointer data)
{
  Connect *connect = data;

  etharp_cleanup_netif (&stack->netif);
  nd6_cleanup_netif (&stack->netif);
  connect->conn->to_send = connect->bytes;
  connect->conn->close_when_done = TRUE;
  conn_push (connect->conn);
}

static void
test_large (gconstpointer data)
{
  World *world = world_new (12);
  Connect connect = { .ipv6 = GPOINTER_TO_INT (data), .bytes = LARGE_BYTES };
  Conn *server;

  world->chksum_flags = NETIF_CHECKSUM_ENABLE_ALL & ~NETIF_CHECKSUM_GEN_TCP;
  world->large_max = 60000;
  world->delay = 5;
  world_start (world);
  stack_run (&world->stacks[0], server_listen, NULL);
  stack_run (&world->stacks[1], start_large, &connect);
  world_run (world, 100);
  g_assert_true (connect.conn->connected);
  /* the first ones wait for the address of the neighbour, behind which their data may go */
  stack_run (&world->stacks[1], send_large, &connect);
  world_run (world, 500);
  world->loss = 0.01;
  for (guint i = 0; i < 60000 && connect.conn->pcb != NULL; i += 20)
    world_run (world, 20);
  g_assert_null (connect.conn->pcb);
  server = world->stacks[0].conns->pdata[0];
  /* sent back, too, where they leave as large as they have come */
  g_assert_cmpuint (server->received, ==, LARGE_BYTES);
  g_assert_cmpuint (connect.conn->received, ==, LARGE_BYTES);
  g_assert_false (server->bad || connect.conn->bad);
  g_assert_cmpuint (world->n_large, >, LARGE_BYTES / 60000);
  world_free (world);
}

int
main (int argc, char **argv)
{
  lwip_test_init (&argc, &argv);
  g_test_add_data_func ("/lwip/offload/udp/ipv4", GINT_TO_POINTER (0), test_udp);
  g_test_add_data_func ("/lwip/offload/udp/ipv6", GINT_TO_POINTER (1), test_udp);
  g_test_add_data_func ("/lwip/offload/large/ipv4", GINT_TO_POINTER (0), test_large);
  g_test_add_data_func ("/lwip/offload/large/ipv6", GINT_TO_POINTER (1), test_large);
  return g_test_run ();
}
