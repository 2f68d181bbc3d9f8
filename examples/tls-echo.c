/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "example-echo.h"
#include "example-handshake.h"
#include "example-program.h"

/* The server, and what its connections need. */
typedef struct {
  GTlsCertificate *certificate;
  guint n_open;
} Server;

static int port = 7;
static char *certificate_path;
static char *key_path;
static char *ca_path;
static char *server_name;
static gboolean insecure;

static const GOptionEntry option_entries[] = {
  { "port", 'p', G_OPTION_FLAG_NONE, G_OPTION_ARG_INT, &port,
    "The port that the server listens on (default 7)", "N" },
  { "cert", 0, G_OPTION_FLAG_NONE, G_OPTION_ARG_FILENAME, &certificate_path,
    "The certificate to show, or chain of them, in a PEM file; a server needs one", "PATH" },
  { "key", 0, G_OPTION_FLAG_NONE, G_OPTION_ARG_FILENAME, &key_path,
    "Its private key (default: in the same file)", "PATH" },
  { "ca", 0, G_OPTION_FLAG_NONE, G_OPTION_ARG_FILENAME, &ca_path,
    "Trust the certificates of this PEM file: a client instead of those of the system; a server "
    "wants its clients to show one that they have signed",
    "PATH" },
  { "name", 0, G_OPTION_FLAG_NONE, G_OPTION_ARG_STRING, &server_name,
    "The name that the server's certificate must be for (default: its address)", "NAME" },
  { "insecure", 0, G_OPTION_FLAG_NONE, G_OPTION_ARG_NONE, &insecure,
    "Go on when the certificate of the peer is wrong", NULL },
  G_OPTION_ENTRY_NULL,
};

static gboolean
on_accept_certificate (GTlsConnection *connection, GTlsCertificate *certificate,
                       GTlsCertificateFlags errors, gpointer user_data)
{
  static const struct {
    GTlsCertificateFlags flag;
    const char *text;
  } problems[] = {
    { G_TLS_CERTIFICATE_UNKNOWN_CA, "nobody who is trusted has signed it" },
    { G_TLS_CERTIFICATE_BAD_IDENTITY, "it is for another name" },
    { G_TLS_CERTIFICATE_NOT_ACTIVATED, "it is not valid yet" },
    { G_TLS_CERTIFICATE_EXPIRED, "it has expired" },
    { G_TLS_CERTIFICATE_REVOKED, "it was revoked" },
    { G_TLS_CERTIFICATE_INSECURE, "its algorithm is insecure" },
    { G_TLS_CERTIFICATE_GENERIC_ERROR, "it cannot be verified" },
  };
  g_autofree char *subject = g_tls_certificate_get_subject_name (certificate);

  for (gsize i = 0; i < G_N_ELEMENTS (problems); i++)
    {
      if ((errors & problems[i].flag) != 0)
        g_printerr ("%s: certificate of %s: %s\n", g_get_prgname (), subject, problems[i].text);
    }

  /* A server is asked about each certificate, also if nothing is wrong with it. */
  return insecure || errors == 0;
}

static gboolean
load_files (GTlsCertificate **certificate, gboolean is_server, GError **error)
{
  if (certificate_path != NULL)
    {
      *certificate = g_tls_certificate_new_from_files (
          certificate_path, key_path != NULL ? key_path : certificate_path, error);
      if (*certificate == NULL)
        return FALSE;
    }

  if (ca_path != NULL)
    return example_trust_only (ca_path, error);

  return !is_server || example_trust_only (certificate_path, error);
}

static void
on_handshake (GTlsConnection *stream, const GError *error, gpointer user_data)
{
  Server *server = user_data;
  g_autoptr (DpdkTcpConnection) connection = NULL;

  g_object_get (stream, "base-io-stream", &connection, NULL);
  if (error == NULL)
    {
      example_echo_serve (G_IO_STREAM (stream), &server->n_open);
    }
  else
    {
      g_autoptr (GSocketAddress) address =
          dpdk_tcp_connection_get_remote_address (connection, NULL);
      g_autofree char *name = g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (address));

      g_printerr ("%s: %s: %s\n", g_get_prgname (), name, error->message);
      dpdk_tcp_connection_abort (connection);
    }
  server->n_open--;
}

