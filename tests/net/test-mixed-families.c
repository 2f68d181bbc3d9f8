/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sockets of UDP and addresses of the other family, and many addresses of both */
#include "net-kernel.h"
#include "net-udp.h"

#include <string.h>

#define N_ADDRESSES 128
#define PORT 5000

typedef enum {
  SOCKET_V4,
  SOCKET_BOTH,
  SOCKET_V6_ONLY,
} SocketKind;

/* not from a string, of which GIO would make an address of IPv4 if it is one */
static GSocketAddress *
make_address (const char *host, guint16 port)
{
  g_autoptr (GInetAddress) inet = g_inet_address_new_from_string (host);

  return g_inet_socket_address_new (inet, port);
}

static DpdkUdpSocket *
make_socket (DpdkRuntime *runtime, SocketKind kind)
{
  g_autoptr (GError) error = NULL;
  DpdkUdpSocket *socket = dpdk_udp_socket_new (
      runtime, kind == SOCKET_V4 ? G_SOCKET_FAMILY_IPV4 : G_SOCKET_FAMILY_IPV6, &error);

  g_assert_no_error (error);
  dpdk_udp_socket_set_ipv6_only (socket, kind == SOCKET_V6_ONLY);
  return socket;
}

/* how the kernel's end is told of an address of ours, and what its own is */
typedef struct {
  SocketKind kind;
  const char *ours;
  const char *kernels;
  /* NULL if it is allowed */
  const char *text;
} Case;

#define NOT_V4 "is not of the family of the DpdkUdpSocket, which is IPv4"
#define NOT_V6 "is not of the family of the DpdkUdpSocket, which is IPv6 only"

static const Case cases[] = {
  { SOCKET_V4, NET_OUR_V4, NET_KERNEL_V4, NULL },
  { SOCKET_V4, NET_OUR_V6, NET_KERNEL_V6, NOT_V4 },
  { SOCKET_BOTH, NET_OUR_V4, NET_KERNEL_V4, NULL },
  { SOCKET_BOTH, NET_OUR_V6, NET_KERNEL_V6, NULL },
  { SOCKET_BOTH, "::ffff:" NET_OUR_V4, "::ffff:" NET_KERNEL_V4, NULL },
  { SOCKET_V6_ONLY, NET_OUR_V4, NET_KERNEL_V4, NOT_V6 },
  { SOCKET_V6_ONLY, "::ffff:" NET_OUR_V4, "::ffff:" NET_KERNEL_V4, NOT_V6 },
  { SOCKET_V6_ONLY, NET_OUR_V6, NET_KERNEL_V6, NULL },
};

static void
assert_result (const Case *self, gboolean success, const GError *error, const char *host)
{
  g_assert_true (success == (error == NULL));
  if (self->text == NULL)
    {
      g_assert_no_error (error);
      return;
    }
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  if (strstr (error->message, self->text) == NULL)
    g_error ("%s: %s", host, error->message);
}

/* what was refused has changed nothing: the same socket works with an address of its own */
static void
assert_works (DpdkUdpSocket *socket, SocketKind kind)
{
  const char *host = kind == SOCKET_V6_ONLY ? NET_KERNEL_V6 : NET_KERNEL_V4;
  int fd = net_kernel_udp_open (host, 0);
  g_autoptr (GSocketAddress) from = NULL;
  char data[8];

  net_udp_send (socket, host, net_kernel_get_port (fd), "hello", 5);
  g_assert_cmpuint (net_kernel_udp_receive (fd, data, sizeof data, &from), ==, 5);
  net_kernel_udp_send (fd, kind == SOCKET_V6_ONLY ? NET_OUR_V6 : NET_OUR_V4,
                       net_address_get_port (from), "answer", 6);
  g_assert_cmpuint (net_udp_receive (socket, data, sizeof data, NULL), ==, 6);
  net_kernel_close (fd);
}

