/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net-kernel.h"

#include "net-fixture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* the tap driver's signals interrupt whom they like */
#define PATIENCE_S 20
#define RETRY(result, expression)                                                                  \
  G_STMT_START                                                                                     \
  {                                                                                                \
    do                                                                                             \
      result = (expression);                                                                       \
    while (result < 0 && errno == EINTR);                                                          \
  }                                                                                                \
  G_STMT_END

#define FAIL(what) g_error ("kernel's socket: %s: %s", what, g_strerror (errno))

typedef union {
  struct sockaddr any;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
} Address;

static socklen_t
fill_address (Address *address, const char *host, guint16 port)
{
  g_auto (GStrv) parts = NULL;

  memset (address, 0, sizeof *address);
  if (inet_pton (AF_INET, host, &address->v4.sin_addr) == 1)
    {
      address->v4.sin_family = AF_INET;
      address->v4.sin_port = htons (port);
      return sizeof address->v4;
    }
  parts = g_strsplit (host, "%", 2);
  if (inet_pton (AF_INET6, parts[0], &address->v6.sin6_addr) != 1)
    g_error ("not an address: %s", host);
  if (parts[1] != NULL)
    address->v6.sin6_scope_id = if_nametoindex (parts[1]);
  address->v6.sin6_family = AF_INET6;
  address->v6.sin6_port = htons (port);
  return sizeof address->v6;
}

static void
set_timeouts (int fd)
{
  struct timeval patience = { .tv_sec = PATIENCE_S };

  if (setsockopt (fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0 ||
      setsockopt (fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) != 0)
    FAIL ("setting a timeout");
}

static int
open_socket (int family)
{
  int fd = socket (family, SOCK_STREAM | SOCK_CLOEXEC, 0);

  if (fd < 0)
    FAIL ("socket");
  set_timeouts (fd);
  return fd;
}

/* an interrupted connect goes on by itself */
static int
wait_connected (int fd)
{
  struct pollfd poll_fd = { .fd = fd, .events = POLLOUT };
  socklen_t size = sizeof (int);
  int result, error_number = 0;

  RETRY (result, poll (&poll_fd, 1, PATIENCE_S * 1000));
  if (result == 0)
    return ETIMEDOUT;
  if (getsockopt (fd, SOL_SOCKET, SO_ERROR, &error_number, &size) != 0)
    FAIL ("SO_ERROR");
  return error_number;
}

static int
connect_to (int fd, const char *host, guint16 port)
{
  Address address;
  socklen_t size = fill_address (&address, host, port);

  if (connect (fd, &address.any, size) == 0)
    return 0;
  return errno == EINTR ? wait_connected (fd) : errno;
}

/* -1 with the number of the error if it fails */
int
net_kernel_try_connect (const char *host, guint16 port, int *error_number)
{
  return net_kernel_connect_from (NULL, 0, host, port, error_number);
}

int
net_kernel_connect_from (const char *local, guint16 local_port, const char *host, guint16 port,
                         int *error_number)
{
  int fd = open_socket (strchr (host, ':') != NULL ? AF_INET6 : AF_INET);
  const int on = 1;

  if (local != NULL)
    {
      Address address;
      socklen_t size = fill_address (&address, local, local_port);

      if (setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
          bind (fd, &address.any, size) != 0)
        FAIL ("bind");
    }
  *error_number = connect_to (fd, host, port);
  if (*error_number == 0)
    return fd;
  close (fd);
  return -1;
}

int
net_kernel_connect (const char *host, guint16 port)
{
  int error_number;
  int fd = net_kernel_try_connect (host, port, &error_number);

  if (fd < 0)
    g_error ("cannot connect to %s port %u: %s", host, port, g_strerror (error_number));
  return fd;
}

int
net_kernel_listen (const char *host, int backlog, guint16 *port)
{
  Address address;
  socklen_t size = fill_address (&address, host, *port);
  int fd = open_socket (address.any.sa_family);
  const int on = 1;

  if (setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      bind (fd, &address.any, size) != 0 || listen (fd, backlog) != 0)
    FAIL ("listen");
  *port = net_kernel_get_port (fd);
  return fd;
}

int
net_kernel_accept (int listener)
{
  int fd;

  RETRY (fd, accept4 (listener, NULL, NULL, SOCK_CLOEXEC));
  if (fd < 0)
    FAIL ("accept");
  set_timeouts (fd);
  return fd;
}

void
net_kernel_close (int fd)
{
  if (close (fd) != 0)
    FAIL ("close");
}

void
net_kernel_reset (int fd)
{
  const struct linger linger = { .l_onoff = 1, .l_linger = 0 };

  if (setsockopt (fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger) != 0)
    FAIL ("SO_LINGER");
  net_kernel_close (fd);
}

void
net_kernel_finish (int fd)
{
  if (shutdown (fd, SHUT_WR) != 0)
    FAIL ("shutdown");
}

static void
get_name (int fd, gboolean of_peer, Address *address)
{
  socklen_t size = sizeof *address;

  if ((of_peer ? getpeername : getsockname) (fd, &address->any, &size) != 0)
    FAIL ("getting a name");
}

guint16
net_kernel_get_port (int fd)
{
  Address address;

  get_name (fd, FALSE, &address);
  return ntohs (address.any.sa_family == AF_INET ? address.v4.sin_port : address.v6.sin6_port);
}

/* as GSocketConnectable writes it */
char *
net_kernel_get_name (int fd, gboolean of_peer)
{
  g_autoptr (GSocketAddress) name = NULL;
  Address address;

  get_name (fd, of_peer, &address);
  name = g_socket_address_new_from_native (&address, sizeof address);
  return g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (name));
}

