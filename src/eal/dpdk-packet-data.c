/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-packet-private.h"

#include <string.h>

/* what changes the data of a packet, and its segments */

/**
 * dpdk_packet_append:
 * @self: a packet
 * @data: (array length=length): the bytes
 * @length: number of bytes
 * @error: return location for an error
 *
 * Puts a copy of @data behind the packet, into its last segment.
 *
 * May be called from any thread that holds the only reference.
 *
 * Fails with %DPDK_ERROR_NO_MEMORY if the segment has not enough room, and with %DPDK_ERROR_BUSY if
 * the packet or the data of that segment is shared; the packet is unchanged then.
 *
 * Returns: %TRUE on success
 *
 * Since: 0.1
 */
gboolean
dpdk_packet_append (DpdkPacket *self, const guint8 *data, gsize length, GError **error)
{
  struct rte_mbuf *mbuf = dpdk_packet_native (self), *last;

  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (data != NULL || length == 0, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  last = rte_pktmbuf_lastseg (mbuf);
  if (length > rte_pktmbuf_tailroom (last))
    {
      g_set_error (error, DPDK_ERROR, DPDK_ERROR_NO_MEMORY,
                   "DpdkPacket: %" G_GSIZE_FORMAT " bytes do not fit into the %u that are left",
                   length, rte_pktmbuf_tailroom (last));
      return FALSE;
    }
  if (!dpdk_packet_check_unshared (self, "dpdk_packet_append", error) ||
      !dpdk_packet_check_segment (last, "dpdk_packet_append", error))
    return FALSE;
  if (length > 0)
    memcpy (rte_pktmbuf_append (mbuf, (guint16) length), data, length);
  return TRUE;
}

/**
 * dpdk_packet_prepend:
 * @self: a packet
 * @data: (array length=length): the bytes
 * @length: number of bytes
 * @error: return location for an error
 *
 * Puts a copy of @data in front of the packet. A fresh packet has room for 128 bytes there.
 *
 * May be called from any thread that holds the only reference.
 *
 * Fails with %DPDK_ERROR_NO_MEMORY if the first segment has not enough room, and with
 * %DPDK_ERROR_BUSY if the packet or the data of that segment is shared; the packet is unchanged then.
 *
 * Returns: %TRUE on success
 *
 * Since: 0.1
 */
gboolean
dpdk_packet_prepend (DpdkPacket *self, const guint8 *data, gsize length, GError **error)
{
  struct rte_mbuf *mbuf = dpdk_packet_native (self);

  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (data != NULL || length == 0, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (length > rte_pktmbuf_headroom (mbuf))
    {
      g_set_error (error, DPDK_ERROR, DPDK_ERROR_NO_MEMORY,
                   "DpdkPacket: %" G_GSIZE_FORMAT " bytes do not fit into the %u in front of it",
                   length, rte_pktmbuf_headroom (mbuf));
      return FALSE;
    }
  if (!dpdk_packet_check_unshared (self, "dpdk_packet_prepend", error) ||
      !dpdk_packet_check_segment (mbuf, "dpdk_packet_prepend", error))
    return FALSE;
  if (length > 0)
    memcpy (rte_pktmbuf_prepend (mbuf, (guint16) length), data, length);
  return TRUE;
}

static gboolean
check_length (DpdkPacket *self, gsize length, GError **error)
{
  if (length <= dpdk_packet_get_length (self))
    return TRUE;
  g_set_error (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT,
               "DpdkPacket: %" G_GSIZE_FORMAT
               " bytes cannot be removed from a packet of %" G_GSIZE_FORMAT,
               length, dpdk_packet_get_length (self));
  return FALSE;
}

/**
 * dpdk_packet_trim:
 * @self: a packet
 * @length: number of bytes
 * @error: return location for an error
 *
 * Removes bytes from the end. Segments that become empty go home, but for the first.
 *
 * May be called from any thread that holds the only reference.
 *
 * Fails with %DPDK_ERROR_INVALID_ARGUMENT if the packet is shorter than @length, and with
 * %DPDK_ERROR_BUSY if it is shared; the packet is unchanged then.
 *
 * Returns: %TRUE on success
 *
 * Since: 0.1
 */
gboolean
dpdk_packet_trim (DpdkPacket *self, gsize length, GError **error)
{
  struct rte_mbuf *mbuf = dpdk_packet_native (self), *last;
  guint32 left;

  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!check_length (self, length, error) ||
      !dpdk_packet_check_unshared (self, "dpdk_packet_trim", error))
    return FALSE;
  if (length == 0)
    return TRUE;
  left = mbuf->pkt_len - (guint32) length;
  mbuf->pkt_len = left;
  mbuf->nb_segs = 1;
  for (last = mbuf; left > last->data_len; last = last->next)
    {
      left -= last->data_len;
      mbuf->nb_segs++;
    }
  last->data_len = (guint16) left;
  if (last->next != NULL)
    {
      struct rte_mbuf *rest = g_steal_pointer (&last->next);

      /* it leaves as a packet, whose release counts */
      dpdk_held_take (rte_lcore_id (), 1);
      dpdk_packet_unref ((DpdkPacket *) rest);
    }
  return TRUE;
}

/**
 * dpdk_packet_adj:
 * @self: a packet
 * @length: number of bytes
 * @error: return location for an error
 *
 * Removes bytes from the front, within the first segment.
 *
 * May be called from any thread that holds the only reference.
 *
 * Fails with %DPDK_ERROR_INVALID_ARGUMENT if the first segment is shorter than @length, or would be
 * left empty in front of others, and with %DPDK_ERROR_BUSY if the packet is shared; the packet is
 * unchanged then. [method@Dpdk.Packet.linearize] moves everything into the first segment.
 *
 * Returns: %TRUE on success
 *
 * Since: 0.1
 */
gboolean
dpdk_packet_adj (DpdkPacket *self, gsize length, GError **error)
{
  struct rte_mbuf *mbuf = dpdk_packet_native (self);

  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!check_length (self, length, error))
    return FALSE;
  if (length > 0 && mbuf->next != NULL && length >= mbuf->data_len)
    {
      g_set_error (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT,
                   "DpdkPacket: %" G_GSIZE_FORMAT
                   " bytes are all %u of the first of %u segments, or "
                   "more",
                   length, mbuf->data_len, mbuf->nb_segs);
      return FALSE;
    }
  if (!dpdk_packet_check_unshared (self, "dpdk_packet_adj", error))
    return FALSE;
  rte_pktmbuf_adj (mbuf, (guint16) length);
  return TRUE;
}

