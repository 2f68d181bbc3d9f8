/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "link-world.h"

#include <math.h>
#include <string.h>

/* far from what chance does: the tests must not fail by it */
#define N_STANDARD_DEVIATIONS 6

static void
assert_probable (guint64 n, guint64 of, double probability)
{
  double mean = (double) of * probability;
  double deviation = sqrt (mean * (1 - probability));

  g_assert_cmpfloat (fabs ((double) n - mean), <, N_STANDARD_DEVIATIONS * deviation + 1);
}

static void
test_loss (void)
{
  LinkWorld world = link_world_new (1, TRUE);
  const guint n = dpdk_test_scale (20000);
  g_autoptr (DpdkTestImpairment) impairment = dpdk_test_impairment_new ();
  g_autoptr (GArray) numbers = NULL;
  DpdkTestLinkStatistics statistics;

  dpdk_test_impairment_set_loss (impairment, 0.1);
  link_world_set_impairment (&world, 0, impairment);
  numbers = link_world_transfer (&world, 0, n, LINK_WORLD_MIN_LENGTH);
  statistics = link_world_get_statistics (&world, 0);
  g_assert_cmpuint (statistics.passed, ==, numbers->len);
  g_assert_cmpuint (statistics.lost, ==, n - numbers->len);
  assert_probable (statistics.lost, n, 0.1);
  for (guint i = 1; i < numbers->len; i++)
    g_assert_cmpint (g_array_index (numbers, gint64, i), >, g_array_index (numbers, gint64, i - 1));
  g_array_unref (g_steal_pointer (&numbers));
  /* the other direction is as it was */
  numbers = link_world_transfer (&world, 1, 1000, LINK_WORLD_MIN_LENGTH);
  link_world_assert_in_order (numbers, 1000);
  link_world_clear (&world);
}

static void
test_duplicate (void)
{
  LinkWorld world = link_world_new (1, TRUE);
  const guint n = dpdk_test_scale (20000);
  g_autoptr (DpdkTestImpairment) impairment = dpdk_test_impairment_new ();
  g_autoptr (GArray) numbers = NULL;
  DpdkTestLinkStatistics statistics;
  guint n_twice = 0;

  dpdk_test_impairment_set_duplicate (impairment, 0.05);
  link_world_set_impairment (&world, 0, impairment);
  numbers = link_world_transfer (&world, 0, n, 200);
  statistics = link_world_get_statistics (&world, 0);
  for (guint i = 1; i < numbers->len; i++)
    n_twice += g_array_index (numbers, gint64, i) == g_array_index (numbers, gint64, i - 1) ? 1 : 0;
  g_assert_cmpuint (statistics.duplicated, ==, n_twice);
  g_assert_cmpuint (numbers->len, ==, n + n_twice);
  assert_probable (n_twice, n, 0.05);
  link_world_clear (&world);
}

static void
test_reorder (void)
{
  LinkWorld world = link_world_new (1, TRUE);
  const guint n = dpdk_test_scale (20000);
  g_autoptr (DpdkTestImpairment) impairment = dpdk_test_impairment_new ();
  g_autofree gboolean *seen = g_new0 (gboolean, n);
  g_autoptr (GArray) numbers = NULL;
  DpdkTestLinkStatistics statistics;
  gint64 last = -1;
  guint n_late = 0;

  dpdk_test_impairment_set_reorder (impairment, 0.02);
  link_world_set_impairment (&world, 0, impairment);
  numbers = link_world_transfer (&world, 0, n, LINK_WORLD_MIN_LENGTH);
  statistics = link_world_get_statistics (&world, 0);
  g_assert_cmpuint (numbers->len, ==, n);
  for (guint i = 0; i < n; i++)
    {
      gint64 number = g_array_index (numbers, gint64, i);

      g_assert_false (seen[number]);
      seen[number] = TRUE;
      n_late += number < last ? 1 : 0;
      last = MAX (last, number);
    }
  g_assert_cmpuint (n_late, ==, statistics.reordered);
  /* the last one may have nobody who overtakes it, and on a slow machine others */
  g_assert_cmpuint (n_late, >, n / 100);
  g_assert_cmpuint (n_late, <, n * 3 / 100);
  link_world_clear (&world);
}

