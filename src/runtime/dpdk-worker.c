/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-worker-private.h"

#include "dpdk-edge-private.h"
#include "dpdk-enums.h"
#include "dpdk-owner-private.h"
#include "dpdk-port-private.h"

/**
 * DpdkWorker:
 *
 * A thread that polls one queue of each port of a [class@Dpdk.Runtime], on a core of its own and
 * with a TCP/IP stack of its own.
 *
 * Workers share nothing: a socket belongs to one worker. Each has a main context, which it runs
 * between bursts of packets, so that GIO can be used on its thread as on any other.
 *
 * A worker holds its ports and the EAL. When the runtime is shut down or dropped, its workers end
 * and their sockets are closed; a worker object that is still held stays valid.
 *
 * ```c
 * static void
 * say_hello (DpdkWorker *worker, gpointer user_data)
 * {
 *   g_message ("hello from core %u", dpdk_worker_get_core (worker));
 * }
 *
 * dpdk_worker_invoke (worker, say_hello, NULL, NULL, &error);
 * ```
 *
 * Since: 0.1
 */
struct _DpdkWorker {
  GObject parent_instance;

  DpdkEal *eal;
  DpdkDependant *dependant;
  GPtrArray *ports;
  DpdkWorkerCore *core;
};

typedef enum {
  PROP_INDEX = 1,
  PROP_CORE,
  PROP_IDLE_POLICY,
  PROP_RUNNING,
} DpdkWorkerProperty;

static GParamSpec *properties[PROP_RUNNING + 1];

G_DEFINE_FINAL_TYPE (DpdkWorker, dpdk_worker, G_TYPE_OBJECT)

/* what must wait for the end of the thread */
typedef struct {
  DpdkEal *eal;
  DpdkDependant *dependant;
  GPtrArray *ports;
  DpdkWorkerCore *core;
} EndJob;

static void
end_job (gpointer data)
{
  EndJob *job = data;

  /* a thread in exit () still uses all of this, and the process ends with it */
  if (!dpdk_worker_core_join (job->core))
    {
      dpdk_owner_abandon (job);
      return;
    }
  for (guint i = 0; i < job->ports->len; i++)
    dpdk_edge_dropped ("DpdkWorker", dpdk_dependant_get_name (job->dependant),
                       ((DpdkWorkerPort *) job->ports->pdata[i])->port);
  dpdk_edge_dropped ("DpdkWorker", dpdk_dependant_get_name (job->dependant), job->eal);
  dpdk_worker_core_detach_ports (job->core);
  g_ptr_array_unref (job->ports);
  dpdk_worker_core_unref (job->core);
  dpdk_eal_remove_dependant (job->dependant);
  g_object_unref (job->eal);
  g_free (job);
}

static void
dpdk_worker_finalize (GObject *object)
{
  DpdkWorker *self = DPDK_WORKER (object);

  if (self->core != NULL && !dpdk_eal_is_inert ())
    {
      EndJob *job = g_new0 (EndJob, 1);

      job->eal = self->eal;
      job->dependant = self->dependant;
      job->ports = self->ports;
      job->core = self->core;
      dpdk_worker_core_request_stop (job->core);
      dpdk_owner_post (end_job, job);
    }
  G_OBJECT_CLASS (dpdk_worker_parent_class)->finalize (object);
}

