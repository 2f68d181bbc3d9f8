/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-glib.h"

G_BEGIN_DECLS

/* how many references on packets, of any pool, the application holds. A burst counts in its queue,
   everything else by thread, so that nothing is shared and a burst is one addition. */
void dpdk_held_add (gint64 n);
gint64 dpdk_held_count (void);
gboolean dpdk_held_any (void);

/* arrays of @n_queues; what they have counted stays counted when they are removed */
void dpdk_held_add_queues (DpdkPortQueue *queues, guint n_queues);
void dpdk_held_remove_queues (DpdkPortQueue *queues);

G_END_DECLS
