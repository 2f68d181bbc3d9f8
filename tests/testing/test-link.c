/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <dpdk-glib-testing.h>
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#define CAPACITY 8191
#define BURST 32
#define HEADER 14
#define MIN_LENGTH 60
/* far from what chance does: the tests must not fail by it */
#define N_STANDARD_DEVIATIONS 6

typedef struct {
  DpdkEal *eal;
  DpdkMempool *pool;
  DpdkTestLink *link;
  DpdkPort *ports[2];
} World;

static void
world_set_link (World *self, DpdkTestLink *link)
{
  g_autoptr (GError) error = NULL;

  self->link = link;
  for (guint end = 0; end < 2; end++)
    {
      DpdkPort *port = self->ports[end] = dpdk_test_link_get_port (link, end);

      dpdk_port_configure (port, self->pool, dpdk_test_link_get_n_queues (link), 128, &error);
      g_assert_no_error (error);
      dpdk_port_start (port, &error);
      g_assert_no_error (error);
    }
}

static World
world_new (guint n_queues, gboolean is_impaired)
{
  World self = { 0 };
  g_autoptr (GError) error = NULL;
  DpdkTestLink *link;

  self.eal = dpdk_eal_new (NULL, &error);
  g_assert_no_error (error);
  self.pool = dpdk_mempool_new (self.eal, CAPACITY, 0, 2048, -1, &error);
  g_assert_no_error (error);
  link = is_impaired ? dpdk_test_link_new_impaired (self.eal, n_queues, NULL, &error)
                     : dpdk_test_link_new (self.eal, n_queues, &error);
  g_assert_no_error (error);
  world_set_link (&self, link);
  return self;
}

static void
world_clear (World *self)
{
  g_assert_finalize_object (g_steal_pointer (&self->link));
  dpdk_test_assert_pool_full (self->pool);
  g_clear_object (&self->pool);
  g_clear_object (&self->eal);
}

static void
set_impairment (World *self, guint end, const DpdkTestImpairment *impairment)
{
  g_autoptr (GError) error = NULL;

  dpdk_test_link_set_impairment (self->link, end, impairment, &error);
  g_assert_no_error (error);
}

/* a frame that has its number behind the header, and in each byte of the rest */
static void
fill_frame (guint8 *frame, gsize length, guint32 number)
{
  memset (frame, (int) (number & 0xff), length);
  memcpy (frame + HEADER, &number, sizeof number);
}

static DpdkPacket *
new_packet (World *self, guint32 number, gsize length)
{
  g_autoptr (GError) error = NULL;
  DpdkPacket *packet = dpdk_mempool_acquire (self->pool, &error);
  guint8 frame[1514];

  g_assert_no_error (error);
  fill_frame (frame, length, number);
  dpdk_packet_append (packet, frame, length, &error);
  g_assert_no_error (error);
  return packet;
}

static void
send_packet (World *self, guint end, guint queue, DpdkPacket *packet)
{
  gint64 deadline = dpdk_test_get_deadline ();

  while (dpdk_port_tx_burst (self->ports[end], queue, &packet, 1) == 0)
    g_assert_true (dpdk_test_wait_a_little (deadline));
}

/* what arrives at @end, as numbers; the number of a packet that was changed is negative */
static guint
receive (World *self, guint end, guint queue, GArray *numbers)
{
  DpdkPacket *packets[BURST];
  guint n = dpdk_port_rx_burst (self->ports[end], queue, packets, BURST);

  for (guint i = 0; i < n; i++)
    {
      guint8 frame[1514];
      gsize length;
      const guint8 *data = dpdk_packet_get_data (packets[i], &length);
      gint64 result;
      guint32 number;

      g_assert_cmpuint (length, >=, MIN_LENGTH);
      memcpy (&number, data + HEADER, sizeof number);
      fill_frame (frame, length, number);
      result = memcmp (frame, data, length) == 0 ? (gint64) number : -1 - (gint64) number;
      g_array_append_val (numbers, result);
      dpdk_packet_unref (packets[i]);
    }
  return n;
}

