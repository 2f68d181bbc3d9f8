/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-streams.h"

#include "bench-report.h"
#include "bench-socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>

#define PORT 1000

void
bench_streams_open_ours (BenchStreams *self, BenchPeers *peers)
{
  g_autoptr (DpdkTcpListener) listener = bench_peers_listen (peers, PORT);
  g_autoptr (GSocketAddress) address = bench_peers_new_address (PORT);
  g_autoptr (GError) error = NULL;
  g_autoptr (DpdkTcpSocket) socket = dpdk_tcp_socket_new (
      bench_peers_get_runtime (peers, BENCH_PEERS_CLIENT), G_SOCKET_FAMILY_IPV4, &error);
  DpdkTcpConnection *client, *server = NULL;

  client = socket != NULL ? dpdk_tcp_socket_connect (socket, address, NULL, &error) : NULL;
  if (client != NULL)
    server = dpdk_tcp_listener_accept (listener, NULL, &error);
  if (server == NULL)
    bench_die (error);
  dpdk_tcp_socket_set_nodelay (dpdk_tcp_connection_get_socket (client), TRUE);
  dpdk_tcp_socket_set_nodelay (dpdk_tcp_connection_get_socket (server), TRUE);
  self->ends[BENCH_PEERS_SERVER] = G_IO_STREAM (server);
  self->ends[BENCH_PEERS_CLIENT] = G_IO_STREAM (client);
}

static void
open_listener (gpointer user_data)
{
  *(int *) user_data = bench_socket_listen (bench_veth_get_address (BENCH_VETH_SERVER), PORT, 1);
}

static void
open_client (gpointer user_data)
{
  *(int *) user_data = bench_socket_connect (bench_veth_get_address (BENCH_VETH_SERVER), PORT);
}

static void
wait_until (int fd, short events)
{
  struct pollfd poll_fd = { .fd = fd, .events = events };

  bench_socket_check (poll (&poll_fd, 1, -1), "poll");
}

static GIOStream *
new_stream (int fd)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) socket = g_socket_new_from_fd (fd, &error);

  if (socket == NULL || !g_socket_set_option (socket, IPPROTO_TCP, TCP_NODELAY, TRUE, &error))
    bench_die (error);
  return G_IO_STREAM (g_socket_connection_factory_create_connection (socket));
}

void
bench_streams_open_kernel (BenchStreams *self, BenchVeth *veth)
{
  int listener, client;

  bench_netns_call (bench_veth_get_netns (veth, BENCH_VETH_SERVER), open_listener, &listener);
  bench_netns_call (bench_veth_get_netns (veth, BENCH_VETH_CLIENT), open_client, &client);
  wait_until (listener, POLLIN);
  self->ends[BENCH_VETH_SERVER] =
      new_stream (bench_socket_check (bench_socket_accept (listener), "accept"));
  wait_until (client, POLLOUT);
  self->ends[BENCH_VETH_CLIENT] = new_stream (client);
}
