/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <dpdk-glib.h>
#include <glib-unix.h>

#include "http-connection.h"

#define GREETING "Hello from dpdk-glib " DPDK_GLIB_VERSION_S "\n"

#define BACKLOG 128
#define DRAIN_MS 5000
#define SHUTDOWN_MS 10000

typedef struct {
  DpdkRuntime *runtime;
  GMainLoop *loop;
  GPtrArray *workers;
  GPtrArray *listeners;
  GPtrArray *addresses;
  HttpCounters counters;
  GString *cores;
  guint64 packets_in;
  guint64 packets_out;
  guint sigint_source;
  guint sigterm_source;
  gint64 signal_time;
} Server;

static int port = 80;
static char *ready_file;
static gboolean summary;

static const GOptionEntry option_entries[] = {
  { "port", 'p', G_OPTION_FLAG_NONE, G_OPTION_ARG_INT, &port, "Listen on port N (default 80)",
    "N" },
  { "ready-file", 0, G_OPTION_FLAG_NONE, G_OPTION_ARG_FILENAME, &ready_file,
    "Write the addresses to PATH when they can be connected to", "PATH" },
  { "summary", 0, G_OPTION_FLAG_NONE, G_OPTION_ARG_NONE, &summary,
    "Print times and counters at the end", NULL },
  G_OPTION_ENTRY_NULL,
};

static gboolean
shutdown_output (GIOStream *stream, GError **error)
{
  return dpdk_tcp_connection_shutdown (DPDK_TCP_CONNECTION (stream), FALSE, TRUE, error);
}

static void
on_incoming (DpdkTcpListener *listener, DpdkTcpConnection *connection, gpointer user_data)
{
  Server *server = user_data;

  /* An answer is one message: its last segment must not wait for the peer's acknowledgement. */
  dpdk_tcp_socket_set_nodelay (dpdk_tcp_connection_get_socket (connection), TRUE);
  http_connection_start (G_IO_STREAM (connection), shutdown_output, GREETING, &server->counters);
}

static gboolean
on_signal (gpointer user_data)
{
  Server *server = user_data;

  server->signal_time = g_get_monotonic_time ();
  g_main_loop_quit (server->loop);

  /* A second signal, of either kind, is to end the process at once. */
  g_source_remove (server->sigint_source);
  g_source_remove (server->sigterm_source);

  return G_SOURCE_REMOVE;
}

static gboolean
server_listen (Server *server, GInetAddress *address, GError **error)
{
  g_autoptr (GSocketAddress) wanted_address = g_inet_socket_address_new (address, port);
  g_autoptr (GSocketAddress) local_address = NULL;
  g_autoptr (DpdkTcpListener) listener = NULL;
  g_autofree char *text = NULL;

  listener = dpdk_tcp_listener_new (server->runtime, wanted_address, BACKLOG, error);
  if (listener == NULL)
    return FALSE;

  local_address = dpdk_socket_get_local_address (DPDK_SOCKET (listener), error);
  if (local_address == NULL)
    return FALSE;

  g_signal_connect (listener, "incoming", G_CALLBACK (on_incoming), server);

  text = g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (local_address));
  g_print ("listening on %s\n", text);
  g_ptr_array_add (server->addresses, g_steal_pointer (&text));
  g_ptr_array_add (server->listeners, g_steal_pointer (&listener));

  return TRUE;
}

static gboolean
server_listen_everywhere (Server *server, GError **error)
{
  GPtrArray *devices = dpdk_config_get_devices (dpdk_runtime_get_config (server->runtime));

  for (guint i = 0; i < devices->len; i++)
    {
      DpdkDeviceConfig *device = devices->pdata[i];
      GPtrArray *addresses = dpdk_device_config_get_addresses (device);

      if (dpdk_device_config_get_role (device) != DPDK_DEVICE_ROLE_DPDK)
        continue;

      for (guint j = 0; j < addresses->len; j++)
        {
          if (!server_listen (server, dpdk_interface_address_get_address (addresses->pdata[j]),
                              error))
            return FALSE;
        }
    }

  if (server->listeners->len == 0)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                           "The configuration gives no device an address to listen on");
      return FALSE;
    }

  return TRUE;
}

static gboolean
server_write_ready_file (Server *server, GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);

  if (ready_file == NULL)
    return TRUE;

  for (guint i = 0; i < server->addresses->len; i++)
    g_string_append_printf (text, "%s\n", (const char *) server->addresses->pdata[i]);

  return g_file_set_contents (ready_file, text->str, text->len, error);
}

static gboolean
on_drain_timeout (gpointer user_data)
{
  gboolean *is_late = user_data;

  *is_late = TRUE;

  return G_SOURCE_CONTINUE;
}

