/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* what the builder is told, and what it refuses */
#include "net-exchange.h"

#include <string.h>

#define DEVICE(fields)                                                                             \
  "{\"dpdk_cores\": [0], \"devices\": [{\"vdev\": \"net_tap0,iface=dpdk0\"" fields "}]}"
#define ADDRESSES ", \"addresses\": [\"198.18.0.2/24\", \"fde7:f17d:24::2/64\"]"

static const NetFamily families[] = NET_FAMILIES;

static void
assert_build_fails (DpdkRuntimeBuilder *builder, const char *json, DpdkError code, const char *part)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (net_build_with (builder, json, &error));
  g_assert_error (error, DPDK_ERROR, (int) code);
  if (strstr (error->message, part) == NULL)
    g_error ("\"%s\" is not in: %s", part, error->message);
  g_object_unref (builder);
}

/* what cannot be built is refused before the EAL is started */
static void
test_refused (void)
{
  static const char *const pci[] = { "0000:99:00.0", NULL };
  DpdkRuntimeBuilder *builder = dpdk_runtime_builder_new ();

  dpdk_runtime_builder_set_worker_threads (builder, 2);
  assert_build_fails (builder, DEVICE (ADDRESSES), DPDK_ERROR_INVALID_ARGUMENT, "dpdk_cores");

  builder = dpdk_runtime_builder_new ();
  dpdk_runtime_builder_set_pci_addresses (builder, pci);
  assert_build_fails (builder, DEVICE (ADDRESSES), DPDK_ERROR_NO_DEVICE, pci[0]);

  builder = dpdk_runtime_builder_new ();
  dpdk_runtime_builder_set_queue_descriptors (builder, 70000);
  assert_build_fails (builder, DEVICE (ADDRESSES), DPDK_ERROR_INVALID_ARGUMENT, "70000");

  builder = dpdk_runtime_builder_new ();
  dpdk_runtime_builder_add_eal_arg (builder, "--no-such-argument");
  assert_build_fails (builder, DEVICE (ADDRESSES), DPDK_ERROR_INVALID_ARGUMENT,
                      "--no-such-argument");
  g_assert_cmpint (dpdk_eal_get_process_state (), ==, DPDK_EAL_STATE_NEVER);
}

/* what the device says that it cannot do */
static void
test_mtu_too_large (void)
{
  assert_build_fails (dpdk_runtime_builder_new (), DEVICE (ADDRESSES ", \"mtu\": 9000"),
                      DPDK_ERROR_INVALID_ARGUMENT, "MTU 9000");
}

/* too few buffers for the queues of the device: an error, and a second try works */
static void
test_small_mempool (void)
{
  DpdkRuntimeBuilder *builder = dpdk_runtime_builder_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (DpdkEal) eal = dpdk_eal_new (NULL, &error);
  DpdkRuntime *runtime;

  g_assert_no_error (error);
  dpdk_runtime_builder_set_mempool_size (builder, 64);
  dpdk_runtime_builder_set_cache_size (builder, 0);
  g_assert_null (net_build_with (builder, NULL, &error));
  g_assert_nonnull (error);
  g_test_message ("%s", error->message);
  g_clear_error (&error);

  dpdk_runtime_builder_set_mempool_size (builder, 1024);
  runtime = net_build_with (builder, NULL, &error);
  g_assert_no_error (error);
  g_object_unref (builder);
  net_kernel_up_default ();
  net_exchange (runtime, &families[0]);
  g_clear_object (&eal);
  net_stop (runtime);
}

static gboolean
has_argument (const char *const *arguments, const char *argument)
{
  return g_strv_contains (arguments, argument);
}

