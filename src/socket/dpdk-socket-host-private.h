/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* the addresses of a name, one of which is to be bound to */
typedef struct _DpdkSocketHost DpdkSocketHost;

/* %G_IO_ERROR_INVALID_ARGUMENT if @address is none of ours, which lets the next one be tried */
typedef gboolean (*DpdkSocketHostFunc) (GSocketAddress *address, gpointer user_data,
                                        GError **error);

/* @purpose: "bind to", or what it is; @family: G_SOCKET_FAMILY_INVALID for both. Waits */
DpdkSocketHost *dpdk_socket_host_look_up (gpointer source, const char *purpose,
                                          const char *host_and_port, guint16 default_port,
                                          GSocketFamily family, GResolver *resolver,
                                          GCancellable *cancellable, GError **error);
void dpdk_socket_host_look_up_async (gpointer source, const char *purpose,
                                     const char *host_and_port, guint16 default_port,
                                     GSocketFamily family, GResolver *resolver,
                                     GCancellable *cancellable, GAsyncReadyCallback callback,
                                     gpointer user_data);
DpdkSocketHost *dpdk_socket_host_look_up_finish (GAsyncResult *result, GError **error);
void dpdk_socket_host_free (DpdkSocketHost *self);

/* calls @func until it succeeds */
gboolean dpdk_socket_host_use (DpdkSocketHost *self, DpdkSocketHostFunc func, gpointer user_data,
                               GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DpdkSocketHost, dpdk_socket_host_free)

G_END_DECLS
