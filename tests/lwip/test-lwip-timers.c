/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lwip-fixture.h"

static void
test_connect_timeout (void)
{
  World *world = world_new (1);
  Connect connect = { .bytes = 100 };

  world_start (world);
  world->cut[1] = TRUE;
  stack_run (&world->stacks[1], client_connect, &connect);
  world_run (world, 60000);
  g_assert_null (connect.conn->pcb);
  g_assert_cmpint (connect.conn->err, ==, ERR_ABRT);
  world_free (world);
}

static void
keepalive_on (Stack *stack, gpointer data)
{
  Conn *conn = data;

  conn->pcb->keep_idle = 5000;
  conn->pcb->keep_intvl = 1000;
  conn->pcb->keep_cnt = 4;
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

int
main (int argc, char *argv[])
{
  lwip_test_init (&argc, &argv);
  g_test_add_func ("/lwip/connect-timeout", test_connect_timeout);
  g_test_add_func ("/lwip/keepalive", test_keepalive);
  return g_test_run ();
}