static void
test_calls (void)
{
  DpdkRuntime *runtime = net_start ();

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const Case *self = &cases[i];
      int fd = net_kernel_udp_open (NULL, 0);
      g_autoptr (GSocketAddress) remote = make_address (self->kernels, net_kernel_get_port (fd));
      g_autoptr (GSocketAddress) local = make_address (self->ours, (guint16) (PORT + i));
      DpdkUdpSocket *socket = make_socket (runtime, self->kind);
      g_autoptr (GError) error = NULL;
      gboolean success;
      char data[8];

      success = dpdk_udp_socket_bind (socket, local, &error);
      assert_result (self, success, error, self->ours);
      g_clear_error (&error);
      if (self->text != NULL)
        assert_works (socket, self->kind);
      net_release (socket);

      socket = make_socket (runtime, self->kind);
      success = net_udp_try_send (socket, remote, "first", 5, &error) == 1;
      assert_result (self, success, error, self->kernels);
      g_clear_error (&error);
      if (self->text == NULL)
        g_assert_cmpuint (net_kernel_udp_receive (fd, data, sizeof data, NULL), ==, 5);
      else
        assert_works (socket, self->kind);
      success = dpdk_udp_socket_connect (socket, remote, &error);
      assert_result (self, success, error, self->kernels);
      g_clear_error (&error);
      g_assert_true (dpdk_udp_socket_is_connected (socket) == (self->text == NULL));
      if (self->text != NULL)
        assert_works (socket, self->kind);
      net_release (socket);
      net_kernel_close (fd);
    }
  net_stop (runtime);
}

/* one for both families has one of them once it is bound to an address */
static void
test_bound (void)
{
  static const char *const hosts[][2] = { { NET_OUR_V4, NET_KERNEL_V6 },
                                          { NET_OUR_V6, NET_KERNEL_V4 } };
  DpdkRuntime *runtime = net_start ();

  for (guint i = 0; i < G_N_ELEMENTS (hosts); i++)
    {
      DpdkUdpSocket *socket = make_socket (runtime, SOCKET_BOTH);
      g_autoptr (GSocketAddress) local = net_address (hosts[i][0], PORT);
      g_autoptr (GSocketAddress) remote = net_address (hosts[i][1], PORT);
      g_autoptr (GError) error = NULL;

      dpdk_udp_socket_bind (socket, local, &error);
      g_assert_no_error (error);
      g_assert_cmpint (net_udp_try_send (socket, remote, "x", 1, &error), ==, -1);
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
      g_assert_nonnull (strstr (error->message, "of another family"));
      g_clear_error (&error);
      g_assert_false (dpdk_udp_socket_connect (socket, remote, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
      g_assert_nonnull (strstr (error->message, "of another family"));
      net_release (socket);
    }
  net_stop (runtime);
}

static void
assert_host (DpdkUdpSocket *socket, const char *host)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketAddress) local = dpdk_socket_get_local_address (DPDK_SOCKET (socket), &error);
  g_autofree char *name = NULL;

  g_assert_no_error (error);
  name =
      g_inet_address_to_string (g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (local)));
  g_assert_cmpstr (name, ==, host);
}

