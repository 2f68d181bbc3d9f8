/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-process-private.h"

#include "dpdk-dependant-private.h"
#include "dpdk-lcore-private.h"

static gboolean
check_process (DpdkEal *self, GError **error)
{
  g_autoptr (DpdkEal) started = dpdk_process_dup_eal ();

  if (dpdk_eal_is_inert ())
    g_set_error_literal (error, DPDK_ERROR, DPDK_ERROR_EAL_DEAD, "The EAL " DPDK_EAL_INERT_REASON);
  else if (self != started)
    g_set_error_literal (error, DPDK_ERROR, DPDK_ERROR_EAL_DEAD,
                         "The EAL was not made by dpdk_eal_new()");
  else
    return TRUE;
  return FALSE;
}

static void
set_timeout_error (GError **error, guint timeout_ms)
{
  g_autoptr (GPtrArray) dependants = dpdk_process_dup_dependants ();
  g_autofree char *list = dpdk_dependants_to_string (dependants);

  g_set_error (error, DPDK_ERROR, DPDK_ERROR_TIMED_OUT, "The EAL has not ended after %u ms: %s%s",
               timeout_ms, *list != '\0' ? "it is held by " : "its cleanup still runs", list);
}

/**
 * dpdk_eal_shutdown:
 * @self: an EAL
 * @timeout_ms: how long to wait, in milliseconds
 * @error: return location for an error
 *
 * Ends DPDK in this process and waits for the end.
 *
 * New objects are refused from now on and all workers are stopped, which closes their sockets. When
 * the last object that needs DPDK is gone, its cleanup runs. If that is not so in time, the call
 * fails with %DPDK_ERROR_TIMED_OUT and names what still holds it, by type, count and name; the
 * cleanup then runs as soon as that is dropped. References on @self itself do not hold it up.
 *
 * May be called from any thread but that of a worker, where it fails with
 * %DPDK_ERROR_WOULD_DEADLOCK. Fails with %DPDK_ERROR_EAL_DEAD in a child made by fork().
 *
 * Returns: %TRUE if DPDK has ended
 *
 * Since: 0.1
 */
