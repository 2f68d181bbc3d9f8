/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-eal-private.h"

G_BEGIN_DECLS

/* DPDK in this process: what outlives every DpdkEal */

typedef void (*DpdkProcessEndFunc) (gpointer data);

/* the EAL that runs, or NULL where the caller is to start one, and must say how that went; it is an
   error if it has ended */
gboolean dpdk_process_begin_start (DpdkEal **running, GError **error);
void dpdk_process_end_start (DpdkEal *eal, gboolean has_started);
DpdkEal *dpdk_process_dup_eal (void);
/* waits for a start that another thread has begun; FALSE if there never was one */
gboolean dpdk_process_wait_started (gint64 deadline);
/* the first start may not begin any more */
void dpdk_process_refuse_start (void);

DpdkEalState dpdk_process_get_state (void);
GPtrArray *dpdk_process_dup_dependants (void);

/* the last object is gone */
void dpdk_process_begin_cleanup (void);
/* ends as soon as nothing needs DPDK any more, whoever holds the object */
void dpdk_process_begin_shutdown (void);
gboolean dpdk_process_wait_dead (gint64 deadline);
/* calls @func, on any thread, when DPDK has ended; FALSE if it has, and will not call it */
gboolean dpdk_process_add_waiter (DpdkProcessEndFunc func, gpointer data);
/* FALSE if @func was called, or is about to be */
gboolean dpdk_process_remove_waiter (gpointer data);

/* waits until no thread of ours runs but those that are in exit () themselves */
void dpdk_process_wait_stopped (gint64 deadline);

/* what is shared must be whole in a child made by fork() */
void dpdk_process_before_fork (void);
void dpdk_process_after_fork (void);
/* between the two: whether there is an EAL, or one that is being started */
gboolean dpdk_process_has_begun_locked (void);
/* to be called before the start is announced */
void dpdk_process_fork_init (void);

/* to be called before and after the start */
void dpdk_process_exit_init (void);
void dpdk_process_exit_init_late (void);

void dpdk_eal_notify_state (DpdkEal *self);

G_END_DECLS
