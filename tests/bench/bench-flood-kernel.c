/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-flood.h"
#include "bench-socket.h"
#include "bench-thread.h"
#include "bench-veth.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 4096
#define BURST 32

typedef struct {
  BenchVeth *veth;
  guint8 server_mac[6];
  int listener;
  int packets;
  BenchFlood flood;
  GArray *times;
  /* of the round, in monotonic time */
  gint64 end;
} Contender;

static void
set_up_server (gpointer user_data)
{
  Contender *self = user_data;
  struct ifreq request = { 0 };

  /* answers to hosts that are not there leave by the way that the SYNs came */
  bench_netns_run_command ("ip route add default via %s",
                           bench_veth_get_address (BENCH_VETH_CLIENT));
  self->listener =
      bench_socket_listen (bench_veth_get_address (BENCH_VETH_SERVER), BENCH_FLOOD_PORT, BACKLOG);
  g_strlcpy (request.ifr_name, bench_veth_get_interface (BENCH_VETH_SERVER),
             sizeof request.ifr_name);
  bench_socket_check (ioctl (self->listener, SIOCGIFHWADDR, &request), "SIOCGIFHWADDR");
  memcpy (self->server_mac, request.ifr_hwaddr.sa_data, sizeof self->server_mac);
}

static void
set_up_client (gpointer user_data)
{
  Contender *self = user_data;
  struct sockaddr_ll address = {
    .sll_family = AF_PACKET,
    .sll_ifindex = (int) if_nametoindex (bench_veth_get_interface (BENCH_VETH_CLIENT)),
  };

  /* of no protocol: it receives nothing */
  self->packets = bench_socket_check (socket (AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), "AF_PACKET");
  bench_socket_check (bind (self->packets, (struct sockaddr *) &address, sizeof address), "bind");
  bench_socket_set (self->packets, SOL_PACKET, PACKET_QDISC_BYPASS, 1, "PACKET_QDISC_BYPASS");
}

static void
accept_all (gpointer user_data)
{
  Contender *self = user_data;
  struct pollfd poll_fd = { .fd = self->listener, .events = POLLIN };
  int fd;

  while (TRUE)
    {
      bench_socket_check (poll (&poll_fd, 1, -1), "poll");
      while ((fd = bench_socket_accept (self->listener)) >= 0)
        close (fd);
    }
}

typedef struct {
  guint8 frames[BURST][BENCH_FLOOD_FRAME_SIZE];
  struct iovec vectors[BURST];
  struct mmsghdr messages[BURST];
} Burst;

static void
burst_init (Burst *self)
{
  memset (self, 0, sizeof *self);
  for (guint i = 0; i < BURST; i++)
    {
      self->vectors[i] = (struct iovec){ self->frames[i], sizeof self->frames[i] };
      self->messages[i].msg_hdr.msg_iov = &self->vectors[i];
      self->messages[i].msg_hdr.msg_iovlen = 1;
    }
}

static void
flood (Contender *self, Burst *burst)
{
  guint n = bench_flood_get_due (&self->flood, BURST);
  int n_taken;

  if (n == 0)
    return;
  for (guint i = 0; i < n; i++)
    bench_flood_make (&self->flood, self->server_mac, burst->frames[i]);
  n_taken = sendmmsg (self->packets, burst->messages, n, 0);
  if (n_taken < 0 && errno != ENOBUFS)
    bench_socket_check (-1, "sendmmsg");
  self->flood.n_sent -= n - (guint) MAX (n_taken, 0);
}

static gboolean
is_connected (int fd)
{
  struct pollfd poll_fd = { .fd = fd, .events = POLLOUT };
  int result = 0;
  socklen_t size = sizeof result;

  if (bench_socket_check (poll (&poll_fd, 1, 0), "poll") == 0)
    return FALSE;
  bench_socket_check (getsockopt (fd, SOL_SOCKET, SO_ERROR, &result, &size), "SO_ERROR");
  if (result != 0)
    g_error ("connect: %s", g_strerror (result));
  return TRUE;
}

static void
connect_one (Contender *self, Burst *burst)
{
  gint64 started = g_get_monotonic_time ();
  int fd = bench_socket_connect (bench_veth_get_address (BENCH_VETH_SERVER), BENCH_FLOOD_PORT);
  double ns;

  while (!is_connected (fd))
    flood (self, burst);
  ns = (double) (g_get_monotonic_time () - started) * 1000;
  g_array_append_val (self->times, ns);
  bench_socket_reset (fd);
}

/* the flood goes on while a connection waits, as on a worker of ours */
static void
connect_all (gpointer user_data)
{
  Contender *self = user_data;
  Burst burst;

  bench_thread_pin (BENCH_VETH_CLIENT);
  burst_init (&burst);
  do
    {
      connect_one (self, &burst);
      flood (self, &burst);
    }
  while (g_get_monotonic_time () < self->end);
}

static gpointer
start (const char *argument)
{
  Contender *self = g_new0 (Contender, 1);

  self->times = g_array_new (FALSE, FALSE, sizeof (double));
  self->veth = bench_veth_new (1500);
  bench_veth_spread (self->veth);
  bench_netns_call (bench_veth_get_netns (self->veth, BENCH_VETH_SERVER), set_up_server, self);
  bench_netns_call (bench_veth_get_netns (self->veth, BENCH_VETH_CLIENT), set_up_client, self);
  bench_veth_run (self->veth, BENCH_VETH_SERVER, accept_all, self);
  return self;
}

static guint
run (gpointer contender, const char *command, double values[BENCH_CHILD_MAX_VALUES])
{
  Contender *self = contender;
  const BenchFloodRound round = bench_flood_round_parse (command);

  g_array_set_size (self->times, 0);
  bench_flood_begin (&self->flood, round.rate);
  self->end = g_get_monotonic_time () + round.ms * G_TIME_SPAN_MILLISECOND;
  bench_netns_call (bench_veth_get_netns (self->veth, BENCH_VETH_CLIENT), connect_all, self);
  return bench_flood_summarize (&self->flood, self->times, values);
}

const BenchContender bench_flood_kernel = { "kernel", start, run };
