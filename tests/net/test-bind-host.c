/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sockets of TCP and UDP that are bound to an address that has a name */
#include "net-kernel.h"
#include "net-mock-resolver.h"
#include "net-udp.h"

#include <string.h>

static const NetFamily families[] = NET_FAMILIES;

/* what TCP and UDP have in common here */
typedef struct {
  const char *name;
  gpointer (*make) (DpdkRuntime *runtime, GSocketFamily family, GError **error);
  gboolean (*bind) (gpointer socket, const char *host_and_port, guint16 default_port,
                    GResolver *resolver, GCancellable *cancellable, GError **error);
  void (*bind_async) (gpointer socket, const char *host_and_port, guint16 default_port,
                      GResolver *resolver, GCancellable *cancellable, GAsyncReadyCallback callback,
                      gpointer user_data);
  gboolean (*finish) (gpointer socket, GAsyncResult *result, GError **error);
} Kind;

static gpointer
make_tcp (DpdkRuntime *runtime, GSocketFamily family, GError **error)
{
  return dpdk_tcp_socket_new (runtime, family, error);
}

static gboolean
bind_tcp (gpointer socket, const char *host_and_port, guint16 default_port, GResolver *resolver,
          GCancellable *cancellable, GError **error)
{
  return dpdk_tcp_socket_bind_to_host (socket, host_and_port, default_port, resolver, cancellable,
                                       error);
}

static void
bind_tcp_async (gpointer socket, const char *host_and_port, guint16 default_port,
                GResolver *resolver, GCancellable *cancellable, GAsyncReadyCallback callback,
                gpointer user_data)
{
  dpdk_tcp_socket_bind_to_host_async (socket, host_and_port, default_port, resolver, cancellable,
                                      callback, user_data);
}

static gboolean
finish_tcp (gpointer socket, GAsyncResult *result, GError **error)
{
  return dpdk_tcp_socket_bind_to_host_finish (socket, result, error);
}

static gpointer
make_udp (DpdkRuntime *runtime, GSocketFamily family, GError **error)
{
  DpdkUdpSocket *socket = dpdk_udp_socket_new (runtime, family, error);

  if (socket != NULL)
    dpdk_udp_socket_set_ipv6_only (socket, TRUE);
  return socket;
}

static gboolean
bind_udp (gpointer socket, const char *host_and_port, guint16 default_port, GResolver *resolver,
          GCancellable *cancellable, GError **error)
{
  return dpdk_udp_socket_bind_to_host (socket, host_and_port, default_port, resolver, cancellable,
                                       error);
}

static void
bind_udp_async (gpointer socket, const char *host_and_port, guint16 default_port,
                GResolver *resolver, GCancellable *cancellable, GAsyncReadyCallback callback,
                gpointer user_data)
{
  dpdk_udp_socket_bind_to_host_async (socket, host_and_port, default_port, resolver, cancellable,
                                      callback, user_data);
}

static gboolean
finish_udp (gpointer socket, GAsyncResult *result, GError **error)
{
  return dpdk_udp_socket_bind_to_host_finish (socket, result, error);
}

static const Kind kinds[] = {
  { "TCP", make_tcp, bind_tcp, bind_tcp_async, finish_tcp },
  { "UDP", make_udp, bind_udp, bind_udp_async, finish_udp },
};

typedef struct {
  const Kind *kind;
  gint n_calls;
  gboolean success;
  GError *error;
} Result;

static void
on_bound (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Result *self = user_data;

  self->success = self->kind->finish (source, result, &self->error);
  g_assert_true (self->success == (self->error == NULL));
  g_atomic_int_inc (&self->n_calls);
}

