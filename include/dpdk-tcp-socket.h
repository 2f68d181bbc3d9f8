/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(DPDK_GLIB_INSIDE) && !defined(DPDK_GLIB_COMPILATION)
#error "Only <dpdk-glib.h> can be included directly."
#endif

#include "dpdk-socket.h"
#include "dpdk-types.h"
#include "dpdk-version-macros.h"

G_BEGIN_DECLS

#define DPDK_TYPE_TCP_SOCKET (dpdk_tcp_socket_get_type ())

DPDK_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (DpdkTcpSocket, dpdk_tcp_socket, DPDK, TCP_SOCKET, DpdkSocket)

DPDK_AVAILABLE_IN_0_1
DpdkTcpSocket *dpdk_tcp_socket_new (DpdkRuntime *runtime, GSocketFamily family, GError **error);

DPDK_AVAILABLE_IN_0_1
gboolean dpdk_tcp_socket_bind (DpdkTcpSocket *self, GSocketAddress *address, GError **error);
DPDK_AVAILABLE_IN_0_1
DpdkTcpConnection *dpdk_tcp_socket_connect (DpdkTcpSocket *self, GSocketAddress *address,
                                            GCancellable *cancellable, GError **error);
DPDK_AVAILABLE_IN_0_1
void dpdk_tcp_socket_connect_async (DpdkTcpSocket *self, GSocketAddress *address,
                                    GCancellable *cancellable, GAsyncReadyCallback callback,
                                    gpointer user_data);
DPDK_AVAILABLE_IN_0_1
DpdkTcpConnection *dpdk_tcp_socket_connect_finish (DpdkTcpSocket *self, GAsyncResult *result,
                                                   GError **error);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_tcp_socket_is_connected (DpdkTcpSocket *self);
DPDK_AVAILABLE_IN_0_1
GSocketAddress *dpdk_tcp_socket_get_remote_address (DpdkTcpSocket *self, GError **error);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_tcp_socket_get_nodelay (DpdkTcpSocket *self);
DPDK_AVAILABLE_IN_0_1
void dpdk_tcp_socket_set_nodelay (DpdkTcpSocket *self, gboolean nodelay);

G_END_DECLS
