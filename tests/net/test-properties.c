/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* addresses and state as properties, and where a change of them is told */
#include "net-end.h"
#include "net-kernel.h"
#include "net-udp.h"

#include <string.h>

static const NetFamily families[] = NET_FAMILIES;

/* what was told of an object, in order */
typedef struct {
  GString *names;
  GThread *thread;
  gulong id;
  gpointer object;
} Notes;

static void
on_notify (GObject *object, GParamSpec *pspec, gpointer user_data)
{
  Notes *self = user_data;

  g_assert_true (g_thread_self () == self->thread);
  g_string_append_printf (self->names, "%s%s", self->names->len > 0 ? " " : "", pspec->name);
}

static void
notes_begin (Notes *self, gpointer object)
{
  self->names = g_string_new (NULL);
  self->thread = g_thread_self ();
  self->object = object;
  self->id = g_signal_connect (object, "notify", G_CALLBACK (on_notify), self);
}

static void
notes_expect (Notes *self, const char *names)
{
  DPDK_TEST_WAIT_UNTIL (self->names->len >= strlen (names));
  /* and nothing comes after it */
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpstr (self->names->str, ==, names);
  g_string_truncate (self->names, 0);
}

static void
notes_end (Notes *self)
{
  g_signal_handler_disconnect (self->object, self->id);
  g_string_free (self->names, TRUE);
}

/* "HOST:PORT", or NULL */
static char *
get_name (gpointer object, const char *property)
{
  g_autoptr (GSocketAddress) address = NULL;

  g_object_get (object, property, &address, NULL);
  return address != NULL ? g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (address)) : NULL;
}

static void
assert_name (gpointer object, const char *property, const char *wanted)
{
  g_autofree char *name = get_name (object, property);

  g_assert_cmpstr (name, ==, wanted);
}

static gboolean
get_connected (gpointer object)
{
  gboolean connected;

  g_object_get (object, "connected", &connected, NULL);
  return connected;
}

/* of one that is neither bound nor connected, and says so */
static void
notes_begin_unbound (Notes *self, gpointer socket)
{
  notes_begin (self, socket);
  assert_name (socket, "local-address", NULL);
  assert_name (socket, "remote-address", NULL);
  g_assert_false (get_connected (socket));
}

/* the same of a connection and its socket, and what the kernel has */
static void
check_connected (NetEnd *end)
{
  g_autofree char *ours = net_kernel_get_name (end->fd, TRUE);
  g_autofree char *kernels = net_kernel_get_name (end->fd, FALSE);
  gpointer objects[] = { end->connection, end->socket };

  for (guint i = 0; i < G_N_ELEMENTS (objects); i++)
    {
      assert_name (objects[i], "local-address", ours);
      assert_name (objects[i], "remote-address", kernels);
      g_assert_true (get_connected (objects[i]));
    }
}

typedef enum {
  END_BY_CLOSE,
  END_BY_SOCKET,
  END_BY_ABORT,
  END_BY_RESET,
  END_BY_RUNTIME,
} EndKind;

/* told once of each, however the connection ends */
static void
check_end (NetEnd *end, EndKind kind)
{
  g_autoptr (DpdkTcpSocket) socket = g_object_ref (end->socket);
  Notes of_connection, of_socket;

  check_connected (end);
  notes_begin (&of_connection, end->connection);
  notes_begin (&of_socket, socket);
  net_end_exchange (end);
  notes_expect (&of_connection, "");
  switch (kind)
    {
    case END_BY_CLOSE:
      net_close (end->connection);
      net_kernel_assert_at_end (end->fd);
      net_kernel_close (end->fd);
      notes_expect (&of_connection, "connected");
      break;
    case END_BY_SOCKET:
      dpdk_socket_close (DPDK_SOCKET (socket));
      net_kernel_assert_at_end (end->fd);
      net_kernel_close (end->fd);
      notes_expect (&of_connection, "connected");
      break;
    case END_BY_ABORT:
      dpdk_tcp_connection_abort (end->connection);
      net_kernel_assert_reset (end->fd);
      net_kernel_close (end->fd);
      notes_expect (&of_connection, "connected");
      break;
    case END_BY_RESET:
      net_kernel_reset (end->fd);
      notes_expect (&of_connection, "connected");
      break;
    case END_BY_RUNTIME:
    default:
      {
        g_autoptr (GError) error = NULL;

        dpdk_runtime_shutdown (end->runtime, 20000, &error);
        g_assert_no_error (error);
        notes_expect (&of_connection, "connected");
        net_kernel_close (end->fd);
      }
    }
  notes_expect (&of_socket, "connected");
  g_assert_false (get_connected (end->connection));
  g_assert_false (get_connected (socket));
  notes_end (&of_connection);
  notes_end (&of_socket);
  net_release (end->connection);
}

