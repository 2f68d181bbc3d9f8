/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net-udp-bursts.h"

#include "net-kernel.h"

static void
drop_packets (DpdkUdpMessage *messages, gint n)
{
  for (gint i = 0; i < n; i++)
    dpdk_packet_unref (messages[i].packet);
}

static void
echo_on_readable (DpdkUdpSocket *socket, gpointer user_data)
{
  NetUdpBursts *self = user_data;
  DpdkUdpMessage messages[NET_UDP_BURST];
  g_autoptr (GError) error = NULL;
  gint n;

  while ((n = dpdk_udp_socket_try_receive (socket, messages, NET_UDP_BURST, &error)) > 0)
    {
      gint n_sent = 0, m = 0;

      if (n > 1)
        g_atomic_int_inc (&self->n_several);
      do
        {
          m = dpdk_udp_socket_try_send (socket, messages + n_sent, (guint) (n - n_sent), &error);
          g_assert_no_error (error);
          n_sent += m;
        }
      while (m > 0 && n_sent < n);
      g_atomic_int_add (&self->n_echoed, n_sent);
      drop_packets (messages + n_sent, n - n_sent);
    }
  g_assert_no_error (error);
}

static void
echo_on_destroy (gpointer data)
{
  g_atomic_int_inc (&((NetUdpBursts *) data)->n_destroyed);
}

static void
echo_start (DpdkWorker *worker, gpointer user_data)
{
  NetUdpBursts *self = user_data;
  g_autoptr (GSocketAddress) address = net_address (self->host, self->port);
  g_autoptr (GError) error = NULL;

  self->socket = dpdk_udp_socket_new (self->runtime, g_socket_address_get_family (address), &error);
  g_assert_no_error (error);
  g_assert_true (dpdk_socket_get_worker (DPDK_SOCKET (self->socket)) == worker);
  dpdk_udp_socket_set_reuse_address (self->socket, self->may_share);
  dpdk_udp_socket_bind (self->socket, address, &error);
  g_assert_no_error (error);
  dpdk_udp_socket_set_readable_callback (self->socket, echo_on_readable, self, echo_on_destroy,
                                         &error);
  g_assert_no_error (error);
  g_atomic_int_set (&self->is_ready, TRUE);
}

void
net_udp_bursts_open (NetUdpBursts *self, guint worker_index)
{
  g_autoptr (DpdkWorker) worker = dpdk_runtime_dup_worker (self->runtime, worker_index);
  g_autoptr (GError) error = NULL;

  dpdk_worker_invoke (worker, echo_start, self, NULL, &error);
  g_assert_no_error (error);
  DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&self->is_ready));
}

void
net_udp_bursts_close (NetUdpBursts *self)
{
  dpdk_socket_close (DPDK_SOCKET (self->socket));
  g_assert_cmpint (g_atomic_int_get (&self->n_destroyed), ==, 1);
  net_release (g_steal_pointer (&self->socket));
}

/* different for each of a burst, and spread up to @max, which is no multiple of 997 */
static gsize
get_size (guint i, gsize max)
{
  return i * 997 % max;
}

guint
net_udp_bursts_exchange (int fd, const char *host, guint16 port, guint n, gsize max)
{
  g_autofree guint8 *buffer = g_malloc (NET_UDP_MAX);
  guint n_out_of_turn = 0;

  for (guint i = 0; i < n; i += NET_UDP_BURST)
    {
      gboolean is_back[NET_UDP_BURST] = { FALSE };

      for (guint j = i; j < i + NET_UDP_BURST; j++)
        net_kernel_udp_send (fd, host, port, net_pattern (j), get_size (j, max));
      for (guint j = i; j < i + NET_UDP_BURST; j++)
        {
          g_autoptr (GSocketAddress) from = NULL;
          gsize size = net_kernel_udp_receive (fd, buffer, NET_UDP_MAX, &from);
          guint k = i;

          while (k < i + NET_UDP_BURST && get_size (k, max) != size)
            k++;
          g_assert_cmpuint (k, <, i + NET_UDP_BURST);
          g_assert_false (is_back[k - i]);
          is_back[k - i] = TRUE;
          n_out_of_turn += k != j;
          g_assert_cmpmem (buffer, size, net_pattern (k), get_size (k, max));
          net_udp_assert_from (from, host, port);
        }
    }
  return n_out_of_turn;
}

void
net_udp_bursts_warm_up (int fd, const char *host, guint16 port)
{
  char byte;

  net_kernel_udp_send (fd, host, port, "x", 1);
  net_kernel_udp_receive (fd, &byte, 1, NULL);
}
