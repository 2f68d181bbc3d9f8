/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* a main context for what this thread waits for, which becomes its default */
GMainContext *dpdk_own_context_begin (void);
/* when it is over, and no source of @cancellable is left; frees @context */
void dpdk_own_context_end (GMainContext *context, GCancellable *cancellable);

G_END_DECLS
