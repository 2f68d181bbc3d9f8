/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-mempool-internal.h"

#include "dpdk-eal-private.h"
#include "dpdk-edge-private.h"
#include "dpdk-error-private.h"
#include "dpdk-log-private.h"
#include "dpdk-owner-private.h"

#include <rte_errno.h>
#include <rte_mbuf_pool_ops.h>

/* how long a pool waits for buffers that a closed device still has, and for threads that are giving
   some back */
#define LEFTOVER_TIMEOUT_US (200 * G_TIME_SPAN_MILLISECOND)

/**
 * DpdkMempool:
 *
 * A pool of packet buffers of one size.
 *
 * A pool holds the [class@Dpdk.Eal]. It is freed when it is full again: while the application
 * holds a [struct@Dpdk.Packet] of a pool, the pool stays alive even if its last reference was
 * dropped.
 *
 * Packets come from [method@Dpdk.Mempool.acquire] and its siblings: in bulk, for a registered
 * thread, and waiting until a buffer comes home. They go home when their last reference is dropped.
 *
 * In a build for debugging, and with `DPDK_DEBUG=packets` in the environment of any, a packet that
 * is released twice is reported and left alone, as long as nobody else has got its buffer. Without
 * these checks, which walk through the pool for each release, a second release puts the buffer into
 * the pool once more, from where it is given to two owners. In a build with AddressSanitizer the data
 * of a packet that the application has released is poisoned until the buffer is acquired again, so
 * that a use after the release is reported. Devices and stacks take buffers without the library's
 * help: a pool that one of them draws from is not poisoned.
 *
 * ```c
 * g_autoptr (DpdkMempool) pool = dpdk_mempool_new (eal, 8192, 256, 2048, -1, &error);
 * g_autoptr (DpdkPacket) packet = dpdk_mempool_acquire (pool, &error);
 * ```
 *
 * Since: 0.1
 */
/* what is left to do when the object is gone */
typedef struct {
  DpdkEal *eal;
  DpdkDependant *dependant;
  struct rte_mempool *native;
  gboolean is_full;
  /* when that has changed last, or packets were held that may be missing */
  gint64 since;
} Release;

#define RELEASE_JOB "release job of DpdkMempool"

typedef enum {
  PROP_EAL = 1,
  PROP_NAME,
  PROP_CAPACITY,
  PROP_CACHE_SIZE,
  PROP_DATA_SIZE,
  PROP_AVAILABLE,
  PROP_IN_USE,
} DpdkMempoolProperty;

static GParamSpec *properties[PROP_IN_USE + 1];

G_DEFINE_FINAL_TYPE (DpdkMempool, dpdk_mempool, G_TYPE_OBJECT)

/* whether there is nothing left to wait for */
static gboolean
is_settled (Release *release, gboolean is_full)
{
  gint64 now = g_get_monotonic_time ();

  if (is_full != release->is_full)
    release->since = now;
  release->is_full = is_full;
  return now - release->since >= LEFTOVER_TIMEOUT_US;
}

static gboolean
release_poll (gpointer data)
{
  Release *release = data;
  gboolean any_held = dpdk_held_any ();
  gboolean is_full = rte_mempool_full (release->native);

  /* while packets are held, a buffer that is missing may be one of them; and one that is there may be
     one that its thread has not let go of yet, because it counts as home a moment before */
  if (!is_full && any_held)
    release->since = g_get_monotonic_time ();
  if (!(is_full && !any_held) && !is_settled (release, is_full))
    return FALSE;
  if (is_full)
    dpdk_mempool_free_native (release->native);
  else
    g_debug ("DpdkMempool %s: %u buffers never came home; it is left to the cleanup of DPDK",
             release->native->name, rte_mempool_in_use_count (release->native));
  dpdk_edge_dropped (RELEASE_JOB, dpdk_dependant_get_name (release->dependant), release->eal);
  dpdk_eal_remove_dependant (release->dependant);
  g_object_unref (release->eal);
  g_free (release);
  return TRUE;
}

static void
release_job (gpointer data)
{
  if (!release_poll (data))
    dpdk_owner_post_poll (release_poll, data, TRUE);
}

