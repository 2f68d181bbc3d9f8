/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* DpdkTcpClient: which address it connects to, and what it says if it cannot */
#include "net-dns.h"
#include "net-kernel.h"
#include "net-mock-resolver.h"

#include <sched.h>
#include <string.h>
#include <sys/mount.h>

/* nobody has them, so nobody answers */
#define NOBODY_V4 "198.18.0.99"
#define NOBODY_V6 "fde7:f17d:24::99"
/* nobody listens there */
#define CLOSED_PORT 9
#define DELAY_MS 50
/* one attempt is over before the next begins, however slow the machine is */
#define LONG_DELAY_MS G_MAXINT

typedef struct {
  DpdkRuntime *runtime;
  DpdkTcpClient *client;
  NetMockResolver *resolver;
  /* of both families */
  NetKernelServer *server;
  guint16 port;
} World;

static World
world_new (const char *json)
{
  World self = { 0 };

  self.runtime = json != NULL ? net_start_with (json) : net_start ();
  if (json != NULL)
    net_kernel_up_default ();
  self.server = net_kernel_server_new ("::", net_kernel_serve_anybody, NULL);
  self.port = net_kernel_server_get_port (self.server);
  self.client = dpdk_tcp_client_new (self.runtime);
  self.resolver = net_mock_resolver_new ();
  dpdk_tcp_client_set_resolver (self.client, G_RESOLVER (self.resolver));
  dpdk_tcp_client_set_attempt_delay (self.client, DELAY_MS);
  return self;
}

static guint64
count_connections (World *self)
{
  g_autoptr (DpdkWorker) worker = dpdk_runtime_dup_worker (self->runtime, 0);
  g_autoptr (DpdkStackCounters) counters = dpdk_worker_dup_stack_counters (worker);

  return dpdk_stack_counters_get_value (counters, DPDK_STACK_COUNTER_TCP_CONNECTIONS);
}

static void
world_free (World *self)
{
  g_assert_cmpuint (net_mock_resolver_get_n_pending (self->resolver), ==, 0);
  net_release (self->client);
  net_release (self->resolver);
  net_kernel_server_free (self->server);
  net_stop (self->runtime);
}

static void
add (World *self, const char *name, const char *address, guint delay_ms)
{
  net_mock_resolver_add (self->resolver, name,
                         strchr (address, ':') != NULL ? G_SOCKET_FAMILY_IPV6
                                                       : G_SOCKET_FAMILY_IPV4,
                         address, delay_ms);
}

/* the connection works, is to @host, and is the only one that is left */
static void
check_connection (World *self, DpdkTcpConnection *connection, const char *host)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketAddress) remote = dpdk_tcp_connection_get_remote_address (connection, &error);
  g_autofree char *name = NULL;

  g_assert_no_error (error);
  name =
      g_inet_address_to_string (g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (remote)));
  g_assert_cmpstr (name, ==, host);
  net_write_pattern (connection, 0, 1000);
  net_read_pattern (connection, 0, 1000);
  DPDK_TEST_WAIT_UNTIL (count_connections (self) == 1);
  /* which does not leave one in TIME-WAIT */
  dpdk_tcp_connection_abort (connection);
  net_release (connection);
  DPDK_TEST_WAIT_UNTIL (count_connections (self) == 0);
}

static DpdkTcpConnection *
connect_to (World *self, const char *name, guint16 port, GError **error)
{
  g_autoptr (GSocketConnectable) connectable = g_network_address_new (name, port);

  return dpdk_tcp_client_connect (self->client, connectable, NULL, error);
}

static void
assert_connects (World *self, const char *name, const char *host)
{
  g_autoptr (GError) error = NULL;
  DpdkTcpConnection *connection = connect_to (self, name, self->port, &error);

  g_assert_no_error (error);
  check_connection (self, connection, host);
}

static char *
assert_fails (World *self, const char *name, guint16 port, GQuark domain, int code)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (connect_to (self, name, port, &error));
  g_assert_error (error, domain, code);
  g_assert_nonnull (strstr (error->message, name));
  DPDK_TEST_WAIT_UNTIL (count_connections (self) == 0);
  return g_strdup (error->message);
}

static void
assert_names (const char *message, const char *part)
{
  if (strstr (message, part) == NULL)
    g_error ("\"%s\" is not in \"%s\"", part, message);
}

