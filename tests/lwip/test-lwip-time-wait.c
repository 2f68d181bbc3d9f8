/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is left of a connection in TIME-WAIT: it answers its peer, gives way to a new connection, keeps
 * its ports, ends in time, and needs little memory. */

#include "lwip-peer.h"

#include <lwip/tcp_params.h>
#include <time.h>

#define TIME_WAIT_MS (2 * TCP_MSL)

static void
finish (Stack *stack, gpointer data)
{
  conn_finish (data);
}

static void
shut_write (Stack *stack, gpointer data)
{
  g_assert_cmpint (tcp_shutdown (((Conn *) data)->pcb, 0, 1), ==, ERR_OK);
}

static void
abort_pcb (Stack *stack, gpointer data)
{
  Conn *conn = data;

  tcp_set_callbacks (conn->pcb, NULL);
  tcp_abort (g_steal_pointer (&conn->pcb));
}

static void
get_pcbs (Stack *stack, gpointer data)
{
  *(guint *) data = count_list (tcp_tw_pcbs);
}

static guint
count_pcbs (World *world)
{
  guint n;

  stack_run (&world->stacks[0], get_pcbs, &n);
  return n;
}

static struct stats_tcp_events
get_events (World *world)
{
  struct stats_ stats;

  stack_run (&world->stacks[0], stack_stats, &stats);
  return stats.tcp_events;
}

/* The stack has closed first, and has the FIN of the peer, whose next number is peer->seq + 1. */
static void
enter_time_wait (Peer *peer, Conn *conn)
{
  World *world = peer->world;
  guint before = world_count (world, 0).time_wait;

  stack_run (&world->stacks[0], finish, conn);
  g_queue_clear_full (&world->stacks[0].out, g_free);
  peer_send (peer, TCP_ACK | TCP_FIN, peer->seq, peer->ack + 1, 0);
  g_assert_cmpuint (peer->replies, ==, 1);
  g_assert_cmpuint (world_count (world, 0).time_wait, ==, before + 1);
  world_run (world, 100);
}

static void
assert_answered (Peer *peer)
{
  g_assert_cmpuint (peer->replies, ==, 1);
  g_assert_cmphex (peer->flags, ==, TCP_ACK);
  g_assert_cmphex (peer->reply_seq, ==, peer->ack + 1);
  g_assert_cmphex (peer->reply_ack, ==, peer->seq + 1);
  g_assert_cmpuint (peer->reply_len, ==, 0);
}

static void
test_memory (void)
{
  Peer peer;
  World *world = peer_start (&peer);
  Conn *conn = peer_open (&peer);
  gint before;

  g_assert_cmpuint (sizeof (struct tcp_time_wait), <=, 96);
  before = g_atomic_int_get (&allocations);
  enter_time_wait (&peer, conn);
  /* the one has taken the place of the other */
  g_assert_cmpint (g_atomic_int_get (&allocations), ==, before);
  g_assert_cmpuint (count_pcbs (world), ==, 0);
  g_assert_cmpuint (get_events (world).connections, ==, 1);
  g_assert_cmpuint (get_events (world).time_wait, ==, 1);
  world_run (world, TIME_WAIT_MS - 1000);
  g_assert_cmpuint (world_count (world, 0).time_wait, ==, 1);
  world_run (world, 1000);
  g_assert_cmpuint (world_count (world, 0).time_wait, ==, 0);
  g_assert_cmpint (g_atomic_int_get (&allocations), ==, before - 1);
  g_assert_cmpuint (get_events (world).connections, ==, 0);
  g_assert_cmpuint (get_events (world).time_wait_ended, ==, 0);
  peer_stop (&peer);
}

