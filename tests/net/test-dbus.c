/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* GDBus over our connections, peer to peer: it reads and writes them from threads of its own */
#include "net-kernel.h"
#include "net-pair.h"

#include <string.h>

#define MEBIBYTE (1024 * 1024)
#define PATH "/org/dpdk_glib/Test"
#define INTERFACE "org.dpdk_glib.Test"
#define N_SIGNALS 100

static const char interface_xml[] =
    "<node><interface name='" INTERFACE "'>"
    "<method name='Echo'>"
    "<arg name='data' type='ay' direction='in'/>"
    "<arg name='data' type='ay' direction='out'/>"
    "</method>"
    "<method name='Fail'/>"
    "<method name='Silent'/>"
    "<method name='Emit'><arg name='n' type='u' direction='in'/></method>"
    "<signal name='Counted'>"
    "<arg name='n' type='u'/><arg name='data' type='ay'/>"
    "</signal>"
    "</interface></node>";

static GVariant *
new_pattern (guint64 offset, gsize size)
{
  guint8 *data = g_malloc (size + 1);

  for (gsize at = 0; at < size; at += NET_PATTERN_SIZE)
    memcpy (data + at, net_pattern (offset + at), MIN (size - at, NET_PATTERN_SIZE));
  return g_variant_new_from_data (G_VARIANT_TYPE_BYTESTRING, data, size, TRUE, g_free, data);
}

static void
assert_pattern (GVariant *array, guint64 offset, gsize size)
{
  gsize n;
  const guint8 *data = g_variant_get_fixed_array (array, &n, 1);

  g_assert_cmpuint (n, ==, size);
  for (gsize at = 0; at < size; at += NET_PATTERN_SIZE)
    g_assert_cmpmem (data + at, MIN (size - at, NET_PATTERN_SIZE), net_pattern (offset + at),
                     MIN (size - at, NET_PATTERN_SIZE));
}

/* the other mechanisms are for the sockets and the home folder of a user */
static gboolean
on_allow_mechanism (GDBusAuthObserver *observer, const char *mechanism, gpointer user_data)
{
  return g_str_equal (mechanism, "ANONYMOUS");
}

static GDBusConnection *
new_bus (GIOStream *stream, gboolean is_server)
{
  g_autoptr (GDBusAuthObserver) observer = g_dbus_auth_observer_new ();
  g_autofree char *guid = is_server ? g_dbus_generate_guid () : NULL;
  g_autoptr (GError) error = NULL;
  GDBusConnection *bus;

  g_signal_connect (observer, "allow-mechanism", G_CALLBACK (on_allow_mechanism), NULL);
  bus = g_dbus_connection_new_sync (stream, guid,
                                    is_server
                                        ? G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_SERVER |
                                              G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_ALLOW_ANONYMOUS
                                        : G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT,
                                    observer, NULL, &error);
  g_assert_no_error (error);
  return bus;
}

/* both serve the same object, and both call that of the other */
typedef struct {
  GIOStream *stream;
  gboolean is_server;
  gboolean closes;
  GDBusConnection *bus;
  guint n_signals;
  gboolean is_closed;
  GError *silent_error;
  gboolean silent_is_over;
} Side;

static void
emit_signals (GDBusConnection *bus, guint n)
{
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < n; i++)
    {
      g_dbus_connection_emit_signal (bus, NULL, PATH, INTERFACE, "Counted",
                                     g_variant_new ("(u@ay)", i, new_pattern (i, i * 100)), &error);
      g_assert_no_error (error);
    }
}

static void
on_call (GDBusConnection *bus, const char *sender, const char *path, const char *interface,
         const char *method, GVariant *parameters, GDBusMethodInvocation *invocation,
         gpointer user_data)
{
  if (g_str_equal (method, "Echo"))
    g_dbus_method_invocation_return_value (invocation, parameters);
  else if (g_str_equal (method, "Fail"))
    g_dbus_method_invocation_return_error_literal (invocation, G_DBUS_ERROR, G_DBUS_ERROR_FAILED,
                                                   "as it should");
  else if (g_str_equal (method, "Emit"))
    {
      guint n;

      g_variant_get (parameters, "(u)", &n);
      emit_signals (bus, n);
      g_dbus_method_invocation_return_value (invocation, NULL);
    }
  else
    /* it never answers */
    g_object_unref (invocation);
}

