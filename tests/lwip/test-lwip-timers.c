/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lwip-peer.h"

#include <lwip/priv/tcp_recovery.h>
#include <lwip/tcp_params.h>

#define N_ACKS 400

static void
test_connect_timeout (void)
{
  World *world = world_new (1);
  Connect connect = { .bytes = 100 };

  world_start (world);
  world->cut[1] = TRUE;
  stack_run (&world->stacks[1], client_connect, &connect);
  /* three minutes at least (RFC 9293, 3.8.3), and not much longer */
  world_run (world, 180000);
  g_assert_nonnull (connect.conn->pcb);
  world_run (world, 60000);
  g_assert_null (connect.conn->pcb);
  g_assert_cmpint (connect.conn->err, ==, ERR_ABRT);
  world_free (world);
}

static void
keepalive_on (Stack *stack, gpointer data)
{
  Conn *conn = data;

  tcp_set_keepalive_times (conn->pcb, 5000, 1000, 4);
  tcp_set_keepalive (conn->pcb, 1);
}

static void
test_keepalive (void)
{
  World *world = world_new (1);
  Connect connect = { .bytes = 100 };
  guint64 frames;

  world_start (world);
  stack_run (&world->stacks[0], server_listen, NULL);
  stack_run (&world->stacks[1], client_connect, &connect);
  connect.conn->close_when_done = FALSE;
  world_run (world, 10000);

  /* idle, and without keepalive: nothing is sent but neighbor discovery */
  stack_run (&world->stacks[1], keepalive_on, connect.conn);
  frames = world->frames;
  world_run (world, 60000);
  g_assert_nonnull (connect.conn->pcb);
  g_assert_cmpuint (world->frames - frames, >=, 2 * 8);
  g_assert_cmpuint (world->frames - frames, <=, 2 * 14);

  world->cut[0] = TRUE;
  world_run (world, 13000);
  g_assert_null (connect.conn->pcb);
  g_assert_cmpint (connect.conn->err, ==, ERR_ABRT);
  world_free (world);
}

/* A connection that was idle for longer is asked before it is given up. */
static void
test_keepalive_late (void)
{
  World *world = world_new (1);
  Connect connect = { .bytes = 100, .count = 2 };
  Conn *late;

  world_start (world);
  stack_run (&world->stacks[0], server_listen, NULL);
  stack_run (&world->stacks[1], client_connect, &connect);
  late = world->stacks[1].conns->pdata[0];
  late->close_when_done = connect.conn->close_when_done = FALSE;
  world_run (world, 1000);
  /* the clock of TCP goes on for the other one */
  stack_run (&world->stacks[1], keepalive_on, connect.conn);
  world_run (world, 60000);
  stack_run (&world->stacks[1], keepalive_on, late);
  world_run (world, 60000);
  g_assert_nonnull (late->pcb);
  g_assert_nonnull (connect.conn->pcb);
  world->cut[0] = TRUE;
  world_run (world, 13000);
  g_assert_null (late->pcb);
  g_assert_null (connect.conn->pcb);
  world_free (world);
}

static void
set_user_timeout (struct tcp_pcb *pcb, gpointer data)
{
  tcp_set_user_timeout (pcb, GPOINTER_TO_UINT (data));
}

/* The time until the connection ends, or G_MAXUINT if it does not in most ms. */
static guint
time_to_end (World *world, Conn *conn, guint most)
{
  guint32 start = clock_ms;

  while (conn->pcb != NULL && clock_ms - start < most)
    world_run (world, 20);
  if (conn->pcb != NULL)
    return G_MAXUINT;
  g_assert_cmpint (conn->err, ==, ERR_ABRT);
  return clock_ms - start;
}

static void
assert_about (guint ms, guint expected)
{
  g_assert_cmpuint (ms, >=, expected);
  g_assert_cmpuint (ms, <=, expected + 100);
}

/* What is on its way is given up after that time, whatever was before. */
static void
test_user_timeout (gconstpointer data)
{
  World *world = world_new (1);
  Connect connect = { .bytes = 1000,
                      .ipv6 = GPOINTER_TO_INT (data),
                      .prepare = set_user_timeout,
                      .prepare_data = GUINT_TO_POINTER (3000) };

  world_start (world);
  stack_run (&world->stacks[0], server_listen, NULL);
  stack_run (&world->stacks[1], client_connect, &connect);
  connect.conn->close_when_done = FALSE;
  /* to be idle for longer does not count */
  world_run (world, 10000);
  g_assert_cmpuint (connect.conn->received, ==, 1000);

  /* nor does what is acknowledged in time */
  for (guint i = 0; i < 5; i++)
    {
      world->cut[0] = TRUE;
      stack_run (&world->stacks[1], conn_write, connect.conn);
      world_run (world, 1000);
      world->cut[0] = FALSE;
      world_run (world, 2500);
      g_assert_nonnull (connect.conn->pcb);
    }
  world->cut[0] = TRUE;
  stack_run (&world->stacks[1], conn_write, connect.conn);
  assert_about (time_to_end (world, connect.conn, 60000), 3000);
  /* the other end hears of it */
  world_run (world, 100);
  g_assert_cmpuint (world_count (world, 0).active, ==, 0);
  world_free (world);
}

