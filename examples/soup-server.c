/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "example-handshake.h"
#include "example-program.h"
#include "soup-file.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* so often a connection between two requests has something to read before that is taken for its end */
#define N_IDLE_LOOKS 16

typedef struct {
  SoupServer *soup;
  GFile *root;
  GTlsCertificate *certificate;
  /* The other end of what libsoup takes for a listener. */
  GSocket *silent_end;
  /* Connections that somebody holds, and those that libsoup has and that are not closed. */
  guint n_held;
  guint n_open;
  guint n_connections;
  guint n_requests;
  gint64 start_time;
} Server;

/* A connection. The address of its peer holds it, because that is what libsoup gives us back. */
typedef struct {
  Server *server;
  GIOStream *stream;
  GSource *idle_watch;
  guint n_idle_looks;
  /* Runs while a request is awaited, up to the end of its headers. */
  GSource *idle_timer;
  gboolean is_closed;
} Client;

static int port = 80;
static char *directory;
static int idle_timeout_s = 60;
static char *tls_cert;
static char *tls_key;

static const GOptionEntry option_entries[] = {
  { "port", 'p', G_OPTION_FLAG_NONE, G_OPTION_ARG_INT, &port, "Listen on port N (default 80)",
    "N" },
  { "directory", 'd', G_OPTION_FLAG_NONE, G_OPTION_ARG_FILENAME, &directory,
    "Serve the files of this folder (default: the current one)", "PATH" },
  { "idle-timeout", 0, G_OPTION_FLAG_NONE, G_OPTION_ARG_INT, &idle_timeout_s,
    "Close a connection that sends no request for N seconds (default 60, 0 for never)", "N" },
  { "tls-cert", 0, G_OPTION_FLAG_NONE, G_OPTION_ARG_FILENAME, &tls_cert,
    "Serve HTTPS with the certificate, or chain of them, in this PEM file", "PATH" },
  { "tls-key", 0, G_OPTION_FLAG_NONE, G_OPTION_ARG_FILENAME, &tls_key,
    "The private key (default: in the same file)", "PATH" },
  G_OPTION_ENTRY_NULL,
};

static void
on_connection_gone (gpointer user_data, GObject *connection)
{
  Server *server = user_data;

  /* A thread of the TLS library may have been the last one to hold it. */
  g_atomic_int_add (&server->n_held, -1);
  g_main_context_wakeup (NULL);
}

static void
client_stop_watch (Client *self)
{
  if (self->idle_watch == NULL)
    return;

  g_source_destroy (self->idle_watch);
  g_clear_pointer (&self->idle_watch, g_source_unref);
  self->n_idle_looks = 0;
}

static void
client_stop_timer (Client *self)
{
  if (self->idle_timer == NULL)
    return;

  g_source_destroy (self->idle_timer);
  g_clear_pointer (&self->idle_timer, g_source_unref);
}

static void
client_close (Client *self)
{
  client_stop_watch (self);
  client_stop_timer (self);
  g_io_stream_close_async (self->stream, G_PRIORITY_DEFAULT, NULL, NULL, NULL);
  self->is_closed = TRUE;
  self->server->n_open--;
}

static void
client_free (gpointer data)
{
  Client *self = data;

  client_stop_watch (self);
  client_stop_timer (self);
  if (!self->is_closed)
    self->server->n_open--;
  g_free (self);
}

static gboolean
on_idle_readable (GObject *input, gpointer user_data)
{
  Client *self = user_data;

  /* Had it been a request, libsoup would have taken it before us, unless it came after libsoup's source
     was looked at and before ours was. */
  if (++self->n_idle_looks < N_IDLE_LOOKS)
    return G_SOURCE_CONTINUE;

  client_close (self);

  return G_SOURCE_REMOVE;
}

static gboolean
on_idle_timeout (gpointer user_data)
{
  client_close (user_data);

  return G_SOURCE_REMOVE;
}

/* Whoever says nothing, or only a part of a request, shall not hold a connection for ever. */
static void
client_start_timer (Client *self)
{
  if (idle_timeout_s == 0 || self->idle_timer != NULL)
    return;

  self->idle_timer = g_timeout_source_new_seconds ((guint) idle_timeout_s);
  g_source_set_callback (self->idle_timer, on_idle_timeout, self, NULL);
  g_source_attach (self->idle_timer, NULL);
}

static Client *
get_client (SoupServerMessage *message)
{
  GSocketAddress *remote = soup_server_message_get_remote_address (message);

  return remote != NULL ? g_object_get_data (G_OBJECT (remote), "client") : NULL;
}

