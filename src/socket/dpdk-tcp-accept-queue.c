/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-tcp-accept-queue-private.h"

struct _DpdkTcpAcceptQueue {
  gatomicrefcount ref_count;
  GMutex lock;
  GCond changed;
  GQueue endpoints;
  /* (element-type AcceptTask) */
  GQueue tasks;
  guint n_waiters;
  GMainContext *context;
  /* (element-type DpdkTcpAcceptWatch) */
  GList *watches;
  gboolean is_closed;
  /* does not change once it is closed */
  char *reason;
};

typedef struct {
  gatomicrefcount ref_count;
  GTask *task;
  DpdkTcpAcceptQueue *queue;
  GSource *cancel_source;
} AcceptTask;

DpdkTcpAcceptQueue *
dpdk_tcp_accept_queue_new (void)
{
  DpdkTcpAcceptQueue *self = g_new0 (DpdkTcpAcceptQueue, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  return self;
}

DpdkTcpAcceptQueue *
dpdk_tcp_accept_queue_ref (DpdkTcpAcceptQueue *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
dpdk_tcp_accept_queue_unref (DpdkTcpAcceptQueue *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_clear_pointer (&self->context, g_main_context_unref);
  g_free (self->reason);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  g_free (self);
}

static void
accept_task_unref (gpointer data)
{
  AcceptTask *self = data;

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_object_unref (self->task);
  dpdk_tcp_accept_queue_unref (self->queue);
  g_clear_pointer (&self->cancel_source, g_source_unref);
  g_free (self);
}

static void
drop_endpoint (gpointer data)
{
  dpdk_tcp_endpoint_abort (data);
  dpdk_tcp_endpoint_unref (data);
}

static GError *
new_closed_error (DpdkTcpAcceptQueue *self)
{
  return g_error_new (G_IO_ERROR, G_IO_ERROR_CLOSED, "The DpdkTcpListener is closed%s%s",
                      self->reason != NULL ? ": " : "", self->reason != NULL ? self->reason : "");
}

static void
complete_task (AcceptTask *self, DpdkTcpEndpoint *endpoint)
{
  if (self->cancel_source != NULL)
    g_source_destroy (self->cancel_source);
  if (endpoint != NULL)
    g_task_return_pointer (self->task, endpoint, drop_endpoint);
  else
    g_task_return_error (self->task, new_closed_error (self->queue));
  accept_task_unref (self);
}

/* there is a connection for the next one who wants it */
static void
announce_locked (DpdkTcpAcceptQueue *self)
{
  if (self->n_waiters > 0)
    g_cond_signal (&self->changed);
  else if (self->context != NULL && !g_main_context_is_owner (self->context))
    g_main_context_wakeup (self->context);
}

static GIOCondition
get_condition_locked (DpdkTcpAcceptQueue *self)
{
  if (self->is_closed)
    return G_IO_HUP;
  return g_queue_is_empty (&self->endpoints) ? 0 : G_IO_IN;
}

/* @own_context: one that looks by itself, because this thread runs it; or NULL */
static void
wake_watches_locked (DpdkTcpAcceptQueue *self, gconstpointer own_context)
{
  for (GList *l = self->watches; l != NULL; l = l->next)
    {
      DpdkTcpAcceptWatch *watch = l->data;

      if (watch->context == NULL || watch->context != own_context)
        g_source_set_ready_time (watch->waker, 0);
    }
}

/* takes over @endpoint, unless the queue is closed */
gboolean
dpdk_tcp_accept_queue_push (DpdkTcpAcceptQueue *self, DpdkTcpEndpoint *endpoint)
{
  AcceptTask *task = NULL;
  gboolean is_closed;

  g_mutex_lock (&self->lock);
  is_closed = self->is_closed;
  if (!is_closed)
    task = g_queue_pop_head (&self->tasks);
  if (!is_closed && task == NULL)
    {
      g_queue_push_tail (&self->endpoints, endpoint);
      announce_locked (self);
      if (self->watches != NULL)
        wake_watches_locked (
            self, dpdk_worker_core_get_main_context (dpdk_tcp_endpoint_get_core (endpoint)));
    }
  g_mutex_unlock (&self->lock);
  if (task != NULL)
    complete_task (task, endpoint);
  return !is_closed;
}

DpdkTcpEndpoint *
dpdk_tcp_accept_queue_pop (DpdkTcpAcceptQueue *self)
{
  DpdkTcpEndpoint *endpoint;

  g_mutex_lock (&self->lock);
  endpoint = g_queue_pop_head (&self->endpoints);
  g_mutex_unlock (&self->lock);
  return endpoint;
}

DpdkTcpEndpoint *
dpdk_tcp_accept_queue_try_pop (DpdkTcpAcceptQueue *self, GError **error)
{
  DpdkTcpEndpoint *endpoint = dpdk_tcp_accept_queue_pop (self);

  if (endpoint != NULL)
    return endpoint;
  if (dpdk_tcp_accept_queue_is_closed (self))
    g_propagate_error (error, new_closed_error (self));
  else
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK,
                         "No connection waits to be accepted by the DpdkTcpListener");
  return NULL;
}

static void
on_wait_cancelled (GCancellable *cancellable, gpointer user_data)
{
  DpdkTcpAcceptQueue *self = user_data;

  g_mutex_lock (&self->lock);
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

DpdkTcpEndpoint *
dpdk_tcp_accept_queue_wait (DpdkTcpAcceptQueue *self, GCancellable *cancellable, GError **error)
{
  DpdkTcpEndpoint *endpoint;
  gulong id = 0;

  if (cancellable != NULL)
    id = g_cancellable_connect (cancellable, G_CALLBACK (on_wait_cancelled), self, NULL);
  g_mutex_lock (&self->lock);
  self->n_waiters++;
  while (g_queue_is_empty (&self->endpoints) && !self->is_closed &&
         !g_cancellable_is_cancelled (cancellable))
    g_cond_wait (&self->changed, &self->lock);
  self->n_waiters--;
  endpoint = g_cancellable_is_cancelled (cancellable) ? NULL : g_queue_pop_head (&self->endpoints);
  /* one that came before we had ours, or when we were cancelled, was told to us alone */
  if (!g_queue_is_empty (&self->endpoints))
    announce_locked (self);
  g_mutex_unlock (&self->lock);
  if (cancellable != NULL)
    g_cancellable_disconnect (cancellable, id);
  if (endpoint == NULL && !g_cancellable_set_error_if_cancelled (cancellable, error))
    g_propagate_error (error, new_closed_error (self));
  return endpoint;
}

static gboolean
on_task_cancelled (GCancellable *cancellable, gpointer user_data)
{
  AcceptTask *task = user_data;
  gboolean was_queued;

  g_mutex_lock (&task->queue->lock);
  was_queued = g_queue_remove (&task->queue->tasks, task);
  g_mutex_unlock (&task->queue->lock);
  if (was_queued)
    {
      g_task_return_error_if_cancelled (task->task);
      accept_task_unref (task);
    }
  return G_SOURCE_REMOVE;
}

/* completes @task with the next connection, a DpdkTcpEndpoint */
void
dpdk_tcp_accept_queue_add_task (DpdkTcpAcceptQueue *self, GTask *task)
{
  GCancellable *cancellable = g_task_get_cancellable (task);
  DpdkTcpEndpoint *endpoint = NULL;
  AcceptTask *accept;
  gboolean is_closed;

  /* a connection that came before the cancellation is not lost */
  g_task_set_check_cancellable (task, FALSE);
  accept = g_new0 (AcceptTask, 1);
  g_atomic_ref_count_init (&accept->ref_count);
  accept->task = g_object_ref (task);
  accept->queue = dpdk_tcp_accept_queue_ref (self);
  if (cancellable != NULL)
    accept->cancel_source = g_cancellable_source_new (cancellable);
  g_mutex_lock (&self->lock);
  is_closed = self->is_closed;
  if (!is_closed)
    {
      endpoint = g_queue_pop_head (&self->endpoints);
      if (endpoint == NULL)
        {
          /* under the lock, so that the source is in place before it is destroyed */
          if (accept->cancel_source != NULL)
            {
              /* a source that is never attached keeps its callback's data when it is destroyed */
              g_atomic_ref_count_inc (&accept->ref_count);
              g_source_set_callback (accept->cancel_source, G_SOURCE_FUNC (on_task_cancelled),
                                     accept, accept_task_unref);
              g_source_attach (accept->cancel_source, g_task_get_context (task));
            }
          g_queue_push_tail (&self->tasks, g_steal_pointer (&accept));
        }
    }
  g_mutex_unlock (&self->lock);
  if (accept != NULL)
    complete_task (accept, endpoint);
}

gboolean
dpdk_tcp_accept_queue_is_empty (DpdkTcpAcceptQueue *self)
{
  gboolean is_empty;

  g_mutex_lock (&self->lock);
  is_empty = g_queue_is_empty (&self->endpoints);
  g_mutex_unlock (&self->lock);
  return is_empty;
}

gboolean
dpdk_tcp_accept_queue_is_closed (DpdkTcpAcceptQueue *self)
{
  gboolean is_closed;

  g_mutex_lock (&self->lock);
  is_closed = self->is_closed;
  g_mutex_unlock (&self->lock);
  return is_closed;
}

/* who waits gets an error, and connections that nobody took are reset */
void
dpdk_tcp_accept_queue_close (DpdkTcpAcceptQueue *self)
{
  dpdk_tcp_accept_queue_close_because (self, NULL);
}

void
dpdk_tcp_accept_queue_close_because (DpdkTcpAcceptQueue *self, const char *reason)
{
  GQueue endpoints, tasks;

  g_mutex_lock (&self->lock);
  if (!self->is_closed)
    self->reason = g_strdup (reason);
  self->is_closed = TRUE;
  endpoints = self->endpoints;
  tasks = self->tasks;
  g_queue_init (&self->endpoints);
  g_queue_init (&self->tasks);
  g_cond_broadcast (&self->changed);
  wake_watches_locked (self, NULL);
  g_mutex_unlock (&self->lock);
  while (!g_queue_is_empty (&endpoints))
    drop_endpoint (g_queue_pop_head (&endpoints));
  while (!g_queue_is_empty (&tasks))
    complete_task (g_queue_pop_head (&tasks), NULL);
}

void
dpdk_tcp_accept_queue_set_context (DpdkTcpAcceptQueue *self, GMainContext *context)
{
  g_mutex_lock (&self->lock);
  g_clear_pointer (&self->context, g_main_context_unref);
  if (context != NULL)
    self->context = g_main_context_ref (context);
  g_mutex_unlock (&self->lock);
}

GIOCondition
dpdk_tcp_accept_queue_watch (DpdkTcpAcceptQueue *self, DpdkTcpAcceptWatch *watch,
                             gconstpointer context)
{
  GIOCondition condition;

  g_mutex_lock (&self->lock);
  if (g_list_find (self->watches, watch) == NULL)
    self->watches = g_list_prepend (self->watches, watch);
  watch->context = context;
  condition = get_condition_locked (self);
  /* under the lock, so that nothing comes between */
  if (condition == 0)
    g_source_set_ready_time (watch->waker, -1);
  g_mutex_unlock (&self->lock);
  return condition;
}

void
dpdk_tcp_accept_queue_unwatch (DpdkTcpAcceptQueue *self, DpdkTcpAcceptWatch *watch)
{
  g_mutex_lock (&self->lock);
  self->watches = g_list_remove (self->watches, watch);
  g_mutex_unlock (&self->lock);
}
