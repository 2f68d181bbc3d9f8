/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Explicit congestion notification (RFC 3168) on a wire that can mark what passes. */

#include "lwip-peer.h"

#include <lwip/priv/tcp_ecn.h>
#include <lwip/tcp_cc.h>
#include <lwip/tcp_params.h>

typedef struct {
  /* what to do */
  guint mark_first; /* the number of the first data segment of stack 1 that is marked, from 1 */
  guint mark_every; /* 0: only the first */
  gboolean drop_ecn_syn;
  guint drop; /* the number of the data segment that is lost */

  /* what was seen, from each stack */
  guint8 syn_flags[2];
  guint syns[2];
  guint data[2];
  guint capable[2]; /* data that may be marked */
  guint echoes[2];
  guint reductions[2];
  guint wrong; /* control segments and retransmissions that may be marked */
  guint32 highest[2];
} Wire;

static guint32
get_32 (const guint8 *at)
{
  return (guint32) at[0] << 24 | (guint32) at[1] << 16 | (guint32) at[2] << 8 | at[3];
}

static guint
get_bits (const guint8 *ip)
{
  return (ip[0] >> 4 == 4 ? ip[1] : ip[1] >> 4) & IP_ECN_MASK;
}

/* as a router does it */
static void
mark (guint8 *ip)
{
  if (ip[0] >> 4 == 6)
    {
      ip[1] |= IP_ECN_CE << 4;
      return;
    }
  ip[1] |= IP_ECN_CE;
  ip[10] = ip[11] = 0;
  {
    guint16 sum = inet_chksum (ip, 20);
    memcpy (ip + 10, &sum, 2);
  }
}

static gboolean
filter_ecn (World *world, guint from, const guint8 *data, guint len)
{
  Wire *wire = world->filter_data;
  guint8 *ip = (guint8 *) data + ETH_LEN;
  const gboolean is_v6 = data[12] == 0x86;
  const guint8 *tcp = ip + (is_v6 ? 40 : 20);
  guint n_bytes;
  guint32 seq;

  if ((data[12] == 0x08 && data[13] != 0) || ip[is_v6 ? 6 : 9] != IP_PROTO_TCP)
    return TRUE;
  n_bytes = (is_v6 ? (guint) (ip[4] << 8 | ip[5]) : (guint) (ip[2] << 8 | ip[3]) - 20) -
            (tcp[12] >> 4) * 4u;
  seq = get_32 (tcp + 4);
  if ((tcp[13] & TCP_SYN) != 0)
    {
      wire->syns[from]++;
      wire->syn_flags[from] = tcp[13];
      wire->highest[from] = seq;
      wire->wrong += get_bits (ip) != 0;
      return !(wire->drop_ecn_syn && (tcp[13] & TCP_CWR) != 0);
    }
  wire->echoes[from] += (tcp[13] & TCP_ECE) != 0;
  if (n_bytes == 0 || (gint32) (seq - wire->highest[from]) <= 0)
    {
      wire->wrong += get_bits (ip) != 0 || (tcp[13] & TCP_CWR) != 0;
      return TRUE;
    }
  wire->highest[from] = seq;
  wire->data[from]++;
  wire->capable[from] += get_bits (ip) == IP_ECN_ECT0;
  wire->reductions[from] += (tcp[13] & TCP_CWR) != 0;
  if (from == 1 && get_bits (ip) != 0 && wire->mark_first != 0 &&
      (wire->data[1] == wire->mark_first ||
       (wire->mark_every != 0 && wire->data[1] % wire->mark_every == 0)))
    mark (ip);
  return !(from == 1 && wire->data[1] == wire->drop);
}

static void
listen_ecn (Stack *stack, gpointer data)
{
  tcp_set_ecn (stack->listener, 1);
}

static void
offer_ecn (struct tcp_pcb *pcb, gpointer data)
{
  tcp_set_ecn (pcb, 1);
  if (data != NULL)
    tcp_set_congestion_control (pcb, data);
}

static struct stats_tcp_events
get_events (World *world, guint id)
{
  struct stats_ stats;

  stack_run (&world->stacks[id], stack_stats, &stats);
  return stats.tcp_events;
}

static World *
start (Wire *wire, gboolean listener_accepts)
{
  World *world = world_new (1);

  world->delay = 5;
  world->filter = filter_ecn;
  world->filter_data = wire;
  world_start (world);
  server_mode = SERVER_SINKS;
  stack_run (&world->stacks[0], server_listen, NULL);
  if (listener_accepts)
    stack_run (&world->stacks[0], listen_ecn, NULL);
  return world;
}

