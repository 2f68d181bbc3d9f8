/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the packets of the conformance suite are sent at: does with TCP what the lines of its standard
   input say, and prints what became of it. */
#include <dpdk-glib.h>
#include <gio/gunixinputstream.h>

#include <unistd.h>

#define ADDRESS_V4 "198.18.0.2"
#define ADDRESS_V6 "fde7:f17d:24::2"
#define BACKLOG 64
#define SHUTDOWN_MS 20000
#define ECHO_SIZE 65536

static const char *const addresses[] = { ADDRESS_V4, ADDRESS_V6 };

typedef struct {
  DpdkRuntime *runtime;
  GMainLoop *loop;
  /* the port in decimal to a GPtrArray of its listeners */
  GHashTable *listeners;
  /* the name that both sides know it by to a DpdkTcpConnection */
  GHashTable *connections;
  guint n_accepted;
} Target;

/* An operation on a connection, which knows its name. */
typedef struct {
  Target *target;
  char *id;
  guint8 *data;
  gsize size;
  GObject *held;
} Operation;

/* A connection that is served without being told to; the operation in progress holds it. */
typedef struct {
  GIOStream *stream;
  gboolean is_echo;
  guint8 data[ECHO_SIZE];
} Service;

typedef gboolean (*CommandFunc) (Target *self, char **words, GError **error);

static Operation *
operation_new (Target *target, const char *id, gsize size)
{
  Operation *self = g_new0 (Operation, 1);

  self->target = target;
  self->id = g_strdup (id);
  self->data = g_malloc (MAX (size, 1));
  self->size = size;
  return self;
}

static void
operation_free (Operation *self)
{
  g_clear_object (&self->held);
  g_free (self->data);
  g_free (self->id);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Operation, operation_free)

static void
print_error (const char *id, const char *what, const GError *error)
{
  const char *code = "other";

  if (error->domain == G_IO_ERROR)
    {
      g_autoptr (GEnumClass) klass = g_type_class_ref (G_TYPE_IO_ERROR_ENUM);
      GEnumValue *value = g_enum_get_value (klass, error->code);

      if (value != NULL)
        code = value->value_nick;
    }
  g_print ("error %s %s %s %s\n", id, what, code, error->message);
}

static gboolean
parse_number (const char *text, guint64 maximum, guint64 *number, GError **error)
{
  if (text != NULL)
    return g_ascii_string_to_unsigned (text, 10, 0, maximum, number, error);
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "a number is missing");
  return FALSE;
}

/* sets those of @words that are NAME=NUMBER */
static gboolean
parse_options (char **words, GObject *options, GError **error)
{
  for (; words[0] != NULL; words++)
    {
      g_auto (GStrv) parts = g_strsplit (words[0], "=", 2);
      guint64 value;

      if (!parse_number (parts[1], G_MAXUINT, &value, error))
        return FALSE;
      /* a boolean is as wide as an unsigned number */
      g_object_set (options, parts[0], (guint) value, NULL);
    }
  return TRUE;
}

static DpdkTcpConnection *
find_connection (Target *self, const char *id, GError **error)
{
  DpdkTcpConnection *connection = id != NULL ? g_hash_table_lookup (self->connections, id) : NULL;

  if (connection == NULL)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "there is no connection '%s'", id);
  return connection;
}

/* data that looks different at each offset */
static void
fill (guint8 *data, guint64 offset, gsize size)
{
  for (gsize i = 0; i < size; i++)
    data[i] = (guint8) ((offset + i) % 251);
}

static void service_read (Service *self);

static void
service_on_closed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Service *self = user_data;

  g_io_stream_close_finish (self->stream, result, NULL);
  g_object_unref (self->stream);
  g_free (self);
}

static void
service_close (Service *self)
{
  g_io_stream_close_async (self->stream, G_PRIORITY_DEFAULT, NULL, service_on_closed, self);
}

static void
service_on_written (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Service *self = user_data;

  if (g_output_stream_write_all_finish (G_OUTPUT_STREAM (source), result, NULL, NULL))
    service_read (self);
  else
    service_close (self);
}

static void
service_on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Service *self = user_data;
  gssize n_read = g_input_stream_read_finish (G_INPUT_STREAM (source), result, NULL);

  if (n_read <= 0)
    service_close (self);
  else if (self->is_echo)
    g_output_stream_write_all_async (g_io_stream_get_output_stream (self->stream), self->data,
                                     (gsize) n_read, G_PRIORITY_DEFAULT, NULL, service_on_written,
                                     self);
  else
    service_read (self);
}