static void
check_close (NetEnd *end)
{
  check_end (end, END_BY_CLOSE);
}

static void
check_socket_close (NetEnd *end)
{
  check_end (end, END_BY_SOCKET);
}

static void
check_abort (NetEnd *end)
{
  check_end (end, END_BY_ABORT);
}

static void
check_reset (NetEnd *end)
{
  check_end (end, END_BY_RESET);
}

static void
test_close (void)
{
  net_end_for_each (check_close);
}

static void
test_socket_close (void)
{
  net_end_for_each (check_socket_close);
}

static void
test_abort (void)
{
  net_end_for_each (check_abort);
}

static void
test_reset (void)
{
  net_end_for_each (check_reset);
}

static void
test_shutdown (void)
{
  DpdkRuntime *runtime = net_start ();
  NetEnd end = net_end_connect (runtime, &families[0], NULL);

  check_end (&end, END_BY_RUNTIME);
  net_release (runtime);
  dpdk_test_assert_eal_dead ();
}

static void
on_connected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  *(DpdkTcpConnection **) user_data =
      dpdk_tcp_socket_connect_finish (DPDK_TCP_SOCKET (source), result, &error);
  g_assert_no_error (error);
}

/* a socket from the beginning on */
static void
test_socket (void)
{
  DpdkRuntime *runtime = net_start ();

  for (guint i = 0; i < 2 * G_N_ELEMENTS (families); i++)
    {
      const NetFamily *family = &families[i / 2];
      guint16 port = 0;
      int listener = net_kernel_listen (family->kernels, 1, &port);
      g_autoptr (GSocketAddress) remote = net_address (family->kernels, port);
      g_autoptr (GSocketAddress) local = net_address (family->ours, (guint16) (7000 + i));
      g_autofree char *remote_name = g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (remote));
      g_autofree char *local_name = g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (local));
      g_autoptr (GError) error = NULL;
      DpdkTcpSocket *socket =
          dpdk_tcp_socket_new (runtime, g_socket_address_get_family (remote), &error);
      NetEnd end = { .runtime = runtime, .socket = socket };
      Notes notes;

      g_assert_no_error (error);
      notes_begin_unbound (&notes, socket);
      dpdk_tcp_socket_bind (socket, local, &error);
      g_assert_no_error (error);
      notes_expect (&notes, "local-address");
      assert_name (socket, "local-address", local_name);
      if (i % 2 == 0)
        end.connection = dpdk_tcp_socket_connect (socket, remote, NULL, &error);
      else
        dpdk_tcp_socket_connect_async (socket, remote, NULL, on_connected, &end.connection);
      g_assert_no_error (error);
      DPDK_TEST_WAIT_UNTIL (end.connection != NULL);
      notes_expect (&notes, "remote-address local-address connected");
      assert_name (socket, "remote-address", remote_name);
      end.fd = net_kernel_accept (listener);
      check_connected (&end);
      net_kernel_close (listener);
      notes_end (&notes);
      g_object_unref (socket);
      net_end_clear (&end);
    }
  net_stop (runtime);
}

typedef struct {
  DpdkRuntime *runtime;
  DpdkTcpSocket *socket;
  GSocketAddress *remote;
  gint is_connected;
} Native;

static void
on_native (DpdkTcpSocket *socket, const GError *error, gpointer user_data)
{
  Native *self = user_data;

  g_assert_no_error (error);
  g_assert_true (get_connected (socket));
  g_atomic_int_set (&self->is_connected, TRUE);
}

static void
connect_native (DpdkWorker *worker, gpointer user_data)
{
  Native *self = user_data;
  g_autoptr (GError) error = NULL;

  dpdk_tcp_socket_begin_connect (self->socket, self->remote, on_native, self, NULL, &error);
  g_assert_no_error (error);
}

static void
close_native (DpdkWorker *worker, gpointer user_data)
{
  dpdk_socket_close (DPDK_SOCKET (((Native *) user_data)->socket));
}

static void
run_on_worker (DpdkRuntime *runtime, DpdkWorkerFunc func, gpointer data)
{
  g_autoptr (DpdkWorker) worker = dpdk_runtime_dup_worker (runtime, 0);
  g_autoptr (GError) error = NULL;

  dpdk_worker_invoke (worker, func, data, NULL, &error);
  g_assert_no_error (error);
}

