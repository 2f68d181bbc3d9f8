/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lwip-fixture.h"

static void
server_close_odd (Stack *stack, gpointer data)
{
  for (guint i = 1; i < stack->conns->len; i += 2)
    conn_finish (stack->conns->pdata[i]);
}

static void
test_many_connections (void)
{
  const guint num = 10000;
  World *world = world_new (1);
  Connect connect = { .bytes = 32, .count = 100 };
  guint done = 0;

  world_start (world);
  stack_run (&world->stacks[0], server_listen, NULL);
  for (guint i = 0; i < num / connect.count; i++)
    {
      connect.ipv6 = i % 4 == 3;
      stack_run (&world->stacks[1], client_connect, &connect);
      for (guint j = 0; j < connect.count; j++)
        ((Conn *) world->stacks[1].conns->pdata[i * connect.count + j])->close_when_done = FALSE;
      world_run (world, 5);
    }
  world_run (world, 3000);
  g_assert_cmpuint (world_count (world, 0).active, ==, num);
  g_assert_cmpuint (world_count (world, 1).active, ==, num);
  for (guint i = 0; i < num; i++)
    {
      Conn *conn = world->stacks[1].conns->pdata[i];
      g_assert_false (conn->bad);
      done += conn->received == connect.bytes;
    }
  g_assert_cmpuint (done, ==, num);

  stack_run (&world->stacks[0], server_close_odd, NULL);
  world_run (world, 200);
  for (guint i = 0; i < num; i++)
    {
      Conn *conn = world->stacks[1].conns->pdata[i];
      conn->closed = TRUE;
    }
  done = 0;
  for (guint i = 0; i < num; i++)
    done += ((Conn *) world->stacks[1].conns->pdata[i])->eof;
  g_assert_cmpuint (done, ==, num / 2);
  world_free (world);
}

static void
bind_rules (Stack *stack, gpointer data)
{
  ip_addr_t own = IPADDR4_INIT_BYTES (10, 0, 0, 1);
  ip_addr_t other = IPADDR4_INIT_BYTES (10, 0, 0, 77);
  struct tcp_pcb *first, *second;
  err_t err;

  /* a second listener, whatever its options and whichever way the addresses overlap */
  first = tcp_new ();
  ip_set_option (first, SOF_REUSEADDR);
  g_assert_cmpint (tcp_bind (first, &own, 90), ==, ERR_OK);
  first = tcp_listen (first);
  for (guint i = 0; i < 2; i++)
    {
      second = tcp_new ();
      if (i == 1)
        ip_set_option (second, SOF_REUSEADDR);
      g_assert_cmpint (tcp_bind (second, &own, 90), ==, ERR_USE);
      g_assert_cmpint (tcp_bind (second, IP4_ADDR_ANY, 90), ==, ERR_USE);
      g_assert_cmpint (tcp_bind (second, IP_ANY_TYPE, 90), ==, ERR_USE);
      g_assert_cmpint (tcp_bind (second, &other, 90), ==, ERR_OK);
      tcp_close (second);
    }
  second = tcp_new_ip_type (IPADDR_TYPE_V6);
  g_assert_cmpint (tcp_bind (second, IP6_ADDR_ANY, 90), ==, ERR_OK);
  tcp_close (second);
  tcp_close (first);

  /* two that are bound, one listens */
  first = tcp_new ();
  second = tcp_new ();
  ip_set_option (first, SOF_REUSEADDR);
  ip_set_option (second, SOF_REUSEADDR);
  g_assert_cmpint (tcp_bind (first, &own, 90), ==, ERR_OK);
  g_assert_cmpint (tcp_bind (second, IP4_ADDR_ANY, 90), ==, ERR_OK);
  first = tcp_listen (first);
  g_assert_nonnull (first);
  g_assert_null (tcp_listen_with_backlog_and_err (second, 1, &err));
  g_assert_cmpint (err, ==, ERR_USE);
  tcp_close (second);
  tcp_close (first);

  /* a port of its own */
  first = tcp_new ();
  second = tcp_new ();
  g_assert_cmpint (tcp_bind (first, IP4_ADDR_ANY, 0), ==, ERR_OK);
  g_assert_cmpint (tcp_bind (second, IP4_ADDR_ANY, 0), ==, ERR_OK);
  g_assert_cmpuint (first->local_port, !=, second->local_port);
  g_assert_cmpuint (first->local_port, >=, 32768);
  tcp_close (first);
  tcp_close (second);
}

static void
server_restart (Stack *stack, gpointer data)
{
  g_assert_cmpuint (tcp_time_wait_num (), ==, 1);
  tcp_close (stack->listener);
  stack->listener = NULL;
  server_listen (stack, NULL);
}

static void
server_close_first (Stack *stack, gpointer data)
{
  conn_finish (stack->conns->pdata[0]);
}

static void
client_connect_from (Stack *stack, gpointer data)
{
  Connect *connect = data;
  ip_addr_t address = IPADDR4_INIT_BYTES (10, 0, 0, 1);
  struct tcp_pcb *pcb = tcp_new ();

  connect->conn = conn_new (stack, pcb);
  connect->conn->to_send = connect->bytes;
  g_assert_cmpint (tcp_bind (pcb, IP4_ADDR_ANY, connect->port), ==, ERR_OK);
  g_assert_cmpint (tcp_connect (pcb, &address, 80, conn_connected), ==, ERR_OK);
}

static void
client_finish (Stack *stack, gpointer data)
{
  conn_finish (data);
}

