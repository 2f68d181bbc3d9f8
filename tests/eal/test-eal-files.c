/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* processes beside and after each other, in memory that is not shared */
#include "eal-fixture.h"

static DpdkEal *
new_with_prefix (const char *prefix, gboolean telemetry)
{
  g_autoptr (DpdkEalBuilder) builder = dpdk_eal_builder_new ();
  g_autoptr (GError) error = NULL;
  DpdkEal *eal;

  dpdk_eal_builder_set_memory_mode (builder, DPDK_MEMORY_MODE_NO_HUGEPAGES);
  dpdk_eal_builder_set_memory (builder, 64);
  dpdk_eal_builder_set_file_prefix (builder, prefix);
  dpdk_eal_builder_set_telemetry (builder, telemetry);
  eal = dpdk_eal_builder_build (builder, &error);
  g_assert_no_error (error);
  return eal;
}

static void
run_beside (EalPeer *self, gpointer data)
{
  DpdkEal *eal = new_with_prefix (data, FALSE);
  DpdkMempool *pool = eal_mempool_new (eal);

  eal_peer_signal (self);
  eal_peer_await (self);
  g_object_unref (pool);
  eal_end (eal);
}

static void
run_two (const char *prefix, const char *other_prefix)
{
  EalPeer peer;
  DpdkEal *eal;
  DpdkMempool *pool;

  eal_peer_start (&peer, run_beside, (gpointer) other_prefix);
  eal_peer_await (&peer);
  eal = new_with_prefix (prefix, FALSE);
  pool = eal_mempool_new (eal);
  g_assert_cmpuint (eal_count_entries (EAL_RUNTIME_FOLDER), ==, 0);
  eal_peer_signal (&peer);
  g_assert_cmpint (eal_peer_end (&peer), ==, 0);
  dpdk_packet_unref (dpdk_mempool_acquire (pool, NULL));
  g_object_unref (pool);
  eal_end (eal);
}

static void
test_side_by_side (void)
{
  run_two ("left", "right");
}

static void
test_own_prefixes (void)
{
  run_two (NULL, NULL);
}

/* nothing is shared, so it does no harm */
static void
test_same_prefix (void)
{
  run_two ("both", "both");
}

static void
run_once (EalPeer *self, gpointer data)
{
  eal_end (new_with_prefix (data, FALSE));
}

static void
test_one_after_the_other (void)
{
  for (guint i = 0; i < 3; i++)
    {
      EalPeer peer;

      eal_peer_start (&peer, run_once, "again");
      g_assert_cmpint (eal_peer_end (&peer), ==, 0);
    }
  eal_end (new_with_prefix ("again", FALSE));
}

/* not even the folder stays, and the next one starts */
static void
test_after_kill (void)
{
  for (guint i = 0; i < 3; i++)
    {
      EalPeer peer;

      eal_peer_start (&peer, run_beside, "killed");
      eal_peer_await (&peer);
      eal_peer_kill (&peer);
      g_assert_cmpuint (eal_count_entries (EAL_RUNTIME_FOLDER), ==, 0);
    }
  eal_end (new_with_prefix ("killed", FALSE));
}

static void
run_with_telemetry (EalPeer *self, gpointer data)
{
  DpdkEal *eal = new_with_prefix (data, TRUE);

  eal_peer_signal (self);
  eal_peer_await (self);
  eal_end (eal);
}

/* the socket and its folder go with the process; those of one that was killed, with the next */
static void
test_telemetry (void)
{
  const char *path = EAL_RUNTIME_FOLDER "/told/dpdk_telemetry.v2";
  EalPeer peer;

  eal_peer_start (&peer, run_with_telemetry, "told");
  eal_peer_await (&peer);
  g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));
  eal_peer_signal (&peer);
  g_assert_cmpint (eal_peer_end (&peer), ==, 0);
  g_assert_cmpuint (eal_count_entries (EAL_RUNTIME_FOLDER), ==, 0);

  eal_peer_start (&peer, run_with_telemetry, "told");
  eal_peer_await (&peer);
  eal_peer_kill (&peer);
  g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));
  eal_peer_start (&peer, run_with_telemetry, "told");
  eal_peer_await (&peer);
  eal_peer_signal (&peer);
  g_assert_cmpint (eal_peer_end (&peer), ==, 0);
  g_assert_cmpuint (eal_count_entries (EAL_RUNTIME_FOLDER), ==, 0);
}

int
main (int argc, char **argv)
{
  eal_test_init (&argc, &argv);
  eal_test_add ("/eal-files/side-by-side", test_side_by_side);
  eal_test_add ("/eal-files/own-prefixes", test_own_prefixes);
  eal_test_add ("/eal-files/same-prefix", test_same_prefix);
  eal_test_add ("/eal-files/one-after-the-other", test_one_after_the_other);
  eal_test_add ("/eal-files/after-kill", test_after_kill);
  eal_test_add ("/eal-files/telemetry", test_telemetry);
  return g_test_run ();
}
