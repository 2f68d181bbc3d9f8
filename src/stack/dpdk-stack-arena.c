/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-stack-arena.h"

#include "dpdk-eal-private.h"

#include <rte_memory.h>
#include <rte_memzone.h>
#include <rte_ring.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, size) ((void) (address), (void) (size))
#define ASAN_UNPOISON_MEMORY_REGION(address, size) ((void) (address), (void) (size))
#endif

#define BLOCK_SIZE (16 * 1024)
/* four connections with a full send buffer of 1 MiB, or what is on its way of many */
#define ARENA_SIZE (4 * 1024 * 1024)

/* at the beginning of the first block, because what a driver never gives back shall not count as leaked */
struct _DpdkStackArena {
  const struct rte_memzone *zone;
  /* What is read has come to the other side's caches, and to write it again at once would wait for them:
     the one that was released first is the next. */
  struct rte_ring *unused;
  /* one for its owner, one for each block that is in use */
  gint ref_count;
};

/* at the beginning of all others */
typedef struct {
  DpdkStackArena *arena;
  rte_iova_t iova;
  struct rte_mbuf_ext_shared_info shared;
} __rte_cache_aligned Block;

#define ROOM (BLOCK_SIZE - sizeof (Block))

static void
free_block (void *data, gpointer opaque)
{
  Block *block = opaque;
  DpdkStackArena *arena = block->arena;

  ASAN_POISON_MEMORY_REGION (block + 1, ROOM);
  rte_ring_enqueue (arena->unused, opaque);
  dpdk_stack_arena_unref (arena);
}

static void
add_blocks (DpdkStackArena *self)
{
  char *begin = self->zone->addr;

  for (gsize at = ARENA_SIZE - BLOCK_SIZE; at > 0; at -= BLOCK_SIZE)
    {
      Block *block = (Block *) (void *) (begin + at);

      block->arena = self;
      block->iova = rte_mem_virt2iova (block);
      block->shared.free_cb = free_block;
      block->shared.fcb_opaque = block;
      ASAN_POISON_MEMORY_REGION (block + 1, ROOM);
      rte_ring_enqueue (self->unused, block);
    }
}

DpdkStackArena *
dpdk_stack_arena_new (void)
{
  static gint n_arenas;
  g_autofree char *name = g_strdup_printf ("arena%d", g_atomic_int_add (&n_arenas, 1));
  /* one that does not wait for who was interrupted in the middle of it; a place is always empty */
  struct rte_ring *unused = rte_ring_create (name, ARENA_SIZE / BLOCK_SIZE, SOCKET_ID_ANY,
                                             RING_F_MP_RTS_ENQ | RING_F_MC_RTS_DEQ);
  const struct rte_memzone *zone;
  DpdkStackArena *self;

  if (unused == NULL)
    return NULL;
  /* it is larger than a page, which a block is not, and pages need not be side by side for a device */
  zone = rte_memzone_reserve_aligned (name, ARENA_SIZE, SOCKET_ID_ANY, 0, BLOCK_SIZE);
  if (zone == NULL)
    {
      rte_ring_free (unused);
      return NULL;
    }
  self = zone->addr;
  *self = (DpdkStackArena){ .zone = zone, .unused = unused, .ref_count = 1 };
  add_blocks (self);
  return self;
}

void
dpdk_stack_arena_unref (DpdkStackArena *self)
{
  if (!g_atomic_int_dec_and_test (&self->ref_count) || dpdk_eal_is_inert ())
    return;
  ASAN_UNPOISON_MEMORY_REGION (self, ARENA_SIZE);
  rte_ring_free (self->unused);
  rte_memzone_free (self->zone);
}

void *
dpdk_stack_arena_allocate (DpdkStackArena *self, gsize *size)
{
  void *memory;
  Block *block;

  if (rte_ring_dequeue (self->unused, &memory) != 0)
    return NULL;
  block = memory;
  g_atomic_int_inc (&self->ref_count);
  rte_mbuf_ext_refcnt_set (&block->shared, 1);
  ASAN_UNPOISON_MEMORY_REGION (block + 1, ROOM);
  *size = ROOM;
  return block + 1;
}

void
dpdk_stack_arena_release (void *memory)
{
  Block *block = (Block *) memory - 1;

  if (rte_mbuf_ext_refcnt_update (&block->shared, -1) == 0)
    free_block (NULL, block);
}

gboolean
dpdk_stack_arena_contains (const DpdkStackArena *self, const void *data)
{
  return (gsize) ((const char *) data - (const char *) self) < ARENA_SIZE;
}

void
dpdk_stack_arena_attach (const DpdkStackArena *self, struct rte_mbuf *mbuf, const void *data,
                         guint size)
{
  gsize offset = (gsize) ((const char *) data - (const char *) self);
  Block *block = (Block *) (void *) ((char *) self->zone->addr + offset / BLOCK_SIZE * BLOCK_SIZE);

  rte_mbuf_ext_refcnt_update (&block->shared, 1);
  rte_pktmbuf_attach_extbuf (mbuf, (char *) self->zone->addr + offset,
                             block->iova + offset % BLOCK_SIZE, (guint16) size, &block->shared);
  mbuf->data_len = (guint16) size;
  mbuf->pkt_len = size;
}