/* bound to all addresses, then connected: then there is one, until it is disconnected */
static void
test_unspecified (void)
{
  static const struct {
    SocketKind kind;
    const char *any;
    const char *kernels;
    const char *ours;
  } binds[] = {
    { SOCKET_V4, "0.0.0.0", NET_KERNEL_V4, NET_OUR_V4 },
    { SOCKET_BOTH, "::", NET_KERNEL_V4, NET_OUR_V4 },
    { SOCKET_BOTH, "::", NET_KERNEL_V6, NET_OUR_V6 },
    { SOCKET_V6_ONLY, "::", NET_KERNEL_V6, NET_OUR_V6 },
  };
  DpdkRuntime *runtime = net_start ();

  for (guint i = 0; i < G_N_ELEMENTS (binds); i++)
    {
      DpdkUdpSocket *socket = make_socket (runtime, binds[i].kind);
      int fd = net_kernel_udp_open (binds[i].kernels, 0);
      g_autoptr (GSocketAddress) any = net_address (binds[i].any, PORT);
      g_autoptr (GSocketAddress) remote = net_address (binds[i].kernels, net_kernel_get_port (fd));
      g_autoptr (GSocketAddress) from = NULL;
      g_autoptr (GError) error = NULL;
      char data[8];

      dpdk_udp_socket_bind (socket, any, &error);
      g_assert_no_error (error);
      assert_host (socket, binds[i].any);
      dpdk_udp_socket_connect (socket, remote, &error);
      g_assert_no_error (error);
      assert_host (socket, binds[i].ours);
      g_assert_cmpint (net_udp_try_send (socket, NULL, "hello", 5, &error), ==, 1);
      g_assert_cmpuint (net_kernel_udp_receive (fd, data, sizeof data, &from), ==, 5);
      net_udp_assert_from (from, binds[i].ours, PORT);
      net_kernel_udp_send (fd, binds[i].ours, PORT, "answer", 6);
      g_assert_cmpuint (net_udp_receive (socket, data, sizeof data, NULL), ==, 6);
      dpdk_udp_socket_disconnect (socket, &error);
      g_assert_no_error (error);
      assert_host (socket, binds[i].any);
      net_kernel_close (fd);
      net_release (socket);
    }
  net_stop (runtime);
}

static DpdkRuntime *
start_many (void)
{
  g_autoptr (GString) json =
      g_string_new ("{\"dpdk_cores\": [0], \"devices\": [{\"vdev\": \"net_tap0,iface=dpdk0\","
                    " \"mac\": \"" NET_OUR_MAC "\", \"addresses\": [");
  DpdkRuntime *runtime;

  for (guint i = 0; i < N_ADDRESSES; i++)
    g_string_append_printf (json, "%s\"198.18.0.%u/24\", \"fde7:f17d:24::%x/64\"",
                            i > 0 ? ", " : "", i + 2, i + 2);
  g_string_append (json, "]}]}");
  runtime = net_start_with (json->str);
  net_kernel_up_default ();
  return runtime;
}

/* each of the 256 addresses can be sent to, and is the source of what its socket sends */
static void
test_many (void)
{
  DpdkRuntime *runtime = start_many ();
  DpdkUdpSocket *all = net_udp_new (runtime, "::", PORT);

  for (guint i = 0; i < 2 * N_ADDRESSES; i++)
    {
      const char *kernels = i % 2 == 0 ? NET_KERNEL_V4 : NET_KERNEL_V6;
      g_autofree char *host =
          g_strdup_printf (i % 2 == 0 ? "198.18.0.%u" : "fde7:f17d:24::%x", i / 2 + 2);
      DpdkUdpSocket *socket = net_udp_new (runtime, host, PORT + 1);
      int fd = net_kernel_udp_open (kernels, 0);
      g_autoptr (GSocketAddress) from = NULL;
      char data[8];

      net_kernel_udp_send (fd, host, PORT, "all", 3);
      g_assert_cmpuint (net_udp_receive (all, data, sizeof data, NULL), ==, 3);
      net_kernel_udp_send (fd, host, PORT + 1, "one", 3);
      g_assert_cmpuint (net_udp_receive (socket, data, sizeof data, NULL), ==, 3);
      net_udp_send (socket, kernels, net_kernel_get_port (fd), "mine", 4);
      g_assert_cmpuint (net_kernel_udp_receive (fd, data, sizeof data, &from), ==, 4);
      net_udp_assert_from (from, host, PORT + 1);
      net_kernel_close (fd);
      net_release (socket);
    }
  net_release (all);
  net_stop (runtime);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/net/mixed-families/calls", DPDK_TEST_FLAGS_NETWORK, test_calls);
  dpdk_test_add_func ("/net/mixed-families/bound", DPDK_TEST_FLAGS_NETWORK, test_bound);
  dpdk_test_add_func ("/net/mixed-families/unspecified", DPDK_TEST_FLAGS_NETWORK, test_unspecified);
  dpdk_test_add_func ("/net/mixed-families/many", DPDK_TEST_FLAGS_NETWORK, test_many);
  return g_test_run ();
}
