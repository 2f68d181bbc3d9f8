/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <dpdk-glib.h>

G_BEGIN_DECLS

/* Also how much a buffer of the pool holds. */
#define NBD_CACHE_BLOCK 32768u

/* Reads up to NBD_CACHE_BLOCK bytes at @offset, and gives 0 or an errno. */
typedef int (*NbdCacheRead) (gpointer source, guint8 *buffer, gsize size, guint64 offset);

/* The blocks of an export that were read last, in buffers of a pool. Any thread may use it; only one
   reads a block that several want. */
typedef struct _NbdCache NbdCache;

/* @size: of the source, which must outlive the cache */
NbdCache *nbd_cache_new (DpdkMempool *mempool, guint max_blocks, guint64 size, NbdCacheRead read,
                         gpointer source);
void nbd_cache_free (NbdCache *self);
/* A block, or NULL with 0 or an errno if it could not be read or there is no buffer. */
GBytes *nbd_cache_get (NbdCache *self, guint64 block, int *error_number);
/* To be called after a change of the source and before anybody is told of it. */
void nbd_cache_invalidate (NbdCache *self, guint64 offset, guint64 length);
guint64 nbd_cache_get_hits (NbdCache *self);
guint64 nbd_cache_get_misses (NbdCache *self);
guint nbd_cache_get_n_blocks (NbdCache *self);

G_END_DECLS
