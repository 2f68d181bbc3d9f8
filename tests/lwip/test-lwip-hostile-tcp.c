/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lwip-peer.h"

static void
test_hostile_sequence (void)
{
  Peer peer;
  World *world = peer_start (&peer);
  Conn *conn = peer_open (&peer);
  guint32 nxt = peer.seq;

  peer_send (&peer, TCP_PSH, nxt, 0, 10);
  g_assert_cmpuint (conn->received, ==, 0);
  peer_send (&peer, TCP_ACK | TCP_PSH, nxt, peer.ack + 0x40000000u, 10);
  g_assert_cmpuint (conn->received, ==, 0);
  g_assert_cmpuint (peer.replies, ==, 1);
  g_assert_cmphex (peer.flags, ==, TCP_ACK);
  world_run (world, 100);
  peer_send (&peer, TCP_ACK | TCP_PSH, nxt, peer.ack - 0x40000000u, 10);
  g_assert_cmpuint (conn->received, ==, 0);
  g_assert_cmpuint (peer.replies, ==, 1);

  /* RST and SYN: only exactly the next number resets, all else is challenged, and not too often */
  world_run (world, 100);
  peer_send (&peer, TCP_RST, nxt + 100, 0, 0);
  g_assert_cmpuint (peer.replies, ==, 1);
  peer_send (&peer, TCP_RST, nxt + 100, 0, 0);
  g_assert_cmpuint (peer.replies, ==, 0);
  peer_send (&peer, TCP_RST, nxt - 1, 0, 0);
  peer_send (&peer, TCP_RST, nxt + 0x1000000, 0, 0);
  world_run (world, 100);
  peer_send (&peer, TCP_SYN, nxt + 100, 0, 0);
  g_assert_cmpuint (peer.replies, ==, 1);
  g_assert_cmphex (peer.flags, ==, TCP_ACK);
  g_assert_nonnull (conn->pcb);

  /* an ACK counts only with a sequence number inside the window */
  world_run (world, 100);
  peer_send (&peer, TCP_ACK, nxt - 100000, peer.ack, 0);
  g_assert_cmpuint (peer.replies, ==, 1);
  for (guint i = 0; i < 1000; i++)
    {
      peer_send (&peer, TCP_ACK, nxt - 100000, peer.ack, 0);
      g_assert_cmpuint (peer.replies, ==, 0);
    }
  peer_send (&peer, TCP_ACK | TCP_PSH, nxt, peer.ack, 10);
  g_assert_cmpuint (conn->received, ==, 10);
  peer_send (&peer, TCP_RST, nxt + 10, 0, 0);
  g_assert_null (conn->pcb);
  g_assert_cmpint (conn->err, ==, ERR_RST);
  peer_stop (&peer);
}

static void
test_hostile_options (void)
{
  static const guint8 mss_1[] = { 2, 4, 0, 1 };
  static const guint8 all[] = { 2, 4, 5, 180, 1, 3, 3, 200, 1, 1, 4, 2 };
  static const guint8 odd[][8] = {
    { 2, 4, 0 },
    { 2 },
    { 3, 3 },
    { 5, 10, 0, 0, 0, 0, 0, 0 },
    { 5, 2 },
    { 5, 255 },
    { 8, 0 },
    { 8, 1 },
    { 253, 255 },
    { 1, 1, 1, 1, 1, 1, 1, 2 },
    { 5, 9, 1, 2, 3, 4, 5, 6 },
    { 4 },
    { 2, 0 },
    { 5, 0 },
  };
  Peer peer;
  PcbInfo info;
  Conn *conn;
  guint16 port;

  peer_start (&peer);
  set_options (&peer, mss_1, sizeof mss_1);
  conn = peer_open (&peer);
  info.pcb = conn->pcb;
  stack_run (&peer.world->stacks[0], pcb_info, &info);
  g_assert_cmpuint (info.mss, ==, 64);
  stack_run (&peer.world->stacks[0], conn_write, conn);
  g_assert_cmpuint (peer.world->stacks[0].out.length, >, 1);
  g_queue_clear_full (&peer.world->stacks[0].out, g_free);

  /* a scale above 14, and options in a segment that is no SYN */
  set_options (&peer, all, sizeof all);
  conn = peer_open (&peer);
  info.pcb = conn->pcb;
  stack_run (&peer.world->stacks[0], pcb_info, &info);
  g_assert_cmpuint (info.snd_scale, ==, 14);
  g_assert_cmpuint (info.mss, ==, 1460);
  stack_run (&peer.world->stacks[0], conn_write, conn);
  set_options (&peer, mss_1, sizeof mss_1);
  peer_send (&peer, TCP_ACK, peer.seq, peer.ack, 0);
  stack_run (&peer.world->stacks[0], pcb_info, &info);
  g_assert_cmpuint (info.mss, ==, 1460);
  stack_run (&peer.world->stacks[0], conn_write, conn);

  port = peer.port;
  for (guint i = 0; i < G_N_ELEMENTS (odd); i++)
    for (guint len = 1; len <= 8; len++)
      {
        set_options (&peer, odd[i], len);
        peer_send (&peer, TCP_ACK | TCP_PSH, peer.seq + i * 8 + len, peer.ack, 1);
        set_options (&peer, odd[i], len);
        peer_send (&peer, TCP_ACK, peer.seq + i * 8 + len + 1, peer.ack, 0);
        set_options (&peer, odd[i], len);
        peer.port = (guint16) (port + 1 + i * 8 + len);
        peer_send (&peer, TCP_SYN, 1, 0, 0);
        peer.port = port;
      }
  g_assert_nonnull (conn->pcb);
  g_assert_cmpuint (world_count (peer.world, 0).active, >, G_N_ELEMENTS (odd) * 8);
  peer_stop (&peer);
}

