/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-worker-core-private.h"

#include <lwip/ip_addr.h>

G_BEGIN_DECLS

struct tcp_pcb;

/* one end of a TCP connection. The application's side may be called from any thread; the stack's
   side runs on the worker. It outlives the objects of the application until the peer has all data */
typedef struct _DpdkTcpEndpoint DpdkTcpEndpoint;

typedef void (*DpdkTcpConnectFunc) (DpdkTcpEndpoint *self, gpointer user_data);

DpdkTcpEndpoint *dpdk_tcp_endpoint_new (DpdkWorkerCore *core);
DpdkTcpEndpoint *dpdk_tcp_endpoint_new_accepted (DpdkWorkerCore *core, struct tcp_pcb *pcb);
DpdkTcpEndpoint *dpdk_tcp_endpoint_ref (DpdkTcpEndpoint *self);
void dpdk_tcp_endpoint_unref (DpdkTcpEndpoint *self);

DpdkWorkerCore *dpdk_tcp_endpoint_get_core (DpdkTcpEndpoint *self);

gboolean dpdk_tcp_endpoint_bind (DpdkTcpEndpoint *self, const ip_addr_t *ip, guint16 port,
                                 GError **error);
gboolean dpdk_tcp_endpoint_connect (DpdkTcpEndpoint *self, const ip_addr_t *ip, guint16 port,
                                    GTask *task, GError **error);
gboolean dpdk_tcp_endpoint_wait_connected (DpdkTcpEndpoint *self, GCancellable *cancellable,
                                           GError **error);
void dpdk_tcp_endpoint_accepted (DpdkTcpEndpoint *self);

gssize dpdk_tcp_endpoint_read (DpdkTcpEndpoint *self, void *buffer, gsize count, gboolean may_block,
                               GCancellable *cancellable, GError **error);
GBytes *dpdk_tcp_endpoint_read_bytes (DpdkTcpEndpoint *self, gsize count, gboolean may_block,
                                      GCancellable *cancellable, GError **error);
gssize dpdk_tcp_endpoint_write (DpdkTcpEndpoint *self, const void *buffer, gsize count,
                                gboolean may_block, GCancellable *cancellable, GError **error);
/* how much of @bytes was taken from @offset on */
gssize dpdk_tcp_endpoint_write_bytes (DpdkTcpEndpoint *self, GBytes *bytes, gsize offset,
                                      gboolean may_block, GCancellable *cancellable,
                                      GError **error);

/* native: on the thread of the worker, of which the first makes sure */
gboolean dpdk_tcp_endpoint_check_worker (DpdkTcpEndpoint *self, const char *call, GError **error);
gboolean dpdk_tcp_endpoint_set_readable (DpdkTcpEndpoint *self, DpdkTcpSocket *socket,
                                         DpdkTcpReadyFunc func, gpointer user_data,
                                         GDestroyNotify destroy, GError **error);
gboolean dpdk_tcp_endpoint_set_writable (DpdkTcpEndpoint *self, DpdkTcpSocket *socket,
                                         DpdkTcpReadyFunc func, gpointer user_data,
                                         GDestroyNotify destroy, GError **error);
GPollableReturn dpdk_tcp_endpoint_try_read (DpdkTcpEndpoint *self, void *buffer, gsize count,
                                            gsize *n_read, GError **error);
GPollableReturn dpdk_tcp_endpoint_try_read_bytes (DpdkTcpEndpoint *self, gsize count,
                                                  GBytes **bytes, GError **error);
GPollableReturn dpdk_tcp_endpoint_try_write_bytes (DpdkTcpEndpoint *self, GBytes *bytes,
                                                   gsize offset, gsize *n_written, GError **error);
GPollableReturn dpdk_tcp_endpoint_try_write (DpdkTcpEndpoint *self, const void *buffer, gsize count,
                                             gsize *n_written, GError **error);

/* of its addresses; chosen once */
void dpdk_tcp_endpoint_set_family (DpdkTcpEndpoint *self, GSocketFamily family);
GSocketFamily dpdk_tcp_endpoint_get_family (DpdkTcpEndpoint *self);

/* what will be needed soon; of many, first this and then that */
void dpdk_tcp_endpoint_prefetch (const DpdkTcpEndpoint *self);
void dpdk_tcp_endpoint_prefetch_connection (const DpdkTcpEndpoint *self);

/* 0 at the end; -1 with %G_IO_ERROR_WOULD_BLOCK if it may not block and would have to */
GBytes *dpdk_tcp_endpoint_peek_bytes (DpdkTcpEndpoint *self, gsize count, gboolean may_block,
                                      GCancellable *cancellable, GError **error);
gssize dpdk_tcp_endpoint_read_vectors (DpdkTcpEndpoint *self, const GInputVector *vectors,
                                       gsize n_vectors, gboolean may_block,
                                       GCancellable *cancellable, GError **error);