static void
dpdk_worker_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  DpdkWorker *self = DPDK_WORKER (object);

  switch ((DpdkWorkerProperty) id)
    {
    case PROP_INDEX:
      g_value_set_uint (value, dpdk_worker_get_index (self));
      break;
    case PROP_CORE:
      g_value_set_uint (value, dpdk_worker_get_core (self));
      break;
    case PROP_IDLE_POLICY:
      g_value_set_enum (value, dpdk_worker_get_idle_policy (self));
      break;
    case PROP_RUNNING:
      g_value_set_boolean (value, dpdk_worker_is_running (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
dpdk_worker_class_init (DpdkWorkerClass *klass)
{
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = dpdk_worker_finalize;
  object_class->get_property = dpdk_worker_get_property;

  /**
   * DpdkWorker:index:
   *
   * The number of the worker in its runtime, from 0.
   *
   * Since: 0.1
   */
  properties[PROP_INDEX] = g_param_spec_uint ("index", NULL, NULL, 0, G_MAXUINT, 0, flags);
  /**
   * DpdkWorker:core:
   *
   * The CPU core that the worker is pinned to.
   *
   * Since: 0.1
   */
  properties[PROP_CORE] = g_param_spec_uint ("core", NULL, NULL, 0, G_MAXUINT, 0, flags);
  /**
   * DpdkWorker:idle-policy:
   *
   * What the worker does when there is nothing to do.
   *
   * Since: 0.1
   */
  properties[PROP_IDLE_POLICY] = g_param_spec_enum (
      "idle-policy", NULL, NULL, DPDK_TYPE_IDLE_POLICY, DPDK_IDLE_POLICY_BUSY_POLL, flags);
  /**
   * DpdkWorker:running:
   *
   * Whether the worker runs.
   *
   * Since: 0.1
   */
  properties[PROP_RUNNING] = g_param_spec_boolean ("running", NULL, NULL, FALSE, flags);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
dpdk_worker_init (DpdkWorker *self)
{
}

/* @ports: (element-type DpdkWorkerPort) */
DpdkWorker *
dpdk_worker_new (DpdkEal *eal, DpdkWorkerShared *shared, guint index, guint cpu,
                 DpdkIdlePolicy idle_policy, GPtrArray *ports, GError **error)
{
  g_autofree char *name = g_strdup_printf ("%u on core %u", index, cpu);
  DpdkDependant *dependant = dpdk_eal_add_dependant (eal, DPDK_TYPE_WORKER, name, error);
  DpdkWorker *self;

  if (dependant == NULL)
    return NULL;
  self = g_object_new (DPDK_TYPE_WORKER, NULL);
  dpdk_edge_set_name (self, name);
  self->eal = dpdk_edge_ref (self, eal);
  self->dependant = dependant;
  self->ports = g_ptr_array_ref (ports);
  for (guint i = 0; i < ports->len; i++)
    dpdk_edge_made ("DpdkWorker", name, ((DpdkWorkerPort *) ports->pdata[i])->port);
  self->core = dpdk_worker_core_new (shared, index, cpu, idle_policy, ports);
  dpdk_worker_core_set_worker (self->core, self);
  return self;
}

DpdkWorkerCore *
dpdk_worker_get_core_private (DpdkWorker *self)
{
  return self->core;
}

/**
 * dpdk_worker_dup_current:
 *
 * Gets the worker whose thread makes the call.
 *
 * Returns: (transfer full) (nullable): the worker, or %NULL on any other thread
 *
 * Since: 0.1
 */
DpdkWorker *
dpdk_worker_dup_current (void)
{
  DpdkWorkerCore *core = dpdk_worker_core_get_current ();

  return core != NULL ? dpdk_worker_core_dup_worker (core) : NULL;
}

/**
 * dpdk_worker_get_index: (get-property index)
 * @self: a worker
 *
 * Gets the number of the worker in its runtime, from 0. May be called from any thread.
 *
 * Returns: the number
 *
 * Since: 0.1
 */
guint
dpdk_worker_get_index (DpdkWorker *self)
{
  g_return_val_if_fail (DPDK_IS_WORKER (self) && self->core != NULL, 0);

  return dpdk_worker_core_get_index (self->core);
}

/**
 * dpdk_worker_get_core: (get-property core)
 * @self: a worker
 *
 * Gets the CPU core that the worker is pinned to. May be called from any thread.
 *
 * Returns: the number of the core
 *
 * Since: 0.1
 */
guint
dpdk_worker_get_core (DpdkWorker *self)
{
  g_return_val_if_fail (DPDK_IS_WORKER (self) && self->core != NULL, 0);

  return dpdk_worker_core_get_cpu (self->core);
}

/**
 * DpdkIdlePolicy:
 * @DPDK_IDLE_POLICY_BUSY_POLL: poll without a pause: lowest latency, and the core is always busy
 * @DPDK_IDLE_POLICY_ADAPTIVE: poll, and sleep after a while without work until a device, a timer or
 *   another thread has some
 *
 * What a worker does when there is nothing to do.
 *
 * Since: 0.1
 */

/**
 * dpdk_worker_get_idle_policy: (get-property idle-policy)
 * @self: a worker
 *
 * Gets what the worker does when there is nothing to do. May be called from any thread.
 *
 * Returns: the policy
 *
 * Since: 0.1
 */
DpdkIdlePolicy
dpdk_worker_get_idle_policy (DpdkWorker *self)
{
  g_return_val_if_fail (DPDK_IS_WORKER (self) && self->core != NULL, DPDK_IDLE_POLICY_BUSY_POLL);

  return dpdk_worker_core_get_idle_policy (self->core);
}

/**
 * dpdk_worker_get_main_context:
 * @self: a worker
 *
 * Gets the main context that the worker runs. It is the thread's default context there. Sources
 * that are attached to it must not block.
 *
 * May be called from any thread.
 *
 * Returns: (transfer none): the context
 *
 * Since: 0.1
 */
GMainContext *
dpdk_worker_get_main_context (DpdkWorker *self)
{
  g_return_val_if_fail (DPDK_IS_WORKER (self) && self->core != NULL, NULL);

  return dpdk_worker_core_get_main_context (self->core);
}

/**
 * dpdk_worker_is_running: (get-property running)
 * @self: a worker
 *
 * Whether the worker runs. May be called from any thread.
 *
 * Returns: %TRUE if it does
 *
 * Since: 0.1
 */
gboolean
dpdk_worker_is_running (DpdkWorker *self)
{
  g_return_val_if_fail (DPDK_IS_WORKER (self) && self->core != NULL, FALSE);

  return dpdk_worker_core_is_running (self->core);
}

/**
 * dpdk_worker_get_statistics:
 * @self: a worker
 * @statistics: (out caller-allocates): return location for the counters
 *
 * Reads the counters of the worker. They are read one by one while the worker counts on.
 *
 * May be called from any thread.
 *
 * Since: 0.1
 */
void
dpdk_worker_get_statistics (DpdkWorker *self, DpdkWorkerStatistics *statistics)
{
  g_return_if_fail (DPDK_IS_WORKER (self) && self->core != NULL);
  g_return_if_fail (statistics != NULL);

  dpdk_worker_core_get_statistics (self->core, statistics);
}

/**
 * dpdk_worker_dup_stack_counters:
 * @self: a worker
 *
 * Reads the counters of the TCP/IP stack of the worker. They are read one by one while the stack
 * counts on, which does not notice; when the worker has ended they are the last ones.
 *
 * May be called from any thread.
 *
 * Returns: (transfer full): the counters
 *
 * Since: 0.1
 */
DpdkStackCounters *
dpdk_worker_dup_stack_counters (DpdkWorker *self)
{
  DpdkStackCounters *counters;

  g_return_val_if_fail (DPDK_IS_WORKER (self) && self->core != NULL, NULL);

  counters = g_new (DpdkStackCounters, 1);
  dpdk_worker_core_get_stack_counters (self->core, counters);
  return counters;
}

typedef struct {
  DpdkWorkerTask task;
  DpdkWorker *worker;
  DpdkWorkerFunc func;
  gpointer user_data;
  GDestroyNotify destroy;
} Invocation;

static void
free_invocation (Invocation *self)
{
  if (self->destroy != NULL)
    self->destroy (self->user_data);
  g_object_unref (self->worker);
  g_free (self);
}

static void
run_invocation (DpdkWorkerTask *task)
{
  Invocation *self = (Invocation *) task;

  self->func (self->worker, self->user_data);
  free_invocation (self);
}

/**
 * dpdk_worker_get_offloads:
 * @self: a worker
 * @port: a port of the runtime
 *
 * Gets what the stack of the worker uses on @port: what the device can do of what was not switched off
 * by the configuration or by [method@Dpdk.RuntimeBuilder.set_disabled_offloads]. What the device was
 * configured with is in [property@Dpdk.Port:rx-offloads] and [property@Dpdk.Port:tx-offloads].
 *
 * May be called from any thread.
 *
 * Returns: the offloads, %DPDK_STACK_OFFLOAD_NONE if the worker does not serve @port
 *
 * Since: 0.1
 */
DpdkStackOffload
dpdk_worker_get_offloads (DpdkWorker *self, DpdkPort *port)
{
  g_return_val_if_fail (DPDK_IS_WORKER (self), DPDK_STACK_OFFLOAD_NONE);
  g_return_val_if_fail (DPDK_IS_PORT (port), DPDK_STACK_OFFLOAD_NONE);

  return dpdk_worker_core_get_offloads (self->core, port);
}

/**
 * dpdk_worker_invoke:
 * @self: a worker
 * @func: (scope notified) (closure user_data) (destroy destroy): the function
 * @user_data: data for @func
 * @destroy: (nullable): frees @user_data; called in any case
 * @error: return location for an error
 *
 * Runs a function on the thread of the worker, some time later. Functions run in the order of the
 * calls of one thread. One that was accepted runs, even if the worker is stopped.
 *
 * May be called from any thread. Does not wait.
 *
 * Fails with %DPDK_ERROR_CLOSED if the worker has ended.
 *
 * Returns: %TRUE if the function will run
 *
 * Since: 0.1
 */
gboolean
dpdk_worker_invoke (DpdkWorker *self, DpdkWorkerFunc func, gpointer user_data,
                    GDestroyNotify destroy, GError **error)
{
  Invocation *invocation;

  g_return_val_if_fail (DPDK_IS_WORKER (self) && self->core != NULL, FALSE);
  g_return_val_if_fail (func != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  invocation = g_new0 (Invocation, 1);
  invocation->task.run = run_invocation;
  invocation->worker = g_object_ref (self);
  invocation->func = func;
  invocation->user_data = user_data;
  invocation->destroy = destroy;
  if (!dpdk_eal_is_inert () && dpdk_worker_core_post (self->core, &invocation->task))
    return TRUE;
  g_set_error (error, DPDK_ERROR, DPDK_ERROR_CLOSED, "DpdkWorker %u has ended",
               dpdk_worker_core_get_index (self->core));
  free_invocation (invocation);
  return FALSE;
}
