/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "eal-fixture.h"

typedef struct {
  EalSettings settings;
  const char *message;
} Refusal;

static const Refusal refusals[] = {
  { { .memory = 64, .numa_memory = 64 }, "*in all (64 MiB) and for NUMA node 0 (64 MiB)" },
  { { .numa_memory = 65, .numa_limit = 64 }, "*65 MiB * more than the limit of 64 MiB" },
  { { .node = 1000, .numa_memory = 1 }, "*NUMA node 1000*" },
  { { .node = 31, .numa_limit = 1 }, "*no NUMA node 31*" },
  { { .memory = G_MAXUINT }, "*4294967295 MiB*" },
  { { .numa_limit = G_MAXUINT }, "*4294967295 MiB on NUMA node 0*" },
  { { .mode = DPDK_MEMORY_MODE_NO_HUGEPAGES, .numa_memory = 1 }, "*only hugepages*" },
  { { .mode = DPDK_MEMORY_MODE_NO_HUGEPAGES, .numa_limit = 1 }, "*only hugepages*" },
  { { .mode = 99 }, "*99 is no memory mode*" },
  { { .prefix = "" }, "*file prefix \"\"*" },
  { { .prefix = "a/b" }, "*file prefix \"a/b\"*" },
  { { .prefix = ".." }, "*file prefix \"..\"*" },
  { { .prefix = "100%" }, "*file prefix \"100%\"*" },
  { { .prefix = "one", .args = { "--file-prefix=two" } }, "*\"--file-prefix\"*already*" },
  { { .memory = 64, .args = { "-m", "64" } }, "*\"-m\"*already*" },
  { { .mode = DPDK_MEMORY_MODE_NO_HUGEPAGES, .args = { "--in-memory" } }, "*together*" },
  { { .mode = DPDK_MEMORY_MODE_NO_HUGEPAGES, .args = { "--huge-dir", "/dev/hugepages" } },
    "*\"--no-huge\" does not go together with \"--huge-dir\"*" },
  { { .mode = DPDK_MEMORY_MODE_HUGEPAGES_IN_MEMORY, .args = { "--huge-unlink=never" } },
    "*\"--huge-unlink=never\" does not go together with \"--in-memory\"*" },
  { { .mode = DPDK_MEMORY_MODE_HUGEPAGES_IN_MEMORY, .args = { "--legacy-mem" } },
    "*\"--legacy-mem\" does not go together with \"--in-memory\"*" },
  { { .mode = DPDK_MEMORY_MODE_HUGEPAGES_FILES, .numa_limit = 64, .args = { "--legacy-mem" } },
    "*\"--legacy-mem\" does not go together with \"--socket-limit\"*" },
  { { .args = { "-a0000:00:01.0", "--block=0000:00:02.0" } }, "*together*" },
  { { .args = { "--no-such-thing" } }, "*unknown*" },
};

/* none of them costs the process its one start */
static void
test_refused (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (refusals); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (eal_build (&refusals[i].settings, &error));
      eal_assert_error (&error, DPDK_ERROR_INVALID_ARGUMENT, refusals[i].message);
    }
  g_assert_cmpint (dpdk_eal_get_process_state (), ==, DPDK_EAL_STATE_NEVER);
  eal_end (eal_new ());
}

static gboolean
has_arg (DpdkEal *eal, const char *arg)
{
  return g_strv_contains (dpdk_eal_get_args (eal), arg);
}

static void
test_without_hugepages (void)
{
  g_autoptr (DpdkEalBuilder) builder = dpdk_eal_builder_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (DpdkEal) again = NULL;
  DpdkEal *eal;

  dpdk_eal_builder_set_memory_mode (builder, DPDK_MEMORY_MODE_NO_HUGEPAGES);
  dpdk_eal_builder_set_memory (builder, 96);
  dpdk_eal_builder_set_file_prefix (builder, "chosen");
  dpdk_eal_builder_set_telemetry (builder, TRUE);
  dpdk_test_ignore_fds (EAL_N_TELEMETRY_FDS);
  dpdk_eal_builder_set_iova_mode (builder, DPDK_IOVA_MODE_VA);
  dpdk_eal_builder_add_arg (builder, "--no-hpet");
  eal = dpdk_eal_builder_build (builder, &error);
  g_assert_no_error (error);
  g_assert_true (has_arg (eal, "--no-huge"));
  g_assert_true (has_arg (eal, "-m96"));
  g_assert_true (has_arg (eal, "--file-prefix=chosen"));
  g_assert_true (has_arg (eal, "--iova-mode=va"));
  g_assert_true (has_arg (eal, "--no-hpet"));
  g_assert_true (eal_runtime_file_exists ("chosen", "dpdk_telemetry.v2"));

  again = dpdk_eal_builder_build (builder, &error);
  g_assert_no_error (error);
  g_assert_true (again == eal);
  g_clear_object (&again);
  dpdk_eal_builder_set_memory (builder, 97);
  g_assert_null (dpdk_eal_builder_build (builder, &error));
  g_assert_error (error, DPDK_ERROR, DPDK_ERROR_EXISTS);
  eal_end (eal);
}

/* the memory is what was asked for */
static void
test_memory_size (void)
{
  g_autoptr (DpdkEalBuilder) builder = dpdk_eal_builder_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (DpdkMempool) pool = NULL;
  DpdkEal *eal;

  dpdk_eal_builder_set_memory_mode (builder, DPDK_MEMORY_MODE_NO_HUGEPAGES);
  dpdk_eal_builder_set_memory (builder, 64);
  eal = dpdk_eal_builder_build (builder, &error);
  g_assert_no_error (error);
  /* some 12 MiB and some 96 MiB */
  pool = dpdk_mempool_new (eal, 5000, 0, 2048, -1, &error);
  g_assert_no_error (error);
  g_assert_null (dpdk_mempool_new (eal, 40000, 0, 2048, -1, &error));
  g_assert_error (error, DPDK_ERROR, DPDK_ERROR_NO_MEMORY);
  g_clear_object (&pool);
  eal_end (eal);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/eal-builder/refused", DPDK_TEST_FLAGS_NONE, test_refused);
  dpdk_test_add_func ("/eal-builder/without-hugepages", DPDK_TEST_FLAGS_NONE,
                      test_without_hugepages);
  dpdk_test_add_func ("/eal-builder/memory-size", DPDK_TEST_FLAGS_NONE, test_memory_size);
  return g_test_run ();
}
