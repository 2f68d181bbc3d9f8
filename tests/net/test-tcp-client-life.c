/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* connecting by DpdkTcpClient that is given up, on a worker, and without a runtime; listeners that are
   found by name */
#include "net-leaks.h"
#include "net-kernel.h"
#include "net-mock-resolver.h"

#include <string.h>

#define NOBODY_V4 "198.18.0.99"
#define NOBODY_V6 "fde7:f17d:24::99"

typedef struct {
  DpdkRuntime *runtime;
  DpdkWorker *worker;
  DpdkTcpClient *client;
  NetMockResolver *resolver;
  NetKernelServer *server;
  guint16 port;
} World;

/* the end of an operation */
typedef struct {
  gint n_calls;
  GError *error;
  GObject *object;
} Result;

static World
world_new (void)
{
  World self = { .runtime = net_start () };

  self.worker = dpdk_runtime_dup_worker (self.runtime, 0);
  self.server = net_kernel_server_new ("::", net_kernel_serve_anybody, NULL);
  self.port = net_kernel_server_get_port (self.server);
  self.resolver = net_mock_resolver_new ();
  net_mock_resolver_add (self.resolver, "both.test", G_SOCKET_FAMILY_IPV4, NET_KERNEL_V4, 0);
  net_mock_resolver_add (self.resolver, "both.test", G_SOCKET_FAMILY_IPV6, NET_KERNEL_V6, 1);
  net_mock_resolver_add (self.resolver, "hole.test", G_SOCKET_FAMILY_IPV4, NOBODY_V4, 0);
  net_mock_resolver_add (self.resolver, "hole.test", G_SOCKET_FAMILY_IPV6, NOBODY_V6, 0);
  net_mock_resolver_add (self.resolver, "half.test", G_SOCKET_FAMILY_IPV4, NET_KERNEL_V4, 1);
  net_mock_resolver_add (self.resolver, "half.test", G_SOCKET_FAMILY_IPV6, NOBODY_V6, 0);
  net_mock_resolver_add (self.resolver, "ours.test", G_SOCKET_FAMILY_IPV4, NOBODY_V4, 0);
  net_mock_resolver_add (self.resolver, "ours.test", G_SOCKET_FAMILY_IPV4, NET_OUR_V4, 0);
  net_mock_resolver_add (self.resolver, "ours.test", G_SOCKET_FAMILY_IPV6, NULL, 0);
  self.client = dpdk_tcp_client_new (self.runtime);
  dpdk_tcp_client_set_resolver (self.client, G_RESOLVER (self.resolver));
  dpdk_tcp_client_set_attempt_delay (self.client, 10);
  return self;
}

static guint64
count_connections (World *self)
{
  g_autoptr (DpdkStackCounters) counters = dpdk_worker_dup_stack_counters (self->worker);

  return dpdk_stack_counters_get_value (counters, DPDK_STACK_COUNTER_TCP_CONNECTIONS);
}

static void
world_free (World *self)
{
  net_release (self->client);
  /* lookups that were given up may still end */
  DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&G_OBJECT (self->resolver)->ref_count) == 1);
  net_release (self->resolver);
  net_kernel_server_free (self->server);
  g_clear_object (&self->worker);
  net_stop (self->runtime);
}

static void
on_connected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Result *self = user_data;

  self->object = (GObject *) dpdk_tcp_client_connect_to_host_finish (DPDK_TCP_CLIENT (source),
                                                                     result, &self->error);
  g_atomic_int_inc (&self->n_calls);
}

static void
connect_to (World *self, const char *name, GCancellable *cancellable, Result *result)
{
  *result = (Result){ 0 };
  dpdk_tcp_client_connect_to_host_async (self->client, name, self->port, cancellable, on_connected,
                                         result);
}