static void
send_all (World *world, Connect *connect)
{
  stack_run (&world->stacks[1], client_connect, connect);
  for (guint i = 0; i < 60000 && connect->conn->pcb != NULL; i += 20)
    world_run (world, 20);
  g_assert_null (connect->conn->pcb);
  g_assert_cmpint (connect->conn->err, ==, ERR_OK);
  g_assert_cmpuint (connect->conn->acked, ==, connect->bytes);
}

static void
stop (World *world)
{
  server_mode = SERVER_ECHOES;
  world_free (world);
}

static void
test_negotiation (gconstpointer data)
{
  for (guint who = 0; who < 4; who++)
    {
      Wire wire = { 0 };
      World *world = start (&wire, who & 1);
      Connect connect = { .bytes = 200000, .ipv6 = GPOINTER_TO_INT (data) };
      guint8 syn = who & 2 ? TCP_SYN | TCP_ECE | TCP_CWR : TCP_SYN;

      if (who & 2)
        connect.prepare = offer_ecn;
      send_all (world, &connect);
      g_assert_cmphex (wire.syn_flags[1], ==, syn);
      g_assert_cmphex (wire.syn_flags[0], ==,
                       who == 3 ? TCP_SYN | TCP_ACK | TCP_ECE : TCP_SYN | TCP_ACK);
      g_assert_cmpuint (wire.data[1], >, 20);
      g_assert_cmpuint (wire.capable[1], ==, who == 3 ? wire.data[1] : 0);
      g_assert_cmpuint (wire.wrong, ==, 0);
      for (guint i = 0; i < 2; i++)
        g_assert_cmpuint (wire.echoes[i] + wire.reductions[i], ==, 0);
      stop (world);
    }
}

/* One mark is echoed until the sender has reduced its window, which it does once. */
static void
test_mark (void)
{
  for (guint i = 0; i < 4; i++)
    {
      Wire wire = { .mark_first = 40 };
      World *world = start (&wire, TRUE);
      Connect connect = { .bytes = 1000000,
                          .ipv6 = i % 2 != 0,
                          .prepare = offer_ecn,
                          .prepare_data = (gpointer) (i < 2 ? &tcp_cc_newreno : &tcp_cc_cubic) };

      send_all (world, &connect);
      g_assert_cmpuint (get_events (world, 0).ecn_marked, ==, 1);
      g_assert_cmpuint (get_events (world, 1).ecn_reduced, ==, 1);
      g_assert_cmpuint (get_events (world, 1).rexmit, ==, 0);
      g_assert_cmpuint (wire.echoes[0], >=, 2);
      g_assert_cmpuint (wire.echoes[0], <, 40);
      g_assert_cmpuint (wire.echoes[1], ==, 0);
      g_assert_cmpuint (wire.reductions[1], ==, 1);
      g_assert_cmpuint (wire.reductions[0], ==, 0);
      g_assert_cmpuint (wire.wrong, ==, 0);
      stop (world);
    }
}

typedef struct {
  struct tcp_pcb *pcb;
  guint32 cwnd;
  guint32 flight;
} Window;

static void
get_window (Stack *stack, gpointer data)
{
  Window *window = data;

  window->cwnd = window->pcb->cwnd;
  window->flight = window->pcb->snd_nxt - window->pcb->lastack;
}

/* By half with NewReno, by three tenths with CUBIC; and not again for the same window. */
static void
test_reaction (void)
{
  static const guint8 mss[] = { 2, 4, 1000 >> 8, 1000 & 0xff };

  for (guint i = 0; i < 2; i++)
    {
      Peer peer;
      World *world = peer_start (&peer);
      Stack *stack = &world->stacks[0];
      Window before, after;
      Conn *conn;

      stack_run (stack, listen_ecn, NULL);
      set_options (&peer, mss, sizeof mss);
      peer.port++;
      peer.seq = 1000;
      peer_send (&peer, TCP_SYN | TCP_ECE | TCP_CWR, 999, 0, 0);
      g_assert_cmphex (peer.flags, ==, TCP_SYN | TCP_ACK | TCP_ECE);
      peer.ack = peer.reply_seq + 1;
      peer.options_len = 0;
      peer_send (&peer, TCP_ACK, peer.seq, peer.ack, 0);
      conn = stack->conns->pdata[0];
      before.pcb = after.pcb = conn->pcb;
      tcp_set_congestion_control (conn->pcb, i == 0 ? &tcp_cc_newreno : &tcp_cc_cubic);
      for (guint j = 0; j < 10; j++)
        stack_run (stack, conn_write, conn);
      g_queue_clear_full (&stack->out, g_free);
      stack_run (stack, get_window, &before);
      g_assert_cmpuint (before.flight, ==, 10000);
      peer_send (&peer, TCP_ACK | TCP_ECE, peer.seq, peer.ack + 1000, 0);
      stack_run (stack, get_window, &after);
      g_assert_cmpuint (after.cwnd, >=, i == 0 ? 5000 : 7000);
      g_assert_cmpuint (after.cwnd, <, i == 0 ? 6000 : 8000);
      for (guint j = 2; j <= 10; j++)
        {
          guint32 cwnd = after.cwnd;
          peer_send (&peer, TCP_ACK | TCP_ECE, peer.seq, peer.ack + 1000 * j, 0);
          stack_run (stack, get_window, &after);
          g_assert_cmpuint (after.cwnd, >=, cwnd);
        }
      g_assert_cmpuint (get_events (world, 0).ecn_reduced, ==, 1);
      /* the next data tells of it; and is a window of its own */
      stack_run (stack, conn_write, conn);
      peer_send (&peer, TCP_ACK | TCP_ECE, peer.seq, peer.ack + 10000, 0);
      g_assert_cmpuint (get_events (world, 0).ecn_reduced, ==, 1);
      peer_send (&peer, TCP_ACK | TCP_ECE, peer.seq, peer.ack + 11000, 0);
      g_assert_cmpuint (get_events (world, 0).ecn_reduced, ==, 2);
      peer_stop (&peer);
    }
}

