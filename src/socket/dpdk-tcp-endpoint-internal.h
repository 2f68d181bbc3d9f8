/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-tcp-endpoint-private.h"
#include "dpdk-tcp-receive-queue-private.h"
#include "dpdk-tcp-send-queue-private.h"
#include "dpdk-worker-lock-private.h"

#include <lwip/tcp.h>
#include <string.h>

G_BEGIN_DECLS

/* bytes; how much may be written at once without memory */
#define DPDK_TCP_SPENT_BUDGET_ROOM 2048
/* bytes; more is not copied twice on its way to the device */
#define DPDK_TCP_MAX_AT_ONCE 1024
G_STATIC_ASSERT (DPDK_TCP_MAX_AT_ONCE <= DPDK_TCP_SPENT_BUDGET_ROOM);
G_STATIC_ASSERT (DPDK_TCP_MAX_AT_ONCE <= DPDK_STACK_TCP_BUFFER_MIN);

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

/* What every segment needs is at the beginning, where dpdk_stack_prefetch() gets it from */
struct _DpdkTcpEndpoint {
  DpdkWorkerCore *core;

  /* for the thread of the worker */
  struct tcp_pcb *pcb;
  /* held while there is a function to call */
  DpdkTcpSocket *ready_socket;
  DpdkTcpReady readable;
  DpdkTcpReady writable;
  gboolean has_arrived;
  gboolean room_is_wanted;
  gboolean is_calling;
  guint n_waiters;
  DpdkWorkerLock lock;
  DpdkTcpReceiveQueue received;
  DpdkTcpSendQueue sending;
  EndpointState state;
  /* why nothing more comes; 0 while all is well */
  err_t error;
  guint error_is_of_connect : 1;
  guint peer_has_finished : 1;
  guint read_is_shut : 1;
  guint write_is_shut : 1;
  guint close_wanted : 1;
  guint reset_at_end : 1;
  guint abort_wanted : 1;
  guint connect_wanted : 1;
  guint accept_wanted : 1;
  guint has_local : 1;
  guint nodelay : 1;
  guint8 ttl;
  guint8 traffic_class;
  guint64 n_received;
  guint64 n_acknowledged;
  /* (element-type DpdkTcpSource) */
  GList *sources;
  DpdkStackTcpOptions options;

  /* for the thread of the worker, when there is more to do */
  DpdkWorkerTask look;
  gboolean is_listed;
  gboolean advance_wanted;
  /* who needs it a little longer; they share the reference of the stack */
  guint n_holds;
  gboolean is_attached;
  gboolean fin_sent;
  guint16 held_port;
  guint64 close_deadline;
  guint64 connect_deadline;
  DpdkTcpConnected connected;
  DpdkClosable closable;

