/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net-tls.h"

#include "net-leaks.h"

gboolean
net_tls_is_missing (void)
{
  /* LeakSanitizer itself crashes at the end of a process that has loaded GnuTLS beside DPDK */
  net_leaks_ignore ();
  net_leaks_ignore_in_programs ();
  if (g_tls_backend_supports_tls (g_tls_backend_get_default ()))
    return FALSE;
  g_print ("1..0 # SKIP needs glib-networking\n");
  return TRUE;
}

GTlsCertificate *
net_tls_certificate_new (void)
{
  g_autoptr (GError) error = NULL;
  GTlsCertificate *certificate = g_tls_certificate_new_from_file (NET_TLS_PEM, &error);

  g_assert_no_error (error);
  return certificate;
}

/* the library would read and parse all authorities of the system again for each connection */
static void
trust_certificate (void)
{
  static gsize is_done;

  if (g_once_init_enter (&is_done))
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GTlsDatabase) database = g_tls_file_database_new (NET_TLS_PEM, &error);

      g_assert_no_error (error);
      g_tls_backend_set_default_database (g_tls_backend_get_default (), database);
      g_once_init_leave (&is_done, 1);
    }
}

GIOStream *
net_tls_client_new (GIOStream *base, const char *host)
{
  g_autoptr (GSocketConnectable) identity = NULL;
  g_autoptr (GError) error = NULL;
  GIOStream *stream;

  trust_certificate ();
  /* an address is none of the names that a client may ask a server for */
  if (g_hostname_is_ip_address (host))
    identity = G_SOCKET_CONNECTABLE (net_address (host, 0));
  else
    identity = g_network_address_new (host, 0);
  stream = g_tls_client_connection_new (base, identity, &error);
  g_assert_no_error (error);
  return stream;
}

GIOStream *
net_tls_server_new (GIOStream *base)
{
  g_autoptr (GTlsCertificate) certificate = net_tls_certificate_new ();
  g_autoptr (GError) error = NULL;
  GIOStream *stream;

  trust_certificate ();
  stream = g_tls_server_connection_new (base, certificate, &error);
  g_assert_no_error (error);
  return stream;
}

void
net_tls_handshake (GIOStream *stream)
{
  g_autoptr (GError) error = NULL;

  g_tls_connection_handshake (G_TLS_CONNECTION (stream), NULL, &error);
  g_assert_no_error (error);
}

void
net_tls_close (GIOStream *stream)
{
  g_autoptr (GError) error = NULL;

  g_io_stream_close (stream, NULL, &error);
  g_assert_no_error (error);
}

void
net_tls_finish (GIOStream *stream)
{
  g_autoptr (GError) error = NULL;

  g_output_stream_close (g_io_stream_get_output_stream (stream), NULL, &error);
  g_assert_no_error (error);
}

void
net_tls_assert_at_end (GIOStream *stream)
{
  g_autoptr (GError) error = NULL;
  guint8 byte;

  g_assert_cmpint (
      g_input_stream_read (g_io_stream_get_input_stream (stream), &byte, 1, NULL, &error), ==, 0);
  g_assert_no_error (error);
}
