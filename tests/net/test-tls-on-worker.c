/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* TLS on the thread of a worker: what is asynchronous works, what waits does not */
#include "net-kernel.h"
#include "net-tls-async.h"
#include "net-tls.h"

typedef gboolean (*Call) (GIOStream *stream, GCancellable *cancellable, GError **error);

/* a TLS connection of the kernel's to us */
typedef struct {
  DpdkRuntime *runtime;
  DpdkWorker *worker;
  GIOStream *bases[2];
  GIOStream *ours;
  GIOStream *kernels;
  GCancellable *cancellable;
  NetTlsAsync end;
  /* on the worker, with the error that it gives */
  Call call;
  GError *error;
  gint is_done;
} World;

static World
world_new (void)
{
  World self = { .runtime = net_start () };
  DpdkTcpListener *listener = net_listen (self.runtime, NET_OUR_V4, 0);

  self.worker = dpdk_runtime_dup_worker (self.runtime, 0);
  self.bases[1] =
      net_kernel_stream_new (net_kernel_connect (NET_OUR_V4, net_listener_get_port (listener)));
  self.bases[0] = G_IO_STREAM (net_accept (listener));
  self.ours = net_tls_server_new (self.bases[0]);
  self.kernels = net_tls_client_new (self.bases[1], NET_OUR_V4);
  self.cancellable = g_cancellable_new ();
  net_release (listener);
  return self;
}

static void
world_free (World *self)
{
  dpdk_tcp_connection_abort (DPDK_TCP_CONNECTION (self->bases[0]));
  net_release_later (self->ours);
  net_release_later (self->kernels);
  for (guint i = 0; i < 2; i++)
    net_release_later (self->bases[i]);
  g_clear_error (&self->error);
  g_object_unref (self->cancellable);
  g_object_unref (self->worker);
  net_stop (self->runtime);
}

static void
run_on_worker (World *self, DpdkWorkerFunc func)
{
  g_autoptr (GError) error = NULL;

  dpdk_worker_invoke (self->worker, func, self, NULL, &error);
  g_assert_no_error (error);
}

static void
start_exchange (DpdkWorker *worker, gpointer user_data)
{
  World *self = user_data;

  net_tls_async_start (&self->end, self->ours, TRUE);
}

static void
test_asynchronous (void)
{
  World world = world_new ();

  run_on_worker (&world, start_exchange);
  net_tls_handshake (world.kernels);
  net_stream_write_pattern (world.kernels, 0, NET_TLS_ASYNC_SIZE);
  net_stream_read_pattern (world.kernels, 0, NET_TLS_ASYNC_SIZE);
  net_tls_assert_at_end (world.kernels);
  net_tls_close (world.kernels);
  DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&world.end.is_over));
  world_free (&world);
}

static gpointer
handshake_thread (gpointer data)
{
  net_tls_handshake (data);
  return NULL;
}

static gboolean
call_handshake (GIOStream *stream, GCancellable *cancellable, GError **error)
{
  return g_tls_connection_handshake (G_TLS_CONNECTION (stream), cancellable, error);
}

static gboolean
call_read (GIOStream *stream, GCancellable *cancellable, GError **error)
{
  guint8 byte;

  return g_input_stream_read (g_io_stream_get_input_stream (stream), &byte, 1, cancellable,
                              error) >= 0;
}

static gboolean
call_write (GIOStream *stream, GCancellable *cancellable, GError **error)
{
  return g_output_stream_write (g_io_stream_get_output_stream (stream), "x", 1, cancellable,
                                error) >= 0;
}

static gboolean
call_close (GIOStream *stream, GCancellable *cancellable, GError **error)
{
  return g_io_stream_close (stream, cancellable, error);
}

static void
call_and_fail (DpdkWorker *worker, gpointer user_data)
{
  World *self = user_data;

  g_assert_false (self->call (self->ours, self->cancellable, &self->error));
  g_atomic_int_set (&self->is_done, TRUE);
}

static const Call handshake_call = call_handshake;
static const Call read_call = call_read;
static const Call write_call = call_write;
static const Call close_call = call_close;

/* what waits is refused by the streams below, and ends the connection for the library of TLS */
static void
test_waiting (gconstpointer data)
{
  World world = world_new ();
  GThread *thread = g_thread_new ("handshake", handshake_thread, world.kernels);

  net_tls_handshake (world.ours);
  g_thread_join (thread);
  world.call = *(const Call *) data;
  run_on_worker (&world, call_and_fail);
  DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&world.is_done));
  g_assert_error (world.error, DPDK_ERROR, DPDK_ERROR_WOULD_DEADLOCK);
  world_free (&world);
}

/* A thread of GIO's shakes hands and waits for the worker, which waits for that thread: nobody can tell
   this from a function that takes its time. Giving up ends it, and the worker goes on. */
static void
test_handshake (gconstpointer data)
{
  World world = world_new ();
  const guint cancelled = g_signal_lookup ("cancelled", G_TYPE_CANCELLABLE);

  world.call = *(const Call *) data;
  run_on_worker (&world, call_and_fail);
  DPDK_TEST_WAIT_UNTIL (g_signal_has_handler_pending (world.cancellable, cancelled, 0, FALSE));
  g_cancellable_cancel (world.cancellable);
  DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&world.is_done));
  g_assert_error (world.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  world_free (&world);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  if (net_tls_is_missing ())
    return 0;
  dpdk_test_add_func ("/net/tls-on-worker/asynchronous", DPDK_TEST_FLAGS_NETWORK,
                      test_asynchronous);
  dpdk_test_add_data_func ("/net/tls-on-worker/waiting/read", DPDK_TEST_FLAGS_NETWORK, &read_call,
                           test_waiting);
  dpdk_test_add_data_func ("/net/tls-on-worker/waiting/write", DPDK_TEST_FLAGS_NETWORK, &write_call,
                           test_waiting);
  dpdk_test_add_data_func ("/net/tls-on-worker/waiting/close", DPDK_TEST_FLAGS_NETWORK, &close_call,
                           test_waiting);
  dpdk_test_add_data_func ("/net/tls-on-worker/handshake/itself", DPDK_TEST_FLAGS_NETWORK,
                           &handshake_call, test_handshake);
  dpdk_test_add_data_func ("/net/tls-on-worker/handshake/read", DPDK_TEST_FLAGS_NETWORK, &read_call,
                           test_handshake);
  dpdk_test_add_data_func ("/net/tls-on-worker/handshake/write", DPDK_TEST_FLAGS_NETWORK,
                           &write_call, test_handshake);
  return g_test_run ();
}
