/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* many addresses of one port, and those that need a scope */
#include "net-end.h"
#include "net-exchange.h"
#include "net-kernel.h"

#include <string.h>

#define N_ADDRESSES 128
#define PORT 5000

static void
append_addresses (GString *json)
{
  for (guint i = 0; i < N_ADDRESSES; i++)
    g_string_append_printf (json, "%s\"198.18.0.%u/24\", \"fde7:f17d:24::%x/64\"",
                            i > 0 ? ", " : "", i + 2, i + 2);
}

static char *
get_address (gboolean is_v6, guint i)
{
  return is_v6 ? g_strdup_printf ("fde7:f17d:24::%x", i + 2)
               : g_strdup_printf ("198.18.0.%u", i + 2);
}

/* from us, with the address that was asked for */
static void
assert_usable_as_source (DpdkRuntime *runtime, const char *ours, const char *kernels)
{
  guint16 port = 0;
  int listener = net_kernel_listen (kernels, 1, &port);
  g_autoptr (GSocketAddress) local = net_address (ours, 0);
  g_autoptr (GSocketAddress) remote = net_address (kernels, port);
  g_autoptr (GError) error = NULL;
  g_autoptr (DpdkTcpSocket) socket =
      dpdk_tcp_socket_new (runtime, g_socket_address_get_family (local), &error);
  DpdkTcpConnection *connection;
  g_autofree char *peer = NULL;
  int fd;

  g_assert_no_error (error);
  dpdk_tcp_socket_bind (socket, local, &error);
  g_assert_no_error (error);
  connection = dpdk_tcp_socket_connect (socket, remote, NULL, &error);
  g_assert_no_error (error);
  g_clear_object (&socket);
  fd = net_kernel_accept (listener);
  peer = net_kernel_get_name (fd, TRUE);
  g_assert_nonnull (strstr (peer, ours));
  net_write_pattern (connection, 0, 2000);
  net_kernel_read_pattern (fd, 0, 2000);
  net_kernel_close (fd);
  net_close (connection);
  net_release (connection);
  net_kernel_close (listener);
}

static void
assert_reachable (DpdkTcpListener *listener, const char *host)
{
  int fd = net_kernel_connect (host, PORT);
  DpdkTcpConnection *connection = net_accept (listener);
  g_autofree char *ours = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketAddress) local = dpdk_tcp_connection_get_local_address (connection, &error);

  g_assert_no_error (error);
  ours =
      g_inet_address_to_string (g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (local)));
  g_assert_cmpstr (ours, ==, host);
  net_kernel_write_pattern (fd, 0, 2000);
  net_read_pattern (connection, 0, 2000);
  net_kernel_close (fd);
  net_close (connection);
  net_release (connection);
}

/* whether the neighbour protocols of the kernel know us by @host */
static void
assert_known (const char *host)
{
  g_autofree char *output = NULL;
  int wait_status;

  output = net_run_for_output (&wait_status, "ip neigh show %s dev " NET_INTERFACE, host);
  g_assert_nonnull (strstr (output, NET_OUR_MAC));
}

static void
check_many (const char *cores)
{
  g_autoptr (GString) json = g_string_new (NULL);
  DpdkTcpListener *listener;
  DpdkRuntime *runtime;

  g_string_printf (json,
                   "{\"dpdk_cores\": [%s], \"devices\": [{\"vdev\": \"net_tap0,iface=dpdk0\","
                   " \"mac\": \"" NET_OUR_MAC "\", \"addresses\": [",
                   cores);
  append_addresses (json);
  g_string_append (json, "]}]}");
  runtime = net_start_with (json->str);
  net_kernel_up_default ();
  listener = net_listen (runtime, "::", PORT);
  for (guint v = 0; v < 2; v++)
    for (guint i = 0; i < N_ADDRESSES; i++)
      {
        g_autofree char *host = get_address (v == 1, i);

        assert_reachable (listener, host);
        assert_known (host);
        assert_usable_as_source (runtime, host, v == 1 ? NET_KERNEL_V6 : NET_KERNEL_V4);
      }
  net_run ("ip neigh flush dev " NET_INTERFACE);
  for (guint i = 0; i < N_ADDRESSES; i += 17)
    {
      g_autofree char *v4 = get_address (FALSE, i);
      g_autofree char *v6 = get_address (TRUE, i);

      net_run ("ping -q -c 2 -i 0.01 -W 10 %s", v4);
      net_run ("ping -q -c 2 -i 0.01 -W 10 %s", v6);
    }
  net_release (listener);
  net_stop (runtime);
}