static void
test_bind (void)
{
  World *world = world_new (1);
  Connect connect = { .bytes = 100, .port = 12345 };

  world_start (world);
  stack_run (&world->stacks[0], bind_rules, NULL);

  /* the server closes first and has the connection in TIME_WAIT */
  stack_run (&world->stacks[0], server_listen, NULL);
  stack_run (&world->stacks[1], client_connect_from, &connect);
  world_run (world, 50);
  g_assert_cmpuint (connect.conn->received, ==, 100);
  stack_run (&world->stacks[0], server_close_first, NULL);
  world_run (world, 50);
  stack_run (&world->stacks[1], client_finish, connect.conn);
  world_run (world, 50);
  stack_run (&world->stacks[0], server_restart, NULL);

  /* and the same ports may be used again, as soon as the sequence number is higher */
  for (guint i = 0; i < 10; i++)
    {
      stack_run (&world->stacks[1], client_connect_from, &connect);
      world_run (world, 1500);
      if (connect.conn->received == 100)
        break;
      stack_run (&world->stacks[1], client_abort, connect.conn);
    }
  g_assert_cmpuint (connect.conn->received, ==, 100);
  g_assert_cmpuint (world_count (world, 0).time_wait, ==, 0);
  world_free (world);
}

static struct netif second_netif;

static void
add_second_address (Stack *stack, gpointer data)
{
  ip4_addr_t addr, mask, gateway;

  IP4_ADDR (&addr, 10, 0, 0, 50);
  IP4_ADDR (&mask, 255, 255, 255, 0);
  ip4_addr_set_zero (&gateway);
  g_assert_nonnull (
      netif_add (&second_netif, &addr, &mask, &gateway, stack, stack_netif_init, ethernet_input));
  netif_set_up (&second_netif);
}

static void
remove_second_address (Stack *stack, gpointer data)
{
  netif_remove (&second_netif);
}

static void
connect_to_second (Stack *stack, gpointer data)
{
  Connect *connect = data;
  ip_addr_t address = IPADDR4_INIT_BYTES (10, 0, 0, 50);
  struct tcp_pcb *pcb = tcp_new ();

  connect->conn = conn_new (stack, pcb);
  connect->conn->to_send = connect->bytes;
  connect->conn->close_when_done = TRUE;
  g_assert_cmpint (tcp_connect (pcb, &address, 80, conn_connected), ==, ERR_OK);
}

/* One netif for every address, all of them on the same device. */
static void
test_second_address (void)
{
  World *world = world_new (1);
  Connect connect = { .bytes = 10000 };
  guint64 frames;

  world_start (world);
  stack_run (&world->stacks[0], add_second_address, NULL);
  stack_run (&world->stacks[0], server_listen, NULL);
  stack_run (&world->stacks[1], connect_to_second, &connect);
  world_run (world, 3000);
  g_assert_cmpuint (connect.conn->received, ==, connect.bytes);

  /* also from the other address of the same host, without a frame on the wire */
  world_run (world, 3000);
  frames = world->frames;
  stack_run (&world->stacks[0], connect_to_second, &connect);
  world_run (world, 500);
  g_assert_cmpuint (connect.conn->received, ==, connect.bytes);
  g_assert_cmpuint (world->frames - frames, <, 5);
  stack_run (&world->stacks[0], remove_second_address, NULL);
  world_free (world);
}

static void
set_ports_modulus (Stack *stack, gpointer data)
{
  ports_modulus = GPOINTER_TO_UINT (data);
}

static void
check_ports (Stack *stack, gpointer data)
{
  guint n = 0;
  const struct udp_pcb *udp;

  for (const struct tcp_pcb *pcb = tcp_active_pcbs; pcb != NULL; pcb = pcb->next, n++)
    g_assert_cmpuint (pcb->local_port % ports_modulus, ==, 0);
  g_assert_cmpuint (n, ==, 200);

  n = 0;
  for (guint i = 0; i < 200; i++)
    {
      struct udp_pcb *pcb = udp_new ();
      g_assert_cmpint (udp_bind (pcb, IP_ADDR_ANY, 0), ==, ERR_OK);
    }
  for (udp = udp_pcbs; udp != NULL; udp = udp->next, n++)
    g_assert_cmpuint (udp->local_port % ports_modulus, ==, 0);
  g_assert_cmpuint (n, ==, 200);
  while (udp_pcbs != NULL)
    udp_remove (udp_pcbs);

  /* where there is none */
  ports_modulus = 65537;
  g_assert_true (dpdk_lwip_port_is_ours (0));
  {
    struct udp_pcb *pcb = udp_new ();
    struct tcp_pcb *tcp = tcp_new ();
    ip_addr_t address = IPADDR4_INIT_BYTES (10, 0, 0, 1);
    g_assert_cmpint (udp_bind (pcb, IP_ADDR_ANY, 0), ==, ERR_USE);
    udp_remove (pcb);
    g_assert_cmpint (tcp_connect (tcp, &address, 80, NULL), !=, ERR_OK);
    tcp_abort (tcp);
  }
}

/* Of several threads only one gets the answers to a port. */
static void
test_ports (void)
{
  World *world = world_new (1);
  Connect connect = { .bytes = 1000, .count = 200 };

  world_start (world);
  stack_run (&world->stacks[0], server_listen, NULL);
  stack_run (&world->stacks[1], set_ports_modulus, GUINT_TO_POINTER (7));
  stack_run (&world->stacks[1], client_connect, &connect);
  stack_run (&world->stacks[1], check_ports, NULL);
  world_free (world);
}

int
main (int argc, char *argv[])
{
  lwip_test_init (&argc, &argv);
  g_test_add_func ("/lwip/many-connections", test_many_connections);
  g_test_add_func ("/lwip/bind", test_bind);
  g_test_add_func ("/lwip/second-address", test_second_address);
  g_test_add_func ("/lwip/ports", test_ports);
  return g_test_run ();
}
