/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* what a port can be told, before it is started and while others receive and send */
#include "port-fixture.h"

#include <string.h>

#define N_CHANGES 50

static void
assert_refused (gboolean success, GError **error, DpdkError code, const char *part)
{
  g_assert_false (success);
  g_assert_error (*error, DPDK_ERROR, (int) code);
  if (strstr ((*error)->message, part) == NULL)
    g_error ("\"%s\" is not in: %s", part, (*error)->message);
  g_clear_error (error);
}

static void
wait_for_traffic (PortTraffic *traffic)
{
  guint64 n = port_traffic_get_n_received (traffic);

  DPDK_TEST_WAIT_UNTIL (port_traffic_get_n_received (traffic) > n);
}

/* what the device cannot do is left out, and the rest is on */
static void
test_offloads (void)
{
  DpdkEal *eal = port_eal ();
  DpdkMempool *pool = port_pool (eal);
  DpdkPort *port = port_open (eal, "net_tap0,iface=dpdk0");
  g_autoptr (DpdkPortConfig) config = dpdk_port_config_new (pool);
  g_autoptr (GError) error = NULL;
  DpdkTxOffload can = dpdk_port_get_tx_offload_capabilities (port);

  g_assert_cmphex (can & DPDK_TX_OFFLOAD_TCP_CHECKSUM, !=, 0);
  g_assert_cmphex (can & DPDK_TX_OFFLOAD_SEND_ON_TIMESTAMP, ==, 0);
  g_assert_cmphex (dpdk_port_get_tx_offloads (port), ==, 0);
  dpdk_port_config_set_tx_offloads (config, DPDK_TX_OFFLOAD_TCP_CHECKSUM |
                                                DPDK_TX_OFFLOAD_SEND_ON_TIMESTAMP);
  dpdk_port_config_set_rx_offloads (config, DPDK_RX_OFFLOAD_SCATTER | DPDK_RX_OFFLOAD_TIMESTAMP);
  dpdk_port_configure_with (port, config, &error);
  g_assert_no_error (error);
  g_assert_cmphex (dpdk_port_get_tx_offloads (port), ==, DPDK_TX_OFFLOAD_TCP_CHECKSUM);
  g_assert_cmphex (dpdk_port_get_rx_offloads (port), ==,
                   DPDK_RX_OFFLOAD_SCATTER & dpdk_port_get_rx_offload_capabilities (port));
  dpdk_port_start (port, &error);
  g_assert_no_error (error);
  g_object_unref (port);
  g_clear_object (&config);
  port_finish (eal, pool);
}

