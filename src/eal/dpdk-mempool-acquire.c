/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-lcore-private.h"
#include "dpdk-packet-private.h"

/* what the application takes from a pool without waiting */

gboolean
dpdk_mempool_check_alive (DpdkMempool *self, GError **error)
{
  if (G_LIKELY (!dpdk_eal_is_inert () && self->native != NULL))
    return TRUE;
  g_set_error (error, DPDK_ERROR, DPDK_ERROR_EAL_DEAD,
               "DpdkMempool %s: the pool belongs to the parent of this process, or the process is "
               "ending",
               self->native != NULL ? self->native->name : "?");
  return FALSE;
}

void
dpdk_mempool_set_empty_error (DpdkMempool *self, guint n, GError **error)
{
  guint in_use;

  if (error == NULL)
    return;
  in_use = rte_mempool_in_use_count (self->native);
  if (n == 1 && in_use >= self->native->size)
    g_set_error (error, DPDK_ERROR, DPDK_ERROR_NO_MEMORY,
                 "DpdkMempool %s: all %u buffers are in use", self->native->name,
                 self->native->size);
  else
    g_set_error (
        error, DPDK_ERROR, DPDK_ERROR_NO_MEMORY,
        "DpdkMempool %s: %u buffers are not free: %u of %u are in use, and lcores may keep "
        "others for themselves",
        self->native->name, n, in_use, self->native->size);
}

void
dpdk_mempool_count_failure (DpdkMempool *self)
{
  unsigned int lcore = rte_lcore_id ();

  dpdk_mempool_count (&dpdk_mempool_counters_of (self, lcore)->n_failed, lcore, 1);
}

void
dpdk_mempool_note_packet (DpdkMempool *self, struct rte_mbuf *mbuf)
{
  unsigned int lcore = rte_lcore_id ();
  DpdkMempoolCounters *counters = dpdk_mempool_counters_of (self, lcore);
  guint n = 0;

  for (; mbuf != NULL; mbuf = mbuf->next, n++)
    dpdk_mempool_note_taken (mbuf, counters, lcore);
  dpdk_mempool_count (&counters->n_acquired, lcore, n);
  dpdk_mempool_sample_high_water (self);
}

static G_GNUC_NO_INLINE DpdkPacket *
acquire_failed (DpdkMempool *self, GError **error)
{
  if (dpdk_mempool_check_alive (self, error))
    dpdk_mempool_set_empty_error (self, 1, error);
  return NULL;
}

static G_GNUC_NO_INLINE DpdkPacket *
acquire_one (DpdkMempool *self, GError **error)
{
  unsigned int lcore = rte_lcore_id ();
  struct rte_mbuf *mbuf;

  if (dpdk_eal_is_inert () || self->native == NULL || !dpdk_mempool_take (self, lcore, &mbuf, 1))
    return acquire_failed (self, error);
  dpdk_held_take (lcore, 1);
  return (DpdkPacket *) mbuf;
}

/* dpdk_mempool_take() for the usual case: one buffer, on an lcore whose cache has it */
static inline DpdkPacket *
acquire_on (DpdkMempool *self, unsigned int lcore, GError **error)
{
  struct rte_mempool_cache *caches = self->caches, *cache;
  DpdkMempoolCounters *counters;
  struct rte_mbuf *mbuf;

  if (G_UNLIKELY (lcore >= RTE_MAX_LCORE || caches == NULL || DPDK_MEMPOOL_IS_OBSERVED ||
                  dpdk_eal_is_inert ()))
    return acquire_one (self, error);
  cache = &caches[lcore];
  if (G_UNLIKELY (cache->len == 0))
    return acquire_one (self, error);
  mbuf = cache->objs[--cache->len];
  counters = &self->counters[lcore];
  dpdk_mempool_note_taken (mbuf, counters, lcore);
  rte_pktmbuf_reset (mbuf);
  dpdk_mempool_count (&counters->n_acquired, lcore, 1);
  dpdk_held_take (lcore, 1);
  return (DpdkPacket *) mbuf;
}

/**
 * dpdk_mempool_acquire:
 * @self: a mempool
 * @error: return location for an error
 *
 * Takes an empty packet, without waiting.
 *
 * May be called from any thread. One that is registered with DPDK takes it from its own cache, any
 * other from the store that all share.
 *
 * Fails with %DPDK_ERROR_NO_MEMORY if no buffer is free. Those that other lcores keep in their
 * caches cannot be had.
 *
 * Returns: (transfer full): the packet
 *
 * Since: 0.1
 */