/* the packets that the application still has keep the object */
static gboolean
parked_poll (gpointer data)
{
  DpdkMempool *self = data;

  if (!rte_mempool_full (self->native) && dpdk_held_any ())
    return FALSE;
  dpdk_edge_dropped ("packets of DpdkMempool", self->native->name, self);
  g_object_unref (self);
  return TRUE;
}

static void
dpdk_mempool_dispose (GObject *object)
{
  DpdkMempool *self = DPDK_MEMPOOL (object);

  if (self->native != NULL && !dpdk_eal_is_inert () && !rte_mempool_full (self->native) &&
      dpdk_held_any ())
    {
      dpdk_edge_made ("packets of DpdkMempool", self->native->name, self);
      dpdk_owner_post_poll (parked_poll, g_object_ref (self), FALSE);
    }
  G_OBJECT_CLASS (dpdk_mempool_parent_class)->dispose (object);
}

static void
dpdk_mempool_finalize (GObject *object)
{
  DpdkMempool *self = DPDK_MEMPOOL (object);

  if (self->native != NULL && !dpdk_eal_is_inert ())
    {
      Release *release = g_new0 (Release, 1);

      release->eal =
          dpdk_edge_hand_over (self, RELEASE_JOB, self->native->name, g_steal_pointer (&self->eal));
      release->dependant = g_steal_pointer (&self->dependant);
      release->native = self->native;
      release->since = g_get_monotonic_time ();
      dpdk_mempool_stop_poisoning (self->native);
      ((DpdkMempoolNativePrivate *) rte_mempool_get_priv (self->native))->mempool = NULL;
      dpdk_owner_post (release_job, release);
    }
  else if (!dpdk_eal_is_inert ())
    g_clear_pointer (&self->dependant, dpdk_eal_remove_dependant);
  dpdk_edge_clear (self, &self->eal);
  g_aligned_free (self->counters);
  G_OBJECT_CLASS (dpdk_mempool_parent_class)->finalize (object);
}