static void
test_choice (void)
{
  World world = world_new (NULL);
  gint64 begin;

  dpdk_tcp_client_set_attempt_delay (world.client, LONG_DELAY_MS);
  /* IPv6 first, even if IPv4 is known a bit before: it is not tried while the lookup of IPv6 is due */
  add (&world, "both.test", NET_KERNEL_V4, 0);
  add (&world, "both.test", NET_KERNEL_V6, 10);
  assert_connects (&world, "both.test", NET_KERNEL_V6);
  /* but it is not waited for long */
  add (&world, "slow-v6.test", NET_KERNEL_V4, 0);
  add (&world, "slow-v6.test", NET_KERNEL_V6, 30000);
  begin = g_get_monotonic_time ();
  assert_connects (&world, "slow-v6.test", NET_KERNEL_V4);
  g_assert_cmpint (g_get_monotonic_time () - begin, <, 20 * G_TIME_SPAN_SECOND);
  add (&world, "slow-v4.test", NET_KERNEL_V4, 30000);
  add (&world, "slow-v4.test", NET_KERNEL_V6, 0);
  assert_connects (&world, "slow-v4.test", NET_KERNEL_V6);
  /* one that does not answer is not waited for either */
  dpdk_tcp_client_set_attempt_delay (world.client, DELAY_MS);
  add (&world, "hole-v6.test", NOBODY_V6, 0);
  add (&world, "hole-v6.test", NET_KERNEL_V4, 0);
  assert_connects (&world, "hole-v6.test", NET_KERNEL_V4);
  add (&world, "hole-v4.test", NOBODY_V4, 0);
  add (&world, "hole-v4.test", NET_KERNEL_V6, DELAY_MS);
  assert_connects (&world, "hole-v4.test", NET_KERNEL_V6);
  add (&world, "holes.test", NOBODY_V4, 0);
  add (&world, "holes.test", NOBODY_V6, 0);
  add (&world, "holes.test", "198.18.0.98", 0);
  add (&world, "holes.test", "fde7:f17d:24::98", 0);
  add (&world, "holes.test", NET_KERNEL_V4, 0);
  assert_connects (&world, "holes.test", NET_KERNEL_V4);
  /* of only one family */
  add (&world, "v4.test", NET_KERNEL_V4, 0);
  net_mock_resolver_add (world.resolver, "v4.test", G_SOCKET_FAMILY_IPV6, NULL, 0);
  assert_connects (&world, "v4.test", NET_KERNEL_V4);
  dpdk_tcp_client_set_family (world.client, G_SOCKET_FAMILY_IPV4);
  assert_connects (&world, "both.test", NET_KERNEL_V4);
  g_free (assert_fails (&world, NET_KERNEL_V6, world.port, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED));
  dpdk_tcp_client_set_family (world.client, G_SOCKET_FAMILY_INVALID);
  assert_connects (&world, NET_KERNEL_V6, NET_KERNEL_V6);
  world_free (&world);
}

/* one that fails is followed at once, however long the delay is */
static void
test_refused (void)
{
  World world = world_new (NULL);
  g_autofree char *message = NULL;

  dpdk_tcp_client_set_attempt_delay (world.client, LONG_DELAY_MS);
  add (&world, "closed.test", NET_KERNEL_V4, 0);
  add (&world, "closed.test", NET_KERNEL_V6, 0);
  message =
      assert_fails (&world, "closed.test", CLOSED_PORT, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED);
  g_test_message ("%s", message);
  assert_names (message,
                "Cannot connect to closed.test:9: [" NET_KERNEL_V6 "]:9: connection refused");
  assert_names (message, "; " NET_KERNEL_V4 ":9: connection refused");
  world_free (&world);
}

/* a server of IPv4 only refuses over IPv6 */
static void
test_one_family_refused (void)
{
  World world = world_new (NULL);
  NetKernelServer *v4 = net_kernel_server_new (NET_KERNEL_V4, net_kernel_serve_anybody, NULL);
  g_autoptr (GError) error = NULL;
  DpdkTcpConnection *connection;

  dpdk_tcp_client_set_attempt_delay (world.client, LONG_DELAY_MS);
  add (&world, "both.test", NET_KERNEL_V4, 0);
  add (&world, "both.test", NET_KERNEL_V6, 0);
  connection = connect_to (&world, "both.test", net_kernel_server_get_port (v4), &error);
  g_assert_no_error (error);
  check_connection (&world, connection, NET_KERNEL_V4);
  net_kernel_server_free (v4);
  world_free (&world);
}

