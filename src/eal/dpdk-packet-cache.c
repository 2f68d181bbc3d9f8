/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-edge-private.h"
#include "dpdk-packet-private.h"

/**
 * DpdkPacketCache:
 *
 * A cache of packets that do not change, for content that is sent many times.
 *
 * Whoever asks for a key gets a reference on the packet in the cache, which is made when it is asked
 * for first. The packet stays in the cache until everybody who got it has released it with
 * [method@Dpdk.PacketCache.release]. What only a device still holds does not count.
 *
 * A packet of a cache is shared, so it cannot be written to. It is sent as it is, with a reference
 * for the port, or behind a header of its own with [method@Dpdk.Packet.append_clone].
 *
 * A cache holds its [class@Dpdk.Mempool]. Packets that are out when it is dropped stay valid, and are
 * released by [method@Dpdk.Packet.unref] alone.
 *
 * All functions may be called from any thread. They take a lock, so they are not for the path of each
 * packet.
 *
 * ```c
 * static gboolean
 * make_page (DpdkPacketCache *cache, GBytes *key, DpdkPacket *packet, gpointer user_data,
 *            GError **error)
 * {
 *   g_autoptr (GBytes) page = load_page (key);
 *
 *   return dpdk_packet_append (packet, g_bytes_get_data (page, NULL), g_bytes_get_size (page),
 *                              error);
 * }
 *
 * DpdkPacket *page = dpdk_packet_cache_get_or_create (cache, key, make_page, NULL, &error);
 * ```
 *
 * Since: 0.1
 */
struct _DpdkPacketCache {
  GObject parent_instance;

  DpdkMempool *mempool;

  GMutex lock;
  GCond changed;
  /* GBytes to Entry, which the table owns */
  GHashTable *by_key;
  /* DpdkPacket to Entry, once it is made */
  GHashTable *by_packet;
  /* GThread to the Entry that it waits for */
  GHashTable *waiting;
  guint64 n_hits;
  guint64 n_misses;
};

typedef struct {
  GBytes *key;
  DpdkPacket *packet;
  /* how many got the packet and have not released it */
  guint n_users;
  /* while the packet is made */
  GThread *creator;
} Entry;

typedef enum {
  PROP_MEMPOOL = 1,
  PROP_HITS,
  PROP_MISSES,
  PROP_LIVE,
} DpdkPacketCacheProperty;

static GParamSpec *properties[PROP_LIVE + 1];

G_DEFINE_FINAL_TYPE (DpdkPacketCache, dpdk_packet_cache, G_TYPE_OBJECT)

static void
entry_free (gpointer data)
{
  Entry *self = data;

  g_clear_pointer (&self->packet, dpdk_packet_unref);
  g_bytes_unref (self->key);
  g_free (self);
}

static void
dpdk_packet_cache_dispose (GObject *object)
{
  DpdkPacketCache *self = DPDK_PACKET_CACHE (object);

  g_hash_table_remove_all (self->by_packet);
  g_hash_table_remove_all (self->by_key);
  dpdk_edge_clear (self, &self->mempool);
  G_OBJECT_CLASS (dpdk_packet_cache_parent_class)->dispose (object);
}

static void
dpdk_packet_cache_finalize (GObject *object)
{
  DpdkPacketCache *self = DPDK_PACKET_CACHE (object);

  g_hash_table_unref (self->by_packet);
  g_hash_table_unref (self->by_key);
  g_hash_table_unref (self->waiting);
  /* a thread of the parent may have had the lock */
  if (!dpdk_eal_is_inert ())
    {
      g_cond_clear (&self->changed);
      g_mutex_clear (&self->lock);
    }
  G_OBJECT_CLASS (dpdk_packet_cache_parent_class)->finalize (object);
}

