/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* runs the main context of a worker between its bursts, and sleeps when there is nothing to do */
typedef struct _DpdkWorkerPoller DpdkWorkerPoller;

DpdkWorkerPoller *dpdk_worker_poller_new (void);
void dpdk_worker_poller_free (DpdkWorkerPoller *self);

GMainContext *dpdk_worker_poller_get_context (DpdkWorkerPoller *self);
void dpdk_worker_poller_add_fd (DpdkWorkerPoller *self, int fd);
void dpdk_worker_poller_remove_fd (DpdkWorkerPoller *self, int fd);
void dpdk_worker_poller_enter (DpdkWorkerPoller *self);
void dpdk_worker_poller_leave (DpdkWorkerPoller *self);
gboolean dpdk_worker_poller_iterate (DpdkWorkerPoller *self, gboolean look_at_fds);
gboolean dpdk_worker_poller_sleep (DpdkWorkerPoller *self, gint64 timeout_us);
void dpdk_worker_poller_wake (DpdkWorkerPoller *self);

G_END_DECLS
