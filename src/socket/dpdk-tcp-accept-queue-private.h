/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-tcp-endpoint-private.h"

G_BEGIN_DECLS

/* connections that wait for the application: filled by the workers of a listener, emptied by any
   thread */
typedef struct _DpdkTcpAcceptQueue DpdkTcpAcceptQueue;

DpdkTcpAcceptQueue *dpdk_tcp_accept_queue_new (void);
DpdkTcpAcceptQueue *dpdk_tcp_accept_queue_ref (DpdkTcpAcceptQueue *self);
void dpdk_tcp_accept_queue_unref (DpdkTcpAcceptQueue *self);

gboolean dpdk_tcp_accept_queue_push (DpdkTcpAcceptQueue *self, DpdkTcpEndpoint *endpoint);
DpdkTcpEndpoint *dpdk_tcp_accept_queue_pop (DpdkTcpAcceptQueue *self);
/* without waiting: %G_IO_ERROR_WOULD_BLOCK if there is none */
DpdkTcpEndpoint *dpdk_tcp_accept_queue_try_pop (DpdkTcpAcceptQueue *self, GError **error);
DpdkTcpEndpoint *dpdk_tcp_accept_queue_wait (DpdkTcpAcceptQueue *self, GCancellable *cancellable,
                                             GError **error);
void dpdk_tcp_accept_queue_add_task (DpdkTcpAcceptQueue *self, GTask *task);
gboolean dpdk_tcp_accept_queue_is_empty (DpdkTcpAcceptQueue *self);
gboolean dpdk_tcp_accept_queue_is_closed (DpdkTcpAcceptQueue *self);
void dpdk_tcp_accept_queue_close (DpdkTcpAcceptQueue *self);
/* the same, but the errors give a reason */
void dpdk_tcp_accept_queue_close_because (DpdkTcpAcceptQueue *self, const char *reason);

/* woken up whenever something is pushed */
void dpdk_tcp_accept_queue_set_context (DpdkTcpAcceptQueue *self, GMainContext *context);

/* a source that is to be dispatched while there is something to take, or the queue is closed */
typedef struct {
  /* a child of the source, which is made ready */
  GSource *waker;
  /* of the source, to be compared only */
  gconstpointer context;
} DpdkTcpAcceptWatch;

/* adds @watch, or looks again: gives %G_IO_IN or %G_IO_HUP, or 0 and makes its source ready later */
GIOCondition dpdk_tcp_accept_queue_watch (DpdkTcpAcceptQueue *self, DpdkTcpAcceptWatch *watch,
                                          gconstpointer context);
void dpdk_tcp_accept_queue_unwatch (DpdkTcpAcceptQueue *self, DpdkTcpAcceptWatch *watch);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DpdkTcpAcceptQueue, dpdk_tcp_accept_queue_unref)

G_END_DECLS