static void
test_builder (void)
{
  DpdkRuntimeBuilder *builder = dpdk_runtime_builder_new ();
  static const char *const more[] = { "--log-level=lib.mempool:info", NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (DpdkPort) port = NULL;
  g_autoptr (DpdkWorker) worker = NULL;
  g_autoptr (DpdkEal) eal = NULL;
  DpdkRuntime *runtime;
  DpdkMempool *pool;

  dpdk_runtime_builder_set_mempool_size (builder, 4000);
  dpdk_runtime_builder_set_cache_size (builder, 64);
  dpdk_runtime_builder_set_queue_descriptors (builder, 512);
  dpdk_runtime_builder_add_eal_arg (builder, "--log-level=lib.ring:info");
  dpdk_runtime_builder_add_eal_args (builder, more);
  runtime = net_build_with (builder,
                            "{\"dpdk_cores\": [1], \"eal_args\": [\"--log-level=lib.eal:notice\"],"
                            " \"devices\": [{\"vdev\": \"net_tap0,iface=dpdk0\"" ADDRESSES "}]}",
                            &error);
  g_assert_no_error (error);
  g_object_unref (builder);
  net_kernel_up_default ();

  port = dpdk_runtime_dup_port (runtime, 0);
  pool = dpdk_port_get_mempool (port);
  g_assert_cmpuint (dpdk_mempool_get_capacity (pool), ==, 4000);
  g_assert_cmpuint (dpdk_mempool_get_cache_size (pool), ==, 64);
  /* a tap fills its receive queue in advance */
  g_assert_cmpuint (dpdk_mempool_get_in_use (pool), >=, 512);
  worker = dpdk_runtime_dup_worker (runtime, 0);
  g_assert_cmpuint (dpdk_runtime_get_n_workers (runtime), ==, 1);
  g_assert_cmpuint (dpdk_worker_get_core (worker), ==, 1);
  g_assert_cmpint (dpdk_worker_get_idle_policy (worker), ==, DPDK_IDLE_POLICY_ADAPTIVE);
  eal = dpdk_runtime_dup_eal (runtime);
  g_assert_true (has_argument (dpdk_eal_get_args (eal), "--log-level=lib.eal:notice"));
  g_assert_true (has_argument (dpdk_eal_get_args (eal), "--log-level=lib.ring:info"));
  g_assert_true (has_argument (dpdk_eal_get_args (eal), more[0]));
  net_exchange (runtime, &families[0]);
  g_clear_object (&port);
  g_clear_object (&worker);
  g_clear_object (&eal);
  net_stop (runtime);
}

/* a worker that never sleeps is the default of what is configured */
static void
test_busy_poll (void)
{
  g_autoptr (DpdkRuntimeBuilder) builder = dpdk_runtime_builder_new ();
  g_autoptr (DpdkConfig) config = dpdk_config_new_from_data (DEVICE (ADDRESSES), -1, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (DpdkWorker) worker = NULL;
  DpdkRuntime *runtime;

  dpdk_runtime_builder_set_config (builder, config);
  runtime = dpdk_runtime_builder_build (builder, &error);
  g_assert_no_error (error);
  net_kernel_up_default ();
  worker = dpdk_runtime_dup_worker (runtime, 0);
  g_assert_cmpint (dpdk_worker_get_idle_policy (worker), ==, DPDK_IDLE_POLICY_BUSY_POLL);
  g_clear_object (&worker);
  net_exchange (runtime, &families[0]);
  net_exchange (runtime, &families[1]);
  net_stop (runtime);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/net/builder/refused", DPDK_TEST_FLAGS_NETWORK, test_refused);
  dpdk_test_add_func ("/net/builder/mtu-too-large", DPDK_TEST_FLAGS_NETWORK, test_mtu_too_large);
  dpdk_test_add_func ("/net/builder/small-mempool", DPDK_TEST_FLAGS_NETWORK, test_small_mempool);
  dpdk_test_add_func ("/net/builder/settings", DPDK_TEST_FLAGS_NETWORK, test_builder);
  dpdk_test_add_func ("/net/builder/busy-poll", DPDK_TEST_FLAGS_NETWORK, test_busy_poll);
  return g_test_run ();
}