static DpdkTestLinkStatistics
get_statistics (World *self, guint end)
{
  DpdkTestLinkStatistics statistics;

  dpdk_test_link_get_statistics (self->link, end, &statistics);
  g_assert_cmpuint (statistics.taken + statistics.duplicated, ==,
                    statistics.passed + statistics.lost + statistics.queue_dropped +
                        statistics.pending);
  return statistics;
}

static gboolean
is_over (World *self, guint end, guint n)
{
  DpdkTestLinkStatistics statistics = get_statistics (self, end);

  return statistics.taken == n && statistics.pending == 0;
}

/* sends @n packets from @end and gives those that arrive */
static GArray *
transfer (World *self, guint end, guint n, gsize length)
{
  GArray *numbers = g_array_new (FALSE, FALSE, sizeof (gint64));
  guint before = (guint) get_statistics (self, end).taken;
  gint64 deadline = dpdk_test_get_deadline ();

  for (guint i = 0; i < n; i++)
    {
      send_packet (self, end, 0, new_packet (self, i, length));
      receive (self, 1 - end, 0, numbers);
    }
  while (receive (self, 1 - end, 0, numbers) > 0 || !is_over (self, end, before + n))
    g_assert_true (dpdk_test_wait_a_little (deadline));
  while (receive (self, 1 - end, 0, numbers) > 0)
    ;
  return numbers;
}

static void
assert_probable (guint64 n, guint64 of, double probability)
{
  double mean = (double) of * probability;
  double deviation = sqrt (mean * (1 - probability));

  g_assert_cmpfloat (fabs ((double) n - mean), <, N_STANDARD_DEVIATIONS * deviation + 1);
}

static void
assert_in_order (GArray *numbers, guint n)
{
  g_assert_cmpuint (numbers->len, ==, n);
  for (guint i = 0; i < n; i++)
    g_assert_cmpint (g_array_index (numbers, gint64, i), ==, i);
}

static void
check_clean (gboolean is_impaired, guint n_queues)
{
  World world = world_new (n_queues, is_impaired);

  for (guint end = 0; end < 2; end++)
    for (guint queue = 0; queue < n_queues; queue++)
      {
        g_autoptr (GArray) numbers = g_array_new (FALSE, FALSE, sizeof (gint64));
        gint64 deadline = dpdk_test_get_deadline ();

        for (guint i = 0; i < 100; i++)
          send_packet (&world, end, queue, new_packet (&world, i, MIN_LENGTH));
        while (numbers->len < 100)
          {
            receive (&world, 1 - end, queue, numbers);
            g_assert_true (dpdk_test_wait_a_little (deadline));
          }
        assert_in_order (numbers, 100);
      }
  for (guint end = 0; end < 2; end++)
    {
      DpdkTestLinkStatistics statistics = get_statistics (&world, end);

      g_assert_cmpuint (statistics.taken, ==, 100 * n_queues);
      g_assert_cmpuint (statistics.passed, ==, 100 * n_queues);
    }
  world_clear (&world);
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
  World world = world_new (1, FALSE);
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
  world_clear (&world);
}

static void
test_loss (void)
{
  World world = world_new (1, TRUE);
  const guint n = dpdk_test_scale (20000);
  g_autoptr (DpdkTestImpairment) impairment = dpdk_test_impairment_new ();
  g_autoptr (GArray) numbers = NULL;
  DpdkTestLinkStatistics statistics;

  dpdk_test_impairment_set_loss (impairment, 0.1);
  set_impairment (&world, 0, impairment);
  numbers = transfer (&world, 0, n, MIN_LENGTH);
  statistics = get_statistics (&world, 0);
  g_assert_cmpuint (statistics.passed, ==, numbers->len);
  g_assert_cmpuint (statistics.lost, ==, n - numbers->len);
  assert_probable (statistics.lost, n, 0.1);
  for (guint i = 1; i < numbers->len; i++)
    g_assert_cmpint (g_array_index (numbers, gint64, i), >, g_array_index (numbers, gint64, i - 1));
  g_array_unref (g_steal_pointer (&numbers));
  /* the other direction is as it was */
  numbers = transfer (&world, 1, 1000, MIN_LENGTH);
  assert_in_order (numbers, 1000);
  world_clear (&world);
}

