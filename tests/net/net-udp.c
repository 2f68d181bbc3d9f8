/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net-udp.h"

#include "net-kernel.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define POLL_MS 100

gint64
net_udp_get_patience (void)
{
  return dpdk_test_get_deadline () - g_get_monotonic_time ();
}

DpdkUdpSocket *
net_udp_new (DpdkRuntime *runtime, const char *host, guint16 port)
{
  g_autoptr (GSocketAddress) address = net_address (host, port);
  g_autoptr (GError) error = NULL;
  DpdkUdpSocket *socket =
      dpdk_udp_socket_new (runtime, g_socket_address_get_family (address), &error);

  g_assert_no_error (error);
  dpdk_udp_socket_bind (socket, address, &error);
  g_assert_no_error (error);
  return socket;
}

DpdkUdpSocket *
net_udp_new_connected (DpdkRuntime *runtime, const char *host, guint16 port)
{
  g_autoptr (GSocketAddress) address = net_address (host, port);
  g_autoptr (GError) error = NULL;
  DpdkUdpSocket *socket =
      dpdk_udp_socket_new (runtime, g_socket_address_get_family (address), &error);

  g_assert_no_error (error);
  dpdk_udp_socket_connect (socket, address, &error);
  g_assert_no_error (error);
  g_assert_true (dpdk_udp_socket_is_connected (socket));
  return socket;
}

guint16
net_udp_get_port (DpdkUdpSocket *socket)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketAddress) address = dpdk_socket_get_local_address (DPDK_SOCKET (socket), &error);

  g_assert_no_error (error);
  return net_address_get_port (address);
}

static gssize
send_with_timeout (DpdkUdpSocket *socket, GSocketAddress *address, const void *data, gsize size,
                   gint64 timeout_us, GError **error)
{
  GOutputVector vector = { data, size };
  GOutputMessage message = { .address = address, .vectors = &vector, .num_vectors = 1 };
  gint n = g_datagram_based_send_messages (G_DATAGRAM_BASED (socket), &message, 1, 0, timeout_us,
                                           NULL, error);

  if (n == 1)
    g_assert_cmpuint (message.bytes_sent, ==, size);
  return n;
}

void
net_udp_send (DpdkUdpSocket *socket, const char *host, guint16 port, const void *data, gsize size)
{
  g_autoptr (GSocketAddress) address = host != NULL ? net_address (host, port) : NULL;
  g_autoptr (GError) error = NULL;
  gssize n = send_with_timeout (socket, address, data, size, net_udp_get_patience (), &error);

  g_assert_no_error (error);
  g_assert_cmpint (n, ==, 1);
}

gssize
net_udp_try_send (DpdkUdpSocket *socket, GSocketAddress *address, const void *data, gsize size,
                  GError **error)
{
  return send_with_timeout (socket, address, data, size, 0, error);
}

static gssize
receive_with_timeout (DpdkUdpSocket *socket, void *data, gsize size, GSocketAddress **address,
                      gint64 timeout_us, GError **error)
{
  GInputVector vector = { data, size };
  GInputMessage message = { .address = address, .vectors = &vector, .num_vectors = 1 };
  gint n = g_datagram_based_receive_messages (G_DATAGRAM_BASED (socket), &message, 1, 0, timeout_us,
                                              NULL, error);

  return n == 1 ? (gssize) message.bytes_received : -1;
}

gsize
net_udp_receive (DpdkUdpSocket *socket, void *data, gsize size, GSocketAddress **address)
{
  g_autoptr (GError) error = NULL;
  gssize n = receive_with_timeout (socket, data, size, address, net_udp_get_patience (), &error);

  g_assert_no_error (error);
  g_assert_cmpint (n, >=, 0);
  return (gsize) n;
}

gssize
net_udp_try_receive (DpdkUdpSocket *socket, void *data, gsize size, GError **error)
{
  return receive_with_timeout (socket, data, size, NULL, 0, error);
}

DpdkUdpStatistics
net_udp_get_statistics (DpdkUdpSocket *socket)
{
  DpdkUdpStatistics statistics;

  dpdk_udp_socket_get_statistics (socket, &statistics);
  return statistics;
}

void
net_udp_assert_from (GSocketAddress *address, const char *host, guint16 port)
{
  g_autoptr (GSocketAddress) expected = net_address (host, port);
  g_autofree char *expected_name = g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (expected));
  g_autofree char *name = g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (address));

  g_assert_cmpstr (name, ==, expected_name);
}

