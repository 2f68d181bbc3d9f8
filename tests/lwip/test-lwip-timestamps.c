/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Timestamps (RFC 7323): negotiation, protection against old segments, measuring, and a new
 * connection in the place of one in TIME-WAIT (RFC 6191). */

#include "lwip-peer.h"

#include <lwip/tcp_params.h>

static void
offer_timestamps (struct tcp_pcb *pcb, gpointer data)
{
  tcp_set_timestamps (pcb, 1);
}

typedef struct {
  guint with;
  guint without;
  guint resets;
} Seen;

/* counts segments with and without the option, but for the SYNs */
static gboolean
filter_timestamps (World *world, guint from, const guint8 *data, guint len)
{
  Seen *seen = world->filter_data;
  const guint8 *ip = data + ETH_LEN, *tcp = ip + 20;
  gboolean found = FALSE;

  if (data[12] != 0x08 || data[13] != 0 || ip[9] != IP_PROTO_TCP || (tcp[13] & TCP_SYN) != 0)
    return TRUE;
  for (guint i = 20; i < (guint) (tcp[12] >> 4) * 4 && tcp[i] != 0;
       i += tcp[i] == 1 ? 1 : tcp[i + 1])
    if (tcp[i] == 8)
      found = TRUE;
  if ((tcp[13] & TCP_RST) != 0)
    seen->resets++;
  else if (found)
    seen->with++;
  else
    seen->without++;
  return TRUE;
}

static void
test_negotiation (gconstpointer data)
{
  guint who = GPOINTER_TO_UINT (data);
  gboolean both = who == 3;
  World *world = world_new (who);
  Connect connect = { .bytes = 400000, .small = TRUE };
  Seen seen = { 0 };

  world->filter = filter_timestamps;
  world->filter_data = &seen;
  world->loss = 0.02;
  world_start (world);
  stack_run (&world->stacks[0], server_listen, NULL);
  if (who & 1)
    stack_run (&world->stacks[0], accept_timestamps, NULL);
  if (who & 2)
    connect.prepare = offer_timestamps;
  transfer (world, &connect, 600000);
  if (both)
    g_assert_cmpuint (seen.without, ==, 0);
  else
    g_assert_cmpuint (seen.with, ==, 0);
  g_assert_cmpuint (seen.with + seen.without, >, 500);
  world_free (world);
}

static void
write_while_connecting (Stack *stack, gpointer data)
{
  Connect *connect = data;

  client_connect (stack, connect);
  connect->conn->connected = TRUE;
  conn_push (connect->conn);
}

/* What is written before the peer has answered is sent with the option, or with room for it. */
static void
test_early_write (void)
{
  for (guint accepts = 0; accepts < 2; accepts++)
    {
      World *world = world_new (1);
      Connect connect = { .bytes = 3000, .prepare = offer_timestamps };
      Seen seen = { 0 };

      world->filter = filter_timestamps;
      world->filter_data = &seen;
      world_start (world);
      stack_run (&world->stacks[0], server_listen, NULL);
      if (accepts)
        stack_run (&world->stacks[0], accept_timestamps, NULL);
      stack_run (&world->stacks[1], write_while_connecting, &connect);
      world_run (world, 1000);
      g_assert_cmpuint (connect.conn->received, ==, connect.bytes);
      g_assert_false (connect.conn->bad);
      g_assert_cmpuint (accepts ? seen.without : seen.with, ==, 0);
      world_free (world);
    }
}

static void
age_timestamp (Stack *stack, gpointer data)
{
  Conn *conn = data;

  /* 24 days and a second */
  conn->pcb->extra->ts_recent_tick -= (24u * 24 * 3600 + 1) * 1000 / TCP_SLOW_INTERVAL;
}

