/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lwip-peer.h"

static void
test_fragments (gconstpointer data)
{
  World *world = world_new (7);
  Udp udp = { 0 };
  Datagram datagram = { .ipv6 = GPOINTER_TO_INT (data) };
  guint bytes = 0;

  world_start (world);
  world->reorder = 0.5;
  stack_run (&world->stacks[0], udp_open, &udp);
  datagram.len = 10;
  stack_run (&world->stacks[1], udp_send_one, &datagram);
  world_run (world, 100);
  bytes = 10;
  g_assert_cmpuint (udp.received, ==, 1);
  for (guint i = 0; i < 200; i++)
    {
      datagram.len = (guint16) g_rand_int_range (world->rand, 1, 60000);
      bytes += datagram.len;
      stack_run (&world->stacks[1], udp_send_one, &datagram);
      world_run (world, 20);
      g_assert_cmpuint (udp.received, ==, i + 2);
      g_assert_cmpuint (udp.bytes, ==, bytes);
      g_assert_false (udp.bad);
    }

  /* an incomplete one is given up, and lwip_fini () frees another */
  world->loss = 0.5;
  world->reorder = 0;
  datagram.len = 60000;
  stack_run (&world->stacks[1], udp_send_one, &datagram);
  world_run (world, 70000);
  stack_run (&world->stacks[1], udp_send_one, &datagram);
  world_run (world, 100);
  g_assert_cmpuint (udp.received, ==, 201);
  stack_run (&world->stacks[0], udp_shut, &udp);
  world_free (world);
}

static void
test_ping (void)
{
  World *world = world_new (1);
  guint8 echo[64] = { ICMP_ECHO };
  guint8 echo6[64] = { ICMP6_TYPE_EREQ };
  guint16 sum;
  Frame *reply;

  world_start (world);
  world->split = TRUE;
  for (guint i = 8; i < sizeof echo; i++)
    echo[i] = echo6[i] = (guint8) i;

  sum = inet_chksum (echo, sizeof echo);
  memcpy (echo + 2, &sum, 2);
  /* the stacks know each other after this */
  {
    Datagram datagram = { .len = 1 }, datagram6 = { .len = 1, .ipv6 = TRUE };
    stack_run (&world->stacks[0], udp_send_one, &datagram);
    stack_run (&world->stacks[0], udp_send_one, &datagram6);
    world_run (world, 100);
  }
  {
    GByteArray *bytes = frame_ip4 (IP_PROTO_ICMP, echo, sizeof echo);
    stack_run (&world->stacks[0], inject, bytes);
    g_byte_array_unref (bytes);
    reply = g_queue_pop_head (&world->stacks[0].out);
    g_assert_nonnull (reply);
    g_assert_cmpuint (reply->len, ==, ETH_LEN + 20 + 64);
    g_assert_cmpuint (reply->data[ETH_LEN + 20], ==, ICMP_ER);
    g_assert_cmpmem (reply->data + ETH_LEN + 28, 56, echo + 8, 56);
    g_assert_cmpuint (inet_chksum (reply->data + ETH_LEN + 20, 64), ==, 0);
    g_free (reply);
  }
  {
    GByteArray *bytes = frame_ip6 (IP6_NEXTH_ICMP6, echo6, sizeof echo6);
    /* the pseudo header is the addresses, the length and the protocol */
    guint8 pseudo[40] = { [35] = 64, [39] = IP6_NEXTH_ICMP6 };
    guint32 total;
    memcpy (pseudo, bytes->data + ETH_LEN + 8, 32);
    total = (guint16) ~inet_chksum (pseudo, 40) + (guint16) ~inet_chksum (echo6, 64);
    sum = (guint16) ~((total & 0xffff) + (total >> 16));
    memcpy (bytes->data + ETH_LEN + 42, &sum, 2);
    stack_run (&world->stacks[0], inject, bytes);
    g_byte_array_unref (bytes);
    reply = g_queue_pop_head (&world->stacks[0].out);
    g_assert_nonnull (reply);
    g_assert_cmpuint (reply->len, ==, ETH_LEN + 40 + 64);
    g_assert_cmpuint (reply->data[ETH_LEN + 40], ==, ICMP6_TYPE_EREP);
    g_assert_cmpmem (reply->data + ETH_LEN + 48, 56, echo6 + 8, 56);
    g_free (reply);
  }
  world_free (world);
}

static void
set_route_by_gateway (Stack *stack, gpointer data)
{
  route_by_gateway = GPOINTER_TO_INT (data);
}

typedef struct {
  guint direct;
  guint gateway;
} Solicitations;

static gboolean
filter_solicitations (World *world, guint from, const guint8 *data, guint len)
{
  Solicitations *count = world->filter_data;

  if (from == 1 && len >= 78 && data[12] == 0x86 && data[13] == 0xdd && data[20] == 58 &&
      data[54] == 135)
    {
      count->direct += data[62] == 0xfd;
      count->gateway += data[62] == 0xfe;
    }
  return TRUE;
}

/* The port decides what is on the link and which gateway has the rest. */
static void
test_subnets (void)
{
  for (guint by_gateway = 0; by_gateway < 2; by_gateway++)
    {
      World *world = world_new (1);
      Connect connect = { .bytes = 10000, .ipv6 = TRUE };
      Solicitations count = { 0 };

      world->filter = filter_solicitations;
      world->filter_data = &count;
      world_start (world);
      stack_run (&world->stacks[0], server_listen, NULL);
      stack_run (&world->stacks[1], set_route_by_gateway, GINT_TO_POINTER (by_gateway));
      transfer (world, &connect, 5000);
      g_assert_cmpuint (by_gateway ? count.gateway : count.direct, >, 0);
      g_assert_cmpuint (by_gateway ? count.direct : count.gateway, ==, 0);
      world_free (world);
    }
}

int
main (int argc, char *argv[])
{
  lwip_test_init (&argc, &argv);
  g_test_add_func ("/lwip/subnets", test_subnets);
  g_test_add_data_func ("/lwip/fragments/ipv4", GINT_TO_POINTER (0), test_fragments);
  g_test_add_data_func ("/lwip/fragments/ipv6", GINT_TO_POINTER (1), test_fragments);
  g_test_add_func ("/lwip/ping", test_ping);
  return g_test_run ();
}