static void
dpdk_mempool_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  DpdkMempool *self = DPDK_MEMPOOL (object);

  switch ((DpdkMempoolProperty) id)
    {
    case PROP_EAL:
      g_value_set_object (value, self->eal);
      break;
    case PROP_NAME:
      g_value_set_string (value, dpdk_mempool_get_name (self));
      break;
    case PROP_CAPACITY:
      g_value_set_uint (value, dpdk_mempool_get_capacity (self));
      break;
    case PROP_CACHE_SIZE:
      g_value_set_uint (value, dpdk_mempool_get_cache_size (self));
      break;
    case PROP_DATA_SIZE:
      g_value_set_uint (value, self->data_size);
      break;
    case PROP_AVAILABLE:
      g_value_set_uint (value, dpdk_mempool_get_available (self));
      break;
    case PROP_IN_USE:
      g_value_set_uint (value, dpdk_mempool_get_in_use (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
dpdk_mempool_class_init (DpdkMempoolClass *klass)
{
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = dpdk_mempool_dispose;
  object_class->finalize = dpdk_mempool_finalize;
  object_class->get_property = dpdk_mempool_get_property;

  /**
   * DpdkMempool:eal:
   *
   * The EAL whose memory the pool uses.
   *
   * Since: 0.1
   */
  properties[PROP_EAL] = g_param_spec_object ("eal", NULL, NULL, DPDK_TYPE_EAL, flags);
  /**
   * DpdkMempool:name:
   *
   * The name of the pool inside DPDK.
   *
   * Since: 0.1
   */
  properties[PROP_NAME] = g_param_spec_string ("name", NULL, NULL, NULL, flags);
  /**
   * DpdkMempool:capacity:
   *
   * The number of buffers.
   *
   * Since: 0.1
   */
  properties[PROP_CAPACITY] = g_param_spec_uint ("capacity", NULL, NULL, 0, G_MAXUINT, 0, flags);
  /**
   * DpdkMempool:cache-size:
   *
   * The number of buffers that each worker may keep for itself.
   *
   * Since: 0.1
   */
  properties[PROP_CACHE_SIZE] =
      g_param_spec_uint ("cache-size", NULL, NULL, 0, G_MAXUINT, 0, flags);
  /**
   * DpdkMempool:data-size:
   *
   * The bytes of payload that a buffer has room for.
   *
   * Since: 0.1
   */
  properties[PROP_DATA_SIZE] = g_param_spec_uint ("data-size", NULL, NULL, 0, G_MAXUINT, 0, flags);
  /**
   * DpdkMempool:available:
   *
   * The number of free buffers.
   *
   * Since: 0.1
   */
  properties[PROP_AVAILABLE] = g_param_spec_uint ("available", NULL, NULL, 0, G_MAXUINT, 0, flags);
  /**
   * DpdkMempool:in-use:
   *
   * The number of buffers that are out: with the application, a stack, or a device.
   *
   * Since: 0.1
   */
  properties[PROP_IN_USE] = g_param_spec_uint ("in-use", NULL, NULL, 0, G_MAXUINT, 0, flags);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
dpdk_mempool_init (DpdkMempool *self)
{
  self->waiting_link.data = self;
  self->counters =
      g_aligned_alloc0 (RTE_MAX_LCORE + 1, sizeof *self->counters, RTE_CACHE_LINE_SIZE);
}

typedef struct {
  DpdkMempool *self;
  guint capacity;
  guint cache_size;
  int numa_node;
  const char *name;
  int native_error;
  char *log;
} CreateJob;

/* rte_pktmbuf_pool_create(), with room in the pool for the way back to our object */
static struct rte_mempool *
create_native (CreateJob *job)
{
  DpdkMempoolNativePrivate *private;
  struct rte_pktmbuf_pool_private layout = {
    .mbuf_data_room_size = (guint16) (job->self->data_size + RTE_PKTMBUF_HEADROOM),
    .mbuf_priv_size = DPDK_MEMPOOL_NATIVE_PRIVATE_SIZE,
  };
  guint element_size =
      sizeof (struct rte_mbuf) + layout.mbuf_priv_size + layout.mbuf_data_room_size;
  struct rte_mempool *native =
      rte_mempool_create_empty (job->name, job->capacity, element_size, job->cache_size,
                                sizeof (DpdkMempoolNativePrivate), job->numa_node, 0);

  if (native == NULL)
    {
      job->native_error = rte_errno;
      return NULL;
    }
  job->native_error = rte_mempool_set_ops_byname (native, rte_mbuf_best_mempool_ops (), NULL);
  if (job->native_error == 0)
    {
      rte_pktmbuf_pool_init (native, &layout);
      job->native_error = rte_mempool_populate_default (native);
    }
  if (job->native_error < 0)
    {
      dpdk_mempool_free_native (native);
      return NULL;
    }
  job->native_error = 0;
  /* this also clears what we keep in each buffer */
  rte_mempool_obj_iter (native, rte_pktmbuf_init, NULL);
  private = rte_mempool_get_priv (native);
  private->magic = DPDK_MEMPOOL_MAGIC;
  private->mempool = job->self;
  private->poisons = TRUE;
  return native;
}

static void
create_job (gpointer data)
{
  CreateJob *job = data;

  dpdk_log_capture_begin ();
  job->self->native = create_native (job);
  if (job->self->native != NULL && job->cache_size > 0)
    job->self->caches = job->self->native->local_cache;
  job->log = dpdk_log_capture_end ();
}

/**
 * dpdk_mempool_new:
 * @eal: the EAL
 * @capacity: number of buffers
 * @cache_size: number of buffers that each worker may keep for itself, at most 512 and at most two
 *   thirds of @capacity
 * @data_size: bytes of payload in a buffer, at most 65407
 * @numa_node: the NUMA node of the memory, or -1 for any
 * @error: return location for an error
 *
 * Creates a pool of packet buffers.
 *
 * May be called from any thread but that of a worker.
 *
 * Fails with %DPDK_ERROR_INVALID_ARGUMENT if a number is out of range, with %DPDK_ERROR_NO_MEMORY if
 * the memory of the EAL does not suffice, and with %DPDK_ERROR_EAL_DEAD if the EAL is ending.
 *
 * Returns: (transfer full): the pool
 *
 * Since: 0.1
 */
DpdkMempool *
dpdk_mempool_new (DpdkEal *eal, guint capacity, guint cache_size, guint data_size, int numa_node,
                  GError **error)
{
  static gint counter;
  g_autoptr (DpdkMempool) self = NULL;
  g_autofree char *name = NULL;
  g_autofree char *log = NULL;
  CreateJob job = { 0 };

  g_return_val_if_fail (DPDK_IS_EAL (eal), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (capacity == 0 || capacity > G_MAXINT || data_size == 0 ||
      data_size > G_MAXUINT16 - RTE_PKTMBUF_HEADROOM || cache_size > RTE_MEMPOOL_CACHE_MAX_SIZE ||
      (guint64) cache_size * 3 > (guint64) capacity * 2)
    {
      g_set_error (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT,
                   "DpdkMempool: capacity %u, cache size %u or data size %u is out of range",
                   capacity, cache_size, data_size);
      return NULL;
    }
  name = g_strdup_printf ("dpdk-glib-%d", g_atomic_int_add (&counter, 1));
  self = g_object_new (DPDK_TYPE_MEMPOOL, NULL);
  dpdk_edge_set_name (self, name);
  self->eal = dpdk_edge_ref (self, eal);
  self->data_size = data_size;
  self->dependant = dpdk_eal_add_dependant (eal, DPDK_TYPE_MEMPOOL, name, error);
  if (self->dependant == NULL)
    return NULL;

  job.self = self;
  job.capacity = capacity;
  job.cache_size = cache_size;
  job.numa_node = numa_node;
  job.name = name;
  if (!dpdk_owner_call (create_job, &job, "creating a mempool", error))
    return NULL;
  log = job.log;
  if (self->native == NULL)
    {
      dpdk_set_native_error (error, job.native_error, log, "DpdkMempool of %u buffers of %u bytes",
                             capacity, data_size);
      return NULL;
    }
  dpdk_mempool_attention_init ();
  return g_steal_pointer (&self);
}

struct rte_mempool *
dpdk_mempool_get_native (DpdkMempool *self)
{
  dpdk_mempool_stop_poisoning (self->native);
  return self->native;
}

DpdkMempool *
dpdk_mempool_from_native (struct rte_mempool *native)
{
  DpdkMempoolNativePrivate *private = rte_mempool_get_priv (native);

  if (native->private_data_size < sizeof *private || private->magic != DPDK_MEMPOOL_MAGIC)
    return NULL;
  return private->mempool;
}

/**
 * dpdk_mempool_get_eal: (get-property eal)
 * @self: a mempool
 *
 * Gets the EAL whose memory the pool uses. May be called from any thread.
 *
 * Returns: (transfer none): the EAL
 *
 * Since: 0.1
 */
DpdkEal *
dpdk_mempool_get_eal (DpdkMempool *self)
{
  g_return_val_if_fail (DPDK_IS_MEMPOOL (self), NULL);

  return self->eal;
}

/**
 * dpdk_mempool_get_name: (get-property name)
 * @self: a mempool
 *
 * Gets the name of the pool inside DPDK. May be called from any thread.
 *
 * Returns: (transfer none): the name
 *
 * Since: 0.1
 */
const char *
dpdk_mempool_get_name (DpdkMempool *self)
{
  g_return_val_if_fail (DPDK_IS_MEMPOOL (self), NULL);

  return self->native != NULL ? self->native->name : NULL;
}

/**
 * dpdk_mempool_get_capacity: (get-property capacity)
 * @self: a mempool
 *
 * Gets the number of buffers. May be called from any thread.
 *
 * Returns: the number
 *
 * Since: 0.1
 */
guint
dpdk_mempool_get_capacity (DpdkMempool *self)
{
  g_return_val_if_fail (DPDK_IS_MEMPOOL (self), 0);

  return self->native != NULL ? self->native->size : 0;
}

/**
 * dpdk_mempool_get_cache_size: (get-property cache-size)
 * @self: a mempool
 *
 * Gets the number of buffers that each worker may keep for itself. May be called from any thread.
 *
 * Returns: the number
 *
 * Since: 0.1
 */
guint
dpdk_mempool_get_cache_size (DpdkMempool *self)
{
  g_return_val_if_fail (DPDK_IS_MEMPOOL (self), 0);

  return self->native != NULL ? self->native->cache_size : 0;
}

/**
 * dpdk_mempool_get_data_size: (get-property data-size)
 * @self: a mempool
 *
 * Gets the bytes of payload that a buffer has room for. May be called from any thread.
 *
 * Returns: the size in bytes
 *
 * Since: 0.1
 */
guint
dpdk_mempool_get_data_size (DpdkMempool *self)
{
  g_return_val_if_fail (DPDK_IS_MEMPOOL (self), 0);

  return self->data_size;
}
