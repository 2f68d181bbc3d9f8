/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-eal-private.h"

#include "dpdk-eal-args-private.h"
#include "dpdk-enums.h"
#include "dpdk-error-private.h"
#include "dpdk-lcore-private.h"
#include "dpdk-log-private.h"
#include "dpdk-owner-private.h"

#include <pthread.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* how long the end of the process waits for what has begun to end */
#define EXIT_TIMEOUT_US (5 * G_TIME_SPAN_SECOND)

/**
 * DpdkEal:
 *
 * The environment abstraction layer (EAL) of DPDK: memory, devices and threads of this process.
 *
 * There is one per process. Everything that uses DPDK holds a reference on it, so the cleanup of
 * DPDK runs exactly once, after the last [class@Dpdk.Mempool], [class@Dpdk.Port],
 * [struct@Dpdk.Packet], [class@Dpdk.Worker] and [class@Dpdk.Socket] is gone, whatever thread drops
 * the last reference. The cleanup runs on a thread of the library: dropping a reference never
 * waits. [method@Dpdk.Eal.shutdown] does.
 *
 * DPDK cannot be started a second time in a process. After the last reference is gone,
 * [ctor@Dpdk.Eal.new] fails with %DPDK_ERROR_EAL_DEAD.
 *
 * With the default arguments nothing is left on disk, even if the process is killed.
 *
 * In a child process made by fork(), all objects of the parent are inert: dropping them does
 * nothing.
 *
 * ```c
 * g_autoptr (GError) error = NULL;
 * g_autoptr (DpdkEal) eal = dpdk_eal_new (NULL, &error);
 *
 * if (eal == NULL)
 *   g_error ("%s", error->message);
 * ```
 *
 * Since: 0.1
 */
struct _DpdkEal {
  GObject parent_instance;
  char **args;
  char **user_args;
  gboolean started;
};

struct _DpdkDependant {
  GType type;
  char *name;
};

static struct {
  GMutex lock;
  GCond changed;
  DpdkEalState state;
  GWeakRef current;
  GPtrArray *dependants;
  GQueue stoppables;
  gboolean shutdown_wanted;
  gboolean cleanup_begun;
} process;

typedef enum {
  PROP_STATE = 1,
} DpdkEalProperty;

static GParamSpec *properties[PROP_STATE + 1];

G_DEFINE_FINAL_TYPE (DpdkEal, dpdk_eal, G_TYPE_OBJECT)

gboolean dpdk_process_is_inert;

static void
after_fork_in_child (void)
{
  dpdk_process_is_inert = TRUE;
  dpdk_lcore_forget ();
}

static void
set_state (DpdkEalState state)
{
  g_mutex_lock (&process.lock);
  process.state = state;
  g_cond_broadcast (&process.changed);
  g_mutex_unlock (&process.lock);
}

static void
remove_runtime_folder (void)
{
  const char *folder = rte_eal_get_runtime_dir ();

  /* succeeds only if it is empty, which is so with the default arguments */
  if (folder != NULL && *folder != '\0')
    (void) rmdir (folder);
}

/* a port that nobody of ours holds: an application opened it behind our back */
static void
close_leftover_ports (void)
{
  guint16 id;

  RTE_ETH_FOREACH_DEV (id)
    {
      char name[RTE_ETH_NAME_MAX_LEN] = "?";

      rte_eth_dev_get_name_by_port (id, name);
      g_warning ("DpdkEal: closing port %u (%s), which was not opened through DpdkPort", id, name);
      rte_eth_dev_stop (id);
      rte_eth_dev_close (id);
    }
}

static void
cleanup_job (gpointer data)
{
  int native;

  close_leftover_ports ();
  native = rte_eal_cleanup ();
  if (native != 0)
    g_warning ("DpdkEal: rte_eal_cleanup: error %d", native);
  set_state (DPDK_EAL_STATE_DEAD);
  dpdk_owner_stop ();
}

