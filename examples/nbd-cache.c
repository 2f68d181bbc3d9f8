/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nbd-cache.h"

/* Blocks share them; one that changes without need costs a read. */
#define N_GENERATIONS 4096

typedef struct {
  guint64 block;
  guint64 generation;
} Key;

struct _NbdCache {
  DpdkPacketCache *packets;
  guint max_blocks;
  guint64 size;
  NbdCacheRead read;
  gpointer source;
  /* Part of the key of a block, and so what was read before a change is not found after it. */
  guint64 generations[N_GENERATIONS];

  GMutex lock;
  /* the Held, the last used one first, and their links by key */
  GQueue held;
  GHashTable *links;
};

/* A packet stays in the packet cache as long as somebody has it: that is us. */
typedef struct {
  GBytes *key;
  DpdkPacket *packet;
} Held;

typedef struct {
  NbdCache *cache;
  int error_number;
} Fill;

NbdCache *
nbd_cache_new (DpdkMempool *mempool, guint max_blocks, guint64 size, NbdCacheRead read,
               gpointer source)
{
  NbdCache *self = g_new0 (NbdCache, 1);

  self->packets = dpdk_packet_cache_new (mempool);
  self->max_blocks = max_blocks;
  self->size = size;
  self->read = read;
  self->source = source;
  g_mutex_init (&self->lock);
  self->links = g_hash_table_new (g_bytes_hash, g_bytes_equal);

  return self;
}

static void
drop_held (NbdCache *self, Held *held)
{
  dpdk_packet_cache_release (self->packets, held->packet, NULL);
  g_bytes_unref (held->key);
  g_free (held);
}

void
nbd_cache_free (NbdCache *self)
{
  g_hash_table_unref (self->links);
  while (!g_queue_is_empty (&self->held))
    drop_held (self, g_queue_pop_head (&self->held));
  g_mutex_clear (&self->lock);
  g_object_unref (self->packets);
  g_free (self);
}

static gboolean
fill_packet (DpdkPacketCache *cache, GBytes *key, DpdkPacket *packet, gpointer user_data,
             GError **error)
{
  Fill *fill = user_data;
  NbdCache *self = fill->cache;
  const Key *place = g_bytes_get_data (key, NULL);
  guint64 offset = place->block * NBD_CACHE_BLOCK;
  gsize size = MIN (NBD_CACHE_BLOCK, self->size - offset);
  guint8 buffer[NBD_CACHE_BLOCK];

  fill->error_number = self->read (self->source, buffer, size, offset);
  if (fill->error_number != 0)
    {
      g_set_error_literal (error, G_IO_ERROR, g_io_error_from_errno (fill->error_number),
                           g_strerror (fill->error_number));
      return FALSE;
    }

  return dpdk_packet_append (packet, buffer, size, error);
}

/* Takes over the reference of one user, and keeps or releases it. */
static void
hold (NbdCache *self, GBytes *key, DpdkPacket *packet)
{
  Held *old = NULL;
  GList *link;

  g_mutex_lock (&self->lock);
  link = g_hash_table_lookup (self->links, key);
  if (link != NULL)
    {
      g_queue_unlink (&self->held, link);
      g_queue_push_head_link (&self->held, link);
    }
  else
    {
      Held *held = g_new (Held, 1);

      *held = (Held){ g_bytes_ref (key), g_steal_pointer (&packet) };
      g_queue_push_head (&self->held, held);
      g_hash_table_insert (self->links, held->key, self->held.head);
      if (self->held.length > self->max_blocks)
        {
          old = g_queue_pop_tail (&self->held);
          g_hash_table_remove (self->links, old->key);
        }
    }
  g_mutex_unlock (&self->lock);

  if (packet != NULL)
    dpdk_packet_cache_release (self->packets, packet, NULL);
  if (old != NULL)
    drop_held (self, old);
}

GBytes *
nbd_cache_get (NbdCache *self, guint64 block, int *error_number)
{
  Key place = { block,
                __atomic_load_n (&self->generations[block % N_GENERATIONS], __ATOMIC_ACQUIRE) };
  g_autoptr (GBytes) key = g_bytes_new (&place, sizeof place);
  Fill fill = { .cache = self };
  DpdkPacket *packet;
  GBytes *bytes;

  packet = dpdk_packet_cache_get_or_create (self->packets, key, fill_packet, &fill, NULL);
  *error_number = fill.error_number;
  if (packet == NULL)
    return NULL;

  bytes = dpdk_packet_to_bytes (packet);
  hold (self, key, packet);

  return bytes;
}

void
nbd_cache_invalidate (NbdCache *self, guint64 offset, guint64 length)
{
  guint64 first = offset / NBD_CACHE_BLOCK;
  guint64 n = length > 0 ? (offset + length - 1) / NBD_CACHE_BLOCK - first + 1 : 0;

  for (guint64 i = 0; i < MIN (n, N_GENERATIONS); i++)
    __atomic_fetch_add (&self->generations[(first + i) % N_GENERATIONS], 1, __ATOMIC_RELEASE);
}

guint64
nbd_cache_get_hits (NbdCache *self)
{
  return dpdk_packet_cache_get_hits (self->packets);
}

guint64
nbd_cache_get_misses (NbdCache *self)
{
  return dpdk_packet_cache_get_misses (self->packets);
}

guint
nbd_cache_get_n_blocks (NbdCache *self)
{
  return dpdk_packet_cache_get_live (self->packets);
}
