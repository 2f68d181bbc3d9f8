/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-peers.h"

#include "bench-report.h"
#include "bench-thread.h"

#define BACKLOG 4096
#define MEMPOOL_SIZE 16383

struct _BenchPeers {
  DpdkEal *eal;
  DpdkTestLink *link;
  DpdkRuntime *runtimes[2];
  GMutex lock;
  GCond changed;
  gboolean is_done;
};

static const char *const addresses[] = { "198.18.0.1", "198.18.0.2" };

static DpdkRuntime *
build (BenchPeers *self, guint peer)
{
  DpdkPort *port = dpdk_test_link_get_port (self->link, peer);
  g_autoptr (DpdkRuntimeBuilder) builder = dpdk_runtime_builder_new ();
  g_autofree char *json = g_strdup_printf (
      "{ \"dpdk_cores\": [%u], \"devices\": [ { \"vdev\": \"%s\", \"mac\": "
      "\"02:00:00:00:00:%02x\", \"addresses\": [\"%s/24\"] } ] }",
      peer % g_get_num_processors (), dpdk_port_get_devargs (port), peer + 1, addresses[peer]);
  g_autoptr (GError) error = NULL;
  g_autoptr (DpdkConfig) config = dpdk_config_new_from_data (json, -1, &error);
  DpdkRuntime *runtime;

  if (config == NULL)
    bench_die (error);
  dpdk_runtime_builder_set_config (builder, config);
  dpdk_runtime_builder_add_port (builder, port);
  dpdk_runtime_builder_set_mempool_size (builder, MEMPOOL_SIZE);
  dpdk_runtime_builder_set_idle_policy (builder, DPDK_IDLE_POLICY_BUSY_POLL);
  runtime = dpdk_runtime_builder_build (builder, &error);
  if (runtime == NULL)
    bench_die (error);
  return runtime;
}

static void
lower (DpdkWorker *worker, gpointer user_data)
{
  bench_thread_lower ();
  bench_peers_set_done (user_data);
}

BenchPeers *
bench_peers_new (void)
{
  g_autoptr (GError) error = NULL;
  BenchPeers *self = g_new0 (BenchPeers, 1);

  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  self->eal = dpdk_eal_new (NULL, &error);
  if (self->eal == NULL)
    bench_die (error);
  self->link = dpdk_test_link_new (self->eal, 1, &error);
  if (self->link == NULL)
    bench_die (error);
  for (guint peer = 0; peer < 2; peer++)
    {
      self->runtimes[peer] = build (self, peer);
      bench_peers_invoke (self, peer, lower, self);
      bench_peers_wait_done (self);
    }
  return self;
}

DpdkRuntime *
bench_peers_get_runtime (BenchPeers *self, guint peer)
{
  return self->runtimes[peer];
}

DpdkTcpListener *
bench_peers_listen (BenchPeers *self, guint16 port)
{
  g_autoptr (GSocketAddress) address =
      g_inet_socket_address_new_from_string (addresses[BENCH_PEERS_SERVER], port);
  g_autoptr (GError) error = NULL;
  DpdkTcpListener *listener =
      dpdk_tcp_listener_new (self->runtimes[BENCH_PEERS_SERVER], address, BACKLOG, &error);

  if (listener == NULL)
    bench_die (error);
  return listener;
}

void
bench_peers_invoke (BenchPeers *self, guint peer, DpdkWorkerFunc func, gpointer user_data)
{
  g_autoptr (DpdkWorker) worker = dpdk_runtime_dup_worker (self->runtimes[peer], 0);
  g_autoptr (GError) error = NULL;

  if (!dpdk_worker_invoke (worker, func, user_data, NULL, &error))
    bench_die (error);
}

void
bench_peers_set_done (BenchPeers *self)
{
  g_mutex_lock (&self->lock);
  self->is_done = TRUE;
  g_cond_signal (&self->changed);
  g_mutex_unlock (&self->lock);
}

void
bench_peers_wait_done (BenchPeers *self)
{
  g_mutex_lock (&self->lock);
  while (!self->is_done)
    g_cond_wait (&self->changed, &self->lock);
  self->is_done = FALSE;
  g_mutex_unlock (&self->lock);
}