static void
on_incoming (DpdkTcpListener *listener, DpdkTcpConnection *connection, gpointer user_data)
{
  Server *server = user_data;
  g_autoptr (GIOStream) stream = NULL;
  g_autoptr (GError) error = NULL;

  stream = g_tls_server_connection_new (G_IO_STREAM (connection), server->certificate, &error);
  if (stream == NULL)
    {
      g_printerr ("%s: %s\n", g_get_prgname (), error->message);
      return;
    }

  if (ca_path != NULL)
    {
      g_object_set (stream, "authentication-mode", G_TLS_AUTHENTICATION_REQUIRED, NULL);
      g_signal_connect (stream, "accept-certificate", G_CALLBACK (on_accept_certificate), NULL);
    }

  server->n_open++;
  example_handshake (G_TLS_CONNECTION (stream), on_handshake, server);
}

static gboolean
run_server (Server *server, GError **error)
{
  g_autoptr (DpdkRuntime) runtime = dpdk_runtime_new (error);
  g_autoptr (GPtrArray) listeners = g_ptr_array_new_with_free_func (g_object_unref);

  if (runtime == NULL || !example_listen (runtime, port, on_incoming, server, listeners, error) ||
      !dpdk_runtime_run (runtime, error))
    return FALSE;

  g_ptr_array_set_size (listeners, 0);

  return example_drain (&server->n_open, error) && example_end (runtime, error);
}

static gboolean
ask (DpdkRuntime *runtime, GSocketAddress *address, GTlsCertificate *certificate, const char *text,
     GError **error)
{
  g_autoptr (GSocketConnectable) identity = NULL;
  g_autoptr (DpdkTcpSocket) socket = NULL;
  g_autoptr (DpdkTcpConnection) connection = NULL;
  g_autoptr (GIOStream) stream = NULL;

  socket = dpdk_tcp_socket_new (runtime, g_socket_address_get_family (address), error);
  if (socket == NULL)
    return FALSE;

  connection = dpdk_tcp_socket_connect (socket, address, NULL, error);
  if (connection == NULL)
    return FALSE;

  if (server_name != NULL)
    identity = g_network_address_new (server_name, 0);
  else
    identity = G_SOCKET_CONNECTABLE (g_object_ref (address));
  stream = g_tls_client_connection_new (G_IO_STREAM (connection), identity, error);
  if (stream == NULL)
    return FALSE;

  if (certificate != NULL)
    g_tls_connection_set_certificate (G_TLS_CONNECTION (stream), certificate);
  g_signal_connect (stream, "accept-certificate", G_CALLBACK (on_accept_certificate), NULL);

  return g_tls_connection_handshake (G_TLS_CONNECTION (stream), NULL, error) &&
         example_echo_ask (stream, text, error);
}

static gboolean
run_client (int argc, char **argv, GTlsCertificate *certificate, GError **error)
{
  g_autoptr (GSocketAddress) address = example_parse_address (argv[2], argv[3], error);
  g_autoptr (DpdkRuntime) runtime = NULL;
  g_autofree char *text = NULL;

  if (address == NULL)
    return FALSE;
  if (argc > 4)
    text = g_strjoinv (" ", argv + 4);

  runtime = dpdk_runtime_new (error);

  return runtime != NULL && ask (runtime, address, certificate, text, error) &&
         example_end (runtime, error);
}

static gboolean
run (int argc, char **argv, GError **error)
{
  const gboolean is_server = g_str_equal (argv[1], "server");
  Server server = { 0 };
  gboolean result;

  result = load_files (&server.certificate, is_server, error);
  if (result && is_server)
    result = run_server (&server, error);
  else if (result)
    result = run_client (argc, argv, server.certificate, error);
  g_clear_object (&server.certificate);

  return result;
}

static gboolean
is_usage_right (int argc, char **argv)
{
  if (argc == 2 && g_str_equal (argv[1], "server"))
    return certificate_path != NULL && port > 0 && port <= G_MAXUINT16;

  return argc >= 4 && g_str_equal (argv[1], "client");
}

int
main (int argc, char **argv)
{
  return example_main (
      argc, argv, "server | client ADDRESS PORT [TEXT...] - echo with TLS over DPDK",
      "Without TEXT the client sends its standard input. What is wrong with a certificate "
      "is printed. A pair of files to try it with:\n\n"
      "  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \\\n"
      "    -subj /CN=localhost -addext subjectAltName=DNS:echo.test \\\n"
      "    -keyout key.pem -out cert.pem\n"
      "  tls-echo --cert cert.pem --key key.pem server\n"
      "  tls-echo --ca cert.pem --name echo.test client 192.0.2.1 7 hello",
      option_entries, is_usage_right, run);
}
