/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-tcp-endpoint-private.h"
#include "dpdk-tcp-receive-queue-private.h"
#include "dpdk-tcp-send-queue-private.h"

#include <lwip/tcp.h>

G_BEGIN_DECLS

typedef enum {
  ENDPOINT_NEW,
  ENDPOINT_CONNECTING,
  ENDPOINT_CONNECTED,
  ENDPOINT_CLOSED,
} EndpointState;

/* what the application wants to be called when there is something to do */
typedef struct {
  DpdkTcpReadyFunc func;
  gpointer user_data;
  GDestroyNotify destroy;
} DpdkTcpReady;

/* what the application wants to be called when it is connected, or is not */
typedef struct {
  DpdkTcpConnectedFunc func;
  gpointer user_data;
  GDestroyNotify destroy;
  DpdkTcpSocket *socket;
} DpdkTcpConnected;

struct _DpdkTcpEndpoint {
  gatomicrefcount ref_count;
  DpdkWorkerTask task;
  gint task_is_posted;
  DpdkWorkerCore *core;

  /* for the thread of the worker */
  struct tcp_pcb *pcb;
  DpdkClosable closable;
  guint64 close_deadline;
  guint64 connect_deadline;
  guint16 held_port;
  gboolean is_attached;
  gboolean fin_sent;
  /* held while there is a function to call */
  DpdkTcpSocket *ready_socket;
  DpdkTcpReady readable;
  DpdkTcpReady writable;
  DpdkTcpConnected connected;
  gboolean has_arrived;
  gboolean room_is_wanted;
  gboolean is_calling;

  GMutex lock;
  GCond changed;
  guint n_waiters;
  EndpointState state;
  DpdkTcpReceiveQueue received;
  DpdkTcpSendQueue sending;
  DpdkStackTcpOptions options;
  /* why nothing more comes; 0 while all is well */
  err_t error;
  /* in plain words, if lwIP has none for it */
  char *reason;
  gboolean error_is_of_connect;
  gboolean peer_has_finished;
  gboolean read_is_shut;
  gboolean write_is_shut;
  gboolean close_wanted;
  gboolean reset_at_end;
  gboolean abort_wanted;
  gboolean connect_wanted;
  gboolean accept_wanted;
  gboolean has_local;
  gboolean nodelay;
  guint8 ttl;
  guint8 traffic_class;
  /* milliseconds; -1 for as long as it takes */
  gint linger;
  /* milliseconds; 0 for as long as it takes */
  guint connect_timeout;
  guint64 n_received;
  guint64 n_acknowledged;
  GTask *connect_task;
  GSource *connect_cancel;
  /* (element-type DpdkTcpSource) */
  GList *sources;
  ip_addr_t local_ip;
  ip_addr_t remote_ip;
  guint16 local_port;
  guint16 remote_port;
};

/* the endpoint knows it until it is disposed of */
typedef struct {
  GSource source;
  DpdkTcpEndpoint *endpoint;
  GIOCondition condition;
  /* that it is attached to; set under the lock */
  GMainContext *context;
} DpdkTcpSource;

/* what is read goes to @buffer, or is given in @bytes, or is taken by a function */
typedef struct _DpdkTcpRead DpdkTcpRead;
struct _DpdkTcpRead {
  void *buffer;
  GBytes *bytes;
  gsize count;
  gsize (*take) (DpdkTcpReceiveQueue *queue, const DpdkTcpRead *read);
  const GInputVector *vectors;
};

/* what is written comes from @buffer, or from @offset in @bytes, or from @vectors */
typedef struct {
  const void *buffer;
  GBytes *bytes;
  gsize offset;
  gsize count;
  const GOutputVector *vectors;
} DpdkTcpWrite;

/* with the lock held */
GIOCondition dpdk_tcp_endpoint_get_condition_locked (DpdkTcpEndpoint *self);
void dpdk_tcp_endpoint_notify_locked (DpdkTcpEndpoint *self);
void dpdk_tcp_endpoint_set_error_locked (DpdkTcpEndpoint *self, GError **error);
gssize dpdk_tcp_endpoint_try_read_locked (DpdkTcpEndpoint *self, DpdkTcpRead *read, gboolean *kick,
                                          GError **error);
gssize dpdk_tcp_endpoint_try_write_locked (DpdkTcpEndpoint *self, const DpdkTcpWrite *write,
                                           GError **error);

/* without it; -1 with %G_IO_ERROR_WOULD_BLOCK if it may not block and would have to */
gssize dpdk_tcp_endpoint_read_with (DpdkTcpEndpoint *self, DpdkTcpRead *read, gboolean may_block,
                                    GCancellable *cancellable, GError **error);
gssize dpdk_tcp_endpoint_write_with (DpdkTcpEndpoint *self, const DpdkTcpWrite *write,
                                     gboolean may_block, GCancellable *cancellable, GError **error);
void dpdk_tcp_endpoint_free_released (DpdkTcpEndpoint *self);
void dpdk_tcp_endpoint_kick (DpdkTcpEndpoint *self);
void dpdk_tcp_endpoint_complete_connect (DpdkTcpEndpoint *self);

/* on the thread of the worker, not from a callback of lwIP */
void dpdk_tcp_endpoint_send_queued (DpdkTcpEndpoint *self);
void dpdk_tcp_endpoint_release_buffers (DpdkTcpEndpoint *self, struct pbuf *list, gsize n_bytes);
void dpdk_tcp_endpoint_call_ready (DpdkTcpEndpoint *self);
void dpdk_tcp_endpoint_drop_ready (DpdkTcpEndpoint *self);
void dpdk_tcp_endpoint_call_connected (DpdkTcpEndpoint *self);
GPollableReturn dpdk_tcp_endpoint_try_read_with (DpdkTcpEndpoint *self, DpdkTcpRead *read,
                                                 gsize *n_read, GError **error);
GPollableReturn dpdk_tcp_endpoint_try_write_with (DpdkTcpEndpoint *self, const DpdkTcpWrite *write,
                                                  gsize *n_written, GError **error);

G_END_DECLS