DpdkPacket *
dpdk_mempool_acquire (DpdkMempool *self, GError **error)
{
  g_return_val_if_fail (self != NULL, NULL);

  return acquire_on (self, dpdk_lcore_current_id, error);
}

/**
 * dpdk_mempool_acquire_cached:
 * @self: a mempool
 * @lcore: the handle of the calling thread
 * @error: return location for an error
 *
 * Takes an empty packet from the cache of an lcore, without waiting. The cache is filled from the
 * store that all share when it is empty.
 *
 * Fails with %DPDK_ERROR_WRONG_ROLE if @lcore is not that of the calling thread, and with
 * %DPDK_ERROR_NO_MEMORY if no buffer is free.
 *
 * Returns: (transfer full): the packet
 *
 * Since: 0.1
 */
DpdkPacket *
dpdk_mempool_acquire_cached (DpdkMempool *self, DpdkLcore *lcore, GError **error)
{
  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (lcore != NULL, NULL);

  if (G_UNLIKELY (!dpdk_lcore_is_current (lcore)))
    {
      dpdk_lcore_check_current (lcore, "dpdk_mempool_acquire_cached", error);
      return NULL;
    }
  return acquire_on (self, dpdk_lcore_current_id, error);
}

static gboolean
check_number (DpdkMempool *self, guint n, GError **error)
{
  if (G_LIKELY (n <= self->native->size))
    return TRUE;
  dpdk_mempool_count_failure (self);
  g_set_error (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT,
               "DpdkMempool %s: %u packets were asked for, but it has %u buffers only",
               self->native->name, n, self->native->size);
  return FALSE;
}

/**
 * dpdk_mempool_acquire_bulk: (skip)
 * @self: a mempool
 * @packets: (out caller-allocates) (array length=n_packets): where to put the packets
 * @n_packets: how many to take
 * @error: return location for an error
 *
 * Takes several empty packets, or none, without waiting. [func@Dpdk.Packet.unref_bulk] is the way
 * back.
 *
 * May be called from any thread.
 *
 * Fails with %DPDK_ERROR_NO_MEMORY if not as many buffers are free, and with
 * %DPDK_ERROR_INVALID_ARGUMENT if there are not as many at all.
 *
 * Returns: %TRUE on success
 *
 * Since: 0.1
 */
gboolean
dpdk_mempool_acquire_bulk (DpdkMempool *self, DpdkPacket **packets, guint n_packets, GError **error)
{
  unsigned int lcore = dpdk_lcore_get_current_id ();

  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (packets != NULL || n_packets == 0, FALSE);

  if (n_packets == 0)
    return TRUE;
  if (G_UNLIKELY (!dpdk_mempool_check_alive (self, error) ||
                  !check_number (self, n_packets, error)))
    return FALSE;
  if (G_UNLIKELY (!dpdk_mempool_take (self, lcore, (struct rte_mbuf **) packets, n_packets)))
    {
      dpdk_mempool_set_empty_error (self, n_packets, error);
      return FALSE;
    }
  dpdk_held_take (lcore, n_packets);
  return TRUE;
}

/**
 * dpdk_mempool_acquire_list: (rename-to dpdk_mempool_acquire_bulk)
 * @self: a mempool
 * @n_packets: how many to take
 * @error: return location for an error
 *
 * Takes several empty packets, or none, without waiting: dpdk_mempool_acquire_bulk() for other
 * languages.
 *
 * May be called from any thread.
 *
 * Fails with %DPDK_ERROR_NO_MEMORY if not as many buffers are free, and with
 * %DPDK_ERROR_INVALID_ARGUMENT if there are not as many at all.
 *
 * Returns: (transfer full) (element-type DpdkPacket): the packets
 *
 * Since: 0.1
 */
GList *
dpdk_mempool_acquire_list (DpdkMempool *self, guint n_packets, GError **error)
{
  g_autofree DpdkPacket **packets = NULL;
  GList *list = NULL;

  g_return_val_if_fail (DPDK_IS_MEMPOOL (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!dpdk_mempool_check_alive (self, error) || !check_number (self, n_packets, error))
    return NULL;
  packets = g_new (DpdkPacket *, n_packets);
  if (n_packets == 0 || !dpdk_mempool_acquire_bulk (self, packets, n_packets, error))
    return NULL;
  while (n_packets > 0)
    list = g_list_prepend (list, packets[--n_packets]);
  return list;
}