/* the sender keeps a reference, and its data */
static void
test_corrupt (void)
{
  LinkWorld world = link_world_new (1, TRUE);
  const guint n = dpdk_test_scale (5000);
  g_autoptr (DpdkTestImpairment) impairment = dpdk_test_impairment_new ();
  g_autoptr (GArray) numbers = NULL;
  DpdkTestLinkStatistics statistics;
  g_autoptr (DpdkPacket) packet = NULL;
  guint n_changed = 0;
  guint8 frame[100];
  gsize length;

  dpdk_test_impairment_set_corrupt (impairment, 0.1);
  link_world_set_impairment (&world, 0, impairment);
  numbers = link_world_transfer (&world, 0, n, 100);
  statistics = link_world_get_statistics (&world, 0);
  g_assert_cmpuint (numbers->len, ==, n);
  for (guint i = 0; i < n; i++)
    n_changed += g_array_index (numbers, gint64, i) != i ? 1 : 0;
  g_assert_cmpuint (n_changed, ==, statistics.corrupted);
  assert_probable (n_changed, n, 0.1);

  dpdk_test_impairment_set_corrupt (impairment, 1);
  link_world_set_impairment (&world, 0, impairment);
  packet = link_world_new_packet (&world, 7, sizeof frame);
  link_world_send (&world, 0, 0, dpdk_packet_ref (packet));
  DPDK_TEST_WAIT_UNTIL (link_world_receive (&world, 1, 0, numbers) > 0);
  g_assert_cmpint (g_array_index (numbers, gint64, n), !=, 7);
  link_world_fill_frame (frame, sizeof frame, 7);
  g_assert_cmpmem (dpdk_packet_get_data (packet, &length), length, frame, sizeof frame);
  g_assert_cmpuint (length, ==, sizeof frame);
  g_clear_pointer (&packet, dpdk_packet_unref);
  link_world_clear (&world);
}

static void
fill_everything (DpdkTestImpairment *impairment)
{
  dpdk_test_impairment_set_loss (impairment, 0.1);
  dpdk_test_impairment_set_duplicate (impairment, 0.1);
  dpdk_test_impairment_set_corrupt (impairment, 0.1);
}

/* the same packets have the same fate, on another link too, and another one with another seed */
static void
test_deterministic (void)
{
  LinkWorld world = link_world_new (1, TRUE);
  g_autoptr (DpdkTestImpairment) impairment = dpdk_test_impairment_new ();
  g_autoptr (GPtrArray) runs = g_ptr_array_new_with_free_func ((GDestroyNotify) g_array_unref);
  const guint64 seeds[] = { 1, 1, 2 };
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (dpdk_test_impairment_get_seed (impairment), ==, dpdk_test_get_seed ());
  fill_everything (impairment);
  for (guint i = 0; i < G_N_ELEMENTS (seeds); i++)
    {
      g_clear_object (&world.link);
      link_world_set_link (&world, dpdk_test_link_new_impaired (world.eal, 1, NULL, &error));
      g_assert_no_error (error);
      dpdk_test_impairment_set_seed (impairment, seeds[i]);
      link_world_set_impairment (&world, 0, impairment);
      link_world_set_impairment (&world, 1, impairment);
      g_ptr_array_add (runs, link_world_transfer (&world, 0, 2000, 100));
      g_ptr_array_add (runs, link_world_transfer (&world, 1, 2000, 100));
    }
#define RUN(i) ((GArray *) g_ptr_array_index (runs, i))
#define SIZE(i) (RUN (i)->len * sizeof (gint64))
  g_assert_cmpmem (RUN (0)->data, SIZE (0), RUN (2)->data, SIZE (2));
  g_assert_cmpmem (RUN (1)->data, SIZE (1), RUN (3)->data, SIZE (3));
  for (guint i = 1; i < runs->len; i += 3)
    g_assert_false (SIZE (0) == SIZE (i) && memcmp (RUN (0)->data, RUN (i)->data, SIZE (0)) == 0);
#undef RUN
#undef SIZE
  link_world_clear (&world);
}

