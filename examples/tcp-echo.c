/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <dpdk-glib.h>
#include <gio/gunixinputstream.h>
#include <gio/gunixoutputstream.h>

#include <string.h>
#include <unistd.h>

#define BUFFER_SIZE 65536
#define BACKLOG 128
#define SHUTDOWN_MS 5000

/* One connection of the server. The operation in progress holds it. */
typedef struct {
  GIOStream *stream;
  gssize length;
  char data[BUFFER_SIZE];
} Echo;

/* What the thread that sends for the client needs. */
typedef struct {
  GInputStream *source;
  DpdkTcpConnection *connection;
  GCancellable *cancellable;
  GError *error;
} Sender;

static int port = 7;
static char **name_servers;
static guint64 n_open;

static const GOptionEntry option_entries[] = {
  { "port", 'p', G_OPTION_FLAG_NONE, G_OPTION_ARG_INT, &port,
    "The port that the server listens on (default 7)", "N" },
  { "name-server", 'n', G_OPTION_FLAG_NONE, G_OPTION_ARG_STRING_ARRAY, &name_servers,
    "Where the client looks names up over DPDK; may be given several times", "ADDRESS[:PORT]" },
  G_OPTION_ENTRY_NULL,
};

static void echo_read (Echo *echo);

static void
echo_on_closed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Echo *echo = user_data;

  g_io_stream_close_finish (G_IO_STREAM (source), result, NULL);
  g_object_unref (echo->stream);
  g_free (echo);
  n_open--;
}

static void
echo_close (Echo *echo)
{
  g_io_stream_close_async (echo->stream, G_PRIORITY_DEFAULT, NULL, echo_on_closed, echo);
}

static void
echo_on_written (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Echo *echo = user_data;

  /* Reading only after everything is written is the back-pressure: the peer's window closes. */
  if (g_output_stream_write_all_finish (G_OUTPUT_STREAM (source), result, NULL, NULL))
    echo_read (echo);
  else
    echo_close (echo);
}

static void
echo_on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Echo *echo = user_data;

  echo->length = g_input_stream_read_finish (G_INPUT_STREAM (source), result, NULL);
  if (echo->length > 0)
    {
      g_output_stream_write_all_async (g_io_stream_get_output_stream (echo->stream), echo->data,
                                       echo->length, G_PRIORITY_DEFAULT, NULL, echo_on_written,
                                       echo);
      return;
    }

  /* The peer has sent its end, and gets ours after the last byte. */
  if (echo->length == 0)
    dpdk_tcp_connection_shutdown (DPDK_TCP_CONNECTION (echo->stream), FALSE, TRUE, NULL);
  echo_close (echo);
}

static void
echo_read (Echo *echo)
{
  g_input_stream_read_async (g_io_stream_get_input_stream (echo->stream), echo->data,
                             sizeof echo->data, G_PRIORITY_DEFAULT, NULL, echo_on_read, echo);
}

static void
on_incoming (DpdkTcpListener *listener, DpdkTcpConnection *connection, gpointer user_data)
{
  Echo *echo = g_new (Echo, 1);

  echo->stream = G_IO_STREAM (g_object_ref (connection));
  n_open++;
  echo_read (echo);
}

static gboolean
listen_everywhere (DpdkRuntime *runtime, GPtrArray *listeners, GError **error)
{
  GPtrArray *devices = dpdk_config_get_devices (dpdk_runtime_get_config (runtime));

  for (guint i = 0; i < devices->len; i++)
    {
      GPtrArray *addresses = dpdk_device_config_get_addresses (devices->pdata[i]);

      if (dpdk_device_config_get_role (devices->pdata[i]) != DPDK_DEVICE_ROLE_DPDK)
        continue;

      for (guint j = 0; j < addresses->len; j++)
        {
          GInetAddress *address = dpdk_interface_address_get_address (addresses->pdata[j]);
          g_autoptr (GSocketAddress) socket_address = g_inet_socket_address_new (address, port);
          g_autofree char *text =
              g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (socket_address));
          DpdkTcpListener *listener =
              dpdk_tcp_listener_new (runtime, socket_address, BACKLOG, error);

          if (listener == NULL)
            return FALSE;

          g_ptr_array_add (listeners, listener);
          g_signal_connect (listener, "incoming", G_CALLBACK (on_incoming), NULL);
          g_print ("listening on %s\n", text);
        }
    }

  return TRUE;
}