/* Much congestion costs windows, but no data. */
static void
test_many_marks (void)
{
  Wire wire = { .mark_first = 10, .mark_every = 10 };
  World *world = start (&wire, TRUE);
  Connect connect = { .bytes = 3000000, .prepare = offer_ecn };

  send_all (world, &connect);
  g_assert_cmpuint (get_events (world, 1).rexmit, ==, 0);
  g_assert_cmpuint (get_events (world, 0).ecn_marked, >, 10);
  g_assert_cmpuint (get_events (world, 1).ecn_reduced, >, 5);
  g_assert_cmpuint (get_events (world, 1).ecn_reduced, <=, get_events (world, 0).ecn_marked);
  g_assert_cmpuint (wire.wrong, ==, 0);
  stop (world);
}

/* A loss is told of in the same way; what is sent again must not be marked. */
static void
test_loss (void)
{
  Wire wire = { .drop = 40 };
  World *world = start (&wire, TRUE);
  Connect connect = { .bytes = 1000000, .prepare = offer_ecn };

  send_all (world, &connect);
  g_assert_cmpuint (get_events (world, 1).rexmit, >=, 1);
  g_assert_cmpuint (get_events (world, 1).ecn_reduced, ==, 0);
  g_assert_cmpuint (wire.reductions[1], ==, 1);
  g_assert_cmpuint (wire.wrong, ==, 0);
  stop (world);
}

/* Where such a SYN is dropped the connection goes without. */
static void
test_fallback (void)
{
  Wire wire = { .drop_ecn_syn = TRUE };
  World *world = start (&wire, TRUE);
  Connect connect = { .bytes = 100000, .prepare = offer_ecn };

  send_all (world, &connect);
  g_assert_cmpuint (wire.syns[1], ==, 2);
  g_assert_cmphex (wire.syn_flags[1], ==, TCP_SYN);
  g_assert_cmpuint (wire.capable[1], ==, 0);
  stop (world);
}

static void
no_backlog (Stack *stack, gpointer data)
{
  listen_ecn (stack, NULL);
  tcp_backlog_set (stack->listener, 1);
}

/* There is no room for it in a cookie. */
static void
test_cookie (void)
{
  Peer peer;
  World *world = peer_start (&peer);

  stack_run (&world->stacks[0], no_backlog, NULL);
  peer.port++;
  peer_send (&peer, TCP_SYN | TCP_ECE | TCP_CWR, 999, 0, 0);
  g_assert_cmphex (peer.flags, ==, TCP_SYN | TCP_ACK | TCP_ECE);
  peer.port++;
  peer_send (&peer, TCP_SYN | TCP_ECE | TCP_CWR, 999, 0, 0);
  g_assert_cmphex (peer.flags, ==, TCP_SYN | TCP_ACK);
  g_assert_cmpuint (get_events (world, 0).cookie_sent, ==, 1);
  peer_stop (&peer);
}

int
main (int argc, char *argv[])
{
  lwip_test_init (&argc, &argv);
  g_test_add_data_func ("/lwip/ecn/negotiation/ipv4", GINT_TO_POINTER (FALSE), test_negotiation);
  g_test_add_data_func ("/lwip/ecn/negotiation/ipv6", GINT_TO_POINTER (TRUE), test_negotiation);
  g_test_add_func ("/lwip/ecn/mark", test_mark);
  g_test_add_func ("/lwip/ecn/reaction", test_reaction);
  g_test_add_func ("/lwip/ecn/many-marks", test_many_marks);
  g_test_add_func ("/lwip/ecn/loss", test_loss);
  g_test_add_func ("/lwip/ecn/fallback", test_fallback);
  g_test_add_func ("/lwip/ecn/cookie", test_cookie);
  return g_test_run ();
}
