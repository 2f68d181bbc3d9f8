/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(DPDK_GLIB_INSIDE) && !defined(DPDK_GLIB_COMPILATION)
#error "Only <dpdk-glib.h> can be included directly."
#endif

#include "dpdk-socket.h"
#include "dpdk-tcp-options.h"
#include "dpdk-types.h"
#include "dpdk-version-macros.h"

G_BEGIN_DECLS

#define DPDK_TYPE_TCP_LISTENER (dpdk_tcp_listener_get_type ())

DPDK_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (DpdkTcpListener, dpdk_tcp_listener, DPDK, TCP_LISTENER, DpdkSocket)

DPDK_AVAILABLE_IN_0_1
DpdkTcpListener *dpdk_tcp_listener_new (DpdkRuntime *runtime, GSocketAddress *address,
                                        guint backlog, GError **error);

DPDK_AVAILABLE_IN_0_1
guint dpdk_tcp_listener_get_backlog (DpdkTcpListener *self);
DPDK_AVAILABLE_IN_0_1
DpdkTcpOptions *dpdk_tcp_listener_dup_options (DpdkTcpListener *self);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_tcp_listener_set_options (DpdkTcpListener *self, DpdkTcpOptions *options,
                                        GError **error);
DPDK_AVAILABLE_IN_0_1
DpdkTcpConnection *dpdk_tcp_listener_accept (DpdkTcpListener *self, GCancellable *cancellable,
                                             GError **error);
DPDK_AVAILABLE_IN_0_1
void dpdk_tcp_listener_accept_async (DpdkTcpListener *self, GCancellable *cancellable,
                                     GAsyncReadyCallback callback, gpointer user_data);
DPDK_AVAILABLE_IN_0_1
DpdkTcpConnection *dpdk_tcp_listener_accept_finish (DpdkTcpListener *self, GAsyncResult *result,
                                                    GError **error);

G_END_DECLS
