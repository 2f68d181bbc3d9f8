/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* who holds whom around a UDP socket, and what it is when the others are gone */
#include "net-kernel.h"
#include "net-udp.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PORT 7000

typedef enum {
  DROP_RUNTIME,
  DROP_SOCKET,
  DROP_PEER,
  DROP_SOURCE,
  N_DROPS,
} Drop;

typedef struct {
  DpdkRuntime *runtime;
  DpdkUdpSocket *socket;
  /* on the same worker or another, with something to read */
  DpdkUdpSocket *peer;
  GSource *source;
} World;

static const char two_workers[] = "{\"dpdk_cores\": [0, 1], \"devices\": [{\"vdev\": \"net_ring0\","
                                  " \"addresses\": [\"198.18.0.2/24\"]}]}";

static gboolean
on_ready (GDatagramBased *socket, GIOCondition condition, gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

static void
world_init (World *self, gboolean is_joined)
{
  g_autoptr (GInetAddress) group = g_inet_address_new_from_string ("239.1.2.3");
  g_autoptr (GError) error = NULL;

  self->runtime = net_start_with (two_workers);
  self->socket = net_udp_new (self->runtime, NET_OUR_V4, PORT);
  self->peer = net_udp_new_connected (self->runtime, NET_OUR_V4, PORT);
  net_udp_send (self->peer, NULL, 0, "x", 1);
  net_udp_send (self->socket, NET_OUR_V4, net_udp_get_port (self->peer), "y", 1);
  DPDK_TEST_WAIT_UNTIL (net_udp_get_statistics (self->socket).received == 1 &&
                        net_udp_get_statistics (self->peer).received == 1);
  self->source = g_datagram_based_create_source (G_DATAGRAM_BASED (self->socket), G_IO_IN, NULL);
  g_source_set_callback (self->source, G_SOURCE_FUNC (on_ready), NULL, NULL);
  g_source_attach (self->source, NULL);
  if (is_joined)
    dpdk_udp_socket_join_group (self->socket, group, NULL, &error);
  g_assert_no_error (error);
}

static void
world_drop (World *self, Drop drop)
{
  switch (drop)
    {
    case DROP_RUNTIME:
      g_clear_object (&self->runtime);
      break;
    case DROP_SOCKET:
      g_clear_object (&self->socket);
      break;
    case DROP_PEER:
      g_clear_object (&self->peer);
      break;
    case DROP_SOURCE:
      g_source_destroy (self->source);
      g_clear_pointer (&self->source, g_source_unref);
      break;
    case N_DROPS:
    default:
      g_assert_not_reached ();
    }
}

/* the number of an order gives its steps: there are N_DROPS! of them */
static void
run_order (guint order, gboolean is_joined)
{
  Drop left[N_DROPS] = { DROP_RUNTIME, DROP_SOCKET, DROP_PEER, DROP_SOURCE };
  World world;

  world_init (&world, is_joined);
  for (guint n = N_DROPS; n > 0; n--)
    {
      guint which = order % n;

      order /= n;
      world_drop (&world, left[which]);
      memmove (&left[which], &left[which + 1], (n - which - 1) * sizeof *left);
    }
}

/* the last of them takes the EAL with it, so each order needs a process of its own, or somebody who
   holds it */
static void
test_orders (void)
{
  const guint n_orders = 24;
  g_autoptr (GError) error = NULL;
  DpdkEal *eal = dpdk_eal_new (NULL, &error);

  g_assert_no_error (error);
  for (guint order = 0; order < n_orders; order++)
    run_order (order, order % 2 == 0);
  g_object_unref (eal);
  dpdk_test_assert_eal_dead ();
}

static void
test_order_of_the_last (gconstpointer data)
{
  run_order (GPOINTER_TO_UINT (data), TRUE);
  dpdk_test_assert_eal_dead ();
}

/* the last references are dropped by threads that are at it */
static gpointer
use_and_drop (gpointer data)
{
  DpdkUdpSocket *socket = data;
  g_autoptr (GError) error = NULL;

  while (error == NULL)
    {
      g_autoptr (GBytes) bytes =
          dpdk_udp_socket_receive_bytes (socket, NULL, net_udp_get_patience (), NULL, &error);

      if (bytes != NULL)
        dpdk_udp_socket_send_bytes (socket, NULL, bytes, net_udp_get_patience (), NULL, &error);
    }
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_object_unref (socket);
  return NULL;
}

static void
test_shutdown_under_load (void)
{
  const guint n_pairs = 4, n_balls = 10;
  DpdkRuntime *runtime = net_start_with (two_workers);
  GThread *threads[4 * 2];

  for (guint i = 0; i < n_pairs; i++)
    {
      DpdkUdpSocket *sockets[2] = { net_udp_new (runtime, NET_OUR_V4, 0),
                                    net_udp_new (runtime, NET_OUR_V4, 0) };

      for (guint j = 0; j < 2; j++)
        {
          g_autoptr (GSocketAddress) peer =
              net_address (NET_OUR_V4, net_udp_get_port (sockets[1 - j]));
          g_autoptr (GError) error = NULL;

          dpdk_udp_socket_connect (sockets[j], peer, &error);
          g_assert_no_error (error);
        }
      for (guint j = 0; j < n_balls; j++)
        net_udp_send (sockets[0], NULL, 0, net_pattern (j), 1 + j * 300);
      DPDK_TEST_WAIT_UNTIL (net_udp_get_statistics (sockets[1]).received == n_balls);
      for (guint j = 0; j < 2; j++)
        threads[2 * i + j] = g_thread_new ("player", use_and_drop, sockets[j]);
    }
  {
    g_autoptr (GError) error = NULL;

    dpdk_runtime_shutdown (runtime, 10000, &error);
    g_assert_no_error (error);
  }
  for (guint i = 0; i < 2 * n_pairs; i++)
    g_thread_join (threads[i]);
  net_stop (runtime);
}

/* a socket that nobody holds but its worker */
typedef struct {
  DpdkRuntime *runtime;
  gint n_received;
  gint n_destroyed;
  gint n_finalized;
} Held;

static void
held_on_finalized (gpointer data, GObject *where_the_object_was)
{
  g_atomic_int_inc (&((Held *) data)->n_finalized);
}

static void
held_on_destroy (gpointer data)
{
  g_atomic_int_inc (&((Held *) data)->n_destroyed);
}

/* "n": no function any more; "c": closes; all else: goes on */
static void
held_on_readable (DpdkUdpSocket *socket, gpointer user_data)
{
  Held *self = user_data;
  g_autoptr (GError) error = NULL;
  GBytes *bytes;

  while ((bytes = dpdk_udp_socket_try_receive_bytes (socket, NULL, &error)) != NULL)
    {
      char command = *(const char *) g_bytes_get_data (bytes, NULL);

      g_bytes_unref (bytes);
      if (command == 'n')
        {
          dpdk_udp_socket_set_readable_callback (socket, NULL, NULL, NULL, &error);
          g_assert_no_error (error);
        }
      else if (command == 'c')
        dpdk_socket_close (DPDK_SOCKET (socket));
      /* it is still there */
      g_assert_true (DPDK_IS_UDP_SOCKET (socket));
      g_atomic_int_inc (&self->n_received);
      if (command != 'x')
        return;
    }
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
}

static void
held_start (DpdkWorker *worker, gpointer user_data)
{
  Held *self = user_data;
  g_autoptr (GSocketAddress) address = net_address (NET_OUR_V4, PORT);
  g_autoptr (GError) error = NULL;
  g_autoptr (DpdkUdpSocket) socket =
      dpdk_udp_socket_new (self->runtime, G_SOCKET_FAMILY_IPV4, &error);

  g_assert_no_error (error);
  dpdk_udp_socket_bind (socket, address, &error);
  g_assert_no_error (error);
  g_object_weak_ref (G_OBJECT (socket), held_on_finalized, self);
  /* another one in place of the first */
  for (guint i = 0; i < 2; i++)
    {
      dpdk_udp_socket_set_readable_callback (socket, held_on_readable, self, held_on_destroy,
                                             &error);
      g_assert_no_error (error);
    }
  g_assert_cmpint (g_atomic_int_get (&self->n_destroyed), ==, 1);
}

static void
held_begin (Held *self)
{
  g_autoptr (DpdkWorker) worker = dpdk_runtime_dup_worker (self->runtime, 0);
  g_autoptr (GError) error = NULL;
  gint n_received = self->n_received;
  int fd = net_kernel_udp_open (NET_KERNEL_V4, 0);

  self->n_destroyed = self->n_finalized = 0;
  dpdk_worker_invoke (worker, held_start, self, NULL, &error);
  g_assert_no_error (error);
  DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&self->n_destroyed) == 1);
  net_kernel_udp_send (fd, NET_OUR_V4, PORT, "x", 1);
  DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&self->n_received) == n_received + 1);
  g_assert_cmpint (g_atomic_int_get (&self->n_finalized), ==, 0);
  net_kernel_close (fd);
}

