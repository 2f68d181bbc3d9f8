/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* DTLS over our sockets, with the kernel's as the peer */
#include "net-tls.h"
#include "net-udp.h"

#define OUR_PORT 7000
#define KERNEL_PORT 7001
/* of DTLS records that fit into a packet */
#define MAX_SIZE 1200

static const NetFamily families[] = NET_FAMILIES;

typedef struct {
  GDatagramBased *base;
  gboolean is_server;
  guint n;
} Side;

static gboolean
on_accept_certificate (GDtlsConnection *connection, GTlsCertificate *certificate,
                       GTlsCertificateFlags errors, gpointer user_data)
{
  /* it is nobody's but ours */
  g_assert_cmpint (errors & (GTlsCertificateFlags) ~(G_TLS_CERTIFICATE_UNKNOWN_CA |
                                                     G_TLS_CERTIFICATE_BAD_IDENTITY),
                   ==, 0);
  return TRUE;
}

static GDtlsConnection *
new_connection (const Side *side)
{
  g_autoptr (GError) error = NULL;
  GDtlsConnection *connection;

  if (side->is_server)
    {
      g_autoptr (GTlsCertificate) certificate = net_tls_certificate_new ();

      connection =
          G_DTLS_CONNECTION (g_dtls_server_connection_new (side->base, certificate, &error));
    }
  else
    {
      connection = G_DTLS_CONNECTION (g_dtls_client_connection_new (side->base, NULL, &error));
      g_signal_connect (connection, "accept-certificate", G_CALLBACK (on_accept_certificate), NULL);
    }
  g_assert_no_error (error);
  return connection;
}

static void
send_pattern (GDtlsConnection *connection, guint64 offset, gsize size)
{
  GOutputVector vector = { net_pattern (offset), size };
  GOutputMessage message = { .vectors = &vector, .num_vectors = 1 };
  g_autoptr (GError) error = NULL;
  gint n = g_datagram_based_send_messages (G_DATAGRAM_BASED (connection), &message, 1, 0,
                                           net_udp_get_patience (), NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpint (n, ==, 1);
}

static void
receive_pattern (GDtlsConnection *connection, guint64 offset, gsize size)
{
  guint8 buffer[2 * MAX_SIZE];
  GInputVector vector = { buffer, sizeof buffer };
  GInputMessage message = { .vectors = &vector, .num_vectors = 1 };
  g_autoptr (GError) error = NULL;
  gint n = g_datagram_based_receive_messages (G_DATAGRAM_BASED (connection), &message, 1, 0,
                                              net_udp_get_patience (), NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpint (n, ==, 1);
  g_assert_cmpmem (buffer, message.bytes_received, net_pattern (offset), size);
}

static gpointer
side_thread (gpointer data)
{
  const Side *self = data;
  GDtlsConnection *connection = new_connection (self);
  g_autoptr (GError) error = NULL;

  g_dtls_connection_handshake (connection, NULL, &error);
  g_assert_no_error (error);
  /* one asks, one answers, so nothing is in the way of anything */
  for (guint i = 0; i < self->n; i++)
    {
      gsize size = 1 + i * 37 % MAX_SIZE;

      if (!self->is_server)
        send_pattern (connection, i, size);
      receive_pattern (connection, i, size);
      if (self->is_server)
        send_pattern (connection, i, size);
    }
  g_dtls_connection_close (connection, NULL, &error);
  g_assert_no_error (error);
  g_object_unref (connection);
  return NULL;
}

static GSocket *
new_kernel_socket (const NetFamily *family)
{
  g_autoptr (GSocketAddress) local = net_address (family->kernels, KERNEL_PORT);
  g_autoptr (GSocketAddress) remote = net_address (family->ours, OUR_PORT);
  g_autoptr (GError) error = NULL;
  GSocket *socket = g_socket_new (g_socket_address_get_family (local), G_SOCKET_TYPE_DATAGRAM,
                                  G_SOCKET_PROTOCOL_UDP, &error);

  g_assert_no_error (error);
  g_socket_bind (socket, local, FALSE, &error);
  g_assert_no_error (error);
  g_socket_connect (socket, remote, NULL, &error);
  g_assert_no_error (error);
  return socket;
}

static void
run (const NetFamily *family, DpdkRuntime *runtime, gboolean we_serve)
{
  DpdkUdpSocket *ours = net_udp_new (runtime, family->ours, OUR_PORT);
  g_autoptr (GSocket) kernels = new_kernel_socket (family);
  g_autoptr (GSocketAddress) peer = net_address (family->kernels, KERNEL_PORT);
  g_autoptr (GError) error = NULL;
  Side our_side = { G_DATAGRAM_BASED (ours), we_serve, dpdk_test_scale (500) };
  Side kernels_side = { G_DATAGRAM_BASED (kernels), !we_serve, dpdk_test_scale (500) };
  GThread *thread;

  dpdk_udp_socket_connect (ours, peer, &error);
  g_assert_no_error (error);
  thread = g_thread_new ("kernel's side", side_thread, &kernels_side);
  side_thread (&our_side);
  g_thread_join (thread);
  dpdk_socket_close (DPDK_SOCKET (ours));
  net_release (ours);
}

static void
run_all (gboolean we_serve)
{
  DpdkRuntime *runtime = net_start ();

  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    run (&families[i], runtime, we_serve);
  net_stop (runtime);
}

static void
test_client (void)
{
  run_all (FALSE);
}

static void
test_server (void)
{
  run_all (TRUE);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  /* g_tls_backend_supports_dtls() says no to GnuTLS, which does */
  if (g_tls_backend_get_dtls_client_connection_type (g_tls_backend_get_default ()) ==
      G_TYPE_INVALID)
    {
      g_print ("1..0 # SKIP needs glib-networking\n");
      return 0;
    }
  dpdk_test_add_func ("/net/udp-dtls/client", DPDK_TEST_FLAGS_NETWORK, test_client);
  dpdk_test_add_func ("/net/udp-dtls/server", DPDK_TEST_FLAGS_NETWORK, test_server);
  return g_test_run ();
}
