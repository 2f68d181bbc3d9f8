/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-lcore-private.h"
#include "dpdk-packet-private.h"
#include "dpdk-tsan-private.h"

/**
 * DpdkPacket:
 *
 * A packet: a reference-counted handle on one buffer of a [class@Dpdk.Mempool], or on several that
 * are chained as its segments.
 *
 * A packet comes from [method@Dpdk.Mempool.acquire], from a [class@Dpdk.Port], or from data that
 * exists already. It goes home to its pool when its last reference is dropped, on any thread. Until
 * then it keeps the pool, and with it the [class@Dpdk.Eal].
 *
 * A packet has at most 64511 references, those of the clones of its data included. A thread that takes
 * a further one must have one that is its own.
 *
 * What changes a packet needs it for itself: while there is a second reference, which a [struct@GLib.Bytes]
 * of its data and a place in a [class@Dpdk.PacketCache] are too, it is refused with %DPDK_ERROR_BUSY.
 * So is writing to data that a clone shares, or that was wrapped from constant memory.
 * [func@Dpdk.Packet.make_writable] gives a copy where it is needed. In a child made by fork() packets
 * can be read, and every change is refused with %DPDK_ERROR_EAL_DEAD.
 *
 * ```c
 * g_autoptr (DpdkPacket) packet = dpdk_mempool_acquire (pool, &error);
 *
 * if (packet != NULL && dpdk_packet_append (packet, payload, sizeof payload, &error))
 *   dpdk_packet_prepend (packet, header, sizeof header, &error);
 * ```
 *
 * Since: 0.1
 */

G_DEFINE_BOXED_TYPE (DpdkPacket, dpdk_packet, dpdk_packet_ref, dpdk_packet_unref)

/**
 * dpdk_packet_ref:
 * @self: a packet
 *
 * Takes a reference. May be called from any thread that has one.
 *
 * Returns: (transfer full): @self
 *
 * Since: 0.1
 */
DpdkPacket *
dpdk_packet_ref (DpdkPacket *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  if (G_UNLIKELY (dpdk_eal_is_inert ()))
    return self;
  g_return_val_if_fail (dpdk_packet_may_ref (self), NULL);
  rte_pktmbuf_refcnt_update (dpdk_packet_native (self), 1);
  dpdk_held_take (dpdk_lcore_get_current_id (), 1);
  return self;
}

/* rte_pktmbuf_free(), with a look at each segment that goes home */
static void
free_and_poison (struct rte_mbuf *mbuf)
{
  while (mbuf != NULL)
    {
      struct rte_mbuf *next = mbuf->next;

      mbuf = rte_pktmbuf_prefree_seg (mbuf);
      if (mbuf != NULL)
        {
          dpdk_mempool_poison (mbuf);
          rte_mbuf_raw_free (mbuf);
        }
      mbuf = next;
    }
}

static G_GNUC_NO_INLINE void
release (DpdkPacket *self)
{
  guint attention = dpdk_mempool_get_attention ();

  if (dpdk_eal_is_inert ())
    return;
  if ((attention & DPDK_ATTENTION_CHECKS) &&
      !dpdk_mempool_check_release (dpdk_packet_native (self)))
    return;
  if (attention & DPDK_ATTENTION_POISON)
    free_and_poison (dpdk_packet_native (self));
  else
    rte_pktmbuf_free (dpdk_packet_native (self));
  dpdk_held_release (dpdk_lcore_get_current_id (), 1);
  if (attention & DPDK_ATTENTION_WAITERS)
    dpdk_mempool_wake_waiters ();
}

/* whether rte_pktmbuf_free() would do nothing but put the buffer back into its pool */
static inline gboolean
is_simple (const struct rte_mbuf *mbuf)
{
  return rte_mbuf_refcnt_read (mbuf) == 1 && RTE_MBUF_DIRECT (mbuf) && mbuf->next == NULL &&
         mbuf->nb_segs == 1;
}

/**
 * dpdk_packet_unref:
 * @self: (transfer full): a packet
 *
 * Drops a reference. With the last one the buffers go home to their pool.
 *
 * May be called from any thread.
 *
 * Since: 0.1
 */
void
dpdk_packet_unref (DpdkPacket *self)
{
  struct rte_mbuf *mbuf = dpdk_packet_native (self);
  unsigned int lcore = dpdk_lcore_current_id;
  struct rte_mempool_cache *cache;

  g_return_if_fail (self != NULL);

  dpdk_tsan_release ((void *const *) &self, 1);
  if (G_UNLIKELY (lcore >= RTE_MAX_LCORE || DPDK_MEMPOOL_IS_OBSERVED || dpdk_eal_is_inert () ||
                  dpdk_mempool_get_attention () != 0 || !is_simple (mbuf) ||
                  mbuf->pool->cache_size == 0))
    {
      release (self);
      return;
    }
  cache = &mbuf->pool->local_cache[lcore];
  if (G_UNLIKELY (cache->len >= __atomic_load_n (&cache->flushthresh, __ATOMIC_RELAXED)))
    {
      release (self);
      return;
    }
  cache->objs[cache->len++] = mbuf;
  dpdk_held_release (lcore, 1);
}