static void
test_answers (void)
{
  Peer peer;
  World *world = peer_start (&peer);
  Conn *conn = peer_open (&peer);
  guint16 window;

  enter_time_wait (&peer, conn);
  window = peer.reply_window;

  /* the FIN again, also with the data in front of it */
  peer_send (&peer, TCP_ACK | TCP_FIN, peer.seq, peer.ack + 1, 0);
  assert_answered (&peer);
  /* the right edge does not move back */
  g_assert_cmpuint (peer.reply_window, >=, window);
  world_run (world, 100);
  peer_send (&peer, TCP_ACK | TCP_FIN, peer.seq - 10, peer.ack + 1, 10);
  assert_answered (&peer);
  /* once in a tick */
  for (guint i = 0; i < 100; i++)
    {
      peer_send (&peer, TCP_ACK | TCP_FIN, peer.seq, peer.ack + 1, 0);
      g_assert_cmpuint (peer.replies, ==, 0);
    }
  g_assert_cmpuint (get_events (world).challenge_held, ==, 100);

  /* data, wherever it is */
  world_run (world, 100);
  peer_send (&peer, TCP_ACK, peer.seq + 1, peer.ack + 1, 10);
  assert_answered (&peer);
  world_run (world, 100);
  peer_send (&peer, TCP_ACK, peer.seq + 0x40000000, peer.ack + 1, 10);
  assert_answered (&peer);

  /* an ACK is what it waits for */
  world_run (world, 100);
  peer_send (&peer, TCP_ACK, peer.seq + 1, peer.ack + 1, 0);
  g_assert_cmpuint (peer.replies, ==, 0);

  /* RFC 1337: no reset ends it */
  for (gint offset = -1; offset <= 2; offset++)
    {
      peer_send (&peer, TCP_RST, peer.seq + (guint32) offset, 0, 0);
      g_assert_cmpuint (peer.replies, ==, 0);
      peer_send (&peer, TCP_RST | TCP_ACK, peer.seq + (guint32) offset, peer.ack + 1, 0);
      g_assert_cmpuint (peer.replies, ==, 0);
    }
  g_assert_cmpuint (world_count (world, 0).time_wait, ==, 1);

  /* RFC 5961: nor does a SYN that is not a new connection */
  for (guint i = 0; i < 4; i++)
    {
      const struct {
        guint8 flags;
        guint32 seq;
      } syns[] = {
        { TCP_SYN, peer.seq },
        { TCP_SYN, peer.seq - 100000 },
        { TCP_SYN | TCP_ACK, peer.seq + 100 },
        { TCP_SYN | TCP_FIN, peer.seq + 100 },
      };
      world_run (world, 100);
      peer_send (&peer, syns[i].flags, syns[i].seq, peer.ack + 1, 0);
      assert_answered (&peer);
    }
  g_assert_cmpuint (world_count (world, 0).time_wait, ==, 1);
  peer_stop (&peer);
}

/* The timestamps of the connection go on. */
static void
test_timestamps (void)
{
  Peer peer;
  World *world = peer_start (&peer);
  Conn *conn;

  stack_run (&world->stacks[0], accept_timestamps, NULL);
  conn = open_with_timestamp (&peer, 5000);
  set_timestamp (&peer, 5010, 0);
  enter_time_wait (&peer, conn);

  /* an old one, or none, does not begin the time again */
  world_run (world, TIME_WAIT_MS / 2);
  set_timestamp (&peer, 5009, 0);
  peer_send (&peer, TCP_ACK | TCP_FIN, peer.seq, peer.ack + 1, 0);
  assert_answered (&peer);
  peer.options_len = 0;
  world_run (world, 100);
  peer_send (&peer, TCP_ACK | TCP_FIN, peer.seq, peer.ack + 1, 0);
  assert_answered (&peer);
  g_assert_cmpuint (get_events (world).drop_timestamp, ==, 2);
  world_run (world, TIME_WAIT_MS / 4);
  /* a new one does */
  set_timestamp (&peer, 5020, 0);
  peer_send (&peer, TCP_ACK | TCP_FIN, peer.seq, peer.ack + 1, 0);
  assert_answered (&peer);
  world_run (world, TIME_WAIT_MS * 3 / 4);
  g_assert_cmpuint (world_count (world, 0).time_wait, ==, 1);
  world_run (world, TIME_WAIT_MS / 4 + 100);
  g_assert_cmpuint (world_count (world, 0).time_wait, ==, 0);
  peer_stop (&peer);
}