static gsize
fill_address (struct sockaddr_storage *storage, const char *host, guint16 port)
{
  g_autoptr (GSocketAddress) address = net_address (host != NULL ? host : "::", port);
  g_autoptr (GError) error = NULL;

  g_socket_address_to_native (address, storage, sizeof *storage, &error);
  g_assert_no_error (error);
  return (gsize) g_socket_address_get_native_size (address);
}

int
net_kernel_udp_open (const char *host, guint16 port)
{
  struct timeval patience = { .tv_sec = net_udp_get_patience () / G_TIME_SPAN_SECOND };
  struct sockaddr_storage address;
  gsize size = fill_address (&address, host, port);
  int fd = socket (address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const int on = 1, off = 0, buffer = 8 * 1024 * 1024;

  if (fd < 0 || setsockopt (fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0 ||
      setsockopt (fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer) != 0 ||
      setsockopt (fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof on) != 0 ||
      (host == NULL && setsockopt (fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) != 0) ||
      bind (fd, (const struct sockaddr *) &address, (socklen_t) size) != 0)
    g_error ("opening a socket of the kernel: %s", g_strerror (errno));
  return fd;
}

void
net_kernel_udp_connect (int fd, const char *host, guint16 port)
{
  struct sockaddr_storage address;
  gsize size = fill_address (&address, host, port);

  if (connect (fd, (const struct sockaddr *) &address, (socklen_t) size) != 0)
    g_error ("connecting a socket of the kernel: %s", g_strerror (errno));
}

void
net_kernel_udp_send (int fd, const char *host, guint16 port, const void *data, gsize size)
{
  struct sockaddr_storage address;
  gsize address_size = host != NULL ? fill_address (&address, host, port) : 0;
  gssize n;

  do
    n = sendto (fd, data, size, 0, host != NULL ? (const struct sockaddr *) &address : NULL,
                (socklen_t) address_size);
  while (n < 0 && errno == EINTR);
  if (n != (gssize) size)
    g_error ("sending from the kernel: %s", g_strerror (errno));
}

gsize
net_kernel_udp_receive (int fd, void *data, gsize size, GSocketAddress **address)
{
  struct sockaddr_storage storage;
  socklen_t storage_size = sizeof storage;
  gssize n;

  do
    n = recvfrom (fd, data, size, 0, (struct sockaddr *) &storage, &storage_size);
  while (n < 0 && errno == EINTR);
  if (n < 0)
    g_error ("receiving by the kernel: %s", g_strerror (errno));
  if (address != NULL)
    *address = g_socket_address_new_from_native (&storage, storage_size);
  return (gsize) n;
}

gboolean
net_kernel_udp_try_receive (int fd, void *data, gsize size, gssize *n)
{
  *n = recv (fd, data, size, MSG_DONTWAIT);
  return *n >= 0;
}

struct _NetUdpEcho {
  int fd;
  gint is_over;
  GThread *thread;
};

static gpointer
echo_thread (gpointer data)
{
  NetUdpEcho *self = data;
  g_autofree guint8 *buffer = g_malloc (NET_UDP_MAX);

  while (!g_atomic_int_get (&self->is_over))
    {
      struct pollfd poll_fd = { .fd = self->fd, .events = POLLIN };
      struct sockaddr_storage from;
      socklen_t size = sizeof from;
      gssize n;

      if (poll (&poll_fd, 1, POLL_MS) != 1)
        continue;
      n = recvfrom (self->fd, buffer, NET_UDP_MAX, MSG_DONTWAIT, (struct sockaddr *) &from, &size);
      /* a peer that has gone is no error of ours */
      if (n >= 0)
        sendto (self->fd, buffer, (gsize) n, 0, (const struct sockaddr *) &from, size);
    }
  return NULL;
}

NetUdpEcho *
net_udp_echo_new (guint16 *port)
{
  NetUdpEcho *self = g_new0 (NetUdpEcho, 1);

  self->fd = net_kernel_udp_open (NULL, *port);
  *port = net_kernel_get_port (self->fd);
  self->thread = g_thread_new ("udp-echo", echo_thread, self);
  return self;
}

void
net_udp_echo_free (NetUdpEcho *self)
{
  g_atomic_int_set (&self->is_over, TRUE);
  g_thread_join (self->thread);
  close (self->fd);
  g_free (self);
}
