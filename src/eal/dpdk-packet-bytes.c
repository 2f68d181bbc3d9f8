/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-packet-private.h"

#include <rte_eal.h>
#include <rte_memory.h>
#include <string.h>

/* packets made of data that exists already, and views of the data of packets */

/* the length of a segment has 16 bits; this is the last page before its end */
#define MAX_EXTERNAL_LENGTH 61440
#define MAX_SEGMENTS RTE_MBUF_MAX_NB_SEGS

/* what a segment and its clones share; the last one to go drops the memory */
typedef struct {
  struct rte_mbuf_ext_shared_info shared;
  GBytes *bytes;
} ExternalMemory;

static void
free_external_memory (void *address, void *data)
{
  ExternalMemory *self = data;

  g_bytes_unref (self->bytes);
  g_free (self);
}

gboolean
dpdk_packet_segment_is_constant (const struct rte_mbuf *segment)
{
  return RTE_MBUF_HAS_EXTBUF (segment) && segment->shinfo->free_cb == free_external_memory;
}

/* takes @n buffers and makes one packet of them, which is empty still */
static struct rte_mbuf *
take_chain (DpdkMempool *mempool, gsize n, GError **error)
{
  g_autofree struct rte_mbuf **many = NULL;
  struct rte_mbuf *one, **mbufs = &one;

  if (!dpdk_mempool_check_alive (mempool, error))
    return NULL;
  if (n > MIN (mempool->native->size, MAX_SEGMENTS))
    {
      dpdk_mempool_count_failure (mempool);
      g_set_error (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT,
                   "DpdkMempool %s: a packet of %" G_GSIZE_FORMAT " segments is too long for %u "
                   "buffers of %u bytes",
                   mempool->native->name, n, mempool->native->size, mempool->data_size);
      return NULL;
    }
  if (n > 1)
    mbufs = many = g_new (struct rte_mbuf *, n);
  if (!dpdk_mempool_take (mempool, rte_lcore_id (), mbufs, (guint) n))
    {
      dpdk_mempool_set_empty_error (mempool, (guint) n, error);
      return NULL;
    }
  for (gsize i = 1; i < n; i++)
    mbufs[i - 1]->next = mbufs[i];
  mbufs[0]->nb_segs = (guint16) n;
  return mbufs[0];
}

/**
 * dpdk_packet_new_from_data:
 * @mempool: the pool
 * @data: (array length=length): the bytes
 * @length: number of bytes
 * @error: return location for an error
 *
 * Makes a packet of a copy of @data. It has as many segments as the data needs.
 *
 * May be called from any thread.
 *
 * Fails with %DPDK_ERROR_NO_MEMORY if the pool has not enough free buffers, and with
 * %DPDK_ERROR_INVALID_ARGUMENT if it has not as many at all.
 *
 * Returns: (transfer full): the packet
 *
 * Since: 0.1
 */
