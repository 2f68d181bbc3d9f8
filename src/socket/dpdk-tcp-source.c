/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-tcp-endpoint-internal.h"

static gboolean
tcp_source_is_ready (DpdkTcpSource *self)
{
  DpdkTcpEndpoint *endpoint = self->endpoint;
  gboolean ready;

  dpdk_tcp_endpoint_lock (endpoint);
  if (self->context == NULL)
    self->context = g_main_context_ref (g_source_get_context (&self->source));
  ready = (dpdk_tcp_endpoint_get_condition_locked (endpoint) & self->condition) != 0;
  dpdk_tcp_endpoint_unlock (endpoint);
  return ready;
}

static gboolean
tcp_source_prepare (GSource *source, gint *timeout)
{
  *timeout = -1;
  return tcp_source_is_ready ((DpdkTcpSource *) source);
}

static gboolean
tcp_source_check (GSource *source)
{
  return tcp_source_is_ready ((DpdkTcpSource *) source);
}

/* that of a child source of GIO does nothing */
static gboolean
tcp_source_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  return callback != NULL ? callback (user_data) : G_SOURCE_CONTINUE;
}

static void
tcp_source_dispose (GSource *source)
{
  DpdkTcpSource *self = (DpdkTcpSource *) source;

  dpdk_tcp_endpoint_remove_source (self->endpoint, self);
}

static void
tcp_source_finalize (GSource *source)
{
  DpdkTcpSource *self = (DpdkTcpSource *) source;

  g_clear_pointer (&self->context, g_main_context_unref);
  dpdk_tcp_endpoint_unref (self->endpoint);
}

static gboolean
tcp_source_closure_callback (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

GSource *
dpdk_tcp_endpoint_create_source (DpdkTcpEndpoint *self, GIOCondition condition)
{
  static GSourceFuncs funcs = {
    .prepare = tcp_source_prepare,
    .check = tcp_source_check,
    .dispatch = tcp_source_dispatch,
    .finalize = tcp_source_finalize,
    .closure_callback = tcp_source_closure_callback,
  };
  GSource *source = g_source_new (&funcs, sizeof (DpdkTcpSource));
  DpdkTcpSource *tcp_source = (DpdkTcpSource *) source;

  g_source_set_static_name (source, "DpdkTcpSource");
  g_source_set_dispose_function (source, tcp_source_dispose);
  tcp_source->endpoint = dpdk_tcp_endpoint_ref (self);
  tcp_source->condition = condition;
  dpdk_tcp_endpoint_add_source (self, tcp_source);
  return source;
}