static gboolean
run_server (DpdkRuntime *runtime, GError **error)
{
  g_autoptr (GPtrArray) listeners = g_ptr_array_new_with_free_func (g_object_unref);

  if (!listen_everywhere (runtime, listeners, error) || !dpdk_runtime_run (runtime, error))
    return FALSE;

  /* The shutdown has ended every operation with an error: here the connections get to know it. */
  while (n_open > 0)
    g_main_context_iteration (NULL, TRUE);

  return TRUE;
}

static gpointer
sender_thread (gpointer user_data)
{
  Sender *sender = user_data;
  GOutputStream *output = g_io_stream_get_output_stream (G_IO_STREAM (sender->connection));

  if (g_output_stream_splice (output, sender->source, G_OUTPUT_STREAM_SPLICE_NONE,
                              sender->cancellable, &sender->error) >= 0)
    dpdk_tcp_connection_shutdown (sender->connection, FALSE, TRUE, &sender->error);

  return NULL;
}

static gboolean
exchange (DpdkTcpConnection *connection, GInputStream *source, GError **error)
{
  g_autoptr (GOutputStream) standard_output = g_unix_output_stream_new (STDOUT_FILENO, FALSE);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Sender sender = { source, connection, cancellable, NULL };
  GThread *thread;
  gssize n_received;

  /* A thread that only sends: with one thread, two full windows would wait for each other. */
  thread = g_thread_new ("sender", sender_thread, &sender);
  n_received = g_output_stream_splice (standard_output,
                                       g_io_stream_get_input_stream (G_IO_STREAM (connection)),
                                       G_OUTPUT_STREAM_SPLICE_NONE, NULL, error);
  if (n_received < 0)
    g_cancellable_cancel (cancellable);
  g_thread_join (thread);

  if (n_received < 0)
    {
      g_clear_error (&sender.error);
      return FALSE;
    }

  if (sender.error != NULL)
    {
      g_propagate_error (error, sender.error);
      return FALSE;
    }

  return g_io_stream_close (G_IO_STREAM (connection), NULL, error);
}

static gboolean
run_client (DpdkRuntime *runtime, GSocketConnectable *server, const char *text, GError **error)
{
  g_autoptr (DpdkTcpClient) client = dpdk_tcp_client_new (runtime);
  g_autoptr (DpdkTcpConnection) connection = NULL;
  g_autoptr (GInputStream) source = NULL;

  if (text != NULL)
    source = g_memory_input_stream_new_from_data (text, strlen (text), NULL);
  else
    source = g_unix_input_stream_new (STDIN_FILENO, FALSE);

  /* Without name servers of its own, it looks names up as all programs of this machine do. */
  if (name_servers != NULL)
    {
      g_autoptr (DpdkResolver) resolver =
          dpdk_resolver_new (runtime, (const char *const *) name_servers, error);

      if (resolver == NULL)
        return FALSE;
      dpdk_tcp_client_set_resolver (client, G_RESOLVER (resolver));
    }

  connection = dpdk_tcp_client_connect (client, server, NULL, error);
  if (connection == NULL || !exchange (connection, source, error))
    return FALSE;

  return dpdk_runtime_shutdown (runtime, SHUTDOWN_MS, error);
}

static gboolean
run (int argc, char **argv, GError **error)
{
  g_autoptr (DpdkRuntime) runtime = NULL;
  g_autoptr (GSocketConnectable) server = NULL;
  g_autofree char *text = NULL;
  guint64 number;

  if (g_str_equal (argv[1], "server"))
    {
      runtime = dpdk_runtime_new (error);
      return runtime != NULL && run_server (runtime, error);
    }

  if (!g_ascii_string_to_unsigned (argv[3], 10, 1, G_MAXUINT16, &number, error))
    return FALSE;
  server = g_network_address_new (argv[2], number);
  if (argc > 4)
    text = g_strjoinv (" ", argv + 4);

  runtime = dpdk_runtime_new (error);

  return runtime != NULL && run_client (runtime, server, text, error);
}

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) context =
      g_option_context_new ("server | client HOST PORT [TEXT...] - echo over DPDK");
  g_autoptr (GError) error = NULL;

  g_option_context_add_main_entries (context, option_entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    {
      g_printerr ("%s: %s\n", g_get_prgname (), error->message);
      return 2;
    }

  if (!(argc == 2 && g_str_equal (argv[1], "server")) &&
      !(argc >= 4 && g_str_equal (argv[1], "client")))
    {
      g_autofree char *help = g_option_context_get_help (context, TRUE, NULL);

      g_printerr ("%s", help);
      return 2;
    }

  if (!run (argc, argv, &error))
    {
      g_printerr ("%s: %s\n", g_get_prgname (), error->message);
      return 1;
    }

  return 0;
}