static void
test_errors (void)
{
  static const char v4_only[] =
      "{\"dpdk_cores\": [0], \"devices\": [{\"vdev\": \"net_tap0,iface=" NET_INTERFACE
      "\", \"mac\": \"" NET_OUR_MAC "\", \"addresses\": [\"" NET_OUR_V4 "/24\"]}]}";
  World world = world_new (v4_only);
  g_autofree char *skipped = NULL, *many = NULL, *unknown = NULL, *late = NULL, *early = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketAddress) local = net_address (NET_OUR_V6, 0);
  g_autoptr (GSocketAddress) not_ours = net_address ("198.18.0.77", 0);

  /* what cannot be reached is left out, and named */
  add (&world, "mixed.test", NET_KERNEL_V6, 0);
  add (&world, "mixed.test", NET_KERNEL_V4, 0);
  assert_connects (&world, "mixed.test", NET_KERNEL_V4);
  add (&world, "v6.test", NET_KERNEL_V6, 0);
  net_mock_resolver_add (world.resolver, "v6.test", G_SOCKET_FAMILY_IPV4, NULL, 0);
  skipped =
      assert_fails (&world, "v6.test", world.port, G_IO_ERROR, G_IO_ERROR_NETWORK_UNREACHABLE);
  assert_names (skipped, NET_KERNEL_V6);
  assert_names (skipped, "no address of its network");

  /* a message has an end */
  for (guint i = 1; i < 100; i++)
    {
      g_autofree char *address = g_strdup_printf ("203.0.113.%u", i);

      add (&world, "many.test", address, 0);
    }
  net_mock_resolver_add (world.resolver, "many.test", G_SOCKET_FAMILY_IPV6, NULL, 0);
  many = assert_fails (&world, "many.test", world.port, G_IO_ERROR, G_IO_ERROR_NETWORK_UNREACHABLE);
  g_assert_cmpuint (strlen (many), <, 1024);
  assert_names (many, "; and 91 more");

  net_mock_resolver_add (world.resolver, "unknown.test", G_SOCKET_FAMILY_IPV4, NULL, 0);
  net_mock_resolver_add (world.resolver, "unknown.test", G_SOCKET_FAMILY_IPV6, NULL, 0);
  unknown = assert_fails (&world, "unknown.test", world.port, G_RESOLVER_ERROR,
                          G_RESOLVER_ERROR_NOT_FOUND);

  /* the time is over while an address is asked for, and while it does not answer */
  dpdk_tcp_client_set_timeout (world.client, 100);
  early = assert_fails (&world, "never.test", world.port, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  assert_names (early, "after 100 ms: its addresses are not known yet");
  /* long enough for the attempt to begin */
  dpdk_tcp_client_set_timeout (world.client, 2000);
  add (&world, "hole.test", NOBODY_V4, 0);
  net_mock_resolver_add (world.resolver, "hole.test", G_SOCKET_FAMILY_IPV6, NULL, 0);
  late = assert_fails (&world, "hole.test", world.port, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  assert_names (late, "after 2000 ms: " NOBODY_V4);
  dpdk_tcp_client_set_timeout (world.client, 0);

  dpdk_tcp_client_set_local_address (world.client, local);
  g_clear_pointer (&late, g_free);
  late =
      assert_fails (&world, "mixed.test", world.port, G_IO_ERROR, G_IO_ERROR_NETWORK_UNREACHABLE);
  assert_names (late, "not of the family of the local address");
  dpdk_tcp_client_set_local_address (world.client, not_ours);
  g_clear_pointer (&late, g_free);
  late = assert_fails (&world, "mixed.test", world.port, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  assert_names (late, "198.18.0.77");

  g_assert_null (dpdk_tcp_client_connect_to_host (world.client, "[::1", 1, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_null (dpdk_tcp_client_connect_to_uri (world.client, "no uri", 1, NULL, &error));
  g_assert_nonnull (error);
  world_free (&world);
}

/* an application's own resolver that knows no families, and its own enumerator */
static void
test_other_resolvers (void)
{
  World world = world_new (NULL);
  NetMockResolver *old = net_mock_resolver_new_old ();
  g_autoptr (GSocketConnectable) address = NULL;
  g_autoptr (GError) error = NULL;
  DpdkTcpConnection *connection;

  net_mock_resolver_add (old, "old.test", G_SOCKET_FAMILY_IPV4, NET_KERNEL_V4, 0);
  net_mock_resolver_add (old, "old.test", G_SOCKET_FAMILY_IPV6, NOBODY_V6, 0);
  dpdk_tcp_client_set_resolver (world.client, G_RESOLVER (old));
  assert_connects (&world, "old.test", NET_KERNEL_V4);
  dpdk_tcp_client_set_family (world.client, G_SOCKET_FAMILY_IPV4);
  assert_connects (&world, "old.test", NET_KERNEL_V4);
  dpdk_tcp_client_set_family (world.client, G_SOCKET_FAMILY_INVALID);

  address = G_SOCKET_CONNECTABLE (net_address (NET_KERNEL_V6, world.port));
  connection = dpdk_tcp_client_connect (world.client, address, NULL, &error);
  g_assert_no_error (error);
  check_connection (&world, connection, NET_KERNEL_V6);
  dpdk_tcp_client_set_resolver (world.client, NULL);
  net_release (old);
  world_free (&world);
}

/* the one of the process knows the file of hosts */
static void
test_hosts_file (void)
{
  World world;
  g_autofree char *path = NULL;
  g_autofree char *text = g_strdup_printf ("%s both.hosts\n%s both.hosts\n%s ours.hosts\n",
                                           NET_KERNEL_V4, NET_KERNEL_V6, NET_OUR_V4);
  g_autoptr (GError) error = NULL;
  DpdkTcpConnection *connection;
  DpdkTcpListener *listener;
  int fd = g_file_open_tmp ("dpdk-hosts-XXXXXX", &path, &error);

  g_assert_no_error (error);
  net_kernel_close (fd);
  g_file_set_contents (path, text, -1, &error);
  g_assert_no_error (error);
  /* before the first thread of a resolver */
  if (unshare (CLONE_NEWNS) != 0 || mount (NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
      mount (path, "/etc/hosts", NULL, MS_BIND, NULL) != 0)
    {
      net_run ("rm '%s'", path);
      dpdk_test_skip ("a file cannot be mounted here");
      return;
    }
  world = world_new (NULL);
  dpdk_tcp_client_set_resolver (world.client, NULL);
  /* one family, as its threads look up both at once, and either may be the first to end */
  dpdk_tcp_client_set_family (world.client, G_SOCKET_FAMILY_IPV4);
  assert_connects (&world, "both.hosts", NET_KERNEL_V4);
  dpdk_tcp_client_set_family (world.client, G_SOCKET_FAMILY_IPV6);
  assert_connects (&world, "both.hosts", NET_KERNEL_V6);
  connection =
      dpdk_tcp_client_connect_to_host (world.client, "both.hosts", world.port, NULL, &error);
  g_assert_no_error (error);
  check_connection (&world, connection, NET_KERNEL_V6);
  dpdk_tcp_client_set_family (world.client, G_SOCKET_FAMILY_INVALID);

  listener =
      dpdk_tcp_listener_new_for_host (world.runtime, "ours.hosts:7000", 0, 16, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (net_listener_get_port (listener), ==, 7000);
  net_release (listener);
  world_free (&world);
  net_run ("umount /etc/hosts; rm '%s'", path);
}

/* names, services and URIs by way of our own resolver */
static void
test_dns (void)
{
  static const char *const name_servers[] = { NET_KERNEL_V4, NULL };
  World world = world_new (NULL);
  NetDns *dns = net_dns_new (NET_KERNEL_V4);
  g_autoptr (GError) error = NULL;
  DpdkResolver *resolver = dpdk_resolver_new (world.runtime, name_servers, &error);
  g_autoptr (GSocketConnectable) service = g_network_service_new ("echo", "tcp", "zone.test");
  g_autoptr (GSocketConnectable) none = g_network_service_new ("none", "tcp", "zone.test");
  g_autofree char *host = g_strdup_printf ("host.test:%u", world.port);
  g_autofree char *uri = g_strdup_printf ("http://host.test:%u/path", world.port);
  g_autofree char *first = g_strdup_printf ("1 0 %u gone.test", world.port);
  g_autofree char *second = g_strdup_printf ("2 0 %u closed.test", CLOSED_PORT);
  g_autofree char *third = g_strdup_printf ("3 0 %u host.test", world.port);
  DpdkTcpConnection *connection;

  g_assert_no_error (error);
  dpdk_resolver_set_attempt_timeout (resolver, 20000);
  dpdk_tcp_client_set_resolver (world.client, G_RESOLVER (resolver));
  net_dns_add (dns, "host.test", "A", NET_KERNEL_V4);
  net_dns_add (dns, "host.test", "AAAA", NOBODY_V6);
  net_dns_add (dns, "closed.test", "A", NET_KERNEL_V4);
  net_dns_add (dns, "_echo._tcp.zone.test", "SRV", first);
  net_dns_add (dns, "_echo._tcp.zone.test", "SRV", second);
  net_dns_add (dns, "_echo._tcp.zone.test", "SRV", third);
  net_dns_add (dns, "_none._tcp.zone.test", "SRV", "0 0 0 .");

  assert_connects (&world, "host.test", NET_KERNEL_V4);
  connection = dpdk_tcp_client_connect_to_host (world.client, host, 1, NULL, &error);
  g_assert_no_error (error);
  check_connection (&world, connection, NET_KERNEL_V4);
  connection = dpdk_tcp_client_connect_to_uri (world.client, uri, 80, NULL, &error);
  g_assert_no_error (error);
  check_connection (&world, connection, NET_KERNEL_V4);
  connection = dpdk_tcp_client_connect (world.client, service, NULL, &error);
  g_assert_no_error (error);
  check_connection (&world, connection, NET_KERNEL_V4);

  g_assert_null (dpdk_tcp_client_connect (world.client, none, NULL, &error));
  g_assert_error (error, G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND);
  g_free (assert_fails (&world, "gone.test", 1, G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND));
  dpdk_tcp_client_set_resolver (world.client, NULL);
  net_release (resolver);
  net_dns_free (dns);
  world_free (&world);
}

/* what is set for all connections is that of each */
static void
test_settings (void)
{
  World world = world_new (NULL);
  g_autoptr (GSocketAddress) local = net_address (NET_OUR_V4, 7777);
  g_autoptr (DpdkTcpOptions) options = dpdk_tcp_options_new ();
  g_autoptr (DpdkTcpOptions) found = NULL;
  g_autoptr (GSocketAddress) from = NULL;
  g_autoptr (GError) error = NULL;
  DpdkTcpConnection *connection;
  guint idle;

  g_object_set (options, "keepalive-idle", 1234u, NULL);
  g_object_set (world.client, "local-address", local, "options", options, "timeout", 60000u,
                "attempt-delay", 300u, NULL);
  g_assert_true (dpdk_tcp_client_get_options (world.client) == options);
  g_assert_true (dpdk_tcp_client_get_local_address (world.client) == local);
  g_assert_cmpuint (dpdk_tcp_client_get_timeout (world.client), ==, 60000);
  g_assert_cmpuint (dpdk_tcp_client_get_attempt_delay (world.client), ==, 300);
  add (&world, "both.test", NET_KERNEL_V6, 0);
  add (&world, "both.test", NET_KERNEL_V4, 0);
  connection = connect_to (&world, "both.test", world.port, &error);
  g_assert_no_error (error);
  from = dpdk_tcp_connection_get_local_address (connection, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (net_address_get_port (from), ==, 7777);
  found = dpdk_tcp_socket_dup_options (dpdk_tcp_connection_get_socket (connection));
  g_object_get (found, "keepalive-idle", &idle, NULL);
  g_assert_cmpuint (idle, ==, 1234);
  check_connection (&world, connection, NET_KERNEL_V4);
  world_free (&world);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/net/tcp-client/choice", DPDK_TEST_FLAGS_NETWORK, test_choice);
  dpdk_test_add_func ("/net/tcp-client/refused", DPDK_TEST_FLAGS_NETWORK, test_refused);
  dpdk_test_add_func ("/net/tcp-client/one-family-refused", DPDK_TEST_FLAGS_NETWORK,
                      test_one_family_refused);
  dpdk_test_add_func ("/net/tcp-client/errors", DPDK_TEST_FLAGS_NETWORK, test_errors);
  dpdk_test_add_func ("/net/tcp-client/other-resolvers", DPDK_TEST_FLAGS_NETWORK,
                      test_other_resolvers);
  dpdk_test_add_func ("/net/tcp-client/hosts-file", DPDK_TEST_FLAGS_NETWORK, test_hosts_file);
  dpdk_test_add_func ("/net/tcp-client/dns", DPDK_TEST_FLAGS_NETWORK, test_dns);
  dpdk_test_add_func ("/net/tcp-client/settings", DPDK_TEST_FLAGS_NETWORK, test_settings);
  return g_test_run ();
}