static void
test_paws (void)
{
  Peer peer;
  World *world = peer_start (&peer);
  Conn *conn;
  guint32 value = 0xfffffff0; /* it wraps */
  struct stats_ stats;

  stack_run (&world->stacks[0], accept_timestamps, NULL);
  conn = open_with_timestamp (&peer, value);
  set_timestamp (&peer, value + 100, 0);
  peer_send (&peer, TCP_ACK | TCP_PSH, peer.seq, peer.ack, 100);
  g_assert_cmpuint (conn->received, ==, 100);

  /* in the window, but from the last time that it had these numbers; without an option at all */
  set_timestamp (&peer, value + 99, 0);
  peer_send (&peer, TCP_ACK | TCP_PSH, peer.seq + 100, peer.ack, 100);
  g_assert_cmpuint (conn->received, ==, 100);
  g_assert_cmpuint (peer.replies, ==, 1);
  g_assert_cmpuint (peer.reply_ack, ==, peer.seq + 100);
  peer.options_len = 0;
  world_run (world, 100);
  peer_send (&peer, TCP_ACK | TCP_PSH, peer.seq + 100, peer.ack, 100);
  g_assert_cmpuint (conn->received, ==, 100);
  g_assert_cmpuint (peer.replies, ==, 0);
  set_timestamp (&peer, value + 0x80000100u, 0);
  for (guint i = 0; i < 2; i++)
    {
      peer_send (&peer, TCP_ACK | TCP_PSH, peer.seq + 100, peer.ack, 100 * i);
      g_assert_cmpuint (conn->received, ==, 100);
    }

  stack_run (&world->stacks[0], stack_stats, &stats);
  g_assert_cmpuint (stats.tcp_events.drop_timestamp, ==, 4);
  /* not more than one in each tick */
  g_assert_cmpuint (stats.tcp_events.challenge, ==, 2);
  g_assert_cmpuint (stats.tcp_events.challenge_held, ==, 1);

  /* a future segment out of order does not make those in order old */
  set_timestamp (&peer, value + 300, 0);
  peer_send (&peer, TCP_ACK | TCP_PSH, peer.seq + 200, peer.ack, 100);
  set_timestamp (&peer, value + 200, 0);
  peer_send (&peer, TCP_ACK | TCP_PSH, peer.seq + 100, peer.ack, 100);
  g_assert_cmpuint (conn->received, ==, 300);

  /* nothing was heard for so long that the clock of the peer may have wrapped */
  stack_run (&world->stacks[0], age_timestamp, conn);
  set_timestamp (&peer, value - 1000, 0);
  peer_send (&peer, TCP_ACK | TCP_PSH, peer.seq + 300, peer.ack, 100);
  g_assert_cmpuint (conn->received, ==, 400);
  g_assert_false (conn->bad);

  /* a reset needs none */
  peer.options_len = 0;
  peer_send (&peer, TCP_RST, peer.seq + 400, 0, 0);
  g_assert_null (conn->pcb);
  peer_stop (&peer);
}

typedef struct {
  struct tcp_pcb *pcb;
  guint32 offset;
  gint32 srtt;
} Times;

static void
get_times (Stack *stack, gpointer data)
{
  Times *times = data;

  times->offset = times->pcb->extra->ts_offset;
  times->srtt = times->pcb->sa >> 3;
}

/* The acknowledgement of a retransmission is a measurement too. */
static void
test_measuring (void)
{
  Peer peer;
  World *world = peer_start (&peer);
  Stack *stack = &world->stacks[0];
  Times times;
  Conn *conn;

  stack_run (stack, accept_timestamps, NULL);
  conn = open_with_timestamp (&peer, 1);
  times.pcb = conn->pcb;
  stack_run (stack, get_times, &times);
  g_assert_cmpint (times.srtt, ==, 1);
  stack_run (stack, conn_write, conn);
  world_run (world, 300);
  set_timestamp (&peer, 2, clock_ms - 81 + times.offset);
  peer_send (&peer, TCP_ACK, peer.seq, peer.ack + 1000, 0);
  stack_run (stack, get_times, &times);
  g_assert_cmpint (times.srtt, ==, 11);

  /* but not when the peer makes it up */
  for (guint i = 0; i < 2; i++)
    {
      static const guint32 wrong[] = { 0x40000000, 0x80000000u };
      stack_run (stack, conn_write, conn);
      world_run (world, 300);
      set_timestamp (&peer, 2, clock_ms + wrong[i] + times.offset);
      peer_send (&peer, TCP_ACK, peer.seq, peer.ack + 2000 + 1000 * i, 0);
      stack_run (stack, get_times, &times);
      g_assert_cmpint (times.srtt, ==, 11);
    }
  peer_stop (&peer);
}

static void
finish_first (Stack *stack, gpointer data)
{
  conn_finish (data);
}

/* A SYN that is newer by its timestamp takes the place of a connection in TIME-WAIT, whatever its
 * sequence number is. */