static void
on_headers (SoupServerMessage *message, gpointer user_data)
{
  Client *client = get_client (message);

  if (client != NULL)
    client_stop_timer (client);
}

static void
on_request_started (SoupServer *soup, SoupServerMessage *message, gpointer user_data)
{
  Client *client = get_client (message);

  if (client == NULL)
    return;

  client_stop_watch (client);
  g_signal_connect (message, "got-headers", G_CALLBACK (on_headers), NULL);
}

/* libsoup 3.2 forgets a connection that ends between two requests, and never closes it. */
static void
on_request_finished (SoupServer *soup, SoupServerMessage *message, gpointer user_data)
{
  Client *client = get_client (message);
  GInputStream *input;

  if (client == NULL || client->idle_watch != NULL || client->is_closed)
    return;

  client_start_timer (client);
  input = g_io_stream_get_input_stream (client->stream);
  client->idle_watch =
      g_pollable_input_stream_create_source (G_POLLABLE_INPUT_STREAM (input), NULL);
  g_source_set_priority (client->idle_watch, G_PRIORITY_LOW);
  g_source_set_callback (client->idle_watch, G_SOURCE_FUNC (on_idle_readable), client, NULL);
  g_source_attach (client->idle_watch, NULL);
}

/* libsoup needs both addresses, although its manual says that they may be NULL. */
static void
server_take (Server *server, GIOStream *stream, DpdkTcpConnection *connection)
{
  g_autoptr (GSocketAddress) local = dpdk_tcp_connection_get_local_address (connection, NULL);
  g_autoptr (GSocketAddress) remote = dpdk_tcp_connection_get_remote_address (connection, NULL);
  g_autoptr (GError) error = NULL;
  Client *client;

  if (local != NULL && remote != NULL)
    {
      client = g_new0 (Client, 1);
      client->server = server;
      server->n_open++;
      client->stream = stream;
      g_object_set_data_full (G_OBJECT (remote), "client", client, client_free);
      client_start_timer (client);
      if (soup_server_accept_iostream (server->soup, stream, local, remote, &error))
        return;
    }

  g_io_stream_close_async (stream, G_PRIORITY_DEFAULT, NULL, NULL, NULL);
}

static DpdkTcpConnection *
dup_base (GTlsConnection *stream)
{
  DpdkTcpConnection *connection = NULL;

  g_object_get (stream, "base-io-stream", &connection, NULL);

  return connection;
}

static void
on_handshake (GTlsConnection *stream, const GError *error, gpointer user_data)
{
  g_autoptr (DpdkTcpConnection) connection = dup_base (stream);

  if (error == NULL)
    server_take (user_data, G_IO_STREAM (stream), connection);
  else
    dpdk_tcp_connection_abort (connection);
}

/* Before libsoup has it, because libsoup would wait for a silent client for ever. */
static void
server_shake_hands (Server *server, DpdkTcpConnection *connection)
{
  static const char *const protocols[] = { "http/1.1", NULL };
  g_autoptr (GIOStream) stream = NULL;
  g_autoptr (GError) error = NULL;

  stream = g_tls_server_connection_new (G_IO_STREAM (connection), server->certificate, &error);
  if (stream == NULL)
    {
      g_printerr ("%s: %s\n", g_get_prgname (), error->message);
      return;
    }

  /* HTTP does without: its messages say where they end. */
  g_tls_connection_set_require_close_notify (G_TLS_CONNECTION (stream), FALSE);
  g_tls_connection_set_advertised_protocols (G_TLS_CONNECTION (stream), protocols);
  example_handshake (G_TLS_CONNECTION (stream), on_handshake, server);
}

static void
on_incoming (DpdkTcpListener *listener, DpdkTcpConnection *connection, gpointer user_data)
{
  Server *server = user_data;

  g_atomic_int_inc (&server->n_held);
  server->n_connections++;
  g_object_weak_ref (G_OBJECT (connection), on_connection_gone, server);
  /* The last segment of an answer must not wait for the client's acknowledgement. */
  dpdk_tcp_socket_set_nodelay (dpdk_tcp_connection_get_socket (connection), TRUE);
  if (server->certificate != NULL)
    server_shake_hands (server, connection);
  else
    server_take (server, G_IO_STREAM (connection), connection);
}

static void
on_file_request (SoupServer *soup, SoupServerMessage *message, const char *path, GHashTable *query,
                 gpointer user_data)
{
  Server *server = user_data;

  server->n_requests++;
  soup_file_send (message, server->root, path);
}

