/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-runtime-private.h"

#include "dpdk-edge-private.h"
#include "dpdk-lcore-private.h"
#include "dpdk-notify-private.h"
#include "dpdk-owner-private.h"

#include <glib-unix.h>
#include <signal.h>

/* how long dpdk_runtime_run() waits for the end */
#define RUN_SHUTDOWN_TIMEOUT_MS 10000

/**
 * DpdkRuntime:
 *
 * Workers, ports and buffers that serve the network: what most programs start with.
 *
 * A runtime is built by a [class@Dpdk.RuntimeBuilder] and does not change afterwards. Nothing points
 * back at it: dropping the last reference stops its workers and closes their sockets, whose pending
 * operations end with %G_IO_ERROR_CLOSED. Dropping never waits; [method@Dpdk.Runtime.shutdown] does.
 *
 * ```c
 * g_autoptr (GError) error = NULL;
 * g_autoptr (DpdkRuntime) runtime = dpdk_runtime_new (&error);
 *
 * if (runtime == NULL || !dpdk_runtime_run (runtime, &error))
 *   g_printerr ("%s\n", error->message);
 * ```
 *
 * Since: 0.1
 */
struct _DpdkRuntime {
  GObject parent_instance;

  DpdkConfig *config;
  guint n_workers;
  guint n_ports;
  /* of whoever made it */
  GMainContext *context;
  GThread *thread;

  GMutex lock;
  GCond stopped;
  /* empty once stopped */
  DpdkRuntimeParts parts;
  gboolean is_stopping;
  gboolean is_stopped;
  guint next_worker;
  GMainLoop *loop;
  gboolean quit_wanted;
};

typedef enum {
  PROP_CONFIG = 1,
  PROP_RUNNING,
} DpdkRuntimeProperty;

static GParamSpec *properties[PROP_RUNNING + 1];

G_DEFINE_FINAL_TYPE (DpdkRuntime, dpdk_runtime, G_TYPE_OBJECT)

typedef void (*EdgeFunc) (const char *kind, const char *name, gpointer object);

static void
log_edges (DpdkRuntimeParts *parts, EdgeFunc func)
{
  GPtrArray *const arrays[] = { parts->workers, parts->ports, parts->mempools };

  for (guint i = 0; i < G_N_ELEMENTS (arrays); i++)
    for (guint j = 0; arrays[i] != NULL && j < arrays[i]->len; j++)
      func ("DpdkRuntime", parts->holder, g_ptr_array_index (arrays[i], j));
  func ("DpdkRuntime", parts->holder, parts->eal);
}

/* in an order that lets each use what comes after it */
void
dpdk_runtime_parts_clear (DpdkRuntimeParts *parts)
{
  if (parts->holder != NULL)
    log_edges (parts, dpdk_edge_dropped);
  g_clear_pointer (&parts->holder, g_free);
  g_clear_pointer (&parts->workers, g_ptr_array_unref);
  g_clear_pointer (&parts->ports, g_ptr_array_unref);
  g_clear_pointer (&parts->mempools, g_ptr_array_unref);
  g_clear_object (&parts->eal);
  g_clear_object (&parts->config);
}

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

/* takes what is left of the runtime and ends it on the owner thread */
static void
begin_stop_locked (DpdkRuntime *self, gboolean will_wait)
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

static void
dpdk_runtime_finalize (GObject *object)
{
  DpdkRuntime *self = DPDK_RUNTIME (object);

  if (self->parts.workers != NULL && !dpdk_eal_is_inert ())
    begin_stop_locked (self, FALSE);
  g_clear_object (&self->config);
  g_main_context_unref (self->context);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->stopped);
  G_OBJECT_CLASS (dpdk_runtime_parent_class)->finalize (object);
}

