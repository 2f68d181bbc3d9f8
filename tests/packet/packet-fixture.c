/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "packet-fixture.h"

#include <string.h>

#define N_DESCRIPTORS 64

const guint8 *
packet_pattern (guint64 offset)
{
  static gsize initialized;
  static guint8 pattern[2 * PACKET_PATTERN_SIZE];

  if (g_once_init_enter (&initialized))
    {
      g_autoptr (GRand) rand = g_rand_new_with_seed (1);

      for (guint i = 0; i < PACKET_PATTERN_SIZE; i++)
        pattern[i] = (guint8) g_rand_int (rand);
      memcpy (pattern + PACKET_PATTERN_SIZE, pattern, PACKET_PATTERN_SIZE);
      g_once_init_leave (&initialized, 1);
    }
  return pattern + offset % PACKET_PATTERN_SIZE;
}

DpdkMempool *
packet_pool_new (guint capacity, guint cache_size, guint data_size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DpdkEal) eal = dpdk_eal_new (NULL, &error);
  DpdkMempool *pool;

  g_assert_no_error (error);
  pool = dpdk_mempool_new (eal, capacity, cache_size, data_size, -1, &error);
  g_assert_no_error (error);
  return pool;
}

DpdkPacket *
packet_new (DpdkMempool *pool, const char *text)
{
  g_autoptr (GError) error = NULL;
  DpdkPacket *packet = dpdk_mempool_acquire (pool, &error);

  g_assert_no_error (error);
  dpdk_packet_append (packet, (const guint8 *) text, strlen (text), &error);
  g_assert_no_error (error);
  return packet;
}

void
packet_pool_end (DpdkMempool *pool)
{
  dpdk_test_assert_pool_full (pool);
  g_assert_finalize_object (pool);
  dpdk_test_assert_eal_dead ();
}

DpdkPort *
packet_loop_new (DpdkMempool *pool)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DpdkMempool) large = NULL;
  DpdkPort *port = dpdk_port_new (dpdk_mempool_get_eal (pool), "net_ring0", &error);

  g_assert_no_error (error);
  if (dpdk_mempool_get_data_size (pool) < PACKET_PORT_DATA_SIZE)
    large = packet_pool_new (N_DESCRIPTORS, 0, PACKET_PORT_DATA_SIZE);
  dpdk_port_configure (port, large != NULL ? large : pool, 1, N_DESCRIPTORS, &error);
  g_assert_no_error (error);
  dpdk_port_start (port, &error);
  g_assert_no_error (error);
  return port;
}

DpdkPacket *
packet_loop_pass (DpdkPort *port, DpdkPacket *packet)
{
  DpdkPacket *received = NULL;

  g_assert_cmpuint (dpdk_port_tx_burst (port, 0, &packet, 1), ==, 1);
  g_assert_cmpuint (dpdk_port_rx_burst (port, 0, &received, 1), ==, 1);
  return received;
}

void
packet_loop_end (DpdkPort *port)
{
  g_autoptr (GError) error = NULL;

  dpdk_port_close (port, &error);
  g_assert_no_error (error);
  g_assert_finalize_object (port);
}
