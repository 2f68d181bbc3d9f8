/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* a runtime in the main loop of a program */
#include "dpdk-runtime-internal.h"

#include "dpdk-lcore-private.h"

#include <glib-unix.h>
#include <signal.h>

/* how long dpdk_runtime_run() waits for the end */
#define RUN_SHUTDOWN_TIMEOUT_MS 10000

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
