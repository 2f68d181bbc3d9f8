/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <dpdk-glib.h>
#include <glib-unix.h>

#include "nbd-service.h"

#include <signal.h>
#include <string.h>

#define BACKLOG 128
#define DRAIN_MS 5000
#define SHUTDOWN_MS 10000
#define MEBIBYTE (1024 * 1024)

typedef struct {
  DpdkRuntime *runtime;
  GMainLoop *loop;
  NbdService *service;
  GPtrArray *listeners;
  guint sigint_source;
  guint sigterm_source;
  guint sigusr1_source;
} Server;

static int port = NBD_DEFAULT_PORT;
static char *export_name;
static char **more_exports;
static gboolean read_only;
static int threads = 4;
static int buffers = 32;
static int max_connections = 128;
static int timeout = 30;
static gboolean busy_poll;
static char *config_path;

static const GOptionEntry option_entries[] = {
  { "port", 'p', G_OPTION_FLAG_NONE, G_OPTION_ARG_INT, &port, "Listen on port N (default 10809)",
    "N" },
  { "export-name", 'e', G_OPTION_FLAG_NONE, G_OPTION_ARG_STRING, &export_name,
    "The name of FILE, which is also the default export", "NAME" },
  { "export", 'x', G_OPTION_FLAG_NONE, G_OPTION_ARG_FILENAME_ARRAY, &more_exports,
    "Serve another file too (may be given several times)", "NAME=FILE" },
  { "read-only", 'r', G_OPTION_FLAG_NONE, G_OPTION_ARG_NONE, &read_only, "Refuse every change",
    NULL },
  { "threads", 't', G_OPTION_FLAG_NONE, G_OPTION_ARG_INT, &threads,
    "How many threads read and write files (default 4)", "N" },
  { "buffers", 'b', G_OPTION_FLAG_NONE, G_OPTION_ARG_INT, &buffers,
    "The memory of the buffers for reads, half of which may be cached blocks (default 32)",
    "MEBIBYTES" },
  { "max-connections", 'm', G_OPTION_FLAG_NONE, G_OPTION_ARG_INT, &max_connections,
    "How many clients there may be at a time (default 128)", "N" },
  { "timeout", 0, G_OPTION_FLAG_NONE, G_OPTION_ARG_INT, &timeout,
    "How long a client may take to choose an export (default 30)", "SECONDS" },
  { "busy-poll", 0, G_OPTION_FLAG_NONE, G_OPTION_ARG_NONE, &busy_poll,
    "Never let a worker sleep, for the shortest latency", NULL },
  { "config", 'c', G_OPTION_FLAG_NONE, G_OPTION_ARG_FILENAME, &config_path,
    "The configuration of the runtime", "PATH" },
  G_OPTION_ENTRY_NULL,
};

static void
on_incoming (DpdkTcpListener *listener, DpdkTcpConnection *connection, gpointer user_data)
{
  nbd_service_accept (user_data, connection);
}

static gboolean
on_quit (gpointer user_data)
{
  Server *server = user_data;

  g_main_loop_quit (server->loop);

  /* a second signal, of either kind, is to end the process at once */
  g_source_remove (server->sigint_source);
  g_source_remove (server->sigterm_source);

  return G_SOURCE_REMOVE;
}

static gboolean
on_print (gpointer user_data)
{
  Server *server = user_data;

  nbd_service_print (server->service);
  g_print ("end of statistics\n");

  return G_SOURCE_CONTINUE;
}

/* On all addresses of both families. */
static gboolean
server_listen (Server *server, GError **error)
{
  g_autoptr (GInetAddress) any = g_inet_address_new_any (G_SOCKET_FAMILY_IPV6);
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new (any, port);
  g_autofree char *text = g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (address));
  g_autoptr (DpdkTcpOptions) options = NULL;
  DpdkTcpListener *listener = dpdk_tcp_listener_new (server->runtime, address, BACKLOG, error);

  if (listener == NULL)
    return FALSE;
  g_ptr_array_add (server->listeners, listener);

  /* A client may be silent for days, and may also have lost its power. */
  options = dpdk_tcp_listener_dup_options (listener);
  dpdk_tcp_options_set_keepalive (options, TRUE);
  if (!dpdk_tcp_listener_set_options (listener, options, error))
    return FALSE;

  g_signal_connect (listener, "incoming", G_CALLBACK (on_incoming), server->service);
  g_print ("listening on %s\n", text);

  return TRUE;
}

static gboolean
server_add_export (Server *server, const char *name, const char *path, GError **error)
{
  NbdExport *export;

  if (strlen (name) > NBD_MAX_STRING || !g_utf8_validate (name, -1, NULL))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "the name of an export is UTF-8 of at most %u bytes", NBD_MAX_STRING);
      return FALSE;
    }

  export = nbd_export_new (name, path, read_only, error);
  if (export == NULL || !nbd_service_add_export (server->service, export, error))
    return FALSE;
  g_print ("serving %s as \"%s\", %" G_GUINT64_FORMAT " bytes%s\n", path, name,
           nbd_export_get_info (export)->size, read_only ? ", read-only" : "");

  return TRUE;
}

static gboolean
server_add_exports (Server *server, const char *path, GError **error)
{
  if (!server_add_export (server, export_name != NULL ? export_name : "", path, error))
    return FALSE;

  for (guint i = 0; more_exports != NULL && more_exports[i] != NULL; i++)
    {
      g_auto (GStrv) parts = g_strsplit (more_exports[i], "=", 2);

      if (g_strv_length (parts) != 2)
        {
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "'%s' is not NAME=FILE",
                       more_exports[i]);
          return FALSE;
        }
      if (!server_add_export (server, parts[0], parts[1], error))
        return FALSE;
    }

  return TRUE;
}

