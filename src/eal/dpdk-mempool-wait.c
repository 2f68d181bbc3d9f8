/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-lcore-private.h"
#include "dpdk-own-context-private.h"
#include "dpdk-owner-private.h"
#include "dpdk-packet-private.h"

/* Those who wait for a buffer stand in a queue, which only the owner thread serves: so the order of
   the answers is that of the queue, and no callback runs on a thread that releases a packet. A release
   through this library wakes the owner thread; what a device gives back it notices by looking, as long
   as somebody waits. */

typedef struct {
  gatomicrefcount references;
  GList link;
  DpdkMempool *mempool;
  GTask *task;
  gulong cancelled_id;
  gboolean is_queued;
} Waiter;

static struct {
  GMutex lock;
  /* pools for which somebody waits */
  GQueue mempools;
  /* waiters whose operation was cancelled */
  GQueue cancelled;
  gboolean is_polled;
  gboolean is_posted;
} waiting;

static void
waiter_unref (gpointer data)
{
  Waiter *self = data;

  if (!g_atomic_ref_count_dec (&self->references))
    return;
  g_free (self);
}

/* While somebody waits, nothing that comes home stays in a cache, whoever brings it: a threshold of 0
   sends it to the common store. An lcore only reads the threshold, so it may be changed any time. */
static void
use_caches (DpdkMempool *mempool, gboolean use)
{
  for (unsigned int lcore = 0; mempool->native->cache_size > 0 && lcore < RTE_MAX_LCORE; lcore++)
    {
      struct rte_mempool_cache *cache = rte_mempool_default_cache (mempool->native, lcore);

      if (!use && cache->flushthresh != 0)
        mempool->flush_threshold = cache->flushthresh;
      __atomic_store_n (&cache->flushthresh, use ? mempool->flush_threshold : 0, __ATOMIC_RELAXED);
    }
}

static void
set_waiting_locked (DpdkMempool *mempool)
{
  gboolean is_listed = g_queue_link_index (&waiting.mempools, &mempool->waiting_link) >= 0;

  if (!is_listed && !g_queue_is_empty (&mempool->waiters))
    {
      g_queue_push_tail_link (&waiting.mempools, &mempool->waiting_link);
      use_caches (mempool, FALSE);
    }
  else if (is_listed && g_queue_is_empty (&mempool->waiters))
    {
      g_queue_unlink (&waiting.mempools, &mempool->waiting_link);
      use_caches (mempool, TRUE);
    }
  if (g_queue_is_empty (&waiting.mempools))
    __atomic_fetch_and (&dpdk_mempool_attention, (guint) ~DPDK_ATTENTION_WAITERS, __ATOMIC_RELAXED);
  else
    __atomic_fetch_or (&dpdk_mempool_attention, DPDK_ATTENTION_WAITERS, __ATOMIC_RELAXED);
}

static void
remove_locked (Waiter *waiter)
{
  g_queue_unlink (&waiter->mempool->waiters, &waiter->link);
  waiter->is_queued = FALSE;
  if (g_queue_is_empty (&waiter->mempool->waiters))
    set_waiting_locked (waiter->mempool);
}

typedef enum {
  ANSWER_PACKET,
  ANSWER_CANCELLED,
  ANSWER_ENDING,
} AnswerKind;

/* takes over the packet */
static void
answer (Waiter *waiter, AnswerKind kind, DpdkPacket *packet)
{
  GTask *task = g_steal_pointer (&waiter->task);

  /* not g_cancellable_disconnect(), which waits for handlers that may be waiting for this thread */
  if (waiter->cancelled_id != 0)
    g_signal_handler_disconnect (g_task_get_cancellable (task), waiter->cancelled_id);
  switch (kind)
    {
    case ANSWER_PACKET:
      g_task_return_pointer (task, packet, (GDestroyNotify) dpdk_packet_unref);
      break;
    case ANSWER_CANCELLED:
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED,
                               "DpdkMempool %s: waiting for a buffer was cancelled",
                               waiter->mempool->native->name);
      break;
    case ANSWER_ENDING:
    default:
      g_task_return_new_error (task, DPDK_ERROR, DPDK_ERROR_EAL_DEAD,
                               "DpdkMempool %s: the EAL is ending", waiter->mempool->native->name);
      break;
    }
  g_object_unref (task);
  waiter_unref (waiter);
}

typedef struct {
  Waiter *waiter;
  DpdkPacket *packet;
} Answer;