static void
on_status_request (SoupServer *soup, SoupServerMessage *message, const char *path,
                   GHashTable *query, gpointer user_data)
{
  Server *server = user_data;
  double seconds = (g_get_monotonic_time () - server->start_time) / (double) G_USEC_PER_SEC;
  char *text;

  server->n_requests++;
  text = g_strdup_printf ("client: %s\nconnections: %u\nopen: %u\nrequests: %u\nseconds: %.3f\n",
                          soup_server_message_get_remote_host (message), server->n_connections,
                          server->n_open, server->n_requests, seconds);
  soup_server_message_set_status (message, SOUP_STATUS_OK, NULL);
  soup_server_message_set_response (message, "text/plain", SOUP_MEMORY_TAKE, text, strlen (text));
}

/* libsoup ends each connection after one request unless it has a listener of its own. It accepts a
   connected socket as one, and here the other end of that never says anything. */
static gboolean
server_keep_alive (Server *server, GError **error)
{
  g_autoptr (GSocket) socket = NULL;
  int fds[2];

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
    {
      int saved_errno = errno;

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno), "socketpair: %s",
                   g_strerror (saved_errno));
      return FALSE;
    }

  socket = g_socket_new_from_fd (fds[0], error);
  server->silent_end = g_socket_new_from_fd (fds[1], error);

  return soup_server_listen_socket (server->soup, socket, 0, error);
}

static gboolean
server_prepare (Server *server, GError **error)
{
  if (tls_cert != NULL)
    {
      server->certificate =
          g_tls_certificate_new_from_files (tls_cert, tls_key != NULL ? tls_key : tls_cert, error);
      if (server->certificate == NULL || !example_trust_only (tls_cert, error))
        return FALSE;
    }

  server->root = g_file_new_for_commandline_arg (directory != NULL ? directory : ".");
  server->start_time = g_get_monotonic_time ();
  server->soup = soup_server_new ("server-header", "dpdk-glib ", NULL);
  soup_server_add_handler (server->soup, "/", on_file_request, server, NULL);
  soup_server_add_handler (server->soup, "/status", on_status_request, server, NULL);

  g_signal_connect (server->soup, "request-started", G_CALLBACK (on_request_started), server);
  g_signal_connect (server->soup, "request-finished", G_CALLBACK (on_request_finished), server);

  return server_keep_alive (server, error);
}

static gboolean
server_run (Server *server, GError **error)
{
  g_autoptr (DpdkRuntime) runtime = NULL;
  g_autoptr (GPtrArray) listeners = g_ptr_array_new_with_free_func (g_object_unref);

  if (!server_prepare (server, error))
    return FALSE;

  runtime = dpdk_runtime_new (error);
  if (runtime == NULL || !example_listen (runtime, port, on_incoming, server, listeners, error) ||
      !dpdk_runtime_run (runtime, error))
    return FALSE;

  soup_server_disconnect (server->soup);
  g_ptr_array_set_size (listeners, 0);

  return example_drain (&server->n_held, error) && example_end (runtime, error);
}

static gboolean
parse_options (int *argc, char ***argv)
{
  g_autoptr (GOptionContext) context =
      g_option_context_new ("- serve files over DPDK with libsoup");
  g_autoptr (GError) error = NULL;
  const char *problem = NULL;

  g_option_context_set_summary (
      context, "The path /status is a page that tells about the server and its client. For HTTPS "
               "give a certificate:\n\n"
               "  soup-server --port 443 --tls-cert cert.pem --tls-key key.pem --directory /srv\n\n"
               "SIGINT or SIGTERM ends the server.");
  g_option_context_add_main_entries (context, option_entries, NULL);
  if (!g_option_context_parse (context, argc, argv, &error))
    problem = error->message;
  else if (*argc > 1)
    problem = "no arguments are allowed";
  else if (port < 1 || port > G_MAXUINT16)
    problem = "a port is between 1 and 65535";
  else if (idle_timeout_s < 0)
    problem = "a timeout is not negative";
  else if (tls_key != NULL && tls_cert == NULL)
    problem = "a key needs a certificate";

  if (problem != NULL)
    g_printerr ("%s: %s\n", g_get_prgname (), problem);

  return problem == NULL;
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  Server server = { 0 };
  gboolean result;

  if (!parse_options (&argc, &argv))
    return 2;

  result = server_run (&server, &error);
  if (!result)
    g_printerr ("%s: %s\n", g_get_prgname (), error->message);

  g_clear_object (&server.soup);
  g_clear_object (&server.silent_end);
  g_clear_object (&server.certificate);
  g_clear_object (&server.root);

  return result ? 0 : 1;
}