static void
test_many (void)
{
  check_many ("0");
}

static void
test_many_workers (void)
{
  check_many ("0, 1");
}

/* modified EUI-64 (RFC 4291, appendix A) of 02:00:00:00:0N:02 */
#define LINK_LOCAL_1 "fe80::ff:fe00:102"
#define LINK_LOCAL_2 "fe80::ff:fe00:202"
#define KERNEL_LINK_LOCAL "fe80::99"

static GSocketAddress *
scoped (const char *host, guint scope_id, guint16 port)
{
  g_autofree char *name =
      scope_id > 0 ? g_strdup_printf ("%s%%%u", host, scope_id) : g_strdup (host);

  return net_address (name, port);
}

static void
assert_scope (GSocketAddress *address, const char *host, guint scope_id)
{
  GInetSocketAddress *inet = G_INET_SOCKET_ADDRESS (address);
  g_autofree char *name = g_inet_address_to_string (g_inet_socket_address_get_address (inet));

  g_assert_cmpstr (name, ==, host);
  g_assert_cmpuint (g_inet_socket_address_get_scope_id (inet), ==, scope_id);
  g_object_unref (address);
}

/* a DpdkTcpClient looks at scopes as a DpdkTcpSocket does */
static void
check_client (DpdkRuntime *runtime, guint scope_id, const char *kernels, guint told)
{
  g_autoptr (DpdkTcpClient) client = dpdk_tcp_client_new (runtime);
  guint16 number = 0;
  int kernel_listener = net_kernel_listen (kernels, 1, &number);
  g_autoptr (GSocketAddress) remote = scoped (KERNEL_LINK_LOCAL, scope_id, number);
  g_autoptr (GError) error = NULL;
  DpdkTcpConnection *connection =
      dpdk_tcp_client_connect (client, G_SOCKET_CONNECTABLE (remote), NULL, &error);

  g_assert_no_error (error);
  assert_scope (dpdk_tcp_connection_get_remote_address (connection, NULL), KERNEL_LINK_LOCAL, told);
  net_exchange_on (connection, net_kernel_accept (kernel_listener));
  net_kernel_close (kernel_listener);
}

static void
assert_client_refused (DpdkRuntime *runtime, const char *host, const char *text)
{
  g_autoptr (DpdkTcpClient) client = dpdk_tcp_client_new (runtime);
  g_autoptr (GError) error = NULL;

  g_assert_null (dpdk_tcp_client_connect_to_host (client, host, PORT, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, text));
}

static void
count (DpdkSocket *socket, GParamSpec *pspec, gpointer user_data)
{
  (*(guint *) user_data)++;
}

