/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-peers.h"

#include "bench-report.h"
#include "bench-thread.h"

#include <stdlib.h>
#include <glib/gstdio.h>
#include <sched.h>

#define BACKLOG 4096
#define MEMPOOL_SIZE 16383
#define MTU 1500

struct _BenchPeers {
  BenchPeersSettings settings;
  DpdkEal *eal;
  /* of the threads */
  int policy;
  DpdkTestLink *link;
  DpdkRuntime *runtimes[2];
  GMutex lock;
  GCond changed;
  gboolean is_done;
};

static const char *const addresses[] = { "198.18.0.1", "198.18.0.2" };

/* of the process, as long as it is there */
static char *vhost_path;

static void
remove_vhost_path (void)
{
  g_autofree char *folder = vhost_path != NULL ? g_path_get_dirname (vhost_path) : NULL;

  if (folder == NULL)
    return;
  g_unlink (vhost_path);
  g_rmdir (folder);
  g_clear_pointer (&vhost_path, g_free);
}

static char *
get_vdev (BenchPeers *self, guint peer)
{
  if (self->link != NULL)
    return g_strdup (dpdk_port_get_devargs (dpdk_test_link_get_port (self->link, peer)));
  return peer == BENCH_PEERS_SERVER
             ? g_strdup_printf ("net_vhost0,iface=%s,queues=1,tso=1", vhost_path)
             : g_strdup_printf ("net_virtio_user0,path=%s,queues=1,queue_size=1024", vhost_path);
}

static DpdkConfig *
get_config (BenchPeers *self, guint peer)
{
  const BenchPeersSettings *settings = &self->settings;
  g_autofree char *vdev = get_vdev (self, peer);
  g_autofree char *gateway =
      settings->has_gateway && peer == BENCH_PEERS_SERVER
          ? g_strdup_printf ("\"gateway_v4\": \"%s\", ", addresses[BENCH_PEERS_CLIENT])
          : g_strdup ("");
  g_autofree char *json = g_strdup_printf (
      "{ \"dpdk_cores\": [%u], \"tcp\": %s, \"devices\": [ { \"vdev\": \"%s\", \"mac\": "
      "\"02:00:00:00:00:%02x\", \"mtu\": %u, %s\"addresses\": [\"%s/24\"] } ] }",
      peer % g_get_num_processors (), settings->tcp != NULL ? settings->tcp : "{}", vdev, peer + 1,
      settings->mtu != 0 ? settings->mtu : MTU, gateway, addresses[peer]);
  g_autoptr (GError) error = NULL;
  DpdkConfig *config = dpdk_config_new_from_data (json, -1, &error);

  if (config == NULL)
    bench_die (error);
  return config;
}

static DpdkRuntime *
build (BenchPeers *self, guint peer)
{
  const BenchPeersSettings *settings = &self->settings;
  g_autoptr (DpdkRuntimeBuilder) builder = dpdk_runtime_builder_new ();
  g_autoptr (DpdkConfig) config = get_config (self, peer);
  g_autoptr (GError) error = NULL;
  DpdkRuntime *runtime;

  dpdk_runtime_builder_set_config (builder, config);
  if (self->link != NULL)
    dpdk_runtime_builder_add_port (builder, dpdk_test_link_get_port (self->link, peer));
  dpdk_runtime_builder_set_mempool_size (
      builder, settings->mempool_size != 0 ? settings->mempool_size : MEMPOOL_SIZE);
  dpdk_runtime_builder_set_idle_policy (builder, settings->idle_policy);
  runtime = dpdk_runtime_builder_build (builder, &error);
  if (runtime == NULL)
    bench_die (error);
  return runtime;
}

static void
lower (DpdkWorker *worker, gpointer user_data)
{
  BenchPeers *self = user_data;

  bench_thread_restore (self->policy);
  bench_peers_set_done (self);
}

static void
set_priority (BenchPeers *self, guint peer)
{
  bench_peers_invoke (self, peer, lower, self);
  bench_peers_wait_done (self);
}

void
bench_peers_set_priority (BenchPeers *self)
{
  for (guint peer = 0; peer < 2; peer++)
    set_priority (self, peer);
}

/* its ends find one another by the name of a socket, which nobody needs when they have, and which does
   not stay when they cannot be opened either */
static void
choose_vhost_path (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp ("dpdk-bench-XXXXXX", &error);

  if (folder == NULL)
    bench_die (error);
  vhost_path = g_build_filename (folder, "vhost", NULL);
  atexit (remove_vhost_path);
}

BenchPeers *
bench_peers_new_with (const BenchPeersSettings *settings)
{
  g_autoptr (GError) error = NULL;
  BenchPeers *self = g_new0 (BenchPeers, 1);

  self->settings = *settings;
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  self->policy = settings->is_virtio ? bench_thread_relax () : sched_getscheduler (0);
  self->eal = dpdk_eal_new (NULL, &error);
  if (self->eal == NULL)
    bench_die (error);
  if (settings->is_virtio)
    choose_vhost_path ();
  else if (settings->impairment != NULL)
    self->link = dpdk_test_link_new_impaired (self->eal, 1, settings->impairment, &error);
  else
    self->link = dpdk_test_link_new (self->eal, 1, &error);
  if (error != NULL)
    bench_die (error);
  for (guint peer = 0; peer < 2; peer++)
    {
      self->runtimes[peer] = build (self, peer);
      if (!settings->is_virtio)
        set_priority (self, peer);
    }
  if (settings->is_virtio)
    {
      remove_vhost_path ();
      bench_thread_restore (self->policy);
      bench_thread_raise ();
    }
  return self;
}

BenchPeers *
bench_peers_new (void)
{
  return bench_peers_new_with (&(BenchPeersSettings){ 0 });
}

DpdkRuntime *
bench_peers_get_runtime (BenchPeers *self, guint peer)
{
  return self->runtimes[peer];
}

DpdkTestLink *
bench_peers_get_link (BenchPeers *self)
{
  return self->link;
}

guint64
bench_peers_count (BenchPeers *self, guint peer, DpdkStackCounter counter)
{
  g_autoptr (DpdkWorker) worker = dpdk_runtime_dup_worker (self->runtimes[peer], 0);
  g_autoptr (DpdkStackCounters) counters = dpdk_worker_dup_stack_counters (worker);

  return dpdk_stack_counters_get_value (counters, counter);
}

const char *
bench_peers_get_address (guint peer)
{
  return addresses[peer];
}

GSocketAddress *
bench_peers_new_address (guint16 port)
{
  return g_inet_socket_address_new_from_string (addresses[BENCH_PEERS_SERVER], port);
}

DpdkTcpSocket *
bench_peers_connect (BenchPeers *self, GSocketAddress *address, GAsyncReadyCallback done,
                     gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  DpdkTcpSocket *socket =
      dpdk_tcp_socket_new (self->runtimes[BENCH_PEERS_CLIENT], G_SOCKET_FAMILY_IPV4, &error);

  if (socket == NULL)
    bench_die (error);
  dpdk_tcp_socket_connect_async (socket, address, NULL, done, user_data);
  return socket;
}

DpdkTcpListener *
bench_peers_listen (BenchPeers *self, guint16 port)
{
  g_autoptr (GSocketAddress) address = bench_peers_new_address (port);
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
