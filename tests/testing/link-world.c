/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "link-world.h"

#include <string.h>

#define CAPACITY 8191
#define BURST 32
#define MAX_LENGTH 1514

void
link_world_set_link (LinkWorld *self, DpdkTestLink *link)
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

LinkWorld
link_world_new (guint n_queues, gboolean is_impaired)
{
  LinkWorld self = { 0 };
  g_autoptr (GError) error = NULL;
  DpdkTestLink *link;

  self.eal = dpdk_eal_new (NULL, &error);
  g_assert_no_error (error);
  self.pool = dpdk_mempool_new (self.eal, CAPACITY, 0, 2048, -1, &error);
  g_assert_no_error (error);
  link = is_impaired ? dpdk_test_link_new_impaired (self.eal, n_queues, NULL, &error)
                     : dpdk_test_link_new (self.eal, n_queues, &error);
  g_assert_no_error (error);
  link_world_set_link (&self, link);
  return self;
}

void
link_world_clear (LinkWorld *self)
{
  g_assert_finalize_object (g_steal_pointer (&self->link));
  dpdk_test_assert_pool_full (self->pool);
  g_clear_object (&self->pool);
  g_clear_object (&self->eal);
}

void
link_world_set_impairment (LinkWorld *self, guint end, const DpdkTestImpairment *impairment)
{
  g_autoptr (GError) error = NULL;

  dpdk_test_link_set_impairment (self->link, end, impairment, &error);
  g_assert_no_error (error);
}

void
link_world_fill_frame (guint8 *frame, gsize length, guint32 number)
{
  memset (frame, (int) (number & 0xff), length);
  memcpy (frame + LINK_WORLD_HEADER, &number, sizeof number);
}

DpdkPacket *
link_world_new_packet (LinkWorld *self, guint32 number, gsize length)
{
  g_autoptr (GError) error = NULL;
  DpdkPacket *packet = dpdk_mempool_acquire (self->pool, &error);
  guint8 frame[MAX_LENGTH];

  g_assert_no_error (error);
  link_world_fill_frame (frame, length, number);
  dpdk_packet_append (packet, frame, length, &error);
  g_assert_no_error (error);
  return packet;
}

void
link_world_send (LinkWorld *self, guint end, guint queue, DpdkPacket *packet)
{
  gint64 deadline = dpdk_test_get_deadline ();

  while (dpdk_port_tx_burst (self->ports[end], queue, &packet, 1) == 0)
    g_assert_true (dpdk_test_wait_a_little (deadline));
}

guint
link_world_receive (LinkWorld *self, guint end, guint queue, GArray *numbers)
{
  DpdkPacket *packets[BURST];
  guint n = dpdk_port_rx_burst (self->ports[end], queue, packets, BURST);

  for (guint i = 0; i < n; i++)
    {
      guint8 frame[MAX_LENGTH];
      gsize length;
      const guint8 *data = dpdk_packet_get_data (packets[i], &length);
      gint64 result;
      guint32 number;

      g_assert_cmpuint (length, >=, LINK_WORLD_MIN_LENGTH);
      memcpy (&number, data + LINK_WORLD_HEADER, sizeof number);
      link_world_fill_frame (frame, length, number);
      result = memcmp (frame, data, length) == 0 ? (gint64) number : -1 - (gint64) number;
      g_array_append_val (numbers, result);
      dpdk_packet_unref (packets[i]);
    }
  return n;
}

DpdkTestLinkStatistics
link_world_get_statistics (LinkWorld *self, guint end)
{
  DpdkTestLinkStatistics statistics;

  dpdk_test_link_get_statistics (self->link, end, &statistics);
  g_assert_cmpuint (statistics.taken + statistics.duplicated, ==,
                    statistics.passed + statistics.lost + statistics.queue_dropped +
                        statistics.pending);
  return statistics;
}

static gboolean
is_over (LinkWorld *self, guint end, guint n)
{
  DpdkTestLinkStatistics statistics = link_world_get_statistics (self, end);

  return statistics.taken == n && statistics.pending == 0;
}

GArray *
link_world_transfer (LinkWorld *self, guint end, guint n, gsize length)
{
  GArray *numbers = g_array_new (FALSE, FALSE, sizeof (gint64));
  guint before = (guint) link_world_get_statistics (self, end).taken;
  gint64 deadline = dpdk_test_get_deadline ();

  for (guint i = 0; i < n; i++)
    {
      link_world_send (self, end, 0, link_world_new_packet (self, i, length));
      link_world_receive (self, 1 - end, 0, numbers);
    }
  while (link_world_receive (self, 1 - end, 0, numbers) > 0 || !is_over (self, end, before + n))
    g_assert_true (dpdk_test_wait_a_little (deadline));
  while (link_world_receive (self, 1 - end, 0, numbers) > 0)
    ;
  return numbers;
}

void
link_world_assert_in_order (GArray *numbers, guint n)
{
  g_assert_cmpuint (numbers->len, ==, n);
  for (guint i = 0; i < n; i++)
    g_assert_cmpint (g_array_index (numbers, gint64, i), ==, i);
}