static NetMockResolver *
make_resolver (void)
{
  NetMockResolver *resolver = net_mock_resolver_new ();

  /* the first address of a name need not be ours */
  net_mock_resolver_add (resolver, "ours.test", G_SOCKET_FAMILY_IPV4, "198.18.0.99", 0);
  net_mock_resolver_add (resolver, "ours.test", G_SOCKET_FAMILY_IPV4, NET_OUR_V4, 0);
  net_mock_resolver_add (resolver, "ours.test", G_SOCKET_FAMILY_IPV6, "fde7:f17d:24::99", 0);
  net_mock_resolver_add (resolver, "ours.test", G_SOCKET_FAMILY_IPV6, NET_OUR_V6, 0);
  net_mock_resolver_add (resolver, "theirs.test", G_SOCKET_FAMILY_IPV4, NET_KERNEL_V4, 0);
  net_mock_resolver_add (resolver, "theirs.test", G_SOCKET_FAMILY_IPV6, NET_KERNEL_V6, 0);
  net_mock_resolver_add (resolver, "v4.test", G_SOCKET_FAMILY_IPV4, NET_OUR_V4, 0);
  net_mock_resolver_add (resolver, "v4.test", G_SOCKET_FAMILY_IPV6, NULL, 0);
  net_mock_resolver_add (resolver, "v6.test", G_SOCKET_FAMILY_IPV4, NULL, 0);
  net_mock_resolver_add (resolver, "v6.test", G_SOCKET_FAMILY_IPV6, NET_OUR_V6, 0);
  return resolver;
}

static void
assert_local (gpointer socket, const char *host, guint16 port)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketAddress) local = dpdk_socket_get_local_address (socket, &error);
  g_autoptr (GSocketAddress) wanted = net_address (host, port);
  g_autofree char *name = NULL;
  g_autofree char *wanted_name = NULL;

  g_assert_no_error (error);
  name = g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (local));
  wanted_name = g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (wanted));
  g_assert_cmpstr (name, ==, wanted_name);
}

/* the kernel sees the address and the port */
static void
check_tcp (DpdkTcpSocket *socket, const NetFamily *family, guint16 port)
{
  guint16 server_port = 0;
  int listener = net_kernel_listen (family->kernels, 1, &server_port);
  g_autoptr (GSocketAddress) remote = net_address (family->kernels, server_port);
  g_autoptr (GSocketAddress) wanted = net_address (family->ours, port);
  g_autofree char *wanted_name = g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (wanted));
  g_autofree char *name = NULL;
  g_autoptr (GError) error = NULL;
  DpdkTcpConnection *connection = dpdk_tcp_socket_connect (socket, remote, NULL, &error);
  int fd;

  g_assert_no_error (error);
  fd = net_kernel_accept (listener);
  name = net_kernel_get_name (fd, TRUE);
  g_assert_cmpstr (name, ==, wanted_name);
  net_write_pattern (connection, 0, 1000);
  net_kernel_read_pattern (fd, 0, 1000);
  net_kernel_reset (fd);
  net_kernel_close (listener);
  net_release (connection);
}

static void
check_udp (DpdkUdpSocket *socket, const NetFamily *family, guint16 port)
{
  int fd = net_kernel_udp_open (family->kernels, 0);
  g_autoptr (GSocketAddress) from = NULL;
  char data[8];

  net_udp_send (socket, family->kernels, net_kernel_get_port (fd), "hello", 5);
  g_assert_cmpuint (net_kernel_udp_receive (fd, data, sizeof data, &from), ==, 5);
  net_udp_assert_from (from, family->ours, port);
  net_kernel_udp_send (fd, family->ours, port, "answer", 6);
  g_assert_cmpuint (net_udp_receive (socket, data, sizeof data, NULL), ==, 6);
  net_kernel_close (fd);
}

static void
test_names (void)
{
  DpdkRuntime *runtime = net_start ();
  NetMockResolver *mock = make_resolver ();
  GResolver *resolver = G_RESOLVER (mock);
  guint16 port = 7100;

  for (guint k = 0; k < G_N_ELEMENTS (kinds); k++)
    for (guint i = 0; i < 2 * G_N_ELEMENTS (families); i++)
      {
        const NetFamily *family = &families[i / 2];
        GSocketFamily number = i / 2 == 0 ? G_SOCKET_FAMILY_IPV4 : G_SOCKET_FAMILY_IPV6;
        g_autofree char *with_port = g_strdup_printf ("ours.test:%u", ++port);
        Result result = { .kind = &kinds[k] };
        g_autoptr (GError) error = NULL;
        gpointer socket = kinds[k].make (runtime, number, &error);

        g_assert_no_error (error);
        if (i % 2 == 0)
          kinds[k].bind (socket, with_port, 0, resolver, NULL, &error);
        else
          {
            kinds[k].bind_async (socket, "ours.test", port, resolver, NULL, on_bound, &result);
            DPDK_TEST_WAIT_UNTIL (result.n_calls == 1);
            error = g_steal_pointer (&result.error);
          }
        g_assert_no_error (error);
        assert_local (socket, family->ours, port);
        /* it is bound once */
        g_assert_false (kinds[k].bind (socket, with_port, 0, resolver, NULL, &error));
        g_assert_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS);
        g_clear_error (&error);
        /* and its address is taken */
        {
          gpointer other = kinds[k].make (runtime, number, &error);

          g_assert_no_error (error);
          g_assert_false (kinds[k].bind (other, with_port, 0, resolver, NULL, &error));
          g_assert_error (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
          g_clear_error (&error);
          net_release (other);
        }
        if (k == 0)
          check_tcp (socket, family, port);
        else
          check_udp (socket, family, port);
        net_release (socket);
      }
  net_release_later (mock);
  net_stop (runtime);
}

