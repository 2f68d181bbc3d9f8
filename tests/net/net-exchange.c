/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net-exchange.h"

#include "net-kernel.h"

void
net_exchange_on (DpdkTcpConnection *connection, int fd)
{
  const guint64 size = 256 * 1024;
  g_autoptr (GError) error = NULL;

  for (guint64 done = 0; done < size; done += 65536)
    {
      net_write_pattern (connection, done, 65536);
      net_kernel_read_pattern (fd, done, 65536);
      net_kernel_write_pattern (fd, done, 65536);
      net_read_pattern (connection, done, 65536);
    }
  dpdk_tcp_connection_shutdown (connection, FALSE, TRUE, &error);
  g_assert_no_error (error);
  net_kernel_assert_at_end (fd);
  net_kernel_close (fd);
  net_assert_at_end (connection);
  net_close (connection);
  net_release (connection);
}

void
net_exchange (DpdkRuntime *runtime, const NetFamily *family)
{
  DpdkTcpListener *listener = net_listen (runtime, family->ours, 0);
  int fd = net_kernel_connect (family->ours, net_listener_get_port (listener));
  guint16 port = 0;
  int kernel_listener;
  DpdkTcpConnection *connection;

  net_exchange_on (net_accept (listener), fd);
  net_release (listener);
  kernel_listener = net_kernel_listen (family->kernels, 1, &port);
  connection = net_connect (runtime, family->kernels, port);
  net_exchange_on (connection, net_kernel_accept (kernel_listener));
  net_kernel_close (kernel_listener);
}