static void
forbid_timestamps (Stack *stack, gpointer data)
{
  tcp_set_timestamps (stack->listener, 0);
}

/* RFC 6191, section 2: which SYNs take the place of the old connection. */
static void
test_reuse (void)
{
  static const struct {
    gboolean old_has, listener_accepts, new_has;
    gint32 timestamp, sequence;
    gboolean accepted;
  } cases[] = {
    { FALSE, FALSE, FALSE, 0, 1, TRUE },     { FALSE, FALSE, FALSE, 0, 0, FALSE },
    { FALSE, FALSE, FALSE, 0, -1, FALSE },   { FALSE, TRUE, TRUE, -1000, -1, TRUE },
    { FALSE, FALSE, TRUE, 1000, -1, FALSE }, { TRUE, TRUE, TRUE, 1, -1, TRUE },
    { TRUE, TRUE, TRUE, 0, 1, TRUE },        { TRUE, TRUE, TRUE, 0, 0, FALSE },
    { TRUE, TRUE, TRUE, -1, 1000, FALSE },   { TRUE, TRUE, FALSE, 0, 1, TRUE },
    { TRUE, TRUE, FALSE, 0, -1, FALSE },     { TRUE, FALSE, TRUE, -1, 1, TRUE },
    { TRUE, FALSE, TRUE, 1, -1, FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      Peer peer;
      World *world = peer_start (&peer);
      Stack *stack = &world->stacks[0];
      Conn *conn;

      if (cases[i].old_has)
        {
          stack_run (stack, accept_timestamps, NULL);
          conn = open_with_timestamp (&peer, 5000);
        }
      else
        conn = peer_open (&peer);
      enter_time_wait (&peer, conn);
      stack_run (stack, cases[i].listener_accepts ? accept_timestamps : forbid_timestamps, NULL);
      peer.options_len = 0;
      if (cases[i].new_has)
        set_timestamp (&peer, 5000 + (guint32) cases[i].timestamp, 0);
      peer_send (&peer, TCP_SYN, peer.seq + 1 + (guint32) cases[i].sequence, 0, 0);
      g_assert_cmpuint (peer.replies, ==, 1);
      if (cases[i].accepted)
        {
          g_assert_cmphex (peer.flags, ==, TCP_SYN | TCP_ACK);
          /* the new sequence numbers are above the old ones */
          g_assert_cmpint ((gint32) (peer.reply_seq - (peer.ack + 1)), >, 0xffff);
        }
      else
        assert_answered (&peer);
      g_assert_cmpuint (world_count (world, 0).time_wait, ==, cases[i].accepted ? 0 : 1);
      g_assert_cmpuint (get_events (world).time_wait_reused, ==, cases[i].accepted ? 1 : 0);
      peer_stop (&peer);
    }
}

/* The order of expiry, which each FIN that is received again changes. */
static void
test_expiry (void)
{
  Peer peer;
  World *world = peer_start (&peer);
  guint16 ports[3];

  for (guint i = 0; i < 3; i++)
    {
      enter_time_wait (&peer, peer_open (&peer));
      ports[i] = peer.port;
      world_run (world, 1000);
    }
  world_run (world, TIME_WAIT_MS / 2);
  for (guint i = 0; i < 2; i++)
    {
      /* of the newest, then of the oldest */
      peer.port = ports[2 - 2 * i];
      peer_send (&peer, TCP_ACK | TCP_FIN, peer.seq, peer.ack + 1, 0);
      g_assert_cmpuint (peer.replies, ==, 1);
      world_run (world, 1000);
    }
  world_run (world, TIME_WAIT_MS / 2 - 1000);
  g_assert_cmpuint (world_count (world, 0).time_wait, ==, 2);
  world_run (world, TIME_WAIT_MS / 2 - 1500);
  g_assert_cmpuint (world_count (world, 0).time_wait, ==, 2);
  world_run (world, 1000);
  g_assert_cmpuint (world_count (world, 0).time_wait, ==, 1);
  peer.port = ports[0];
  peer_send (&peer, TCP_ACK | TCP_FIN, peer.seq, peer.ack + 1, 0);
  g_assert_cmphex (peer.flags, ==, TCP_ACK);
  world_run (world, TIME_WAIT_MS + 500);
  g_assert_cmpuint (world_count (world, 0).time_wait, ==, 0);
  /* and then it is not known any more */
  peer_send (&peer, TCP_ACK | TCP_FIN, peer.seq, peer.ack + 1, 0);
  g_assert_cmphex (peer.flags & TCP_RST, ==, TCP_RST);
  peer_stop (&peer);
}

static void
set_max (Stack *stack, gpointer data)
{
  tcp_set_max_time_wait (GPOINTER_TO_UINT (data));
}

static void
test_limit (void)
{
  Peer peer;
  World *world = peer_start (&peer);
  Stack *stack = &world->stacks[0];
  guint16 first = 0;

  stack_run (stack, set_max, GUINT_TO_POINTER (3));
  for (guint i = 0; i < 5; i++)
    {
      Conn *conn = peer_open (&peer);
      if (i == 0)
        first = peer.port;
      stack_run (stack, finish, conn);
      g_queue_clear_full (&stack->out, g_free);
      peer_send (&peer, TCP_ACK | TCP_FIN, peer.seq, peer.ack + 1, 0);
      assert_answered (&peer);
      g_assert_cmpuint (world_count (world, 0).time_wait, ==, MIN (i + 1, 3));
      g_assert_cmpuint (get_events (world).time_wait_ended, ==, i < 3 ? 0 : i - 2);
    }
  /* the oldest have gone */
  for (guint i = 0; i < 5; i++)
    {
      peer.port = (guint16) (first + i);
      world_run (world, 100);
      peer_send (&peer, TCP_ACK | TCP_FIN, peer.seq, peer.ack + 1, 0);
      g_assert_cmpuint (peer.replies, ==, 1);
      g_assert_cmphex (peer.flags & TCP_RST, ==, i < 2 ? TCP_RST : 0);
    }

  stack_run (stack, set_max, GUINT_TO_POINTER (1));
  g_assert_cmpuint (world_count (world, 0).time_wait, ==, 1);
  stack_run (stack, set_max, GUINT_TO_POINTER (0));
  g_assert_cmpuint (world_count (world, 0).time_wait, ==, 0);
  g_assert_cmpuint (get_events (world).time_wait_ended, ==, 5);
  {
    Conn *conn = peer_open (&peer);
    stack_run (stack, finish, conn);
    g_queue_clear_full (&stack->out, g_free);
    peer_send (&peer, TCP_ACK | TCP_FIN, peer.seq, peer.ack + 1, 0);
    assert_answered (&peer);
  }
  g_assert_cmpuint (world_count (world, 0).time_wait, ==, 0);
  g_assert_cmpuint (count_pcbs (world), ==, 0);
  g_assert_cmpuint (get_events (world).time_wait_ended, ==, 6);
  peer_stop (&peer);
}

/* Without memory the oldest give theirs: to one that enters, which ends as well if that does not help,
 * and to a new connection. */
static void
test_no_memory (void)
{
  Peer peer;
  World *world = peer_start (&peer);
  Stack *stack = &world->stacks[0];
  guint32 ended;
  Conn *conn;

  for (guint i = 0; i < 20; i++)
    enter_time_wait (&peer, peer_open (&peer));
  conn = peer_open (&peer);
  stack_run (stack, finish, conn);
  g_queue_clear_full (&stack->out, g_free);
  g_atomic_int_set (&allocations_left, 0);
  peer_send (&peer, TCP_ACK | TCP_FIN, peer.seq, peer.ack + 1, 0);
  g_atomic_int_set (&allocations_left, -1);
  ended = (guint32) get_events (world).time_wait_ended;
  g_assert_cmpuint (ended, ==, 2);
  g_assert_cmpuint (count_pcbs (world), ==, 0);
  g_assert_cmpuint (world_count (world, 0).active, ==, 0);
  peer.port++;
  g_atomic_int_set (&allocations_left, 0);
  peer_send (&peer, TCP_SYN, 999, 0, 0);
  g_atomic_int_set (&allocations_left, -1);
  g_assert_cmpuint (get_events (world).time_wait_ended - ended, >=,
                    sizeof (struct tcp_pcb) / sizeof (struct tcp_time_wait));
  g_assert_cmpuint (get_events (world).time_wait_ended - ended, <, 10);
  peer_stop (&peer);
}

/* The application has not closed yet when the peer's FIN comes. */
static void
test_half_closed (gconstpointer data)
{
  gboolean aborts = GPOINTER_TO_INT (data);
  Peer peer;
  World *world = peer_start (&peer);
  Stack *stack = &world->stacks[0];
  Conn *conn = peer_open (&peer);

  stack_run (stack, shut_write, conn);
  g_queue_clear_full (&stack->out, g_free);
  peer_send (&peer, TCP_ACK | TCP_FIN, peer.seq, peer.ack + 1, 100);
  g_assert_true (conn->eof);
  g_assert_cmpuint (conn->received, ==, 100);
  peer.seq += 100;
  g_assert_nonnull (conn->pcb);
  g_assert_cmpint (conn->err, ==, ERR_OK);
  g_assert_cmpuint (count_pcbs (world), ==, 1);
  g_assert_cmpuint (world_count (world, 0).time_wait, ==, 1);
  g_assert_cmpuint (get_events (world).connections, ==, 1);
  world_run (world, 100);
  peer_send (&peer, TCP_ACK | TCP_FIN, peer.seq, peer.ack + 1, 0);
  assert_answered (&peer);

  /* it may take its time */
  world_run (world, TIME_WAIT_MS / 2);
  stack_run (stack, aborts ? abort_pcb : finish, conn);
  g_assert_cmpuint (count_pcbs (world), ==, 0);
  g_assert_cmpuint (world_count (world, 0).time_wait, ==, aborts ? 0 : 1);

  /* longer than the other end waits */
  conn = peer_open (&peer);
  stack_run (stack, shut_write, conn);
  g_queue_clear_full (&stack->out, g_free);
  peer_send (&peer, TCP_ACK | TCP_FIN, peer.seq, peer.ack + 1, 0);
  world_run (world, TIME_WAIT_MS + 1000);
  g_assert_cmpuint (world_count (world, 0).time_wait, ==, 0);
  g_assert_cmpuint (count_pcbs (world), ==, 1);
  stack_run (stack, aborts ? abort_pcb : finish, conn);
  g_assert_cmpuint (count_pcbs (world), ==, 0);
  peer_stop (&peer);
}

/* drops the first ACKs of stack 1 after its FIN */
static gboolean
filter_last_acks (World *world, guint from, const guint8 *data, guint len)
{
  guint *left = world->filter_data;
  gboolean v6 = data[12] == 0x86;
  const guint8 *tcp = data + ETH_LEN + (v6 ? 40 : 20);

  if (!v6 && (data[13] != 0 || data[ETH_LEN + 9] != IP_PROTO_TCP))
    return TRUE;
  if (v6 && data[ETH_LEN + 6] != IP_PROTO_TCP)
    return TRUE;
  if (from != 1 || world_count (world, 1).time_wait == 0 || *left == 0)
    return TRUE;
  g_assert_cmphex (tcp[13], ==, TCP_ACK);
  --*left;
  return FALSE;
}

static void
offer_timestamps (struct tcp_pcb *pcb, gpointer data)
{
  tcp_set_timestamps (pcb, 1);
}

/* A real peer in LAST-ACK, over both protocols. */
static void
test_lost_ack (gconstpointer data)
{
  for (guint timestamps = 0; timestamps < 2; timestamps++)
    {
      World *world = world_new (1);
      Connect connect = { .bytes = 1000, .ipv6 = GPOINTER_TO_INT (data) };
      guint left = 3;

      world->filter = filter_last_acks;
      world->filter_data = &left;
      world_start (world);
      stack_run (&world->stacks[0], server_listen, NULL);
      if (timestamps)
        {
          stack_run (&world->stacks[0], accept_timestamps, NULL);
          connect.prepare = offer_timestamps;
        }
      transfer (world, &connect, 20000);
      world_run (world, 100);
      g_assert_cmpuint (world_count (world, 0).active, ==, 1);
      world_run (world, 10000);
      g_assert_cmpuint (left, ==, 0);
      g_assert_cmpuint (world_count (world, 0).active, ==, 0);
      g_assert_cmpuint (world_count (world, 1).time_wait, ==, 1);
      check_all_closed (world);
      world_free (world);
    }
}

typedef struct {
  guint16 local_port;
  guint16 remote_port;
  Conn *conn;
  err_t err;
} Open;

static void
client_open (Stack *stack, gpointer data)
{
  Open *open = data;
  ip_addr_t address = IPADDR4_INIT_BYTES (10, 0, 0, 1);
  struct tcp_pcb *pcb = tcp_new ();

  if (open->local_port != 0)
    g_assert_cmpint (tcp_bind (pcb, IP4_ADDR_ANY, open->local_port), ==, ERR_OK);
  open->err = tcp_connect (pcb, &address, open->remote_port, conn_connected);
  if (open->err != ERR_OK)
    tcp_abort (pcb);
  else
    {
      open->conn = conn_new (stack, pcb);
      open->local_port = pcb->local_port;
    }
}

static void
use_ports (Stack *stack, gpointer data)
{
  ports_modulus = GPOINTER_TO_UINT (data);
}

/* The ports of connections in TIME-WAIT are not free for the same peer. */
static void
test_ports (void)
{
  World *world = world_new (1);
  Stack *client = &world->stacks[1];
  Open open = { .remote_port = 80 };
  guint16 used;

  server_mode = SERVER_SINKS;
  world_start (world);
  stack_run (&world->stacks[0], server_listen, NULL);
  /* two ports are ours */
  stack_run (client, use_ports, GUINT_TO_POINTER (30000));
  ports_modulus = 1;
  stack_run (client, client_open, &open);
  g_assert_cmpint (open.err, ==, ERR_OK);
  used = open.local_port;
  g_assert_cmpuint (used, ==, 60000);
  world_run (world, 100);
  stack_run (client, finish, open.conn);
  world_run (world, 100);
  g_assert_cmpuint (world_count (world, 1).time_wait, ==, 1);

  for (guint i = 0; i < 2; i++)
    {
      open = (Open){ .remote_port = 80, .local_port = i == 0 ? 0 : used };
      stack_run (client, client_open, &open);
      g_assert_cmpint (open.err, ==, i == 0 ? ERR_BUF : ERR_USE);
    }
  /* but for another one */
  open = (Open){ .remote_port = 81 };
  stack_run (client, client_open, &open);
  g_assert_cmpint (open.err, ==, ERR_OK);
  g_assert_cmpuint (open.local_port, ==, used);
  world_run (world, TIME_WAIT_MS + 1000);
  open = (Open){ .remote_port = 80 };
  stack_run (client, client_open, &open);
  g_assert_cmpint (open.err, ==, ERR_OK);
  g_assert_cmpuint (open.local_port, ==, used);
  server_mode = SERVER_ECHOES;
  world_free (world);
}

typedef struct {
  guint n;
  gint64 first_ns;
  gint64 last_ns;
} Many;

/* of this thread */
static gint64
cpu_time_ns (void)
{
  struct timespec now;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);
  return now.tv_sec * 1000000000ll + now.tv_nsec;
}

