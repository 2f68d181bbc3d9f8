/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ports whose devices the application has made with DPDK, alone and in a runtime */
#include "net-fixture.h"

#include <rte_eth_ring.h>
#include <rte_ethdev.h>
#include <rte_ring.h>
#include <string.h>

#define N_DESCRIPTORS 512
#define N_FRAMES 100
#define N_BYTES (4 * 1024 * 1024)

typedef struct {
  DpdkEal *eal;
  struct rte_ring *rings[2];
  DpdkPort *ports[2];
} Pair;

static const char *const names[] = { "net_ring_a", "net_ring_b" };

/* what one sends the other receives */
static void
pair_init (Pair *self)
{
  g_autoptr (GError) error = NULL;

  self->eal = dpdk_eal_new (NULL, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < 2; i++)
    {
      self->rings[i] =
          rte_ring_create (names[i], 1024, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
      g_assert_nonnull (self->rings[i]);
    }
  for (guint i = 0; i < 2; i++)
    {
      /* the driver puts its own name in front */
      g_assert_cmpint (rte_eth_from_rings (names[i] + strlen ("net_ring_"), &self->rings[i], 1,
                                           &self->rings[1 - i], 1, 0),
                       >=, 0);
      self->ports[i] = dpdk_port_adopt (self->eal, names[i], &error);
      g_assert_no_error (error);
      g_assert_true (DPDK_IS_PORT (self->ports[i]));
    }
}

static void
pair_clear (Pair *self)
{
  for (guint i = 0; i < 2; i++)
    if (self->ports[i] != NULL)
      dpdk_test_assert_finalize (g_steal_pointer (&self->ports[i]));
  /* the devices may hold it a moment longer */
  g_clear_object (&self->eal);
  dpdk_test_assert_eal_dead ();
}

static void
start (DpdkPort *port, DpdkMempool *pool)
{
  g_autoptr (GError) error = NULL;

  dpdk_port_configure (port, pool, 1, N_DESCRIPTORS, &error);
  g_assert_no_error (error);
  dpdk_port_start (port, &error);
  g_assert_no_error (error);
}

static void
test_traffic (void)
{
  g_autoptr (GError) error = NULL;
  Pair pair;
  DpdkMempool *pool;

  pair_init (&pair);
  g_assert_cmpstr (dpdk_port_get_driver (pair.ports[0]), ==, "net_ring");
  g_assert_cmpstr (dpdk_port_get_devargs (pair.ports[1]), ==, names[1]);
  pool = dpdk_mempool_new (pair.eal, 4096, 0, 2048, -1, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < 2; i++)
    start (pair.ports[i], pool);
  for (guint i = 0; i < N_FRAMES; i++)
    {
      DpdkPacket *packet = dpdk_mempool_acquire (pool, &error), *received = NULL;
      const guint8 *data;
      gsize length;

      g_assert_no_error (error);
      dpdk_packet_append (packet, (const guint8 *) &i, sizeof i, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (dpdk_port_tx_burst (pair.ports[i % 2], 0, &packet, 1), ==, 1);
      g_assert_cmpuint (dpdk_port_rx_burst (pair.ports[1 - i % 2], 0, &received, 1), ==, 1);
      data = dpdk_packet_get_data (received, &length);
      g_assert_cmpmem (data, length, &i, sizeof i);
      dpdk_packet_unref (received);
    }
  g_object_unref (pool);
  pair_clear (&pair);
}

/* a device has one owner, and the last reference removes it */
static void
test_owner (void)
{
  g_autoptr (GError) error = NULL;
  guint16 id;
  Pair pair;

  pair_init (&pair);
  g_assert_null (dpdk_port_adopt (pair.eal, names[0], &error));
  g_assert_error (error, DPDK_ERROR, DPDK_ERROR_EXISTS);
  g_assert_nonnull (strstr (error->message, names[0]));
  g_clear_error (&error);
  g_assert_null (dpdk_port_adopt (pair.eal, "net_ring_nobody", &error));
  g_assert_error (error, DPDK_ERROR, DPDK_ERROR_NO_DEVICE);
  g_assert_nonnull (strstr (error->message, "net_ring_nobody"));
  g_clear_error (&error);

  g_assert_cmpint (rte_eth_dev_get_port_by_name (names[0], &id), ==, 0);
  dpdk_test_assert_finalize (g_steal_pointer (&pair.ports[0]));
  DPDK_TEST_WAIT_UNTIL (rte_eth_dev_get_port_by_name (names[0], &id) != 0);
  pair_clear (&pair);
}

/* one that the application has started itself is stopped, and can be closed like any other */
static void
test_started (void)
{
  g_autoptr (DpdkPort) port = NULL;
  g_autoptr (GError) error = NULL;
  struct rte_eth_conf conf = { 0 };
  struct rte_ring *ring;
  DpdkEal *eal = dpdk_eal_new (NULL, &error);
  DpdkMempool *pool;
  struct rte_mempool *native;
  guint16 id;

  g_assert_no_error (error);
  native = rte_pktmbuf_pool_create ("theirs", 1023, 0, 0, 2048, SOCKET_ID_ANY);
  ring = rte_ring_create ("loop", 1024, SOCKET_ID_ANY, 0);
  id = (guint16) rte_eth_from_ring (ring);
  g_assert_cmpint (rte_eth_dev_configure (id, 1, 1, &conf), ==, 0);
  g_assert_cmpint (rte_eth_rx_queue_setup (id, 0, 64, 0, NULL, native), ==, 0);
  g_assert_cmpint (rte_eth_tx_queue_setup (id, 0, 64, 0, NULL), ==, 0);
  g_assert_cmpint (rte_eth_dev_start (id), ==, 0);

  port = dpdk_port_adopt (eal, "net_ring_loop", &error);
  g_assert_no_error (error);
  g_assert_false (dpdk_port_is_started (port));
  pool = dpdk_mempool_new (eal, 1023, 0, 2048, -1, &error);
  g_assert_no_error (error);
  start (port, pool);
  dpdk_port_close (port, &error);
  g_assert_no_error (error);
  rte_mempool_free (native);
  rte_ring_free (ring);
  dpdk_test_assert_finalize (g_steal_pointer (&port));
  g_object_unref (pool);
  g_object_unref (eal);
  dpdk_test_assert_eal_dead ();
}

static DpdkRuntime *
build (DpdkPort *port, const char *name, guint number, GError **error)
{
  g_autoptr (DpdkRuntimeBuilder) builder = dpdk_runtime_builder_new ();
  g_autofree char *json =
      g_strdup_printf ("{\"dpdk_cores\": [%u], \"devices\": [{\"vdev\": \"%s\", \"mac\": "
                       "\"02:00:00:00:00:%02x\", \"mtu\": 1400, \"addresses\": "
                       "[\"198.18.0.%u/24\"]}]}",
                       number - 1, name, number, number);

  if (port != NULL)
    dpdk_runtime_builder_add_port (builder, port);
  return net_build_with (builder, json, error);
}

static gpointer
write_all (gpointer data)
{
  net_write_pattern (data, 0, N_BYTES);
  net_close (data);
  net_release (data);
  return NULL;
}

/* two runtimes that are connected by nothing but memory */
static void
test_runtimes (void)
{
  DpdkRuntime *runtimes[2];
  g_autoptr (GError) error = NULL;
  DpdkTcpConnection *connection;
  DpdkTcpListener *listener;
  GThread *thread;
  Pair pair;

  pair_init (&pair);
  for (guint i = 0; i < 2; i++)
    {
      runtimes[i] = build (pair.ports[i], names[i], i + 1, &error);
      g_assert_no_error (error);
      g_assert_true (dpdk_port_is_started (pair.ports[i]));
      g_assert_cmpuint (dpdk_port_get_mtu (pair.ports[i]), ==, 1400);
    }
  listener = net_listen (runtimes[0], "198.18.0.1", 7);
  thread = g_thread_new ("writer", write_all, net_connect (runtimes[1], "198.18.0.1", 7));
  connection = net_accept (listener);
  net_read_pattern (connection, 0, N_BYTES);
  net_assert_at_end (connection);
  g_thread_join (thread);
  net_close (connection);
  net_release (connection);
  net_release (listener);
  for (guint i = 0; i < 2; i++)
    {
      g_assert_true (dpdk_runtime_shutdown (runtimes[i], 10000, &error));
      g_assert_no_error (error);
      g_assert_finalize_object (runtimes[i]);
      g_assert_true (dpdk_port_is_started (pair.ports[i]));
    }
  /* the runtime is gone, and its pool lives as long as the port that draws from it */
  pair_clear (&pair);
}

static void
test_refused (void)
{
  g_autoptr (GError) error = NULL;
  DpdkMempool *pool;
  DpdkRuntime *runtime;
  Pair pair;

  pair_init (&pair);
  g_assert_null (build (pair.ports[0], "net_null0", 1, &error));
  g_assert_error (error, DPDK_ERROR, DPDK_ERROR_NO_DEVICE);
  g_assert_nonnull (strstr (error->message, names[0]));
  g_clear_error (&error);

  pool = dpdk_mempool_new (pair.eal, 1023, 0, 2048, -1, &error);
  g_assert_no_error (error);
  start (pair.ports[0], pool);
  g_assert_null (build (pair.ports[0], names[0], 1, &error));
  g_assert_error (error, DPDK_ERROR, DPDK_ERROR_BUSY);
  g_clear_error (&error);
  g_assert_true (dpdk_port_stop (pair.ports[0], &error));
  g_assert_no_error (error);

  /* with another configuration than it had */
  runtime = build (pair.ports[0], names[0], 1, &error);
  g_assert_no_error (error);
  g_assert_true (dpdk_port_get_mempool (pair.ports[0]) != pool);
  g_assert_finalize_object (pool);
  g_assert_true (dpdk_runtime_shutdown (runtime, 10000, &error));
  g_assert_no_error (error);
  g_assert_finalize_object (runtime);
  pair_clear (&pair);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/port/adopt/traffic", DPDK_TEST_FLAGS_NETWORK, test_traffic);
  dpdk_test_add_func ("/port/adopt/owner", DPDK_TEST_FLAGS_NETWORK, test_owner);
  dpdk_test_add_func ("/port/adopt/started", DPDK_TEST_FLAGS_NETWORK, test_started);
  dpdk_test_add_func ("/port/adopt/runtimes", DPDK_TEST_FLAGS_NETWORK, test_runtimes);
  dpdk_test_add_func ("/port/adopt/refused", DPDK_TEST_FLAGS_NETWORK, test_refused);
  return g_test_run ();
}