static void
longer_user_timeout (Stack *stack, gpointer data)
{
  tcp_set_user_timeout (((Conn *) data)->pcb, 20 * 60 * 1000);
}

/* It may be longer than retransmissions are tried without it. */
static void
test_patience (void)
{
  for (guint patient = 0; patient < 2; patient++)
    {
      World *world = world_new (1);
      Connect connect = { .bytes = 1000 };

      world_start (world);
      stack_run (&world->stacks[0], server_listen, NULL);
      stack_run (&world->stacks[1], client_connect, &connect);
      connect.conn->close_when_done = FALSE;
      world_run (world, 1000);
      if (patient)
        stack_run (&world->stacks[1], longer_user_timeout, connect.conn);
      world->cut[1] = TRUE;
      stack_run (&world->stacks[1], conn_write, connect.conn);
      if (patient)
        {
          g_assert_cmpuint (time_to_end (world, connect.conn, 10 * 60 * 1000), ==, G_MAXUINT);
          world->cut[1] = FALSE;
          world_run (world, 2 * TCP_RTO_MAX);
          g_assert_cmpuint (connect.conn->received, ==, 2000);
          g_assert_cmpuint (connect.conn->acked, ==, 2000);
        }
      else
        g_assert_cmpuint (time_to_end (world, connect.conn, 8 * 60 * 1000), <, 8 * 60 * 1000);
      world_free (world);
    }
}

/* A peer that answers, but takes nothing. */
static void
test_closed_window (void)
{
  World *world = world_new (1);
  Connect connect = { .bytes = 10000000,
                      .prepare = set_user_timeout,
                      .prepare_data = GUINT_TO_POINTER (20000) };
  guint64 acked;
  guint ms;

  server_mode = SERVER_HOLDS;
  world_start (world);
  stack_run (&world->stacks[0], server_listen, NULL);
  stack_run (&world->stacks[1], client_connect, &connect);
  /* the last bytes fill the window only when the persist timer has run */
  do
    {
      acked = connect.conn->acked;
      world_run (world, 5000);
    }
  while (connect.conn->acked > acked);
  g_assert_cmpuint (acked, >, 100000);
  g_assert_nonnull (connect.conn->pcb);
  ms = time_to_end (world, connect.conn, 60000);
  g_assert_cmpuint (ms, >=, 10000);
  g_assert_cmpuint (ms, <=, 15100);
  server_mode = SERVER_ECHOES;
  world_free (world);
}

/* A peer that has closed its window in front of what was in flight, and answers, is not given up. */
static void
test_window_taken_back (void)
{
  Peer peer;
  World *world = peer_start (&peer);
  Conn *conn = peer_open (&peer);

  stack_run (&world->stacks[0], conn_write, conn);
  peer.window = 0;
  for (guint i = 0; i < 200; i++)
    {
      peer_send (&peer, TCP_ACK, peer.seq, peer.ack, 0);
      world_run (world, 10000);
    }
  g_assert_nonnull (conn->pcb);
  /* until it does not answer any more */
  world_run (world, 600000);
  g_assert_null (conn->pcb);
  g_assert_cmpint (conn->err, ==, ERR_ABRT);
  peer_stop (&peer);
}

/* A SYN is sent as often as it is without, but for no longer. */
static void
test_connect_user_timeout (void)
{
  for (guint i = 0; i < 2; i++)
    {
      World *world = world_new (1);
      Connect connect = { .bytes = 100,
                          .prepare = set_user_timeout,
                          .prepare_data = GUINT_TO_POINTER (i == 0 ? 2000 : 1000000) };
      guint ms;

      world_start (world);
      world->cut[1] = TRUE;
      stack_run (&world->stacks[1], client_connect, &connect);
      ms = time_to_end (world, connect.conn, 250000);
      if (i == 0)
        {
          assert_about (ms, 2000);
        }
      else
        {
          g_assert_cmpuint (ms, >=, 180000);
          g_assert_cmpuint (ms, <, 250000);
        }
      world_free (world);
    }
}

static void
keepalive_with_timeout (Stack *stack, gpointer data)
{
  keepalive_on (stack, data);
  tcp_set_user_timeout (((Conn *) data)->pcb, 20000);
}

