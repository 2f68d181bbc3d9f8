/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* addresses, errors, waiting and closing of UDP sockets */
#include "net-hold.h"
#include "net-kernel.h"
#include "net-udp.h"

#include <errno.h>
#include <string.h>

static const NetFamily families[] = NET_FAMILIES;

static DpdkUdpSocket *
new_socket (DpdkRuntime *runtime, GSocketFamily family)
{
  g_autoptr (GError) error = NULL;
  DpdkUdpSocket *socket = dpdk_udp_socket_new (runtime, family, &error);

  g_assert_no_error (error);
  return socket;
}

static void
assert_cannot_bind (DpdkUdpSocket *socket, const char *host, guint16 port, GIOErrorEnum code)
{
  g_autoptr (GSocketAddress) address = net_address (host, port);
  g_autoptr (GError) error = NULL;

  g_assert_false (dpdk_udp_socket_bind (socket, address, &error));
  g_assert_error (error, G_IO_ERROR, (gint) code);
  g_assert_nonnull (strstr (error->message, host));
}

static void
test_bind (void)
{
  DpdkRuntime *runtime = net_start ();
  DpdkUdpSocket *first = net_udp_new (runtime, NET_OUR_V4, 7000);
  DpdkUdpSocket *socket = new_socket (runtime, G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) address = net_address (NET_OUR_V4, 7000);
  g_autoptr (GError) error = NULL;

  g_assert_null (dpdk_socket_get_local_address (DPDK_SOCKET (socket), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED);
  g_clear_error (&error);
  assert_cannot_bind (first, NET_OUR_V4, 7001, G_IO_ERROR_EXISTS);
  assert_cannot_bind (socket, NET_OUR_V4, 7000, G_IO_ERROR_ADDRESS_IN_USE);
  assert_cannot_bind (socket, "0.0.0.0", 7000, G_IO_ERROR_ADDRESS_IN_USE);
  assert_cannot_bind (socket, NET_KERNEL_V4, 7000, G_IO_ERROR_INVALID_ARGUMENT);
  assert_cannot_bind (socket, NET_OUR_V6, 7000, G_IO_ERROR_INVALID_ARGUMENT);
  /* closed, its port is free at once */
  dpdk_socket_close (DPDK_SOCKET (first));
  dpdk_udp_socket_bind (socket, address, &error);
  g_assert_no_error (error);
  net_release (first);
  net_release (socket);
  /* and unreferenced before the next is bound */
  net_release (net_udp_new (runtime, NET_OUR_V4, 7000));

  socket = new_socket (runtime, G_SOCKET_FAMILY_IPV6);
  assert_cannot_bind (socket, "fe80::1234", 1, G_IO_ERROR_INVALID_ARGUMENT);
  net_release (socket);
  g_assert_null (dpdk_udp_socket_new (runtime, G_SOCKET_FAMILY_UNIX, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  net_stop (runtime);
}

static void
test_properties (void)
{
  DpdkRuntime *runtime = net_start ();
  DpdkUdpSocket *socket = new_socket (runtime, G_SOCKET_FAMILY_IPV6);
  g_autoptr (DpdkPort) port = dpdk_runtime_dup_port (runtime, 0);
  g_autoptr (DpdkPort) got = NULL;
  g_autoptr (GError) error = NULL;
  gboolean flags[4];
  guint numbers[5];

  g_object_set (socket, "ipv6-only", TRUE, "reuse-address", TRUE, "broadcast", TRUE,
                "multicast-loopback", FALSE, "ttl", 7u, "multicast-ttl", 8u, "traffic-class", 9u,
                "receive-buffer-size", 10u, "send-buffer-size", 11u, NULL);
  dpdk_udp_socket_set_multicast_port (socket, port, &error);
  g_assert_no_error (error);
  g_object_get (socket, "ipv6-only", &flags[0], "reuse-address", &flags[1], "broadcast", &flags[2],
                "multicast-loopback", &flags[3], "ttl", &numbers[0], "multicast-ttl", &numbers[1],
                "traffic-class", &numbers[2], "receive-buffer-size", &numbers[3],
                "send-buffer-size", &numbers[4], "multicast-port", &got, NULL);
  g_assert_true (flags[0] && flags[1] && flags[2] && !flags[3]);
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    g_assert_cmpuint (numbers[i], ==, 7 + i);
  g_assert_true (got == port);
  g_assert_cmpint (dpdk_udp_socket_get_family (socket), ==, G_SOCKET_FAMILY_IPV6);
  net_release (socket);
  g_clear_object (&got);
  g_clear_object (&port);
  net_stop (runtime);
}

static void
assert_nothing (DpdkUdpSocket *socket)
{
  g_autoptr (GError) error = NULL;
  char byte;

  g_assert_cmpint (net_udp_try_receive (socket, &byte, 1, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
}

/* a connected socket has one peer, and has others again when it is disconnected */
static void
test_connect (void)
{
  DpdkRuntime *runtime = net_start ();

  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    {
      int peer = net_kernel_udp_open (families[i].kernels, 0);
      int stranger = net_kernel_udp_open (families[i].kernels, 0);
      guint16 peer_port = net_kernel_get_port (peer), port;
      DpdkUdpSocket *socket = net_udp_new_connected (runtime, families[i].kernels, peer_port);
      g_autoptr (GSocketAddress) remote = NULL;
      g_autoptr (GSocketAddress) local = NULL;
      g_autoptr (GError) error = NULL;
      char text[8] = "";

      port = net_udp_get_port (socket);
      remote = dpdk_udp_socket_get_remote_address (socket, &error);
      g_assert_no_error (error);
      net_udp_assert_from (remote, families[i].kernels, peer_port);
      local = dpdk_socket_get_local_address (DPDK_SOCKET (socket), &error);
      net_udp_assert_from (local, families[i].ours, port);
      net_kernel_udp_send (stranger, families[i].ours, port, "no", 2);
      net_kernel_udp_send (peer, families[i].ours, port, "yes", 3);
      g_assert_cmpuint (net_udp_receive (socket, text, sizeof text, NULL), ==, 3);
      g_assert_cmpstr (text, ==, "yes");
      assert_nothing (socket);
      /* another peer */
      g_clear_object (&remote);
      remote = net_address (families[i].kernels, net_kernel_get_port (stranger));
      dpdk_udp_socket_connect (socket, remote, &error);
      g_assert_no_error (error);
      net_udp_send (socket, NULL, 0, "hi", 2);
      g_assert_cmpuint (net_kernel_udp_receive (stranger, text, sizeof text, NULL), ==, 2);
      dpdk_udp_socket_disconnect (socket, &error);
      g_assert_no_error (error);
      g_assert_false (dpdk_udp_socket_is_connected (socket));
      g_assert_null (dpdk_udp_socket_get_remote_address (socket, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED);
      g_clear_error (&error);
      g_assert_cmpint (net_udp_try_send (socket, NULL, "x", 1, &error), ==, -1);
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED);
      g_assert_cmpuint (net_udp_get_port (socket), ==, port);
      net_kernel_udp_send (stranger, families[i].ours, port, "a", 1);
      net_udp_receive (socket, text, 1, NULL);
      net_kernel_udp_send (peer, families[i].ours, port, "b", 1);
      net_udp_receive (socket, text, 1, NULL);
      g_assert_cmpint (text[0], ==, 'b');
      net_kernel_close (peer);
      net_kernel_close (stranger);
      net_release (socket);
    }
  net_stop (runtime);
}

static void
assert_unreachable (DpdkRuntime *runtime, const char *host, guint16 port, GIOErrorEnum code)
{
  g_autoptr (GSocketAddress) address = net_address (host, port);
  DpdkUdpSocket *socket = new_socket (runtime, g_socket_address_get_family (address));
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (net_udp_try_send (socket, address, "x", 1, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, (gint) code);
  g_assert_nonnull (strstr (error->message, host));
  g_clear_error (&error);
  g_assert_false (dpdk_udp_socket_connect (socket, address, &error));
  g_assert_error (error, G_IO_ERROR, (gint) code);
  net_release (socket);
}

static void
test_unreachable (void)
{
  DpdkRuntime *runtime =
      net_start_with ("{\"dpdk_cores\": [0], \"devices\": [{\"vdev\": \"net_tap0,iface=dpdk0\","
                      " \"addresses\": [\"198.18.0.2/24\", \"fde7:f17d:24::2/64\"]}]}");

  assert_unreachable (runtime, "192.0.2.1", 7, G_IO_ERROR_NETWORK_UNREACHABLE);
  assert_unreachable (runtime, "2001:db8::1", 7, G_IO_ERROR_NETWORK_UNREACHABLE);
  assert_unreachable (runtime, "198.18.0.255", 7, G_IO_ERROR_PERMISSION_DENIED);
  assert_unreachable (runtime, "255.255.255.255", 7, G_IO_ERROR_PERMISSION_DENIED);
  assert_unreachable (runtime, NET_KERNEL_V4, 0, G_IO_ERROR_INVALID_ARGUMENT);
  assert_unreachable (runtime, "::", 7, G_IO_ERROR_INVALID_ARGUMENT);
  net_stop (runtime);
}

/* nobody is there: the next operation of a connected socket says so, once */
static void
test_refused (void)
{
  DpdkRuntime *runtime = net_start ();

  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    {
      DpdkUdpSocket *connected = net_udp_new_connected (runtime, families[i].kernels, 9);
      DpdkUdpSocket *open = net_udp_new (runtime, families[i].ours, 0);
      GDatagramBased *based = G_DATAGRAM_BASED (connected);
      g_autoptr (GError) error = NULL;
      int fd = net_kernel_udp_open (families[i].kernels, 0);
      g_autoptr (GSocketAddress) there =
          net_address (families[i].kernels, net_kernel_get_port (fd));
      char byte;

      for (guint round = 0; round < 3; round++)
        {
          net_udp_send (connected, NULL, 0, net_pattern (0), round == 2 ? 5000 : 10);
          g_assert_true (g_datagram_based_condition_wait (based, G_IO_IN, net_udp_get_patience (),
                                                          NULL, &error));
          g_assert_cmpint (g_datagram_based_condition_check (based, 0), ==, G_IO_ERR);
          if (round == 0)
            g_assert_cmpint (net_udp_try_receive (connected, &byte, 1, &error), ==, -1);
          else if (round == 1)
            g_assert_cmpint (net_udp_try_send (connected, NULL, "x", 1, &error), ==, -1);
          else
            g_assert_false (dpdk_udp_socket_take_error (connected, &error));
          g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED);
          g_assert_nonnull (strstr (error->message, families[i].kernels));
          g_clear_error (&error);
          g_assert_true (dpdk_udp_socket_take_error (connected, &error));
          assert_nothing (connected);
        }
      net_udp_send (open, families[i].kernels, 9, "x", 1);
      net_udp_send (open, families[i].kernels, net_kernel_get_port (fd), "x", 1);
      net_kernel_udp_receive (fd, &byte, 1, NULL);
      /* after the ICMP error, which came first */
      net_kernel_udp_send (fd, families[i].ours, net_udp_get_port (open), "x", 1);
      g_assert_cmpuint (net_udp_receive (open, &byte, 1, NULL), ==, 1);
      g_assert_true (dpdk_udp_socket_take_error (open, &error));
      /* and the kernel learns it from us */
      net_kernel_udp_connect (fd, families[i].ours, 9);
      net_kernel_udp_send (fd, NULL, 0, "x", 1);
      {
        gssize n;

        DPDK_TEST_WAIT_UNTIL (!net_kernel_udp_try_receive (fd, &byte, 1, &n) &&
                              errno == ECONNREFUSED);
      }
      net_kernel_close (fd);
      net_release (connected);
      net_release (open);
    }
  net_stop (runtime);
}

typedef struct {
  DpdkUdpSocket *socket;
  GCancellable *cancellable;
  GIOErrorEnum expected;
  gboolean is_waiting;
  gint n_started;
} Blocked;

static gpointer
blocked_thread (gpointer data)
{
  Blocked *self = data;
  GInputVector vector = { NULL, 0 };
  GInputMessage message = { .vectors = &vector, .num_vectors = 1 };
  g_autoptr (GError) error = NULL;

  g_atomic_int_inc (&self->n_started);
  if (self->is_waiting)
    g_assert_false (g_datagram_based_condition_wait (G_DATAGRAM_BASED (self->socket), G_IO_IN, -1,
                                                     self->cancellable, &error));
  else
    g_assert_cmpint (g_datagram_based_receive_messages (G_DATAGRAM_BASED (self->socket), &message,
                                                        1, 0, -1, self->cancellable, &error),
                     ==, -1);
  g_assert_error (error, G_IO_ERROR, (gint) self->expected);
  return NULL;
}

typedef void (*EndFunc) (DpdkRuntime *runtime, Blocked *blocked);

static void
run_blocked (EndFunc end, GIOErrorEnum expected)
{
  DpdkRuntime *runtime = net_start ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  DpdkUdpSocket *bound = net_udp_new (runtime, NET_OUR_V4, 0);
  DpdkUdpSocket *fresh = new_socket (runtime, G_SOCKET_FAMILY_IPV6);
  Blocked blocked[4];
  GThread *threads[4];

  for (guint i = 0; i < 4; i++)
    {
      blocked[i] = (Blocked){ .socket = i < 2 ? bound : fresh,
                              .cancellable = cancellable,
                              .expected = expected,
                              .is_waiting = i % 2 == 0 };
      threads[i] = g_thread_new ("blocked", blocked_thread, &blocked[i]);
    }
  for (guint i = 0; i < 4; i++)
    DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&blocked[i].n_started) > 0);
  end (runtime, &blocked[0]);
  end (runtime, &blocked[2]);
  for (guint i = 0; i < 4; i++)
    g_thread_join (threads[i]);
  net_release (bound);
  net_release (fresh);
  net_stop (runtime);
}

static void
end_by_cancelling (DpdkRuntime *runtime, Blocked *blocked)
{
  g_cancellable_cancel (blocked->cancellable);
}

static void
end_by_closing (DpdkRuntime *runtime, Blocked *blocked)
{
  dpdk_socket_close (DPDK_SOCKET (blocked->socket));
  g_assert_true (dpdk_socket_is_closed (DPDK_SOCKET (blocked->socket)));
}

static void
end_by_shutdown (DpdkRuntime *runtime, Blocked *blocked)
{
  g_autoptr (GError) error = NULL;

  dpdk_runtime_shutdown (runtime, 10000, &error);
  g_assert_no_error (error);
}

static void
test_cancel (void)
{
  run_blocked (end_by_cancelling, G_IO_ERROR_CANCELLED);
}

static void
test_close (void)
{
  run_blocked (end_by_closing, G_IO_ERROR_CLOSED);
}

static void
test_shutdown (void)
{
  run_blocked (end_by_shutdown, G_IO_ERROR_CLOSED);
}

/* a closed socket is an object like any other */
static void
test_closed (void)
{
  DpdkRuntime *runtime = net_start ();
  DpdkUdpSocket *socket = net_udp_new (runtime, NET_OUR_V4, 7000);
  g_autoptr (GSocketAddress) address = net_address (NET_KERNEL_V4, 9);
  g_autoptr (GInetAddress) group = g_inet_address_new_from_string ("239.1.2.3");
  g_autoptr (GError) error = NULL;
  int fd = net_kernel_udp_open (NET_KERNEL_V4, 0);
  gssize n;
  char byte;

  /* unread, and sent: the one is lost, the other is not */
  net_kernel_udp_send (fd, NET_OUR_V4, 7000, "x", 1);
  DPDK_TEST_WAIT_UNTIL (net_udp_get_statistics (socket).received == 1);
  net_udp_send (socket, NET_KERNEL_V4, net_kernel_get_port (fd), "y", 1);
  dpdk_socket_close (DPDK_SOCKET (socket));
  dpdk_socket_close (DPDK_SOCKET (socket));
  DPDK_TEST_WAIT_UNTIL (net_kernel_udp_try_receive (fd, &byte, 1, &n));
  g_assert_cmpint (byte, ==, 'y');
  g_assert_cmpint (g_datagram_based_condition_check (G_DATAGRAM_BASED (socket), G_IO_IN | G_IO_OUT),
                   ==, G_IO_HUP);
  g_assert_cmpint (net_udp_try_receive (socket, &byte, 1, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_clear_error (&error);
  g_assert_cmpint (net_udp_try_send (socket, address, "x", 1, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_clear_error (&error);
  g_assert_false (dpdk_udp_socket_bind (socket, address, &error));
  g_clear_error (&error);
  g_assert_false (dpdk_udp_socket_connect (socket, address, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_clear_error (&error);
  g_assert_false (dpdk_udp_socket_join_group (socket, group, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_assert_cmpuint (net_udp_get_statistics (socket).received, ==, 1);
  net_kernel_close (fd);
  net_release (socket);

  /* one that has never had an address still sends what it took */
  fd = net_kernel_udp_open (NET_KERNEL_V4, 0);
  socket = new_socket (runtime, G_SOCKET_FAMILY_IPV4);
  net_udp_send (socket, NET_KERNEL_V4, net_kernel_get_port (fd), "z", 1);
  net_release (socket);
  g_assert_cmpuint (net_kernel_udp_receive (fd, &byte, 1, NULL), ==, 1);
  g_assert_cmpint (byte, ==, 'z');
  net_kernel_close (fd);
  net_stop (runtime);
}

typedef struct {
  GThread *thread;
  GMainContext *context;
  guint n;
  GIOCondition condition;
  gboolean is_cancelled;
  GCancellable *cancellable;
} Watch;

static gboolean
on_ready (GDatagramBased *based, GIOCondition condition, gpointer user_data)
{
  Watch *self = user_data;
  g_autoptr (GError) error = NULL;
  char buffer[100];

  g_assert_true (g_thread_self () == self->thread);
  self->condition = condition;
  self->is_cancelled = g_cancellable_is_cancelled (self->cancellable);
  if (self->is_cancelled || (condition & G_IO_HUP) != 0)
    return G_SOURCE_REMOVE;
  while (net_udp_try_receive (DPDK_UDP_SOCKET (based), buffer, sizeof buffer, &error) >= 0)
    self->n++;
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  return G_SOURCE_CONTINUE;
}

/* sources, in the context of whatever thread */
static gpointer
watch_thread (gpointer data)
{
  DpdkRuntime *runtime = data;
  g_autoptr (GMainContext) context = g_main_context_new ();
  int fd = net_kernel_udp_open (NET_KERNEL_V4, 0);

  g_main_context_push_thread_default (context);
  for (guint round = 0; round < 2; round++)
    {
      DpdkUdpSocket *socket = net_udp_new (runtime, NET_OUR_V4, 0);
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      Watch watch = { .thread = g_thread_self (), .cancellable = cancellable };
      GSource *source =
          g_datagram_based_create_source (G_DATAGRAM_BASED (socket), G_IO_IN, cancellable);

      g_source_set_callback (source, G_SOURCE_FUNC (on_ready), &watch, NULL);
      g_source_attach (source, context);
      for (guint i = 0; i < 100; i++)
        {
          net_kernel_udp_send (fd, NET_OUR_V4, net_udp_get_port (socket), "x", 1);
          if (i % 10 == 0)
            DPDK_TEST_WAIT_UNTIL (watch.n == i + 1);
        }
      DPDK_TEST_WAIT_UNTIL (watch.n == 100);
      g_assert_cmpint (watch.condition, ==, G_IO_IN);
      if (round == 0)
        g_cancellable_cancel (cancellable);
      else
        dpdk_socket_close (DPDK_SOCKET (socket));
      DPDK_TEST_WAIT_UNTIL (g_source_is_destroyed (source));
      g_assert_true (round == 0 ? watch.is_cancelled : watch.condition == G_IO_HUP);
      g_source_unref (source);
      net_release (socket);
    }
  g_main_context_pop_thread_default (context);
  net_kernel_close (fd);
  return NULL;
}

static void
test_sources (void)
{
  DpdkRuntime *runtime = net_start ();

  watch_thread (runtime);
  g_thread_join (g_thread_new ("watch", watch_thread, runtime));
  net_stop (runtime);
}

/* what has no room is dropped and counted, and nothing else is */
static void
test_receive_buffer (void)
{
  DpdkRuntime *runtime = net_start ();
  DpdkUdpSocket *socket = net_udp_new (runtime, NET_OUR_V4, 7000);
  int fd = net_kernel_udp_open (NET_KERNEL_V4, 0);
  g_autofree guint8 *buffer = g_malloc (NET_UDP_MAX);
  g_autoptr (GError) error = NULL;
  guint n = 0;
  gssize size;

  /* 128 bytes each */
  dpdk_udp_socket_set_receive_buffer_size (socket, 50 * 1128);
  for (guint i = 0; i < 80; i++)
    {
      net_kernel_udp_send (fd, NET_OUR_V4, 7000, net_pattern (i), 1000);
      DPDK_TEST_WAIT_UNTIL (net_udp_get_statistics (socket).received +
                                net_udp_get_statistics (socket).receive_dropped ==
                            i + 1);
    }
  g_assert_cmpuint (net_udp_get_statistics (socket).received, ==, 50);
  g_assert_cmpuint (net_udp_get_statistics (socket).receive_dropped, ==, 30);
  while ((size = net_udp_try_receive (socket, buffer, NET_UDP_MAX, &error)) >= 0)
    g_assert_cmpmem (buffer, size, net_pattern (n++), 1000);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_assert_cmpuint (n, ==, 50);
  net_kernel_udp_send (fd, NET_OUR_V4, 7000, net_pattern (0), 1000);
  net_udp_receive (socket, buffer, NET_UDP_MAX, NULL);
  net_kernel_close (fd);
  net_release (socket);
  net_stop (runtime);
}

/* the worker is held up: sending fills the buffer, then would block, then goes on */
static void
test_send_buffer (void)
{
  DpdkRuntime *runtime = net_start ();
  DpdkUdpSocket *socket = net_udp_new (runtime, NET_OUR_V4, 7000);
  int fd = net_kernel_udp_open (NET_KERNEL_V4, 0);
  g_autoptr (GSocketAddress) address = net_address (NET_KERNEL_V4, net_kernel_get_port (fd));
  g_autoptr (GError) error = NULL;
  guint8 buffer[2000];
  NetHold *hold;

  dpdk_udp_socket_set_send_buffer_size (socket, 10 * 1128);
  net_udp_send (socket, NET_KERNEL_V4, net_kernel_get_port (fd), net_pattern (0), 1000);
  net_kernel_udp_receive (fd, buffer, sizeof buffer, NULL);
  hold = net_hold_begin (runtime, 0);
  for (guint i = 0; i < 10; i++)
    {
      g_assert_cmpint (net_udp_try_send (socket, address, net_pattern (i), 1000, &error), ==, 1);
      g_assert_no_error (error);
    }
  g_assert_cmpint (net_udp_try_send (socket, address, "x", 1, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_clear_error (&error);
  g_assert_cmpint (g_datagram_based_condition_check (G_DATAGRAM_BASED (socket), G_IO_OUT), ==, 0);
  g_assert_false (
      g_datagram_based_condition_wait (G_DATAGRAM_BASED (socket), G_IO_OUT, 1000, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_clear_error (&error);
  net_hold_end (hold);
  g_assert_true (g_datagram_based_condition_wait (G_DATAGRAM_BASED (socket), G_IO_OUT, G_MAXINT64,
                                                  NULL, &error));
  for (guint i = 0; i < 10; i++)
    {
      gsize n = net_kernel_udp_receive (fd, buffer, sizeof buffer, NULL);

      g_assert_cmpmem (buffer, n, net_pattern (i), 1000);
    }
  net_kernel_close (fd);
  net_release (socket);
  net_stop (runtime);
}

/* no datagram walks a list of all sockets */
static void
test_many (void)
{
  const guint n = 10000, n_rounds = dpdk_test_scale (2000);
  DpdkRuntime *runtime = net_start ();
  g_autoptr (GPtrArray) sockets = g_ptr_array_new_with_free_func (net_release);
  int fd = net_kernel_udp_open (NET_KERNEL_V4, 0);
  g_autoptr (GTimer) timer = g_timer_new ();
  GRand *random = dpdk_test_random_new ();
  double seconds;
  char byte;

  for (guint i = 0; i < n; i++)
    g_ptr_array_add (sockets, net_udp_new (runtime, NET_OUR_V4, (guint16) (10000 + i)));
  seconds = g_timer_elapsed (timer, NULL);
  g_test_message ("%u sockets bound in %.3f s", n, seconds);
  g_timer_start (timer);
  for (guint i = 0; i < n_rounds; i++)
    {
      guint which = (guint) g_rand_int_range (random, 0, (gint32) n);

      net_kernel_udp_send (fd, NET_OUR_V4, (guint16) (10000 + which), "x", 1);
      net_udp_receive (sockets->pdata[which], &byte, 1, NULL);
    }
  seconds = g_timer_elapsed (timer, NULL);
  g_test_message ("%u datagrams to them, one by one, in %.3f s", n_rounds, seconds);
  g_timer_start (timer);
  g_ptr_array_set_size (sockets, 0);
  g_test_message ("all closed in %.3f s", g_timer_elapsed (timer, NULL));
  g_rand_free (random);
  net_kernel_close (fd);
  net_stop (runtime);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/net/udp-socket/bind", DPDK_TEST_FLAGS_NETWORK, test_bind);
  dpdk_test_add_func ("/net/udp-socket/properties", DPDK_TEST_FLAGS_NETWORK, test_properties);
  dpdk_test_add_func ("/net/udp-socket/connect", DPDK_TEST_FLAGS_NETWORK, test_connect);
  dpdk_test_add_func ("/net/udp-socket/unreachable", DPDK_TEST_FLAGS_NETWORK, test_unreachable);
  dpdk_test_add_func ("/net/udp-socket/refused", DPDK_TEST_FLAGS_NETWORK, test_refused);
  dpdk_test_add_func ("/net/udp-socket/cancel", DPDK_TEST_FLAGS_NETWORK, test_cancel);
  dpdk_test_add_func ("/net/udp-socket/close", DPDK_TEST_FLAGS_NETWORK, test_close);
  dpdk_test_add_func ("/net/udp-socket/shutdown", DPDK_TEST_FLAGS_NETWORK, test_shutdown);
  dpdk_test_add_func ("/net/udp-socket/closed", DPDK_TEST_FLAGS_NETWORK, test_closed);
  dpdk_test_add_func ("/net/udp-socket/sources", DPDK_TEST_FLAGS_NETWORK, test_sources);
  dpdk_test_add_func ("/net/udp-socket/receive-buffer", DPDK_TEST_FLAGS_NETWORK,
                      test_receive_buffer);
  dpdk_test_add_func ("/net/udp-socket/send-buffer", DPDK_TEST_FLAGS_NETWORK, test_send_buffer);
  dpdk_test_add_func ("/net/udp-socket/many", DPDK_TEST_FLAGS_NETWORK, test_many);
  return g_test_run ();
}