gssize dpdk_tcp_endpoint_write_vectors (DpdkTcpEndpoint *self, const GOutputVector *vectors,
                                        gsize n_vectors, gboolean may_block,
                                        GCancellable *cancellable, GError **error);
GPollableReturn dpdk_tcp_endpoint_try_peek (DpdkTcpEndpoint *self, void *buffer, gsize count,
                                            gsize *n_read, GError **error);
GPollableReturn dpdk_tcp_endpoint_try_read_vectors (DpdkTcpEndpoint *self,
                                                    const GInputVector *vectors, gsize n_vectors,
                                                    gsize *n_read, GError **error);
GPollableReturn dpdk_tcp_endpoint_try_write_vectors (DpdkTcpEndpoint *self,
                                                     const GOutputVector *vectors, gsize n_vectors,
                                                     gsize *n_written, GError **error);

/* native: calls @func when it is over, if it has begun */
gboolean dpdk_tcp_endpoint_begin_connect (DpdkTcpEndpoint *self, DpdkTcpSocket *socket,
                                          const ip_addr_t *ip, guint16 port,
                                          DpdkTcpConnectedFunc func, gpointer user_data,
                                          GDestroyNotify destroy, GError **error);

GIOCondition dpdk_tcp_endpoint_check (DpdkTcpEndpoint *self, GIOCondition condition);
gboolean dpdk_tcp_endpoint_wait (DpdkTcpEndpoint *self, GIOCondition condition, gint64 timeout_us,
                                 GCancellable *cancellable, GError **error);
gboolean dpdk_tcp_endpoint_is_ready (DpdkTcpEndpoint *self, GIOCondition condition);
GSource *dpdk_tcp_endpoint_create_source (DpdkTcpEndpoint *self, GIOCondition condition);

void dpdk_tcp_endpoint_shutdown_read (DpdkTcpEndpoint *self);
void dpdk_tcp_endpoint_shutdown_write (DpdkTcpEndpoint *self);
void dpdk_tcp_endpoint_close (DpdkTcpEndpoint *self);
void dpdk_tcp_endpoint_abort (DpdkTcpEndpoint *self);
gboolean dpdk_tcp_endpoint_is_closed (DpdkTcpEndpoint *self);
gboolean dpdk_tcp_endpoint_is_connected (DpdkTcpEndpoint *self);
void dpdk_tcp_endpoint_set_connection (DpdkTcpEndpoint *self, DpdkTcpConnection *connection);
void dpdk_tcp_endpoint_forget_connection (DpdkTcpEndpoint *self, DpdkTcpConnection *connection);
/* FALSE if somebody else tells, or has told, that the endpoint is connected no more */
gboolean dpdk_tcp_endpoint_claim_end (DpdkTcpEndpoint *self);
/* tells the connection, if there is one, and its socket; their handlers run later */
void dpdk_tcp_endpoint_tell_connection (DpdkTcpEndpoint *self, gboolean socket_too);

GSocketAddress *dpdk_tcp_endpoint_get_local_address (DpdkTcpEndpoint *self, GError **error);
GSocketAddress *dpdk_tcp_endpoint_get_remote_address (DpdkTcpEndpoint *self, GError **error);
gboolean dpdk_tcp_endpoint_get_info (DpdkTcpEndpoint *self, DpdkTcpInfo *info, GError **error);
void dpdk_tcp_endpoint_get_options (DpdkTcpEndpoint *self, DpdkStackTcpOptions *options);
gboolean dpdk_tcp_endpoint_set_options (DpdkTcpEndpoint *self, const DpdkStackTcpOptions *options,
                                        GError **error);
/* FALSE if there was one, which then is no more */
gboolean dpdk_tcp_endpoint_take_error (DpdkTcpEndpoint *self, GError **error);
/* a DpdkIpOption; gives whether it has changed */
guint8 dpdk_tcp_endpoint_get_ip_option (DpdkTcpEndpoint *self, guint option);
gboolean dpdk_tcp_endpoint_set_ip_option (DpdkTcpEndpoint *self, guint option, guint8 value);
/* milliseconds */
gint dpdk_tcp_endpoint_get_linger (DpdkTcpEndpoint *self);
gboolean dpdk_tcp_endpoint_set_linger (DpdkTcpEndpoint *self, gint linger);
guint dpdk_tcp_endpoint_get_connect_timeout (DpdkTcpEndpoint *self);
gboolean dpdk_tcp_endpoint_set_connect_timeout (DpdkTcpEndpoint *self, guint connect_timeout);
gboolean dpdk_tcp_endpoint_get_nodelay (DpdkTcpEndpoint *self);
void dpdk_tcp_endpoint_set_nodelay (DpdkTcpEndpoint *self, gboolean nodelay);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DpdkTcpEndpoint, dpdk_tcp_endpoint_unref)

G_END_DECLS
