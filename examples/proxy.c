/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "example-program.h"
#include "proxy-end.h"
#include "proxy-link.h"

#define CONNECT_SECONDS 30

typedef struct {
  DpdkRuntime *runtime;
  GSocketService *service;
  GPtrArray *listeners;
  GQueue waiting;
  ProxyEnd from;
  ProxyEnd to;
  ProxyCounters counters;
} Proxy;

/* A client that waits for its server. */
typedef struct {
  Proxy *proxy;
  GIOStream *client;
  GCancellable *cancellable;
  guint timeout;
} Waiting;

static char *listen_text;
static char *to_text;
static int idle_seconds = 300;

static const GOptionEntry option_entries[] = {
  { "listen", 'l', G_OPTION_FLAG_NONE, G_OPTION_ARG_STRING, &listen_text,
    "Take connections on all addresses of one side", "dpdk:PORT|kernel:PORT" },
  { "to", 't', G_OPTION_FLAG_NONE, G_OPTION_ARG_STRING, &to_text,
    "Connect each of them to a server", "dpdk:ADDRESS:PORT|kernel:HOST:PORT" },
  { "idle", 'i', G_OPTION_FLAG_NONE, G_OPTION_ARG_INT, &idle_seconds,
    "Reset connections after N seconds without a byte; 0: never (default 300)", "N" },
  G_OPTION_ENTRY_NULL,
};

static gboolean
on_connect_timeout (gpointer user_data)
{
  Waiting *self = user_data;

  self->timeout = 0;
  g_cancellable_cancel (self->cancellable);

  return G_SOURCE_REMOVE;
}

static void
on_connected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Waiting *self = user_data;
  Proxy *proxy = self->proxy;
  g_autoptr (GError) error = NULL;
  g_autoptr (GIOStream) server = proxy_end_connect_finish (result, &error);

  if (server != NULL)
    {
      proxy_link_start (self->client, server, idle_seconds, &proxy->counters);
    }
  else
    {
      g_printerr ("%s: %s\n", g_get_prgname (), error->message);
      proxy->counters.failed++;
      proxy_stream_abort (self->client);
      g_io_stream_close (self->client, NULL, NULL);
    }

  proxy->counters.open--;
  g_queue_remove (&proxy->waiting, self);
  g_clear_handle_id (&self->timeout, g_source_remove);
  g_object_unref (self->client);
  g_object_unref (self->cancellable);
  g_free (self);
}

static void
proxy_take (Proxy *proxy, GIOStream *client)
{
  Waiting *self = g_new0 (Waiting, 1);

  proxy->counters.open++;
  g_queue_push_tail (&proxy->waiting, self);
  self->proxy = proxy;
  self->client = g_object_ref (client);
  self->cancellable = g_cancellable_new ();
  self->timeout = g_timeout_add_seconds (CONNECT_SECONDS, on_connect_timeout, self);
  proxy_end_connect_async (&proxy->to, proxy->runtime, self->cancellable, on_connected, self);
}

static void
on_dpdk_incoming (DpdkTcpListener *listener, DpdkTcpConnection *connection, gpointer user_data)
{
  proxy_take (user_data, G_IO_STREAM (connection));
}

static gboolean
on_kernel_incoming (GSocketService *service, GSocketConnection *connection, GObject *source,
                    gpointer user_data)
{
  proxy_take (user_data, G_IO_STREAM (connection));

  return TRUE;
}

static gboolean
proxy_listen (Proxy *self, GError **error)
{
  if (self->from.is_dpdk)
    return example_listen (self->runtime, self->from.port, on_dpdk_incoming, self, self->listeners,
                           error);

  self->service = g_socket_service_new ();
  g_signal_connect (self->service, "incoming", G_CALLBACK (on_kernel_incoming), self);
  if (!g_socket_listener_add_inet_port (G_SOCKET_LISTENER (self->service), self->from.port, NULL,
                                        error))
    return FALSE;

  g_print ("listening on port %u of the kernel\n", self->from.port);

  return TRUE;
}

static gboolean
proxy_run (Proxy *self, GError **error)
{
  self->runtime = dpdk_runtime_new (error);
  if (self->runtime == NULL || !proxy_listen (self, error) ||
      !dpdk_runtime_run (self->runtime, error))
    return FALSE;

  if (self->service != NULL)
    g_socket_service_stop (self->service);
  g_ptr_array_set_size (self->listeners, 0);
  for (GList *l = self->waiting.head; l != NULL; l = l->next)
    g_cancellable_cancel (((Waiting *) l->data)->cancellable);
  /* A link that only waits for the kernel's end would not notice. */
  proxy_link_abort_all (&self->counters);
  if (!example_drain (&self->counters.open, error))
    return FALSE;

  g_print ("finished: %u\nfailed: %u\ntimed-out: %u\nbytes-to-server: %" G_GUINT64_FORMAT
           "\nbytes-to-client: %" G_GUINT64_FORMAT "\n",
           self->counters.finished, self->counters.failed, self->counters.timed_out,
           self->counters.bytes_to_server, self->counters.bytes_to_client);

  return example_end (self->runtime, error);
}

static gboolean
proxy_parse (Proxy *self, int *argc, char ***argv, GError **error)
{
  g_autoptr (GOptionContext) context =
      g_option_context_new ("- join TCP connections of DPDK and of the kernel");

  g_option_context_set_summary (
      context,
      "What comes from one side goes to the other one, the end of each direction by itself. "
      "An error of one side resets the other. For example:\n\n"
      "  proxy --listen dpdk:80 --to kernel:localhost:8080\n"
      "  proxy --listen kernel:5432 --to dpdk:192.0.2.1:5432");
  g_option_context_add_main_entries (context, option_entries, NULL);
  if (!g_option_context_parse (context, argc, argv, error))
    return FALSE;

  if (*argc > 1 || listen_text == NULL || to_text == NULL || idle_seconds < 0)
    {
      g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
                           "--listen and --to are needed, and nothing else");
      return FALSE;
    }

  if (!proxy_end_parse (&self->from, listen_text, FALSE, error) ||
      !proxy_end_parse (&self->to, to_text, TRUE, error))
    return FALSE;

  if (!self->from.is_dpdk && !self->to.is_dpdk)
    g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
                         "One side must be that of DPDK");

  return self->from.is_dpdk || self->to.is_dpdk;
}

static void
proxy_clear (Proxy *self)
{
  g_clear_object (&self->service);
  g_ptr_array_unref (self->listeners);
  g_clear_object (&self->runtime);
  proxy_end_clear (&self->from);
  proxy_end_clear (&self->to);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  Proxy proxy = { .listeners = g_ptr_array_new_with_free_func (g_object_unref) };
  int status = 2;

  if (proxy_parse (&proxy, &argc, &argv, &error))
    status = proxy_run (&proxy, &error) ? 0 : 1;
  if (error != NULL)
    g_printerr ("%s: %s\n", g_get_prgname (), error->message);
  proxy_clear (&proxy);

  return status;
}
