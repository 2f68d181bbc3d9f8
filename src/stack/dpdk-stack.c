/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-stack-private.h"
#include "dpdk-thread-local-private.h"
#include "dpdk-tsan-private.h"

#include <lwip/init.h>
#include <lwip/netif.h>
#include <lwip/priv/tcp_memory.h>
#include <lwip/priv/thread_priv.h>
#include <lwip/stats.h>
#include <lwip/timeouts.h>
#include <rte_cycles.h>
#include <rte_mempool.h>

/* received data of fewer bytes pins a whole buffer each, and is copied as soon as there are fewer */
#define SMALL_DATA 512
#define SHORT_MEMORY_INTERVAL_MS 10u

DPDK_THREAD_LOCAL DpdkStack *dpdk_stack_current;

/* what a stack has without any connection does not count */
static void
set_aside_tables (DpdkStack *self)
{
  dpdk_stack_budget_add (self->budget, -self->budget->used);
}

DpdkStack *
dpdk_stack_new (const DpdkStackPeers *peers, DpdkStackBudget *budget)
{
  DpdkStack *self = g_new0 (DpdkStack, 1);

  g_assert (dpdk_stack_current == NULL);
  dpdk_stack_current = self;
  self->budget = dpdk_stack_budget_ref (budget);
  self->slab = dpdk_slab_new (budget);
  self->peers = *peers;
  self->interfaces = g_ptr_array_new_with_free_func ((GDestroyNotify) dpdk_stack_interface_free);
  dpdk_stack_set_time (self, rte_rdtsc ());
  if (lwip_init_checked () != ERR_OK)
    {
      dpdk_stack_free (self);
      return NULL;
    }
  self->lwip_statistics = &lwip_stats;
  set_aside_tables (self);
  return self;
}

/* all connections must be gone; buffers that wait for fragments or for neighbours go home here */
void
dpdk_stack_free (DpdkStack *self)
{
  g_assert (dpdk_stack_current == self);
  g_clear_pointer (&self->interfaces, g_ptr_array_unref);
  lwip_fini ();
  while (self->packets != NULL)
    pbuf_free (&self->packets->pbuf.pbuf);
  dpdk_slab_free (self->slab);
  set_aside_tables (self);
  dpdk_stack_budget_unref (self->budget);
  dpdk_stack_current = NULL;
  g_free (self);
}

gboolean
dpdk_stack_add_interface (DpdkStack *self, const DpdkStackInterfaceConfig *config)
{
  DpdkStackInterface *interface = dpdk_stack_interface_new (self, config);

  if (interface == NULL)
    return FALSE;
  g_ptr_array_add (self->interfaces, interface);
  self->max_packets += config->pool != NULL ? config->pool->size / 4 : 0;
  g_atomic_int_set (&self->budget->max_views, (gint) self->max_packets);
  set_aside_tables (self);
  return TRUE;
}

static void
watch_memory (DpdkStack *self)
{
  gboolean is_short = dpdk_stack_get_memory_level (self) != TCP_MEMORY_PLENTY;

  if (G_LIKELY (is_short == self->memory_is_short))
    return;
  self->memory_is_short = is_short;
  tcp_memory_changed (is_short);
}

gboolean
dpdk_stack_refuses_connection (DpdkStack *self)
{
  return tcp_memory_refuses_connection () != 0;
}

void
dpdk_stack_set_time (DpdkStack *self, guint64 cycles)
{
  guint64 cycles_per_ms;

  if (G_LIKELY (cycles < self->next_ms))
    return;
  cycles_per_ms = rte_get_tsc_hz () / 1000;
  self->now_ms = (guint32) (cycles / cycles_per_ms);
  self->next_ms = (cycles / cycles_per_ms + 1) * cycles_per_ms;
}

guint
dpdk_stack_receive (DpdkStack *self)
{
  guint n = 0;

  for (guint i = 0; i < self->interfaces->len; i++)
    n += dpdk_stack_interface_receive (g_ptr_array_index (self->interfaces, i));
  self->statistics.rx_packets += n;
  if (netif_num_looped > 0)
    netif_poll_all ();
  watch_memory (self);
  return n;
}

static DpdkStackInterface *
find_interface (DpdkStack *self, guint index)
{
  for (guint i = 0; i < self->interfaces->len; i++)
    {
      DpdkStackInterface *candidate = g_ptr_array_index (self->interfaces, i);

      if (candidate->index == index)
        return candidate;
    }
  return NULL;
}

void
dpdk_stack_set_link_up (DpdkStack *self, guint interface, gboolean link_up)
{
  DpdkStackInterface *found = find_interface (self, interface);

  if (found != NULL)
    dpdk_stack_interface_set_link_up (found, link_up);
}

void
dpdk_stack_set_mac (DpdkStack *self, guint interface, const guint8 mac[6])
{
  DpdkStackInterface *found = find_interface (self, interface);

  if (found != NULL)
    dpdk_stack_interface_set_mac (found, mac);
}

void
dpdk_stack_set_mtu (DpdkStack *self, guint interface, guint mtu)
{
  DpdkStackInterface *found = find_interface (self, interface);

  if (found != NULL)
    dpdk_stack_interface_set_mtu (found, mtu);
}

void
dpdk_stack_remove_interface (DpdkStack *self, guint interface)
{
  DpdkStackInterface *found = find_interface (self, interface);

  if (found != NULL)
    g_ptr_array_remove (self->interfaces, found);
}