static void
dpdk_packet_cache_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  DpdkPacketCache *self = DPDK_PACKET_CACHE (object);

  switch ((DpdkPacketCacheProperty) id)
    {
    case PROP_MEMPOOL:
      g_value_set_object (value, self->mempool);
      break;
    case PROP_HITS:
      g_value_set_uint64 (value, dpdk_packet_cache_get_hits (self));
      break;
    case PROP_MISSES:
      g_value_set_uint64 (value, dpdk_packet_cache_get_misses (self));
      break;
    case PROP_LIVE:
      g_value_set_uint (value, dpdk_packet_cache_get_live (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
dpdk_packet_cache_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  DpdkPacketCache *self = DPDK_PACKET_CACHE (object);

  switch ((DpdkPacketCacheProperty) id)
    {
    case PROP_MEMPOOL:
      if (g_value_get_object (value) != NULL)
        self->mempool = dpdk_edge_ref (self, g_value_get_object (value));
      break;
    case PROP_HITS:
    case PROP_MISSES:
    case PROP_LIVE:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
dpdk_packet_cache_class_init (DpdkPacketCacheClass *klass)
{
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = dpdk_packet_cache_dispose;
  object_class->finalize = dpdk_packet_cache_finalize;
  object_class->get_property = dpdk_packet_cache_get_property;
  object_class->set_property = dpdk_packet_cache_set_property;

  /**
   * DpdkPacketCache:mempool:
   *
   * The pool of the packets.
   *
   * Since: 0.1
   */
  properties[PROP_MEMPOOL] = g_param_spec_object (
      "mempool", NULL, NULL, DPDK_TYPE_MEMPOOL, flags | G_PARAM_WRITABLE | G_PARAM_CONSTRUCT_ONLY);
  /**
   * DpdkPacketCache:hits:
   *
   * How often a key was found.
   *
   * Since: 0.1
   */
  properties[PROP_HITS] = g_param_spec_uint64 ("hits", NULL, NULL, 0, G_MAXUINT64, 0, flags);
  /**
   * DpdkPacketCache:misses:
   *
   * How often a key was not found.
   *
   * Since: 0.1
   */
  properties[PROP_MISSES] = g_param_spec_uint64 ("misses", NULL, NULL, 0, G_MAXUINT64, 0, flags);
  /**
   * DpdkPacketCache:live:
   *
   * The number of packets in the cache.
   *
   * Since: 0.1
   */
  properties[PROP_LIVE] = g_param_spec_uint ("live", NULL, NULL, 0, G_MAXUINT, 0, flags);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
dpdk_packet_cache_init (DpdkPacketCache *self)
{
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  self->by_key = g_hash_table_new_full (g_bytes_hash, g_bytes_equal, NULL, entry_free);
  self->by_packet = g_hash_table_new (NULL, NULL);
  self->waiting = g_hash_table_new (NULL, NULL);
}

/**
 * dpdk_packet_cache_new:
 * @mempool: the pool of the packets
 *
 * Creates an empty cache.
 *
 * May be called from any thread.
 *
 * Returns: (transfer full): the cache
 *
 * Since: 0.1
 */
DpdkPacketCache *
dpdk_packet_cache_new (DpdkMempool *mempool)
{
  g_return_val_if_fail (DPDK_IS_MEMPOOL (mempool), NULL);

  return g_object_new (DPDK_TYPE_PACKET_CACHE, "mempool", mempool, NULL);
}

/* whether @entry, which somebody is making, waits for the calling thread */
static gboolean
waits_for_me_locked (DpdkPacketCache *self, const Entry *entry)
{
  while (entry != NULL && entry->creator != g_thread_self ())
    entry = g_hash_table_lookup (self->waiting, entry->creator);
  return entry != NULL;
}

/* the entry of @key when nobody is making it, or NULL if there is none */
static gboolean
find_locked (DpdkPacketCache *self, GBytes *key, Entry **entry, GError **error)
{
  while ((*entry = g_hash_table_lookup (self->by_key, key)) != NULL && (*entry)->creator != NULL)
    {
      if (waits_for_me_locked (self, *entry))
        {
          g_set_error_literal (
              error, DPDK_ERROR, DPDK_ERROR_WOULD_DEADLOCK,
              "DpdkPacketCache: a function that makes a packet has asked for a key whose packet "
              "cannot be made before its own");
          return FALSE;
        }
      g_hash_table_insert (self->waiting, g_thread_self (), *entry);
      g_cond_wait (&self->changed, &self->lock);
    }
  return TRUE;
}

static gboolean
is_waiting_for (gpointer thread, gpointer entry, gpointer which)
{
  return entry == which;
}

/* nobody waits for @entry any more, though its waiters have to wake up yet */
static void
end_waiting_locked (DpdkPacketCache *self, Entry *entry)
{
  g_hash_table_foreach_remove (self->waiting, is_waiting_for, entry);
  g_cond_broadcast (&self->changed);
}

static gboolean
check_alive (GError **error)
{
  if (G_LIKELY (!dpdk_eal_is_inert ()))
    return TRUE;
  g_set_error_literal (error, DPDK_ERROR, DPDK_ERROR_EAL_DEAD,
                       "DpdkPacketCache: the cache belongs to the parent of this process, or the "
                       "process is ending");
  return FALSE;
}

static DpdkPacket *
hit_locked (DpdkPacketCache *self, Entry *entry, GError **error)
{
  self->n_hits++;
  if (G_UNLIKELY (!dpdk_packet_may_ref (entry->packet)))
    {
      g_set_error (error, DPDK_ERROR, DPDK_ERROR_BUSY,
                   "DpdkPacketCache: a packet has %u references, and can have no more",
                   DPDK_PACKET_MAX_REFERENCES);
      return NULL;
    }
  entry->n_users++;
  return dpdk_packet_ref (entry->packet);
}

static DpdkPacket *
create (DpdkPacketCache *self, GBytes *key, DpdkPacketCacheFunc func, gpointer user_data,
        GError **error)
{
  g_autoptr (DpdkPacket) packet = dpdk_mempool_acquire (self->mempool, error);
  GError *own_error = NULL;

  if (packet == NULL)
    return NULL;
  if (func (self, key, packet, user_data, &own_error))
    {
      /* a function that claims success may have set an error all the same */
      g_clear_error (&own_error);
      return g_steal_pointer (&packet);
    }
  if (own_error == NULL)
    g_set_error_literal (&own_error, DPDK_ERROR, DPDK_ERROR_FAILED,
                         "DpdkPacketCache: the function that makes the packet of a key has failed "
                         "without an error");
  g_propagate_error (error, own_error);
  return NULL;
}

/**
 * dpdk_packet_cache_get_or_create:
 * @self: a packet cache
 * @key: what to ask for
 * @func: (scope call) (closure user_data): makes the content where the key is not in the cache
 * @user_data: data for @func
 * @error: return location for an error
 *
 * Gets the packet of a key, which is made where it is not in the cache. When several threads ask for
 * the same key, one makes it and the others wait for that. [method@Dpdk.PacketCache.release] is the way
 * back.
 *
 * May be called from any thread; on that of a worker it stops the worker for as long as @func takes,
 * also that of another thread.
 *
 * Fails with the error of @func, in which case the next one who asks calls it again, with
 * %DPDK_ERROR_NO_MEMORY if the pool has no free buffer, with %DPDK_ERROR_WOULD_DEADLOCK if a @func
 * asks for a key whose packet cannot be made before its own, with %DPDK_ERROR_BUSY if the packet has as
 * many references as it can have, and with %DPDK_ERROR_EAL_DEAD in a child made by fork().
 *
 * Returns: (transfer full): the packet, which cannot be changed
 *
 * Since: 0.1
 */
DpdkPacket *
dpdk_packet_cache_get_or_create (DpdkPacketCache *self, GBytes *key, DpdkPacketCacheFunc func,
                                 gpointer user_data, GError **error)
{
  DpdkPacket *packet = NULL;
  Entry *entry;

  g_return_val_if_fail (DPDK_IS_PACKET_CACHE (self), NULL);
  g_return_val_if_fail (key != NULL, NULL);
  g_return_val_if_fail (func != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!check_alive (error))
    return NULL;
  g_mutex_lock (&self->lock);
  if (!find_locked (self, key, &entry, error))
    {
      g_mutex_unlock (&self->lock);
      return NULL;
    }
  if (entry != NULL)
    {
      packet = hit_locked (self, entry, error);
      g_mutex_unlock (&self->lock);
      return packet;
    }
  self->n_misses++;
  entry = g_new0 (Entry, 1);
  entry->key = g_bytes_ref (key);
  entry->creator = g_thread_self ();
  g_hash_table_insert (self->by_key, entry->key, entry);
  g_mutex_unlock (&self->lock);

  packet = create (self, key, func, user_data, error);

  g_mutex_lock (&self->lock);
  entry->creator = NULL;
  end_waiting_locked (self, entry);
  if (packet != NULL)
    {
      entry->n_users = 1;
      entry->packet = dpdk_packet_ref (packet);
      g_hash_table_insert (self->by_packet, packet, entry);
    }
  else
    g_hash_table_remove (self->by_key, key);
  g_mutex_unlock (&self->lock);
  return packet;
}

/**
 * dpdk_packet_cache_lookup:
 * @self: a packet cache
 * @key: what to ask for
 *
 * Gets the packet of a key if it is in the cache; if somebody is making it, waits for that.
 * [method@Dpdk.PacketCache.release] is the way back. A packet that has as many references as it can
 * have is not given, and in a child made by fork() none is.
 *
 * May be called from any thread.
 *
 * Returns: (transfer full) (nullable): the packet, which cannot be changed, or %NULL
 *
 * Since: 0.1
 */
DpdkPacket *
dpdk_packet_cache_lookup (DpdkPacketCache *self, GBytes *key)
{
  DpdkPacket *packet = NULL;
  Entry *entry;

  g_return_val_if_fail (DPDK_IS_PACKET_CACHE (self), NULL);
  g_return_val_if_fail (key != NULL, NULL);

  if (!check_alive (NULL))
    return NULL;
  g_mutex_lock (&self->lock);
  /* who is making it does not have it yet */
  if (find_locked (self, key, &entry, NULL) && entry != NULL)
    packet = hit_locked (self, entry, NULL);
  else
    self->n_misses++;
  g_mutex_unlock (&self->lock);
  return packet;
}

/**
 * dpdk_packet_cache_release:
 * @self: a packet cache
 * @packet: (transfer full): a packet that came from it
 * @error: return location for an error
 *
 * Drops the reference that a call of [method@Dpdk.PacketCache.get_or_create] or
 * [method@Dpdk.PacketCache.lookup] gave. With the last one the packet leaves the cache; its buffer goes
 * home when no device holds it any more.
 *
 * May be called from any thread.
 *
 * Fails with %DPDK_ERROR_INVALID_ARGUMENT if the packet is not in the cache, and with
 * %DPDK_ERROR_EAL_DEAD in a child made by fork(). The reference is dropped all the same.
 *
 * Returns: %TRUE on success
 *
 * Since: 0.1
 */
gboolean
dpdk_packet_cache_release (DpdkPacketCache *self, DpdkPacket *packet, GError **error)
{
  g_autoptr (GBytes) key = NULL;
  Entry *entry;

  g_return_val_if_fail (DPDK_IS_PACKET_CACHE (self), FALSE);
  g_return_val_if_fail (packet != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!check_alive (error))
    return FALSE;
  g_mutex_lock (&self->lock);
  entry = g_hash_table_lookup (self->by_packet, packet);
  if (entry != NULL && --entry->n_users == 0)
    {
      /* the key goes after the lock: its free function is the application's */
      key = g_bytes_ref (entry->key);
      g_hash_table_remove (self->by_packet, packet);
      g_hash_table_remove (self->by_key, key);
    }
  g_mutex_unlock (&self->lock);
  if (entry == NULL)
    g_set_error (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT,
                 "DpdkPacketCache: packet %p is not in the cache", (gpointer) packet);
  dpdk_packet_unref (packet);
  return entry != NULL;
}

/**
 * dpdk_packet_cache_get_mempool: (get-property mempool)
 * @self: a packet cache
 *
 * Gets the pool of the packets. May be called from any thread.
 *
 * Returns: (transfer none): the pool
 *
 * Since: 0.1
 */
DpdkMempool *
dpdk_packet_cache_get_mempool (DpdkPacketCache *self)
{
  g_return_val_if_fail (DPDK_IS_PACKET_CACHE (self), NULL);

  return self->mempool;
}

static guint64
read_locked (DpdkPacketCache *self, const guint64 *counter)
{
  guint64 value;

  if (dpdk_eal_is_inert ())
    return *counter;
  g_mutex_lock (&self->lock);
  value = *counter;
  g_mutex_unlock (&self->lock);
  return value;
}

/**
 * dpdk_packet_cache_get_hits: (get-property hits)
 * @self: a packet cache
 *
 * Gets how often a key was found, after waiting for the one who was making it where need be. Hits and
 * misses together are all the calls that asked, but for those refused with %DPDK_ERROR_WOULD_DEADLOCK.
 *
 * May be called from any thread.
 *
 * Returns: the number
 *
 * Since: 0.1
 */
guint64
dpdk_packet_cache_get_hits (DpdkPacketCache *self)
{
  g_return_val_if_fail (DPDK_IS_PACKET_CACHE (self), 0);

  return read_locked (self, &self->n_hits);
}

/**
 * dpdk_packet_cache_get_misses: (get-property misses)
 * @self: a packet cache
 *
 * Gets how often a key was not found, whether its packet could be made then or not. May be called from
 * any thread.
 *
 * Returns: the number
 *
 * Since: 0.1
 */
guint64
dpdk_packet_cache_get_misses (DpdkPacketCache *self)
{
  g_return_val_if_fail (DPDK_IS_PACKET_CACHE (self), 0);

  return read_locked (self, &self->n_misses);
}

/**
 * dpdk_packet_cache_get_live: (get-property live)
 * @self: a packet cache
 *
 * Gets the number of packets in the cache, without those that are being made. May be called from any
 * thread.
 *
 * Returns: the number
 *
 * Since: 0.1
 */
guint
dpdk_packet_cache_get_live (DpdkPacketCache *self)
{
  guint n;

  g_return_val_if_fail (DPDK_IS_PACKET_CACHE (self), 0);

  if (dpdk_eal_is_inert ())
    return g_hash_table_size (self->by_packet);
  g_mutex_lock (&self->lock);
  n = g_hash_table_size (self->by_packet);
  g_mutex_unlock (&self->lock);
  return n;
}
