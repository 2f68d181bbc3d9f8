/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The worker wakes a source by this child of it, which it can hold: a reference on the source itself
   would keep it, and one on its context must not be dropped by a source. */
GSource *dpdk_socket_source_add_waker (GSource *parent);
/* the source is dispatched, too, when it is cancelled */
void dpdk_socket_source_add_cancellable (GSource *parent, GCancellable *cancellable);
/* for bindings, which set a closure */
gboolean dpdk_socket_source_call_closure (gpointer owner, GIOCondition condition,
                                          gpointer user_data);

G_END_DECLS