/* while a name is looked up, and while addresses are tried */
static void
test_stages (void)
{
  static const char *const names[] = { "never.test", "hole.test", NOBODY_V4 };
  World world = world_new ();

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      Result result;

      connect_to (&world, names[i], cancellable, &result);
      if (i > 0)
        DPDK_TEST_WAIT_UNTIL (count_connections (&world) == (i == 1 ? 2 : 1));
      else
        DPDK_TEST_WAIT_UNTIL (net_mock_resolver_get_n_pending (world.resolver) == 2);
      g_assert_cmpint (result.n_calls, ==, 0);
      g_cancellable_cancel (cancellable);
      DPDK_TEST_WAIT_UNTIL (result.n_calls == 1);
      g_assert_error (result.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_clear_error (&result.error);
      DPDK_TEST_WAIT_UNTIL (count_connections (&world) == 0);

      /* and before anything */
      connect_to (&world, names[i], cancellable, &result);
      DPDK_TEST_WAIT_UNTIL (result.n_calls == 1);
      g_assert_error (result.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_clear_error (&result.error);
    }
  world_free (&world);
}

static gpointer
cancel_a_bit_later (gpointer data)
{
  g_usleep ((gulong) g_random_int_range (0, 25000));
  g_cancellable_cancel (data);
  return NULL;
}

/* each ends once, whenever it is given up, and leaves no connection */
static void
test_random_moments (void)
{
  static const char *const names[] = { "both.test", "half.test", "hole.test", "never.test" };
  const guint n = dpdk_test_scale (200);
  World world = world_new ();
  guint n_cancelled = 0;

  /* GLib 2.74 never frees the source of a cancellable that ends while another thread cancels it */
  net_leaks_ignore ();
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      GThread *thread = g_thread_new ("cancel", cancel_a_bit_later, cancellable);
      const char *name = names[i % G_N_ELEMENTS (names)];
      Result result = { 0 };

      if (i / G_N_ELEMENTS (names) % 2 == 0)
        {
          connect_to (&world, name, cancellable, &result);
          DPDK_TEST_WAIT_UNTIL (result.n_calls > 0);
        }
      else
        result.object = (GObject *) dpdk_tcp_client_connect_to_host (world.client, name, world.port,
                                                                     cancellable, &result.error);
      g_thread_join (thread);
      while (g_main_context_iteration (NULL, FALSE))
        ;
      g_assert_cmpint (result.n_calls, <=, 1);
      g_assert_true ((result.error == NULL) == (result.object != NULL));
      if (result.error != NULL)
        g_assert_error (result.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      n_cancelled += result.error != NULL ? 1 : 0;
      g_clear_error (&result.error);
      /* which does not leave one in TIME-WAIT */
      if (result.object != NULL)
        dpdk_tcp_connection_abort (DPDK_TCP_CONNECTION (result.object));
      g_clear_object (&result.object);
      DPDK_TEST_WAIT_UNTIL (count_connections (&world) == 0);
    }
  g_test_message ("%u of %u were given up", n_cancelled, n);
  g_assert_cmpuint (n_cancelled, >=, n / 2);
  world_free (&world);
}

typedef struct {
  World *world;
  Result result;
} OnWorker;

static void
connect_on_worker (DpdkWorker *worker, gpointer user_data)
{
  OnWorker *self = user_data;
  DpdkTcpClient *client = self->world->client;
  g_autoptr (GSocketConnectable) address = g_network_address_new ("both.test", 1);
  g_autoptr (GError) error = NULL;

  g_assert_null (dpdk_tcp_client_connect (client, address, NULL, &error));
  g_assert_error (error, DPDK_ERROR, DPDK_ERROR_WOULD_DEADLOCK);
  g_assert_nonnull (strstr (error->message, "use dpdk_tcp_client_connect_async()"));
  g_clear_error (&error);
  g_assert_null (dpdk_tcp_client_connect_to_host (client, "both.test", 1, NULL, &error));
  g_assert_error (error, DPDK_ERROR, DPDK_ERROR_WOULD_DEADLOCK);
  g_clear_error (&error);
  g_assert_null (dpdk_tcp_client_connect_to_uri (client, "http://both.test", 1, NULL, &error));
  g_assert_error (error, DPDK_ERROR, DPDK_ERROR_WOULD_DEADLOCK);
  g_clear_error (&error);
  g_assert_null (
      dpdk_tcp_listener_new_for_host (self->world->runtime, "ours.test", 1, 1, NULL, NULL, &error));
  g_assert_error (error, DPDK_ERROR, DPDK_ERROR_WOULD_DEADLOCK);
  g_assert_nonnull (strstr (error->message, "dpdk_tcp_listener_new_for_host_async()"));
  dpdk_tcp_client_connect_to_host_async (self->world->client, "both.test", self->world->port, NULL,
                                         on_connected, &self->result);
}

static void
test_on_worker (void)
{
  World world = world_new ();
  OnWorker on_worker = { .world = &world };
  g_autoptr (GError) error = NULL;

  dpdk_worker_invoke (world.worker, connect_on_worker, &on_worker, NULL, &error);
  g_assert_no_error (error);
  DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&on_worker.result.n_calls) == 1);
  g_assert_no_error (on_worker.result.error);
  g_assert_true (DPDK_IS_TCP_CONNECTION (on_worker.result.object));
  net_close (DPDK_TCP_CONNECTION (on_worker.result.object));
  g_object_unref (on_worker.result.object);
  DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&G_OBJECT (world.client)->ref_count) == 1);
  world_free (&world);
}

/* the end of the runtime is that of what it does */
static void
test_shutdown (void)
{
  World world = world_new ();
  Result hole, never;
  g_autoptr (GError) error = NULL;
  g_autoptr (DpdkRuntime) runtime = NULL;

  connect_to (&world, "hole.test", NULL, &hole);
  DPDK_TEST_WAIT_UNTIL (count_connections (&world) == 2);
  runtime = dpdk_tcp_client_dup_runtime (world.client);
  g_assert_true (runtime == world.runtime);
  g_clear_object (&runtime);
  g_clear_object (&world.worker);
  /* each reference that is left is of what has not ended yet */
  dpdk_runtime_shutdown (world.runtime, 10000, &error);
  g_object_unref (world.runtime);
  DPDK_TEST_WAIT_UNTIL (hole.n_calls == 1);
  g_assert_error (hole.error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_clear_error (&hole.error);
  g_assert_null (dpdk_tcp_client_dup_runtime (world.client));
  connect_to (&world, "never.test", NULL, &never);
  DPDK_TEST_WAIT_UNTIL (never.n_calls == 1);
  g_assert_error (never.error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_clear_error (&never.error);
  net_release (world.client);
  DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&G_OBJECT (world.resolver)->ref_count) == 1);
  net_release (world.resolver);
  net_kernel_server_free (world.server);
  dpdk_test_assert_eal_dead ();
}