  gatomicrefcount ref_count;
  gint task_is_posted;
  DpdkWorkerTask task;
  GCond changed;
  /* in plain words, if lwIP has no words for the error */
  char *reason;
  /* milliseconds; -1 for as long as it takes */
  gint linger;
  /* milliseconds; 0 for as long as it takes */
  guint connect_timeout;
  GTask *connect_task;
  ip_addr_t local_ip;
  ip_addr_t remote_ip;
  guint16 local_port;
  guint16 remote_port;
  /* not held: it says so, under the lock, before it is disposed of */
  DpdkTcpConnection *connection;
  gboolean end_is_told;
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
  gsize (*take) (DpdkTcpReceiveQueue *queue, DpdkTcpRead *read);
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

static inline void
dpdk_tcp_endpoint_lock (DpdkTcpEndpoint *self)
{
  dpdk_worker_lock_lock (&self->lock, self->core);
}

static inline void
dpdk_tcp_endpoint_unlock (DpdkTcpEndpoint *self)
{
  dpdk_worker_lock_unlock (&self->lock, self->core);
}

/* the same, on the thread of the worker */
static inline void
dpdk_tcp_endpoint_lock_own (DpdkTcpEndpoint *self)
{
  dpdk_worker_lock_lock_own (&self->lock);
}

static inline void
dpdk_tcp_endpoint_unlock_own (DpdkTcpEndpoint *self)
{
  dpdk_worker_lock_unlock_own (&self->lock);
}

/* with the lock held */
GIOCondition dpdk_tcp_endpoint_get_condition_locked (DpdkTcpEndpoint *self);
void dpdk_tcp_endpoint_notify_others_locked (DpdkTcpEndpoint *self);
void dpdk_tcp_endpoint_set_error_locked (DpdkTcpEndpoint *self, GError **error);
gssize dpdk_tcp_endpoint_try_read_locked (DpdkTcpEndpoint *self, DpdkTcpRead *read, gboolean *kick,
                                          GError **error);
gssize dpdk_tcp_endpoint_try_write_locked (DpdkTcpEndpoint *self, const DpdkTcpWrite *write,
                                           GError **error);

/* how much may be written */
static inline gsize
dpdk_tcp_endpoint_get_room_locked (DpdkTcpEndpoint *self)
{
  if (self->state != ENDPOINT_CONNECTED || self->sending.n_queued >= self->options.send_buffer_size)
    return 0;
  if (G_LIKELY (!dpdk_stack_budget_is_spent (self->core->budget)))
    return self->options.send_buffer_size - self->sending.n_queued;
  /* who has something to send is called again when it is acknowledged, and nobody else stands still */
  return self->sending.n_queued == 0 ? DPDK_TCP_SPENT_BUDGET_ROOM : 0;
}

static inline void
dpdk_tcp_endpoint_notify_locked (DpdkTcpEndpoint *self)
{
  if (G_UNLIKELY (self->n_waiters > 0 || self->sources != NULL))
    dpdk_tcp_endpoint_notify_others_locked (self);
}

/* for native calls, which dpdk_tcp_endpoint_check_worker() gives the reason to that they are not for this
   thread */
static inline gboolean
dpdk_tcp_endpoint_is_own (DpdkTcpEndpoint *self)
{
  return dpdk_worker_core_current == self->core;
}

/* Native calls for the usual message: FALSE if it takes another way. What arrived in a buffer of its own
   is done with as soon as it is copied. */
static inline gboolean
dpdk_tcp_endpoint_read_at_once (DpdkTcpEndpoint *self, void *buffer, gsize count, gsize *n_read)
{
  struct pbuf *p = NULL;

  dpdk_tcp_endpoint_lock_own (self);
  if (G_LIKELY (self->pcb != NULL))
    p = dpdk_tcp_receive_queue_take_only (&self->received, count);
  dpdk_tcp_endpoint_unlock_own (self);
  if (p == NULL)
    return FALSE;
  *n_read = p->len;
  memcpy (buffer, p->payload, p->len);
  tcp_recved (self->pcb, p->len);
  pbuf_free (p);
  return TRUE;
}

/* with nothing on its way there is room, whatever the budget */
static inline gboolean
dpdk_tcp_endpoint_has_room_at_once_locked (DpdkTcpEndpoint *self, gsize count)
{
  if (G_LIKELY (self->sending.n_queued == 0))
    return self->state == ENDPOINT_CONNECTED;
  return self->pcb->unsent == NULL && dpdk_tcp_send_queue_may_copy (&self->sending) &&
         dpdk_tcp_endpoint_get_room_locked (self) >= count && tcp_sndbuf (self->pcb) >= count;
}

/* what is small, when nothing waits in front of it, is copied by lwIP into the segment that leaves now */
static inline gboolean
dpdk_tcp_endpoint_write_at_once (DpdkTcpEndpoint *self, const void *buffer, gsize count)
{
  gboolean is_written;

  dpdk_tcp_endpoint_lock_own (self);
  is_written = count > 0 && count <= DPDK_TCP_MAX_AT_ONCE && self->error == ERR_OK &&
               !self->close_wanted && !self->abort_wanted && !self->write_is_shut &&
               self->pcb != NULL && dpdk_tcp_endpoint_has_room_at_once_locked (self, count) &&
               tcp_write (self->pcb, buffer, (u16_t) count, TCP_WRITE_FLAG_COPY) == ERR_OK;
  if (is_written)
    dpdk_tcp_send_queue_add_copied (&self->sending, count);
  dpdk_tcp_endpoint_unlock_own (self);
  if (is_written)
    tcp_output (self->pcb);
  return is_written;
}

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
void dpdk_tcp_endpoint_connect_now (DpdkTcpEndpoint *self);
void dpdk_tcp_endpoint_fail_connect (DpdkTcpEndpoint *self, err_t native);
/* the stack holds a reference as long as the connection has one on us */
void dpdk_tcp_endpoint_attach (DpdkTcpEndpoint *self, struct tcp_pcb *pcb);
void dpdk_tcp_endpoint_hold_port (DpdkTcpEndpoint *self, guint8 owner);
void dpdk_tcp_endpoint_abort_now (DpdkTcpEndpoint *self, err_t reason);
guint64 dpdk_tcp_endpoint_poll_for (DpdkTcpEndpoint *self, guint ms);
GPollableReturn dpdk_tcp_endpoint_try_read_with (DpdkTcpEndpoint *self, DpdkTcpRead *read,
                                                 gsize *n_read, GError **error);
GPollableReturn dpdk_tcp_endpoint_try_write_with (DpdkTcpEndpoint *self, const DpdkTcpWrite *write,
                                                  gsize *n_written, GError **error);

G_END_DECLS