/**
 * dpdk_packet_unref_bulk: (skip)
 * @packets: (array length=n_packets): the packets
 * @n_packets: their number
 *
 * Drops a reference on each of several packets, which need not be of one pool. It is faster than to
 * drop them one by one.
 *
 * May be called from any thread.
 *
 * Since: 0.1
 */
void
dpdk_packet_unref_bulk (DpdkPacket **packets, guint n_packets)
{
  g_return_if_fail (packets != NULL || n_packets == 0);

  dpdk_tsan_release ((void *const *) packets, n_packets);
  if (G_UNLIKELY (dpdk_eal_is_inert () || dpdk_mempool_get_attention () != 0))
    {
      for (guint i = 0; i < n_packets; i++)
        release (packets[i]);
      return;
    }
  rte_pktmbuf_free_bulk ((struct rte_mbuf **) packets, n_packets);
  dpdk_held_release (dpdk_lcore_get_current_id (), n_packets);
}

/**
 * dpdk_packet_dup_mempool:
 * @self: a packet
 *
 * Gets the pool that the first segment came from. May be called from any thread.
 *
 * Returns: (transfer full) (nullable): the pool, or %NULL if it was not made by
 *   [ctor@Dpdk.Mempool.new]
 *
 * Since: 0.1
 */
DpdkMempool *
dpdk_packet_dup_mempool (DpdkPacket *self)
{
  DpdkMempool *mempool;

  g_return_val_if_fail (self != NULL, NULL);

  mempool = dpdk_mempool_from_native (dpdk_packet_native (self)->pool);
  return mempool != NULL ? g_object_ref (mempool) : NULL;
}

/**
 * dpdk_packet_get_length:
 * @self: a packet
 *
 * Gets the length of the packet, over all its segments.
 *
 * May be called from any thread that holds a reference.
 *
 * Returns: the length in bytes
 *
 * Since: 0.1
 */
gsize
dpdk_packet_get_length (DpdkPacket *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return rte_pktmbuf_pkt_len (dpdk_packet_native (self));
}

/**
 * dpdk_packet_get_data:
 * @self: a packet
 * @length: (out): return location for the length in bytes
 *
 * Gets the data of the first segment, which is the whole packet unless it is larger than a buffer.
 *
 * The data is valid as long as a reference is held. May be called from any thread that holds one.
 *
 * Returns: (transfer none) (array length=length): the data
 *
 * Since: 0.1
 */
const guint8 *
dpdk_packet_get_data (DpdkPacket *self, gsize *length)
{
  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (length != NULL, NULL);

  *length = rte_pktmbuf_data_len (dpdk_packet_native (self));
  return rte_pktmbuf_mtod (dpdk_packet_native (self), const guint8 *);
}

/**
 * dpdk_packet_get_n_segments:
 * @self: a packet
 *
 * Gets the number of buffers that the packet is made of.
 *
 * May be called from any thread that holds a reference.
 *
 * Returns: the number, which is at least 1
 *
 * Since: 0.1
 */
guint
dpdk_packet_get_n_segments (DpdkPacket *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return dpdk_packet_native (self)->nb_segs;
}

/**
 * dpdk_packet_get_segment_data:
 * @self: a packet
 * @index: number of the segment, from 0
 * @length: (out): return location for the length in bytes
 *
 * Gets the data of one segment. The data is valid as long as a reference is held.
 *
 * May be called from any thread that holds a reference.
 *
 * Returns: (transfer none) (nullable) (array length=length): the data, or %NULL if there are not as
 *   many segments
 *
 * Since: 0.1
 */
const guint8 *
dpdk_packet_get_segment_data (DpdkPacket *self, guint index, gsize *length)
{
  struct rte_mbuf *segment;

  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (length != NULL, NULL);

  *length = 0;
  for (segment = dpdk_packet_native (self); segment != NULL && index > 0; index--)
    segment = segment->next;
  if (segment == NULL)
    return NULL;
  *length = rte_pktmbuf_data_len (segment);
  return rte_pktmbuf_mtod (segment, const guint8 *);
}

/**
 * dpdk_packet_get_headroom:
 * @self: a packet
 *
 * Gets how many bytes can be put in front of the packet.
 *
 * May be called from any thread that holds a reference.
 *
 * Returns: the room in bytes
 *
 * Since: 0.1
 */
gsize
dpdk_packet_get_headroom (DpdkPacket *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return rte_pktmbuf_headroom (dpdk_packet_native (self));
}

/**
 * dpdk_packet_get_tailroom:
 * @self: a packet
 *
 * Gets how many bytes can be put behind those of the last segment.
 *
 * May be called from any thread that holds a reference.
 *
 * Returns: the room in bytes
 *
 * Since: 0.1
 */
gsize
dpdk_packet_get_tailroom (DpdkPacket *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return rte_pktmbuf_tailroom (rte_pktmbuf_lastseg (dpdk_packet_native (self)));
}
