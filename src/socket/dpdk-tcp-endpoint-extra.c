/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* what an endpoint has only if it is used in a way that needs it */
#include "dpdk-tcp-endpoint-internal.h"

DpdkTcpExtra *
dpdk_tcp_endpoint_get_extra_locked (DpdkTcpEndpoint *self)
{
  DpdkTcpExtra *extra = self->extra;

  if (extra != NULL)
    return extra;
  extra = g_new0 (DpdkTcpExtra, 1);
  extra->endpoint = self;
  extra->linger = -1;
  g_cond_init (&extra->changed);
  g_atomic_pointer_set (&self->extra, extra);
  return extra;
}

DpdkTcpExtra *
dpdk_tcp_endpoint_get_extra (DpdkTcpEndpoint *self)
{
  DpdkTcpExtra *extra = dpdk_tcp_endpoint_peek_extra (self);

  if (G_LIKELY (extra != NULL))
    return extra;
  dpdk_tcp_endpoint_lock (self);
  extra = dpdk_tcp_endpoint_get_extra_locked (self);
  dpdk_tcp_endpoint_unlock (self);
  return extra;
}

void
dpdk_tcp_extra_free (DpdkTcpExtra *self)
{
  g_cond_clear (&self->changed);
  g_free (self->reason);
  g_free (self);
}

static void
update_is_watched_locked (DpdkTcpEndpoint *self, const DpdkTcpExtra *extra)
{
  self->is_watched = extra->n_waiters > 0 || extra->sources != NULL;
}

void
dpdk_tcp_endpoint_add_source (DpdkTcpEndpoint *self, DpdkTcpSource *source)
{
  DpdkTcpExtra *extra;

  dpdk_tcp_endpoint_lock (self);
  extra = dpdk_tcp_endpoint_get_extra_locked (self);
  extra->sources = g_list_prepend (extra->sources, source);
  update_is_watched_locked (self, extra);
  dpdk_tcp_endpoint_unlock (self);
}

void
dpdk_tcp_endpoint_remove_source (DpdkTcpEndpoint *self, DpdkTcpSource *source)
{
  DpdkTcpExtra *extra;

  dpdk_tcp_endpoint_lock (self);
  extra = dpdk_tcp_endpoint_get_extra_locked (self);
  extra->sources = g_list_remove (extra->sources, source);
  update_is_watched_locked (self, extra);
  dpdk_tcp_endpoint_unlock (self);
}

gboolean
dpdk_tcp_endpoint_wait_locked (DpdkTcpEndpoint *self, gint64 deadline)
{
  DpdkTcpExtra *extra = dpdk_tcp_endpoint_get_extra_locked (self);
  gboolean is_in_time = TRUE;

  extra->n_waiters++;
  update_is_watched_locked (self, extra);
  if (deadline < 0)
    g_cond_wait (&extra->changed, &self->mutex);
  else
    is_in_time = g_cond_wait_until (&extra->changed, &self->mutex, deadline);
  extra->n_waiters--;
  update_is_watched_locked (self, extra);
  return is_in_time;
}

void
dpdk_tcp_endpoint_wake (DpdkTcpEndpoint *self)
{
  dpdk_tcp_endpoint_lock (self);
  g_cond_broadcast (&dpdk_tcp_endpoint_get_extra_locked (self)->changed);
  dpdk_tcp_endpoint_unlock (self);
}

void
dpdk_tcp_endpoint_set_reason_locked (DpdkTcpEndpoint *self, char *reason)
{
  DpdkTcpExtra *extra = dpdk_tcp_endpoint_get_extra_locked (self);

  g_free (extra->reason);
  extra->reason = reason;
}

void
dpdk_tcp_endpoint_set_options_locked (DpdkTcpEndpoint *self, const DpdkStackTcpOptions *options)
{
  const DpdkStackTcpOptions *usual = &dpdk_worker_core_get_shared (self->core)->tcp_options;
  gboolean has_options = memcmp (options, usual, sizeof *options) != 0;

  if (!has_options && self->extra == NULL)
    return;
  dpdk_tcp_endpoint_get_extra_locked (self)->has_options = has_options;
  self->extra->options = *options;
}
