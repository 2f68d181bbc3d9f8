/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "link-world.h"

#include <string.h>

static void
check_clean (gboolean is_impaired, guint n_queues)
{
  LinkWorld world = link_world_new (n_queues, is_impaired);

  for (guint end = 0; end < 2; end++)
    for (guint queue = 0; queue < n_queues; queue++)
      {
        g_autoptr (GArray) numbers = g_array_new (FALSE, FALSE, sizeof (gint64));
        gint64 deadline = dpdk_test_get_deadline ();

        for (guint i = 0; i < 100; i++)
          link_world_send (&world, end, queue,
                           link_world_new_packet (&world, i, LINK_WORLD_MIN_LENGTH));
        while (numbers->len < 100)
          {
            link_world_receive (&world, 1 - end, queue, numbers);
            g_assert_true (dpdk_test_wait_a_little (deadline));
          }
        link_world_assert_in_order (numbers, 100);
      }
  for (guint end = 0; end < 2; end++)
    {
      DpdkTestLinkStatistics statistics = link_world_get_statistics (&world, end);

      g_assert_cmpuint (statistics.taken, ==, 100 * n_queues);
      g_assert_cmpuint (statistics.passed, ==, 100 * n_queues);
    }
  link_world_clear (&world);
}

static void
test_clean (void)
{
  check_clean (FALSE, 1);
}

static void
test_clean_pumped (void)
{
  check_clean (TRUE, 1);
}

static void
test_queues (void)
{
  check_clean (TRUE, 4);
}

static void
test_queues_direct (void)
{
  check_clean (FALSE, 4);
}

/* a link without a thread has none */
static void
test_no_thread (void)
{
  LinkWorld world = link_world_new (1, FALSE);
  g_autoptr (DpdkTestUsage) before = dpdk_test_usage_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (DpdkTestLink) direct = dpdk_test_link_new (world.eal, 1, &error);
  g_autoptr (DpdkTestLink) pumped = NULL;
  g_autofree char *growth = dpdk_test_usage_describe_growth (before);
  g_autofree char *growth_by_pump = NULL;

  g_assert_no_error (error);
  g_assert_cmpstr (growth, ==, NULL);
  pumped = dpdk_test_link_new_impaired (world.eal, 1, NULL, &error);
  g_assert_no_error (error);
  growth_by_pump = dpdk_test_usage_describe_growth (before);
  g_assert_nonnull (growth_by_pump);
  g_assert_nonnull (strstr (growth_by_pump, "thread "));
  g_clear_object (&pumped);
  dpdk_test_usage_assert_same (before, G_MAXUINT64);
  link_world_clear (&world);
}

/* what a receiver gets is its own, to write into */
static void
test_shared (void)
{
  LinkWorld world = link_world_new (1, TRUE);
  g_autoptr (DpdkPacket) packet = link_world_new_packet (&world, 3, LINK_WORLD_MIN_LENGTH);
  DpdkPacket *received = NULL;
  gsize length;

  link_world_send (&world, 0, 0, dpdk_packet_ref (packet));
  DPDK_TEST_WAIT_UNTIL (dpdk_port_rx_burst (world.ports[1], 0, &received, 1) == 1);
  g_assert_true (dpdk_packet_get_data (received, &length) !=
                 dpdk_packet_get_data (packet, &length));
  dpdk_packet_unref (received);
  g_clear_pointer (&packet, dpdk_packet_unref);
  link_world_clear (&world);
}

/* a receiver that does not look loses nothing */
static void
test_back_pressure (void)
{
  LinkWorld world = link_world_new (1, TRUE);
  g_autoptr (GArray) numbers = g_array_new (FALSE, FALSE, sizeof (gint64));
  gint64 deadline = dpdk_test_get_deadline ();
  guint n = 0;

  for (gint64 end = g_get_monotonic_time () + 50000; g_get_monotonic_time () < end && n < 6000;)
    {
      DpdkPacket *packet = link_world_new_packet (&world, n, LINK_WORLD_MIN_LENGTH);

      if (dpdk_port_tx_burst (world.ports[0], 0, &packet, 1) == 1)
        n++;
      else
        dpdk_packet_unref (packet);
    }
  g_assert_cmpuint (n, >, 1000);
  while (numbers->len < n)
    {
      link_world_receive (&world, 1, 0, numbers);
      g_assert_true (dpdk_test_wait_a_little (deadline));
    }
  link_world_assert_in_order (numbers, n);
  link_world_clear (&world);
}

