/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* starts that fail, and say why */
#include "eal-fixture.h"

#define N_STARTERS 8

static void
test_out_of_memory (void)
{
  eal_assert_start_fails (
      &(EalSettings){ .mode = DPDK_MEMORY_MODE_NO_HUGEPAGES, .memory = 1 << 30 },
      "rte_eal_init (*-m1073741824*)*: *Cannot *memory*");
}

/* DPDK cannot make its folder */
static void
test_without_permission (void)
{
  if (!eal_drop_privileges (0))
    return;
  /* without a shared configuration it would go on */
  eal_assert_start_fails (&(EalSettings){ .args = { "--huge-unlink=existing" } },
                          "rte_eal_init (--huge-unlink=existing *)*Permission denied*");
  eal_regain_privileges ();
}

/* that one is seen before DPDK can be spoilt by it */
static void
test_unknown_argument (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (eal_build (&(EalSettings){ .args = { "--no-such-thing" } }, &error));
  eal_assert_error (&error, DPDK_ERROR_INVALID_ARGUMENT, "*\"--no-such-thing\" is unknown");
  g_assert_cmpint (dpdk_eal_get_process_state (), ==, DPDK_EAL_STATE_NEVER);
  eal_end (eal_new ());
}

/* and this only DPDK can see */
static void
test_unknown_value (void)
{
  eal_assert_start_fails (&(EalSettings){ .mode = DPDK_MEMORY_MODE_NO_HUGEPAGES,
                                          .memory = 64,
                                          .args = { "--base-virtaddr=nowhere" } },
                          "rte_eal_init (*)*: *--base-virtaddr*");
}

static gpointer
start (gpointer data)
{
  g_autoptr (GError) error = NULL;
  DpdkEal *eal = eal_build (data, &error);

  g_assert_true ((eal == NULL) == (error != NULL));
  if (error != NULL)
    g_assert_true (g_error_matches (error, DPDK_ERROR, DPDK_ERROR_EAL_INIT) ||
                   g_error_matches (error, DPDK_ERROR, DPDK_ERROR_EAL_DEAD));
  return eal;
}

static void
start_on_many_threads (const EalSettings *settings, DpdkEal **eals)
{
  GThread *threads[N_STARTERS];

  for (guint i = 0; i < N_STARTERS; i++)
    threads[i] = g_thread_new ("starter", start, (gpointer) settings);
  for (guint i = 0; i < N_STARTERS; i++)
    eals[i] = g_thread_join (threads[i]);
}

/* one of them starts it, and the others get the same */
static void
test_many_threads (void)
{
  DpdkEal *eals[N_STARTERS];

  start_on_many_threads (&(EalSettings){ .mode = DPDK_MEMORY_MODE_NO_HUGEPAGES, .memory = 64 },
                         eals);
  for (guint i = 1; i < N_STARTERS; i++)
    {
      g_assert_true (eals[i] == eals[0]);
      g_object_unref (eals[i]);
    }
  eal_end (eals[0]);
}

static void
test_many_threads_fail (void)
{
  DpdkEal *eals[N_STARTERS];

  start_on_many_threads (&(EalSettings){ .mode = DPDK_MEMORY_MODE_NO_HUGEPAGES, .memory = 1 << 30 },
                         eals);
  for (guint i = 0; i < N_STARTERS; i++)
    g_assert_null (eals[i]);
  g_assert_cmpint (dpdk_eal_get_process_state (), ==, DPDK_EAL_STATE_DEAD);
}

/* what g_object_new() makes is no EAL, and says so */
static void
test_not_started (void)
{
  DpdkEal *other = g_object_new (DPDK_TYPE_EAL, NULL);
  DpdkEal *eal = eal_new ();
  g_autoptr (GError) error = NULL;

  g_assert_null (dpdk_eal_get_args (other)[0]);
  g_assert_null (dpdk_mempool_new (other, 63, 0, 2048, -1, &error));
  eal_assert_error (&error, DPDK_ERROR_EAL_DEAD, "*was not made by dpdk_eal_new()");
  g_assert_null (dpdk_lcore_register (other, &error));
  eal_assert_error (&error, DPDK_ERROR_EAL_DEAD, "*was not made by dpdk_eal_new()");
  g_assert_false (dpdk_eal_shutdown (other, 0, &error));
  eal_assert_error (&error, DPDK_ERROR_EAL_DEAD, "*was not made by dpdk_eal_new()");
  g_assert_finalize_object (other);
  g_assert_cmpint (dpdk_eal_get_state (eal), ==, DPDK_EAL_STATE_UP);
  eal_end (eal);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/eal-init/out-of-memory", DPDK_TEST_FLAGS_NONE, test_out_of_memory);
  dpdk_test_add_func ("/eal-init/without-permission", DPDK_TEST_FLAGS_NONE,
                      test_without_permission);
  dpdk_test_add_func ("/eal-init/unknown-argument", DPDK_TEST_FLAGS_NONE, test_unknown_argument);
  dpdk_test_add_func ("/eal-init/unknown-value", DPDK_TEST_FLAGS_NONE, test_unknown_value);
  dpdk_test_add_func ("/eal-init/many-threads", DPDK_TEST_FLAGS_NONE, test_many_threads);
  dpdk_test_add_func ("/eal-init/many-threads-fail", DPDK_TEST_FLAGS_NONE, test_many_threads_fail);
  dpdk_test_add_func ("/eal-init/not-started", DPDK_TEST_FLAGS_NONE, test_not_started);
  return g_test_run ();
}
