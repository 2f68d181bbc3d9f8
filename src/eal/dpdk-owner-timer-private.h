/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-owner-private.h"

G_BEGIN_DECLS

/* something to do on the owner thread again and again. What starts and stops a timer runs there too,
   so nothing is locked. */
typedef struct {
  GList link;
  DpdkOwnerFunc func;
  gpointer data;
  gint64 interval_us;
  gint64 next;
} DpdkOwnerTimer;

void dpdk_owner_timer_start (DpdkOwnerTimer *self, gint64 interval_us, DpdkOwnerFunc func,
                             gpointer data);
/* from now on, also while it runs */
void dpdk_owner_timer_set_interval (DpdkOwnerTimer *self, gint64 interval_us);
void dpdk_owner_timer_stop (DpdkOwnerTimer *self);

/* for the loop of the owner thread: when the next one is due, or G_MAXINT64 */
gint64 dpdk_owner_timers_get_next (void);
void dpdk_owner_timers_run (gint64 now);

G_END_DECLS
