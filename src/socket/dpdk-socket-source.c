/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* what the sources of the sockets have in common */
#include "dpdk-socket-source-private.h"

static gboolean
waker_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

GSource *
dpdk_socket_source_add_waker (GSource *parent)
{
  static GSourceFuncs funcs = { .dispatch = waker_dispatch };
  GSource *waker = g_source_new (&funcs, sizeof (GSource));

  g_source_set_static_name (waker, "DpdkSocket waker");
  g_source_add_child_source (parent, waker);
  return waker;
}

void
dpdk_socket_source_add_cancellable (GSource *parent, GCancellable *cancellable)
{
  g_autoptr (GSource) child = g_cancellable_source_new (cancellable);

  g_source_set_dummy_callback (child);
  g_source_add_child_source (parent, child);
}

gboolean
dpdk_socket_source_call_closure (gpointer owner, GIOCondition condition, gpointer user_data)
{
  GValue parameters[2] = { G_VALUE_INIT, G_VALUE_INIT };
  GValue result = G_VALUE_INIT;
  gboolean goes_on;

  g_value_init (&result, G_TYPE_BOOLEAN);
  g_value_init (&parameters[0], G_OBJECT_TYPE (owner));
  g_value_set_object (&parameters[0], owner);
  g_value_init (&parameters[1], G_TYPE_IO_CONDITION);
  g_value_set_flags (&parameters[1], condition);
  g_closure_invoke (user_data, &result, G_N_ELEMENTS (parameters), parameters, NULL);
  goes_on = g_value_get_boolean (&result);
  g_value_unset (&result);
  g_value_unset (&parameters[0]);
  g_value_unset (&parameters[1]);
  return goes_on;
}