static void
test_duplicate (void)
{
  World world = world_new (1, TRUE);
  const guint n = dpdk_test_scale (20000);
  g_autoptr (DpdkTestImpairment) impairment = dpdk_test_impairment_new ();
  g_autoptr (GArray) numbers = NULL;
  DpdkTestLinkStatistics statistics;
  guint n_twice = 0;

  dpdk_test_impairment_set_duplicate (impairment, 0.05);
  set_impairment (&world, 0, impairment);
  numbers = transfer (&world, 0, n, 200);
  statistics = get_statistics (&world, 0);
  for (guint i = 1; i < numbers->len; i++)
    n_twice += g_array_index (numbers, gint64, i) == g_array_index (numbers, gint64, i - 1) ? 1 : 0;
  g_assert_cmpuint (statistics.duplicated, ==, n_twice);
  g_assert_cmpuint (numbers->len, ==, n + n_twice);
  assert_probable (n_twice, n, 0.05);
  world_clear (&world);
}

static void
test_reorder (void)
{
  World world = world_new (1, TRUE);
  const guint n = dpdk_test_scale (20000);
  g_autoptr (DpdkTestImpairment) impairment = dpdk_test_impairment_new ();
  g_autofree gboolean *seen = g_new0 (gboolean, n);
  g_autoptr (GArray) numbers = NULL;
  DpdkTestLinkStatistics statistics;
  gint64 last = -1;
  guint n_late = 0;

  dpdk_test_impairment_set_reorder (impairment, 0.02);
  set_impairment (&world, 0, impairment);
  numbers = transfer (&world, 0, n, MIN_LENGTH);
  statistics = get_statistics (&world, 0);
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
  world_clear (&world);
}

/* the sender keeps a reference, and its data */
static void
test_corrupt (void)
{
  World world = world_new (1, TRUE);
  const guint n = dpdk_test_scale (5000);
  g_autoptr (DpdkTestImpairment) impairment = dpdk_test_impairment_new ();
  g_autoptr (GArray) numbers = NULL;
  DpdkTestLinkStatistics statistics;
  g_autoptr (DpdkPacket) packet = NULL;
  guint n_changed = 0;
  guint8 frame[100];
  gsize length;

  dpdk_test_impairment_set_corrupt (impairment, 0.1);
  set_impairment (&world, 0, impairment);
  numbers = transfer (&world, 0, n, 100);
  statistics = get_statistics (&world, 0);
  g_assert_cmpuint (numbers->len, ==, n);
  for (guint i = 0; i < n; i++)
    n_changed += g_array_index (numbers, gint64, i) != i ? 1 : 0;
  g_assert_cmpuint (n_changed, ==, statistics.corrupted);
  assert_probable (n_changed, n, 0.1);

  dpdk_test_impairment_set_corrupt (impairment, 1);
  set_impairment (&world, 0, impairment);
  packet = new_packet (&world, 7, sizeof frame);
  send_packet (&world, 0, 0, dpdk_packet_ref (packet));
  DPDK_TEST_WAIT_UNTIL (receive (&world, 1, 0, numbers) > 0);
  g_assert_cmpint (g_array_index (numbers, gint64, n), !=, 7);
  fill_frame (frame, sizeof frame, 7);
  g_assert_cmpmem (dpdk_packet_get_data (packet, &length), length, frame, sizeof frame);
  g_assert_cmpuint (length, ==, sizeof frame);
  g_clear_pointer (&packet, dpdk_packet_unref);
  world_clear (&world);
}