/**
 * dpdk_packet_write:
 * @self: a packet
 * @offset: where to begin, in bytes from the front of the packet
 * @data: (array length=length): the bytes
 * @length: number of bytes
 * @error: return location for an error
 *
 * Overwrites bytes of the packet, over segments where need be.
 *
 * May be called from any thread that holds the only reference.
 *
 * Fails with %DPDK_ERROR_INVALID_ARGUMENT if the packet ends before, and with %DPDK_ERROR_BUSY if it
 * or the data there is shared; the packet is unchanged then.
 *
 * Returns: %TRUE on success
 *
 * Since: 0.1
 */
gboolean
dpdk_packet_write (DpdkPacket *self, gsize offset, const guint8 *data, gsize length, GError **error)
{
  struct rte_mbuf *segment = dpdk_packet_native (self);
  gsize left;

  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (data != NULL || length == 0, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (offset > segment->pkt_len || length > segment->pkt_len - offset)
    {
      g_set_error (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT,
                   "DpdkPacket: %" G_GSIZE_FORMAT " bytes at %" G_GSIZE_FORMAT
                   " are not in a packet of %u",
                   length, offset, segment->pkt_len);
      return FALSE;
    }
  if (!dpdk_packet_check_unshared (self, "dpdk_packet_write", error))
    return FALSE;
  for (; length > 0 && offset >= segment->data_len; segment = segment->next)
    offset -= segment->data_len;
  left = offset + length;
  for (struct rte_mbuf *s = segment; length > 0 && s != NULL; s = s->next)
    {
      if (!dpdk_packet_check_segment (s, "dpdk_packet_write", error))
        return FALSE;
      if (left <= s->data_len)
        break;
      left -= s->data_len;
    }
  for (; length > 0; segment = segment->next)
    {
      gsize n = MIN (length, segment->data_len - offset);

      /* @data may be in this packet itself */
      memmove (rte_pktmbuf_mtod_offset (segment, guint8 *, offset), data, n);
      data += n;
      length -= n;
      offset = 0;
    }
  return TRUE;
}

/**
 * dpdk_packet_get_writable_data: (skip)
 * @self: a packet
 * @length: (out): return location for the length in bytes
 * @error: return location for an error
 *
 * Gets the data of the first segment to write to. It may be written to as long as no further
 * reference is taken. Other languages use [method@Dpdk.Packet.write].
 *
 * May be called from any thread that holds the only reference.
 *
 * Fails with %DPDK_ERROR_BUSY if the packet or the data of that segment is shared.
 *
 * Returns: (transfer none) (array length=length): the data
 *
 * Since: 0.1
 */
guint8 *
dpdk_packet_get_writable_data (DpdkPacket *self, gsize *length, GError **error)
{
  struct rte_mbuf *mbuf = dpdk_packet_native (self);

  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (length != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!dpdk_packet_check_unshared (self, "dpdk_packet_get_writable_data", error) ||
      !dpdk_packet_check_segment (mbuf, "dpdk_packet_get_writable_data", error))
    return NULL;
  *length = rte_pktmbuf_data_len (mbuf);
  return rte_pktmbuf_mtod (mbuf, guint8 *);
}

static gboolean
check_sum (DpdkPacket *self, DpdkPacket *tail, GError **error)
{
  const struct rte_mbuf *first = dpdk_packet_native (self), *second = dpdk_packet_native (tail);

  if (first->nb_segs + second->nb_segs <= RTE_MBUF_MAX_NB_SEGS &&
      (guint64) first->pkt_len + second->pkt_len <= G_MAXUINT32)
    return TRUE;
  g_set_error (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT,
               "DpdkPacket: %u and %u segments of %u and %u bytes are too much for one packet",
               first->nb_segs, second->nb_segs, first->pkt_len, second->pkt_len);
  return FALSE;
}

/**
 * dpdk_packet_chain: (skip)
 * @self: a packet
 * @tail: (transfer full): another packet, which is taken over on success
 * @error: return location for an error
 *
 * Makes the segments of @tail the last ones of @self. What @tail says about offloads is lost. Other
 * languages use [method@Dpdk.Packet.append_clone].
 *
 * May be called from any thread that holds the only reference on both.
 *
 * Fails with %DPDK_ERROR_BUSY if one of the packets is shared, and with
 * %DPDK_ERROR_INVALID_ARGUMENT if they are the same, or too long together. Then both are unchanged,
 * and the caller still owns @tail.
 *
 * Returns: %TRUE on success
 *
 * Since: 0.1
 */
gboolean
dpdk_packet_chain (DpdkPacket *self, DpdkPacket *tail, GError **error)
{
  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (tail != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (self == tail)
    {
      g_set_error_literal (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT,
                           "DpdkPacket: a packet cannot follow itself");
      return FALSE;
    }
  if (!check_sum (self, tail, error) ||
      !dpdk_packet_check_unshared (self, "dpdk_packet_chain", error) ||
      !dpdk_packet_check_unshared (tail, "dpdk_packet_chain", error))
    return FALSE;
  rte_pktmbuf_chain (dpdk_packet_native (self), dpdk_packet_native (tail));
  dpdk_held_release (rte_lcore_id (), 1);
  return TRUE;
}

/**
 * dpdk_packet_append_clone:
 * @self: a packet
 * @other: another packet, or @self
 * @error: return location for an error
 *
 * Puts the data of @other behind @self without copying it: segments that share it become the last
 * ones of @self. They come from the pool of @self.
 *
 * With a payload that is sent many times, each time behind another header, this is the way.
 *
 * May be called from any thread that holds the only reference.
 *
 * Fails with %DPDK_ERROR_BUSY if @self is shared, with %DPDK_ERROR_NO_MEMORY if the pool has not
 * enough buffers, and with %DPDK_ERROR_INVALID_ARGUMENT if the packets are too long together. Then
 * both are unchanged.
 *
 * Returns: %TRUE on success
 *
 * Since: 0.1
 */
gboolean
dpdk_packet_append_clone (DpdkPacket *self, DpdkPacket *other, GError **error)
{
  g_autoptr (DpdkMempool) mempool = NULL;
  g_autoptr (DpdkPacket) clone = NULL;

  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (other != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!check_sum (self, other, error) ||
      !dpdk_packet_check_unshared (self, "dpdk_packet_append_clone", error))
    return FALSE;
  mempool = dpdk_packet_choose_mempool (self, NULL, error);
  clone = mempool != NULL ? dpdk_packet_clone (other, mempool, error) : NULL;
  if (clone == NULL)
    return FALSE;
  /* not dpdk_packet_chain(): where @other is @self, the clone has made it shared */
  rte_pktmbuf_chain (dpdk_packet_native (self), dpdk_packet_native (g_steal_pointer (&clone)));
  dpdk_held_release (rte_lcore_id (), 1);
  return TRUE;
}

/**
 * dpdk_packet_linearize:
 * @self: a packet
 * @error: return location for an error
 *
 * Copies the data of all segments into the first, and lets the others go home.
 *
 * May be called from any thread that holds the only reference.
 *
 * Fails with %DPDK_ERROR_NO_MEMORY if the first segment has not enough room behind its data, and with
 * %DPDK_ERROR_BUSY if the packet or the data of that segment is shared; the packet is unchanged then.
 *
 * Returns: %TRUE on success
 *
 * Since: 0.1
 */
gboolean
dpdk_packet_linearize (DpdkPacket *self, GError **error)
{
  struct rte_mbuf *mbuf = dpdk_packet_native (self), *rest;
  guint32 length;

  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (mbuf->next == NULL)
    return TRUE;
  length = mbuf->pkt_len - mbuf->data_len;
  if (length > rte_pktmbuf_tailroom (mbuf))
    {
      g_set_error (error, DPDK_ERROR, DPDK_ERROR_NO_MEMORY,
                   "DpdkPacket: the %u bytes of its other segments do not fit into the %u that are "
                   "left in the first",
                   length, rte_pktmbuf_tailroom (mbuf));
      return FALSE;
    }
  if (!dpdk_packet_check_unshared (self, "dpdk_packet_linearize", error) ||
      !dpdk_packet_check_segment (mbuf, "dpdk_packet_linearize", error))
    return FALSE;
  rest = g_steal_pointer (&mbuf->next);
  mbuf->nb_segs = 1;
  for (const struct rte_mbuf *s = rest; s != NULL; s = s->next)
    {
      memcpy (rte_pktmbuf_mtod_offset (mbuf, guint8 *, mbuf->data_len),
              rte_pktmbuf_mtod (s, const guint8 *), s->data_len);
      mbuf->data_len = (guint16) (mbuf->data_len + s->data_len);
    }
  /* it leaves as a packet, whose release counts */
  dpdk_held_take (rte_lcore_id (), 1);
  dpdk_packet_unref ((DpdkPacket *) rest);
  return TRUE;
}
