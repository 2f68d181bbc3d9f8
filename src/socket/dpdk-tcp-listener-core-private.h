/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-tcp-accept-queue-private.h"

G_BEGIN_DECLS

/* what a listener is on one worker */
typedef struct _DpdkTcpListenerCore DpdkTcpListenerCore;

DpdkTcpListenerCore *dpdk_tcp_listener_core_new (DpdkWorkerCore *worker, DpdkTcpAcceptQueue *queue,
                                                 const ip_addr_t *ip, guint16 *port, guint backlog,
                                                 const DpdkStackTcpOptions *options,
                                                 GError **error);
gboolean dpdk_tcp_listener_core_set_options (DpdkTcpListenerCore *self,
                                             const DpdkStackTcpOptions *options, GError **error);
/* may be called from any thread; the new values are in place when the call returns, unless one worker
   would have to wait for another */
void dpdk_tcp_listener_core_set_ip_options (DpdkTcpListenerCore *self, guint8 ttl,
                                            guint8 traffic_class);
DpdkWorkerCore *dpdk_tcp_listener_core_get_worker (DpdkTcpListenerCore *self);
/* on the thread of the worker; @listener is held weakly. FALSE if it is closed */
gboolean dpdk_tcp_listener_core_set_accept (DpdkTcpListenerCore *self, DpdkTcpListener *listener,
                                            DpdkTcpAcceptFunc func, gpointer user_data,
                                            GDestroyNotify destroy);
/* may be called from any thread */
void dpdk_tcp_listener_core_close (DpdkTcpListenerCore *self, gboolean wait);
void dpdk_tcp_listener_core_unref (DpdkTcpListenerCore *self);

/* takes over the endpoint, which @self has accepted */
DpdkTcpSocket *dpdk_tcp_listener_wrap (DpdkTcpListener *self, DpdkTcpEndpoint *endpoint);
/* the same, for a connection from the queue that the application now has */
DpdkTcpConnection *dpdk_tcp_listener_take (DpdkTcpListener *self, DpdkTcpEndpoint *endpoint);
/* NULL if @self did not come from one of the constructors */
DpdkTcpAcceptQueue *dpdk_tcp_listener_get_queue (DpdkTcpListener *self);
DpdkTcpListenerCore *dpdk_tcp_listener_find_core (DpdkTcpListener *self, DpdkWorkerCore *worker);

G_END_DECLS