/* what a receiver gets is its own, to write into */
static void
test_shared (void)
{
  World world = world_new (1, TRUE);
  g_autoptr (DpdkPacket) packet = new_packet (&world, 3, MIN_LENGTH);
  DpdkPacket *received = NULL;
  gsize length;

  send_packet (&world, 0, 0, dpdk_packet_ref (packet));
  DPDK_TEST_WAIT_UNTIL (dpdk_port_rx_burst (world.ports[1], 0, &received, 1) == 1);
  g_assert_true (dpdk_packet_get_data (received, &length) !=
                 dpdk_packet_get_data (packet, &length));
  dpdk_packet_unref (received);
  g_clear_pointer (&packet, dpdk_packet_unref);
  world_clear (&world);
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
  World world = world_new (1, TRUE);
  g_autoptr (DpdkTestImpairment) impairment = dpdk_test_impairment_new ();
  g_autoptr (GPtrArray) runs = g_ptr_array_new_with_free_func ((GDestroyNotify) g_array_unref);
  const guint64 seeds[] = { 1, 1, 2 };
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (dpdk_test_impairment_get_seed (impairment), ==, dpdk_test_get_seed ());
  fill_everything (impairment);
  for (guint i = 0; i < G_N_ELEMENTS (seeds); i++)
    {
      g_clear_object (&world.link);
      world_set_link (&world, dpdk_test_link_new_impaired (world.eal, 1, NULL, &error));
      g_assert_no_error (error);
      dpdk_test_impairment_set_seed (impairment, seeds[i]);
      set_impairment (&world, 0, impairment);
      set_impairment (&world, 1, impairment);
      g_ptr_array_add (runs, transfer (&world, 0, 2000, 100));
      g_ptr_array_add (runs, transfer (&world, 1, 2000, 100));
    }
#define RUN(i) ((GArray *) g_ptr_array_index (runs, i))
#define SIZE(i) (RUN (i)->len * sizeof (gint64))
  g_assert_cmpmem (RUN (0)->data, SIZE (0), RUN (2)->data, SIZE (2));
  g_assert_cmpmem (RUN (1)->data, SIZE (1), RUN (3)->data, SIZE (3));
  for (guint i = 1; i < runs->len; i += 3)
    g_assert_false (SIZE (0) == SIZE (i) && memcmp (RUN (0)->data, RUN (i)->data, SIZE (0)) == 0);
#undef RUN
#undef SIZE
  world_clear (&world);
}

static void
test_delay (void)
{
  World world = world_new (1, TRUE);
  g_autoptr (DpdkTestImpairment) impairment = dpdk_test_impairment_new ();

  dpdk_test_impairment_set_delay (impairment, 20000);
  dpdk_test_impairment_set_jitter (impairment, 5000);
  set_impairment (&world, 0, impairment);
  for (guint i = 0; i < 10; i++)
    {
      g_autoptr (GArray) numbers = NULL;
      gint64 start = g_get_monotonic_time ();

      numbers = transfer (&world, 0, 10, MIN_LENGTH);
      assert_in_order (numbers, 10);
      g_assert_cmpint (g_get_monotonic_time () - start, >=, 15000);
    }
  world_clear (&world);
}

/* never faster, and no slower than a busy machine makes it */
static void
test_bandwidth (void)
{
  World world = world_new (1, TRUE);
  const guint n = 500, length = 1000;
  const gint64 expected_us = 400 * G_TIME_SPAN_MILLISECOND;
  g_autoptr (DpdkTestImpairment) impairment = dpdk_test_impairment_new ();
  g_autoptr (GArray) numbers = NULL;
  gint64 start, duration;

  dpdk_test_impairment_set_bandwidth (impairment, n * length * 8 * 10 / 4);
  set_impairment (&world, 0, impairment);
  start = g_get_monotonic_time ();
  numbers = transfer (&world, 0, n, length);
  duration = g_get_monotonic_time () - start;
  g_test_message ("%.1f ms for %.1f", (double) duration / 1000, (double) expected_us / 1000);
  assert_in_order (numbers, n);
  g_assert_cmpint (duration, >=, expected_us);
  g_assert_cmpint (duration, <, 20 * expected_us);
  world_clear (&world);
}

