/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-socket-source-private.h"
#include "dpdk-udp-endpoint-internal.h"

static GIOCondition
get_condition (DpdkUdpSource *self)
{
  DpdkUdpEndpoint *endpoint = self->endpoint;
  GIOCondition condition;

  g_mutex_lock (&endpoint->lock);
  self->context = g_source_get_context (&self->source);
  condition = dpdk_udp_endpoint_get_condition_locked (endpoint) & self->condition;
  /* under the lock, so that no change of the condition comes between */
  if (condition == 0)
    g_source_set_ready_time (self->waker, -1);
  g_mutex_unlock (&endpoint->lock);
  return condition;
}

static gboolean
udp_source_prepare (GSource *source, gint *timeout)
{
  *timeout = -1;
  return get_condition ((DpdkUdpSource *) source) != 0;
}

static gboolean
udp_source_check (GSource *source)
{
  return get_condition ((DpdkUdpSource *) source) != 0;
}

static gboolean
udp_source_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  DpdkUdpSource *self = (DpdkUdpSource *) source;
  GDatagramBasedSourceFunc func = (GDatagramBasedSourceFunc) (gpointer) callback;
  GIOCondition condition = get_condition (self);

  if (func == NULL)
    return G_SOURCE_REMOVE;
  /* woken up for what another one has taken */
  if (condition == 0 && !g_cancellable_is_cancelled (self->cancellable))
    return G_SOURCE_CONTINUE;
  return func (self->owner, condition, user_data);
}

static void
udp_source_dispose (GSource *source)
{
  DpdkUdpSource *self = (DpdkUdpSource *) source;

  g_mutex_lock (&self->endpoint->lock);
  self->endpoint->sources = g_list_remove (self->endpoint->sources, self);
  g_mutex_unlock (&self->endpoint->lock);
}

static void
udp_source_finalize (GSource *source)
{
  DpdkUdpSource *self = (DpdkUdpSource *) source;

  g_source_unref (self->waker);
  g_clear_object (&self->cancellable);
  dpdk_udp_endpoint_unref (self->endpoint);
  g_object_unref (self->owner);
}

GSource *
dpdk_udp_endpoint_create_source (DpdkUdpEndpoint *self, GDatagramBased *owner,
                                 GIOCondition condition, GCancellable *cancellable)
{
  static GSourceFuncs funcs = {
    .prepare = udp_source_prepare,
    .check = udp_source_check,
    .dispatch = udp_source_dispatch,
    .finalize = udp_source_finalize,
    .closure_callback = (GSourceFunc) (gpointer) dpdk_socket_source_call_closure,
  };
  GSource *source = g_source_new (&funcs, sizeof (DpdkUdpSource));
  DpdkUdpSource *udp_source = (DpdkUdpSource *) source;

  g_source_set_static_name (source, "DpdkUdpSocket");
  g_source_set_dispose_function (source, udp_source_dispose);
  udp_source->endpoint = dpdk_udp_endpoint_ref (self);
  udp_source->owner = g_object_ref (owner);
  udp_source->condition = condition | G_IO_ERR | G_IO_HUP;
  udp_source->waker = dpdk_socket_source_add_waker (source);
  if (cancellable != NULL)
    {
      udp_source->cancellable = g_object_ref (cancellable);
      dpdk_socket_source_add_cancellable (source, cancellable);
    }
  g_mutex_lock (&self->lock);
  self->sources = g_list_prepend (self->sources, udp_source);
  g_mutex_unlock (&self->lock);
  return source;
}