/* the worker does it, and who made the socket is told in its own context */
static void
test_native (void)
{
  DpdkRuntime *runtime = net_start ();
  guint16 port = 0;
  int listener = net_kernel_listen (NET_KERNEL_V4, 1, &port);
  g_autoptr (GSocketAddress) remote = net_address (NET_KERNEL_V4, port);
  g_autoptr (GError) error = NULL;
  Native native = { .runtime = runtime, .remote = remote };
  Notes notes;
  int fd;

  native.socket = dpdk_tcp_socket_new (runtime, G_SOCKET_FAMILY_IPV4, &error);
  g_assert_no_error (error);
  notes_begin (&notes, native.socket);
  run_on_worker (runtime, connect_native, &native);
  fd = net_kernel_accept (listener);
  DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&native.is_connected));
  notes_expect (&notes, "remote-address local-address connected");
  run_on_worker (runtime, close_native, &native);
  net_kernel_assert_at_end (fd);
  net_kernel_close (fd);
  net_kernel_close (listener);
  notes_expect (&notes, "connected");
  notes_end (&notes);
  net_release_later (native.socket);
  net_stop (runtime);
}

static void
test_listener (void)
{
  DpdkRuntime *runtime = net_start ();

  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    {
      DpdkTcpListener *listener = net_listen (runtime, families[i].ours, 7500);
      g_autofree char *name = g_strdup_printf (i == 0 ? "%s:7500" : "[%s]:7500", families[i].ours);

      assert_name (listener, "local-address", name);
      net_release (listener);
    }
  net_stop (runtime);
}

static void
test_udp (void)
{
  DpdkRuntime *runtime = net_start ();

  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    {
      g_autoptr (GSocketAddress) local = net_address (families[i].ours, 7600);
      g_autoptr (GSocketAddress) remote = net_address (families[i].kernels, 7601);
      g_autofree char *local_name = g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (local));
      g_autofree char *remote_name = g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (remote));
      g_autoptr (GError) error = NULL;
      DpdkUdpSocket *socket =
          dpdk_udp_socket_new (runtime, g_socket_address_get_family (local), &error);
      Notes notes;

      g_assert_no_error (error);
      notes_begin_unbound (&notes, socket);
      dpdk_udp_socket_bind (socket, local, &error);
      g_assert_no_error (error);
      notes_expect (&notes, "local-address");
      assert_name (socket, "local-address", local_name);
      for (guint j = 0; j < 2; j++)
        {
          dpdk_udp_socket_connect (socket, remote, &error);
          g_assert_no_error (error);
          notes_expect (&notes, "local-address remote-address connected");
          assert_name (socket, "remote-address", remote_name);
          g_assert_true (get_connected (socket));
          if (j == 0)
            {
              dpdk_udp_socket_disconnect (socket, &error);
              g_assert_no_error (error);
              notes_expect (&notes, "local-address remote-address connected");
              assert_name (socket, "remote-address", NULL);
              g_assert_false (get_connected (socket));
            }
        }
      /* to the same or another peer: it is connected as before */
      dpdk_udp_socket_connect (socket, remote, &error);
      g_assert_no_error (error);
      notes_expect (&notes, "local-address remote-address");
      dpdk_socket_close (DPDK_SOCKET (socket));
      notes_expect (&notes, "connected");
      g_assert_false (get_connected (socket));
      notes_end (&notes);
      net_release (socket);
    }
  net_stop (runtime);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/net/properties/close", DPDK_TEST_FLAGS_NETWORK, test_close);
  dpdk_test_add_func ("/net/properties/socket-close", DPDK_TEST_FLAGS_NETWORK, test_socket_close);
  dpdk_test_add_func ("/net/properties/abort", DPDK_TEST_FLAGS_NETWORK, test_abort);
  dpdk_test_add_func ("/net/properties/reset", DPDK_TEST_FLAGS_NETWORK, test_reset);
  dpdk_test_add_func ("/net/properties/shutdown", DPDK_TEST_FLAGS_NETWORK, test_shutdown);
  dpdk_test_add_func ("/net/properties/socket", DPDK_TEST_FLAGS_NETWORK, test_socket);
  dpdk_test_add_func ("/net/properties/native", DPDK_TEST_FLAGS_NETWORK, test_native);
  dpdk_test_add_func ("/net/properties/listener", DPDK_TEST_FLAGS_NETWORK, test_listener);
  dpdk_test_add_func ("/net/properties/udp", DPDK_TEST_FLAGS_NETWORK, test_udp);
  return g_test_run ();
}