/* until there is no function, it is closed, or the runtime ends */
static void
test_held (void)
{
  static const char *const commands[] = { "n", "c" };
  Held held = { .runtime = net_start () };
  int fd = net_kernel_udp_open (NET_KERNEL_V4, 0);

  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      held_begin (&held);
      net_kernel_udp_send (fd, NET_OUR_V4, PORT, commands[i], 1);
      DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&held.n_finalized) == 1);
      g_assert_cmpint (g_atomic_int_get (&held.n_destroyed), ==, 2);
    }
  held_begin (&held);
  net_stop (held.runtime);
  g_assert_cmpint (g_atomic_int_get (&held.n_finalized), ==, 1);
  g_assert_cmpint (g_atomic_int_get (&held.n_destroyed), ==, 2);
  net_kernel_close (fd);
}

/* a child has the objects, but not what they stand for */
static void
test_fork (void)
{
  DpdkRuntime *runtime = net_start ();
  DpdkUdpSocket *socket = net_udp_new (runtime, NET_OUR_V4, PORT);
  g_autoptr (GSocketAddress) address = net_address (NET_KERNEL_V4, 9);
  int status, fd = net_kernel_udp_open (NET_KERNEL_V4, 0);
  pid_t pid = fork ();
  char byte;

  g_assert_cmpint (pid, >=, 0);
  if (pid == 0)
    {
      g_autoptr (GError) error = NULL;

      /* nothing of it waits for a worker that is not there */
      alarm (60);
      if (dpdk_udp_socket_connect (socket, address, &error) ||
          !g_error_matches (error, DPDK_ERROR, DPDK_ERROR_EAL_DEAD))
        _exit (1);
      dpdk_socket_close (DPDK_SOCKET (socket));
      g_object_unref (socket);
      _exit (0);
    }
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_cmpint (status, ==, 0);
  net_kernel_udp_send (fd, NET_OUR_V4, PORT, "x", 1);
  g_assert_cmpuint (net_udp_receive (socket, &byte, 1, NULL), ==, 1);
  net_kernel_close (fd);
  net_release (socket);
  net_stop (runtime);
}