/* more queues one way than the other, each with a pool of its own */
static void
test_queues (void)
{
  DpdkEal *eal = port_eal ();
  DpdkMempool *pools[2] = { port_pool (eal), port_pool (eal) };
  DpdkPort *port = port_open (eal, "net_null0,size=64");
  g_autoptr (DpdkPortConfig) config = dpdk_port_config_new (NULL);
  g_autoptr (GError) error = NULL;
  DpdkPacket *packet;

  assert_refused (dpdk_port_configure_with (port, config, &error), &error,
                  DPDK_ERROR_INVALID_ARGUMENT, "queue 0 has no mempool");
  dpdk_port_config_set_mempool (config, pools[0]);
  dpdk_port_config_set_queue_mempool (config, 1, pools[1]);
  dpdk_port_config_set_n_rx_queues (config, 2);
  dpdk_port_config_set_n_tx_queues (config, 3);
  dpdk_port_configure_with (port, config, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (dpdk_port_get_n_rx_queues (port), ==, 2);
  g_assert_cmpuint (dpdk_port_get_n_tx_queues (port), ==, 3);
  g_assert_cmpuint (dpdk_port_get_n_queues (port), ==, 2);
  dpdk_port_start (port, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (DpdkMempool) from = NULL;

      g_assert_cmpuint (dpdk_port_rx_burst (port, i, &packet, 1), ==, 1);
      from = dpdk_packet_dup_mempool (packet);
      g_assert_true (from == pools[i]);
      g_assert_cmpuint (dpdk_port_tx_burst (port, 2, &packet, 1), ==, 1);
    }
  assert_refused (dpdk_port_configure_with (port, config, &error), &error, DPDK_ERROR_BUSY,
                  "is started");
  dpdk_port_stop (port, &error);
  g_assert_no_error (error);
  dpdk_port_config_set_n_rx_queues (config, 2000);
  assert_refused (dpdk_port_configure_with (port, config, &error), &error,
                  DPDK_ERROR_INVALID_ARGUMENT, "2000 queues");
  /* what it had it still has */
  dpdk_port_start (port, &error);
  g_assert_no_error (error);
  g_object_unref (port);
  g_clear_object (&config);
  g_object_unref (pools[1]);
  port_finish (eal, pools[0]);
}

static void
count (DpdkPort *port, GParamSpec *pspec, gpointer user_data)
{
  ++*(guint *) user_data;
}

static void
test_modes (void)
{
  DpdkEal *eal = port_eal ();
  DpdkMempool *pool = port_pool (eal);
  DpdkPort *tap = port_open_started (eal, pool, "net_tap0,iface=dpdk0");
  DpdkPort *vhost = port_open (eal, "net_vhost0,iface=/run/dpdk/v.sock");
  g_autoptr (GError) error = NULL;
  guint n = 0;

  g_signal_connect (tap, "notify::promiscuous", G_CALLBACK (count), &n);
  g_signal_connect (tap, "notify::all-multicast", G_CALLBACK (count), &n);
  dpdk_port_set_promiscuous (tap, TRUE, &error);
  g_assert_no_error (error);
  dpdk_port_set_all_multicast (tap, TRUE, &error);
  g_assert_no_error (error);
  g_assert_true (dpdk_port_get_promiscuous (tap));
  g_assert_true (dpdk_port_get_all_multicast (tap));
  DPDK_TEST_WAIT_UNTIL (n == 2);
  /* they outlive a reset */
  dpdk_port_reset (tap, &error);
  g_assert_no_error (error);
  g_assert_true (dpdk_port_is_started (tap));
  g_assert_true (dpdk_port_get_promiscuous (tap));
  dpdk_port_set_promiscuous (tap, FALSE, &error);
  g_assert_no_error (error);
  g_assert_false (dpdk_port_get_promiscuous (tap));

  /* a device that is always so and refuses is no error, and it is said once */
  g_assert_true (dpdk_port_get_promiscuous (vhost));
  g_test_expect_message ("Dpdk", G_LOG_LEVEL_WARNING, "*net_vhost0*cannot switch*promiscuous*off*");
  for (guint i = 0; i < 2; i++)
    {
      dpdk_port_set_promiscuous (vhost, FALSE, &error);
      g_assert_no_error (error);
      g_assert_true (dpdk_port_get_promiscuous (vhost));
    }
  g_test_assert_expected_messages ();
  g_object_unref (tap);
  g_object_unref (vhost);
  port_finish (eal, pool);
}

static void
test_addresses (void)
{
  static const char *const groups[] = { "01:00:5e:00:00:01", "33:33:00:00:00:01", NULL };
  static const char *const none[] = { NULL };
  static const char *const bad[] = { "02:00:00:00:00:07", NULL };
  DpdkEal *eal = port_eal ();
  DpdkMempool *pool = port_pool (eal);
  DpdkPort *ring = port_open_started (eal, pool, "net_ring0");
  DpdkPort *tap = port_open_started (eal, pool, "net_tap0,iface=dpdk0");
  DpdkPort *bond = port_open (eal, "net_bonding0,mode=1");
  g_autoptr (GError) error = NULL;
  guint n = 0;

  g_signal_connect (ring, "notify::mac", G_CALLBACK (count), &n);
  dpdk_port_set_mac (ring, "02:00:00:00:00:AA", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (dpdk_port_get_mac (ring), ==, "02:00:00:00:00:aa");
  DPDK_TEST_WAIT_UNTIL (n == 1);
  assert_refused (dpdk_port_set_mac (ring, "01:00:5e:00:00:01", &error), &error,
                  DPDK_ERROR_INVALID_ARGUMENT, "01:00:5e:00:00:01");
  assert_refused (dpdk_port_set_mac (ring, "nonsense", &error), &error, DPDK_ERROR_INVALID_ARGUMENT,
                  "nonsense");

  dpdk_port_reset (ring, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (dpdk_port_get_mac (ring), ==, "02:00:00:00:00:aa");
  assert_refused (dpdk_port_add_mac (ring, "02:00:00:00:00:02", &error), &error,
                  DPDK_ERROR_NOT_SUPPORTED, "can have 1");

  dpdk_port_set_mac (bond, "02:00:00:00:00:bb", &error);
  g_assert_no_error (error);
  for (guint i = 0; i < 2; i++)
    {
      dpdk_port_add_mac (bond, "02:00:00:00:00:02", &error);
      g_assert_no_error (error);
    }
  dpdk_port_remove_mac (bond, "02:00:00:00:00:02", &error);
  g_assert_no_error (error);
  assert_refused (dpdk_port_remove_mac (bond, "02:00:00:00:00:02", &error), &error,
                  DPDK_ERROR_NO_DEVICE, "02:00:00:00:00:02");
  assert_refused (dpdk_port_set_multicast_macs (ring, groups, &error), &error,
                  DPDK_ERROR_NOT_SUPPORTED, "net_ring0");

  dpdk_port_set_multicast_macs (tap, groups, &error);
  g_assert_no_error (error);
  dpdk_port_set_multicast_macs (tap, none, &error);
  g_assert_no_error (error);
  assert_refused (dpdk_port_set_multicast_macs (tap, bad, &error), &error,
                  DPDK_ERROR_INVALID_ARGUMENT, bad[0]);
  g_object_unref (bond);
  g_object_unref (ring);
  g_object_unref (tap);
  port_finish (eal, pool);
}

/* MTU, MAC, reset, stop and start, again and again while two threads receive and send */
static void
test_under_traffic (void)
{
  DpdkEal *eal = port_eal ();
  DpdkMempool *pool = port_pool (eal);
  DpdkPort *port = port_open_started (eal, pool, "net_ring0");
  PortTraffic *traffic = port_traffic_start (port, port, pool);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < dpdk_test_scale (N_CHANGES); i++)
    {
      g_autofree char *mac = g_strdup_printf ("02:00:00:00:00:%02x", i % 256);

      wait_for_traffic (traffic);
      dpdk_port_set_mtu (port, 1000 + i % 500, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (dpdk_port_get_mtu (port), ==, 1000 + i % 500);
      dpdk_port_set_mac (port, mac, &error);
      g_assert_no_error (error);
      wait_for_traffic (traffic);
      dpdk_port_reset (port, &error);
      g_assert_no_error (error);
      wait_for_traffic (traffic);
      dpdk_port_stop (port, &error);
      g_assert_no_error (error);
      dpdk_port_start (port, &error);
      g_assert_no_error (error);
    }
  assert_refused (dpdk_port_set_mtu (port, 9000, &error), &error, DPDK_ERROR_INVALID_ARGUMENT,
                  "9000");
  wait_for_traffic (traffic);
  /* closing does not wait for them to stop either */
  dpdk_port_close (port, &error);
  g_assert_no_error (error);
  assert_refused (dpdk_port_start (port, &error), &error, DPDK_ERROR_CLOSED, "is closed");
  port_traffic_stop (traffic);
  g_object_unref (port);
  port_finish (eal, pool);
}

static void
test_statistics (void)
{
  DpdkEal *eal = port_eal ();
  DpdkMempool *pool = port_pool (eal);
  DpdkPort *port = port_open_started (eal, pool, "net_ring0");
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) extended = NULL;
  DpdkPortStatistics statistics;
  DpdkPortQueueStatistics queue;
  guint64 value;

  for (guint i = 0; i < 10; i++)
    {
      dpdk_port_send_bytes (port, 0, (const guint8 *) "abcdefghijklmnopqrst", 20, &error);
      g_assert_no_error (error);
    }
  g_ptr_array_unref (dpdk_port_receive (port, 0, 4, &error));
  g_assert_no_error (error);
  g_assert_true (dpdk_port_get_statistics (port, &statistics, &error));
  g_assert_cmpuint (statistics.tx_packets, ==, 10);
  g_assert_cmpuint (statistics.rx_packets, ==, 4);
  g_assert_true (dpdk_port_get_queue_statistics (port, 0, &queue, &error));
  g_assert_cmpuint (queue.tx_packets, ==, 10);
  g_assert_cmpuint (queue.rx_packets, ==, 4);
  assert_refused (dpdk_port_get_queue_statistics (port, 1, &queue, &error), &error,
                  DPDK_ERROR_INVALID_ARGUMENT, "queue 1");
  extended = dpdk_port_dup_extended_statistics (port, &error);
  g_assert_no_error (error);
  g_assert_true (g_variant_lookup (extended, "tx_good_packets", "t", &value));
  g_assert_cmpuint (value, ==, 10);
  dpdk_port_reset_statistics (port, &error);
  g_assert_no_error (error);
  g_assert_true (dpdk_port_get_statistics (port, &statistics, &error));
  g_assert_cmpuint (statistics.tx_packets, ==, 0);
  g_object_unref (port);
  port_finish (eal, pool);
}

static void
test_info (void)
{
  DpdkEal *eal = port_eal ();
  DpdkPort *port = port_open (eal, "net_tap0,iface=dpdk0");
  g_autoptr (GError) error = NULL;
  g_autoptr (DpdkPortInfo) info = dpdk_port_dup_info (port, &error);
  g_autoptr (DpdkPortInfo) copy = NULL;

  g_assert_no_error (error);
  copy = dpdk_port_info_copy (info);
  g_assert_cmpstr (copy->driver, ==, "net_tap");
  g_assert_cmpstr (copy->bus, ==, "vdev");
  g_assert_cmpstr (copy->device, ==, "net_tap0");
  g_assert_cmpuint (copy->max_rx_queues, ==, 16);
  g_assert_cmpuint (copy->min_mtu, <=, 1500);
  g_assert_cmpuint (copy->max_mtu, >=, 1500);
  g_assert_cmpuint (copy->kernel_interface, >, 0);
  g_assert_true (copy->has_link_interrupts);
  g_assert_cmphex (copy->tx_offloads, ==, dpdk_port_get_tx_offload_capabilities (port));
  g_assert_cmpint (dpdk_port_get_numa_node (port), >=, -1);
  dpdk_port_close (port, &error);
  g_assert_no_error (error);
  g_assert_null (dpdk_port_dup_info (port, &error));
  g_assert_error (error, DPDK_ERROR, DPDK_ERROR_CLOSED);
  g_object_unref (port);
  port_finish (eal, NULL);
}

/* the arguments of the checked functions */
static void
test_checked (void)
{
  DpdkEal *eal = port_eal ();
  DpdkMempool *pool = port_pool (eal);
  DpdkPort *port = port_open (eal, "net_ring0");
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) sent = g_ptr_array_new_with_free_func ((GDestroyNotify) dpdk_packet_unref);
  GPtrArray *received;
  guint n_sent = 7;

  assert_refused (dpdk_port_receive (port, 0, 1, &error) != NULL, &error, DPDK_ERROR_CLOSED,
                  "not started");
  port_start (port, pool, 1);
  assert_refused (dpdk_port_receive (port, 1, 1, &error) != NULL, &error,
                  DPDK_ERROR_INVALID_ARGUMENT, "queue 1: there are 1");
  assert_refused (dpdk_port_send (port, 4, sent, &n_sent, &error), &error,
                  DPDK_ERROR_INVALID_ARGUMENT, "queue 4");
  g_assert_cmpuint (n_sent, ==, 0);
  assert_refused (dpdk_port_send_bytes (port, 0, (const guint8 *) "", 4000, &error), &error,
                  DPDK_ERROR_NO_MEMORY, "4000");
  for (guint i = 0; i < 100; i++)
    {
      DpdkPacket *packet = dpdk_mempool_acquire (pool, &error);

      g_assert_no_error (error);
      dpdk_packet_append (packet, (const guint8 *) &i, sizeof i, &error);
      g_assert_no_error (error);
      g_ptr_array_add (sent, packet);
    }
  /* twice, because what is sent still belongs to the caller */
  for (guint round = 0; round < 2; round++)
    {
      dpdk_port_send (port, 0, sent, &n_sent, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (n_sent, ==, 100);
      received = dpdk_port_receive (port, 0, 1000, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (received->len, ==, 100);
      for (guint i = 0; i < received->len; i++)
        {
          gsize length;
          const guint8 *data = dpdk_packet_get_data (g_ptr_array_index (received, i), &length);

          g_assert_cmpmem (data, length, &i, sizeof i);
        }
      g_ptr_array_unref (received);
    }
  g_assert_cmpuint (dpdk_mempool_get_in_use (pool), ==, 100);
  g_ptr_array_set_size (sent, 0);
  g_assert_cmpuint (dpdk_mempool_get_in_use (pool), ==, 0);
  received = dpdk_port_receive (port, 0, 10, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (received->len, ==, 0);
  g_ptr_array_unref (received);
  g_object_unref (port);
  port_finish (eal, pool);
}

typedef struct {
  guint n_changes;
  guint n_items;
} ListState;

/* whoever follows the signal knows how many there are */
static void
on_items_changed (GListModel *model, guint position, guint removed, guint added, gpointer user_data)
{
  ListState *state = user_data;

  state->n_changes++;
  state->n_items += added - removed;
  g_assert_cmpuint (state->n_items, ==, g_list_model_get_n_items (model));
  g_assert_cmpuint (position + added, <=, state->n_items);
}

static void
test_list (void)
{
  DpdkEal *eal = port_eal ();
  DpdkPort *ports[3];
  g_autoptr (DpdkPortList) list = dpdk_port_list_new ();
  GListModel *model = G_LIST_MODEL (list);
  g_autoptr (GError) error = NULL;
  ListState state = { 0 };
  DpdkPort *item;

  g_signal_connect (list, "items-changed", G_CALLBACK (on_items_changed), &state);
  for (guint i = 0; i < 3; i++)
    {
      g_autofree char *name = g_strdup_printf ("net_null%u", i);

      ports[i] = port_open (eal, name);
    }
  /* not before the context runs */
  g_assert_cmpuint (g_list_model_get_n_items (model), ==, 0);
  DPDK_TEST_WAIT_UNTIL (state.n_items == 3);
  g_assert_true (g_list_model_get_item_type (model) == DPDK_TYPE_PORT);
  for (guint i = 0; i < 3; i++)
    {
      item = g_list_model_get_item (model, i);
      g_assert_true (item == ports[i]);
      g_object_unref (item);
    }
  g_assert_null (g_list_model_get_item (model, 3));
  dpdk_port_close (ports[1], &error);
  g_assert_no_error (error);
  DPDK_TEST_WAIT_UNTIL (state.n_items == 2);
  item = g_list_model_get_item (model, 1);
  g_assert_true (item == ports[2]);
  g_object_unref (item);
  /* the list keeps none of them */
  for (guint i = 0; i < 3; i++)
    dpdk_test_assert_finalize (ports[i]);
  DPDK_TEST_WAIT_UNTIL (state.n_items == 0);
  port_finish (eal, NULL);
  g_assert_cmpuint (g_list_model_get_n_items (model), ==, 0);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/port/settings/offloads", DPDK_TEST_FLAGS_NETWORK, test_offloads);
  dpdk_test_add_func ("/port/settings/queues", DPDK_TEST_FLAGS_NETWORK, test_queues);
  dpdk_test_add_func ("/port/settings/modes", DPDK_TEST_FLAGS_NETWORK, test_modes);
  dpdk_test_add_func ("/port/settings/addresses", DPDK_TEST_FLAGS_NETWORK, test_addresses);
  dpdk_test_add_func ("/port/settings/under-traffic", DPDK_TEST_FLAGS_NETWORK, test_under_traffic);
  dpdk_test_add_func ("/port/settings/statistics", DPDK_TEST_FLAGS_NETWORK, test_statistics);
  dpdk_test_add_func ("/port/settings/info", DPDK_TEST_FLAGS_NETWORK, test_info);
  dpdk_test_add_func ("/port/settings/checked", DPDK_TEST_FLAGS_NETWORK, test_checked);
  dpdk_test_add_func ("/port/settings/list", DPDK_TEST_FLAGS_NETWORK, test_list);
  return g_test_run ();
}