static void
test_reuse (void)
{
  Peer peer;
  World *world = peer_start (&peer);
  Stack *stack = &world->stacks[0];
  struct stats_ stats;
  Conn *conn;

  stack_run (stack, accept_timestamps, NULL);
  conn = open_with_timestamp (&peer, 5000);
  stack_run (stack, finish_first, conn);
  g_queue_clear_full (&stack->out, g_free);
  set_timestamp (&peer, 5010, 0);
  peer_send (&peer, TCP_ACK | TCP_FIN, peer.seq, peer.ack + 1, 0);
  g_assert_cmpuint (world_count (world, 0).time_wait, ==, 1);

  set_timestamp (&peer, 5009, 0);
  peer_send (&peer, TCP_SYN, 5000000, 0, 0);
  g_assert_cmpuint (world_count (world, 0).time_wait, ==, 1);
  set_timestamp (&peer, 5010, 0);
  peer_send (&peer, TCP_SYN, 500, 0, 0);
  g_assert_cmpuint (world_count (world, 0).time_wait, ==, 1);
  set_timestamp (&peer, 5011, 0);
  peer_send (&peer, TCP_SYN, 500, 0, 0);
  g_assert_cmphex (peer.flags, ==, TCP_SYN | TCP_ACK);
  g_assert_cmpuint (peer.reply_ack, ==, 501);
  g_assert_cmpuint (world_count (world, 0).time_wait, ==, 0);
  stack_run (stack, stack_stats, &stats);
  g_assert_cmpuint (stats.tcp_events.time_wait_reused, ==, 1);
  g_assert_cmpuint (stats.tcp_events.time_wait, ==, 0);
  peer_stop (&peer);
}

/* All bytes arrive where the sequence numbers wrap; 4 GiB when there is time for that. */
static void
test_sequence_wrap (gconstpointer data)
{
  gboolean timestamps = GPOINTER_TO_INT (data);
  guint seeds = 4;

  for (guint seed = 0; seed < seeds; seed++)
    {
      World *world = world_new (seed);
      Connect connect = { .bytes = 600000, .ipv6 = seed % 2 != 0 };
      Conn *server;

      if (seed == 0 && g_getenv ("DPDK_TEST_LONG") != NULL)
        connect.bytes = (4ull << 30) + 1000000;
      else
        {
          world->loss = 0.02;
          world->reorder = 0.02;
        }
      fixed_isn = 0u - 100000 * (seed + 1);
      server_mode = SERVER_SINKS;
      world_start (world);
      stack_run (&world->stacks[0], server_listen, NULL);
      if (timestamps)
        {
          stack_run (&world->stacks[0], accept_timestamps, NULL);
          connect.prepare = offer_timestamps;
        }
      stack_run (&world->stacks[1], client_connect, &connect);
      while (connect.conn->acked < connect.bytes && connect.conn->pcb != NULL)
        world_run (world, 20);
      server = world->stacks[0].conns->pdata[0];
      g_assert_cmpuint (connect.conn->acked, ==, connect.bytes);
      g_assert_cmpuint (server->received, ==, connect.bytes);
      g_assert_false (server->bad);
      fixed_isn = 0;
      server_mode = SERVER_ECHOES;
      world_free (world);
    }
}

int
main (int argc, char *argv[])
{
  lwip_test_init (&argc, &argv);
  g_test_add_data_func ("/lwip/timestamps/nobody", GUINT_TO_POINTER (0), test_negotiation);
  g_test_add_data_func ("/lwip/timestamps/server-only", GUINT_TO_POINTER (1), test_negotiation);
  g_test_add_data_func ("/lwip/timestamps/client-only", GUINT_TO_POINTER (2), test_negotiation);
  g_test_add_data_func ("/lwip/timestamps/both", GUINT_TO_POINTER (3), test_negotiation);
  g_test_add_func ("/lwip/timestamps/early-write", test_early_write);
  g_test_add_func ("/lwip/timestamps/paws", test_paws);
  g_test_add_func ("/lwip/timestamps/measuring", test_measuring);
  g_test_add_func ("/lwip/timestamps/reuse", test_reuse);
  g_test_add_data_func ("/lwip/timestamps/wrap/off", GINT_TO_POINTER (FALSE), test_sequence_wrap);
  g_test_add_data_func ("/lwip/timestamps/wrap/on", GINT_TO_POINTER (TRUE), test_sequence_wrap);
  return g_test_run ();
}
