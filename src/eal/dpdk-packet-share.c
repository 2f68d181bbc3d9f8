/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-packet-private.h"

/* who else sees a packet or its data, and what is made of it for others */

gboolean
dpdk_packet_segment_is_writable (struct rte_mbuf *segment)
{
  if (rte_mbuf_refcnt_read (segment) != 1)
    return FALSE;
  if (RTE_MBUF_HAS_EXTBUF (segment))
    return !dpdk_packet_segment_is_constant (segment) &&
           rte_mbuf_ext_refcnt_read (segment->shinfo) == 1;
  /* the buffer of another one, whose handle may be gone */
  if (RTE_MBUF_CLONED (segment))
    return rte_mbuf_refcnt_read (rte_mbuf_from_indirect (segment)) == 1;
  return TRUE;
}

gboolean
dpdk_packet_may_ref (DpdkPacket *self)
{
  for (struct rte_mbuf *s = dpdk_packet_native (self); s != NULL; s = s->next)
    if (G_UNLIKELY (rte_mbuf_refcnt_read (s) >= DPDK_PACKET_MAX_REFERENCES))
      return FALSE;
  return TRUE;
}

/* a clone is a reference on whatever has the data */
static gboolean
check_may_clone (DpdkPacket *self, GError **error)
{
  for (struct rte_mbuf *s = dpdk_packet_native (self); s != NULL; s = s->next)
    {
      guint n = RTE_MBUF_HAS_EXTBUF (s) ? rte_mbuf_ext_refcnt_read (s->shinfo)
                : RTE_MBUF_CLONED (s)   ? rte_mbuf_refcnt_read (rte_mbuf_from_indirect (s))
                                        : rte_mbuf_refcnt_read (s);

      if (G_LIKELY (n < DPDK_PACKET_MAX_REFERENCES))
        continue;
      g_set_error (error, DPDK_ERROR, DPDK_ERROR_BUSY,
                   "DpdkPacket: its data has %u references, clones included, and can have no more",
                   n);
      return FALSE;
    }
  return TRUE;
}

gboolean
dpdk_packet_check_unshared (DpdkPacket *self, const char *call, GError **error)
{
  if (G_UNLIKELY (dpdk_eal_is_inert ()))
    {
      g_set_error (error, DPDK_ERROR, DPDK_ERROR_EAL_DEAD,
                   "%s: the packet belongs to the parent of this process, or the process is ending",
                   call);
      return FALSE;
    }
  for (struct rte_mbuf *s = dpdk_packet_native (self); s != NULL; s = s->next)
    {
      if (G_LIKELY (rte_mbuf_refcnt_read (s) == 1))
        continue;
      g_set_error (error, DPDK_ERROR, DPDK_ERROR_BUSY,
                   "%s: the packet is shared: it has %u references, clones and views included",
                   call, rte_mbuf_refcnt_read (s));
      return FALSE;
    }
  return TRUE;
}

gboolean
dpdk_packet_check_segment (struct rte_mbuf *segment, const char *call, GError **error)
{
  if (G_LIKELY (dpdk_packet_segment_is_writable (segment)))
    return TRUE;
  g_set_error (error, DPDK_ERROR, DPDK_ERROR_BUSY, "%s: the data of the packet is shared: it %s",
               call,
               dpdk_packet_segment_is_constant (segment) ? "belongs to a GBytes"
                                                         : "is that of another packet too");
  return FALSE;
}

DpdkMempool *
dpdk_packet_choose_mempool (DpdkPacket *self, DpdkMempool *mempool, GError **error)
{
  if (mempool != NULL)
    g_object_ref (mempool);
  else
    mempool = dpdk_packet_dup_mempool (self);
  if (mempool == NULL)
    {
      g_set_error (error, DPDK_ERROR, DPDK_ERROR_NOT_SUPPORTED,
                   "DpdkPacket: its pool %s is not a DpdkMempool: name one",
                   dpdk_packet_native (self)->pool->name);
      return NULL;
    }
  if (!dpdk_mempool_check_alive (mempool, error))
    g_clear_object (&mempool);
  return mempool;
}

/**
 * dpdk_packet_is_writable:
 * @self: a packet
 *
 * Whether the packet and all its data may be changed: the caller has the only reference, there is
 * neither a clone nor a view of the data, and it is not constant memory that was wrapped. In a child
 * made by fork() no packet may be changed.
 *
 * May be called from any thread that holds a reference.
 *
 * Returns: %TRUE if it is
 *
 * Since: 0.1
 */
gboolean
dpdk_packet_is_writable (DpdkPacket *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  if (dpdk_eal_is_inert ())
    return FALSE;
  for (struct rte_mbuf *s = dpdk_packet_native (self); s != NULL; s = s->next)
    if (!dpdk_packet_segment_is_writable (s))
      return FALSE;
  return TRUE;
}