gboolean
dpdk_stack_has_address (DpdkStack *self, guint interface, gboolean is_v6, const guint8 *address)
{
  DpdkStackInterface *found = find_interface (self, interface);

  return found != NULL && dpdk_stack_interface_find_netif (found, is_v6, address) != NULL;
}

void
dpdk_stack_input (DpdkStack *self, guint interface, struct rte_mbuf *mbuf, gboolean is_datagram)
{
  DpdkStackInterface *found = find_interface (self, interface);

  if (found == NULL)
    rte_pktmbuf_free (mbuf);
  else if (is_datagram)
    dpdk_stack_interface_input_datagram (found, mbuf);
  else
    dpdk_stack_interface_input (found, mbuf);
}

void
dpdk_stack_run_timers (DpdkStack *self)
{
  sys_check_timeouts ();
}

/* milliseconds to the next timer, -1 if there is none */
gint64
dpdk_stack_get_timeout (DpdkStack *self)
{
  u32_t sleep_time = sys_timeouts_sleeptime ();

  /* nobody tells when readers give memory back */
  if (self->memory_is_short)
    sleep_time = MIN (sleep_time, SHORT_MEMORY_INTERVAL_MS);
  return sleep_time == SYS_TIMEOUTS_SLEEPTIME_INFINITE ? -1 : (gint64) sleep_time;
}

void
dpdk_stack_flush (DpdkStack *self)
{
  for (guint i = 0; i < self->interfaces->len; i++)
    dpdk_stack_interface_flush (g_ptr_array_index (self->interfaces, i));
}

/* packets that wait for the device or for ourselves */
gboolean
dpdk_stack_has_output (DpdkStack *self)
{
  for (guint i = 0; i < self->interfaces->len; i++)
    if (((DpdkStackInterface *) g_ptr_array_index (self->interfaces, i))->n_unsent > 0)
      return TRUE;
  return netif_num_looped > 0;
}

/* @err and @proterr mean a bad header in some protocols only; not all count as dropped what they count
   as damaged */
#define ADD_PROTOCOL(statistics, protocol, headers)                                                \
  G_STMT_START                                                                                     \
  {                                                                                                \
    guint64 malformed_ = (guint64) (protocol).chkerr + (protocol).lenerr + (headers);              \
                                                                                                   \
    (statistics)->rx_malformed += malformed_;                                                      \
    (statistics)->rx_dropped += MAX (malformed_, (guint64) (protocol).drop);                       \
  }                                                                                                \
  G_STMT_END

/* may be called from any thread while the stack lives: the counters are read one by one */
DPDK_TSAN_READS_COUNTERS void
dpdk_stack_get_statistics (DpdkStack *self, DpdkStackStatistics *statistics)
{
  const struct stats_ *s = self->lwip_statistics;

  *statistics = self->statistics;
  ADD_PROTOCOL (statistics, s->etharp, s->etharp.proterr);
  ADD_PROTOCOL (statistics, s->ip_frag, 0);
  ADD_PROTOCOL (statistics, s->ip, s->ip.err);
  ADD_PROTOCOL (statistics, s->icmp, 0);
  ADD_PROTOCOL (statistics, s->igmp, 0);
  ADD_PROTOCOL (statistics, s->udp, 0);
  ADD_PROTOCOL (statistics, s->tcp, 0);
  ADD_PROTOCOL (statistics, s->ip6, s->ip6.err);
  ADD_PROTOCOL (statistics, s->icmp6, 0);
  ADD_PROTOCOL (statistics, s->ip6_frag, 0);
  ADD_PROTOCOL (statistics, s->mld6, 0);
  ADD_PROTOCOL (statistics, s->nd6, 0);
}

gboolean
dpdk_stack_is_reachable (DpdkStack *self, gboolean is_v6, const guint8 *address)
{
  for (guint i = 0; i < self->interfaces->len; i++)
    if (dpdk_stack_interface_reaches (g_ptr_array_index (self->interfaces, i), is_v6, address))
      return TRUE;
  return FALSE;
}

/* buffers that are not free for the device */
static guint
count_held (DpdkStack *self)
{
  return self->n_packets + (guint) g_atomic_int_get (&self->budget->n_views);
}

gboolean
dpdk_stack_should_copy (DpdkStack *self, const struct pbuf *p)
{
  return count_held (self) > (p->tot_len < SMALL_DATA ? self->max_packets / 4 : self->max_packets);
}

gboolean
dpdk_stack_is_short_of_buffers (DpdkStack *self)
{
  return count_held (self) > self->max_packets;
}

gboolean
dpdk_stack_is_out_of_memory (DpdkStack *self)
{
  return dpdk_stack_get_memory_level (self) == TCP_MEMORY_FULL;
}

guint
dpdk_stack_get_room (DpdkStack *self)
{
  guint room = G_MAXUINT;

  for (guint i = 0; i < self->interfaces->len; i++)
    {
      const DpdkStackInterface *interface = g_ptr_array_index (self->interfaces, i);

      room = MIN (room, G_N_ELEMENTS (interface->unsent) - interface->n_unsent);
    }
  return room;
}

struct rte_mempool *
dpdk_stack_get_pool (DpdkStack *self)
{
  return self->interfaces->len > 0
             ? ((const DpdkStackInterface *) g_ptr_array_index (self->interfaces, 0))->pool
             : NULL;
}
