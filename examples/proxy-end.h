/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <dpdk-glib.h>

G_BEGIN_DECLS

/* One side of the proxy: the stack of DPDK or that of the kernel. */
typedef struct {
  gboolean is_dpdk;
  char *host;
  guint16 port;
} ProxyEnd;

/* "dpdk:PORT" or "kernel:PORT", with "HOST:" before the port if @with_host. */
gboolean proxy_end_parse (ProxyEnd *self, const char *text, gboolean with_host, GError **error);
void proxy_end_clear (ProxyEnd *self);

/* The result is a GIOStream. */
void proxy_end_connect_async (const ProxyEnd *self, DpdkRuntime *runtime, GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer user_data);
GIOStream *proxy_end_connect_finish (GAsyncResult *result, GError **error);

/* Tells the peer that nothing more comes. */
gboolean proxy_stream_finish (GIOStream *stream, GError **error);
/* Ends it by a reset, so that the peer does not take it for a whole message. */
void proxy_stream_abort (GIOStream *stream);

G_END_DECLS