gsize
net_kernel_get_unacknowledged (int fd)
{
  int n = 0;

  if (ioctl (fd, SIOCOUTQ, &n) != 0)
    FAIL ("SIOCOUTQ");
  return (gsize) n;
}

void
net_kernel_wait_acknowledged (int fd)
{
  gint64 deadline = dpdk_test_get_deadline ();

  while (net_kernel_get_unacknowledged (fd) > 0)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_usleep (500);
    }
}

GIOStream *
net_kernel_stream_new (int fd)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) gsocket = g_socket_new_from_fd (fd, &error);

  g_assert_no_error (error);
  return G_IO_STREAM (g_socket_connection_factory_create_connection (gsocket));
}

/* data, the end, or an error */
gboolean
net_kernel_is_readable (int fd)
{
  struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

  return poll (&poll_fd, 1, 0) == 1;
}

void
net_kernel_write (int fd, const void *data, gsize size)
{
  const guint8 *at = data;

  while (size > 0)
    {
      gssize n;

      RETRY (n, send (fd, at, size, MSG_NOSIGNAL));
      if (n < 0)
        FAIL ("send");
      at += n;
      size -= (gsize) n;
    }
}

gssize
net_kernel_read_some (int fd, void *data, gsize size)
{
  gssize n;

  RETRY (n, recv (fd, data, size, 0));
  if (n < 0)
    FAIL ("recv");
  return n;
}

void
net_kernel_read (int fd, void *data, gsize size)
{
  guint8 *at = data;

  while (size > 0)
    {
      gssize n = net_kernel_read_some (fd, at, size);

      if (n == 0)
        g_error ("kernel's socket: it ended %" G_GSIZE_FORMAT " bytes early", size);
      at += n;
      size -= (gsize) n;
    }
}

void
net_kernel_write_pattern (int fd, guint64 offset, guint64 size)
{
  for (gsize n; size > 0; offset += n, size -= n)
    {
      n = MIN (size, NET_PATTERN_SIZE);
      net_kernel_write (fd, net_pattern (offset), n);
    }
}

static guint64
read_pattern (int fd, guint64 offset, guint64 size)
{
  g_autofree guint8 *buffer = g_malloc (NET_PATTERN_SIZE);
  guint64 total = 0;

  while (total < size)
    {
      gssize n = net_kernel_read_some (fd, buffer, MIN (size - total, NET_PATTERN_SIZE));

      if (n == 0)
        break;
      g_assert_cmpmem (buffer, n, net_pattern (offset + total), n);
      total += (guint64) n;
    }
  return total;
}

void
net_kernel_read_pattern (int fd, guint64 offset, guint64 size)
{
  g_assert_cmpuint (read_pattern (fd, offset, size), ==, size);
}

guint64
net_kernel_read_pattern_to_end (int fd, guint64 offset)
{
  return read_pattern (fd, offset, G_MAXUINT64);
}

void
net_kernel_assert_at_end (int fd)
{
  guint8 byte;

  g_assert_cmpint (net_kernel_read_some (fd, &byte, 1), ==, 0);
}

void
net_kernel_assert_reset (int fd)
{
  guint8 buffer[4096];
  gssize n;

  do
    RETRY (n, recv (fd, buffer, sizeof buffer, 0));
  while (n > 0);
  g_assert_cmpint (n, ==, -1);
  g_assert_cmpint (errno, ==, ECONNRESET);
}

