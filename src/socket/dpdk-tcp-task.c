/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* operations of GIO that are tried until they need not wait */
#include "dpdk-tcp-task-private.h"

typedef struct {
  GTask *task;
  DpdkTcpTaskFunc func;
} Waiting;

static void
waiting_free (gpointer data)
{
  Waiting *self = data;

  g_object_unref (self->task);
  g_free (self);
}

/* gives whether it is over */
static gboolean
try_once (GTask *task, DpdkTcpTaskFunc func)
{
  g_autoptr (GError) error = NULL;

  if (func (task, &error))
    return TRUE;
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    return FALSE;
  g_task_return_error (task, g_steal_pointer (&error));
  return TRUE;
}

static gboolean
on_ready (gpointer user_data)
{
  Waiting *self = user_data;

  return try_once (self->task, self->func) ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
}

static void
add_cancellable (GSource *source, GCancellable *cancellable)
{
  g_autoptr (GSource) child = g_cancellable_source_new (cancellable);

  g_source_set_dummy_callback (child);
  g_source_add_child_source (source, child);
}

void
dpdk_tcp_task_run (GTask *task, DpdkTcpEndpoint *endpoint, GIOCondition condition,
                   DpdkTcpTaskFunc func)
{
  g_autoptr (GSource) source = NULL;
  Waiting *waiting;

  g_task_set_check_cancellable (task, FALSE);
  if (try_once (task, func))
    return;
  source = dpdk_tcp_endpoint_create_source (endpoint, condition);
  if (g_task_get_cancellable (task) != NULL)
    add_cancellable (source, g_task_get_cancellable (task));
  waiting = g_new0 (Waiting, 1);
  waiting->task = g_object_ref (task);
  waiting->func = func;
  g_source_set_priority (source, g_task_get_priority (task));
  g_source_set_callback (source, on_ready, waiting, waiting_free);
  g_source_attach (source, g_task_get_context (task));
}