static void
test_delay (void)
{
  LinkWorld world = link_world_new (1, TRUE);
  g_autoptr (DpdkTestImpairment) impairment = dpdk_test_impairment_new ();

  dpdk_test_impairment_set_delay (impairment, 20000);
  dpdk_test_impairment_set_jitter (impairment, 5000);
  link_world_set_impairment (&world, 0, impairment);
  for (guint i = 0; i < 10; i++)
    {
      g_autoptr (GArray) numbers = NULL;
      gint64 start = g_get_monotonic_time ();

      numbers = link_world_transfer (&world, 0, 10, LINK_WORLD_MIN_LENGTH);
      link_world_assert_in_order (numbers, 10);
      g_assert_cmpint (g_get_monotonic_time () - start, >=, 15000);
    }
  link_world_clear (&world);
}

/* never faster, and no slower than a busy machine makes it */
static void
test_bandwidth (void)
{
  LinkWorld world = link_world_new (1, TRUE);
  const guint n = 500, length = 1000;
  const gint64 expected_us = 400 * G_TIME_SPAN_MILLISECOND;
  g_autoptr (DpdkTestImpairment) impairment = dpdk_test_impairment_new ();
  g_autoptr (GArray) numbers = NULL;
  gint64 start, duration;

  dpdk_test_impairment_set_bandwidth (impairment, n * length * 8 * 10 / 4);
  link_world_set_impairment (&world, 0, impairment);
  start = g_get_monotonic_time ();
  numbers = link_world_transfer (&world, 0, n, length);
  duration = g_get_monotonic_time () - start;
  g_test_message ("%.1f ms for %.1f", (double) duration / 1000, (double) expected_us / 1000);
  link_world_assert_in_order (numbers, n);
  g_assert_cmpint (duration, >=, expected_us);
  g_assert_cmpint (duration, <, 20 * expected_us);
  link_world_clear (&world);
}

static void
test_queue_limit (void)
{
  LinkWorld world = link_world_new (1, TRUE);
  g_autoptr (DpdkTestImpairment) impairment = dpdk_test_impairment_new ();
  g_autoptr (GArray) numbers = NULL;
  DpdkTestLinkStatistics statistics;

  /* 4 ms for each */
  dpdk_test_impairment_set_bandwidth (impairment, 1000 * 8 * 250);
  dpdk_test_impairment_set_queue_limit (impairment, 10);
  link_world_set_impairment (&world, 0, impairment);
  numbers = link_world_transfer (&world, 0, 100, 1000);
  statistics = link_world_get_statistics (&world, 0);
  g_assert_cmpuint (numbers->len, ==, statistics.passed);
  g_assert_cmpuint (statistics.queue_dropped, >, 0);
  g_assert_cmpuint (statistics.passed, >=, 10);
  for (guint i = 0; i < 10; i++)
    g_assert_cmpint (g_array_index (numbers, gint64, i), ==, i);
  link_world_clear (&world);
}

static void
test_change (void)
{
  LinkWorld world = link_world_new (1, TRUE);
  g_autoptr (DpdkTestImpairment) impairment = dpdk_test_impairment_new ();
  g_autoptr (DpdkTestImpairment) got = NULL;

  dpdk_test_impairment_set_loss (impairment, 1);
  for (guint i = 0; i < 10; i++)
    {
      g_autoptr (GArray) all = NULL;
      g_autoptr (GArray) none = NULL;

      all = link_world_transfer (&world, 0, 50, LINK_WORLD_MIN_LENGTH);
      link_world_assert_in_order (all, 50);
      link_world_set_impairment (&world, 0, impairment);
      none = link_world_transfer (&world, 0, 50, LINK_WORLD_MIN_LENGTH);
      g_assert_cmpuint (none->len, ==, 0);
      link_world_set_impairment (&world, 0, NULL);
    }
  link_world_set_impairment (&world, 1, impairment);
  got = dpdk_test_link_dup_impairment (world.link, 1);
  g_assert_cmpfloat (dpdk_test_impairment_get_loss (got), ==, 1);
  link_world_clear (&world);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
#define ADD(path, func) dpdk_test_add_func ("/testing/impairment/" path, DPDK_TEST_FLAGS_NONE, func)
  ADD ("loss", test_loss);
  ADD ("duplicate", test_duplicate);
  ADD ("reorder", test_reorder);
  ADD ("corrupt", test_corrupt);
  ADD ("deterministic", test_deterministic);
  ADD ("delay", test_delay);
  ADD ("bandwidth", test_bandwidth);
  ADD ("queue-limit", test_queue_limit);
  ADD ("change", test_change);
#undef ADD
  return g_test_run ();
}
