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
      g_assert_cmphex (peer.flags, ==, TCP_RST);
    }
  peer_send (&peer, TCP_ACK, 1001, cookie + 1, 0);
  g_assert_cmphex (peer.flags, ==, TCP_RST);
  peer.port++;
  peer_send (&peer, TCP_ACK, 1000, cookie + 1, 0);
  g_assert_cmphex (peer.flags, ==, TCP_RST);
  peer.port--;
  world_run (world, 130000);
  peer_send (&peer, TCP_ACK, 1000, cookie + 1, 0);
  g_assert_cmphex (peer.flags, ==, TCP_RST);

  stack_run (&world->stacks[0], stack_stats, &stats);
  g_assert_cmpuint (stats.tcp_events.cookie_sent, ==, 25000 - 20000 + 2);
  g_assert_cmpuint (stats.tcp_events.cookie_accepted, ==, 1);
  g_assert_cmpuint (stats.tcp_events.cookie_rejected, ==, 99 + 3);
  g_assert_cmpuint (stats.tcp_events.connections, ==, 1);
  /* there was room for each */
  g_assert_cmpuint (stats.tcp_events.buckets * TCP_HASH_LOAD, >=, 20001);

  /* the others are given up in time */
  g_assert_cmpuint (world_count (world, 0).active, ==, 1);
  peer_open (&peer);
  peer_stop (&peer);
}

typedef struct {
  guint n;
  guint32 seed;
  guint answered;
  gint most; /* allocations at any time */
} Flood;

/* SYNs of all the hosts of the link, from everywhere. */
static void
flood (Stack *stack, gpointer data)
{
  Flood *self = data;
  guint8 tcp[20] = { [3] = 80, [12] = 0x50, [13] = TCP_SYN, [14] = 0xff, [15] = 0xff };

  for (guint i = 0; i < self->n; i++)
    {
      const guint32 random = dpdk_lwip_random ();
      const guint16 port = (guint16) (1024 + (i + self->seed) % 64000);
      GByteArray *bytes;
      Frame *frame;

      tcp[0] = (guint8) (port >> 8);
      tcp[1] = (guint8) port;
      memcpy (tcp + 4, &random, 4);
      bytes = frame_ip4 (IP_PROTO_TCP, tcp, sizeof tcp);
      if (i % 2 == 0)
        bytes->data[ETH_LEN + 15] = (guint8) (3 + random % 250);
      /* the netif leaves checksums to its device */
      inject (stack, bytes);
      g_byte_array_unref (bytes);
      self->most = MAX (self->most, g_atomic_int_get (&allocations));
      while ((frame = g_queue_pop_head (&stack->out)) != NULL)
        {
          self->answered += frame->data[13] == 0;
          g_free (frame);
        }
    }
}

/* A million forged SYNs: who is no forger gets through, and nothing grows. */
static void
test_hostile_million_syns (void)
{
#ifdef __SANITIZE_ADDRESS__
  const guint million = 100000;
#else
  const guint million = 1000000;
#endif
  const guint rounds = 10;
  Peer peer;
  World *world = peer_start (&peer);
  Flood self = { .n = million / rounds };
  struct stats_ stats;
  gint most;

  /* as many as fill the backlog */
  self.n = 50000;
  stack_run (&world->stacks[0], flood, &self);
  most = self.most;
  self = (Flood){ .n = million / rounds };
  for (guint i = 0; i < rounds; i++)
    {
      Conn *conn;

      self.seed += 7919;
      stack_run (&world->stacks[0], flood, &self);
      /* the port is not one of theirs */
      peer.port = (guint16) (65100 + i);
      conn = peer_open (&peer);
      peer_send (&peer, TCP_ACK | TCP_PSH, peer.seq, peer.ack, 100);
      g_assert_cmpuint (conn->received, ==, 100);
      stack_run (&world->stacks[0], conn_write, conn);
      peer_send (&peer, TCP_ACK, peer.seq + 100, peer.ack + 1000, 0);
      g_assert_cmpuint (conn->acked, ==, 1000);
      peer_send (&peer, TCP_RST, peer.seq + 100, 0, 0);
      g_assert_null (conn->pcb);
      world_run (world, 1000);
      g_queue_clear_full (&world->stacks[0].out, g_free);
    }
  stack_run (&world->stacks[0], stack_stats, &stats);
  g_test_message ("%u answered, %d allocations at most, %d to fill the backlog", self.answered,
                  self.most, most);
  g_assert_cmpuint (stats.tcp_events.cookie_accepted, ==, rounds);
  g_assert_cmpuint (stats.tcp_events.cookie_sent, >, million / 2);
  g_assert_cmpuint (self.answered, >, million / 3);
  g_assert_cmpuint (world_count (world, 0).active, <=, 20000);
  /* the queues of those that wait for an address, and the loose ends of the pcbs */
  g_assert_cmpint (self.most, <=, most + most / 10);
  /* the SYNs are given up in time */
  world_run (world, 130000);
  g_assert_cmpuint (world_count (world, 0).active, ==, 0);
  peer_stop (&peer);
}

int
main (int argc, char *argv[])
{
  lwip_test_init (&argc, &argv);
  g_test_add_func ("/lwip/hostile/syn-flood", test_hostile_syn_flood);
  g_test_add_func ("/lwip/hostile/million-syns", test_hostile_million_syns);
  return g_test_run ();
}
