/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-lwip.h"

#include "bench-report.h"
#include "bench-thread.h"

#include <dpdk-glib-testing.h>
#include <lwip/etharp.h>
#include <lwip/init.h>
#include <lwip/timeouts.h>
#include <netif/ethernet.h>
#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_lcore.h>

#define BURST 32
#define N_UNSENT (4 * BURST)
#define POOL_SIZE 16383
#define CACHE_SIZE 256
#define N_DESCRIPTORS 128
#define MTU 1500

static const char *const addresses[] = { "198.18.0.1", "198.18.0.2" };

typedef struct {
  struct netif netif;
  DpdkPort *port;
  guint16 port_id;
  guint peer;
  struct rte_mempool *pool;
  guint16 n_unsent;
  struct rte_mbuf *unsent[N_UNSENT];
  void (*start) (gpointer user_data);
  void (*look) (gpointer user_data);
  gpointer user_data;
  gint is_started;
} End;

struct _BenchLwip {
  DpdkEal *eal;
  DpdkTestLink *link;
  /* each end has its own, as on two machines */
  DpdkMempool *pools[2];
  End ends[2];
};

const char *
bench_lwip_get_address (guint peer)
{
  return addresses[peer];
}

/* in the private room of its mbuf, which is behind the struct */
static void
free_packet (struct pbuf *p)
{
  rte_pktmbuf_free ((struct rte_mbuf *) p - 1);
}

static void
flush (End *self)
{
  guint16 n = rte_eth_tx_burst (self->port_id, 0, self->unsent, self->n_unsent);

  self->n_unsent = (guint16) (self->n_unsent - n);
  if (self->n_unsent > 0)
    memmove (self->unsent, self->unsent + n, self->n_unsent * sizeof *self->unsent);
}

static err_t
link_output (struct netif *netif, struct pbuf *p)
{
  End *self = (End *) netif;
  struct rte_mbuf *mbuf;

  if (self->n_unsent == N_UNSENT)
    flush (self);
  mbuf = self->n_unsent < N_UNSENT ? rte_pktmbuf_alloc (self->pool) : NULL;
  if (mbuf == NULL)
    return ERR_MEM;
  pbuf_copy_partial (p, rte_pktmbuf_append (mbuf, p->tot_len), p->tot_len, 0);
  self->unsent[self->n_unsent++] = mbuf;
  return ERR_OK;
}

static err_t
init_netif (struct netif *netif)
{
  End *self = (End *) netif;

  netif->output = etharp_output;
  netif->linkoutput = link_output;
  netif->mtu = MTU;
  netif->hwaddr_len = ETH_HWADDR_LEN;
  netif->hwaddr[0] = 2;
  netif->hwaddr[5] = (u8_t) (self->peer + 1);
  netif->flags =
      NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_LINK_UP;
  return ERR_OK;
}

static void
receive (End *self)
{
  struct rte_mbuf *mbufs[BURST];
  guint16 n = rte_eth_rx_burst (self->port_id, 0, mbufs, BURST);

  for (guint16 i = 0; i < n; i++)
    {
      struct pbuf_custom *packet = rte_mbuf_to_priv (mbufs[i]);
      guint16 length = rte_pktmbuf_data_len (mbufs[i]);
      struct pbuf *p;

      if (i + 1 < n)
        rte_prefetch0 (rte_pktmbuf_mtod (mbufs[i + 1], void *));
      packet->custom_free_function = free_packet;
      p = pbuf_alloced_custom (PBUF_RAW, length, PBUF_REF, packet,
                               rte_pktmbuf_mtod (mbufs[i], void *), length);
      if (self->netif.input (p, &self->netif) != ERR_OK)
        pbuf_free (p);
    }
}

static gpointer
run (gpointer data)
{
  End *self = data;
  ip4_addr_t ip, mask, none = { 0 };
  guint64 next_timers = 0;

  bench_thread_pin (self->peer);
  if (rte_thread_register () != 0 || lwip_init_checked () != ERR_OK)
    g_error ("cannot start lwIP");
  ip4addr_aton (addresses[self->peer], &ip);
  ip4addr_aton ("255.255.255.0", &mask);
  netif_add (&self->netif, &ip, &mask, &none, NULL, init_netif, ethernet_input);
  netif_set_default (&self->netif);
  netif_set_up (&self->netif);
  self->start (self->user_data);
  g_atomic_int_set (&self->is_started, TRUE);
  while (TRUE)
    {
      guint64 now;

      receive (self);
      if (self->look != NULL)
        self->look (self->user_data);
      now = rte_rdtsc ();
      if (now >= next_timers)
        {
          sys_check_timeouts ();
          next_timers = now + rte_get_tsc_hz () / 1000;
        }
      if (self->n_unsent > 0)
        flush (self);
    }
  return NULL;
}

BenchLwip *
bench_lwip_new (void)
{
  BenchLwip *self = g_new0 (BenchLwip, 1);
  g_autoptr (GError) error = NULL;

  self->eal = dpdk_eal_new (NULL, &error);
  self->link = self->eal != NULL ? dpdk_test_link_new (self->eal, 1, &error) : NULL;
  if (self->link == NULL)
    bench_die (error);
  for (guint peer = 0; peer < 2; peer++)
    {
      End *end = &self->ends[peer];

      self->pools[peer] = dpdk_mempool_new (self->eal, POOL_SIZE, CACHE_SIZE, 2048, -1, &error);
      if (self->pools[peer] == NULL)
        bench_die (error);
      end->peer = peer;
      end->port = dpdk_test_link_get_port (self->link, peer);
      if (!dpdk_port_configure (end->port, self->pools[peer], 1, N_DESCRIPTORS, &error) ||
          !dpdk_port_start (end->port, &error))
        bench_die (error);
      end->port_id = (guint16) dpdk_port_get_id (end->port);
      end->pool = rte_mempool_lookup (dpdk_mempool_get_name (self->pools[peer]));
    }
  return self;
}

void
bench_lwip_start (BenchLwip *self, guint peer, void (*start) (gpointer user_data),
                  void (*look) (gpointer user_data), gpointer user_data)
{
  End *end = &self->ends[peer];

  end->start = start;
  end->look = look;
  end->user_data = user_data;
  g_thread_unref (g_thread_new ("lwip", run, end));
  while (!g_atomic_int_get (&end->is_started))
    g_usleep (1000);
}
