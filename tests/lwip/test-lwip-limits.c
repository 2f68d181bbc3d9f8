/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What anybody can make the stack send is limited, also when nobody else suffers from it. */

#include "lwip-peer.h"

/* the defaults of lwip/ip.h */
#define ERRORS 1000
#define RESETS 1000
#define ECHOES 100000

typedef struct {
  GByteArray *frame;
  guint n;
  guint answers;
} Repeat;

static void
repeat (Stack *stack, gpointer data)
{
  Repeat *self = data;

  self->answers = 0;
  for (guint i = 0; i < self->n; i++)
    {
      inject (stack, self->frame);
      self->answers += stack->out.length;
      g_queue_clear_full (&stack->out, g_free);
    }
}

static guint
count_answers (World *world, GByteArray *frame, guint n)
{
  Repeat self = { .frame = frame, .n = n };

  stack_run (&world->stacks[0], repeat, &self);
  g_byte_array_unref (frame);
  return self.answers;
}

/* The answers to a flood, and to what comes after the second in which they were exhausted. */
static void
assert_limit (World *world, GByteArray *frame, guint most)
{
  g_byte_array_ref (frame);
  g_byte_array_ref (frame);
  g_assert_cmpuint (count_answers (world, frame, most + most / 2), ==, most);
  world_run (world, 500);
  g_queue_clear_full (&world->stacks[0].out, g_free);
  g_assert_cmpuint (count_answers (world, frame, 100), ==, 0);
  world_run (world, 1000);
  g_queue_clear_full (&world->stacks[0].out, g_free);
  g_assert_cmpuint (count_answers (world, frame, 100), ==, 100);
  world_run (world, 1500);
  g_queue_clear_full (&world->stacks[0].out, g_free);
}

static void
learn_v6 (Stack *stack, gpointer data)
{
  Datagram datagram = { .len = 1, .ipv6 = TRUE };

  udp_send_one (stack, &datagram);
}

static Peer peer;

static World *
start (void)
{
  World *world = peer_start (&peer);

  /* the other stack answers our neighbor solicitation */
  world->cut[0] = world->cut[1] = FALSE;
  stack_run (&world->stacks[0], learn_v6, NULL);
  world_run (world, 8000);
  world->cut[0] = world->cut[1] = TRUE;
  g_queue_clear_full (&world->stacks[0].out, g_free);
  return world;
}

static void
test_errors (void)
{
  const guint8 datagram[12] = { 0x10, 0, 0x17, 0x70, 0, 12, 0, 0 };
  const guint8 nothing[12] = { 0 };
  guint8 datagram6[12] = { 0x10, 0, 0x17, 0x70, 0, 12, 0x12, 0x34 };
  World *world = start ();

  /* no such port, no such protocol; over IPv6 too */
  assert_limit (world, frame_ip4 (IP_PROTO_UDP, datagram, sizeof datagram), ERRORS);
  assert_limit (world, frame_ip4 (123, nothing, sizeof nothing), ERRORS);
  assert_limit (world, frame_ip6 (IP6_NEXTH_UDP, datagram6, sizeof datagram6), ERRORS);
  peer_stop (&peer);
}

static void
test_resets (void)
{
  const guint8 segment[20] = { 0x10, 0, 0, 81, 0, 0, 0, 1, 0, 0, 0, 1, 0x50, TCP_SYN };
  guint8 ack[20] = { 0x10, 0, 0, 80, 0, 0, 0, 1, 0, 0, 0, 1, 0x50, TCP_ACK };
  World *world = start ();
  struct stats_ stats;
  Conn *conn;

  assert_limit (world, frame_ip4 (IP_PROTO_TCP, segment, sizeof segment), RESETS);
  assert_limit (world, frame_ip4 (IP_PROTO_TCP, ack, sizeof ack), RESETS);
  assert_limit (world, frame_ip6 (IP6_NEXTH_TCP, segment, sizeof segment), RESETS);
  stack_run (&world->stacks[0], stack_stats, &stats);
  g_assert_cmpuint (stats.tcp_events.reset_held, ==, 3 * (RESETS / 2 + 100));

  /* the reset of a connection of our own is not one of these */
  conn = peer_open (&peer);
  g_assert_cmpuint (
      count_answers (world, frame_ip4 (IP_PROTO_TCP, segment, sizeof segment), 2 * RESETS), ==,
      RESETS);
  stack_run (&world->stacks[0], client_abort, conn);
  g_assert_cmpuint (world->stacks[0].out.length, ==, 1);
  g_queue_clear_full (&world->stacks[0].out, g_free);
  peer_stop (&peer);
}

static void
test_echoes (void)
{
  const guint8 echo[16] = { ICMP_ECHO };
  const guint8 echo6[16] = { ICMP6_TYPE_EREQ };
  World *world = start ();

  assert_limit (world, frame_ip4 (IP_PROTO_ICMP, echo, sizeof echo), ECHOES);
  assert_limit (world, frame_ip6 (IP6_NEXTH_ICMP6, echo6, sizeof echo6), ECHOES);
  peer_stop (&peer);
}

int
main (int argc, char *argv[])
{
  lwip_test_init (&argc, &argv);
  g_test_add_func ("/lwip/limits/errors", test_errors);
  g_test_add_func ("/lwip/limits/resets", test_resets);
  g_test_add_func ("/lwip/limits/echoes", test_echoes);
  return g_test_run ();
}