static void
on_counted (GDBusConnection *bus, const char *sender, const char *path, const char *interface,
            const char *name, GVariant *parameters, gpointer user_data)
{
  Side *self = user_data;
  g_autoptr (GVariant) array = g_variant_get_child_value (parameters, 1);
  guint n;

  g_variant_get_child (parameters, 0, "u", &n);
  g_assert_cmpuint (n, ==, self->n_signals);
  assert_pattern (array, n, n * 100);
  self->n_signals++;
}

static void
on_closed (GDBusConnection *bus, gboolean peer_vanished, GError *error, gpointer user_data)
{
  Side *self = user_data;

  g_assert_cmpint (peer_vanished, ==, !self->closes);
  self->is_closed = TRUE;
}

static void
on_echoed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  gsize *size = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  g_autoptr (GVariant) array = NULL;

  g_assert_no_error (error);
  array = g_variant_get_child_value (reply, 0);
  assert_pattern (array, *size, *size);
  *size = G_MAXSIZE;
}

static void
on_failed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  gboolean *is_over = user_data;
  g_autoptr (GError) error = NULL;

  g_assert_null (g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error));
  g_assert_error (error, G_DBUS_ERROR, G_DBUS_ERROR_FAILED);
  *is_over = TRUE;
}

static void
on_silent (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Side *self = user_data;

  g_assert_null (
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &self->silent_error));
  self->silent_is_over = TRUE;
}

static void
call (Side *self, const char *method, GVariant *parameters, GAsyncReadyCallback callback,
      gpointer user_data)
{
  g_dbus_connection_call (self->bus, NULL, PATH, INTERFACE, method, parameters, NULL,
                          G_DBUS_CALL_FLAGS_NONE, G_MAXINT, NULL, callback, user_data);
}

/* the calls of both sides are on their way at the same time */
static void
call_peer (Side *self)
{
  gsize sizes[] = { 0, 1, 1000, 65536, MEBIBYTE + 1, 2 * MEBIBYTE };
  gboolean has_failed = FALSE;

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    call (self, "Echo", g_variant_new ("(@ay)", new_pattern (sizes[i], sizes[i])), on_echoed,
          &sizes[i]);
  call (self, "Fail", NULL, on_failed, &has_failed);
  call (self, "Emit", g_variant_new ("(u)", N_SIGNALS), NULL, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    DPDK_TEST_WAIT_UNTIL (sizes[i] == G_MAXSIZE);
  DPDK_TEST_WAIT_UNTIL (has_failed);
  DPDK_TEST_WAIT_UNTIL (self->n_signals == N_SIGNALS);
}

/* what it has done is over when the peer has done the same, and only then one of them closes */
static void
end_side (Side *self)
{
  call (self, "Silent", NULL, on_silent, self);
  if (self->closes)
    {
      g_autoptr (GError) error = NULL;

      /* GDBus takes a write that closing has cancelled for a peer that is gone */
      g_dbus_connection_flush_sync (self->bus, NULL, &error);
      g_assert_no_error (error);
      g_dbus_connection_close_sync (self->bus, NULL, &error);
      g_assert_no_error (error);
    }
  DPDK_TEST_WAIT_UNTIL (self->is_closed);
  DPDK_TEST_WAIT_UNTIL (self->silent_is_over);
  g_assert_error (self->silent_error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_clear_error (&self->silent_error);
}

static gint n_done;

static gpointer
side_thread (gpointer data)
{
  static const GDBusInterfaceVTable vtable = { .method_call = on_call };
  Side *self = data;
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GDBusNodeInfo) node = NULL;
  g_autoptr (GError) error = NULL;
  guint object, subscription;

  g_main_context_push_thread_default (context);
  node = g_dbus_node_info_new_for_xml (interface_xml, &error);
  g_assert_no_error (error);
  self->bus = new_bus (self->stream, self->is_server);
  g_dbus_connection_set_exit_on_close (self->bus, FALSE);
  g_signal_connect (self->bus, "closed", G_CALLBACK (on_closed), self);
  object = g_dbus_connection_register_object (self->bus, PATH, node->interfaces[0], &vtable, self,
                                              NULL, &error);
  g_assert_no_error (error);
  subscription =
      g_dbus_connection_signal_subscribe (self->bus, NULL, INTERFACE, "Counted", PATH, NULL,
                                          G_DBUS_SIGNAL_FLAGS_NONE, on_counted, self, NULL);
  g_atomic_int_inc (&n_done);
  DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&n_done) >= 2);

  call_peer (self);
  g_atomic_int_inc (&n_done);
  DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&n_done) >= 4);
  end_side (self);

  g_dbus_connection_signal_unsubscribe (self->bus, subscription);
  g_assert_true (g_dbus_connection_unregister_object (self->bus, object));
  while (g_main_context_iteration (context, FALSE))
    ;
  net_release_later (self->bus);
  g_main_context_pop_thread_default (context);
  return NULL;
}