static void
dpdk_runtime_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  DpdkRuntime *self = DPDK_RUNTIME (object);

  switch ((DpdkRuntimeProperty) id)
    {
    case PROP_CONFIG:
      g_value_set_object (value, self->config);
      break;
    case PROP_RUNNING:
      g_value_set_boolean (value, dpdk_runtime_is_running (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
dpdk_runtime_class_init (DpdkRuntimeClass *klass)
{
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = dpdk_runtime_finalize;
  object_class->get_property = dpdk_runtime_get_property;

  /**
   * DpdkRuntime:config:
   *
   * The configuration that the runtime was built from.
   *
   * Since: 0.1
   */
  properties[PROP_CONFIG] = g_param_spec_object ("config", NULL, NULL, DPDK_TYPE_CONFIG, flags);
  /**
   * DpdkRuntime:running:
   *
   * Whether the workers run.
   *
   * Since: 0.1
   */
  properties[PROP_RUNNING] = g_param_spec_boolean ("running", NULL, NULL, FALSE, flags);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
dpdk_runtime_init (DpdkRuntime *self)
{
  self->context = g_main_context_ref_thread_default ();
  self->thread = g_thread_self ();
  g_mutex_init (&self->lock);
  g_cond_init (&self->stopped);
}

DpdkRuntime *
dpdk_runtime_new_take (DpdkRuntimeParts *parts)
{
  DpdkRuntime *self = g_object_new (DPDK_TYPE_RUNTIME, NULL);

  self->parts = *parts;
  *parts = (DpdkRuntimeParts){ 0 };
  self->parts.holder = g_strdup_printf ("%p", (gpointer) self);
  log_edges (&self->parts, dpdk_edge_made);
  self->config = g_object_ref (self->parts.config);
  self->n_workers = self->parts.workers->len;
  self->n_ports = self->parts.ports->len;
  return self;
}

/**
 * dpdk_runtime_new:
 * @error: return location for an error
 *
 * Builds a runtime with the default settings and the configuration that
 * [func@Dpdk.Config.load] finds.
 *
 * May be called from any thread but that of a worker.
 *
 * Returns: (transfer full): the runtime
 *
 * Since: 0.1
 */
DpdkRuntime *
dpdk_runtime_new (GError **error)
{
  g_autoptr (DpdkRuntimeBuilder) builder = dpdk_runtime_builder_new ();

  return dpdk_runtime_builder_build (builder, error);
}

/**
 * dpdk_runtime_get_config: (get-property config)
 * @self: a runtime
 *
 * Gets the configuration that the runtime was built from. May be called from any thread.
 *
 * Returns: (transfer none): the configuration
 *
 * Since: 0.1
 */
DpdkConfig *
dpdk_runtime_get_config (DpdkRuntime *self)
{
  g_return_val_if_fail (DPDK_IS_RUNTIME (self), NULL);

  return self->config;
}

/**
 * dpdk_runtime_dup_eal:
 * @self: a runtime
 *
 * Gets the EAL. May be called from any thread.
 *
 * Returns: (transfer full) (nullable): the EAL, or %NULL if the runtime was shut down
 *
 * Since: 0.1
 */
DpdkEal *
dpdk_runtime_dup_eal (DpdkRuntime *self)
{
  DpdkEal *eal;

  g_return_val_if_fail (DPDK_IS_RUNTIME (self), NULL);

  g_mutex_lock (&self->lock);
  eal = self->parts.eal != NULL ? g_object_ref (self->parts.eal) : NULL;
  g_mutex_unlock (&self->lock);
  return eal;
}

/**
 * dpdk_runtime_get_n_workers:
 * @self: a runtime
 *
 * Gets the number of workers. May be called from any thread.
 *
 * Returns: the number
 *
 * Since: 0.1
 */
guint
dpdk_runtime_get_n_workers (DpdkRuntime *self)
{
  g_return_val_if_fail (DPDK_IS_RUNTIME (self), 0);

  return self->n_workers;
}

static gpointer
dup_nth (DpdkRuntime *self, GPtrArray *const *array, guint index)
{
  gpointer object = NULL;

  g_mutex_lock (&self->lock);
  if (*array != NULL && index < (*array)->len)
    object = g_object_ref (g_ptr_array_index (*array, index));
  g_mutex_unlock (&self->lock);
  return object;
}

/**
 * dpdk_runtime_dup_worker:
 * @self: a runtime
 * @index: number of the worker, from 0
 *
 * Gets a worker. May be called from any thread.
 *
 * Returns: (transfer full) (nullable): the worker, or %NULL if there is none of this number or the
 *   runtime was shut down
 *
 * Since: 0.1
 */
DpdkWorker *
dpdk_runtime_dup_worker (DpdkRuntime *self, guint index)
{
  g_return_val_if_fail (DPDK_IS_RUNTIME (self), NULL);

  return dup_nth (self, &self->parts.workers, index);
}

/**
 * dpdk_runtime_get_n_ports:
 * @self: a runtime
 *
 * Gets the number of ports. May be called from any thread.
 *
 * Returns: the number
 *
 * Since: 0.1
 */
guint
dpdk_runtime_get_n_ports (DpdkRuntime *self)
{
  g_return_val_if_fail (DPDK_IS_RUNTIME (self), 0);

  return self->n_ports;
}

/**
 * dpdk_runtime_dup_port:
 * @self: a runtime
 * @index: number of the port, from 0, in the order of the configuration
 *
 * Gets a port. May be called from any thread.
 *
 * Returns: (transfer full) (nullable): the port, or %NULL if there is none of this number or the
 *   runtime was shut down
 *
 * Since: 0.1
 */
DpdkPort *
dpdk_runtime_dup_port (DpdkRuntime *self, guint index)
{
  g_return_val_if_fail (DPDK_IS_RUNTIME (self), NULL);

  return dup_nth (self, &self->parts.ports, index);
}

/**
 * dpdk_runtime_is_running: (get-property running)
 * @self: a runtime
 *
 * Whether the workers run. May be called from any thread.
 *
 * Returns: %TRUE until the runtime is shut down
 *
 * Since: 0.1
 */
gboolean
dpdk_runtime_is_running (DpdkRuntime *self)
{
  gboolean is_running;

  g_return_val_if_fail (DPDK_IS_RUNTIME (self), FALSE);

  g_mutex_lock (&self->lock);
  is_running = !self->is_stopping && self->parts.workers != NULL;
  g_mutex_unlock (&self->lock);
  return is_running;
}

/* @return: (element-type DpdkWorker): the workers that have all ports */
GPtrArray *
dpdk_runtime_dup_workers (DpdkRuntime *self, GError **error)
{
  GPtrArray *workers = NULL;

  g_mutex_lock (&self->lock);
  if (self->parts.workers != NULL && !dpdk_eal_is_inert ())
    {
      guint n = self->parts.workers->len;

      for (guint i = 0; i < self->parts.ports->len; i++)
        {
          DpdkPort *port = g_ptr_array_index (self->parts.ports, i);
          guint n_queues = dpdk_port_get_n_queues (port);

          /* in this order, because one that was removed has no queues any more */
          if (!dpdk_port_is_removed (port))
            n = MIN (n, n_queues);
        }
      workers = g_ptr_array_new_with_free_func (g_object_unref);
      for (guint i = 0; i < n; i++)
        g_ptr_array_add (workers, g_object_ref (g_ptr_array_index (self->parts.workers, i)));
    }
  g_mutex_unlock (&self->lock);
  if (workers == NULL)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "The DpdkRuntime was shut down");
  return workers;
}

/* the calling worker if it is one of ours, else each in turn */
DpdkWorker *
dpdk_runtime_choose_worker (DpdkRuntime *self, GError **error)
{
  g_autoptr (GPtrArray) workers = dpdk_runtime_dup_workers (self, error);
  guint index;

  if (workers == NULL)
    return NULL;
  for (guint i = 0; i < workers->len; i++)
    {
      DpdkWorker *worker = g_ptr_array_index (workers, i);

      if (dpdk_worker_core_is_current (dpdk_worker_get_core_private (worker)))
        return g_object_ref (worker);
    }
  g_mutex_lock (&self->lock);
  index = self->next_worker++ % workers->len;
  g_mutex_unlock (&self->lock);
  return g_object_ref (g_ptr_array_index (workers, index));
}

static gboolean
on_signal (gpointer user_data)
{
  dpdk_runtime_quit (DPDK_RUNTIME (user_data));
  return G_SOURCE_CONTINUE;
}

static GSource *
add_signal (GMainContext *context, int number, DpdkRuntime *self)
{
  GSource *source = g_unix_signal_source_new (number);

  g_source_set_callback (source, on_signal, self, NULL);
  g_source_attach (source, context);
  return source;
}

/**
 * dpdk_runtime_run:
 * @self: a runtime
 * @error: return location for an error
 *
 * Runs the main context of the calling thread until SIGINT or SIGTERM arrives or
 * [method@Dpdk.Runtime.quit] is called, and then shuts the runtime down.
 *
 * Once the shutdown has begun, a further signal ends the process at once.
 *
 * Fails with %DPDK_ERROR_TIMED_OUT if the shutdown takes longer than 10 seconds.
 *
 * Returns: %TRUE if the runtime has ended in an orderly way
 *
 * Since: 0.1
 */
gboolean
dpdk_runtime_run (DpdkRuntime *self, GError **error)
{
  g_autoptr (GMainContext) context = NULL;
  g_autoptr (GMainLoop) loop = NULL;
  GSource *sources[2];
  gboolean quit_wanted;

  g_return_val_if_fail (DPDK_IS_RUNTIME (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!dpdk_lcore_check_may_wait ("dpdk_runtime_run", NULL, error))
    return FALSE;
  context = g_main_context_ref_thread_default ();
  loop = g_main_loop_new (context, FALSE);
  g_mutex_lock (&self->lock);
  if (self->loop != NULL)
    {
      g_mutex_unlock (&self->lock);
      g_set_error_literal (error, DPDK_ERROR, DPDK_ERROR_BUSY, "The DpdkRuntime is run already");
      return FALSE;
    }
  self->loop = loop;
  quit_wanted = self->quit_wanted;
  g_mutex_unlock (&self->lock);

  sources[0] = add_signal (context, SIGINT, self);
  sources[1] = add_signal (context, SIGTERM, self);
  /* a quit after this point finds the loop; one before it was noted */
  if (!quit_wanted)
    g_main_loop_run (loop);
  for (guint i = 0; i < G_N_ELEMENTS (sources); i++)
    {
      g_source_destroy (sources[i]);
      g_source_unref (sources[i]);
    }

  g_mutex_lock (&self->lock);
  self->loop = NULL;
  self->quit_wanted = FALSE;
  g_mutex_unlock (&self->lock);
  return dpdk_runtime_shutdown (self, RUN_SHUTDOWN_TIMEOUT_MS, error);
}

static gboolean
quit_loop (gpointer user_data)
{
  g_main_loop_quit (user_data);
  return G_SOURCE_REMOVE;
}

/**
 * dpdk_runtime_quit:
 * @self: a runtime
 *
 * Makes [method@Dpdk.Runtime.run] end, now or when it is called.
 *
 * May be called from any thread. Does not wait.
 *
 * Since: 0.1
 */
void
dpdk_runtime_quit (DpdkRuntime *self)
{
  g_return_if_fail (DPDK_IS_RUNTIME (self));

  g_mutex_lock (&self->lock);
  self->quit_wanted = TRUE;
  if (self->loop != NULL)
    {
      /* by a source, because the loop may not run yet, and would not remember a quit */
      g_autoptr (GSource) source = g_idle_source_new ();

      g_source_set_priority (source, G_PRIORITY_HIGH);
      g_source_set_callback (source, quit_loop, g_main_loop_ref (self->loop),
                             (GDestroyNotify) g_main_loop_unref);
      g_source_attach (source, g_main_loop_get_context (self->loop));
    }
  g_mutex_unlock (&self->lock);
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
    begin_stop_locked (self, TRUE);
  g_mutex_unlock (&self->lock);
  if (was_running)
    dpdk_notify_creator (G_OBJECT (self), self->thread, self->context, properties[PROP_RUNNING]);
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