static void
service_read (Service *self)
{
  g_input_stream_read_async (g_io_stream_get_input_stream (self->stream), self->data,
                             sizeof self->data, G_PRIORITY_DEFAULT, NULL, service_on_read, self);
}

static void
serve (DpdkTcpConnection *connection, gboolean is_echo)
{
  Service *self = g_new (Service, 1);

  self->stream = G_IO_STREAM (g_object_ref (connection));
  self->is_echo = is_echo;
  service_read (self);
}

static guint16
get_port (GSocketAddress *address)
{
  return g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address));
}

static void
on_incoming (DpdkTcpListener *listener, DpdkTcpConnection *connection, gpointer user_data)
{
  Target *self = user_data;
  const char *mode = g_object_get_data (G_OBJECT (listener), "mode");
  g_autoptr (GSocketAddress) local = NULL;
  g_autoptr (GSocketAddress) remote = NULL;
  g_autofree char *id = g_strdup_printf ("a%u", ++self->n_accepted);

  local = dpdk_tcp_connection_get_local_address (connection, NULL);
  remote = dpdk_tcp_connection_get_remote_address (connection, NULL);
  if (local != NULL && remote != NULL)
    g_print ("accepted %s %u %u\n", id, get_port (local), get_port (remote));
  if (g_str_equal (mode, "held"))
    g_hash_table_insert (self->connections, g_steal_pointer (&id), g_object_ref (connection));
  else
    serve (connection, g_str_equal (mode, "echo"));
}

/* listen PORT held|echo|discard [OPTION=NUMBER...] */
static gboolean
command_listen (Target *self, char **words, GError **error)
{
  g_autoptr (GPtrArray) listeners = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (DpdkTcpOptions) options = dpdk_tcp_options_new ();
  guint64 port;

  if (!parse_number (words[1], G_MAXUINT16, &port, error) ||
      !parse_options (words + 3, G_OBJECT (options), error))
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (addresses); i++)
    {
      g_autoptr (GSocketAddress) address =
          g_inet_socket_address_new_from_string (addresses[i], (guint) port);
      DpdkTcpListener *listener = dpdk_tcp_listener_new (self->runtime, address, BACKLOG, error);

      if (listener == NULL)
        return FALSE;
      g_ptr_array_add (listeners, listener);
      if (!dpdk_tcp_listener_set_options (listener, options, error))
        return FALSE;
      g_object_set_data_full (G_OBJECT (listener), "mode", g_strdup (words[2]), g_free);
      g_signal_connect (listener, "incoming", G_CALLBACK (on_incoming), self);
    }
  g_hash_table_insert (self->listeners, g_strdup (words[1]), g_steal_pointer (&listeners));
  return TRUE;
}

static void
on_connected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Operation) operation = user_data;
  Target *self = operation->target;
  g_autoptr (GError) error = NULL;
  DpdkTcpConnection *connection =
      dpdk_tcp_socket_connect_finish (DPDK_TCP_SOCKET (source), result, &error);

  if (connection == NULL)
    {
      print_error (operation->id, "connect", error);
      return;
    }
  g_print ("connected %s\n", operation->id);
  g_hash_table_insert (self->connections, g_steal_pointer (&operation->id), connection);
}

/* connect ID HOST PORT LOCAL-PORT [OPTION=NUMBER...] */
static gboolean
command_connect (Target *self, char **words, GError **error)
{
  g_autoptr (DpdkTcpOptions) options = dpdk_tcp_options_new ();
  g_autoptr (GSocketAddress) address = NULL;
  g_autoptr (DpdkTcpSocket) socket = NULL;
  guint64 port, local_port;

  if (!parse_number (words[3], G_MAXUINT16, &port, error) ||
      !parse_number (words[4], G_MAXUINT16, &local_port, error) ||
      !parse_options (words + 5, G_OBJECT (options), error))
    return FALSE;
  address = g_inet_socket_address_new_from_string (words[2], (guint) port);
  socket = dpdk_tcp_socket_new (self->runtime, g_socket_address_get_family (address), error);
  if (socket == NULL || !dpdk_tcp_socket_set_options (socket, options, error))
    return FALSE;
  if (local_port != 0)
    {
      gboolean is_v6 = g_socket_address_get_family (address) == G_SOCKET_FAMILY_IPV6;
      g_autoptr (GSocketAddress) local =
          g_inet_socket_address_new_from_string (addresses[is_v6 ? 1 : 0], (guint) local_port);

      if (!dpdk_tcp_socket_bind (socket, local, error))
        return FALSE;
    }
  dpdk_tcp_socket_connect_async (socket, address, NULL, on_connected,
                                 operation_new (self, words[1], 0));
  return TRUE;
}

