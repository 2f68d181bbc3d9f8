/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define DPDK_CHUNK_CACHE_LINE 64
/* A chunk begins at the beginning of a page of its own, and has one or many; the kernel's have other sizes. */
#define DPDK_CHUNK_PAGE_SIZE (64 * 1024)

/* memory that is given out in pieces, the first of them at dpdk_chunk_get_begin() */
typedef struct _DpdkChunk DpdkChunk;
struct _DpdkChunk {
  DpdkChunk *next;
  gsize size;
};

/* @size_so_far: of those for the same purpose. NULL: out of memory */
DpdkChunk *dpdk_chunk_new (gsize size_so_far);
/* with those that follow */
void dpdk_chunk_free_all (DpdkChunk *self);

static inline char *
dpdk_chunk_get_begin (DpdkChunk *self)
{
  return (char *) self + DPDK_CHUNK_CACHE_LINE;
}

static inline char *
dpdk_chunk_get_end (DpdkChunk *self)
{
  return (char *) self + self->size;
}

G_END_DECLS
