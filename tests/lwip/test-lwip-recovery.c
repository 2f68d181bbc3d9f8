/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lwip-peer.h"

/* answers within the millisecond */
static void
test_no_rtt (void)
{
  Peer peer;
  PcbInfo info;

  peer_start (&peer);
  for (guint i = 0; i < 4; i++)
    {
      Conn *conn = peer_open (&peer);
      for (guint j = 0; j < 4; j++)
        {
          stack_run (&peer.world->stacks[0], conn_write, conn);
          g_queue_clear_full (&peer.world->stacks[0].out, g_free);
          peer.ack += 1000;
          peer_send (&peer, TCP_ACK, peer.seq, peer.ack, 0);
          info.pcb = conn->pcb;
          stack_run (&peer.world->stacks[0], pcb_info, &info);
          g_assert_cmpint (info.rto, >, 0);
          g_assert_cmpint (info.rto * TCP_TMR_INTERVAL, <, 1000);
          world_run (peer.world, 1);
        }
    }
  peer_stop (&peer);
}

static void
get_srtt (Stack *stack, gpointer data)
{
  Conn *conn = stack->conns->pdata[0];

  *(gint *) data = conn->pcb->sa >> 3;
}

/* The round-trip time is followed after the handshake, whatever the sequence numbers are. */
static void
test_rtt (void)
{
  static const guint32 isns[] = { 1, 0x40000000, 0x7fff0000, 0x80000001, 0xc0000000, 0xffff0000 };

  for (guint i = 0; i < G_N_ELEMENTS (isns); i++)
    {
      World *world = world_new (1);
      Connect connect = { .bytes = 1000000 };
      gint srtt;

      fixed_isn = isns[i];
      world->delay = 40;
      server_mode = SERVER_SINKS;
      world_start (world);
      stack_run (&world->stacks[0], server_listen, NULL);
      stack_run (&world->stacks[1], client_connect, &connect);
      while (!connect.conn->connected)
        world_run (world, 1);
      stack_run (&world->stacks[1], get_srtt, &srtt);
      g_assert_cmpint (srtt, >=, 80);
      world->delay = 5;
      while (connect.conn->acked < connect.bytes / 2)
        world_run (world, 1);
      stack_run (&world->stacks[1], get_srtt, &srtt);
      g_assert_cmpint (srtt, <, 80);
      fixed_isn = 0;
      server_mode = SERVER_ECHOES;
      world_free (world);
    }
}

/* What is written while the only segment to be sent is a repeated one from the middle of the
 * stream belongs to the end of the stream. */
static void
test_write_in_recovery (void)
{
  static const guint8 mss_sack[] = { 2, 4, 1100 >> 8, 1100 & 0xff, 1, 1, 4, 2 };
  Peer peer;
  World *world = peer_start (&peer);
  Conn *conn;

  set_options (&peer, mss_sack, sizeof mss_sack);
  conn = peer_open (&peer);
  for (guint i = 0; i < 5; i++)
    stack_run (&world->stacks[0], conn_write, conn);
  g_queue_clear_full (&world->stacks[0].out, g_free);

  /* all but the first, with data whose echo is written before anything is sent */
  conn->echo = TRUE;
  memset (peer.options, 1, 2);
  peer.options[2] = 5;
  peer.options[3] = 10;
  for (guint i = 0; i < 4; i++)
    {
      peer.options[4 + i] = (guint8) ((peer.ack + 1000) >> (24 - 8 * i));
      peer.options[8 + i] = (guint8) ((peer.ack + 5000) >> (24 - 8 * i));
    }
  peer.options_len = 12;
  peer_send (&peer, TCP_ACK | TCP_PSH, peer.seq, peer.ack, 5);
  g_assert_cmpuint (peer.replies, ==, 2);
  g_assert_cmpuint (peer.reply_seq, ==, peer.ack + 5000);
  g_assert_cmpuint (peer.reply_len, ==, 5);
  peer_stop (&peer);
}

/* SACK blocks that make no sense, while data is in flight */
static void
test_hostile_sack (void)
{
  static const guint8 all[] = { 2, 4, 5, 180, 1, 3, 3, 7, 1, 1, 4, 2 };
  Peer peer;
  World *world = peer_start (&peer);
  Conn *conn;

  set_options (&peer, all, sizeof all);
  conn = peer_open (&peer);
  conn->to_send = 100000;
  for (guint i = 0; i < 3; i++)
    stack_run (&world->stacks[0], conn_write, conn);
  for (guint i = 0; i < 2000; i++)
    {
      guint32 base = peer.ack;
      peer.options[0] = peer.options[1] = 1;
      peer.options[2] = 5;
      peer.options[3] = 34;
      for (guint j = 0; j < 8; j++)
        {
          guint32 edge = base + (guint32) g_rand_int_range (world->rand, -3000, 6000);
          if (g_rand_int_range (world->rand, 0, 20) == 0)
            edge = g_rand_int (world->rand);
          for (guint k = 0; k < 4; k++)
            peer.options[4 + 4 * j + k] = (guint8) (edge >> (24 - 8 * k));
        }
      peer.options_len = 36;
      peer_send (&peer, TCP_ACK, peer.seq, base + (guint32) g_rand_int_range (world->rand, 0, 3001),
                 0);
      if (i % 50 == 0)
        world_run (world, 300);
      if (i % 97 == 0 && conn->pcb != NULL && tcp_sndbuf (conn->pcb) > 2000)
        stack_run (&world->stacks[0], conn_write, conn);
    }
  g_assert_nonnull (conn->pcb);
  peer_stop (&peer);
}

int
main (int argc, char *argv[])
{
  lwip_test_init (&argc, &argv);
  g_test_add_func ("/lwip/no-rtt", test_no_rtt);
  g_test_add_func ("/lwip/rtt", test_rtt);
  g_test_add_func ("/lwip/write-in-recovery", test_write_in_recovery);
  g_test_add_func ("/lwip/hostile/sack", test_hostile_sack);
  return g_test_run ();
}
