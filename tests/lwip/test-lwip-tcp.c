/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lwip-fixture.h"

static void
test_echo (gconstpointer data)
{
  World *world = world_new (1);
  Connect connect = { .ipv6 = GPOINTER_TO_INT (data), .bytes = 1000000 };

  world_start (world);
  stack_run (&world->stacks[0], server_listen, NULL);
  transfer (world, &connect, 20000);
  world_run (world, 10);
  /* who closed first waits */
  g_assert_cmpuint (world_count (world, 1).time_wait, ==, 1);
  g_assert_cmpuint (world_count (world, 0).active, ==, 0);
  check_all_closed (world);
  world_free (world);
}

static void
test_lossy (gconstpointer data)
{
  guint kind = GPOINTER_TO_UINT (data);

  for (guint seed = 0; seed < 6; seed++)
    {
      World *world = world_new (seed);
      Connect connect = { .ipv6 = (kind & 1) != 0,
                          .bytes = 700000,
                          .small = (kind & 2) != 0,
                          .limit = (kind & 2) != 0 && seed % 3 != 0 ? 9000 : 0,
                          .nodelay = seed % 2 == 0 };

      world->delay = 1 + seed;
      world->loss = 0.02;
      world->reorder = 0.03;
      world->duplicate = 0.01;
      world->split = seed % 2 != 0;
      world_start (world);
      stack_run (&world->stacks[0], server_listen, NULL);
      transfer (world, &connect, 600000);
      world_free (world);
    }
}

/* the last MSS option that was seen, by the stack that sent it */
static gboolean
filter_mss (World *world, guint from, const guint8 *data, guint len)
{
  guint *mss = world->filter_data;
  guint ip = data[12] == 0x08 ? 20 : 40;
  const guint8 *tcp = data + ETH_LEN + ip;
  guint8 proto = ip == 20 ? data[ETH_LEN + 9] : data[ETH_LEN + 6];

  if ((data[12] == 0x08 && data[13] == 0x06) || proto != IP_PROTO_TCP || (tcp[13] & TCP_SYN) == 0)
    return TRUE;
  g_assert_cmpuint (tcp[20], ==, 2);
  mss[from] = (guint) (tcp[22] << 8 | tcp[23]);
  return TRUE;
}