/* NULL if it is the kernel's */
static DpdkTcpSocket *
dup_socket (GIOStream *stream)
{
  if (!DPDK_IS_TCP_CONNECTION (stream))
    return NULL;
  return g_object_ref (dpdk_tcp_connection_get_socket (DPDK_TCP_CONNECTION (stream)));
}

/* GDBus's thread may be the last to have the stream, and still be dropping what that held when it is
   gone for us */
static void
release (GIOStream *stream, DpdkTcpSocket *socket)
{
  net_release_later (stream);
  if (socket == NULL)
    return;
  DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&G_OBJECT (socket)->ref_count) == 1);
  net_release (socket);
}

/* takes over the streams */
static void
run (GIOStream *client, GIOStream *server, gboolean server_closes)
{
  Side sides[2] = { { .stream = client, .closes = !server_closes },
                    { .stream = server, .is_server = TRUE, .closes = server_closes } };
  DpdkTcpSocket *sockets[] = { dup_socket (client), dup_socket (server) };
  GThread *threads[2];

  g_atomic_int_set (&n_done, 0);
  for (guint i = 0; i < G_N_ELEMENTS (sides); i++)
    threads[i] = g_thread_new ("dbus-side", side_thread, &sides[i]);
  for (guint i = 0; i < G_N_ELEMENTS (sides); i++)
    g_thread_join (threads[i]);
  release (client, sockets[0]);
  release (server, sockets[1]);
}

static void
test_pair (void)
{
  DpdkTcpListener *listener;
  NetPair pair;

  /* of the main context of GDBus's thread, which never ends */
  dpdk_test_ignore_fds (1);
  net_pair_start (&pair, 0, 0);
  listener = net_listen (pair.runtimes[1], net_pair_get_host (1), 0);
  for (guint i = 0; i < 2; i++)
    {
      DpdkTcpConnection *client, *server;

      net_pair_connect (&pair, listener, &client, &server, 1);
      run (G_IO_STREAM (client), G_IO_STREAM (server), i == 1);
    }
  net_release (listener);
  net_pair_end (&pair);
}

static void
test_kernel (void)
{
  static const NetFamily families[] = NET_FAMILIES;
  DpdkRuntime *runtime = net_start ();

  dpdk_test_ignore_fds (1);
  for (guint i = 0; i < 2 * G_N_ELEMENTS (families); i++)
    {
      DpdkTcpListener *listener = net_listen (runtime, families[i / 2].ours, 0);
      int fd = net_kernel_connect (families[i / 2].ours, net_listener_get_port (listener));
      GIOStream *ours = G_IO_STREAM (net_accept (listener));
      GIOStream *kernels = net_kernel_stream_new (fd);

      if (i % 2 == 0)
        run (kernels, ours, i / 2 == 0);
      else
        run (ours, kernels, i / 2 == 0);
      net_release (listener);
    }
  net_stop (runtime);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/net/dbus/pair", DPDK_TEST_FLAGS_NONE, test_pair);
  dpdk_test_add_func ("/net/dbus/kernel", DPDK_TEST_FLAGS_NETWORK, test_kernel);
  return g_test_run ();
}
