/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net-offloads.h"

#include "net-kernel.h"

#define BULK (4u * 1024 * 1024)
#define MAX_EXCHANGES 20

DpdkRuntime *
net_offload_start (guint end, const char *devargs, DpdkPort *port, guint mtu,
                   DpdkStackOffload disabled)
{
  g_autoptr (DpdkRuntimeBuilder) builder = dpdk_runtime_builder_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *json = g_strdup_printf (
      "{\"dpdk_cores\": [%u], \"devices\": [{\"vdev\": \"%s\", \"mac\": \"02:00:00:00:00:0%u\","
      " \"mtu\": %u, \"addresses\": [\"198.18.1.%u/24\", \"fde7:f17d:24:1::%u/64\"]}]}",
      end, devargs, end + 1, mtu, end + 1, end + 1);
  DpdkRuntime *runtime;

  if (port != NULL)
    dpdk_runtime_builder_add_port (builder, port);
  /* the other way to switch off */
  dpdk_runtime_builder_set_disabled_offloads (builder, disabled);
  runtime = net_build_with (builder, json, &error);
  g_assert_no_error (error);
  return runtime;
}

void
net_offload_stop (DpdkRuntime *runtime)
{
  g_autoptr (GError) error = NULL;

  dpdk_runtime_shutdown (runtime, 10000, &error);
  g_assert_no_error (error);
  g_assert_finalize_object (runtime);
}

guint64
net_offload_count (DpdkRuntime *runtime, DpdkStackCounter counter)
{
  g_autoptr (DpdkWorker) worker = dpdk_runtime_dup_worker (runtime, 0);
  g_autoptr (DpdkStackCounters) counters = dpdk_worker_dup_stack_counters (worker);

  return dpdk_stack_counters_get_value (counters, counter);
}

DpdkStackOffload
net_offload_get_used (DpdkRuntime *runtime)
{
  g_autoptr (DpdkWorker) worker = dpdk_runtime_dup_worker (runtime, 0);
  g_autoptr (DpdkPort) port = dpdk_runtime_dup_port (runtime, 0);

  return dpdk_worker_get_offloads (worker, port);
}

void
net_offload_check_counters (DpdkRuntime *runtime)
{
  DpdkStackOffload used = net_offload_get_used (runtime);
  g_autoptr (DpdkPort) port = dpdk_runtime_dup_port (runtime, 0);
  DpdkTxOffload tx = dpdk_port_get_tx_offloads (port);

  g_assert_cmpint (net_offload_count (runtime, DPDK_STACK_COUNTER_TX_CHECKSUM_OFFLOADED) > 0, ==,
                   (used & DPDK_STACK_OFFLOAD_TX_CHECKSUM) != 0);
  g_assert_cmpint ((tx & DPDK_TX_OFFLOAD_TCP_CHECKSUM) != 0, ==,
                   (used & DPDK_STACK_OFFLOAD_TX_CHECKSUM) != 0);
  g_assert_cmpint ((tx & DPDK_TX_OFFLOAD_MULTI_SEGMENTS) != 0, ==,
                   (used & DPDK_STACK_OFFLOAD_MULTI_SEGMENTS) != 0);
  if ((used & DPDK_STACK_OFFLOAD_GRO) == 0)
    g_assert_cmpuint (net_offload_count (runtime, DPDK_STACK_COUNTER_GRO_SEGMENTS), ==, 0);
  if ((used & DPDK_STACK_OFFLOAD_TSO) == 0)
    g_assert_cmpuint (net_offload_count (runtime, DPDK_STACK_COUNTER_TSO_SEGMENTS), ==, 0);
  if ((used & NET_OFFLOAD_REFERENCE_NEEDS) != NET_OFFLOAD_REFERENCE_NEEDS)
    g_assert_cmpuint (net_offload_count (runtime, DPDK_STACK_COUNTER_TX_REFERENCES), ==, 0);
  g_assert_cmpint (net_offload_count (runtime, DPDK_STACK_COUNTER_GSO_SEGMENTS) > 0, ==,
                   (used & DPDK_STACK_OFFLOAD_GSO) != 0);
  g_assert_cmpuint (net_offload_count (runtime, DPDK_STACK_COUNTER_DROPPED_CHECKSUM), ==, 0);
}

guint64
net_offload_get_size (void)
{
  return MAX (dpdk_test_scale (BULK), 512u * 1024);
}

gpointer
net_transfer_thread (gpointer data)
{
  NetTransfer *self = data;

  if (self->connection != NULL)
    net_write_pattern (self->connection, 0, self->size);
  else
    net_kernel_write_pattern (self->fd, 0, self->size);
  return NULL;
}

void
net_offload_exchange (DpdkRuntime *client, DpdkRuntime *server, const char *host, guint64 size)
{
  DpdkTcpListener *listener = net_listen (server, host, 0);
  DpdkTcpConnection *ends[2];

  ends[0] = net_connect (client, host, net_listener_get_port (listener));
  ends[1] = net_accept (listener);
  for (guint i = 0; i < 2; i++)
    {
      NetTransfer transfer = { .connection = ends[i], .size = size };
      GThread *thread = g_thread_new ("write", net_transfer_thread, &transfer);

      net_read_pattern (ends[1 - i], 0, size);
      g_thread_join (thread);
    }
  for (guint i = 0; i < 2; i++)
    net_close (ends[i]);
  net_release (ends[0]);
  net_release (ends[1]);
  net_release (listener);
}

void
net_offload_exchange_both (DpdkRuntime *const *runtimes)
{
  net_offload_exchange (runtimes[0], runtimes[1], "198.18.1.2", net_offload_get_size ());
  net_offload_exchange (runtimes[1], runtimes[0], "fde7:f17d:24:1::1", net_offload_get_size ());
  for (guint i = 0; i < 2; i++)
    net_offload_check_counters (runtimes[i]);
}

void
net_offload_exchange_until (DpdkRuntime *const *runtimes, guint end, DpdkStackCounter counter)
{
  for (guint i = 0; i < MAX_EXCHANGES && net_offload_count (runtimes[end], counter) == 0; i++)
    net_offload_exchange_both (runtimes);
  g_assert_cmpuint (net_offload_count (runtimes[end], counter), >, 0);
}