/**
 * dpdk_packet_make_writable: (skip)
 * @packet: (inout) (transfer full): location of a packet
 * @error: return location for an error
 *
 * Makes sure that a packet may be changed. Where it is shared, it is replaced by a copy from its own
 * pool, and the reference on the old one is dropped. Other languages, whose handles are references
 * themselves, use [method@Dpdk.Packet.is_writable] and [method@Dpdk.Packet.copy].
 *
 * May be called from any thread that holds a reference.
 *
 * Fails with %DPDK_ERROR_NO_MEMORY if the pool has not enough buffers; @packet is unchanged then.
 *
 * Returns: %TRUE on success
 *
 * Since: 0.1
 */
gboolean
dpdk_packet_make_writable (DpdkPacket **packet, GError **error)
{
  DpdkPacket *copy;

  g_return_val_if_fail (packet != NULL && *packet != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (dpdk_packet_is_writable (*packet))
    return TRUE;
  copy = dpdk_packet_copy (*packet, NULL, error);
  if (copy == NULL)
    return FALSE;
  dpdk_packet_unref (*packet);
  *packet = copy;
  return TRUE;
}

/* takes over what DPDK made, or its failure */
static DpdkPacket *
finish (DpdkMempool *mempool, struct rte_mbuf *made, guint n_segments, GError **error)
{
  if (made == NULL)
    {
      dpdk_mempool_count_failure (mempool);
      dpdk_mempool_set_empty_error (mempool, n_segments, error);
      return NULL;
    }
  dpdk_mempool_note_packet (mempool, made);
  return dpdk_packet_from_taken (made);
}

/**
 * dpdk_packet_clone:
 * @self: a packet
 * @mempool: (nullable): the pool to take from, or %NULL for that of @self
 * @error: return location for an error
 *
 * Makes a packet that shares the data of @self. It has a length and offloads of its own, so it can be
 * trimmed and chained. It takes as many buffers from the pool as @self has segments.
 *
 * The data stays until both are gone, and cannot be written to through either while both are there.
 *
 * May be called from any thread that holds a reference.
 *
 * Fails with %DPDK_ERROR_NO_MEMORY if the pool has not enough buffers, with
 * %DPDK_ERROR_NOT_SUPPORTED if @mempool is %NULL and the pool was not made by this library, with
 * %DPDK_ERROR_BUSY if the data has as many references as it can have, and with
 * %DPDK_ERROR_EAL_DEAD in a child made by fork().
 *
 * Returns: (transfer full): the clone
 *
 * Since: 0.1
 */
DpdkPacket *
dpdk_packet_clone (DpdkPacket *self, DpdkMempool *mempool, GError **error)
{
  g_autoptr (DpdkMempool) chosen = NULL;

  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (mempool == NULL || DPDK_IS_MEMPOOL (mempool), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  chosen = dpdk_packet_choose_mempool (self, mempool, error);
  if (chosen == NULL || !check_may_clone (self, error))
    return NULL;
  return finish (chosen, rte_pktmbuf_clone (dpdk_packet_native (self), chosen->native),
                 dpdk_packet_get_n_segments (self), error);
}

/**
 * dpdk_packet_copy:
 * @self: a packet
 * @mempool: (nullable): the pool to take from, or %NULL for that of @self
 * @error: return location for an error
 *
 * Copies the packet, its data, and what it says about offloads. The copy has as many segments as its
 * data needs in the buffers of the pool, which may be more or less than @self has.
 *
 * May be called from any thread that holds a reference.
 *
 * Fails with %DPDK_ERROR_NO_MEMORY if the pool has not enough buffers, and with
 * %DPDK_ERROR_NOT_SUPPORTED if @mempool is %NULL and the pool was not made by this library.
 *
 * Returns: (transfer full): the copy
 *
 * Since: 0.1
 */
DpdkPacket *
dpdk_packet_copy (DpdkPacket *self, DpdkMempool *mempool, GError **error)
{
  g_autoptr (DpdkMempool) chosen = NULL;
  guint n_segments;

  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (mempool == NULL || DPDK_IS_MEMPOOL (mempool), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  chosen = dpdk_packet_choose_mempool (self, mempool, error);
  if (chosen == NULL)
    return NULL;
  n_segments =
      (guint) ((dpdk_packet_get_length (self) + chosen->data_size - 1) / chosen->data_size);
  return finish (chosen,
                 rte_pktmbuf_copy (dpdk_packet_native (self), chosen->native, 0, UINT32_MAX),
                 MAX (n_segments, 1), error);
}