static void
expect_message (const char *text)
{
  g_test_expect_message ("Dpdk", G_LOG_LEVEL_CRITICAL, text);
}

/* what was not made by its constructor does nothing, and says so */
static void
test_bare (void)
{
  g_autoptr (DpdkUdpSocket) socket = NULL;
  g_autoptr (GError) error = NULL;
  GInputMessage message = { 0 };

  /* the criticals are what is tested */
  g_log_set_always_fatal (G_LOG_LEVEL_ERROR);
  socket = g_object_new (DPDK_TYPE_UDP_SOCKET, NULL);
  expect_message ("*is_made*");
  g_assert_cmpuint (dpdk_socket_get_ttl (DPDK_SOCKET (socket)), ==, 0);
  expect_message ("*is_made*");
  g_assert_true (dpdk_udp_socket_take_error (socket, &error));
  expect_message ("*endpoint*");
  g_assert_cmpint (
      g_datagram_based_receive_messages (G_DATAGRAM_BASED (socket), &message, 1, 0, 0, NULL, NULL),
      ==, -1);
  g_test_assert_expected_messages ();
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/net/udp-life/orders", DPDK_TEST_FLAGS_NETWORK, test_orders);
  for (guint i = 0; i < 24; i += dpdk_test_is_long () ? 1 : 8)
    {
      g_autofree char *path = g_strdup_printf ("/net/udp-life/order-of-the-last/%u", i);

      dpdk_test_add_data_func (path, DPDK_TEST_FLAGS_NETWORK, GUINT_TO_POINTER (i),
                               test_order_of_the_last);
    }
  dpdk_test_add_func ("/net/udp-life/shutdown-under-load", DPDK_TEST_FLAGS_NETWORK,
                      test_shutdown_under_load);
  dpdk_test_add_func ("/net/udp-life/held", DPDK_TEST_FLAGS_NETWORK, test_held);
  dpdk_test_add_func ("/net/udp-life/fork", DPDK_TEST_FLAGS_NETWORK, test_fork);
  dpdk_test_add_func ("/net/udp-life/bare", DPDK_TEST_FLAGS_NONE, test_bare);
  return g_test_run ();
}