/* With both the time counts, not the number of probes. */
static void
test_keepalive_user_timeout (void)
{
  World *world = world_new (1);
  Connect connect = { .bytes = 100 };
  guint ms;

  world_start (world);
  stack_run (&world->stacks[0], server_listen, NULL);
  stack_run (&world->stacks[1], client_connect, &connect);
  connect.conn->close_when_done = FALSE;
  world_run (world, 1000);
  stack_run (&world->stacks[1], keepalive_with_timeout, connect.conn);
  world_run (world, 60000);
  g_assert_nonnull (connect.conn->pcb);
  world->cut[0] = TRUE;
  ms = time_to_end (world, connect.conn, 60000);
  g_assert_cmpuint (ms, >, 13000);
  g_assert_cmpuint (ms, <, 22000);
  world_free (world);
}

static void
listener_keepalive (Stack *stack, gpointer data)
{
  tcp_set_keepalive_times (stack->listener, 2000, 500, 3);
  tcp_set_keepalive (stack->listener, 1);
  tcp_set_user_timeout (stack->listener, GPOINTER_TO_UINT (data));
}

/* What a listener accepts has what the listener has. */
static void
test_listener (void)
{
  Peer peer;
  World *world = peer_start (&peer);
  Stack *stack = &world->stacks[0];
  Conn *conn;

  stack_run (stack, listener_keepalive, GUINT_TO_POINTER (0));
  conn = peer_open (&peer);
  g_assert_cmpuint (time_to_end (world, conn, 60000), <, 8000);
  stack_run (stack, listener_keepalive, GUINT_TO_POINTER (1000));
  conn = peer_open (&peer);
  stack_run (stack, conn_write, conn);
  assert_about (time_to_end (world, conn, 60000), 1000);
  peer_stop (&peer);
}

static gboolean
count_frames (World *world, guint from, const guint8 *data, guint len)
{
  if (from == 0)
    ++*(guint *) world->filter_data;
  return FALSE;
}

/* An ACK that could not be sent when it was due goes when it can. */
static void
test_delayed_ack (void)
{
  guint frames = 0;
  Peer peer;
  World *world = peer_start (&peer);

  peer_open (&peer);
  world->cut[0] = FALSE;
  world->filter = count_frames;
  world->filter_data = &frames;
  peer_send (&peer, TCP_ACK | TCP_PSH, peer.seq, peer.ack, 10);
  g_assert_cmpuint (peer.replies, ==, 0);
  g_atomic_int_set (&allocations_left, 0);
  world_run (world, 100);
  g_assert_cmpuint (frames, ==, 0);
  g_atomic_int_set (&allocations_left, -1);
  world_run (world, 100);
  g_assert_cmpuint (frames, ==, 1);
  peer_stop (&peer);
}

/* The ACKs of very many connections that are due in one tick leave one after the other. */
static void
test_many_delayed_acks (void)
{
  guint frames = 0, most = 0;
  Peer peer;
  World *world = peer_start (&peer);

  for (guint i = 0; i < N_ACKS; i++)
    {
      peer_open (&peer);
      peer_send (&peer, TCP_ACK | TCP_PSH, peer.seq, peer.ack, 10);
      g_assert_cmpuint (peer.replies, ==, 0);
    }
  world->filter = count_frames;
  world->filter_data = &frames;
  world->cut[0] = FALSE;
  for (guint ms = 0; ms < 40; ms++)
    {
      guint before = frames;

      world_run (world, 1);
      most = MAX (most, frames - before);
    }
  g_assert_cmpuint (frames, ==, N_ACKS);
  g_assert_cmpuint (most, <=, N_ACKS / 4);
  peer_stop (&peer);
}

int
main (int argc, char *argv[])
{
  lwip_test_init (&argc, &argv);
  g_test_add_func ("/lwip/connect-timeout", test_connect_timeout);
  g_test_add_func ("/lwip/delayed-ack", test_delayed_ack);
  g_test_add_func ("/lwip/delayed-acks-of-many", test_many_delayed_acks);
  g_test_add_func ("/lwip/keepalive", test_keepalive);
  g_test_add_func ("/lwip/keepalive-late", test_keepalive_late);
  g_test_add_func ("/lwip/keepalive-user-timeout", test_keepalive_user_timeout);
  g_test_add_func ("/lwip/keepalive-listener", test_listener);
  g_test_add_data_func ("/lwip/user-timeout/ipv4", GINT_TO_POINTER (FALSE), test_user_timeout);
  g_test_add_data_func ("/lwip/user-timeout/ipv6", GINT_TO_POINTER (TRUE), test_user_timeout);
  g_test_add_func ("/lwip/user-timeout/patience", test_patience);
  g_test_add_func ("/lwip/user-timeout/closed-window", test_closed_window);
  g_test_add_func ("/lwip/user-timeout/connect", test_connect_user_timeout);
  g_test_add_func ("/lwip/window-taken-back", test_window_taken_back);
  return g_test_run ();
}