/* One pool for all; half of it is for what is on its way. */
static gboolean
server_make_buffers (Server *server, GError **error)
{
  const guint n_buffers = (guint) buffers * (MEBIBYTE / NBD_CACHE_BLOCK);
  GPtrArray *exports = server->service->exports;
  g_autoptr (DpdkEal) eal = dpdk_runtime_dup_eal (server->runtime);
  g_autoptr (DpdkMempool) mempool =
      dpdk_mempool_new (eal, n_buffers, 0, NBD_CACHE_BLOCK, -1, error);

  if (mempool == NULL)
    return FALSE;
  for (guint i = 0; i < exports->len; i++)
    nbd_export_set_buffers (exports->pdata[i], mempool, MAX (n_buffers / 2 / exports->len, 1));

  return TRUE;
}

static gboolean
server_start (Server *server, const char *path, GError **error)
{
  g_autoptr (DpdkRuntimeBuilder) builder = dpdk_runtime_builder_new ();

  /* a block device has nothing to do most of the time */
  dpdk_runtime_builder_set_idle_policy (builder, busy_poll ? DPDK_IDLE_POLICY_BUSY_POLL
                                                           : DPDK_IDLE_POLICY_ADAPTIVE);
  if (config_path != NULL)
    {
      g_autoptr (DpdkConfig) config = dpdk_config_new_from_file (config_path, error);

      if (config == NULL)
        return FALSE;
      dpdk_runtime_builder_set_config (builder, config);
    }

  server->service =
      nbd_service_new ((guint) threads, (guint) max_connections, (guint) timeout, error);
  if (server->service == NULL || !server_add_exports (server, path, error))
    return FALSE;

  server->runtime = dpdk_runtime_builder_build (builder, error);

  return server->runtime != NULL && server_make_buffers (server, error) &&
         server_listen (server, error);
}

static gboolean
on_late (gpointer user_data)
{
  gboolean *is_late = user_data;

  *is_late = TRUE;

  return G_SOURCE_CONTINUE;
}

static void
server_wait_for_connections (Server *server)
{
  gboolean is_late = FALSE;
  guint source = g_timeout_add (DRAIN_MS, on_late, &is_late);

  while (nbd_statistics_get (&server->service->statistics, NBD_COUNTER_OPEN) > 0 && !is_late)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (source);
}

/* What clients have asked for is answered; after that there is no reason to wait for them. */
static gboolean
server_stop (Server *server, GError **error)
{
  gboolean result;

  g_ptr_array_set_size (server->listeners, 0);
  nbd_service_stop (server->service);
  g_print ("ending\n");
  server_wait_for_connections (server);

  result = dpdk_runtime_shutdown (server->runtime, SHUTDOWN_MS, error);
  server_wait_for_connections (server);

  return result;
}

static gboolean
run (Server *server, const char *path, GError **error)
{
  if (!server_start (server, path, error))
    return FALSE;

  server->sigint_source = g_unix_signal_add (SIGINT, on_quit, server);
  server->sigterm_source = g_unix_signal_add (SIGTERM, on_quit, server);
  server->sigusr1_source = g_unix_signal_add (SIGUSR1, on_print, server);
  g_print ("ready\n");
  g_main_loop_run (server->loop);

  return server_stop (server, error);
}

/* The service waits for its threads: after that nothing holds a buffer but us. */
static gboolean
clear (Server *server, gboolean result, GError **error)
{
  g_autoptr (DpdkEal) eal = dpdk_eal_dup_current ();

  g_ptr_array_unref (server->listeners);
  if (server->service != NULL)
    nbd_service_finish (server->service);
  if (server->service != NULL && result)
    nbd_service_print (server->service);
  g_clear_pointer (&server->service, nbd_service_free);
  g_clear_object (&server->runtime);
  g_main_loop_unref (server->loop);
  g_clear_handle_id (&server->sigusr1_source, g_source_remove);

  return eal == NULL || dpdk_eal_shutdown (eal, SHUTDOWN_MS, result ? error : NULL);
}

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) context =
      g_option_context_new ("FILE - serve a file as a network block device over DPDK");
  g_autoptr (GError) error = NULL;
  Server server = { 0 };
  gboolean result;

  g_option_context_add_main_entries (context, option_entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    {
      g_printerr ("%s: %s\n", g_get_prgname (), error->message);
      return 2;
    }
  if (argc != 2 || port < 1 || port > G_MAXUINT16 || threads < 1 || threads > 1024 || buffers < 1 ||
      buffers > 16384 || max_connections < 1 || timeout < 1)
    {
      g_autofree char *help = g_option_context_get_help (context, TRUE, NULL);

      g_printerr ("%s", help);
      return 2;
    }

  /* a limit of the size of files is an error of the request that meets it */
  signal (SIGXFSZ, SIG_IGN);
  server.loop = g_main_loop_new (NULL, FALSE);
  server.listeners = g_ptr_array_new_with_free_func (g_object_unref);
  result = run (&server, argv[1], &error);
  result = clear (&server, result, &error) && result;
  if (!result)
    g_printerr ("%s: %s\n", g_get_prgname (), error->message);

  return result ? 0 : 1;
}
