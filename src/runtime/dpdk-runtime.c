/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-runtime-internal.h"

#include "dpdk-edge-private.h"
#include "dpdk-notify-private.h"

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

static void
dpdk_runtime_finalize (GObject *object)
{
  DpdkRuntime *self = DPDK_RUNTIME (object);

  if (self->parts.workers != NULL && !dpdk_eal_is_inert ())
    dpdk_runtime_begin_stop_locked (self, FALSE);
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

void
dpdk_runtime_notify_running (DpdkRuntime *self)
{
  dpdk_notify_creator (G_OBJECT (self), self->thread, self->context, properties[PROP_RUNNING]);
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