static void
serve_locked (DpdkMempool *mempool, gboolean is_ending, GArray *answers)
{
  Waiter *waiter;

  while ((waiter = g_queue_peek_head (&mempool->waiters)) != NULL)
    {
      Answer next = { .waiter = waiter };
      struct rte_mbuf *mbuf;

      if (!is_ending)
        {
          /* looking is not an acquisition that failed; and the cache of this thread would keep what
             the next ones wait for */
          if (dpdk_mempool_count_common (mempool) == 0 ||
              !dpdk_mempool_take (mempool, LCORE_ID_ANY, &mbuf, 1))
            break;
          next.packet = dpdk_packet_from_taken (mbuf);
        }
      remove_locked (waiter);
      g_array_append_val (answers, next);
    }
}

static void
serve_all (void)
{
  g_autoptr (GArray) answers = g_array_new (FALSE, FALSE, sizeof (Answer));
  gboolean is_ending = dpdk_eal_get_process_state () != DPDK_EAL_STATE_UP;
  GQueue cancelled = G_QUEUE_INIT;
  GList *next;

  g_mutex_lock (&waiting.lock);
  waiting.is_posted = FALSE;
  cancelled = waiting.cancelled;
  g_queue_init (&waiting.cancelled);
  for (GList *l = waiting.mempools.head; l != NULL; l = next)
    {
      next = l->next;
      serve_locked (l->data, is_ending, answers);
    }
  g_mutex_unlock (&waiting.lock);

  while (!g_queue_is_empty (&cancelled))
    {
      Waiter *waiter = g_queue_pop_head_link (&cancelled)->data;

      answer (waiter, ANSWER_CANCELLED, NULL);
    }
  for (guint i = 0; i < answers->len; i++)
    {
      Answer *next_answer = &g_array_index (answers, Answer, i);

      answer (next_answer->waiter, is_ending ? ANSWER_ENDING : ANSWER_PACKET, next_answer->packet);
    }
}

static void
serve_job (gpointer data)
{
  serve_all ();
}

static gboolean
serve_poll (gpointer data)
{
  gboolean is_over;

  serve_all ();
  g_mutex_lock (&waiting.lock);
  is_over = g_queue_is_empty (&waiting.mempools);
  waiting.is_polled = !is_over;
  g_mutex_unlock (&waiting.lock);
  return is_over;
}

static void
post_locked (void)
{
  if (waiting.is_posted)
    return;
  waiting.is_posted = TRUE;
  dpdk_owner_post (serve_job, NULL);
}

/* what is in the cache of this thread already is of no use to the owner thread */
static gboolean
flush_caches_locked (void)
{
  unsigned int lcore = rte_lcore_id ();
  gboolean any = FALSE;

  for (GList *l = waiting.mempools.head; l != NULL; l = l->next)
    {
      DpdkMempool *mempool = l->data;
      struct rte_mempool_cache *cache = rte_mempool_default_cache (mempool->native, lcore);

      if (cache == NULL || cache->len == 0)
        continue;
      rte_mempool_cache_flush (cache, mempool->native);
      any = TRUE;
    }
  return any;
}

void
dpdk_mempool_wake_waiters (void)
{
  g_mutex_lock (&waiting.lock);
  flush_caches_locked ();
  if (!g_queue_is_empty (&waiting.mempools))
    post_locked ();
  g_mutex_unlock (&waiting.lock);
}

void
dpdk_mempool_yield_caches (void)
{
  if (G_LIKELY (!(dpdk_mempool_get_attention () & DPDK_ATTENTION_WAITERS)) || dpdk_eal_is_inert ())
    return;
  g_mutex_lock (&waiting.lock);
  if (flush_caches_locked ())
    post_locked ();
  g_mutex_unlock (&waiting.lock);
}

static void
on_cancelled (GCancellable *cancellable, gpointer data)
{
  Waiter *waiter = data;

  /* nobody would answer, and the lock may be taken for ever */
  if (dpdk_eal_is_inert ())
    return;
  g_mutex_lock (&waiting.lock);
  if (waiter->is_queued)
    {
      remove_locked (waiter);
      g_queue_push_tail_link (&waiting.cancelled, &waiter->link);
      post_locked ();
    }
  g_mutex_unlock (&waiting.lock);
}

/* FALSE if a buffer was there at once */
static gboolean
enqueue (DpdkMempool *self, Waiter *waiter, DpdkPacket **packet)
{
  struct rte_mbuf *mbuf;
  gboolean waits;

  g_mutex_lock (&waiting.lock);
  waits = !g_queue_is_empty (&self->waiters) || dpdk_mempool_count_common (self) == 0 ||
          !dpdk_mempool_take (self, LCORE_ID_ANY, &mbuf, 1);
  if (waits)
    {
      g_queue_push_tail_link (&self->waiters, &waiter->link);
      waiter->is_queued = TRUE;
      set_waiting_locked (self);
      /* this thread may keep buffers itself, and one may have come home since we looked */
      flush_caches_locked ();
      post_locked ();
      if (!waiting.is_polled)
        dpdk_owner_post_poll (serve_poll, NULL, FALSE);
      waiting.is_polled = TRUE;
    }
  else
    *packet = dpdk_packet_from_taken (mbuf);
  g_mutex_unlock (&waiting.lock);
  return waits;
}

