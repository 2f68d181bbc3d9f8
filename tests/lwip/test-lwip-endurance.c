/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Much data, and many connections. */

#include "lwip-fixture.h"

static void
test_wrap (gconstpointer data)
{
  const gboolean ipv6 = GPOINTER_TO_INT (data);
  const gboolean is_long = g_getenv ("DPDK_TEST_LONG") != NULL;
  /* across the end of the sequence numbers once, or all the way round and across it again */
  const guint64 bytes =
      is_long ? (G_GUINT64_CONSTANT (1) << 32) + 64 * 1024 * 1024 : 48 * 1024 * 1024;
  World *world = world_new (1);
  Connect connect = { .ipv6 = ipv6, .bytes = bytes };
  Conn *server;

  fixed_isn = 0u - 32 * 1024 * 1024;
  server_mode = SERVER_SINKS;
  world->stacks[0].mtu = world->stacks[1].mtu = 9000;
  world->loss = 0.0001;
  world_start (world);
  stack_run (&world->stacks[0], server_listen, NULL);
  stack_run (&world->stacks[1], client_connect, &connect);
  while (connect.conn->acked < bytes && connect.conn->pcb != NULL)
    world_run (world, 1000);
  g_assert_cmpuint (connect.conn->acked, ==, bytes);
  server = world->stacks[0].conns->pdata[0];
  g_assert_cmpuint (server->received, ==, bytes);
  g_assert_false (server->bad);
  check_all_closed (world);
  g_assert_true (server->eof);
  server_mode = SERVER_ECHOES;
  fixed_isn = 0;
  world_free (world);
}

static void
close_all (Stack *stack, gpointer data)
{
  for (guint i = 0; i < stack->conns->len; i++)
    {
      Conn *conn = stack->conns->pdata[i];

      conn->close_when_done = TRUE;
      conn_push (conn);
    }
}

static void
close_listener (Stack *stack, gpointer data)
{
  g_assert_cmpint (tcp_close (data), ==, ERR_OK);
}

/* more than there are ports for one destination */
#define CONNECTIONS 100000
#define LISTENERS 4
#define AT_ONCE 1000

/* All at the same time, with an exchange on each; after that it is as if nothing had been. */
static void
test_many (void)
{
  World *world = world_new (1);
  Stack *server = &world->stacks[0], *client = &world->stacks[1];
  struct tcp_pcb *listeners[LISTENERS];
  struct stats_ stats[2];
  gint before;
  guint served = 0;

  world_start (world);
  for (guint i = 0; i < LISTENERS; i++)
    {
      stack_run (server, server_listen, GUINT_TO_POINTER (80 + i));
      listeners[i] = server->listener;
    }
  {
    Connect first = { .bytes = 1 };

    /* the neighbours know each other, and the slow timers run */
    transfer (world, &first, 1000);
    check_all_closed (world);
    world_run (world, 60000);
  }
  before = g_atomic_int_get (&allocations);

  for (guint i = 0; i < CONNECTIONS; i += AT_ONCE)
    {
      Connect connect = { .bytes = 32,
                          .count = AT_ONCE,
                          .port = (guint16) (80 + i / AT_ONCE % LISTENERS) };
      guint from = client->conns->len;

      stack_run (client, client_connect, &connect);
      for (guint j = from; j < client->conns->len; j++)
        ((Conn *) client->conns->pdata[j])->close_when_done = FALSE;
      world_run (world, 5);
    }
  world_run (world, 3000);
  g_assert_cmpuint (world_count (world, 0).active, ==, CONNECTIONS);
  g_assert_cmpuint (world_count (world, 1).active, ==, CONNECTIONS);
  for (guint i = 0; i < client->conns->len; i++)
    {
      const Conn *conn = client->conns->pdata[i];

      g_assert_false (conn->bad);
      served += conn->received == 32;
    }
  g_assert_cmpuint (served, ==, CONNECTIONS);
  for (guint i = 0; i < 2; i++)
    {
      stack_run (&world->stacks[i], stack_stats, &stats[i]);
      g_assert_cmpuint (stats[i].tcp_events.connections, ==, CONNECTIONS);
      /* room for each, all the time */
      g_assert_cmpuint (stats[i].tcp_events.buckets * TCP_HASH_LOAD, >=, CONNECTIONS);
    }

  stack_run (client, close_all, NULL);
  world_run (world, 3000);
  check_all_closed (world);
  for (guint i = 0; i < 2; i++)
    {
      stack_run (&world->stacks[i], stack_stats, &stats[i]);
      g_assert_cmpuint (stats[i].tcp_events.connections, ==, 0);
    }
  g_assert_cmpint (g_atomic_int_get (&allocations), ==, before);
  for (guint i = 0; i + 1 < LISTENERS; i++)
    stack_run (server, close_listener, listeners[i]);
  world_free (world);
}

int
main (int argc, char *argv[])
{
  lwip_test_init (&argc, &argv);
  g_test_add_data_func ("/lwip/endurance/wrap/ipv4", GINT_TO_POINTER (0), test_wrap);
  g_test_add_data_func ("/lwip/endurance/wrap/ipv6", GINT_TO_POINTER (1), test_wrap);
  g_test_add_func ("/lwip/endurance/many", test_many);
  return g_test_run ();
}
