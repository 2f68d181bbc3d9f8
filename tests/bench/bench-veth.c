/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-veth.h"

#include "bench-socket.h"
#include "bench-thread.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *const addresses[] = { "198.18.0.1", "198.18.0.2" };
static const char *const links[] = { "bench0", "bench1" };

typedef struct {
  guint peer;
  BenchNetns *netns;
  guint mtu;
  BenchNetnsFunc func;
  gpointer user_data;
} End;

struct _BenchVeth {
  End ends[2];
};

const char *
bench_veth_get_address (guint peer)
{
  return addresses[peer];
}

const char *
bench_veth_get_interface (guint peer)
{
  return links[peer];
}

BenchNetns *
bench_veth_get_netns (BenchVeth *self, guint peer)
{
  return self->ends[peer].netns;
}

static void
create (gpointer user_data)
{
  BenchVeth *self = user_data;

  bench_netns_run_command ("ip link add %s type veth peer name %s netns %d", links[0], links[1],
                           (int) bench_netns_get_id (self->ends[1].netns));
}

static void
set_up (gpointer user_data)
{
  const End *end = user_data;

  bench_netns_run_command ("ip link set lo up && ip address add %s/24 dev %s && "
                           "ip link set %s mtu %u up && "
                           "sysctl -qw net.ipv4.ip_local_port_range='10000 65535'",
                           addresses[end->peer], links[end->peer], links[end->peer], end->mtu);
}

BenchVeth *
bench_veth_new (guint mtu)
{
  BenchVeth *self = g_new0 (BenchVeth, 1);

  for (guint peer = 0; peer < 2; peer++)
    self->ends[peer] = (End){ .peer = peer, .mtu = mtu, .netns = bench_netns_new () };
  bench_netns_call (self->ends[0].netns, create, self);
  for (guint peer = 0; peer < 2; peer++)
    bench_netns_call (self->ends[peer].netns, set_up, &self->ends[peer]);
  return self;
}

static void
run_pinned (gpointer user_data)
{
  End *end = user_data;

  bench_thread_pin (end->peer);
  end->func (end->user_data);
}

void
bench_veth_run (BenchVeth *self, guint peer, void (*func) (gpointer user_data), gpointer user_data)
{
  End *end = &self->ends[peer];

  end->func = func;
  end->user_data = user_data;
  bench_netns_start (end->netns, run_pinned, end);
}

/* sysfs shows the network of who has mounted it */
static void
spread (gpointer user_data)
{
  const End *end = user_data;

  bench_netns_run_command ("unshare --mount sh -c 'mount -t sysfs sysfs /sys && "
                           "echo %x > /sys/class/net/%s/queues/rx-0/rps_cpus'",
                           1u << bench_thread_get_cpu (end->peer), links[end->peer]);
}

void
bench_veth_spread (BenchVeth *self)
{
  for (guint peer = 0; peer < 2; peer++)
    bench_netns_call (self->ends[peer].netns, spread, &self->ends[peer]);
}

static void
enable_checksums (gpointer user_data)
{
  const End *end = user_data;
  struct ethtool_value value = { .cmd = ETHTOOL_STXCSUM, .data = 0 };
  struct ifreq request = { .ifr_data = (void *) &value };
  int fd = bench_socket_check (socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");

  g_strlcpy (request.ifr_name, links[end->peer], sizeof request.ifr_name);
  bench_socket_check (ioctl (fd, SIOCETHTOOL, &request), "ETHTOOL_STXCSUM");
  close (fd);
}

void
bench_veth_enable_checksums (BenchVeth *self)
{
  for (guint peer = 0; peer < 2; peer++)
    bench_netns_call (self->ends[peer].netns, enable_checksums, &self->ends[peer]);
}