/* our server and our client on one link; with 0 the scope is left out */
static void
check_link_local (DpdkRuntime *runtime, const char *ours, guint scope_id, const char *interface,
                  guint told)
{
  g_autofree char *target = g_strdup_printf ("%s%%%s", ours, interface);
  g_autofree char *kernels = g_strdup_printf (KERNEL_LINK_LOCAL "%%%s", interface);
  g_autoptr (GSocketAddress) local = scoped (ours, scope_id, PORT);
  g_autoptr (GSocketAddress) any_port = scoped (ours, scope_id, 0);
  g_autoptr (DpdkPort) port = dpdk_runtime_dup_port (runtime, told - 1);
  g_autoptr (GError) error = NULL;
  DpdkTcpListener *listener = dpdk_tcp_listener_new (runtime, local, 16, &error);

  g_assert_no_error (error);
  g_assert_true (dpdk_socket_get_port (DPDK_SOCKET (listener)) == port);
  assert_scope (dpdk_socket_get_local_address (DPDK_SOCKET (listener), NULL), ours, told);
  {
    int fd = net_kernel_connect (target, PORT);
    DpdkTcpConnection *connection = net_accept (listener);
    DpdkTcpSocket *socket = dpdk_tcp_connection_get_socket (connection);

    g_assert_true (dpdk_socket_get_port (DPDK_SOCKET (socket)) == port);
    assert_scope (dpdk_tcp_connection_get_local_address (connection, NULL), ours, told);
    assert_scope (dpdk_tcp_connection_get_remote_address (connection, NULL), KERNEL_LINK_LOCAL,
                  told);
    net_exchange_on (connection, fd);
  }
  net_release (listener);
  for (guint bind = 0; bind < 2; bind++)
    {
      guint16 number = 0;
      int kernel_listener = net_kernel_listen (kernels, 1, &number);
      g_autoptr (GSocketAddress) remote = scoped (KERNEL_LINK_LOCAL, scope_id, number);
      g_autoptr (DpdkTcpSocket) socket =
          dpdk_tcp_socket_new (runtime, G_SOCKET_FAMILY_IPV6, &error);
      DpdkTcpConnection *connection;
      guint n_changes = 0;

      g_assert_no_error (error);
      g_signal_connect (socket, "notify::port", G_CALLBACK (count), &n_changes);
      if (bind)
        dpdk_tcp_socket_bind (socket, any_port, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (n_changes, ==, bind && told > 1 ? 1 : 0);
      connection = dpdk_tcp_socket_connect (socket, remote, NULL, &error);
      g_assert_no_error (error);
      assert_scope (dpdk_tcp_connection_get_local_address (connection, NULL), ours, told);
      assert_scope (dpdk_tcp_connection_get_remote_address (connection, NULL), KERNEL_LINK_LOCAL,
                    told);
      g_clear_object (&socket);
      net_exchange_on (connection, net_kernel_accept (kernel_listener));
      net_kernel_close (kernel_listener);
    }
  check_client (runtime, scope_id, kernels, told);
}

static void
assert_refused (DpdkRuntime *runtime, const char *host, guint scope_id, const char *text)
{
  g_autoptr (GInetAddress) inet = g_inet_address_new_from_string (host);
  g_autoptr (GSocketAddress) address = g_object_new (G_TYPE_INET_SOCKET_ADDRESS, "address", inet,
                                                     "port", PORT, "scope-id", scope_id, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (DpdkTcpSocket) socket = dpdk_tcp_socket_new (runtime, G_SOCKET_FAMILY_IPV6, &error);

  g_assert_no_error (error);
  g_assert_null (dpdk_tcp_listener_new (runtime, address, 1, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, text));
  g_clear_error (&error);
  g_assert_false (dpdk_tcp_socket_bind (socket, address, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, text));
}

/* several addresses of IPv4 and IPv6, which must not hide the link-local one */
#define ADDRESSES                                                                                  \
  "\"addresses\": [\"198.18.%u.2/24\", \"198.18.%u.3/24\", \"198.18.%u.4/24\","                    \
  " \"fde7:f17d:%u::2/64\", \"fde7:f17d:%u::3/64\"]"

static DpdkRuntime *
start_links (guint n)
{
  g_autoptr (GString) json = g_string_new ("{\"dpdk_cores\": [0], \"devices\": [");
  DpdkRuntime *runtime;

  for (guint i = 0; i < n; i++)
    g_string_append_printf (json,
                            "%s{\"vdev\": \"net_tap%u,iface=dpdk%u\", \"mac\": "
                            "\"02:00:00:00:%02u:02\", " ADDRESSES "}",
                            i > 0 ? ", " : "", i, i, i + 1, i, i, i, i, i);
  g_string_append (json, "]}");
  runtime = net_start_with (json->str);
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *interface = g_strdup_printf ("dpdk%u", i);

      net_kernel_up (interface, KERNEL_LINK_LOCAL "/64", NULL);
    }
  return runtime;
}

static void
test_link_local (void)
{
  DpdkRuntime *runtime = start_links (1);

  check_link_local (runtime, LINK_LOCAL_1, 1, "dpdk0", 1);
  check_link_local (runtime, LINK_LOCAL_1, 0, "dpdk0", 1);
  assert_refused (runtime, "fe80::1", 1, "no port of the runtime has this address");
  assert_refused (runtime, LINK_LOCAL_1, 2, "the runtime has 1 ports");
  assert_refused (runtime, LINK_LOCAL_1, 257, "Scope ID 257");
  net_stop (runtime);
}

/* the same addresses of the kernel on two links: only the scope tells them apart */
static void
test_link_local_two_ports (void)
{
  DpdkRuntime *runtime = start_links (2);
  g_autoptr (GSocketAddress) remote = net_address (KERNEL_LINK_LOCAL, PORT);
  g_autoptr (GError) error = NULL;
  DpdkTcpSocket *socket;

  for (guint i = 0; i < 2; i++)
    {
      check_link_local (runtime, LINK_LOCAL_1, 1, "dpdk0", 1);
      check_link_local (runtime, LINK_LOCAL_2, 2, "dpdk1", 2);
    }
  assert_refused (runtime, LINK_LOCAL_1, 2, "no port of the runtime has this address");
  assert_refused (runtime, LINK_LOCAL_1, 0, "its scope ID must be the number of one of them");
  assert_refused (runtime, LINK_LOCAL_1, 3, "the runtime has 2 ports");
  socket = dpdk_tcp_socket_new (runtime, G_SOCKET_FAMILY_IPV6, &error);
  g_assert_no_error (error);
  g_assert_null (dpdk_tcp_socket_connect (socket, remote, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, KERNEL_LINK_LOCAL " is link-local"));
  net_release (socket);
  assert_client_refused (runtime, KERNEL_LINK_LOCAL, KERNEL_LINK_LOCAL " is link-local");
  assert_client_refused (runtime, KERNEL_LINK_LOCAL "%3", "the runtime has 2 ports");
  net_stop (runtime);
}

/* what another thread sees of a connection */
typedef struct {
  DpdkTcpConnection *connection;
  char *local;
  char *remote;
  gint n_reads;
  gint is_over;
} Reader;

static char *
get_name (GSocketAddress *address)
{
  g_autoptr (GSocketAddress) owned = address;

  g_assert_nonnull (address);
  return g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (owned));
}