/* The shutdown has ended every operation with an error: here the connections get to know it. */
static gboolean
server_drain (Server *server, GError **error)
{
  gboolean is_late = FALSE;
  guint timeout = g_timeout_add (DRAIN_MS, on_drain_timeout, &is_late);

  while (server->counters.open > 0 && !is_late)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (timeout);

  if (server->counters.open > 0)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                   "%" G_GUINT64_FORMAT " connections did not end with the runtime",
                   server->counters.open);
      return FALSE;
    }

  return TRUE;
}

/* Ends what is left, and waits for it: the summary tells the time of the whole. */
static gboolean
server_end (Server *server, GError **error)
{
  g_autoptr (DpdkEal) eal = dpdk_eal_dup_current ();

  for (guint i = 0; i < server->workers->len; i++)
    {
      DpdkWorker *worker = server->workers->pdata[i];
      DpdkWorkerStatistics statistics;

      dpdk_worker_get_statistics (worker, &statistics);
      server->packets_in += statistics.rx_packets;
      server->packets_out += statistics.tx_packets;
      g_string_append_printf (server->cores, "worker: %u core %u\n", dpdk_worker_get_index (worker),
                              dpdk_worker_get_core (worker));
    }
  g_ptr_array_set_size (server->listeners, 0);
  g_ptr_array_set_size (server->workers, 0);

  return eal == NULL || dpdk_eal_shutdown (eal, SHUTDOWN_MS, error);
}

static void
server_print_summary (Server *server, gint64 start_us, gint64 shutdown_us)
{
  for (guint i = 0; i < server->addresses->len; i++)
    g_print ("address: %s\n", (const char *) server->addresses->pdata[i]);
  g_print ("%s", server->cores->str);
  g_print ("packets-in: %" G_GUINT64_FORMAT "\n", server->packets_in);
  g_print ("packets-out: %" G_GUINT64_FORMAT "\n", server->packets_out);
  g_print ("connections: %" G_GUINT64_FORMAT "\n", server->counters.connections);
  g_print ("requests: %" G_GUINT64_FORMAT "\n", server->counters.requests);
  g_print ("time-to-start-ms: %.1f\n", start_us / 1e3);
  g_print ("time-to-shut-down-ms: %.1f\n", shutdown_us / 1e3);
}

static gboolean
server_start (Server *server, GError **error)
{
  server->runtime = dpdk_runtime_new (error);
  if (server->runtime == NULL)
    return FALSE;

  for (guint i = 0; i < dpdk_runtime_get_n_workers (server->runtime); i++)
    g_ptr_array_add (server->workers, dpdk_runtime_dup_worker (server->runtime, i));

  return server_listen_everywhere (server, error);
}

static gboolean
server_run (Server *server, GError **error)
{
  gint64 start_time = g_get_monotonic_time ();
  gint64 ready_time;
  gint64 end_time;
  gboolean result;

  if (!server_start (server, error))
    return FALSE;
  ready_time = g_get_monotonic_time ();

  server->sigint_source = g_unix_signal_add (SIGINT, on_signal, server);
  server->sigterm_source = g_unix_signal_add (SIGTERM, on_signal, server);
  if (!server_write_ready_file (server, error))
    return FALSE;

  /* dpdk_runtime_run() would do all of this but tell the time. */
  g_main_loop_run (server->loop);
  result = dpdk_runtime_shutdown (server->runtime, SHUTDOWN_MS, error) &&
           server_drain (server, error) && server_end (server, error);
  end_time = g_get_monotonic_time ();

  if (summary)
    server_print_summary (server, ready_time - start_time, end_time - server->signal_time);

  return result;
}

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new ("- serve HTTP over DPDK");
  g_autoptr (GError) error = NULL;
  Server server = { 0 };
  gboolean result;

  g_option_context_add_main_entries (context, option_entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    {
      g_printerr ("%s: %s\n", g_get_prgname (), error->message);
      return 2;
    }
  if (argc > 1 || port < 1 || port > G_MAXUINT16)
    {
      g_printerr ("%s: %s\n", g_get_prgname (),
                  argc > 1 ? "no arguments are allowed" : "a port is between 1 and 65535");
      return 2;
    }

  server.loop = g_main_loop_new (NULL, FALSE);
  server.cores = g_string_new (NULL);
  server.workers = g_ptr_array_new_with_free_func (g_object_unref);
  server.listeners = g_ptr_array_new_with_free_func (g_object_unref);
  server.addresses = g_ptr_array_new_with_free_func (g_free);

  result = server_run (&server, &error);
  if (!result)
    g_printerr ("%s: %s\n", g_get_prgname (), error->message);

  g_ptr_array_unref (server.listeners);
  g_ptr_array_unref (server.workers);
  g_ptr_array_unref (server.addresses);
  g_string_free (server.cores, TRUE);
  g_main_loop_unref (server.loop);
  g_clear_object (&server.runtime);
  g_free (ready_file);

  return result ? 0 : 1;
}