static void
test_queue_limit (void)
{
  World world = world_new (1, TRUE);
  g_autoptr (DpdkTestImpairment) impairment = dpdk_test_impairment_new ();
  g_autoptr (GArray) numbers = NULL;
  DpdkTestLinkStatistics statistics;

  /* 4 ms for each */
  dpdk_test_impairment_set_bandwidth (impairment, 1000 * 8 * 250);
  dpdk_test_impairment_set_queue_limit (impairment, 10);
  set_impairment (&world, 0, impairment);
  numbers = transfer (&world, 0, 100, 1000);
  statistics = get_statistics (&world, 0);
  g_assert_cmpuint (numbers->len, ==, statistics.passed);
  g_assert_cmpuint (statistics.queue_dropped, >, 0);
  g_assert_cmpuint (statistics.passed, >=, 10);
  for (guint i = 0; i < 10; i++)
    g_assert_cmpint (g_array_index (numbers, gint64, i), ==, i);
  world_clear (&world);
}

/* a receiver that does not look loses nothing */
static void
test_back_pressure (void)
{
  World world = world_new (1, TRUE);
  g_autoptr (GArray) numbers = g_array_new (FALSE, FALSE, sizeof (gint64));
  gint64 deadline = dpdk_test_get_deadline ();
  guint n = 0;

  for (gint64 end = g_get_monotonic_time () + 50000; g_get_monotonic_time () < end && n < 6000;)
    {
      DpdkPacket *packet = new_packet (&world, n, MIN_LENGTH);

      if (dpdk_port_tx_burst (world.ports[0], 0, &packet, 1) == 1)
        n++;
      else
        dpdk_packet_unref (packet);
    }
  g_assert_cmpuint (n, >, 1000);
  while (numbers->len < n)
    {
      receive (&world, 1, 0, numbers);
      g_assert_true (dpdk_test_wait_a_little (deadline));
    }
  assert_in_order (numbers, n);
  world_clear (&world);
}

static void
test_change (void)
{
  World world = world_new (1, TRUE);
  g_autoptr (DpdkTestImpairment) impairment = dpdk_test_impairment_new ();
  g_autoptr (DpdkTestImpairment) got = NULL;

  dpdk_test_impairment_set_loss (impairment, 1);
  for (guint i = 0; i < 10; i++)
    {
      g_autoptr (GArray) all = NULL;
      g_autoptr (GArray) none = NULL;

      all = transfer (&world, 0, 50, MIN_LENGTH);
      assert_in_order (all, 50);
      set_impairment (&world, 0, impairment);
      none = transfer (&world, 0, 50, MIN_LENGTH);
      g_assert_cmpuint (none->len, ==, 0);
      set_impairment (&world, 0, NULL);
    }
  set_impairment (&world, 1, impairment);
  got = dpdk_test_link_dup_impairment (world.link, 1);
  g_assert_cmpfloat (dpdk_test_impairment_get_loss (got), ==, 1);
  world_clear (&world);
}

static void
test_up (void)
{
  World world = world_new (1, TRUE);
  g_autoptr (GError) error = NULL;

  for (guint end = 0; end < 2; end++)
    {
      g_autoptr (GArray) none = NULL;
      g_autoptr (GArray) all = NULL;

      dpdk_test_link_set_up (world.link, end, FALSE, &error);
      g_assert_no_error (error);
      none = transfer (&world, 0, 50, MIN_LENGTH);
      g_assert_cmpuint (none->len, ==, 0);
      dpdk_test_link_set_up (world.link, end, TRUE, &error);
      g_assert_no_error (error);
      all = transfer (&world, 0, 50, MIN_LENGTH);
      assert_in_order (all, 50);
    }
  g_assert_cmpuint (get_statistics (&world, 0).lost, ==, 100);
  dpdk_port_close (world.ports[1], &error);
  g_assert_no_error (error);
  g_assert_false (dpdk_test_link_set_up (world.link, 1, FALSE, &error));
  g_assert_error (error, DPDK_ERROR, DPDK_ERROR_CLOSED);
  world_clear (&world);
}