static void
begin_cleanup_locked (void)
{
  if (process.cleanup_begun)
    return;
  process.cleanup_begun = TRUE;
  process.state = DPDK_EAL_STATE_CLOSING;
  dpdk_owner_post (cleanup_job, NULL);
}

static void
request_stop_locked (void)
{
  for (GList *l = process.stoppables.head; l != NULL; l = l->next)
    {
      DpdkStoppable *stoppable = l->data;

      stoppable->request_stop (stoppable);
    }
}

/**
 * dpdk_eal_prepare_exit:
 *
 * Does now what the end of the process would do: stops all workers, which closes their sockets, and
 * waits up to 5 seconds for them and for what has begun to end. No end is begun. From then on all
 * objects are inert, as in a child made by fork(): dropping them does nothing, and new ones are
 * refused.
 *
 * It is for the exit hook of an interpreter, which ends before the exit hooks of C run, and after
 * whose end no thread of the library may call into it any more. Other programs do not need it.
 *
 * May be called from any thread. Does nothing if there never was an EAL.
 *
 * Since: 0.1
 */
void
dpdk_eal_prepare_exit (void)
{
  gint64 deadline = g_get_monotonic_time () + EXIT_TIMEOUT_US;
  gboolean in_time = TRUE;

  if (dpdk_eal_is_inert () || dpdk_eal_get_process_state () == DPDK_EAL_STATE_NEVER)
    return;
  g_mutex_lock (&process.lock);
  request_stop_locked ();
  while (in_time && !g_queue_is_empty (&process.stoppables))
    {
      DpdkStoppable *stoppable = process.stoppables.head->data;

      g_queue_unlink (&process.stoppables, &stoppable->link);
      stoppable->ref (stoppable);
      g_mutex_unlock (&process.lock);
      in_time = stoppable->wait_stopped (stoppable, deadline);
      stoppable->unref (stoppable);
      g_mutex_lock (&process.lock);
    }
  g_mutex_unlock (&process.lock);
  if (!dpdk_owner_is_current ())
    dpdk_owner_wait_idle (deadline);
  dpdk_process_is_inert = TRUE;
}

static void
dpdk_eal_finalize (GObject *object)
{
  DpdkEal *self = DPDK_EAL (object);

  g_strfreev (self->args);
  g_strfreev (self->user_args);
  if (self->started && !dpdk_eal_is_inert ())
    {
      g_mutex_lock (&process.lock);
      if (process.state == DPDK_EAL_STATE_UP || process.state == DPDK_EAL_STATE_CLOSING)
        begin_cleanup_locked ();
      g_mutex_unlock (&process.lock);
    }
  G_OBJECT_CLASS (dpdk_eal_parent_class)->finalize (object);
}