int
net_packet_open (const char *interface)
{
  struct sockaddr_ll address = {
    .sll_family = AF_PACKET,
    .sll_protocol = htons (ETH_P_ALL),
    .sll_ifindex = (int) if_nametoindex (interface),
  };
  const int size = 32 * 1024 * 1024;
  int fd = socket (AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons (ETH_P_ALL));

  if (fd < 0 || bind (fd, (const struct sockaddr *) &address, sizeof address) != 0 ||
      setsockopt (fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0)
    FAIL ("opening a packet socket");
  return fd;
}

/* 0 if there is none now */
gssize
net_packet_receive (int fd, void *frame, gsize size, gboolean *is_from_us)
{
  struct sockaddr_ll address;
  socklen_t address_size = sizeof address;
  gssize n;

  RETRY (n, recvfrom (fd, frame, size, MSG_DONTWAIT, (struct sockaddr *) &address, &address_size));
  if (n < 0 && errno == EAGAIN)
    return 0;
  if (n < 0)
    FAIL ("receiving a packet");
  *is_from_us = address.sll_pkttype != PACKET_OUTGOING;
  return n;
}

void
net_packet_send (int fd, const void *frame, gsize size)
{
  gint64 deadline = dpdk_test_get_deadline ();
  gssize n;

  while (TRUE)
    {
      RETRY (n, send (fd, frame, size, 0));
      if (n == (gssize) size)
        return;
      if (n >= 0 || (errno != ENOBUFS && errno != EAGAIN) || g_get_monotonic_time () > deadline)
        FAIL ("sending a packet");
      /* the tap's queue is full */
      g_usleep (100);
    }
}

struct _NetKernelServer {
  int listener;
  guint16 port;
  GThread *thread;
  NetKernelServe serve;
  gpointer data;
};

typedef struct {
  NetKernelServer *server;
  int fd;
} Serving;

static gpointer
serve_thread (gpointer data)
{
  g_autofree Serving *serving = data;

  serving->server->serve (serving->fd, serving->server->data);
  return NULL;
}

static gpointer
accept_thread (gpointer data)
{
  NetKernelServer *self = data;
  g_autoptr (GPtrArray) threads = g_ptr_array_new ();
  int fd;

  while (TRUE)
    {
      Serving *serving;

      RETRY (fd, accept4 (self->listener, NULL, NULL, SOCK_CLOEXEC));
      if (fd < 0 && errno == EAGAIN)
        continue;
      /* shut down */
      if (fd < 0)
        break;
      set_timeouts (fd);
      serving = g_new (Serving, 1);
      *serving = (Serving){ .server = self, .fd = fd };
      g_ptr_array_add (threads, g_thread_new ("serve", serve_thread, serving));
    }
  for (guint i = 0; i < threads->len; i++)
    g_thread_join (g_ptr_array_index (threads, i));
  return NULL;
}

NetKernelServer *
net_kernel_server_new (const char *host, NetKernelServe serve, gpointer data)
{
  NetKernelServer *self = g_new0 (NetKernelServer, 1);

  self->serve = serve;
  self->data = data;
  self->listener = net_kernel_listen (host, 1024, &self->port);
  self->thread = g_thread_new ("accept", accept_thread, self);
  return self;
}

guint16
net_kernel_server_get_port (NetKernelServer *self)
{
  return self->port;
}

void
net_kernel_server_free (NetKernelServer *self)
{
  shutdown (self->listener, SHUT_RDWR);
  g_thread_join (self->thread);
  net_kernel_close (self->listener);
  g_free (self);
}

void
net_kernel_serve_echo (int fd, gpointer data)
{
  g_autofree guint8 *buffer = g_malloc (NET_PATTERN_SIZE);
  gssize n;

  while ((n = net_kernel_read_some (fd, buffer, NET_PATTERN_SIZE)) > 0)
    net_kernel_write (fd, buffer, (gsize) n);
  net_kernel_finish (fd);
  net_kernel_close (fd);
}

void
net_kernel_serve_anybody (int fd, gpointer data)
{
  guint8 buffer[4096];
  gssize n = 1;

  while (n > 0)
    {
      RETRY (n, recv (fd, buffer, sizeof buffer, 0));
      if (n > 0)
        RETRY (n, send (fd, buffer, (gsize) n, MSG_NOSIGNAL));
    }
  net_kernel_close (fd);
}