static void
test_hostile_out_of_order (void)
{
  Peer peer;
  PcbInfo info;
  Conn *conn;
  guint32 edge;
  gint before;

  peer_start (&peer);
  conn = peer_open (&peer);
  before = g_atomic_int_get (&allocations);
  for (guint i = 0; i < 25000; i++)
    peer_send (&peer, TCP_ACK, peer.seq + 2 + i * 2, peer.ack, 1);
  info.pcb = conn->pcb;
  stack_run (&peer.world->stacks[0], pcb_info, &info);
  g_assert_cmpuint (info.ooseq, <=, 256);
  g_assert_cmpint (g_atomic_int_get (&allocations) - before, <=, 3 * 256);

  /* over the right edge of the window, upstream bug 56397 */
  conn = peer_open (&peer);
  info.pcb = conn->pcb;
  stack_run (&peer.world->stacks[0], pcb_info, &info);
  edge = peer.seq + info.rcv_wnd;
  peer_send (&peer, TCP_ACK, edge - 1000, peer.ack, 500);
  peer_send (&peer, TCP_ACK, edge - 500, peer.ack, 1000);
  peer_send (&peer, TCP_ACK | TCP_FIN, edge - 500, peer.ack, 1400);
  peer_send (&peer, TCP_ACK | TCP_FIN, edge - 1, peer.ack, 1);
  for (guint32 seq = peer.seq; seq != edge - 1000;)
    {
      guint n = MIN (1400, edge - 1000 - seq);
      peer_send (&peer, TCP_ACK, seq, peer.ack, n);
      seq += n;
    }
  stack_run (&peer.world->stacks[0], pcb_info, &info);
  g_assert_cmpuint (info.rcv_wnd, ==, 0);
  g_assert_cmpuint (conn->received, ==, 0xffff);
  g_assert_false (conn->bad);
  g_assert_false (conn->eof);

  /* the same for the first segment that is out of order, and for one before another */
  for (guint i = 0; i < 2; i++)
    {
      conn = peer_open (&peer);
      info.pcb = conn->pcb;
      stack_run (&peer.world->stacks[0], pcb_info, &info);
      edge = peer.seq + info.rcv_wnd;
      if (i == 1)
        peer_send (&peer, TCP_ACK, edge - 10, peer.ack, 5);
      peer_send (&peer, TCP_ACK | TCP_FIN, edge - 300, peer.ack, 1400);
      for (guint32 seq = peer.seq; seq != edge;)
        {
          guint n = MIN (1400, edge - seq);
          peer_send (&peer, TCP_ACK, seq, peer.ack, n);
          seq += n;
        }
      stack_run (&peer.world->stacks[0], pcb_info, &info);
      g_assert_cmpuint (info.rcv_wnd, ==, 0);
      g_assert_cmpuint (conn->received, ==, 0xffff);
      g_assert_false (conn->bad);
      g_assert_false (conn->eof);
    }

  /* a segment that covers one with a FIN and goes on behind it */
  conn = peer_open (&peer);
  peer_send (&peer, TCP_ACK | TCP_FIN, peer.seq + 100, peer.ack, 50);
  peer_send (&peer, TCP_ACK, peer.seq + 50, peer.ack, 500);
  peer_send (&peer, TCP_ACK, peer.seq, peer.ack, 50);
  g_assert_cmpuint (conn->received, ==, 150);
  g_assert_true (conn->eof);
  g_assert_cmpuint (peer.reply_ack, ==, peer.seq + 151);

  /* data behind a FIN, before and after the FIN was there */
  conn = peer_open (&peer);
  peer_send (&peer, TCP_ACK | TCP_FIN, peer.seq + 100, peer.ack, 50);
  peer_send (&peer, TCP_ACK, peer.seq + 151, peer.ack, 50);
  peer_send (&peer, TCP_ACK, peer.seq + 120, peer.ack, 500);
  peer_send (&peer, TCP_ACK, peer.seq, peer.ack, 800);
  g_assert_cmpuint (conn->received, ==, 150);
  g_assert_true (conn->eof);
  g_assert_cmpuint (peer.reply_ack, ==, peer.seq + 151);
  peer_send (&peer, TCP_ACK, peer.seq + 151, peer.ack, 50);
  g_assert_cmpuint (conn->received, ==, 150);

  /* random pieces of one stream, all of them overlapping */
  for (guint round = 0; round < 20; round++)
    {
      guint total = 60000;
      conn = peer_open (&peer);
      for (guint i = 0; i < 300; i++)
        {
          guint at = (guint) g_rand_int_range (peer.world->rand, 0, (gint) total);
          guint most = (guint) g_rand_int_range (peer.world->rand, 1, 1460);
          guint n = MIN (most, total - at);
          peer_send (&peer, TCP_ACK | (at + n == total ? TCP_FIN : 0), peer.seq + at, peer.ack, n);
        }
      for (guint at = 0; at < total; at += 1000)
        peer_send (&peer, TCP_ACK | (at + 1000 == total ? TCP_FIN : 0), peer.seq + at, peer.ack,
                   1000);
      g_assert_cmpuint (conn->received, ==, total);
      g_assert_false (conn->bad);
      g_assert_true (conn->eof);
    }
  peer_stop (&peer);
}