static void
set_tuple (struct tcp_pcb *pcb, guint i)
{
  IP_ADDR4 (&pcb->local_ip, 10, 0, 0, 1);
  IP_ADDR4 (&pcb->remote_ip, 10, 1, i >> 24 & 0xff, i >> 16 & 0xff);
  pcb->local_port = 80;
  pcb->remote_port = (u16_t) i;
}

static void
enter_many (Stack *stack, gpointer data)
{
  Many *many = data;
  struct tcp_pcb pcb = { .state = TIME_WAIT };
  const guint step = many->n / 20;
  gint64 before = 0;

  for (guint i = 0; i < many->n; i++)
    {
      if (i % step == 0)
        before = cpu_time_ns ();
      set_tuple (&pcb, i);
      tcp_time_wait_enter (&pcb);
      if (i == step - 1)
        many->first_ns = cpu_time_ns () - before;
      if (i == many->n - 1)
        many->last_ns = cpu_time_ns () - before;
    }
  g_assert_cmpuint (tcp_time_wait_num (), ==, many->n);
  for (guint i = 0; i < many->n; i += 997)
    {
      struct tcp_time_wait *tw;
      set_tuple (&pcb, i);
      tw = tcp_time_wait_find (&pcb.local_ip, 80, &pcb.remote_ip, pcb.remote_port);
      g_assert_nonnull (tw);
      g_assert_cmpuint (tw->key.remote_port, ==, (guint16) i);
      g_assert_null (tcp_time_wait_find (&pcb.local_ip, 81, &pcb.remote_ip, pcb.remote_port));
    }
}

