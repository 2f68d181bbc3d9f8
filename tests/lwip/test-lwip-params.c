/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What can be chosen for each connection: its buffers and its timers. */

#include "lwip-peer.h"

#include <lwip/tcp_params.h>

#define BIG (4 * 1024 * 1024)
#define SMALL 20000

static void
set_buffers (struct tcp_pcb *pcb, gpointer data)
{
  g_assert_cmpint (tcp_set_rcvbuf (pcb, GPOINTER_TO_UINT (data)), ==, ERR_OK);
  g_assert_cmpint (tcp_set_sndbuf (pcb, GPOINTER_TO_UINT (data)), ==, ERR_OK);
}

static void
set_listener_buffers (Stack *stack, gpointer data)
{
  set_buffers (stack->listener, data);
}

typedef struct {
  guint size;
  guint scale;
} Buffers;

static void
check_buffers (Stack *stack, gpointer data)
{
  const Buffers *buffers = data;
  struct tcp_pcb *pcb = tcp_active_pcbs;

  g_assert_nonnull (pcb);
  g_assert_cmpuint (pcb->rcv_wnd, ==, buffers->size);
  g_assert_cmpuint (pcb->rcv_scale, ==, buffers->scale);
  g_assert_cmpuint (pcb->snd_scale, ==, buffers->scale);
  /* not rounded away */
  g_assert_cmpuint (RCV_WND_SCALE (pcb, pcb->rcv_wnd), <=, 0xffff);
}

/* The window, its scale, and how fast that is, follow from the buffers. */
static void
test_buffers (gconstpointer data)
{
  const Buffers *buffers = data;
  World *world = world_new (1);
  Connect connect = { .bytes = 40000000, .prepare = set_buffers };
  Conn *server;
  guint32 begin, mbits;

  connect.bytes = MIN (connect.bytes, 50ull * buffers->size);
  connect.prepare_data = GUINT_TO_POINTER (buffers->size);
  world->delay = 20;
  world->rate = 125000;
  world->queue = 4000000;
  server_mode = SERVER_SINKS;
  world_start (world);
  stack_run (&world->stacks[0], server_listen, NULL);
  stack_run (&world->stacks[0], set_listener_buffers, connect.prepare_data);
  stack_run (&world->stacks[1], client_connect, &connect);
  connect.conn->close_when_done = FALSE;
  world_run (world, 130);
  stack_run (&world->stacks[1], check_buffers, (gpointer) buffers);
  begin = clock_ms;
  while (connect.conn->acked < connect.bytes && connect.conn->pcb != NULL)
    world_run (world, 1);
  mbits = (guint32) (connect.bytes * 8 / 1000 / (clock_ms - begin));
  server = world->stacks[0].conns->pdata[0];
  g_assert_cmpuint (server->received, ==, connect.bytes);
  g_assert_false (server->bad);
  g_test_message ("%u bytes: %u Mbit/s", buffers->size, mbits);
  /* a window in each 40 ms, but for the time that it takes to grow */
  g_assert_cmpuint (mbits, >=, MIN (buffers->size / 1000 * 8 / 40 * 3 / 4, 450));
  server_mode = SERVER_ECHOES;
  world_free (world);
}

static void
change_buffers (Stack *stack, gpointer data)
{
  struct tcp_pcb *pcb = ((Conn *) stack->conns->pdata[0])->pcb;
  guint before = pcb->rcv_wnd;

  /* smaller, or larger than the scale allows */
  g_assert_cmpint (tcp_set_rcvbuf (pcb, 1000), ==, ERR_VAL);
  g_assert_cmpint (tcp_set_rcvbuf (pcb, 0xffff << 4), ==, ERR_VAL);
  g_assert_cmpint (tcp_set_rcvbuf (pcb, G_MAXUINT32), ==, ERR_VAL);
  g_assert_cmpint (tcp_set_rcvbuf (pcb, 0xffff << 3), ==, ERR_OK);
  g_assert_cmpuint (pcb->rcv_wnd, ==, before + (0xffff << 3) - 256 * 1024);

  g_assert_cmpint (tcp_set_sndbuf (pcb, 10), ==, ERR_VAL);
  g_assert_cmpint (tcp_set_sndbuf (pcb, 10000), ==, ERR_OK);
  g_assert_cmpuint (tcp_sndbuf (pcb), ==, 10000);
  g_assert_cmpint (tcp_write (pcb, pattern, 6000, TCP_WRITE_FLAG_COPY), ==, ERR_OK);
  g_assert_cmpuint (tcp_sndbuf (pcb), ==, 4000);
  g_assert_cmpint (tcp_set_sndbuf (pcb, 5000), ==, ERR_VAL);
  g_assert_cmpint (tcp_set_sndbuf (pcb, 6000), ==, ERR_OK);
  g_assert_cmpint (tcp_write (pcb, pattern, 1, TCP_WRITE_FLAG_COPY), ==, ERR_MEM);
  g_assert_cmpint (tcp_set_sndbuf (pcb, 20000), ==, ERR_OK);
  g_assert_cmpuint (tcp_sndbuf (pcb), ==, 14000);
}

