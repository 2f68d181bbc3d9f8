/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-process-private.h"

#include "dpdk-eal-args-private.h"
#include "dpdk-eal-files-private.h"
#include "dpdk-enums.h"
#include "dpdk-lcore-private.h"
#include "dpdk-log-private.h"
#include "dpdk-notify-private.h"
#include "dpdk-owner-private.h"

#include <rte_eal.h>
#include <rte_errno.h>
#include <string.h>

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
  GMainContext *context;
  gboolean started;
};

typedef enum {
  PROP_STATE = 1,
} DpdkEalProperty;

static GParamSpec *properties[PROP_STATE + 1];

G_DEFINE_FINAL_TYPE (DpdkEal, dpdk_eal, G_TYPE_OBJECT)

void
dpdk_eal_notify_state (DpdkEal *self)
{
  dpdk_notify_in_context (G_OBJECT (self), self->context, properties[PROP_STATE]);
}

static void
dpdk_eal_finalize (GObject *object)
{
  DpdkEal *self = DPDK_EAL (object);

  g_strfreev (self->args);
  g_strfreev (self->user_args);
  g_main_context_unref (self->context);
  if (self->started && !dpdk_eal_is_inert ())
    dpdk_process_begin_cleanup ();
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
   * A change is notified in the main context that was the default of the thread that called
   * [ctor@Dpdk.Eal.new] first.
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
  self->context = g_main_context_ref_thread_default ();
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
  if (job->native == 0)
    dpdk_eal_files_remove_folder ();
  else
    {
      dpdk_eal_files_remove ();
      dpdk_owner_stop ();
    }
}

static gboolean
start_process (DpdkEal *self, const char *const *args, GError **error)
{
  g_autofree char *log = NULL;
  InitJob job = { 0 };

  self->args = dpdk_eal_args_complete (args);
  self->user_args = g_strdupv ((char **) args);
  job.args = self->args;
  dpdk_eal_files_remember ((const char *const *) self->args);
  dpdk_process_exit_init ();
  dpdk_owner_start ();
  if (!dpdk_owner_call (init_job, &job, "starting the EAL", error))
    return FALSE;
  dpdk_process_exit_init_late ();
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
  DpdkEal *running;

  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  dpdk_process_fork_init ();
  if (!dpdk_eal_args_check (args, error) ||
      !dpdk_lcore_check_may_wait ("dpdk_eal_new", NULL, error) ||
      !dpdk_process_begin_start (&running, error))
    return NULL;
  if (running != NULL)
    {
      self = running;
      return check_same_args (self, args, error) ? g_steal_pointer (&self) : NULL;
    }
  self = g_object_new (DPDK_TYPE_EAL, NULL);
  self->started = start_process (self, args, error);
  dpdk_process_end_start (self, self->started);
  return self->started ? g_steal_pointer (&self) : NULL;
}

/**
 * dpdk_eal_dup_current:
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
dpdk_eal_dup_current (void)
{
  return dpdk_process_dup_eal ();
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
  return dpdk_process_get_state ();
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
  static const char *const no_args[] = { NULL };

  g_return_val_if_fail (DPDK_IS_EAL (self), NULL);

  /* g_object_new() gives an object that never starts */
  return self->args != NULL ? (const char *const *) self->args + 1 : no_args;
}

/**
 * dpdk_eal_dup_dependants:
 * @self: an EAL
 *
 * Lists what needs the EAL, for debugging: every object of the library that uses DPDK, every thread
 * that is registered with it, and the number of references on packets.
 *
 * May be called from any thread. While packets move, their number is approximate.
 *
 * Returns: (transfer container) (element-type DpdkDependant): the dependants
 *
 * Since: 0.1
 */
GPtrArray *
dpdk_eal_dup_dependants (DpdkEal *self)
{
  g_return_val_if_fail (DPDK_IS_EAL (self), NULL);

  return dpdk_process_dup_dependants ();
}