static void
server_finish (Stack *stack, gpointer data)
{
  conn_finish (data);
}

/* When there is no memory for one more, nobody is thrown out for it, but for who has left. */
static void
test_hostile_eviction (void)
{
  Peer peer;
  World *world = peer_start (&peer);
  Conn *conns[10], *leaving;
  guint16 port;

  for (guint i = 0; i < G_N_ELEMENTS (conns); i++)
    conns[i] = peer_open (&peer);
  leaving = peer_open (&peer);
  port = peer.port;
  stack_run (&world->stacks[0], server_finish, leaving);
  g_queue_clear_full (&world->stacks[0].out, g_free);
  peer_send (&peer, TCP_ACK | TCP_FIN, peer.seq, peer.ack + 1, 0);
  g_assert_cmpuint (world_count (world, 0).time_wait, ==, 1);

  g_atomic_int_set (&allocations_left, 0);
  for (guint i = 0; i < 1000; i++)
    {
      peer.port++;
      peer_send (&peer, TCP_SYN, 1, 0, 0);
      g_assert_cmpuint (peer.replies, ==, 0);
    }
  g_atomic_int_set (&allocations_left, -1);
  g_assert_cmpuint (world_count (world, 0).time_wait, ==, 0);
  g_assert_cmpuint (world_count (world, 0).active, ==, G_N_ELEMENTS (conns));
  for (guint i = 0; i < G_N_ELEMENTS (conns); i++)
    {
      g_assert_nonnull (conns[i]->pcb);
      peer.port = (guint16) (port - G_N_ELEMENTS (conns) + i);
      peer_send (&peer, TCP_RST, 1000, 0, 0);
      g_assert_null (conns[i]->pcb);
    }
  peer_stop (&peer);
}

int
main (int argc, char *argv[])
{
  lwip_test_init (&argc, &argv);
  g_test_add_func ("/lwip/hostile/sequence", test_hostile_sequence);
  g_test_add_func ("/lwip/hostile/options", test_hostile_options);
  g_test_add_func ("/lwip/hostile/out-of-order", test_hostile_out_of_order);
  g_test_add_func ("/lwip/hostile/eviction", test_hostile_eviction);
  return g_test_run ();
}