static void
test_mss (void)
{
  static const struct {
    guint16 mtu[2];
    gboolean ipv6;
  } cases[] = {
    { { 1500, 1500 }, FALSE }, { { 1500, 1500 }, TRUE },  { { 9000, 9000 }, FALSE },
    { { 9000, 9000 }, TRUE },  { { 9000, 1500 }, FALSE }, { { 1280, 9000 }, TRUE },
    { { 576, 1500 }, FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      World *world = world_new (i);
      Connect connect = { .ipv6 = cases[i].ipv6, .bytes = 300000 };
      guint mss[2] = { 0, 0 };
      guint overhead = cases[i].ipv6 ? 60 : 40;

      world->filter = filter_mss;
      world->filter_data = mss;
      world->stacks[0].mtu = cases[i].mtu[0];
      world->stacks[1].mtu = cases[i].mtu[1];
      world_start (world);
      stack_run (&world->stacks[0], server_listen, NULL);
      transfer (world, &connect, 20000);
      g_assert_cmpuint (mss[0], ==, cases[i].mtu[0] - overhead);
      g_assert_cmpuint (mss[1], ==, cases[i].mtu[1] - overhead);
      world_free (world);
    }
}

static void
check_window_scale (Stack *stack, gpointer data)
{
  struct tcp_pcb *pcb = tcp_active_pcbs;

  g_assert_nonnull (pcb);
  g_assert_true (pcb->flags & TF_WND_SCALE);
  g_assert_true (pcb->flags & TF_SACK);
  g_assert_cmpuint (pcb->snd_scale, ==, TCP_RCV_SCALE);
  g_assert_cmpuint (pcb->rcv_wnd, ==, 256 * 1024);
  g_assert_cmpuint (pcb->snd_wnd_max, >, 0xffff);
}

static void
test_window_scale (void)
{
  World *world = world_new (1);
  Connect connect = { .bytes = 3000000 };

  world_start (world);
  stack_run (&world->stacks[0], server_listen, NULL);
  stack_run (&world->stacks[1], client_connect, &connect);
  world_run (world, 15);
  stack_run (&world->stacks[1], check_window_scale, NULL);
  world_run (world, 4000);
  g_assert_cmpuint (connect.conn->received, ==, connect.bytes);
  world_free (world);
}

static void
server_release (Stack *stack, gpointer data)
{
  Conn *conn = stack->conns->pdata[0];

  conn->hold = FALSE;
  while (conn->pcb_received > 0)
    {
      u16_t n = (u16_t) MIN (conn->pcb_received, 0xffff);
      tcp_recved (conn->pcb, n);
      conn->pcb_received -= n;
    }
}

static void
test_zero_window (gconstpointer data)
{
  World *world = world_new (1);
  Connect connect = { .bytes = 2000000, .ipv6 = GPOINTER_TO_INT (data) };
  Conn *server;
  guint64 frames;

  server_mode = SERVER_HOLDS;
  world_start (world);
  stack_run (&world->stacks[0], server_listen, NULL);
  stack_run (&world->stacks[1], client_connect, &connect);
  world_run (world, 60000);
  server = world->stacks[0].conns->pdata[0];
  /* what is left of the window is too small for its scale */
  g_assert_cmpuint (server->received, >, 256 * 1024 - (1 << TCP_RCV_SCALE));
  /* the byte of a probe is part of a segment that is not acknowledged as a whole */
  g_assert_cmpuint (connect.conn->acked + 1, >=, server->received);

  /* it is quiet but for the probes, and the connection lives for hours */
  frames = world->frames;
  world_run (world, 120000);
  g_assert_cmpuint (world->frames - frames, <, 100);
  g_assert_nonnull (connect.conn->pcb);

  /* the window update is lost: the next probe finds out */
  world->cut[0] = TRUE;
  stack_run (&world->stacks[0], server_release, NULL);
  world_run (world, 20);
  world->cut[0] = FALSE;
  world_run (world, 100000);
  g_assert_cmpuint (server->received, ==, connect.bytes);
  g_assert_false (server->bad);
  server_mode = SERVER_ECHOES;
  world_free (world);
}

static void
test_reset (gconstpointer data)
{
  World *world = world_new (1);
  Connect connect = { .bytes = 100, .ipv6 = GPOINTER_TO_INT (data), .port = 81 };
  Conn *server;

  world_start (world);
  stack_run (&world->stacks[0], server_listen, NULL);
  stack_run (&world->stacks[1], client_connect, &connect);
  world_run (world, 100);
  g_assert_null (connect.conn->pcb);
  g_assert_cmpint (connect.conn->err, ==, ERR_RST);

  connect.port = 80;
  stack_run (&world->stacks[1], client_connect, &connect);
  connect.conn->close_when_done = FALSE;
  world_run (world, 100);
  server = world->stacks[0].conns->pdata[0];
  g_assert_nonnull (server->pcb);
  stack_run (&world->stacks[1], client_abort, connect.conn);
  world_run (world, 100);
  g_assert_null (server->pcb);
  g_assert_cmpint (server->err, ==, ERR_RST);
  g_assert_cmpuint (world_count (world, 0).active, ==, 0);
  g_assert_cmpuint (world_count (world, 1).active, ==, 0);
  world_free (world);
}

static void
loop_connect (Stack *stack, gpointer data)
{
  Connect *connect = data;
  ip_addr_t address;
  struct tcp_pcb *pcb = tcp_new_ip_type (connect->ipv6 ? IPADDR_TYPE_V6 : IPADDR_TYPE_V4);

  memset (&address, 0, sizeof address);
  if (connect->ipv6)
    {
      stack_ip6 (stack->id, ip_2_ip6 (&address));
      IP_SET_TYPE_VAL (address, IPADDR_TYPE_V6);
    }
  else
    stack_ip4 (stack, stack->id, ip_2_ip4 (&address));
  connect->conn = conn_new (stack, pcb);
  connect->conn->to_send = connect->bytes;
  connect->conn->close_when_done = TRUE;
  g_assert_cmpint (tcp_connect (pcb, &address, 80, conn_connected), ==, ERR_OK);
}

static void
test_loopback (gconstpointer data)
{
  World *world = world_new (1);
  Connect connect = { .bytes = 500000, .ipv6 = GPOINTER_TO_INT (data) };
  guint64 frames;

  /* as for a device that fills in the checksums */
  world->chksum_flags =
      NETIF_CHECKSUM_CHECK_IP | NETIF_CHECKSUM_CHECK_TCP | NETIF_CHECKSUM_CHECK_UDP;
  world_start (world);
  world_run (world, 5000);
  frames = world->frames;
  stack_run (&world->stacks[0], server_listen, NULL);
  stack_run (&world->stacks[0], loop_connect, &connect);
  /* one poll is one packet further, not the whole conversation */
  stack_run (&world->stacks[0], stack_poll, NULL);
  g_assert_false (connect.conn->connected);
  world_run (world, 4000);
  g_assert_cmpuint (connect.conn->received, ==, connect.bytes);
  g_assert_null (connect.conn->pcb);
  g_assert_cmpuint (world->frames - frames, <, 10);
  world_free (world);
}

static void
push_all (Stack *stack, gpointer data)
{
  for (guint i = 0; i < stack->conns->len; i++)
    conn_push (stack->conns->pdata[i]);
}

static void
test_low_memory (void)
{
  for (gint every = 3; every < 40; every += 4)
    {
      World *world = world_new ((guint32) every);
      Connect connect = { .bytes = 200000, .small = every % 2 != 0 };

      world->loss = 0.01;
      world_start (world);
      stack_run (&world->stacks[0], server_listen, NULL);
      stack_run (&world->stacks[1], client_connect, &connect);
      g_atomic_int_set (&allocations_fail_every, every);
      world_run (world, 3000);
      g_atomic_int_set (&allocations_fail_every, 0);
      for (guint i = 0; i < 600 && connect.conn->pcb != NULL; i++)
        {
          world_run (world, 100);
          for (guint j = 0; j < 2; j++)
            stack_run (&world->stacks[j], push_all, NULL);
        }
      g_assert_false (connect.conn->bad);
      if (connect.conn->err == ERR_OK)
        g_assert_cmpuint (connect.conn->received, ==, connect.bytes);
      world_free (world);
    }
}

int
main (int argc, char *argv[])
{
  lwip_test_init (&argc, &argv);
  g_test_add_data_func ("/lwip/echo/ipv4", GINT_TO_POINTER (0), test_echo);
  g_test_add_data_func ("/lwip/echo/ipv6", GINT_TO_POINTER (1), test_echo);
  g_test_add_data_func ("/lwip/lossy/ipv4", GINT_TO_POINTER (0), test_lossy);
  g_test_add_data_func ("/lwip/lossy/ipv6", GINT_TO_POINTER (1), test_lossy);
  g_test_add_data_func ("/lwip/lossy/small-writes/ipv4", GINT_TO_POINTER (2), test_lossy);
  g_test_add_data_func ("/lwip/lossy/small-writes/ipv6", GINT_TO_POINTER (3), test_lossy);
  g_test_add_func ("/lwip/mss", test_mss);
  g_test_add_func ("/lwip/window-scale", test_window_scale);
  g_test_add_data_func ("/lwip/zero-window/ipv4", GINT_TO_POINTER (0), test_zero_window);
  g_test_add_data_func ("/lwip/zero-window/ipv6", GINT_TO_POINTER (1), test_zero_window);
  g_test_add_data_func ("/lwip/reset/ipv4", GINT_TO_POINTER (0), test_reset);
  g_test_add_data_func ("/lwip/reset/ipv6", GINT_TO_POINTER (1), test_reset);
  g_test_add_data_func ("/lwip/loopback/ipv4", GINT_TO_POINTER (0), test_loopback);
  g_test_add_data_func ("/lwip/loopback/ipv6", GINT_TO_POINTER (1), test_loopback);
  g_test_add_func ("/lwip/low-memory", test_low_memory);
  return g_test_run ();
}
