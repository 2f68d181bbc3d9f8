/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-glib.h"

G_BEGIN_DECLS

typedef struct _DpdkStoppable DpdkStoppable;

/* a thread of ours that must have ended before DPDK or the process may */
struct _DpdkStoppable {
  GList link;
  void (*ref) (DpdkStoppable *self);
  void (*unref) (DpdkStoppable *self);
  void (*request_stop) (DpdkStoppable *self);
  gboolean (*wait_stopped) (DpdkStoppable *self, gint64 deadline);
};

DpdkDependant *dpdk_eal_add_dependant (DpdkEal *self, GType type, const char *name, GError **error);
void dpdk_eal_remove_dependant (DpdkDependant *dependant);

void dpdk_eal_add_stoppable (DpdkStoppable *stoppable);
void dpdk_eal_remove_stoppable (DpdkStoppable *stoppable);

#define DPDK_EAL_INERT_REASON "belongs to the parent of this process, or the process is ending"

extern gboolean dpdk_process_is_inert;

/* in a child made by fork() everything is inert: memory, sockets and devices are the parent's; and
   so it is at the end of the process */
static inline gboolean
dpdk_eal_is_inert (void)
{
  return G_UNLIKELY (dpdk_process_is_inert);
}

G_END_DECLS
