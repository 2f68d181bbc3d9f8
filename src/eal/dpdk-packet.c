/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-eal-private.h"
#include "dpdk-held-private.h"
#include "dpdk-mempool-private.h"

#include <string.h>

/**
 * DpdkPacket:
 *
 * A packet: a reference-counted handle on one buffer of a [class@Dpdk.Mempool].
 *
 * A packet goes home to its pool when its last reference is dropped, on any thread. Until then it
 * keeps the pool, and with it the [class@Dpdk.Eal].
 *
 * ```c
 * g_autoptr (DpdkPacket) packet = dpdk_packet_new (pool, &error);
 *
 * if (packet != NULL)
 *   dpdk_packet_append (packet, frame, sizeof frame, &error);
 * ```
 *
 * Since: 0.1
 */

/* a packet is the buffer itself: a burst of packets is a burst of DPDK without a copy */
static inline struct rte_mbuf *
packet_native (DpdkPacket *self)
{
  return (struct rte_mbuf *) self;
}

G_DEFINE_BOXED_TYPE (DpdkPacket, dpdk_packet, dpdk_packet_ref, dpdk_packet_unref)

/**
 * dpdk_packet_new:
 * @mempool: the pool
 * @error: return location for an error
 *
 * Takes an empty packet from a pool.
 *
 * May be called from any thread.
 *
 * Fails with %DPDK_ERROR_NO_MEMORY if all buffers are in use.
 *
 * Returns: (transfer full): the packet
 *
 * Since: 0.1
 */
DpdkPacket *
dpdk_packet_new (DpdkMempool *mempool, GError **error)
{
  struct rte_mempool *native;
  struct rte_mbuf *mbuf;

  g_return_val_if_fail (DPDK_IS_MEMPOOL (mempool), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  native = dpdk_mempool_get_native (mempool);
  if (dpdk_eal_is_inert ())
    {
      g_set_error_literal (error, DPDK_ERROR, DPDK_ERROR_EAL_DEAD,
                           "DpdkPacket: the pool belongs to the parent of this process");
      return NULL;
    }
  mbuf = native != NULL ? rte_pktmbuf_alloc (native) : NULL;
  if (mbuf == NULL)
    {
      g_set_error (error, DPDK_ERROR, DPDK_ERROR_NO_MEMORY,
                   "DpdkPacket: all %u buffers of pool %s are in use",
                   dpdk_mempool_get_capacity (mempool), dpdk_mempool_get_name (mempool));
      return NULL;
    }
  dpdk_held_add (1);
  return (DpdkPacket *) mbuf;
}

/**
 * dpdk_packet_ref:
 * @self: a packet
 *
 * Takes a reference. May be called from any thread.
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
  rte_pktmbuf_refcnt_update (packet_native (self), 1);
  dpdk_held_add (1);
  return self;
}

/**
 * dpdk_packet_unref:
 * @self: (transfer full): a packet
 *
 * Drops a reference. With the last one the buffer goes home to its pool.
 *
 * May be called from any thread.
 *
 * Since: 0.1
 */
void
dpdk_packet_unref (DpdkPacket *self)
{
  g_return_if_fail (self != NULL);

  if (G_UNLIKELY (dpdk_eal_is_inert ()))
    return;
  rte_pktmbuf_free (packet_native (self));
  dpdk_held_add (-1);
}

/**
 * dpdk_packet_dup_mempool:
 * @self: a packet
 *
 * Gets the pool that the packet came from. May be called from any thread.
 *
 * Returns: (transfer full): the pool
 *
 * Since: 0.1
 */
DpdkMempool *
dpdk_packet_dup_mempool (DpdkPacket *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return g_object_ref (dpdk_mempool_from_native (packet_native (self)->pool));
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

  return rte_pktmbuf_pkt_len (packet_native (self));
}

/**
 * dpdk_packet_get_data:
 * @self: a packet
 * @length: (out): return location for the length in bytes
 *
 * Gets the data of the first segment, which is the whole packet unless it is larger than a buffer.
 *
 * The data is valid as long as a reference is held.
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

  *length = rte_pktmbuf_data_len (packet_native (self));
  return rte_pktmbuf_mtod (packet_native (self), const guint8 *);
}

/**
 * dpdk_packet_append:
 * @self: a packet
 * @data: (array length=length): the bytes
 * @length: number of bytes
 * @error: return location for an error
 *
 * Appends a copy of @data to the packet.
 *
 * Fails with %DPDK_ERROR_NO_MEMORY if the buffer has not enough room; the packet is unchanged then.
 *
 * Returns: %TRUE on success
 *
 * Since: 0.1
 */
gboolean
dpdk_packet_append (DpdkPacket *self, const guint8 *data, gsize length, GError **error)
{
  struct rte_mbuf *mbuf = packet_native (self);
  char *room;

  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (data != NULL || length == 0, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  room = length <= rte_pktmbuf_tailroom (rte_pktmbuf_lastseg (mbuf))
             ? rte_pktmbuf_append (mbuf, (guint16) length)
             : NULL;
  if (room == NULL)
    {
      g_set_error (error, DPDK_ERROR, DPDK_ERROR_NO_MEMORY,
                   "DpdkPacket: %" G_GSIZE_FORMAT " bytes do not fit into the %u that are left",
                   length, rte_pktmbuf_tailroom (rte_pktmbuf_lastseg (mbuf)));
      return FALSE;
    }
  if (length > 0)
    memcpy (room, data, length);
  return TRUE;
}