DpdkPacket *
dpdk_packet_new_from_data (DpdkMempool *mempool, const guint8 *data, gsize length, GError **error)
{
  struct rte_mbuf *head;
  gsize n_segments;

  g_return_val_if_fail (DPDK_IS_MEMPOOL (mempool), NULL);
  g_return_val_if_fail (data != NULL || length == 0, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  n_segments = length / mempool->data_size + (length % mempool->data_size != 0 ? 1 : 0);
  head = take_chain (mempool, MAX (n_segments, 1), error);
  if (head == NULL)
    return NULL;
  head->pkt_len = (guint32) length;
  for (struct rte_mbuf *s = head; length > 0; s = s->next)
    {
      gsize n = MIN (length, mempool->data_size);

      memcpy (rte_pktmbuf_mtod (s, guint8 *), data, n);
      s->data_len = (guint16) n;
      data += n;
      length -= n;
    }
  return dpdk_packet_from_taken (head);
}

/**
 * dpdk_packet_new_from_bytes:
 * @mempool: the pool
 * @bytes: the memory
 * @error: return location for an error
 *
 * Makes a packet of memory that does not belong to a pool, without copying it. The packet holds
 * @bytes, and so does every clone of it; it takes one buffer of the pool for each 61440 bytes, and
 * leaves their own memory unused.
 *
 * The memory is constant: writing to the packet is refused. The last to hold @bytes may be a device,
 * so its free function may run on any thread that uses the packet or a port, on that of a worker, and
 * on the library's own. It must not wait there; functions of this library that would wait refuse with
 * %DPDK_ERROR_WOULD_DEADLOCK. In a child made by fork() it is not called.
 *
 * A device that reads memory by itself, which a PCI device does and a virtual one does not, must be
 * able to reach it. The memory has to be registered with `rte_extmem_register()` and
 * `rte_dev_dma_map()` for it, or be allocated from DPDK; and where DPDK addresses memory physically
 * (`--iova-mode=pa`), each piece must be physically contiguous.
 *
 * May be called from any thread.
 *
 * Fails with %DPDK_ERROR_NO_MEMORY if the pool has not enough free buffers, and with
 * %DPDK_ERROR_INVALID_ARGUMENT if it has not as many at all, or @bytes has 4 gigabytes or more.
 *
 * Returns: (transfer full): the packet
 *
 * Since: 0.1
 */
DpdkPacket *
dpdk_packet_new_from_bytes (DpdkMempool *mempool, GBytes *bytes, GError **error)
{
  struct rte_mbuf *head;
  gsize length, n_segments;
  guint8 *at;

  g_return_val_if_fail (DPDK_IS_MEMPOOL (mempool), NULL);
  g_return_val_if_fail (bytes != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  at = (guint8 *) g_bytes_get_data (bytes, &length);
  if (length > G_MAXUINT32)
    {
      g_set_error (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT,
                   "DpdkPacket: %" G_GSIZE_FORMAT " bytes are too much for one packet", length);
      return NULL;
    }
  n_segments = length / MAX_EXTERNAL_LENGTH + (length % MAX_EXTERNAL_LENGTH != 0 ? 1 : 0);
  head = take_chain (mempool, MAX (n_segments, 1), error);
  if (head == NULL || length == 0)
    return head != NULL ? dpdk_packet_from_taken (head) : NULL;

  head->pkt_len = (guint32) length;
  for (struct rte_mbuf *s = head; s != NULL; s = s->next)
    {
      /* one for each, because they are counted in 16 bits */
      ExternalMemory *memory = g_new0 (ExternalMemory, 1);
      guint16 n = (guint16) MIN (length, MAX_EXTERNAL_LENGTH);
      rte_iova_t iova =
          rte_eal_iova_mode () == RTE_IOVA_PA ? rte_mem_virt2iova (at) : (rte_iova_t) (gsize) at;

      memory->bytes = g_bytes_ref (bytes);
      memory->shared.free_cb = free_external_memory;
      memory->shared.fcb_opaque = memory;
      rte_mbuf_ext_refcnt_set (&memory->shared, 1);
      rte_pktmbuf_attach_extbuf (s, at, iova, n, &memory->shared);
      s->data_len = n;
      at += n;
      length -= n;
    }
  return dpdk_packet_from_taken (head);
}

static GBytes *
view_segment (DpdkPacket *self, struct rte_mbuf *segment)
{
  if (G_UNLIKELY (!dpdk_packet_may_ref (self)))
    return g_bytes_new (rte_pktmbuf_mtod (segment, gconstpointer), rte_pktmbuf_data_len (segment));
  return g_bytes_new_with_free_func (rte_pktmbuf_mtod (segment, gconstpointer),
                                     rte_pktmbuf_data_len (segment),
                                     (GDestroyNotify) dpdk_packet_unref, dpdk_packet_ref (self));
}

/**
 * dpdk_packet_get_segment_bytes:
 * @self: a packet
 * @index: number of the segment, from 0
 *
 * Gets the data of one segment without copying it. The bytes hold the packet, which cannot be changed
 * while they are there. Of a packet that has as many references as it can have they are a copy.
 *
 * May be called from any thread that holds a reference. The bytes may be dropped on any thread.
 *
 * Returns: (transfer full) (nullable): the bytes, or %NULL if there are not as many segments
 *
 * Since: 0.1
 */
GBytes *
dpdk_packet_get_segment_bytes (DpdkPacket *self, guint index)
{
  struct rte_mbuf *segment;

  g_return_val_if_fail (self != NULL, NULL);

  for (segment = dpdk_packet_native (self); segment != NULL && index > 0; index--)
    segment = segment->next;
  return segment != NULL ? view_segment (self, segment) : NULL;
}

/**
 * dpdk_packet_to_bytes:
 * @self: a packet
 *
 * Gets the data of the whole packet. If it has one segment, nothing is copied: the bytes hold the
 * packet, which cannot be changed while they are there. If it has several, or as many references as it
 * can have, the bytes are a copy; [method@Dpdk.Packet.get_segment_bytes] gives each segment without one.
 *
 * May be called from any thread that holds a reference. The bytes may be dropped on any thread.
 *
 * Returns: (transfer full): the bytes
 *
 * Since: 0.1
 */
GBytes *
dpdk_packet_to_bytes (DpdkPacket *self)
{
  struct rte_mbuf *mbuf = dpdk_packet_native (self);
  guint8 *copy, *at;

  g_return_val_if_fail (self != NULL, NULL);

  if (G_LIKELY (mbuf->next == NULL))
    return view_segment (self, mbuf);
  copy = at = g_malloc (mbuf->pkt_len);
  for (const struct rte_mbuf *s = mbuf; s != NULL; s = s->next)
    {
      memcpy (at, rte_pktmbuf_mtod (s, const guint8 *), s->data_len);
      at += s->data_len;
    }
  return g_bytes_new_take (copy, mbuf->pkt_len);
}