/* A million fit, and the last costs what the first does. */
static void
test_many (void)
{
  World *world = world_new (1);
  Many many = { .n = 1000000 };
  struct stats_tcp_events events;

  world_start (world);
  stack_run (&world->stacks[0], enter_many, &many);
  g_test_message ("a connection enters in %.0f ns, the millionth in %.0f ns",
                  many.first_ns * 20.0 / many.n, many.last_ns * 20.0 / many.n);
  events = get_events (world);
  g_assert_cmpuint (events.time_wait, ==, many.n);
  g_assert_cmpuint (events.buckets * TCP_HASH_LOAD, >=, many.n);
  world_run (world, TIME_WAIT_MS + 1000);
  g_assert_cmpuint (world_count (world, 0).time_wait, ==, 0);
  g_assert_cmpuint (get_events (world).time_wait_ended, ==, 0);
  world_free (world);
}

int
main (int argc, char *argv[])
{
  lwip_test_init (&argc, &argv);
  g_test_add_func ("/lwip/time-wait/memory", test_memory);
  g_test_add_func ("/lwip/time-wait/answers", test_answers);
  g_test_add_func ("/lwip/time-wait/timestamps", test_timestamps);
  g_test_add_func ("/lwip/time-wait/reuse", test_reuse);
  g_test_add_func ("/lwip/time-wait/expiry", test_expiry);
  g_test_add_func ("/lwip/time-wait/limit", test_limit);
  g_test_add_func ("/lwip/time-wait/no-memory", test_no_memory);
  g_test_add_data_func ("/lwip/time-wait/half-closed/close", GINT_TO_POINTER (FALSE),
                        test_half_closed);
  g_test_add_data_func ("/lwip/time-wait/half-closed/abort", GINT_TO_POINTER (TRUE),
                        test_half_closed);
  g_test_add_data_func ("/lwip/time-wait/lost-ack/ipv4", GINT_TO_POINTER (FALSE), test_lost_ack);
  g_test_add_data_func ("/lwip/time-wait/lost-ack/ipv6", GINT_TO_POINTER (TRUE), test_lost_ack);
  g_test_add_func ("/lwip/time-wait/ports", test_ports);
  g_test_add_func ("/lwip/time-wait/many", test_many);
  return g_test_run ();
}