static void
on_written (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Operation) operation = user_data;
  g_autoptr (GError) error = NULL;

  if (g_output_stream_write_all_finish (G_OUTPUT_STREAM (source), result, NULL, &error))
    g_print ("written %s %" G_GSIZE_FORMAT "\n", operation->id, operation->size);
  else
    print_error (operation->id, "write", error);
}

/* write ID OFFSET SIZE */
static gboolean
command_write (Target *self, char **words, GError **error)
{
  DpdkTcpConnection *connection = find_connection (self, words[1], error);
  Operation *operation;
  guint64 offset, size;

  if (connection == NULL || !parse_number (words[2], G_MAXUINT32, &offset, error) ||
      !parse_number (words[3], G_MAXUINT32, &size, error))
    return FALSE;
  operation = operation_new (self, words[1], size);
  operation->held = g_object_ref (G_OBJECT (connection));
  fill (operation->data, offset, size);
  g_output_stream_write_all_async (g_io_stream_get_output_stream (G_IO_STREAM (connection)),
                                   operation->data, size, G_PRIORITY_DEFAULT, NULL, on_written,
                                   operation);
  return TRUE;
}

static void
on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Operation) operation = user_data;
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  gsize n_read;

  if (!g_input_stream_read_all_finish (G_INPUT_STREAM (source), result, &n_read, &error))
    {
      print_error (operation->id, "read", error);
      return;
    }
  for (gsize i = 0; i < n_read; i++)
    g_string_append_printf (text, "%02x", operation->data[i]);
  g_print ("data %s %s %s\n", operation->id, n_read < operation->size ? "end" : "more", text->str);
}

/* read ID SIZE: less only at the end */
static gboolean
command_read (Target *self, char **words, GError **error)
{
  DpdkTcpConnection *connection = find_connection (self, words[1], error);
  Operation *operation;
  guint64 size;

  if (connection == NULL || !parse_number (words[2], G_MAXUINT32, &size, error))
    return FALSE;
  operation = operation_new (self, words[1], size);
  operation->held = g_object_ref (G_OBJECT (connection));
  g_input_stream_read_all_async (g_io_stream_get_input_stream (G_IO_STREAM (connection)),
                                 operation->data, size, G_PRIORITY_DEFAULT, NULL, on_read,
                                 operation);
  return TRUE;
}

/* finish ID: sends the end, and goes on receiving */
static gboolean
command_finish (Target *self, char **words, GError **error)
{
  DpdkTcpConnection *connection = find_connection (self, words[1], error);

  return connection != NULL && dpdk_tcp_connection_shutdown (connection, FALSE, TRUE, error);
}

static void
on_closed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Operation) operation = user_data;
  g_autoptr (GError) error = NULL;

  if (g_io_stream_close_finish (G_IO_STREAM (source), result, &error))
    g_print ("closed %s\n", operation->id);
  else
    print_error (operation->id, "close", error);
}

/* close ID */
static gboolean
command_close (Target *self, char **words, GError **error)
{
  DpdkTcpConnection *connection = find_connection (self, words[1], error);

  if (connection == NULL)
    return FALSE;
  g_io_stream_close_async (G_IO_STREAM (connection), G_PRIORITY_DEFAULT, NULL, on_closed,
                           operation_new (self, words[1], 0));
  return TRUE;
}

/* abort ID */
static gboolean
command_abort (Target *self, char **words, GError **error)
{
  DpdkTcpConnection *connection = find_connection (self, words[1], error);

  if (connection == NULL)
    return FALSE;
  dpdk_tcp_connection_abort (connection);
  return TRUE;
}

/* nodelay ID 0|1 */
static gboolean
command_nodelay (Target *self, char **words, GError **error)
{
  DpdkTcpConnection *connection = find_connection (self, words[1], error);
  guint64 nodelay;

  if (connection == NULL || !parse_number (words[2], 1, &nodelay, error))
    return FALSE;
  dpdk_tcp_socket_set_nodelay (dpdk_tcp_connection_get_socket (connection), nodelay != 0);
  return TRUE;
}