static void
test_errors (void)
{
  World world = world_new (1, FALSE);
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
  world_clear (&world);
}

static void
check_drop_order (gboolean is_impaired, guint order)
{
  World world = world_new (1, is_impaired);
  DpdkPort *ports[2] = { g_object_ref (world.ports[0]), g_object_ref (world.ports[1]) };
  g_autoptr (DpdkTestImpairment) impairment = dpdk_test_impairment_new ();

  /* some on the way, some held back, some arrived */
  if (is_impaired)
    {
      dpdk_test_impairment_set_delay (impairment, 60000000);
      set_impairment (&world, 0, impairment);
      dpdk_test_impairment_set_delay (impairment, 0);
      dpdk_test_impairment_set_reorder (impairment, 0.5);
      set_impairment (&world, 1, impairment);
    }
  for (guint i = 0; i < 100; i++)
    {
      send_packet (&world, 0, 0, new_packet (&world, i, MIN_LENGTH));
      send_packet (&world, 1, 0, new_packet (&world, i, MIN_LENGTH));
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

static gboolean
is_even (const guint8 *data, gsize length, gpointer user_data)
{
  g_assert_cmpuint (length, >=, MIN_LENGTH);
  return data[HEADER] % 2 == 0;
}

static void
set_flag (gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
}

static void
test_capture (void)
{
  World world = world_new (1, TRUE);
  gboolean destroyed = FALSE;
  DpdkTestCapture *all = dpdk_test_capture_new (1000, NULL, NULL, NULL);
  DpdkTestCapture *even = dpdk_test_capture_new (10, is_even, &destroyed, set_flag);
  g_autoptr (GArray) numbers = NULL;
  g_autoptr (GError) error = NULL;
  gint64 last = 0;

  dpdk_test_link_capture (world.link, 0, all, &error);
  g_assert_no_error (error);
  dpdk_test_link_capture (world.link, 0, even, &error);
  g_assert_no_error (error);
  numbers = transfer (&world, 0, 50, 100);
  g_assert_cmpuint (dpdk_test_capture_get_n_packets (all), ==, 50);
  g_assert_cmpuint (dpdk_test_capture_get_n_missed (all), ==, 0);
  g_assert_cmpuint (dpdk_test_capture_get_n_packets (even), ==, 10);
  g_assert_cmpuint (dpdk_test_capture_get_n_missed (even), ==, 15);
  for (guint32 i = 0; i < 50; i++)
    {
      g_autoptr (GBytes) packet = dpdk_test_capture_dup_packet (all, i);
      guint8 frame[100];

      fill_frame (frame, sizeof frame, i);
      g_assert_cmpmem (g_bytes_get_data (packet, NULL), g_bytes_get_size (packet), frame,
                       sizeof frame);
      g_assert_cmpint (dpdk_test_capture_get_timestamp (all, i), >=, last);
      last = dpdk_test_capture_get_timestamp (all, i);
    }
  g_assert_null (dpdk_test_capture_dup_packet (all, 50));
  g_assert_cmpint (dpdk_test_capture_get_timestamp (all, 50), ==, -1);
  dpdk_test_capture_stop (all);
  g_array_unref (numbers);
  numbers = transfer (&world, 0, 50, 100);
  g_assert_cmpuint (dpdk_test_capture_get_n_packets (all), ==, 50);
  dpdk_test_assert_finalize (all);
  dpdk_test_assert_finalize (even);
  g_assert_true (destroyed);
  world_clear (&world);
}

static guint32
read_32 (const char **at)
{
  guint32 number;

  memcpy (&number, *at, sizeof number);
  *at += sizeof number;
  return number;
}

/* whatever reads such files understands it */
static void
check_with_tcpdump (const char *path)
{
  g_autofree char *program = g_find_program_in_path ("tcpdump");
  const char *const argv[] = { program, "-nn", "-e", "-r", path, NULL };
  g_autoptr (DpdkTestProcess) process = NULL;
  g_autoptr (GBytes) output = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  guint n = 0;

  if (program == NULL)
    {
      g_test_message ("there is no tcpdump");
      return;
    }
  process = dpdk_test_process_spawn_program (argv, &error);
  g_assert_no_error (error);
  g_assert_cmpint (dpdk_test_process_wait (process), ==, 0);
  output = dpdk_test_process_dup_output (process);
  text = g_strndup (g_bytes_get_data (output, NULL), g_bytes_get_size (output));
  for (const char *at = text; (at = strstr (at, ", 802.3, ")) != NULL; at++)
    n++;
  g_assert_cmpuint (n, ==, 5);
}

static void
test_pcap (void)
{
  World world = world_new (1, TRUE);
  g_autoptr (DpdkTestCapture) capture = dpdk_test_capture_new (1000, NULL, NULL, NULL);
  g_autofree char *folder = g_dir_make_tmp ("dpdk-test-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "file.pcap", NULL);
  g_autofree char *nowhere = g_build_filename (folder, "missing", "file.pcap", NULL);
  g_autoptr (GArray) numbers = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *file = NULL;
  const char *at;
  gsize size;

  dpdk_test_link_capture (world.link, 0, capture, &error);
  numbers = transfer (&world, 0, 5, 100);
  dpdk_test_capture_save (capture, path, &error);
  g_assert_no_error (error);
  g_file_get_contents (path, &file, &size, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (size, ==, 24 + 5 * (16 + 100));
  at = file;
  g_assert_cmphex (read_32 (&at), ==, 0xa1b2c3d4);
  at += 16;
  g_assert_cmpuint (read_32 (&at), ==, 1);
  for (guint32 i = 0; i < 5; i++)
    {
      gint64 time = (gint64) read_32 (&at) * G_USEC_PER_SEC;
      guint8 frame[100];

      time += read_32 (&at);
      g_assert_cmpint (time, ==, dpdk_test_capture_get_timestamp (capture, i));
      g_assert_cmpuint (read_32 (&at), ==, 100);
      g_assert_cmpuint (read_32 (&at), ==, 100);
      fill_frame (frame, sizeof frame, i);
      g_assert_cmpmem (at, 100, frame, sizeof frame);
      at += 100;
    }
  check_with_tcpdump (path);
  g_assert_false (dpdk_test_capture_save (capture, nowhere, &error));
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
  g_remove (path);
  g_rmdir (folder);
  world_clear (&world);
}

static void
check_inject (gboolean is_impaired)
{
  World world = world_new (1, is_impaired);
  g_autoptr (GArray) numbers = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (GError) error = NULL;

  for (guint32 i = 0; i < 100; i++)
    {
      guint8 frame[100];
      g_autoptr (GBytes) bytes = NULL;

      fill_frame (frame, sizeof frame, i);
      bytes = g_bytes_new (frame, sizeof frame);
      dpdk_test_link_inject (world.link, 1, bytes, &error);
      g_assert_no_error (error);
    }
  DPDK_TEST_WAIT_UNTIL (receive (&world, 1, 0, numbers) == 0 && numbers->len == 100);
  assert_in_order (numbers, 100);
  g_assert_cmpuint (get_statistics (&world, 0).taken, ==, 0);
  world_clear (&world);
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
  ADD ("loss", test_loss);
  ADD ("duplicate", test_duplicate);
  ADD ("reorder", test_reorder);
  ADD ("corrupt", test_corrupt);
  ADD ("shared", test_shared);
  ADD ("deterministic", test_deterministic);
  ADD ("delay", test_delay);
  ADD ("bandwidth", test_bandwidth);
  ADD ("queue-limit", test_queue_limit);
  ADD ("back-pressure", test_back_pressure);
  ADD ("change", test_change);
  ADD ("up", test_up);
  ADD ("errors", test_errors);
  ADD ("capture", test_capture);
  ADD ("pcap", test_pcap);
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