/* an address needs no resolver, and the unspecified one is one of ours */
static void
test_addresses (void)
{
  DpdkRuntime *runtime = net_start ();

  for (guint k = 0; k < G_N_ELEMENTS (kinds); k++)
    for (guint i = 0; i < G_N_ELEMENTS (families); i++)
      {
        const char *any = i == 0 ? "0.0.0.0" : "::";
        GSocketFamily number = i == 0 ? G_SOCKET_FAMILY_IPV4 : G_SOCKET_FAMILY_IPV6;
        g_autoptr (GError) error = NULL;
        gpointer socket = kinds[k].make (runtime, number, &error);

        g_assert_no_error (error);
        kinds[k].bind (socket, families[i].ours, 7200, NULL, NULL, &error);
        g_assert_no_error (error);
        assert_local (socket, families[i].ours, 7200);
        net_release (socket);
        socket = kinds[k].make (runtime, number, &error);
        g_assert_no_error (error);
        kinds[k].bind (socket, any, 7201, NULL, NULL, &error);
        g_assert_no_error (error);
        assert_local (socket, any, 7201);
        net_release (socket);
      }
  net_stop (runtime);
}

/* a socket of UDP that is for both families takes an address of either */
static void
test_dual (void)
{
  static const struct {
    const char *name;
    const NetFamily *family;
  } cases[] = { { "v4.test", &families[0] }, { "v6.test", &families[1] } };
  DpdkRuntime *runtime = net_start ();
  NetMockResolver *mock = make_resolver ();

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      DpdkUdpSocket *socket = dpdk_udp_socket_new (runtime, G_SOCKET_FAMILY_IPV6, &error);

      g_assert_no_error (error);
      dpdk_udp_socket_bind_to_host (socket, cases[i].name, 7250, G_RESOLVER (mock), NULL, &error);
      g_assert_no_error (error);
      assert_local (socket, cases[i].family->ours, 7250);
      check_udp (socket, cases[i].family, 7250);
      net_release (socket);
    }
  net_release_later (mock);
  net_stop (runtime);
}

