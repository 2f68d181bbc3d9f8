/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* waiting until a connection can be read or written */
#include "dpdk-tcp-endpoint-internal.h"

#include "dpdk-deadline-private.h"
#include "dpdk-lcore-private.h"

/* what poll() would tell: G_IO_ERR and G_IO_HUP need not be asked for */
static GIOCondition
check_locked (DpdkTcpEndpoint *self, GIOCondition condition)
{
  GIOCondition result = dpdk_tcp_endpoint_get_condition_locked (self) & condition;

  if (self->error != ERR_OK && !self->close_wanted && !self->abort_wanted)
    result |= G_IO_ERR;
  if (self->state == ENDPOINT_CLOSED || self->close_wanted || self->abort_wanted)
    result |= G_IO_HUP;
  return result;
}

GIOCondition
dpdk_tcp_endpoint_check (DpdkTcpEndpoint *self, GIOCondition condition)
{
  GIOCondition result;

  dpdk_tcp_endpoint_lock (self);
  result = check_locked (self, condition);
  dpdk_tcp_endpoint_unlock (self);
  return result;
}

static void
on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  dpdk_tcp_endpoint_wake (user_data);
}

/* @timeout_us: -1 for as long as it takes */
gboolean
dpdk_tcp_endpoint_wait (DpdkTcpEndpoint *self, GIOCondition condition, gint64 timeout_us,
                        GCancellable *cancellable, GError **error)
{
  gint64 deadline = dpdk_deadline_from_timeout (timeout_us);
  gboolean is_in_time = timeout_us != 0;
  gulong id = 0;
  gboolean is_ready;

  if (!dpdk_lcore_check_may_wait ("dpdk_tcp_connection_condition_wait",
                                  "dpdk_tcp_connection_create_source()", error) ||
      g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  if (cancellable != NULL)
    id = g_cancellable_connect (cancellable, G_CALLBACK (on_cancelled), self, NULL);
  dpdk_tcp_endpoint_lock (self);
  while (!(is_ready = check_locked (self, condition) != 0) && is_in_time &&
         !g_cancellable_is_cancelled (cancellable))
    is_in_time = dpdk_tcp_endpoint_wait_locked (self, deadline);
  dpdk_tcp_endpoint_unlock (self);
  if (cancellable != NULL)
    g_cancellable_disconnect (cancellable, id);
  if (!is_ready && !g_cancellable_set_error_if_cancelled (cancellable, error))
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                 "The DpdkTcpConnection was not ready within %" G_GINT64_FORMAT " microseconds",
                 timeout_us);
  return is_ready;
}
