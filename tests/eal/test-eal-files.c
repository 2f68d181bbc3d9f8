/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* processes beside and after each other, in memory that is not shared */
#include "eal-fixture.h"

static DpdkEal *
new_with_prefix (const char *prefix, gboolean telemetry)
{
  return eal_build_ok (&(EalSettings){ .mode = DPDK_MEMORY_MODE_NO_HUGEPAGES,
                                       .memory = 64,
                                       .prefix = prefix,
                                       .telemetry = telemetry });
}

static void
run_quietly (void)
{
  eal_process_hold (new_with_prefix (eal_process_get_prefix (), FALSE));
}

static void
run_with_telemetry (void)
{
  eal_process_hold (new_with_prefix (eal_process_get_prefix (), TRUE));
}

static void
run_two (const char *prefix, const char *other_prefix)
{
  DpdkTestProcess *other = eal_process_start ("quiet", other_prefix);
  DpdkEal *eal = new_with_prefix (prefix, FALSE);
  DpdkMempool *pool = eal_mempool_new (eal);

  g_assert_cmpuint (eal_count_entries (eal_get_runtime_folder ()), ==, 0);
  eal_process_stop (other);
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
test_one_after_the_other (void)
{
  for (guint i = 0; i < 3; i++)
    eal_process_stop (eal_process_start ("quiet", "again"));
  eal_end (new_with_prefix ("again", FALSE));
}

/* not even the folder stays, and the next one starts */
static void
test_after_kill (void)
{
  for (guint i = 0; i < 3; i++)
    {
      eal_process_kill (eal_process_start ("quiet", "killed"));
      g_assert_cmpuint (eal_count_entries (eal_get_runtime_folder ()), ==, 0);
    }
  eal_end (new_with_prefix ("killed", FALSE));
}

/* the socket and its folder go with the process; those of one that was killed, with the next */
static void
test_telemetry (void)
{
  DpdkTestProcess *process = eal_process_start ("telemetry", "told");

  g_assert_true (eal_runtime_file_exists ("told", "dpdk_telemetry.v2"));
  eal_process_stop (process);
  g_assert_cmpuint (eal_count_entries (eal_get_runtime_folder ()), ==, 0);

  eal_process_kill (eal_process_start ("telemetry", "told"));
  g_assert_true (eal_runtime_file_exists ("told", "dpdk_telemetry.v2"));
  eal_process_stop (eal_process_start ("telemetry", "told"));
  g_assert_cmpuint (eal_count_entries (eal_get_runtime_folder ()), ==, 0);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_process ("quiet", run_quietly);
  dpdk_test_add_process ("telemetry", run_with_telemetry);
  dpdk_test_add_func ("/eal-files/side-by-side", DPDK_TEST_FLAGS_NONE, test_side_by_side);
  dpdk_test_add_func ("/eal-files/own-prefixes", DPDK_TEST_FLAGS_NONE, test_own_prefixes);
  dpdk_test_add_func ("/eal-files/same-prefix", DPDK_TEST_FLAGS_NONE, test_same_prefix);
  dpdk_test_add_func ("/eal-files/one-after-the-other", DPDK_TEST_FLAGS_NONE,
                      test_one_after_the_other);
  dpdk_test_add_func ("/eal-files/after-kill", DPDK_TEST_FLAGS_NONE, test_after_kill);
  dpdk_test_add_func ("/eal-files/telemetry", DPDK_TEST_FLAGS_NONE, test_telemetry);
  return g_test_run ();
}
