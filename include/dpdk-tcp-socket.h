/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(DPDK_GLIB_INSIDE) && !defined(DPDK_GLIB_COMPILATION)
#error "Only <dpdk-glib.h> can be included directly."
#endif

#include "dpdk-socket.h"
#include "dpdk-tcp-info.h"
#include "dpdk-tcp-options.h"
#include "dpdk-types.h"
#include "dpdk-version-macros.h"

G_BEGIN_DECLS

/**
 * DpdkTcpReadyFunc:
 * @socket: the socket
 * @user_data: user data
 *
 * A function that is called on the thread of the worker when data has arrived on a connection, or
 * when there is room to write again.
 *
 * It must not block. It is called once for all that has arrived in a turn of the worker, and only
 * again after more has, so it should read or write as much as it can.
 *
 * Since: 0.1
 */
typedef void (*DpdkTcpReadyFunc) (DpdkTcpSocket *socket, gpointer user_data);

/**
 * DpdkTcpConnectedFunc:
 * @socket: the socket
 * @error: (nullable): why it is not connected, or %NULL if it is
 * @user_data: user data
 *
 * A function that is called once, on the thread of the worker, when a connect that
 * [method@Dpdk.TcpSocket.begin_connect] has begun is over. It must not block.
 *
 * Since: 0.1
 */
typedef void (*DpdkTcpConnectedFunc) (DpdkTcpSocket *socket, const GError *error,
                                      gpointer user_data);

#define DPDK_TYPE_TCP_SOCKET (dpdk_tcp_socket_get_type ())

DPDK_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (DpdkTcpSocket, dpdk_tcp_socket, DPDK, TCP_SOCKET, DpdkSocket)

DPDK_AVAILABLE_IN_0_1
DpdkTcpSocket *dpdk_tcp_socket_new (DpdkRuntime *runtime, GSocketFamily family, GError **error);

DPDK_AVAILABLE_IN_0_1
gboolean dpdk_tcp_socket_bind (DpdkTcpSocket *self, GSocketAddress *address, GError **error);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_tcp_socket_bind_to_host (DpdkTcpSocket *self, const char *host_and_port,
                                       guint16 default_port, GResolver *resolver,
                                       GCancellable *cancellable, GError **error);
DPDK_AVAILABLE_IN_0_1
void dpdk_tcp_socket_bind_to_host_async (DpdkTcpSocket *self, const char *host_and_port,
                                         guint16 default_port, GResolver *resolver,
                                         GCancellable *cancellable, GAsyncReadyCallback callback,
                                         gpointer user_data);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_tcp_socket_bind_to_host_finish (DpdkTcpSocket *self, GAsyncResult *result,
                                              GError **error);
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
GPollableReturn dpdk_tcp_socket_try_read_bytes (DpdkTcpSocket *self, gsize count, GBytes **bytes,
                                                GError **error);
DPDK_AVAILABLE_IN_0_1
GPollableReturn dpdk_tcp_socket_try_write_bytes (DpdkTcpSocket *self, GBytes *bytes, gsize offset,
                                                 gsize *n_written, GError **error);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_tcp_socket_begin_connect (DpdkTcpSocket *self, GSocketAddress *address,
                                        DpdkTcpConnectedFunc func, gpointer user_data,
                                        GDestroyNotify destroy, GError **error);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_tcp_socket_take_error (DpdkTcpSocket *self, GError **error);
DPDK_AVAILABLE_IN_0_1
GSocketFamily dpdk_tcp_socket_get_family (DpdkTcpSocket *self);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_tcp_socket_is_connected (DpdkTcpSocket *self);
DPDK_AVAILABLE_IN_0_1
GSocketAddress *dpdk_tcp_socket_get_remote_address (DpdkTcpSocket *self, GError **error);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_tcp_socket_get_info (DpdkTcpSocket *self, DpdkTcpInfo *info, GError **error);
DPDK_AVAILABLE_IN_0_1
DpdkTcpOptions *dpdk_tcp_socket_dup_options (DpdkTcpSocket *self);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_tcp_socket_set_options (DpdkTcpSocket *self, DpdkTcpOptions *options, GError **error);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_tcp_socket_get_nodelay (DpdkTcpSocket *self);
DPDK_AVAILABLE_IN_0_1
void dpdk_tcp_socket_set_nodelay (DpdkTcpSocket *self, gboolean nodelay);
DPDK_AVAILABLE_IN_0_1
gint dpdk_tcp_socket_get_linger (DpdkTcpSocket *self);
DPDK_AVAILABLE_IN_0_1
void dpdk_tcp_socket_set_linger (DpdkTcpSocket *self, gint linger);
DPDK_AVAILABLE_IN_0_1
guint dpdk_tcp_socket_get_connect_timeout (DpdkTcpSocket *self);
DPDK_AVAILABLE_IN_0_1
void dpdk_tcp_socket_set_connect_timeout (DpdkTcpSocket *self, guint connect_timeout);

DPDK_AVAILABLE_IN_0_1
void dpdk_tcp_socket_prefetch (DpdkTcpSocket **sockets, gsize n_sockets);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_tcp_socket_set_readable_callback (DpdkTcpSocket *self, DpdkTcpReadyFunc func,
                                                gpointer user_data, GDestroyNotify destroy,
                                                GError **error);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_tcp_socket_set_writable_callback (DpdkTcpSocket *self, DpdkTcpReadyFunc func,
                                                gpointer user_data, GDestroyNotify destroy,
                                                GError **error);
DPDK_AVAILABLE_IN_0_1
GPollableReturn dpdk_tcp_socket_try_read (DpdkTcpSocket *self, void *buffer, gsize count,
                                          gsize *n_read, GError **error);
DPDK_AVAILABLE_IN_0_1
GPollableReturn dpdk_tcp_socket_try_write (DpdkTcpSocket *self, const void *buffer, gsize count,
                                           gsize *n_written, GError **error);
DPDK_AVAILABLE_IN_0_1
GPollableReturn dpdk_tcp_socket_try_peek (DpdkTcpSocket *self, void *buffer, gsize count,
                                          gsize *n_read, GError **error);
DPDK_AVAILABLE_IN_0_1
GPollableReturn dpdk_tcp_socket_try_read_vectors (DpdkTcpSocket *self, const GInputVector *vectors,
                                                  gsize n_vectors, gsize *n_read, GError **error);
DPDK_AVAILABLE_IN_0_1
GPollableReturn dpdk_tcp_socket_try_write_vectors (DpdkTcpSocket *self,
                                                   const GOutputVector *vectors, gsize n_vectors,
                                                   gsize *n_written, GError **error);

G_END_DECLS
