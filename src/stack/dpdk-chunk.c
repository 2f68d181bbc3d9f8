/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-chunk.h"

#include <stdlib.h>
#include <sys/mman.h>

#define CHUNK_SIZE DPDK_CHUNK_PAGE_SIZE
/* For a size of which there is more than this: huge pages, so that very many connections do not need an
   entry of the TLB each. With fewer, too much of the last one would be empty. */
#define MANY (4 * 1024 * 1024)
#define HUGE_CHUNK_SIZE (2ul * 1024 * 1024)

/* aligned to its size, with nothing in front of it, as malloc() would have in a page of its own */
static DpdkChunk *
map_chunk (gsize size)
{
  char *memory = mmap (NULL, 2 * size, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  gsize before;

  if (memory == MAP_FAILED)
    return NULL;
  before = (size - (guintptr) memory % size) % size;
  if (before > 0)
    munmap (memory, before);
  munmap (memory + before + size, size - before);
  return (DpdkChunk *) (void *) (memory + before);
}

/* a sanitizer finds what is only known there */
#if defined(__SANITIZE_ADDRESS__)

static DpdkChunk *
new_small_chunk (void)
{
  DpdkChunk *chunk;

  return posix_memalign ((void **) &chunk, CHUNK_SIZE, CHUNK_SIZE) == 0 ? chunk : NULL;
}

static void
free_small_chunk (DpdkChunk *chunk)
{
  free (chunk);
}

#else

static DpdkChunk *
new_small_chunk (void)
{
  return map_chunk (CHUNK_SIZE);
}

static void
free_small_chunk (DpdkChunk *chunk)
{
  munmap (chunk, CHUNK_SIZE);
}

#endif

DpdkChunk *
dpdk_chunk_new (gsize size_so_far)
{
  gsize size = size_so_far < MANY ? CHUNK_SIZE : HUGE_CHUNK_SIZE;
  DpdkChunk *chunk = size == CHUNK_SIZE ? new_small_chunk () : map_chunk (size);

  if (chunk == NULL)
    return NULL;
  /* a wish: else they are small ones */
  if (size == HUGE_CHUNK_SIZE)
    madvise (chunk, size, MADV_HUGEPAGE);
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
        free_small_chunk (chunk);
    }
}
