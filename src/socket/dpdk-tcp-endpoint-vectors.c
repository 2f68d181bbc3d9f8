/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* reading without taking away, and reading to and writing from several buffers */
#include "dpdk-tcp-endpoint-internal.h"

static gsize
take_peek (DpdkTcpReceiveQueue *queue, DpdkTcpRead *read)
{
  return dpdk_tcp_receive_queue_peek (queue, read->buffer, read->count);
}

/* as large as what there is, however much was asked for */
static gsize
take_peek_bytes (DpdkTcpReceiveQueue *queue, DpdkTcpRead *read)
{
  gsize size = MIN (read->count, queue->n_bytes);
  guint8 *buffer = g_malloc (size);

  dpdk_tcp_receive_queue_peek (queue, buffer, size);
  read->bytes = g_bytes_new_take (buffer, size);
  return size;
}

static gsize
take_vectors (DpdkTcpReceiveQueue *queue, DpdkTcpRead *read)
{
  const GInputVector *vector = read->vectors;
  gsize total = 0;

  for (gsize n, left = MIN (read->count, queue->n_bytes); left > 0; vector++, left -= n)
    {
      n = MIN (left, vector->size);
      total += n > 0 ? dpdk_tcp_receive_queue_read (queue, vector->buffer, n) : 0;
    }
  return total;
}

static DpdkTcpRead
read_vectors_init (const GInputVector *vectors, gsize n_vectors)
{
  DpdkTcpRead read = { .vectors = vectors, .take = take_vectors };

  for (gsize i = 0; i < n_vectors; i++)
    read.count += vectors[i].size;
  return read;
}

static DpdkTcpWrite
write_vectors_init (const GOutputVector *vectors, gsize n_vectors)
{
  DpdkTcpWrite write = { .vectors = vectors };

  for (gsize i = 0; i < n_vectors; i++)
    write.count += vectors[i].size;
  return write;
}

/* empty at the end; NULL with an error */
GBytes *
dpdk_tcp_endpoint_peek_bytes (DpdkTcpEndpoint *self, gsize count, gboolean may_block,
                              GCancellable *cancellable, GError **error)
{
  DpdkTcpRead read = { .count = count, .take = take_peek_bytes };

  if (dpdk_tcp_endpoint_read_with (self, &read, may_block, cancellable, error) == 0)
    return g_bytes_new (NULL, 0);
  return read.bytes;
}

gssize
dpdk_tcp_endpoint_read_vectors (DpdkTcpEndpoint *self, const GInputVector *vectors, gsize n_vectors,
                                gboolean may_block, GCancellable *cancellable, GError **error)
{
  DpdkTcpRead read = read_vectors_init (vectors, n_vectors);

  return dpdk_tcp_endpoint_read_with (self, &read, may_block, cancellable, error);
}

gssize
dpdk_tcp_endpoint_write_vectors (DpdkTcpEndpoint *self, const GOutputVector *vectors,
                                 gsize n_vectors, gboolean may_block, GCancellable *cancellable,
                                 GError **error)
{
  DpdkTcpWrite write = write_vectors_init (vectors, n_vectors);

  return dpdk_tcp_endpoint_write_with (self, &write, may_block, cancellable, error);
}

GPollableReturn
dpdk_tcp_endpoint_try_peek (DpdkTcpEndpoint *self, void *buffer, gsize count, gsize *n_read,
                            GError **error)
{
  DpdkTcpRead read = { .buffer = buffer, .count = count, .take = take_peek };

  return dpdk_tcp_endpoint_try_read_with (self, &read, n_read, error);
}

GPollableReturn
dpdk_tcp_endpoint_try_read_vectors (DpdkTcpEndpoint *self, const GInputVector *vectors,
                                    gsize n_vectors, gsize *n_read, GError **error)
{
  DpdkTcpRead read = read_vectors_init (vectors, n_vectors);

  return dpdk_tcp_endpoint_try_read_with (self, &read, n_read, error);
}

GPollableReturn
dpdk_tcp_endpoint_try_write_vectors (DpdkTcpEndpoint *self, const GOutputVector *vectors,
                                     gsize n_vectors, gsize *n_written, GError **error)
{
  DpdkTcpWrite write = write_vectors_init (vectors, n_vectors);

  return dpdk_tcp_endpoint_try_write_with (self, &write, n_written, error);
}