static void
on_error (void *arg, err_t err)
{
}

/* pcbs with the same parameters or functions have them together, and one that is changed does not change
   the others */
static void
share (Stack *stack, gpointer data)
{
  gint before = g_atomic_int_get (&allocations);
  struct tcp_pcb *pcbs[20], *others[20];

  for (guint i = 0; i < G_N_ELEMENTS (pcbs); i++)
    {
      pcbs[i] = tcp_new ();
      others[i] = tcp_new ();
      g_assert_true (pcbs[i]->params == others[0]->params);
      g_assert_cmpint (tcp_set_ack_delay (pcbs[i], 50), ==, ERR_OK);
      g_assert_true (pcbs[i]->params == pcbs[0]->params);
      g_assert_cmpint (tcp_err (pcbs[i], on_error), ==, ERR_OK);
      g_assert_true (pcbs[i]->callbacks == pcbs[0]->callbacks);
      g_assert_cmpuint (others[i]->params->ack_delay, ==, TCP_ACK_DELAY);
      g_assert_null (others[i]->callbacks->errf);
    }
  /* each pcb, and what is shared */
  g_assert_cmpint (g_atomic_int_get (&allocations), ==, before + 2 * 20 + 2);

  g_atomic_int_set (&allocations_left, 0);
  g_assert_cmpint (tcp_set_user_timeout (pcbs[0], 1000), ==, ERR_MEM);
  g_assert_cmpint (tcp_err (pcbs[0], NULL), ==, ERR_MEM);
  g_assert_cmpint (tcp_set_ack_delay (others[0], 50), ==, ERR_OK);
  g_atomic_int_set (&allocations_left, -1);
  g_assert_true (pcbs[0]->params == pcbs[1]->params && others[0]->params == pcbs[0]->params);
  g_assert_true (pcbs[0]->callbacks == pcbs[1]->callbacks);
  g_assert_cmpint (tcp_set_user_timeout (pcbs[0], 1000), ==, ERR_OK);
  g_assert_cmpuint (pcbs[0]->params->ack_delay, ==, 50);
  g_assert_cmpuint (pcbs[1]->params->user_timeout, ==, 0);
  /* back at what others have */
  g_assert_cmpint (tcp_set_user_timeout (pcbs[0], 0), ==, ERR_OK);
  g_assert_true (pcbs[0]->params == pcbs[1]->params);

  for (guint i = 0; i < G_N_ELEMENTS (pcbs); i++)
    {
      tcp_set_callbacks (pcbs[i], NULL);
      tcp_abort (pcbs[i]);
      tcp_abort (others[i]);
    }
  g_assert_cmpint (g_atomic_int_get (&allocations), ==, before);
}

static void
test_share (void)
{
  World *world = world_new (1);

  world_start (world);
  stack_run (&world->stacks[0], share, NULL);
  world_free (world);
}

static void
test_change_buffers (void)
{
  static const guint8 all[] = { 2, 4, 5, 180, 1, 3, 3, 7, 1, 1, 4, 2 };
  Peer peer;
  World *world = peer_start (&peer);

  set_options (&peer, all, sizeof all);
  peer_open (&peer);
  stack_run (&world->stacks[0], change_buffers, NULL);
  peer_stop (&peer);
}

