/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "eal-fixture.h"

#include <string.h>

typedef struct {
  DpdkMemoryMode mode;
  guint memory;
  guint node;
  guint numa_memory;
  guint numa_limit;
  const char *prefix;
  const char *args[3];
  const char *message;
} Refusal;

static const Refusal refusals[] = {
  { .memory = 64, .numa_memory = 64, .message = "*in all (64 MiB) and for NUMA node 0 (64 MiB)" },
  { .numa_memory = 65, .numa_limit = 64, .message = "*65 MiB * more than the limit of 64 MiB" },
  { .node = 1000, .numa_memory = 1, .message = "*NUMA node 1000*" },
  { .node = 31, .numa_limit = 1, .message = "*no NUMA node 31*" },
  { .memory = G_MAXUINT, .message = "*4294967295 MiB*" },
  { .numa_limit = G_MAXUINT, .message = "*4294967295 MiB on NUMA node 0*" },
  { .mode = DPDK_MEMORY_MODE_NO_HUGEPAGES, .numa_memory = 1, .message = "*only hugepages*" },
  { .mode = DPDK_MEMORY_MODE_NO_HUGEPAGES, .numa_limit = 1, .message = "*only hugepages*" },
  { .mode = 99, .message = "*99 is no memory mode*" },
  { .prefix = "", .message = "*file prefix \"\"*" },
  { .prefix = "a/b", .message = "*file prefix \"a/b\"*" },
  { .prefix = "..", .message = "*file prefix \"..\"*" },
  { .prefix = "100%", .message = "*file prefix \"100%\"*" },
  { .prefix = "one", .args = { "--file-prefix=two" }, .message = "*\"--file-prefix\"*already*" },
  { .memory = 64, .args = { "-m", "64" }, .message = "*\"-m\"*already*" },
  { .mode = DPDK_MEMORY_MODE_NO_HUGEPAGES, .args = { "--in-memory" }, .message = "*together*" },
  { .mode = DPDK_MEMORY_MODE_NO_HUGEPAGES,
    .args = { "--huge-dir", "/dev/hugepages" },
    .message = "*\"--no-huge\" does not go together with \"--huge-dir\"*" },
  { .mode = DPDK_MEMORY_MODE_HUGEPAGES_IN_MEMORY,
    .args = { "--huge-unlink=never" },
    .message = "*\"--huge-unlink=never\" does not go together with \"--in-memory\"*" },
  { .mode = DPDK_MEMORY_MODE_HUGEPAGES_IN_MEMORY,
    .args = { "--legacy-mem" },
    .message = "*\"--legacy-mem\" does not go together with \"--in-memory\"*" },
  { .mode = DPDK_MEMORY_MODE_HUGEPAGES_FILES,
    .numa_limit = 64,
    .args = { "--legacy-mem" },
    .message = "*\"--legacy-mem\" does not go together with \"--socket-limit\"*" },
  { .args = { "-a0000:00:01.0", "--block=0000:00:02.0" }, .message = "*together*" },
  { .args = { "--no-such-thing" }, .message = "*unknown*" },
};

static DpdkEalBuilder *
builder_new (const Refusal *refusal)
{
  DpdkEalBuilder *builder = dpdk_eal_builder_new ();

  dpdk_eal_builder_set_memory_mode (builder, refusal->mode);
  dpdk_eal_builder_set_memory (builder, refusal->memory);
  dpdk_eal_builder_set_numa_memory (builder, refusal->node, refusal->numa_memory);
  dpdk_eal_builder_set_numa_limit (builder, refusal->node, refusal->numa_limit);
  dpdk_eal_builder_set_file_prefix (builder, refusal->prefix);
  dpdk_eal_builder_add_args (builder, refusal->args);
  return builder;
}

/* none of them costs the process its one start */
static void
test_refused (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (refusals); i++)
    {
      g_autoptr (DpdkEalBuilder) builder = builder_new (&refusals[i]);
      g_autoptr (GError) error = NULL;

      g_assert_null (dpdk_eal_builder_build (builder, &error));
      g_assert_error (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT);
      if (!g_pattern_match_simple (refusals[i].message, error->message))
        g_error ("\"%s\" does not match \"%s\"", error->message, refusals[i].message);
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
  dpdk_eal_builder_set_iova_mode (builder, DPDK_IOVA_MODE_VA);
  dpdk_eal_builder_add_arg (builder, "--no-hpet");
  eal = dpdk_eal_builder_build (builder, &error);
  g_assert_no_error (error);
  g_assert_true (has_arg (eal, "--no-huge"));
  g_assert_true (has_arg (eal, "-m96"));
  g_assert_true (has_arg (eal, "--file-prefix=chosen"));
  g_assert_true (has_arg (eal, "--iova-mode=va"));
  g_assert_true (has_arg (eal, "--no-hpet"));
  g_assert_true (g_file_test (EAL_RUNTIME_FOLDER "/chosen/dpdk_telemetry.v2", G_FILE_TEST_EXISTS));

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
  eal_test_init (&argc, &argv);
  eal_test_add ("/eal-builder/refused", test_refused);
  eal_test_add ("/eal-builder/without-hugepages", test_without_hugepages);
  eal_test_add ("/eal-builder/memory-size", test_memory_size);
  return g_test_run ();
}
