/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net-end.h"

#include "net-kernel.h"

static const NetFamily families[] = NET_FAMILIES;

NetEnd
net_end_connect (DpdkRuntime *runtime, const NetFamily *family, NetEndPrepare prepare)
{
  guint16 port = 0;
  int listener = net_kernel_listen (family->kernels, 1, &port);
  g_autoptr (GSocketAddress) remote = net_address (family->kernels, port);
  g_autoptr (GError) error = NULL;
  g_autoptr (DpdkTcpSocket) socket =
      dpdk_tcp_socket_new (runtime, g_socket_address_get_family (remote), &error);
  NetEnd end = { .runtime = runtime };

  g_assert_no_error (error);
  if (prepare != NULL)
    prepare (DPDK_SOCKET (socket));
  end.connection = dpdk_tcp_socket_connect (socket, remote, NULL, &error);
  g_assert_no_error (error);
  end.fd = net_kernel_accept (listener);
  net_kernel_close (listener);
  end.socket = socket;
  return end;
}

NetEnd
net_end_accept (DpdkRuntime *runtime, const NetFamily *family, NetEndPrepare prepare)
{
  DpdkTcpListener *listener = net_listen (runtime, family->ours, 0);
  NetEnd end = { .runtime = runtime };

  if (prepare != NULL)
    prepare (DPDK_SOCKET (listener));
  end.fd = net_kernel_connect (family->ours, net_listener_get_port (listener));
  end.connection = net_accept (listener);
  end.socket = dpdk_tcp_connection_get_socket (end.connection);
  net_release (listener);
  return end;
}

void
net_end_clear (NetEnd *self)
{
  net_kernel_close (self->fd);
  net_close (self->connection);
  net_release (self->connection);
}

/* runs @test for both roles and both families */
void
net_end_for_each (void (*test) (NetEnd *end))
{
  DpdkRuntime *runtime = net_start ();

  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    for (guint role = 0; role < 2; role++)
      {
        NetEnd end = (role == 0 ? net_end_connect : net_end_accept) (runtime, &families[i], NULL);

        g_test_message ("%s, %s", families[i].ours, role == 0 ? "client" : "server");
        test (&end);
      }
  net_stop (runtime);
}

void
net_end_exchange (NetEnd *end)
{
  net_write_pattern (end->connection, 0, 5000);
  net_kernel_read_pattern (end->fd, 0, 5000);
  net_kernel_write_pattern (end->fd, 0, 5000);
  net_read_pattern (end->connection, 0, 5000);
}

DpdkTcpInfo
net_end_get_info (NetEnd *end)
{
  g_autoptr (GError) error = NULL;
  DpdkTcpInfo info;

  dpdk_tcp_socket_get_info (end->socket, &info, &error);
  g_assert_no_error (error);
  return info;
}
