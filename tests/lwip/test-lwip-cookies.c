/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lwip-peer.h"

static void
test_hostile_syn_flood (void)
{
  static const guint8 mss_1000[] = { 2, 4, 1000 >> 8, 1000 & 0xff };
  Peer peer;
  World *world = peer_start (&peer);
  struct stats_ stats;
  PcbInfo info;
  Conn *conn;
  guint32 cookie;
  guint answered = 0;
  guint16 ids[100];
  guint ascending = 0;

  for (guint i = 0; i < 25000; i++)
    {
      peer.port++;
      peer_send (&peer, TCP_SYN, 1, 0, 0);
      answered += peer.replies > 0;
      if (i < 100)
        ids[i] = peer.reply_id;
    }
  /* the last ones with a cookie, and without keeping them */
  g_assert_cmpuint (answered, ==, 25000);
  g_assert_cmpuint (world_count (world, 0).active, ==, 20000);
  for (guint i = 1; i < 100; i++)
    ascending += (guint16) (ids[i] - ids[i - 1]) == 1;
  g_assert_cmpuint (ascending, <, 5);

  /* who comes now is served, with the MSS that it has announced */
  set_options (&peer, mss_1000, sizeof mss_1000);
  conn = peer_open (&peer);
  peer_send (&peer, TCP_ACK | TCP_PSH, peer.seq, peer.ack, 100);
  g_assert_cmpuint (conn->received, ==, 100);
  g_assert_false (conn->bad);
  info.pcb = conn->pcb;
  stack_run (&world->stacks[0], pcb_info, &info);
  g_assert_cmpuint (info.mss, ==, 536);
  g_assert_cmpuint (world_count (world, 0).active, ==, 20001);
  stack_run (&world->stacks[0], conn_write, conn);
  peer_send (&peer, TCP_ACK, peer.seq + 100, peer.ack + 1000, 0);
  g_assert_cmpuint (conn->acked, ==, 1000);

  /* but not with a forged cookie, the cookie of another, or an old one */
  peer.port++;
  peer_send (&peer, TCP_SYN, 999, 0, 0);
  g_assert_cmphex (peer.flags, ==, TCP_SYN | TCP_ACK);
  cookie = peer.reply_seq;
  for (guint i = 1; i < 100; i++)
    {
      peer_send (&peer, TCP_ACK, 1000, cookie + 1 + i, 0);
      g_assert_cmphex (peer.flags, ==, TCP_RST | TCP_ACK);
    }
  peer_send (&peer, TCP_ACK, 1001, cookie + 1, 0);
  g_assert_cmphex (peer.flags, ==, TCP_RST | TCP_ACK);
  peer.port++;
  peer_send (&peer, TCP_ACK, 1000, cookie + 1, 0);
  g_assert_cmphex (peer.flags, ==, TCP_RST | TCP_ACK);
  peer.port--;
  world_run (world, 130000);
  peer_send (&peer, TCP_ACK, 1000, cookie + 1, 0);
  g_assert_cmphex (peer.flags, ==, TCP_RST | TCP_ACK);

  stack_run (&world->stacks[0], stack_stats, &stats);
  g_assert_cmpuint (stats.tcp_events.cookie_sent, ==, 25000 - 20000 + 2);
  g_assert_cmpuint (stats.tcp_events.cookie_accepted, ==, 1);
  g_assert_cmpuint (stats.tcp_events.cookie_rejected, ==, 99 + 3);
  g_assert_cmpuint (stats.tcp_events.connections, ==, 1);
  /* there was a bucket for each */
  g_assert_cmpuint (stats.tcp_events.buckets, >=, 20001);

  /* the others are given up in time */
  g_assert_cmpuint (world_count (world, 0).active, ==, 1);
  peer_open (&peer);
  peer_stop (&peer);
}

int
main (int argc, char *argv[])
{
  lwip_test_init (&argc, &argv);
  g_test_add_func ("/lwip/hostile/syn-flood", test_hostile_syn_flood);
  return g_test_run ();
}
