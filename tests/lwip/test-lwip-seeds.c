/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A thousand links that do all a link can do to packets: what arrives is what was sent. */

#include "lwip-fixture.h"

#include <lwip/tcp_params.h>

#define SEEDS 1000
/* so that a failure tells where to look, and all of it does not look like a hang */
#define SEEDS_PER_TEST 100

static void
use_timestamps (struct tcp_pcb *pcb, gpointer data)
{
  g_assert_cmpint (tcp_set_timestamps (pcb, 1), ==, ERR_OK);
}

static void
run_seed (guint32 seed)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
  const gboolean is_long = g_getenv ("DPDK_TEST_LONG") != NULL;
  World *world = world_new (seed);
  Connect connect = { .ipv6 = g_rand_boolean (rand),
                      .bytes = (guint64) g_rand_int_range (rand, 1, 80000) * (is_long ? 20 : 1),
                      .small = g_rand_int_range (rand, 0, 4) == 0,
                      .nodelay = g_rand_boolean (rand),
                      .prepare = g_rand_boolean (rand) ? use_timestamps : NULL };
  Conn *server;

  if (g_rand_int_range (rand, 0, 3) == 0)
    connect.limit = (guint) g_rand_int_range (rand, 1000, 20000);
  world->delay = (guint) g_rand_int_range (rand, 1, 30);
  world->loss = g_rand_double_range (rand, 0, 0.06);
  world->reorder = g_rand_double_range (rand, 0, 0.2);
  world->duplicate = g_rand_double_range (rand, 0, 0.1);
  world->corrupt = g_rand_double_range (rand, 0, 0.05);
  world->split = g_rand_boolean (rand);
  if (g_rand_boolean (rand))
    {
      world->large_max = (guint16) g_rand_int_range (rand, 1000, 60000);
      world->chksum_flags &= (guint16) ~NETIF_CHECKSUM_GEN_TCP;
    }
  world_start (world);
  stack_run (&world->stacks[0], server_listen, NULL);
  transfer (world, &connect, 1200000);
  server = world->stacks[0].conns->pdata[0];
  g_assert_cmpuint (server->received, ==, connect.bytes);
  g_assert_false (server->bad);
  world_free (world);
}

static void
test_seeds (gconstpointer data)
{
  const guint first = GPOINTER_TO_UINT (data);

  for (guint seed = first; seed < first + SEEDS_PER_TEST; seed++)
    {
      g_test_message ("seed %u", seed);
      run_seed (seed);
    }
}

int
main (int argc, char *argv[])
{
  lwip_test_init (&argc, &argv);
  for (guint first = 0; first < SEEDS; first += SEEDS_PER_TEST)
    {
      g_autofree gchar *path = g_strdup_printf ("/lwip/seeds/%03u", first);

      g_test_add_data_func (path, GUINT_TO_POINTER (first), test_seeds);
    }
  return g_test_run ();
}