/* who drops the client does not end what it has begun */
static void
test_drop (void)
{
  World world = world_new ();
  Result result;

  connect_to (&world, "half.test", NULL, &result);
  g_object_add_weak_pointer (G_OBJECT (world.client), (gpointer *) &world.client);
  g_object_unref (world.client);
  DPDK_TEST_WAIT_UNTIL (result.n_calls == 1);
  g_assert_no_error (result.error);
  DPDK_TEST_WAIT_UNTIL (world.client == NULL);
  net_read_pattern (DPDK_TCP_CONNECTION (result.object), 0, 0);
  net_release (result.object);
  DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&G_OBJECT (world.resolver)->ref_count) == 1);
  net_release (world.resolver);
  net_kernel_server_free (world.server);
  g_clear_object (&world.worker);
  net_stop (world.runtime);
}

static void
on_listening (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Result *self = user_data;

  self->object = (GObject *) dpdk_tcp_listener_new_for_host_finish (result, &self->error);
  self->n_calls++;
}

static void
on_incoming (DpdkTcpListener *listener, DpdkTcpConnection *connection, gpointer user_data)
{
  ++*(guint *) user_data;
}

/* on the first address of the name that is ours; signals come in the context of the caller */
static void
check_listener (DpdkTcpListener *listener, guint16 port)
{
  guint n_incoming = 0;
  gulong id = g_signal_connect (listener, "incoming", G_CALLBACK (on_incoming), &n_incoming);
  int fd = net_kernel_connect (NET_OUR_V4, port);

  g_assert_cmpuint (net_listener_get_port (listener), ==, port);
  DPDK_TEST_WAIT_UNTIL (n_incoming == 1);
  net_kernel_close (fd);
  g_signal_handler_disconnect (listener, id);
  net_release (listener);
}

static void
test_listener (void)
{
  World world = world_new ();
  GResolver *resolver = G_RESOLVER (world.resolver);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  Result result = { 0 };
  DpdkTcpListener *listener = dpdk_tcp_listener_new_for_host (world.runtime, "ours.test:7001", 0,
                                                              16, resolver, NULL, &error);

  g_assert_no_error (error);
  check_listener (listener, 7001);
  dpdk_tcp_listener_new_for_host_async (world.runtime, "ours.test", 7002, 16, resolver, NULL,
                                        on_listening, &result);
  DPDK_TEST_WAIT_UNTIL (result.n_calls == 1);
  g_assert_no_error (result.error);
  check_listener (DPDK_TCP_LISTENER (result.object), 7002);
  listener =
      dpdk_tcp_listener_new_for_host (world.runtime, NET_OUR_V4, 7003, 16, resolver, NULL, &error);
  g_assert_no_error (error);
  check_listener (listener, 7003);

  g_assert_null (dpdk_tcp_listener_new_for_host (world.runtime, "both.test", 7004, 16, resolver,
                                                 NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "both.test:7004"));
  g_assert_nonnull (strstr (error->message, NET_KERNEL_V4));
  g_assert_nonnull (strstr (error->message, NET_KERNEL_V6));
  g_clear_error (&error);
  g_assert_null (
      dpdk_tcp_listener_new_for_host (world.runtime, "[::1", 0, 16, resolver, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);

  result = (Result){ 0 };
  dpdk_tcp_listener_new_for_host_async (world.runtime, "never.test", 7005, 16, resolver,
                                        cancellable, on_listening, &result);
  DPDK_TEST_WAIT_UNTIL (net_mock_resolver_get_n_pending (world.resolver) == 2);
  g_cancellable_cancel (cancellable);
  DPDK_TEST_WAIT_UNTIL (result.n_calls == 1);
  g_assert_error (result.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&result.error);
  g_assert_null (dpdk_tcp_listener_new_for_host (world.runtime, "never.test", 7005, 16, resolver,
                                                 cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  world_free (&world);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/net/tcp-client-life/stages", DPDK_TEST_FLAGS_NETWORK, test_stages);
  dpdk_test_add_func ("/net/tcp-client-life/random-moments", DPDK_TEST_FLAGS_NETWORK,
                      test_random_moments);
  dpdk_test_add_func ("/net/tcp-client-life/on-worker", DPDK_TEST_FLAGS_NETWORK, test_on_worker);
  dpdk_test_add_func ("/net/tcp-client-life/shutdown", DPDK_TEST_FLAGS_NETWORK, test_shutdown);
  dpdk_test_add_func ("/net/tcp-client-life/drop", DPDK_TEST_FLAGS_NETWORK, test_drop);
  dpdk_test_add_func ("/net/tcp-client-life/listener", DPDK_TEST_FLAGS_NETWORK, test_listener);
  return g_test_run ();
}
