/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-test-wire-private.h"

#include <sanitizer/asan_interface.h>
#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_eth_ring.h>
#include <rte_ethdev.h>
#include <unistd.h>

#define RING_SIZE 1024
#define POOL_CAPACITY 512
#define POOL_DATA_SIZE 9728
#define BURST 32

static GMutex ports_lock;
static struct {
  DpdkTestWire *wire;
  guint end;
} ports[RTE_MAX_ETHPORTS];

/* runs where the device is closed, after its last use */
static int
on_port_destroyed (uint16_t port_id, enum rte_eth_event_type type, void *data, void *result)
{
  DpdkTestWire *wire;

  g_mutex_lock (&ports_lock);
  wire = g_steal_pointer (&ports[port_id].wire);
  if (wire != NULL)
    g_atomic_int_set (&wire->open[ports[port_id].end], FALSE);
  g_mutex_unlock (&ports_lock);
  g_clear_pointer (&wire, dpdk_test_wire_unref);
  return 0;
}

/* for all ports at once, since a callback cannot be removed while it runs */
static gboolean
watch_ports (GError **error)
{
  static int native;
  static gsize initialized;

  if (g_once_init_enter (&initialized))
    {
      native = rte_eth_dev_callback_register (RTE_ETH_ALL, RTE_ETH_EVENT_DESTROY, on_port_destroyed,
                                              NULL);
      g_once_init_leave (&initialized, 1);
    }
  if (native == 0)
    return TRUE;
  g_set_error (error, DPDK_ERROR, DPDK_ERROR_FAILED,
               "DpdkTestLink: rte_eth_dev_callback_register: %s (error %d)", rte_strerror (-native),
               -native);
  return FALSE;
}

static struct rte_ring *
new_ring (DpdkTestWire *self, char kind, guint direction, guint queue, GError **error)
{
  g_autofree char *name =
      g_strdup_printf ("dpdktest%u%c%u_%u", self->number, kind, direction, queue);
  struct rte_ring *ring = rte_ring_create (name, RING_SIZE, SOCKET_ID_ANY, 0);

  if (ring == NULL)
    g_set_error (error, DPDK_ERROR, DPDK_ERROR_NO_MEMORY,
                 "DpdkTestLink: ring %s of %u packets: %s (error %d)", name, RING_SIZE,
                 rte_strerror (rte_errno), rte_errno);
  return ring;
}

static gboolean
make_rings (DpdkTestWire *self, GError **error)
{
  for (guint i = 0; i < 2; i++)
    for (guint queue = 0; queue < self->n_queues; queue++)
      {
        DpdkTestChannel *channel = &self->directions[i].channels[queue];

        channel->in = new_ring (self, 'i', i, queue, error);
        if (channel->in == NULL)
          return FALSE;
        channel->out = self->is_direct ? channel->in : new_ring (self, 'o', i, queue, error);
        if (channel->out == NULL)
          return FALSE;
      }
  return TRUE;
}

DpdkTestWire *
dpdk_test_wire_new (DpdkEal *eal, guint n_queues, gboolean is_direct, GError **error)
{
  static gint counter;
  DpdkTestWire *self;

  if (!watch_ports (error))
    return NULL;
  self = g_new0 (DpdkTestWire, 1);
  g_atomic_ref_count_init (&self->references);
  g_mutex_init (&self->lock);
  self->pid = getpid ();
  self->eal = g_object_ref (eal);
  self->number = (guint) g_atomic_int_add (&counter, 1);
  self->n_queues = n_queues;
  self->is_direct = is_direct;
  for (guint i = 0; i < 2; i++)
    {
      dpdk_test_direction_init (&self->directions[i], n_queues);
      self->up[i] = TRUE;
    }
  self->pool = dpdk_mempool_new (eal, POOL_CAPACITY, 0, POOL_DATA_SIZE, SOCKET_ID_ANY, error);
  if (self->pool == NULL || !make_rings (self, error))
    {
      dpdk_test_wire_unref (self);
      return NULL;
    }
  self->native_pool = rte_mempool_lookup (dpdk_mempool_get_name (self->pool));
  return self;
}

DpdkTestWire *
dpdk_test_wire_ref (DpdkTestWire *self)
{
  g_atomic_ref_count_inc (&self->references);
  return self;
}

