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
/* may be called from any thread */
void dpdk_tcp_listener_core_close (DpdkTcpListenerCore *self, gboolean wait);
void dpdk_tcp_listener_core_unref (DpdkTcpListenerCore *self);

G_END_DECLS
