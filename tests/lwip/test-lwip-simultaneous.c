/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* two ends that connect to each other at the same time (RFC 9293, 3.5) */

#include "lwip-fixture.h"

#define PORT 5000
#define EARLY 1000

static void
bind_port (struct tcp_pcb *pcb, gpointer data)
{
  g_assert_cmpint (tcp_bind (pcb, IP_ANY_TYPE, PORT), ==, ERR_OK);
}

/* before there is a connection */
static void
write_early (Stack *stack, gpointer data)
{
  Conn *conn = data;

  g_assert_cmpint (conn->pcb->state, ==, SYN_SENT);
  g_assert_cmpint (tcp_write (conn->pcb, pattern, EARLY, TCP_WRITE_FLAG_COPY), ==, ERR_OK);
  conn->sent += EARLY;
}

static gboolean
is_complete (const Connect *connect)
{
  return connect->conn->err != ERR_OK ||
         (connect->conn->received == connect->bytes && connect->conn->eof && connect->conn->closed);
}

static void
finish (Stack *stack, gpointer data)
{
  conn_finish (data);
}

static void
exchange (World *world, gboolean ipv6, gboolean is_early)
{
  Connect connects[2];

  world_start (world);
  for (guint i = 0; i < 2; i++)
    {
      connects[i] =
          (Connect){ .ipv6 = ipv6, .bytes = 100000 + 5000 * i, .port = PORT, .prepare = bind_port };
      /* what it sends and what it receives is not the same */
      stack_run (&world->stacks[i], client_connect, &connects[i]);
      connects[i].bytes = 100000 + 5000 * (1 - i);
      if (is_early)
        stack_run (&world->stacks[i], write_early, connects[i].conn);
    }
  for (guint ms = 0; ms < 600000 && !(is_complete (&connects[0]) && is_complete (&connects[1]));
       ms += 20)
    world_run (world, 20);
  for (guint i = 0; i < 2; i++)
    {
      Conn *conn = connects[i].conn;

      g_assert_cmpint (conn->err, ==, ERR_OK);
      g_assert_true (conn->connected);
      g_assert_false (conn->bad);
      g_assert_true (conn->eof);
      g_assert_cmpuint (conn->received, ==, connects[i].bytes);
      stack_run (&world->stacks[i], finish, conn);
    }
  check_all_closed (world);
  world_free (world);
}

static void
test_crossing (gconstpointer data)
{
  guint kind = GPOINTER_TO_UINT (data);
  World *world = world_new (kind);

  world->delay = 5;
  exchange (world, (kind & 1) != 0, (kind & 2) != 0);
}

static void
test_lossy (gconstpointer data)
{
  gboolean ipv6 = GPOINTER_TO_INT (data);

  for (guint seed = 0; seed < 20; seed++)
    {
      World *world = world_new (seed);

      world->delay = 1 + seed % 7;
      world->loss = 0.1;
      world->reorder = 0.1;
      world->duplicate = 0.1;
      exchange (world, ipv6, seed % 2 != 0);
    }
}

int
main (int argc, char *argv[])
{
  lwip_test_init (&argc, &argv);
  g_test_add_data_func ("/lwip/simultaneous/crossing/ipv4", GUINT_TO_POINTER (0), test_crossing);
  g_test_add_data_func ("/lwip/simultaneous/crossing/ipv6", GUINT_TO_POINTER (1), test_crossing);
  g_test_add_data_func ("/lwip/simultaneous/written-before/ipv4", GUINT_TO_POINTER (2),
                        test_crossing);
  g_test_add_data_func ("/lwip/simultaneous/written-before/ipv6", GUINT_TO_POINTER (3),
                        test_crossing);
  g_test_add_data_func ("/lwip/simultaneous/lossy/ipv4", GINT_TO_POINTER (0), test_lossy);
  g_test_add_data_func ("/lwip/simultaneous/lossy/ipv6", GINT_TO_POINTER (1), test_lossy);
  return g_test_run ();
}