/* info ID */
static gboolean
command_info (Target *self, char **words, GError **error)
{
  DpdkTcpConnection *connection = find_connection (self, words[1], error);
  DpdkTcpInfo info;

  if (connection == NULL ||
      !dpdk_tcp_socket_get_info (dpdk_tcp_connection_get_socket (connection), &info, error))
    return FALSE;
  g_print ("info %s mss=%u cwnd=%u ssthresh=%u send-window=%u send-scale=%u receive-scale=%u"
           " rtt=%u rto=%u sack=%d timestamps=%d ecn=%d\n",
           words[1], info.mss, info.congestion_window, info.slow_start_threshold, info.send_window,
           info.send_scale, info.receive_scale, info.smoothed_rtt, info.rto, info.sack,
           info.timestamps, info.ecn);
  return TRUE;
}

/* unlisten PORT */
static gboolean
command_unlisten (Target *self, char **words, GError **error)
{
  g_hash_table_remove (self->listeners, words[1]);
  return TRUE;
}

static gboolean
command_quit (Target *self, char **words, GError **error)
{
  g_main_loop_quit (self->loop);
  return TRUE;
}

static const struct {
  const char *name;
  guint n_words;
  CommandFunc func;
} commands[] = {
  { "abort", 2, command_abort },     { "close", 2, command_close },
  { "connect", 5, command_connect }, { "finish", 2, command_finish },
  { "info", 2, command_info },       { "listen", 3, command_listen },
  { "nodelay", 3, command_nodelay }, { "quit", 1, command_quit },
  { "read", 3, command_read },       { "unlisten", 2, command_unlisten },
  { "write", 4, command_write },
};

/* a line is a number, which is in the answer, and a command */
static void
run_command (Target *self, const char *line)
{
  g_auto (GStrv) words = g_strsplit (line, " ", -1);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    if (g_strv_length (words) > commands[i].n_words && g_str_equal (words[1], commands[i].name))
      {
        if (commands[i].func (self, words + 1, &error))
          g_print ("done %s\n", words[0]);
        else
          g_print ("failed %s %s\n", words[0], error->message);
        return;
      }
  g_print ("failed %s not a command: %s\n", words[0], line);
}

static void
on_line (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GDataInputStream *input = G_DATA_INPUT_STREAM (source);
  Target *self = user_data;
  g_autofree char *line = g_data_input_stream_read_line_finish (input, result, NULL, NULL);

  if (line == NULL)
    {
      g_main_loop_quit (self->loop);
      return;
    }
  run_command (self, line);
  g_data_input_stream_read_line_async (input, G_PRIORITY_DEFAULT, NULL, on_line, self);
}

static gboolean
run (Target *self, GError **error)
{
  g_autoptr (DpdkRuntimeBuilder) builder = dpdk_runtime_builder_new ();
  g_autoptr (DpdkConfig) config = dpdk_config_new_default ();
  g_autoptr (GInputStream) standard_input = g_unix_input_stream_new (STDIN_FILENO, FALSE);
  g_autoptr (GDataInputStream) input = g_data_input_stream_new (standard_input);
  gboolean success;

  dpdk_runtime_builder_set_config (builder, config);
  /* two cores, and other tests beside us */
  dpdk_runtime_builder_set_idle_policy (builder, DPDK_IDLE_POLICY_ADAPTIVE);
  self->runtime = dpdk_runtime_builder_build (builder, error);
  if (self->runtime == NULL)
    return FALSE;
  g_data_input_stream_read_line_async (input, G_PRIORITY_DEFAULT, NULL, on_line, self);
  g_print ("ready\n");
  g_main_loop_run (self->loop);

  g_hash_table_remove_all (self->listeners);
  g_hash_table_remove_all (self->connections);
  success = dpdk_runtime_shutdown (self->runtime, SHUTDOWN_MS, error);
  g_clear_object (&self->runtime);
  return success;
}

int
main (void)
{
  Target self = { 0 };
  g_autoptr (GError) error = NULL;
  gboolean success;

  self.loop = g_main_loop_new (NULL, FALSE);
  self.listeners =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_ptr_array_unref);
  self.connections = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_object_unref);
  success = run (&self, &error);
  if (!success)
    g_printerr ("conformance-target: %s\n", error->message);
  g_hash_table_unref (self.listeners);
  g_hash_table_unref (self.connections);
  g_main_loop_unref (self.loop);
  return success ? 0 : 1;
}
