/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* how a runtime ends */
#include "dpdk-runtime-internal.h"

#include "dpdk-lcore-private.h"
#include "dpdk-owner-private.h"

typedef struct {
  DpdkRuntimeParts parts;
  /* NULL if nobody waits */
  DpdkRuntime *waiter;
} StopJob;

static void
request_stop (DpdkRuntimeParts *parts)
{
  for (guint i = 0; i < parts->workers->len; i++)
    dpdk_worker_core_request_stop (
        dpdk_worker_get_core_private (g_ptr_array_index (parts->workers, i)));
}

static void
stop_job (gpointer data)
{
  StopJob *job = data;

  for (guint i = 0; i < job->parts.workers->len; i++)
    {
      DpdkWorker *worker = g_ptr_array_index (job->parts.workers, i);

      /* a worker that is in exit () never ends, and all that it uses must stay */
      if (!dpdk_worker_core_join (dpdk_worker_get_core_private (worker)))
        {
          dpdk_owner_abandon (job);
          return;
        }
    }
  dpdk_runtime_parts_clear (&job->parts);
  if (job->waiter != NULL)
    {
      g_mutex_lock (&job->waiter->lock);
      job->waiter->is_stopped = TRUE;
      g_cond_broadcast (&job->waiter->stopped);
      g_mutex_unlock (&job->waiter->lock);
      g_object_unref (job->waiter);
    }
  g_free (job);
}

void
dpdk_runtime_begin_stop_locked (DpdkRuntime *self, gboolean will_wait)
{
  StopJob *job;

  if (self->is_stopping)
    return;
  self->is_stopping = TRUE;
  job = g_new0 (StopJob, 1);
  job->parts = self->parts;
  self->parts = (DpdkRuntimeParts){ 0 };
  job->waiter = will_wait ? g_object_ref (self) : NULL;
  request_stop (&job->parts);
  dpdk_owner_post (stop_job, job);
}

/**
 * dpdk_runtime_shutdown:
 * @self: a runtime
 * @timeout_ms: how long to wait, in milliseconds
 * @error: return location for an error
 *
 * Stops the workers, closes their sockets, drops the ports, pools and the EAL, and waits until all
 * of them that nobody else holds have ended. Does nothing if that has been done.
 *
 * May be called from any thread but that of a worker.
 *
 * Fails with %DPDK_ERROR_TIMED_OUT if it takes longer; the shutdown goes on then.
 *
 * Returns: %TRUE if the runtime has ended
 *
 * Since: 0.1
 */
gboolean
dpdk_runtime_shutdown (DpdkRuntime *self, guint timeout_ms, GError **error)
{
  gint64 deadline = g_get_monotonic_time () + timeout_ms * G_TIME_SPAN_MILLISECOND;
  gboolean in_time = TRUE, was_running;

  g_return_val_if_fail (DPDK_IS_RUNTIME (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!dpdk_lcore_check_may_wait ("dpdk_runtime_shutdown",
                                  "dpdk_runtime_shutdown_async() or dpdk_runtime_quit()", error))
    return FALSE;
  if (dpdk_eal_is_inert ())
    {
      g_set_error_literal (error, DPDK_ERROR, DPDK_ERROR_EAL_DEAD,
                           "The DpdkRuntime belongs to the parent of this process");
      return FALSE;
    }
  g_mutex_lock (&self->lock);
  was_running = self->parts.workers != NULL;
  if (was_running)
    dpdk_runtime_begin_stop_locked (self, TRUE);
  g_mutex_unlock (&self->lock);
  if (was_running)
    dpdk_runtime_notify_running (self);
  g_mutex_lock (&self->lock);
  while (in_time && self->is_stopping && !self->is_stopped)
    in_time = g_cond_wait_until (&self->stopped, &self->lock, deadline);
  g_mutex_unlock (&self->lock);
  if (in_time)
    in_time = dpdk_owner_wait_idle (deadline);
  if (!in_time)
    g_set_error (error, DPDK_ERROR, DPDK_ERROR_TIMED_OUT,
                 "The DpdkRuntime has not ended within %u ms", timeout_ms);
  return in_time;
}

static void
shutdown_thread (GTask *task, gpointer source_object, gpointer task_data, GCancellable *cancellable)
{
  GError *error = NULL;

  if (dpdk_runtime_shutdown (DPDK_RUNTIME (source_object), GPOINTER_TO_UINT (task_data), &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

/**
 * dpdk_runtime_shutdown_async:
 * @self: a runtime
 * @timeout_ms: how long to wait, in milliseconds
 * @cancellable: (nullable): to stop waiting; the shutdown goes on then
 * @callback: (scope async) (closure user_data): called when it is done
 * @user_data: data for @callback
 *
 * Does what [method@Dpdk.Runtime.shutdown] does without waiting for it.
 *
 * May be called from any thread.
 *
 * Since: 0.1
 */
void
dpdk_runtime_shutdown_async (DpdkRuntime *self, guint timeout_ms, GCancellable *cancellable,
                             GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (DPDK_IS_RUNTIME (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, dpdk_runtime_shutdown_async);
  g_task_set_task_data (task, GUINT_TO_POINTER (timeout_ms), NULL);
  g_task_set_return_on_cancel (task, TRUE);
  g_task_run_in_thread (task, shutdown_thread);
}

/**
 * dpdk_runtime_shutdown_finish:
 * @self: a runtime
 * @result: the result that the callback got
 * @error: return location for an error
 *
 * Ends [method@Dpdk.Runtime.shutdown_async].
 *
 * Returns: %TRUE if the runtime has ended
 *
 * Since: 0.1
 */
gboolean
dpdk_runtime_shutdown_finish (DpdkRuntime *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