static gpointer
read_addresses (gpointer data)
{
  Reader *self = data;

  do
    {
      g_autofree char *local =
          get_name (dpdk_tcp_connection_get_local_address (self->connection, NULL));
      g_autofree char *remote =
          get_name (dpdk_tcp_connection_get_remote_address (self->connection, NULL));

      g_assert_cmpstr (local, ==, self->local);
      g_assert_cmpstr (remote, ==, self->remote);
      g_atomic_int_inc (&self->n_reads);
      g_usleep (100);
    }
  while (!g_atomic_int_get (&self->is_over));
  return NULL;
}

static void
close_ours (NetEnd *end)
{
  net_close (end->connection);
}

static void
reset_by_peer (NetEnd *end)
{
  net_kernel_reset (end->fd);
  end->fd = -1;
}

static void
check_kept (NetEnd *end, void (*finish) (NetEnd *end))
{
  Reader reader = {
    .connection = end->connection,
    .local = get_name (dpdk_tcp_connection_get_local_address (end->connection, NULL)),
    .remote = get_name (dpdk_tcp_connection_get_remote_address (end->connection, NULL)),
  };
  GThread *thread = g_thread_new ("reader", read_addresses, &reader);
  gint n;

  DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&reader.n_reads) > 10);
  finish (end);
  DPDK_TEST_WAIT_UNTIL (dpdk_socket_is_closed (DPDK_SOCKET (end->socket)));
  n = g_atomic_int_get (&reader.n_reads);
  DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&reader.n_reads) > n + 10);
  g_atomic_int_set (&reader.is_over, TRUE);
  g_thread_join (thread);
  g_free (reader.local);
  g_free (reader.remote);
}

/* for any thread, while the connection ends and when it has ended */
static void
test_kept (void)
{
  static void (*const finishes[]) (NetEnd *) = { close_ours, reset_by_peer };
  static const NetFamily families[] = NET_FAMILIES;
  DpdkRuntime *runtime = net_start ();

  for (guint i = 0; i < 2 * G_N_ELEMENTS (families); i++)
    for (guint j = 0; j < G_N_ELEMENTS (finishes); j++)
      {
        const NetFamily *family = &families[i / 2];
        NetEnd end = i % 2 == 0 ? net_end_connect (runtime, family, NULL)
                                : net_end_accept (runtime, family, NULL);

        check_kept (&end, finishes[j]);
        if (end.fd >= 0)
          net_kernel_close (end.fd);
        net_release_later (end.connection);
      }
  net_stop (runtime);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/net/tcp-addresses/many", DPDK_TEST_FLAGS_NETWORK, test_many);
  dpdk_test_add_func ("/net/tcp-addresses/many-workers", DPDK_TEST_FLAGS_NETWORK,
                      test_many_workers);
  dpdk_test_add_func ("/net/tcp-addresses/kept", DPDK_TEST_FLAGS_NETWORK, test_kept);
  dpdk_test_add_func ("/net/tcp-addresses/link-local", DPDK_TEST_FLAGS_NETWORK, test_link_local);
  dpdk_test_add_func ("/net/tcp-addresses/link-local-two-ports", DPDK_TEST_FLAGS_NETWORK,
                      test_link_local_two_ports);
  return g_test_run ();
}
