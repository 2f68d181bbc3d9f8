/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(DPDK_GLIB_INSIDE) && !defined(DPDK_GLIB_COMPILATION)
#error "Only <dpdk-glib.h> can be included directly."
#endif

#include "dpdk-types.h"
#include "dpdk-version-macros.h"

G_BEGIN_DECLS

#define DPDK_TYPE_TCP_CLIENT (dpdk_tcp_client_get_type ())

DPDK_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (DpdkTcpClient, dpdk_tcp_client, DPDK, TCP_CLIENT, GObject)

DPDK_AVAILABLE_IN_0_1
DpdkTcpClient *dpdk_tcp_client_new (DpdkRuntime *runtime);

DPDK_AVAILABLE_IN_0_1
DpdkRuntime *dpdk_tcp_client_dup_runtime (DpdkTcpClient *self);
DPDK_AVAILABLE_IN_0_1
GResolver *dpdk_tcp_client_get_resolver (DpdkTcpClient *self);
DPDK_AVAILABLE_IN_0_1
void dpdk_tcp_client_set_resolver (DpdkTcpClient *self, GResolver *resolver);
DPDK_AVAILABLE_IN_0_1
GSocketFamily dpdk_tcp_client_get_family (DpdkTcpClient *self);
DPDK_AVAILABLE_IN_0_1
void dpdk_tcp_client_set_family (DpdkTcpClient *self, GSocketFamily family);
DPDK_AVAILABLE_IN_0_1
GSocketAddress *dpdk_tcp_client_get_local_address (DpdkTcpClient *self);
DPDK_AVAILABLE_IN_0_1
void dpdk_tcp_client_set_local_address (DpdkTcpClient *self, GSocketAddress *address);
DPDK_AVAILABLE_IN_0_1
DpdkTcpOptions *dpdk_tcp_client_get_options (DpdkTcpClient *self);
DPDK_AVAILABLE_IN_0_1
void dpdk_tcp_client_set_options (DpdkTcpClient *self, DpdkTcpOptions *options);
DPDK_AVAILABLE_IN_0_1
guint dpdk_tcp_client_get_timeout (DpdkTcpClient *self);
DPDK_AVAILABLE_IN_0_1
void dpdk_tcp_client_set_timeout (DpdkTcpClient *self, guint timeout_ms);
DPDK_AVAILABLE_IN_0_1
guint dpdk_tcp_client_get_attempt_delay (DpdkTcpClient *self);
DPDK_AVAILABLE_IN_0_1
void dpdk_tcp_client_set_attempt_delay (DpdkTcpClient *self, guint delay_ms);

DPDK_AVAILABLE_IN_0_1
DpdkTcpConnection *dpdk_tcp_client_connect (DpdkTcpClient *self, GSocketConnectable *connectable,
                                            GCancellable *cancellable, GError **error);
DPDK_AVAILABLE_IN_0_1
void dpdk_tcp_client_connect_async (DpdkTcpClient *self, GSocketConnectable *connectable,
                                    GCancellable *cancellable, GAsyncReadyCallback callback,
                                    gpointer user_data);
DPDK_AVAILABLE_IN_0_1
DpdkTcpConnection *dpdk_tcp_client_connect_finish (DpdkTcpClient *self, GAsyncResult *result,
                                                   GError **error);
DPDK_AVAILABLE_IN_0_1
DpdkTcpConnection *dpdk_tcp_client_connect_to_host (DpdkTcpClient *self, const char *host_and_port,
                                                    guint16 default_port, GCancellable *cancellable,
                                                    GError **error);
DPDK_AVAILABLE_IN_0_1
void dpdk_tcp_client_connect_to_host_async (DpdkTcpClient *self, const char *host_and_port,
                                            guint16 default_port, GCancellable *cancellable,
                                            GAsyncReadyCallback callback, gpointer user_data);
DPDK_AVAILABLE_IN_0_1
DpdkTcpConnection *dpdk_tcp_client_connect_to_host_finish (DpdkTcpClient *self,
                                                           GAsyncResult *result, GError **error);
DPDK_AVAILABLE_IN_0_1
DpdkTcpConnection *dpdk_tcp_client_connect_to_uri (DpdkTcpClient *self, const char *uri,
                                                   guint16 default_port, GCancellable *cancellable,
                                                   GError **error);
DPDK_AVAILABLE_IN_0_1
void dpdk_tcp_client_connect_to_uri_async (DpdkTcpClient *self, const char *uri,
                                           guint16 default_port, GCancellable *cancellable,
                                           GAsyncReadyCallback callback, gpointer user_data);
DPDK_AVAILABLE_IN_0_1
DpdkTcpConnection *dpdk_tcp_client_connect_to_uri_finish (DpdkTcpClient *self, GAsyncResult *result,
                                                          GError **error);

G_END_DECLS