static void
test_up (void)
{
  LinkWorld world = link_world_new (1, TRUE);
  g_autoptr (GError) error = NULL;

  for (guint end = 0; end < 2; end++)
    {
      g_autoptr (GArray) none = NULL;
      g_autoptr (GArray) all = NULL;

      dpdk_test_link_set_up (world.link, end, FALSE, &error);
      g_assert_no_error (error);
      none = link_world_transfer (&world, 0, 50, LINK_WORLD_MIN_LENGTH);
      g_assert_cmpuint (none->len, ==, 0);
      dpdk_test_link_set_up (world.link, end, TRUE, &error);
      g_assert_no_error (error);
      all = link_world_transfer (&world, 0, 50, LINK_WORLD_MIN_LENGTH);
      link_world_assert_in_order (all, 50);
    }
  g_assert_cmpuint (link_world_get_statistics (&world, 0).lost, ==, 100);
  dpdk_port_close (world.ports[1], &error);
  g_assert_no_error (error);
  g_assert_false (dpdk_test_link_set_up (world.link, 1, FALSE, &error));
  g_assert_error (error, DPDK_ERROR, DPDK_ERROR_CLOSED);
  link_world_clear (&world);
}

static void
test_errors (void)
{
  LinkWorld world = link_world_new (1, FALSE);
  g_autoptr (DpdkTestCapture) capture = dpdk_test_capture_new (1, NULL, NULL, NULL);
  g_autoptr (GBytes) empty = g_bytes_new (NULL, 0);
  g_autoptr (GBytes) long_frame = g_bytes_new_take (g_malloc0 (10000), 10000);
  g_autoptr (GError) error = NULL;

#define ASSERT_FAILS(call, code)                                                                   \
  G_STMT_START                                                                                     \
  {                                                                                                \
    g_assert_false (call);                                                                         \
    g_assert_error (error, DPDK_ERROR, DPDK_ERROR_##code);                                         \
    g_clear_error (&error);                                                                        \
  }                                                                                                \
  G_STMT_END
  ASSERT_FAILS (dpdk_test_link_new (world.eal, 0, &error) != NULL, INVALID_ARGUMENT);
  ASSERT_FAILS (dpdk_test_link_new (world.eal, 17, &error) != NULL, INVALID_ARGUMENT);
  ASSERT_FAILS (dpdk_test_link_set_impairment (world.link, 0, NULL, &error), NOT_SUPPORTED);
  ASSERT_FAILS (dpdk_test_link_capture (world.link, 0, capture, &error), NOT_SUPPORTED);
  ASSERT_FAILS (dpdk_test_link_set_up (world.link, 0, FALSE, &error), NOT_SUPPORTED);
  ASSERT_FAILS (dpdk_test_link_inject (world.link, 0, empty, &error), INVALID_ARGUMENT);
  ASSERT_FAILS (dpdk_test_link_inject (world.link, 0, long_frame, &error), INVALID_ARGUMENT);
  dpdk_port_close (world.ports[0], &error);
  g_assert_no_error (error);
  {
    g_autoptr (GBytes) frame = g_bytes_new_static ("0123456789abcdef", 16);

    ASSERT_FAILS (dpdk_test_link_inject (world.link, 0, frame, &error), CLOSED);
    for (guint i = 0; i < 10000 && error == NULL; i++)
      dpdk_test_link_inject (world.link, 1, frame, &error);
    g_assert_error (error, DPDK_ERROR, DPDK_ERROR_NO_MEMORY);
  }
#undef ASSERT_FAILS
  link_world_clear (&world);
}

static void
check_drop_order (gboolean is_impaired, guint order)
{
  LinkWorld world = link_world_new (1, is_impaired);
  DpdkPort *ports[2] = { g_object_ref (world.ports[0]), g_object_ref (world.ports[1]) };
  g_autoptr (DpdkTestImpairment) impairment = dpdk_test_impairment_new ();

  /* some on the way, some held back, some arrived */
  if (is_impaired)
    {
      dpdk_test_impairment_set_delay (impairment, 60000000);
      link_world_set_impairment (&world, 0, impairment);
      dpdk_test_impairment_set_delay (impairment, 0);
      dpdk_test_impairment_set_reorder (impairment, 0.5);
      link_world_set_impairment (&world, 1, impairment);
    }
  for (guint i = 0; i < 100; i++)
    {
      link_world_send (&world, 0, 0, link_world_new_packet (&world, i, LINK_WORLD_MIN_LENGTH));
      link_world_send (&world, 1, 0, link_world_new_packet (&world, i, LINK_WORLD_MIN_LENGTH));
    }
  for (guint step = 0; step < 3; step++)
    switch ((order / (step == 0 ? 1 : step == 1 ? 3 : 9)) % 3)
      {
      case 0:
        g_clear_object (&world.link);
        break;
      case 1:
        g_clear_object (&ports[0]);
        break;
      default:
        g_clear_object (&ports[1]);
        break;
      }
  g_clear_object (&world.link);
  g_clear_object (&ports[0]);
  g_clear_object (&ports[1]);
  dpdk_test_assert_pool_full (world.pool);
  g_clear_object (&world.pool);
  g_clear_object (&world.eal);
}

static void
test_drop_order (gconstpointer data)
{
  check_drop_order (GPOINTER_TO_UINT (data) >= 27, GPOINTER_TO_UINT (data) % 27);
}

static void
check_inject (gboolean is_impaired)
{
  LinkWorld world = link_world_new (1, is_impaired);
  g_autoptr (GArray) numbers = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (GError) error = NULL;

  for (guint32 i = 0; i < 100; i++)
    {
      guint8 frame[100];
      g_autoptr (GBytes) bytes = NULL;

      link_world_fill_frame (frame, sizeof frame, i);
      bytes = g_bytes_new (frame, sizeof frame);
      dpdk_test_link_inject (world.link, 1, bytes, &error);
      g_assert_no_error (error);
    }
  DPDK_TEST_WAIT_UNTIL (link_world_receive (&world, 1, 0, numbers) == 0 && numbers->len == 100);
  link_world_assert_in_order (numbers, 100);
  g_assert_cmpuint (link_world_get_statistics (&world, 0).taken, ==, 0);
  link_world_clear (&world);
}

static void
test_inject (void)
{
  check_inject (TRUE);
}

static void
test_inject_direct (void)
{
  check_inject (FALSE);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
#define ADD(path, func) dpdk_test_add_func ("/testing/link/" path, DPDK_TEST_FLAGS_NONE, func)
  ADD ("clean", test_clean);
  ADD ("clean-pumped", test_clean_pumped);
  ADD ("queues", test_queues);
  ADD ("queues-direct", test_queues_direct);
  ADD ("no-thread", test_no_thread);
  ADD ("shared", test_shared);
  ADD ("back-pressure", test_back_pressure);
  ADD ("up", test_up);
  ADD ("errors", test_errors);
  ADD ("inject", test_inject);
  ADD ("inject-direct", test_inject_direct);
#undef ADD
  /* the permutations of link, port 0, port 1, as numbers to the base of 3 */
  for (guint i = 0; i < 54; i++)
    {
      guint digits[] = { i % 27 % 3, i % 27 / 3 % 3, i % 27 / 9 };
      g_autofree char *path = NULL;

      if (digits[0] == digits[1] || digits[0] == digits[2] || digits[1] == digits[2])
        continue;
      path = g_strdup_printf ("/testing/link/drop-order/%s/%u%u%u", i < 27 ? "direct" : "impaired",
                              digits[0], digits[1], digits[2]);
      dpdk_test_add_data_func (path, DPDK_TEST_FLAGS_NONE, GUINT_TO_POINTER (i), test_drop_order);
    }
  return g_test_run ();
}