gboolean
dpdk_eal_shutdown (DpdkEal *self, guint timeout_ms, GError **error)
{
  gint64 deadline = g_get_monotonic_time () + timeout_ms * G_TIME_SPAN_MILLISECOND;

  g_return_val_if_fail (DPDK_IS_EAL (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!dpdk_lcore_check_may_wait ("dpdk_eal_shutdown", "dpdk_eal_shutdown_async()", error) ||
      !check_process (self, error))
    return FALSE;
  dpdk_process_begin_shutdown ();
  if (dpdk_process_wait_dead (deadline))
    return TRUE;
  set_timeout_error (error, timeout_ms);
  return FALSE;
}

/* held by the list of waiters and by the sources; what they hold in turn goes with the first of them */
typedef struct {
  GMutex lock;
  GTask *task;
  guint timeout_ms;
  gboolean is_dead;
  GSource *timeout;
  GSource *cancelled;
} Wait;

static void
wait_clear (gpointer data)
{
  g_mutex_clear (&((Wait *) data)->lock);
}

static void
wait_unref (gpointer wait)
{
  g_atomic_rc_box_release_full (wait, wait_clear);
}

static void
destroy_source (GSource *source)
{
  if (source == NULL)
    return;
  g_source_destroy (source);
  g_source_unref (source);
}

/* the task of the first that ends the wait, NULL for all others */
static GTask *
end_wait (Wait *wait, gboolean *is_dead)
{
  g_autoptr (GTask) task = NULL;
  GSource *timeout, *cancelled;

  g_mutex_lock (&wait->lock);
  task = g_steal_pointer (&wait->task);
  timeout = g_steal_pointer (&wait->timeout);
  cancelled = g_steal_pointer (&wait->cancelled);
  *is_dead = wait->is_dead;
  g_mutex_unlock (&wait->lock);
  destroy_source (timeout);
  destroy_source (cancelled);
  return g_steal_pointer (&task);
}

/* the task is only ever touched in its own context: whoever learns that it is over then finds that
   no other thread holds anything for it */
static void
on_dead (gpointer data)
{
  Wait *wait = data;

  g_mutex_lock (&wait->lock);
  wait->is_dead = TRUE;
  if (wait->timeout != NULL)
    g_source_set_ready_time (wait->timeout, 0);
  g_mutex_unlock (&wait->lock);
  wait_unref (wait);
}

static void
leave_waiters (Wait *wait)
{
  if (dpdk_process_remove_waiter (wait))
    wait_unref (wait);
}

static gboolean
on_timeout (gpointer data)
{
  Wait *wait = data;
  gboolean is_dead;
  g_autoptr (GTask) task = end_wait (wait, &is_dead);
  GError *error = NULL;

  if (task != NULL && is_dead)
    g_task_return_boolean (task, TRUE);
  else if (task != NULL)
    {
      leave_waiters (wait);
      set_timeout_error (&error, wait->timeout_ms);
      g_task_return_error (task, error);
    }
  return G_SOURCE_REMOVE;
}

static gboolean
on_cancelled (GCancellable *cancellable, gpointer data)
{
  gboolean is_dead;
  g_autoptr (GTask) task = end_wait (data, &is_dead);

  if (task != NULL)
    {
      leave_waiters (data);
      g_task_return_error_if_cancelled (task);
    }
  return G_SOURCE_REMOVE;
}

static GSource *
add_source (Wait *wait, GSource *source, GSourceFunc func)
{
  g_source_set_callback (source, func, g_atomic_rc_box_acquire (wait), wait_unref);
  g_source_attach (source, g_task_get_context (wait->task));
  return source;
}

static void
begin_wait (GTask *task, guint timeout_ms, GCancellable *cancellable)
{
  Wait *wait = g_atomic_rc_box_new0 (Wait);
  gboolean is_waiting;

  g_mutex_init (&wait->lock);
  /* others may end it as soon as it has begun */
  g_mutex_lock (&wait->lock);
  wait->task = g_object_ref (task);
  wait->timeout_ms = timeout_ms;
  wait->timeout = add_source (wait, g_timeout_source_new (timeout_ms), on_timeout);
  if (cancellable != NULL)
    wait->cancelled =
        add_source (wait, g_cancellable_source_new (cancellable), G_SOURCE_FUNC (on_cancelled));
  is_waiting = dpdk_process_add_waiter (on_dead, wait);
  g_mutex_unlock (&wait->lock);
  if (!is_waiting)
    on_dead (wait);
}

/**
 * dpdk_eal_shutdown_async:
 * @self: an EAL
 * @timeout_ms: how long to wait, in milliseconds
 * @cancellable: (nullable): to stop waiting; the shutdown goes on then
 * @callback: (scope async) (closure user_data): called when it is done
 * @user_data: data for @callback
 *
 * Does what [method@Dpdk.Eal.shutdown] does without blocking a thread.
 *
 * May be called from any thread but that of a worker: the main context of a worker ends with it.
 *
 * Since: 0.1
 */
void
dpdk_eal_shutdown_async (DpdkEal *self, guint timeout_ms, GCancellable *cancellable,
                         GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  GError *error = NULL;

  g_return_if_fail (DPDK_IS_EAL (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, dpdk_eal_shutdown_async);
  if (!check_process (self, &error) ||
      !dpdk_lcore_check_may_wait ("dpdk_eal_shutdown_async", NULL, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  dpdk_process_begin_shutdown ();
  begin_wait (task, timeout_ms, cancellable);
}

/**
 * dpdk_eal_shutdown_finish:
 * @self: an EAL
 * @result: the result that the callback got
 * @error: return location for an error
 *
 * Ends [method@Dpdk.Eal.shutdown_async]. Fails as [method@Dpdk.Eal.shutdown] does, and with
 * %G_IO_ERROR_CANCELLED.
 *
 * Returns: %TRUE if DPDK has ended
 *
 * Since: 0.1
 */
gboolean
dpdk_eal_shutdown_finish (DpdkEal *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (DPDK_IS_EAL (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
