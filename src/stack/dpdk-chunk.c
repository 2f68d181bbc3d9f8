/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-chunk.h"

#include <stdlib.h>
#include <sys/mman.h>

#define CHUNK_SIZE DPDK_CHUNK_PAGE_SIZE
/* for a size of which there is more than this: huge pages, so that very many connections do not need an
   entry of the TLB each */
#define MANY (1024 * 1024)
#define HUGE_CHUNK_SIZE (2ul * 1024 * 1024)

/* a whole huge page; a wish: else they are small ones */
static DpdkChunk *
map_huge_chunk (void)
{
  char *memory = mmap (NULL, 2 * HUGE_CHUNK_SIZE, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  gsize before;

  if (memory == MAP_FAILED)
    return NULL;
  before = (HUGE_CHUNK_SIZE - (guintptr) memory % HUGE_CHUNK_SIZE) % HUGE_CHUNK_SIZE;
  if (before > 0)
    munmap (memory, before);
  munmap (memory + before + HUGE_CHUNK_SIZE, HUGE_CHUNK_SIZE - before);
  madvise (memory + before, HUGE_CHUNK_SIZE, MADV_HUGEPAGE);
  return (DpdkChunk *) (memory + before);
}

DpdkChunk *
dpdk_chunk_new (gsize size_so_far)
{
  gsize size = size_so_far < MANY ? CHUNK_SIZE : HUGE_CHUNK_SIZE;
  DpdkChunk *chunk = NULL;

  if (size == HUGE_CHUNK_SIZE)
    chunk = map_huge_chunk ();
  else if (posix_memalign ((void **) &chunk, DPDK_CHUNK_PAGE_SIZE, size) != 0)
    return NULL;
  if (chunk != NULL)
    chunk->size = size;
  return chunk;
}

void
dpdk_chunk_free_all (DpdkChunk *self)
{
  while (self != NULL)
    {
      DpdkChunk *chunk = self;

      self = chunk->next;
      if (chunk->size == HUGE_CHUNK_SIZE)
        munmap (chunk, HUGE_CHUNK_SIZE);
      else
        free (chunk);
    }
}