static void
free_ring (struct rte_ring *ring)
{
  struct rte_mbuf *packets[BURST];
  guint n;

  if (ring == NULL)
    return;
  while ((n = rte_ring_dequeue_burst (ring, (void **) packets, BURST, NULL)) > 0)
    rte_pktmbuf_free_bulk (packets, n);
  rte_ring_free (ring);
}

void
dpdk_test_wire_unref (DpdkTestWire *self)
{
  /* in a child made by fork() the rings and buffers are the parent's */
  if (!g_atomic_ref_count_dec (&self->references) || self->pid != getpid ())
    return;
  for (guint i = 0; i < 2; i++)
    {
      dpdk_test_direction_clear (&self->directions[i], self->n_queues);
      for (guint queue = 0; queue < self->n_queues; queue++)
        {
          DpdkTestChannel *channel = &self->directions[i].channels[queue];

          free_ring (channel->in);
          if (!self->is_direct)
            free_ring (channel->out);
        }
    }
  g_clear_object (&self->pool);
  g_clear_object (&self->eal);
  g_mutex_clear (&self->lock);
  g_free (self);
}

char *
dpdk_test_wire_open_end (DpdkTestWire *self, guint end, GError **error)
{
  g_autofree char *name = g_strdup_printf ("test%u%c", self->number, 'a' + (char) end);
  struct rte_ring *rx[DPDK_TEST_WIRE_MAX_QUEUES], *tx[DPDK_TEST_WIRE_MAX_QUEUES];
  int port_id;

  for (guint queue = 0; queue < self->n_queues; queue++)
    {
      tx[queue] = self->directions[end].channels[queue].in;
      rx[queue] = self->directions[1 - end].channels[queue].out;
    }
  port_id = rte_eth_from_rings (name, rx, self->n_queues, tx, self->n_queues,
                                (unsigned int) MAX (rte_socket_id_by_idx (0), 0));
  if (port_id < 0)
    {
      g_set_error (error, DPDK_ERROR, DPDK_ERROR_FAILED,
                   "DpdkTestLink: rte_eth_from_rings (%s, %u queues): %s (error %d)", name,
                   self->n_queues, rte_strerror (rte_errno), rte_errno);
      return NULL;
    }
  self->port_ids[end] = (guint16) port_id;
  g_atomic_int_set (&self->open[end], TRUE);
  g_mutex_lock (&ports_lock);
  ports[port_id].wire = dpdk_test_wire_ref (self);
  ports[port_id].end = end;
  g_mutex_unlock (&ports_lock);
  return g_strconcat ("net_ring_", name, NULL);
}

/* of a device that no port has adopted */
void
dpdk_test_wire_close_end (DpdkTestWire *self, guint end)
{
  guint16 id = self->port_ids[end];
  struct rte_eth_dev_info info;

  if (!g_atomic_int_get (&self->open[end]) || rte_eth_dev_info_get (id, &info) != 0)
    return;
  rte_eth_dev_close (id);
  rte_dev_remove (info.device);
}

/* a pool poisons what comes home, and does not know that somebody takes from it without asking it */
static struct rte_mbuf *
unpoison (struct rte_mbuf *mbuf)
{
  for (struct rte_mbuf *segment = mbuf; segment != NULL; segment = segment->next)
    ASAN_UNPOISON_MEMORY_REGION (segment->buf_addr, segment->buf_len);
  return mbuf;
}

struct rte_mbuf *
dpdk_test_wire_copy (DpdkTestWire *self, struct rte_mbuf *mbuf)
{
  return unpoison (rte_pktmbuf_copy (mbuf, self->native_pool, 0, UINT32_MAX));
}

struct rte_mbuf *
dpdk_test_wire_alloc (DpdkTestWire *self)
{
  return unpoison (rte_pktmbuf_alloc (self->native_pool));
}

void
dpdk_test_wire_lock (DpdkTestWire *self)
{
  g_atomic_int_inc (&self->n_lock_waiters);
  g_mutex_lock (&self->lock);
  g_atomic_int_add (&self->n_lock_waiters, -1);
}

void
dpdk_test_wire_unlock (DpdkTestWire *self)
{
  g_mutex_unlock (&self->lock);
}
