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

typedef enum /*< flags >*/ {
  DPDK_TCP_LISTENER_FLAGS_NONE = 0,
  DPDK_TCP_LISTENER_FLAGS_IPV6_ONLY = 1 << 0,
} DpdkTcpListenerFlags;

/**
 * DpdkTcpAcceptFunc:
 * @listener: the listener
 * @socket: a socket that is connected
 * @user_data: user data
 *
 * A function that is called on the thread of a worker for each connection that the worker has
 * accepted. The connection is closed unless the function takes a reference on @socket, or sets a
 * function with [method@Dpdk.TcpSocket.set_readable_callback]. It must not block.
 *
 * Since: 0.1
 */
typedef void (*DpdkTcpAcceptFunc) (DpdkTcpListener *listener, DpdkTcpSocket *socket,
                                   gpointer user_data);

/**
 * DpdkTcpListenerSourceFunc:
 * @listener: the listener
 * @condition: %G_IO_IN if a connection waits to be accepted, %G_IO_HUP if the listener is closed, or 0
 *   if the source was cancelled
 * @user_data: user data
 *
 * A function that is called by a source of [method@Dpdk.TcpListener.create_source].
 *
 * Returns: %G_SOURCE_CONTINUE, or %G_SOURCE_REMOVE to be called no more
 *
 * Since: 0.1
 */
typedef gboolean (*DpdkTcpListenerSourceFunc) (DpdkTcpListener *listener, GIOCondition condition,
                                               gpointer user_data);

#define DPDK_TYPE_TCP_LISTENER (dpdk_tcp_listener_get_type ())

DPDK_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (DpdkTcpListener, dpdk_tcp_listener, DPDK, TCP_LISTENER, DpdkSocket)

DPDK_AVAILABLE_IN_0_1
DpdkTcpListener *dpdk_tcp_listener_new (DpdkRuntime *runtime, GSocketAddress *address,
                                        guint backlog, GError **error);
DPDK_AVAILABLE_IN_0_1
DpdkTcpListener *dpdk_tcp_listener_new_with_flags (DpdkRuntime *runtime, GSocketAddress *address,
                                                   guint backlog, DpdkTcpListenerFlags flags,
                                                   GError **error);
DPDK_AVAILABLE_IN_0_1
DpdkTcpListener *dpdk_tcp_listener_new_for_host (DpdkRuntime *runtime, const char *host_and_port,
                                                 guint16 default_port, guint backlog,
                                                 GResolver *resolver, GCancellable *cancellable,
                                                 GError **error);
DPDK_AVAILABLE_IN_0_1
void dpdk_tcp_listener_new_for_host_async (DpdkRuntime *runtime, const char *host_and_port,
                                           guint16 default_port, guint backlog, GResolver *resolver,
                                           GCancellable *cancellable, GAsyncReadyCallback callback,
                                           gpointer user_data);
DPDK_AVAILABLE_IN_0_1
DpdkTcpListener *dpdk_tcp_listener_new_for_host_finish (GAsyncResult *result, GError **error);

DPDK_AVAILABLE_IN_0_1
gboolean dpdk_tcp_listener_get_ipv6_only (DpdkTcpListener *self);
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
DPDK_AVAILABLE_IN_0_1
DpdkTcpConnection *dpdk_tcp_listener_accept_nonblocking (DpdkTcpListener *self, GError **error);
DPDK_AVAILABLE_IN_0_1
GSource *dpdk_tcp_listener_create_source (DpdkTcpListener *self, GCancellable *cancellable);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_tcp_listener_set_accept_callback (DpdkTcpListener *self, DpdkTcpAcceptFunc func,
                                                gpointer user_data, GDestroyNotify destroy,
                                                GError **error);

G_END_DECLS