/* each names what it could not do, and leaves the socket as it was */
static void
test_errors (void)
{
  DpdkRuntime *runtime = net_start ();
  NetMockResolver *mock = make_resolver ();
  GResolver *resolver = G_RESOLVER (mock);

  for (guint k = 0; k < G_N_ELEMENTS (kinds); k++)
    for (guint i = 0; i < G_N_ELEMENTS (families); i++)
      {
        GSocketFamily number = i == 0 ? G_SOCKET_FAMILY_IPV4 : G_SOCKET_FAMILY_IPV6;
        g_autoptr (GCancellable) cancellable = g_cancellable_new ();
        Result result = { .kind = &kinds[k] };
        g_autoptr (GError) error = NULL;
        gpointer socket = kinds[k].make (runtime, number, &error);

        g_assert_no_error (error);
        g_assert_false (kinds[k].bind (socket, "theirs.test", 7300, resolver, NULL, &error));
        g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
        g_assert_nonnull (strstr (error->message, "Cannot bind to theirs.test:7300"));
        g_assert_nonnull (strstr (error->message, families[i].kernels));
        /* those of the other family were none to be tried */
        g_assert_null (strstr (error->message, families[1 - i].kernels));
        g_clear_error (&error);
        g_assert_false (
            kinds[k].bind (socket, i == 0 ? "v6.test" : "v4.test", 7300, resolver, NULL, &error));
        g_assert_error (error, G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND);
        g_clear_error (&error);
        g_assert_false (kinds[k].bind (socket, families[1 - i].ours, 7300, resolver, NULL, &error));
        g_assert_nonnull (error);
        g_clear_error (&error);
        g_assert_false (kinds[k].bind (socket, "[::1", 0, resolver, NULL, &error));
        g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
        g_clear_error (&error);

        kinds[k].bind_async (socket, "never.test", 7300, resolver, cancellable, on_bound, &result);
        DPDK_TEST_WAIT_UNTIL (net_mock_resolver_get_n_pending (mock) > 0);
        g_cancellable_cancel (cancellable);
        DPDK_TEST_WAIT_UNTIL (result.n_calls == 1);
        g_assert_error (result.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
        g_clear_error (&result.error);
        g_assert_false (kinds[k].bind (socket, "never.test", 7300, resolver, cancellable, &error));
        g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
        g_clear_error (&error);

        g_assert_null (dpdk_socket_get_local_address (socket, NULL));
        kinds[k].bind (socket, "ours.test", 7300, resolver, NULL, &error);
        g_assert_no_error (error);
        dpdk_socket_close (socket);
        g_assert_false (kinds[k].bind (socket, "ours.test", 7301, resolver, NULL, &error));
        g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
        net_release_later (socket);
      }
  DPDK_TEST_WAIT_UNTIL (net_mock_resolver_get_n_pending (mock) == 0);
  net_release_later (mock);
  net_stop (runtime);
}

typedef struct {
  DpdkRuntime *runtime;
  GResolver *resolver;
  gpointer sockets[G_N_ELEMENTS (kinds)];
  Result results[G_N_ELEMENTS (kinds)];
} OnWorker;

static void
bind_on_worker (DpdkWorker *worker, gpointer user_data)
{
  OnWorker *self = user_data;

  for (guint k = 0; k < G_N_ELEMENTS (kinds); k++)
    {
      g_autoptr (GError) error = NULL;

      self->sockets[k] = kinds[k].make (self->runtime, G_SOCKET_FAMILY_IPV4, &error);
      g_assert_no_error (error);
      g_assert_false (
          kinds[k].bind (self->sockets[k], "ours.test", 7400, self->resolver, NULL, &error));
      g_assert_error (error, DPDK_ERROR, DPDK_ERROR_WOULD_DEADLOCK);
      g_assert_nonnull (strstr (error->message, "_socket_bind_to_host_async()"));
      self->results[k].kind = &kinds[k];
      kinds[k].bind_async (self->sockets[k], "ours.test", 7400, self->resolver, NULL, on_bound,
                           &self->results[k]);
    }
}

/* the other one is refused there, and this one is done there */
static void
test_on_worker (void)
{
  OnWorker self = { .runtime = net_start () };
  NetMockResolver *mock = make_resolver ();
  DpdkWorker *worker = dpdk_runtime_dup_worker (self.runtime, 0);
  g_autoptr (GError) error = NULL;

  self.resolver = G_RESOLVER (mock);
  dpdk_worker_invoke (worker, bind_on_worker, &self, NULL, &error);
  g_assert_no_error (error);
  for (guint k = 0; k < G_N_ELEMENTS (kinds); k++)
    {
      DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&self.results[k].n_calls) == 1);
      g_assert_no_error (self.results[k].error);
      assert_local (self.sockets[k], NET_OUR_V4, 7400);
      net_release_later (self.sockets[k]);
    }
  net_release_later (mock);
  g_object_unref (worker);
  net_stop (self.runtime);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/net/bind-host/names", DPDK_TEST_FLAGS_NETWORK, test_names);
  dpdk_test_add_func ("/net/bind-host/addresses", DPDK_TEST_FLAGS_NETWORK, test_addresses);
  dpdk_test_add_func ("/net/bind-host/dual", DPDK_TEST_FLAGS_NETWORK, test_dual);
  dpdk_test_add_func ("/net/bind-host/errors", DPDK_TEST_FLAGS_NETWORK, test_errors);
  dpdk_test_add_func ("/net/bind-host/on-worker", DPDK_TEST_FLAGS_NETWORK, test_on_worker);
  return g_test_run ();
}
