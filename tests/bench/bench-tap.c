/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-tap.h"

#include "bench-report.h"
#include "bench-socket.h"
#include "bench-thread.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <rte_ethdev.h>
#include <rte_lcore.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define BURST 32
#define POOL_SIZE 16383
#define DATA_SIZE 2048
#define CACHE_SIZE 256
#define N_DESCRIPTORS 1024
/* the queue of an interface drops what does not fit */
#define QUEUE_LENGTH 10000

static const char *const addresses[] = { "198.18.0.1", "198.18.0.2" };
static const char *const names[] = { "bench0", "bench1" };

typedef struct {
  guint peer;
  BenchNetns *netns;
  int fd;
  DpdkPort *port;
  guint16 port_id;
  /* the link has no room for it yet */
  struct rte_mbuf *unsent;
} End;

struct _BenchTap {
  DpdkEal *eal;
  DpdkTestLink *link;
  DpdkMempool *pool;
  struct rte_mempool *native_pool;
  End ends[2];
};

DpdkTestLink *
bench_tap_get_link (BenchTap *self)
{
  return self->link;
}

BenchNetns *
bench_tap_get_netns (BenchTap *self, guint peer)
{
  return self->ends[peer].netns;
}

const char *
bench_tap_get_address (guint peer)
{
  return addresses[peer];
}

static void
open_tap (gpointer user_data)
{
  End *end = user_data;
  struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI };

  end->fd =
      bench_socket_check (open ("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC), "/dev/net/tun");
  g_strlcpy (request.ifr_name, names[end->peer], sizeof request.ifr_name);
  bench_socket_check (ioctl (end->fd, TUNSETIFF, &request), "TUNSETIFF");
  bench_netns_run_command ("sysctl -qw net.ipv6.conf.all.disable_ipv6=1 && "
                           "ip address add %s/24 dev %s && ip link set %s txqueuelen %d up",
                           addresses[end->peer], names[end->peer], names[end->peer], QUEUE_LENGTH);
}

/* the kernel sends as fast as this reads, since its queue is long, and loses nothing here */
static guint
move_to_link (BenchTap *self, End *end)
{
  guint n;

  for (n = 0; n < BURST; n++)
    {
      if (end->unsent == NULL)
        {
          struct rte_mbuf *mbuf = rte_pktmbuf_alloc (self->native_pool);
          ssize_t size;

          if (mbuf == NULL)
            break;
          size = read (end->fd, rte_pktmbuf_mtod (mbuf, void *), rte_pktmbuf_tailroom (mbuf));
          if (size <= 0)
            {
              rte_pktmbuf_free (mbuf);
              break;
            }
          rte_pktmbuf_append (mbuf, (guint16) size);
          end->unsent = mbuf;
        }
      if (rte_eth_tx_burst (end->port_id, 0, &end->unsent, 1) == 0)
        break;
      end->unsent = NULL;
    }
  return n;
}

static guint
move_from_link (End *end)
{
  struct rte_mbuf *mbufs[BURST];
  guint16 n = rte_eth_rx_burst (end->port_id, 0, mbufs, BURST);

  for (guint16 i = 0; i < n; i++)
    bench_socket_check (
        (int) write (end->fd, rte_pktmbuf_mtod (mbufs[i], void *), rte_pktmbuf_data_len (mbufs[i])),
        "write to a tap");
  rte_pktmbuf_free_bulk (mbufs, n);
  return n;
}

/* polls, as our workers do, but leaves the cores to the sockets' threads if they want them */
static gpointer
bridge (gpointer data)
{
  BenchTap *self = data;

  bench_thread_lower ();
  if (rte_thread_register () != 0)
    g_error ("cannot register a thread");
  while (TRUE)
    {
      guint n = 0;

      for (guint peer = 0; peer < 2; peer++)
        n += move_to_link (self, &self->ends[peer]) + move_from_link (&self->ends[peer]);
      if (n == 0)
        g_thread_yield ();
    }
  return NULL;
}

BenchTap *
bench_tap_new (const DpdkTestImpairment *impairment)
{
  BenchTap *self = g_new0 (BenchTap, 1);
  g_autoptr (GError) error = NULL;

  self->eal = dpdk_eal_new (NULL, &error);
  self->link =
      self->eal != NULL ? dpdk_test_link_new_impaired (self->eal, 1, impairment, &error) : NULL;
  self->pool = self->link != NULL
                   ? dpdk_mempool_new (self->eal, POOL_SIZE, CACHE_SIZE, DATA_SIZE, -1, &error)
                   : NULL;
  if (self->pool == NULL)
    bench_die (error);
  self->native_pool = rte_mempool_lookup (dpdk_mempool_get_name (self->pool));
  for (guint peer = 0; peer < 2; peer++)
    {
      End *end = &self->ends[peer];

      end->peer = peer;
      end->netns = bench_netns_new ();
      bench_netns_call (end->netns, open_tap, end);
      end->port = dpdk_test_link_get_port (self->link, peer);
      if (!dpdk_port_configure (end->port, self->pool, 1, N_DESCRIPTORS, &error) ||
          !dpdk_port_start (end->port, &error))
        bench_die (error);
      end->port_id = (guint16) dpdk_port_get_id (end->port);
    }
  g_thread_unref (g_thread_new ("bridge", bridge, self));
  return self;
}
