/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(DPDK_GLIB_INSIDE) && !defined(DPDK_GLIB_COMPILATION)
#error "Only <dpdk-glib.h> can be included directly."
#endif

#include "dpdk-types.h"
#include "dpdk-version-macros.h"

G_BEGIN_DECLS

/**
 * DpdkTcpConnectionSourceFunc:
 * @connection: the connection
 * @condition: what is true of it
 * @user_data: user data
 *
 * A function that is called by a source of [method@Dpdk.TcpConnection.create_source].
 *
 * Returns: %G_SOURCE_CONTINUE, or %G_SOURCE_REMOVE to be called no more
 *
 * Since: 0.1
 */
typedef gboolean (*DpdkTcpConnectionSourceFunc) (DpdkTcpConnection *connection,
                                                 GIOCondition condition, gpointer user_data);

#define DPDK_TYPE_TCP_CONNECTION (dpdk_tcp_connection_get_type ())

DPDK_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (DpdkTcpConnection, dpdk_tcp_connection, DPDK, TCP_CONNECTION, GIOStream)

DPDK_AVAILABLE_IN_0_1
DpdkTcpConnection *dpdk_tcp_connection_new (DpdkTcpSocket *socket);
DPDK_AVAILABLE_IN_0_1
DpdkTcpSocket *dpdk_tcp_connection_get_socket (DpdkTcpConnection *self);
DPDK_AVAILABLE_IN_0_1
GSocketAddress *dpdk_tcp_connection_get_local_address (DpdkTcpConnection *self, GError **error);
DPDK_AVAILABLE_IN_0_1
GSocketAddress *dpdk_tcp_connection_get_remote_address (DpdkTcpConnection *self, GError **error);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_tcp_connection_is_connected (DpdkTcpConnection *self);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_tcp_connection_shutdown (DpdkTcpConnection *self, gboolean shutdown_read,
                                       gboolean shutdown_write, GError **error);
DPDK_AVAILABLE_IN_0_1
GIOCondition dpdk_tcp_connection_condition_check (DpdkTcpConnection *self, GIOCondition condition);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_tcp_connection_condition_wait (DpdkTcpConnection *self, GIOCondition condition,
                                             gint64 timeout_us, GCancellable *cancellable,
                                             GError **error);
DPDK_AVAILABLE_IN_0_1
GSource *dpdk_tcp_connection_create_source (DpdkTcpConnection *self, GIOCondition condition,
                                            GCancellable *cancellable);
DPDK_AVAILABLE_IN_0_1
GBytes *dpdk_tcp_connection_peek_bytes (DpdkTcpConnection *self, gsize count,
                                        GCancellable *cancellable, GError **error);
DPDK_AVAILABLE_IN_0_1
void dpdk_tcp_connection_peek_bytes_async (DpdkTcpConnection *self, gsize count, int io_priority,
                                           GCancellable *cancellable, GAsyncReadyCallback callback,
                                           gpointer user_data);
DPDK_AVAILABLE_IN_0_1
GBytes *dpdk_tcp_connection_peek_bytes_finish (DpdkTcpConnection *self, GAsyncResult *result,
                                               GError **error);
DPDK_AVAILABLE_IN_0_1
gssize dpdk_tcp_connection_read_vectors (DpdkTcpConnection *self, const GInputVector *vectors,
                                         gsize n_vectors, GCancellable *cancellable,
                                         GError **error);
DPDK_AVAILABLE_IN_0_1
GBytes *dpdk_tcp_connection_read_bytes (DpdkTcpConnection *self, gsize count,
                                        GCancellable *cancellable, GError **error);
DPDK_AVAILABLE_IN_0_1
void dpdk_tcp_connection_read_bytes_async (DpdkTcpConnection *self, gsize count, int io_priority,
                                           GCancellable *cancellable, GAsyncReadyCallback callback,
                                           gpointer user_data);
DPDK_AVAILABLE_IN_0_1
GBytes *dpdk_tcp_connection_read_bytes_finish (DpdkTcpConnection *self, GAsyncResult *result,
                                               GError **error);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_tcp_connection_write_bytes (DpdkTcpConnection *self, GBytes *bytes,
                                          GCancellable *cancellable, GError **error);
DPDK_AVAILABLE_IN_0_1
void dpdk_tcp_connection_write_bytes_async (DpdkTcpConnection *self, GBytes *bytes, int io_priority,
                                            GCancellable *cancellable, GAsyncReadyCallback callback,
                                            gpointer user_data);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_tcp_connection_write_bytes_finish (DpdkTcpConnection *self, GAsyncResult *result,
                                                 GError **error);
DPDK_AVAILABLE_IN_0_1
void dpdk_tcp_connection_abort (DpdkTcpConnection *self);

G_END_DECLS