static void
dpdk_eal_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  DpdkEal *self = DPDK_EAL (object);

  switch ((DpdkEalProperty) id)
    {
    case PROP_STATE:
      g_value_set_enum (value, dpdk_eal_get_state (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
dpdk_eal_class_init (DpdkEalClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = dpdk_eal_finalize;
  object_class->get_property = dpdk_eal_get_property;

  /**
   * DpdkEal:state:
   *
   * The state of the EAL of this process.
   *
   * Since: 0.1
   */
  properties[PROP_STATE] =
      g_param_spec_enum ("state", NULL, NULL, DPDK_TYPE_EAL_STATE, DPDK_EAL_STATE_NEVER,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
dpdk_eal_init (DpdkEal *self)
{
}

typedef struct {
  char **args;
  int native;
  char *log;
} InitJob;

static void
init_job (gpointer data)
{
  InitJob *job = data;
  g_autofree char **argv = NULL;
  guint n = g_strv_length (job->args);

  /* DPDK reorders the vector, so it gets one of its own */
  argv = g_new0 (char *, n + 1);
  memcpy (argv, job->args, n * sizeof *argv);

  dpdk_log_redirect ();
  dpdk_log_capture_begin ();
  job->native = rte_eal_init ((int) n, argv) < 0 ? (rte_errno != 0 ? rte_errno : EALREADY) : 0;
  job->log = dpdk_log_capture_end ();
  remove_runtime_folder ();
  if (job->native != 0)
    dpdk_owner_stop ();
}

static gboolean
start_process (DpdkEal *self, const char *const *args, GError **error)
{
  static gboolean exit_hook_registered;
  g_autofree char *log = NULL;
  InitJob job = { 0 };

  self->args = dpdk_eal_args_complete (args);
  self->user_args = g_strdupv ((char **) args);
  job.args = self->args;
  if (!exit_hook_registered)
    {
      exit_hook_registered = TRUE;
      /* exit () is a drop too */
      atexit (dpdk_eal_prepare_exit);
      pthread_atfork (NULL, NULL, after_fork_in_child);
    }
  dpdk_owner_start ();
  if (!dpdk_owner_call (init_job, &job, "starting the EAL", error))
    return FALSE;
  log = job.log;
  if (job.native != 0)
    {
      g_autofree char *line = g_strjoinv (" ", self->args + 1);

      if (error != NULL)
        *error = g_error_new (DPDK_ERROR, DPDK_ERROR_EAL_INIT,
                              "rte_eal_init (%s): %s (error %d)%s%s; DPDK cannot be started again "
                              "in this process",
                              line, rte_strerror (job.native), job.native, *log != '\0' ? ": " : "",
                              log);
      return FALSE;
    }
  return TRUE;
}

static gboolean
check_same_args (DpdkEal *self, const char *const *args, GError **error)
{
  g_autofree char *have = NULL;
  g_autofree char *want = NULL;

  if (args == NULL || *args == NULL ||
      (self->user_args != NULL && g_strv_equal (args, (const char *const *) self->user_args)))
    return TRUE;
  have = g_strjoinv (" ", self->args + 1);
  want = g_strjoinv (" ", (char **) args);
  g_set_error (error, DPDK_ERROR, DPDK_ERROR_EXISTS,
               "The EAL runs already, with \"%s\": cannot apply \"%s\"", have, want);
  return FALSE;
}

/**
 * dpdk_eal_new:
 * @args: (array zero-terminated=1) (nullable): arguments for the EAL, without a program name
 * @error: return location for an error
 *
 * Starts DPDK in this process, or returns the running EAL if it was started before.
 *
 * Unless @args says otherwise, memory comes from hugepages where some are free and from ordinary
 * memory where not, no file is left on disk, no PCI device is probed and telemetry is off. Arguments
 * that would end the process or start threads outside of the library are refused. When the EAL runs
 * already, @args must be empty or equal to those it was started with.
 *
 * May be called from any thread but that of a worker. Blocks for 0.1 to 0.4 s on the first call.
 *
 * Fails with %DPDK_ERROR_INVALID_ARGUMENT for an argument that is unknown or not allowed, with
 * %DPDK_ERROR_EAL_INIT if DPDK did not start (the message has its log), with %DPDK_ERROR_EAL_DEAD
 * if the EAL has ended, and with %DPDK_ERROR_EXISTS if it runs with other arguments.
 *
 * Returns: (transfer full): the EAL
 *
 * Since: 0.1
 */
DpdkEal *
dpdk_eal_new (const char *const *args, GError **error)
{
  g_autoptr (DpdkEal) self = NULL;

  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!dpdk_eal_args_check (args, error))
    return NULL;

  g_mutex_lock (&process.lock);
  if (process.state != DPDK_EAL_STATE_NEVER && dpdk_eal_is_inert ())
    {
      g_mutex_unlock (&process.lock);
      g_set_error_literal (error, DPDK_ERROR, DPDK_ERROR_EAL_DEAD,
                           "The EAL belongs to the parent of this process");
      return NULL;
    }
  if (process.state == DPDK_EAL_STATE_UP)
    self = g_weak_ref_get (&process.current);
  if (self != NULL)
    {
      g_mutex_unlock (&process.lock);
      return check_same_args (self, args, error) ? g_steal_pointer (&self) : NULL;
    }
  if (process.state != DPDK_EAL_STATE_NEVER)
    {
      gboolean dead = process.state == DPDK_EAL_STATE_DEAD;

      g_mutex_unlock (&process.lock);
      g_set_error (error, DPDK_ERROR, DPDK_ERROR_EAL_DEAD,
                   "The EAL of this process %s; DPDK cannot be started twice in one process",
                   dead ? "has ended" : "is ending");
      return NULL;
    }
  self = g_object_new (DPDK_TYPE_EAL, NULL);
  if (!start_process (self, args, error))
    {
      process.state = DPDK_EAL_STATE_DEAD;
      g_mutex_unlock (&process.lock);
      return NULL;
    }
  self->started = TRUE;
  process.state = DPDK_EAL_STATE_UP;
  g_weak_ref_set (&process.current, self);
  g_mutex_unlock (&process.lock);
  return g_steal_pointer (&self);
}

/**
 * dpdk_eal_get_current:
 *
 * Gets the EAL of this process, if it runs and somebody holds it.
 *
 * May be called from any thread.
 *
 * Returns: (transfer full) (nullable): the EAL
 *
 * Since: 0.1
 */
DpdkEal *
dpdk_eal_get_current (void)
{
  return g_weak_ref_get (&process.current);
}

/**
 * dpdk_eal_get_process_state:
 *
 * Gets the state of the EAL of this process, which outlives every [class@Dpdk.Eal] object.
 *
 * May be called from any thread.
 *
 * Returns: the state
 *
 * Since: 0.1
 */
DpdkEalState
dpdk_eal_get_process_state (void)
{
  DpdkEalState state;

  g_mutex_lock (&process.lock);
  state = process.state;
  g_mutex_unlock (&process.lock);
  return state;
}

/**
 * dpdk_eal_get_state: (get-property state)
 * @self: an EAL
 *
 * Gets the state of the EAL.
 *
 * May be called from any thread.
 *
 * Returns: the state
 *
 * Since: 0.1
 */
DpdkEalState
dpdk_eal_get_state (DpdkEal *self)
{
  g_return_val_if_fail (DPDK_IS_EAL (self), DPDK_EAL_STATE_NEVER);

  return dpdk_eal_get_process_state ();
}

/**
 * dpdk_eal_get_args:
 * @self: an EAL
 *
 * Gets the arguments that DPDK was started with, those that the library chose included, without
 * the program name.
 *
 * May be called from any thread.
 *
 * Returns: (transfer none) (array zero-terminated=1): the arguments
 *
 * Since: 0.1
 */
const char *const *
dpdk_eal_get_args (DpdkEal *self)
{
  g_return_val_if_fail (DPDK_IS_EAL (self), NULL);

  return (const char *const *) self->args + 1;
}

static char **
dup_dependants_locked (void)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();

  for (guint i = 0; process.dependants != NULL && i < process.dependants->len; i++)
    {
      DpdkDependant *dependant = g_ptr_array_index (process.dependants, i);

      g_ptr_array_add (names,
                       g_strdup_printf ("%s %s", g_type_name (dependant->type), dependant->name));
    }
  g_ptr_array_add (names, NULL);
  return (char **) g_ptr_array_free (g_steal_pointer (&names), FALSE);
}

/**
 * dpdk_eal_get_dependants:
 * @self: an EAL
 *
 * Lists what still needs the EAL, as "type name", for debugging.
 *
 * May be called from any thread.
 *
 * Returns: (transfer full) (array zero-terminated=1): the objects
 *
 * Since: 0.1
 */
char **
dpdk_eal_get_dependants (DpdkEal *self)
{
  char **names;

  g_return_val_if_fail (DPDK_IS_EAL (self), NULL);

  g_mutex_lock (&process.lock);
  names = dup_dependants_locked ();
  g_mutex_unlock (&process.lock);
  return names;
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
 * fails with %DPDK_ERROR_TIMED_OUT and names what is still held; the cleanup then runs as soon as
 * that is dropped.
 *
 * May be called from any thread but that of a worker.
 *
 * Returns: %TRUE if DPDK has ended
 *
 * Since: 0.1
 */
gboolean
dpdk_eal_shutdown (DpdkEal *self, guint timeout_ms, GError **error)
{
  gint64 deadline = g_get_monotonic_time () + timeout_ms * G_TIME_SPAN_MILLISECOND;
  gboolean in_time = TRUE;

  g_return_val_if_fail (DPDK_IS_EAL (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!dpdk_lcore_check_may_wait ("dpdk_eal_shutdown", "dpdk_eal_shutdown_async()", error))
    return FALSE;
  if (dpdk_eal_is_inert ())
    {
      g_set_error_literal (error, DPDK_ERROR, DPDK_ERROR_EAL_DEAD,
                           "The EAL belongs to the parent of this process");
      return FALSE;
    }
  g_mutex_lock (&process.lock);
  if (process.state == DPDK_EAL_STATE_UP)
    {
      process.state = DPDK_EAL_STATE_CLOSING;
      process.shutdown_wanted = TRUE;
      request_stop_locked ();
      if (process.dependants == NULL || process.dependants->len == 0)
        begin_cleanup_locked ();
    }
  while (in_time && process.state != DPDK_EAL_STATE_DEAD)
    in_time = g_cond_wait_until (&process.changed, &process.lock, deadline);
  if (!in_time)
    {
      g_auto (GStrv) names = dup_dependants_locked ();
      g_autofree char *list = g_strjoinv (", ", names);

      g_set_error (error, DPDK_ERROR, DPDK_ERROR_TIMED_OUT,
                   "The EAL is still held after %u ms by: %s", timeout_ms, list);
    }
  g_mutex_unlock (&process.lock);
  return in_time;
}

DpdkDependant *
dpdk_eal_add_dependant (DpdkEal *self, GType type, const char *name, GError **error)
{
  DpdkDependant *dependant = NULL;

  g_mutex_lock (&process.lock);
  if (self->started && process.state == DPDK_EAL_STATE_UP && !dpdk_eal_is_inert ())
    {
      dependant = g_new0 (DpdkDependant, 1);
      dependant->type = type;
      dependant->name = g_strdup (name);
      if (process.dependants == NULL)
        process.dependants = g_ptr_array_new ();
      g_ptr_array_add (process.dependants, dependant);
    }
  g_mutex_unlock (&process.lock);
  if (dependant == NULL)
    g_set_error (error, DPDK_ERROR, DPDK_ERROR_EAL_DEAD, "%s %s: the EAL %s", g_type_name (type),
                 name, self->started ? "is ending or has ended" : "was not made by dpdk_eal_new()");
  return dependant;
}

void
dpdk_eal_remove_dependant (DpdkDependant *dependant)
{
  if (dependant == NULL)
    return;
  g_mutex_lock (&process.lock);
  g_ptr_array_remove_fast (process.dependants, dependant);
  if (process.shutdown_wanted && process.dependants->len == 0)
    begin_cleanup_locked ();
  g_mutex_unlock (&process.lock);
  g_free (dependant->name);
  g_free (dependant);
}

void
dpdk_eal_add_stoppable (DpdkStoppable *stoppable)
{
  stoppable->link.data = stoppable;
  g_mutex_lock (&process.lock);
  g_queue_push_tail_link (&process.stoppables, &stoppable->link);
  g_mutex_unlock (&process.lock);
}

void
dpdk_eal_remove_stoppable (DpdkStoppable *stoppable)
{
  g_mutex_lock (&process.lock);
  if (g_queue_link_index (&process.stoppables, &stoppable->link) >= 0)
    g_queue_unlink (&process.stoppables, &stoppable->link);
  g_mutex_unlock (&process.lock);
}
