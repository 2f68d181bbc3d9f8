/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-own-context-private.h"

static void
ignore_cancelled (GCancellable *cancellable, gpointer user_data)
{
}

GMainContext *
dpdk_own_context_begin (void)
{
  GMainContext *context = g_main_context_new ();

  g_main_context_push_thread_default (context);
  return context;
}

void
dpdk_own_context_end (GMainContext *context, GCancellable *cancellable)
{
  g_main_context_pop_thread_default (context);
  /* a thread that cancels just now may still be about to wake the context up for a source that has gone;
     to disconnect waits for it */
  if (cancellable != NULL)
    g_cancellable_disconnect (cancellable, g_signal_connect (cancellable, "cancelled",
                                                             G_CALLBACK (ignore_cancelled), NULL));
  g_main_context_unref (context);
}
