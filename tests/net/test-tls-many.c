/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* very many TLS handshakes at once, with one thread of OpenSSL behind the kernel's sockets */
#include "net-program.h"
#include "net-tls-async.h"
#include "net-tls.h"

#include <string.h>

#define N_CONNECTIONS 1000

static DpdkTestProcess *
peers_start (const char *role, const char *host, guint16 port, guint n)
{
  const char *script = g_getenv ("NET_TLS_PEERS");
  g_autofree char *port_arg = g_strdup_printf ("%u", port);
  g_autofree char *n_arg = g_strdup_printf ("%u", n);
  const char *const argv[] = { "/usr/bin/python3", script, role,        host,
                               port_arg,           n_arg,  NET_TLS_PEM, NULL };
  g_autoptr (GError) error = NULL;
  DpdkTestProcess *self;

  g_assert_nonnull (script);
  self = dpdk_test_process_spawn_program (argv, &error);
  g_assert_no_error (error);
  return self;
}

/* of the lines that they write, the one with @key */
static guint
peers_get_number (const char *output, const char *key)
{
  const char *found = strstr (output, key);

  g_assert_nonnull (found);
  return (guint) g_ascii_strtoull (found + strlen (key), NULL, 10);
}

/* All of @n connections shake hands and exchange data; takes over the references. Gives how many the peers
   have seen under way at once: here each has begun, and waits for one of the few threads that GIO does
   handshakes in. */
static guint
shake_hands (GIOStream **streams, guint n, DpdkTestProcess *peers)
{
  g_autofree NetTlsAsync *ends = g_new (NetTlsAsync, n);
  g_autofree char *output = NULL;
  gint64 start = g_get_monotonic_time ();
  guint n_at_once;

  for (guint i = 0; i < n; i++)
    net_tls_async_start (&ends[i], streams[i], TRUE);
  net_tls_async_wait_all (ends, n);
  output = net_program_wait (peers, NULL);
  for (guint i = 0; i < n; i++)
    net_release_later (streams[i]);
  n_at_once = peers_get_number (output, "at once: ");
  g_test_message ("%u handshakes, %u of them at once, and their data in %.1f s", n, n_at_once,
                  (double) (g_get_monotonic_time () - start) / G_TIME_SPAN_SECOND);
  return n_at_once;
}

/* each of the clients has said what it says first before any server answers */
static void
test_server (void)
{
  const guint n = dpdk_test_scale (N_CONNECTIONS);
  DpdkRuntime *runtime = net_start ();
  DpdkTcpListener *listener = net_listen (runtime, NET_OUR_V4, 0);
  DpdkTestProcess *peers = peers_start ("client", NET_OUR_V4, net_listener_get_port (listener), n);
  g_autofree GIOStream **streams = g_new (GIOStream *, n);

  net_tls_async_allow_descriptors ();
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (DpdkTcpConnection) base = net_accept (listener);

      streams[i] = net_tls_server_new (G_IO_STREAM (base));
    }
  net_program_wait_for_output (peers, "begun\n");
  g_assert_cmpuint (shake_hands (streams, n, peers), ==, n);
  net_release (listener);
  net_stop (runtime);
}

static void
on_connected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  g_ptr_array_add (
      user_data, dpdk_tcp_client_connect_to_host_finish (DPDK_TCP_CLIENT (source), result, &error));
  g_assert_no_error (error);
}

/* all of them at once, because one after the other takes long on a busy machine */
static GPtrArray *
connect_all (DpdkRuntime *runtime, guint16 port, guint n)
{
  GPtrArray *bases = g_ptr_array_new_with_free_func (g_object_unref);
  DpdkTcpClient *client = dpdk_tcp_client_new (runtime);

  for (guint i = 0; i < n; i++)
    dpdk_tcp_client_connect_to_host_async (client, NET_KERNEL_V4, port, NULL, on_connected, bases);
  while (bases->len < n)
    {
      guint last = bases->len;

      DPDK_TEST_WAIT_UNTIL (bases->len > last);
    }
  net_release_later (client);
  return bases;
}

static void
test_client (void)
{
  const guint n = dpdk_test_scale (N_CONNECTIONS);
  DpdkRuntime *runtime = net_start ();
  DpdkTestProcess *peers = peers_start ("server", NET_KERNEL_V4, 0, n);
  g_autofree GIOStream **streams = g_new (GIOStream *, n);
  g_autoptr (GPtrArray) bases = NULL;
  g_autofree char *output = NULL;

  net_tls_async_allow_descriptors ();
  net_program_wait_for_output (peers, "port: ");
  net_program_wait_for_output (peers, "\n");
  output = net_program_get_output (peers, NULL);
  bases = connect_all (runtime, (guint16) peers_get_number (output, "port: "), n);
  for (guint i = 0; i < n; i++)
    streams[i] = net_tls_client_new (bases->pdata[i], NET_KERNEL_V4);
  g_clear_pointer (&bases, g_ptr_array_unref);
  g_assert_cmpuint (shake_hands (streams, n, peers), >, 1);
  net_stop (runtime);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  if (net_tls_is_missing ())
    return 0;
  dpdk_test_set_timeout (300);
  dpdk_test_add_func ("/net/tls-many/server", DPDK_TEST_FLAGS_NETWORK, test_server);
  dpdk_test_add_func ("/net/tls-many/client", DPDK_TEST_FLAGS_NETWORK, test_client);
  return g_test_run ();
}
