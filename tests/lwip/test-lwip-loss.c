/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How fast one connection is over a link that loses packets.  Virtual time, so that the figures are
 * the same on every machine. */

#include "lwip-fixture.h"

#include <lwip/tcp_cc.h>

/* 1 Gbit/s in bytes per ms */
#define GIGABIT 125000

typedef struct {
  const struct tcp_cc *cc;
  guint delay; /* one way, ms */
  double loss;
  guint64 bytes;
  double expected; /* Mbit/s */
} Case;

static void
set_congestion_control (Stack *stack, gpointer data)
{
  tcp_set_congestion_control (((Conn *) stack->conns->pdata[0])->pcb, data);
}

/* Returns the goodput in Mbit/s. */
static double
goodput (const Case *test, guint32 seed)
{
  World *world = world_new (seed);
  Connect connect = { .bytes = test->bytes };
  guint32 begin;
  double mbits;

  world->delay = test->delay;
  world->loss = test->loss;
  world->rate = GIGABIT;
  world->queue = 1000000;
  server_mode = SERVER_SINKS;
  world_start (world);
  stack_run (&world->stacks[0], server_listen, NULL);
  stack_run (&world->stacks[1], client_connect, &connect);
  stack_run (&world->stacks[1], set_congestion_control, (gpointer) test->cc);
  begin = clock_ms;
  while (connect.conn->acked < test->bytes && connect.conn->pcb != NULL)
    world_run (world, 1);
  mbits = (double) test->bytes * 8 / 1000 / (clock_ms - begin);
  g_assert_cmpuint (connect.conn->acked, ==, test->bytes);
  g_assert_cmpuint (((Conn *) world->stacks[0].conns->pdata[0])->received, ==, test->bytes);
  g_assert_false (((Conn *) world->stacks[0].conns->pdata[0])->bad);
  server_mode = SERVER_ECHOES;
  world_free (world);
  return mbits;
}

static void
test_goodput (gconstpointer data)
{
  const Case *test = data;
  double sum = 0;
  guint rounds = 5;

  for (guint seed = 1; seed <= rounds; seed++)
    sum += goodput (test, seed);
  g_test_message ("%s, %u ms, loss %g %%: %.2f Mbit/s", test->cc->name, test->delay,
                  test->loss * 100, sum / rounds);
  g_assert_cmpfloat (sum / rounds, >=, test->expected);
}

int
main (int argc, char *argv[])
{
  /* nine tenths of what Linux was measured to have over this model of a link */
  static const Case cases[] = {
    { &tcp_cc_newreno, 1, 0.001, 10000000, 0.9 * 190 },
    { &tcp_cc_newreno, 20, 0.001, 4000000, 0.9 * 19 },
    { &tcp_cc_newreno, 1, 0.01, 5000000, 0.9 * 57 },
    { &tcp_cc_newreno, 20, 0.01, 2000000, 0.9 * 3.2 },
    { &tcp_cc_newreno, 20, 0.05, 500000, 0.9 * 1.3 },
    { &tcp_cc_cubic, 1, 0.001, 10000000, 0.9 * 187 },
    { &tcp_cc_cubic, 20, 0.001, 4000000, 0.9 * 23 },
    { &tcp_cc_cubic, 1, 0.01, 5000000, 0.9 * 31 },
    { &tcp_cc_cubic, 20, 0.01, 2000000, 0.9 * 5.9 },
    { &tcp_cc_cubic, 1, 0.05, 2000000, 0.9 * 9.5 },
    { &tcp_cc_cubic, 20, 0.05, 500000, 0.9 * 1.4 },
  };

  lwip_test_init (&argc, &argv);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree gchar *path = g_strdup_printf ("/lwip/loss/%s/%ums/%g", cases[i].cc->name,
                                                cases[i].delay, cases[i].loss);
      g_test_add_data_func (path, &cases[i], test_goodput);
    }
  return g_test_run ();
}