/**
 * dpdk_mempool_acquire_async:
 * @self: a mempool
 * @cancellable: (nullable): a cancellable
 * @callback: (nullable) (scope async): called with the result
 * @user_data: data for @callback
 *
 * Takes an empty packet, and waits until a buffer comes home where none is free.
 *
 * Those who wait are answered in the order of their calls. [method@Dpdk.Mempool.acquire] does not
 * stand in this line. Whatever comes home while somebody waits is for them. What was in the cache of an
 * lcore before is not, until its thread releases a packet or is unregistered; a [class@Dpdk.Worker]
 * gives it away by itself.
 *
 * May be called from any thread; @callback is called in its thread-default main context.
 *
 * Since: 0.1
 */
void
dpdk_mempool_acquire_async (DpdkMempool *self, GCancellable *cancellable,
                            GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  DpdkPacket *packet = NULL;
  GError *error = NULL;
  Waiter *waiter;

  g_return_if_fail (DPDK_IS_MEMPOOL (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, dpdk_mempool_acquire_async);
  if (!dpdk_mempool_check_alive (self, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  if (g_task_return_error_if_cancelled (task))
    return;
  waiter = g_new0 (Waiter, 1);
  /* one for whoever answers, and one for this function */
  g_atomic_ref_count_init (&waiter->references);
  g_atomic_ref_count_inc (&waiter->references);
  waiter->link.data = waiter;
  waiter->mempool = self;
  waiter->task = g_object_ref (task);
  if (cancellable != NULL)
    {
      /* before it is in the queue, so that whoever answers finds the handler */
      g_atomic_ref_count_inc (&waiter->references);
      waiter->cancelled_id =
          g_signal_connect_data (cancellable, "cancelled", G_CALLBACK (on_cancelled), waiter,
                                 (GClosureNotify) (void (*) (void)) waiter_unref, 0);
    }
  if (!enqueue (self, waiter, &packet))
    answer (waiter, ANSWER_PACKET, packet);
  else if (cancellable != NULL && g_cancellable_is_cancelled (cancellable))
    /* between the check and the queue */
    on_cancelled (cancellable, waiter);
  waiter_unref (waiter);
}

/**
 * dpdk_mempool_acquire_finish:
 * @self: a mempool
 * @result: the result that the callback got
 * @error: return location for an error
 *
 * Ends what [method@Dpdk.Mempool.acquire_async] has begun.
 *
 * May be called from any thread.
 *
 * Fails with %G_IO_ERROR_CANCELLED if the operation was cancelled, and with %DPDK_ERROR_EAL_DEAD if
 * the EAL is ending.
 *
 * Returns: (transfer full): the packet
 *
 * Since: 0.1
 */
DpdkPacket *
dpdk_mempool_acquire_finish (DpdkMempool *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
store_result (GObject *source, GAsyncResult *result, gpointer data)
{
  GAsyncResult **stored = data;

  *stored = g_object_ref (result);
}

/**
 * dpdk_mempool_acquire_sync:
 * @self: a mempool
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Takes an empty packet, and waits until a buffer comes home where none is free, in line with those of
 * [method@Dpdk.Mempool.acquire_async].
 *
 * May be called from any thread but that of a worker.
 *
 * Fails with %G_IO_ERROR_CANCELLED if the operation was cancelled, with %DPDK_ERROR_EAL_DEAD if the
 * EAL is ending, and with %DPDK_ERROR_WOULD_DEADLOCK on the thread of a worker, and on that of the
 * library, where free functions of foreign memory may run.
 *
 * Returns: (transfer full): the packet
 *
 * Since: 0.1
 */
DpdkPacket *
dpdk_mempool_acquire_sync (DpdkMempool *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  GMainContext *context;

  g_return_val_if_fail (DPDK_IS_MEMPOOL (self), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!dpdk_lcore_check_may_wait ("dpdk_mempool_acquire_sync", "dpdk_mempool_acquire_async()",
                                  error))
    return NULL;
  /* where the free function of foreign memory may run */
  if (dpdk_owner_is_current ())
    {
      g_set_error_literal (
          error, DPDK_ERROR, DPDK_ERROR_WOULD_DEADLOCK,
          "dpdk_mempool_acquire_sync: the library's own thread, which answers those "
          "who wait, cannot wait itself");
      return NULL;
    }
  context = dpdk_own_context_begin ();
  dpdk_mempool_acquire_async (self, cancellable, store_result, &result);
  while (result == NULL)
    g_main_context_iteration (context, TRUE);
  dpdk_own_context_end (context, cancellable);
  return dpdk_mempool_acquire_finish (self, result, error);
}
