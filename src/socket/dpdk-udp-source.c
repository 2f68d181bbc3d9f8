/* SPDX-License-Identifier: LGPL-2.1-or-later */
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

static gboolean
waker_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

/* the endpoint wakes the source by this child of it, which it can hold: a reference on the source
   itself would keep it, and one on its context must not be dropped by a source */
static GSource *
create_waker (GSource *parent)
{
  static GSourceFuncs funcs = { .dispatch = waker_dispatch };
  GSource *waker = g_source_new (&funcs, sizeof (GSource));

  g_source_set_static_name (waker, "DpdkUdpSocket waker");
  g_source_add_child_source (parent, waker);
  return waker;
}

/* for bindings, which set a closure */
static gboolean
udp_source_closure_callback (GDatagramBased *owner, GIOCondition condition, gpointer user_data)
{
  GClosure *closure = user_data;
  GValue parameters[2] = { G_VALUE_INIT, G_VALUE_INIT };
  GValue result = G_VALUE_INIT;
  gboolean goes_on;

  g_value_init (&result, G_TYPE_BOOLEAN);
  g_value_init (&parameters[0], G_TYPE_DATAGRAM_BASED);
  g_value_set_object (&parameters[0], owner);
  g_value_init (&parameters[1], G_TYPE_IO_CONDITION);
  g_value_set_flags (&parameters[1], condition);
  g_closure_invoke (closure, &result, G_N_ELEMENTS (parameters), parameters, NULL);
  goes_on = g_value_get_boolean (&result);
  g_value_unset (&result);
  g_value_unset (&parameters[0]);
  g_value_unset (&parameters[1]);
  return goes_on;
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
    .closure_callback = (GSourceFunc) (gpointer) udp_source_closure_callback,
  };
  GSource *source = g_source_new (&funcs, sizeof (DpdkUdpSource));
  DpdkUdpSource *udp_source = (DpdkUdpSource *) source;

  g_source_set_static_name (source, "DpdkUdpSocket");
  g_source_set_dispose_function (source, udp_source_dispose);
  udp_source->endpoint = dpdk_udp_endpoint_ref (self);
  udp_source->owner = g_object_ref (owner);
  udp_source->condition = condition | G_IO_ERR | G_IO_HUP;
  udp_source->waker = create_waker (source);
  if (cancellable != NULL)
    {
      g_autoptr (GSource) child = g_cancellable_source_new (cancellable);

      udp_source->cancellable = g_object_ref (cancellable);
      g_source_set_dummy_callback (child);
      g_source_add_child_source (source, child);
    }
  g_mutex_lock (&self->lock);
  self->sources = g_list_prepend (self->sources, udp_source);
  g_mutex_unlock (&self->lock);
  return source;
}