static void
set_ack_delay (Stack *stack, gpointer data)
{
  tcp_set_ack_delay (stack->listener, (u16_t) GPOINTER_TO_UINT (data));
}

/* How long the ACK of one segment waits, and that a second one does not. */
static void
test_ack_delay (void)
{
  static const guint delays[] = { 0, 10, 40, 200 };
  Peer peer;
  World *world = peer_start (&peer);
  Stack *stack = &world->stacks[0];

  /* the announcements of the addresses are over */
  world_run (world, 10000);
  for (guint i = 0; i < G_N_ELEMENTS (delays); i++)
    {
      guint32 begin;
      stack_run (stack, set_ack_delay, GUINT_TO_POINTER (delays[i]));
      peer_open (&peer);
      peer_send (&peer, TCP_ACK | TCP_PSH, peer.seq, peer.ack, 100);
      g_assert_cmpuint (peer.replies, ==, delays[i] == 0);
      if (delays[i] != 0)
        {
          guint64 frames = world->frames;
          begin = clock_ms;
          while (world->frames == frames && clock_ms - begin < 1000)
            world_run (world, 1);
          g_assert_cmpuint (clock_ms - begin, >=, delays[i] - 10);
          g_assert_cmpuint (clock_ms - begin, <=, delays[i] + 10);
          peer_send (&peer, TCP_ACK | TCP_PSH, peer.seq + 100, peer.ack, 100);
          g_assert_cmpuint (peer.replies, ==, 0);
          peer_send (&peer, TCP_ACK | TCP_PSH, peer.seq + 200, peer.ack, 100);
          g_assert_cmpuint (peer.replies, ==, 1);
        }
    }
  peer_stop (&peer);
}

static void
set_rto_min (Stack *stack, gpointer data)
{
  tcp_set_rto_min (stack->listener, (u16_t) GPOINTER_TO_UINT (data));
}

/* The timeout of a connection with a short round-trip time is the smallest one, and doubles. */
static void
test_rto_min (void)
{
  static const guint mins[] = { 40, 200, 1000 };
  Peer peer;
  World *world = peer_start (&peer);
  Stack *stack = &world->stacks[0];

  /* the announcements of the addresses are over */
  world_run (world, 10000);
  for (guint i = 0; i < G_N_ELEMENTS (mins); i++)
    {
      Conn *conn;
      guint32 begin = 0, expected = mins[i];
      stack_run (stack, set_rto_min, GUINT_TO_POINTER (mins[i]));
      conn = peer_open (&peer);
      for (guint j = 0; j < 20; j++)
        {
          stack_run (stack, conn_write, conn);
          g_queue_clear_full (&stack->out, g_free);
          peer.ack += 1000;
          peer_send (&peer, TCP_ACK, peer.seq, peer.ack, 0);
        }
      stack_run (stack, conn_write, conn);
      for (guint j = 0; j < 4; j++)
        {
          guint64 frames = world->frames;
          /* the first one is the segment itself */
          while (world->frames == frames)
            world_run (world, 1);
          if (j > 0)
            {
              g_assert_cmpuint (clock_ms - begin, >=, expected);
              g_assert_cmpuint (clock_ms - begin, <=, expected + 45);
              expected *= 2;
            }
          begin = clock_ms;
        }
      peer_send (&peer, TCP_ACK | TCP_RST, peer.seq, peer.ack, 0);
    }
  peer_stop (&peer);
}

int
main (int argc, char *argv[])
{
  static const Buffers buffers[] = { { SMALL, 3 }, { 256 * 1024, 3 }, { BIG, 7 }, { 4 * BIG, 9 } };

  lwip_test_init (&argc, &argv);
  for (guint i = 0; i < G_N_ELEMENTS (buffers); i++)
    {
      g_autofree gchar *path = g_strdup_printf ("/lwip/params/buffers/%u", buffers[i].size);
      g_test_add_data_func (path, &buffers[i], test_buffers);
    }
  g_test_add_func ("/lwip/params/share", test_share);
  g_test_add_func ("/lwip/params/change-buffers", test_change_buffers);
  g_test_add_func ("/lwip/params/ack-delay", test_ack_delay);
  g_test_add_func ("/lwip/params/rto-min", test_rto_min);
  return g_test_run ();
}
