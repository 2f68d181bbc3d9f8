/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net-calls.h"

#include "net-kernel.h"
#include "net-udp.h"

#define PORT 5000

static const char json[] =
    "{\"dpdk_cores\": [0, 1], \"devices\": [{\"vdev\": \"net_tap0,iface=dpdk0\","
    " \"mac\": \"" NET_OUR_MAC "\", \"addresses\": [\"198.18.0.2/24\", \"fde7:f17d:24::2/64\"]}]}";

static void
make_sockets (NetCalls *self)
{
  g_autoptr (GError) error = NULL;

  self->fresh = dpdk_tcp_socket_new (self->runtime, G_SOCKET_FAMILY_IPV4, &error);
  g_assert_no_error (error);
  self->socket = dpdk_tcp_socket_new (self->runtime, G_SOCKET_FAMILY_IPV4, &error);
  g_assert_no_error (error);
  self->udp = net_udp_new (self->runtime, NET_OUR_V4, PORT);
  self->fresh_udp = dpdk_udp_socket_new (self->runtime, G_SOCKET_FAMILY_IPV4, &error);
  g_assert_no_error (error);
}

void
net_calls_start (NetCalls *self)
{
  g_autoptr (DpdkWorker) worker = NULL;
  g_autoptr (GError) error = NULL;
  guint16 port = 0;

  *self = (NetCalls){ .runtime = net_start_with (json) };
  net_kernel_up_default ();
  self->eal = dpdk_runtime_dup_eal (self->runtime);
  self->client = dpdk_tcp_client_new (self->runtime);
  self->resolver =
      dpdk_resolver_new (self->runtime, (const char *const[]){ NET_KERNEL_V4, NULL }, &error);
  g_assert_no_error (error);
  self->kernel_listener = net_kernel_listen (NET_KERNEL_V4, 16, &port);
  self->address = net_address (NET_KERNEL_V4, port);
  self->bytes = g_bytes_new_static ("x", 1);
  self->listener = net_listen (self->runtime, NET_OUR_V4, PORT);
  net_calls_run_on_worker (self, 0, make_sockets);
  worker = dpdk_runtime_dup_worker (self->runtime, 0);
  g_assert_true (dpdk_socket_get_worker (DPDK_SOCKET (self->socket)) == worker);
  self->connection = dpdk_tcp_socket_connect (self->socket, self->address, NULL, &error);
  g_assert_no_error (error);
  self->fd = net_kernel_accept (self->kernel_listener);
  self->udp_fd = net_kernel_udp_open (NET_KERNEL_V4, 0);
  self->pool = dpdk_mempool_new (self->eal, 63, 0, 2048, -1, &error);
  g_assert_no_error (error);
}

void
net_calls_stop (NetCalls *self)
{
  net_kernel_close (self->fd);
  net_kernel_close (self->kernel_listener);
  net_kernel_close (self->udp_fd);
  g_object_unref (self->socket);
  net_close (self->connection);
  net_release (self->connection);
  net_release_later (self->fresh);
  net_release (self->listener);
  net_release_later (self->udp);
  net_release_later (self->fresh_udp);
  g_object_unref (self->client);
  g_object_unref (self->resolver);
  g_object_unref (self->address);
  g_bytes_unref (self->bytes);
  net_release_later (self->pool);
  g_object_unref (self->eal);
  net_stop (self->runtime);
}

typedef struct {
  NetCalls *self;
  NetCallsFunc func;
  gint is_done;
} Run;

static void
run_on_worker (DpdkWorker *worker, gpointer user_data)
{
  Run *run = user_data;

  run->func (run->self);
  g_atomic_int_set (&run->is_done, TRUE);
}

void
net_calls_run_on_worker (NetCalls *self, guint worker, NetCallsFunc func)
{
  g_autoptr (DpdkWorker) object = dpdk_runtime_dup_worker (self->runtime, worker);
  Run run = { self, func, FALSE };
  g_autoptr (GError) error = NULL;

  dpdk_worker_invoke (object, run_on_worker, &run, NULL, &error);
  g_assert_no_error (error);
  DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&run.is_done));
}

static gpointer
run_on_thread (gpointer data)
{
  Run *run = data;

  run->func (run->self);
  g_atomic_int_set (&run->is_done, TRUE);
  return NULL;
}

void
net_calls_run_on_thread (NetCalls *self, NetCallsFunc func)
{
  Run run = { self, func, FALSE };
  GThread *thread = g_thread_new ("calls", run_on_thread, &run);

  DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&run.is_done));
  g_thread_join (thread);
}

char **
net_calls_read_symbols (void)
{
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;

  g_file_get_contents (NET_SYMBOLS, &text, NULL, &error);
  g_assert_no_error (error);
  return g_strsplit (text, "\n", -1);
}
