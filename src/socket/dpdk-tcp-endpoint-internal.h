/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-stack-prefetch.h"
#include "dpdk-tcp-addresses-private.h"
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
} DpdkTcpReady;

/* what the application wants to be called when it is connected, or is not */
typedef struct {
  DpdkTcpConnectedFunc func;
  gpointer user_data;
  GDestroyNotify destroy;
  DpdkTcpSocket *socket;
} DpdkTcpConnected;

/* who wants to know when connecting is over; there until they all do */
typedef struct {
  GTask *task;
  DpdkTcpConnected connected;
} DpdkTcpConnecting;

/* What few connections need, such as those that other threads use, or that have options of their own.
   It is made when it is needed first, and stays. */
typedef struct {
  DpdkTcpEndpoint *endpoint;

  /* for the thread of the worker */
  DpdkTcpReady writable;
  GDestroyNotify destroy_readable;
  GDestroyNotify destroy_writable;

  GCond changed;
  guint n_waiters;
  /* milliseconds; -1 for as long as it takes */
  gint linger;
  /* milliseconds; 0 for as long as it takes */
  guint connect_timeout;
  gboolean has_options;
  DpdkStackTcpOptions options;
  /* not held: it says so, under the lock, before it is disposed of */
  DpdkTcpConnection *connection;
  /* the upper halves of what is counted */
  guint32 n_received;
  guint32 n_acknowledged;
  /* (element-type DpdkTcpSource) */
  GList *sources;
  /* in plain words, if lwIP has no words for the error */
  char *reason;

  gint task_is_posted;
  DpdkWorkerTask task;
} DpdkTcpExtra;

/* Very many of them are idle, so they are small, and in the order of use: what each segment needs is at
   the beginning, where dpdk_stack_prefetch() gets it from. */
struct _DpdkTcpEndpoint {
  DpdkWorkerCore *core;
  /* for the thread of the worker */
  struct tcp_pcb *pcb;
  /* held while there is a function to call */
  DpdkTcpSocket *ready_socket;
  DpdkTcpReady readable;
  EndpointState state : 8;
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
  /* somebody waits, or has a source */
  guint is_watched : 1;
  /* the connection was told that it is over */
  guint end_is_told : 1;
  guint is_v6 : 1;
  /* why nothing more comes; 0 while all is well */
  err_t error;
  /* without the lock: for the thread of the worker */
  guint8 has_arrived : 1;
  guint8 room_is_wanted : 1;
  guint8 has_writable : 1;
  guint8 is_calling : 1;
  guint8 is_listed : 1;
  guint8 is_attached : 1;
  guint8 fin_sent : 1;
  guint8 advance_wanted : 1;
  guint8 deadline_is_of_connect : 1;
  /* it is listed, and there is no stack that holds it */
  guint8 look_holds : 1;
  guint8 is_looked_at : 1;
  /* the local one, for this worker */
  guint8 holds_port : 1;
  /* beside the mutex */
  DpdkWorkerLock lock;

  DpdkTcpSendQueue sending;
  DpdkTcpReceiveQueue received;
  /* the lower half */
  guint32 n_received;
  guint32 n_acknowledged;

  GMutex mutex;
  DpdkTcpExtra *extra;
  DpdkTcpConnecting *connecting;
  /* for the thread of the worker, also when there is more to do */
  DpdkClosable closable;
  DpdkTcpAddresses addresses;
  guint8 ttl;
  guint8 traffic_class;
  gatomicrefcount ref_count;
  /* of connecting or closing, in milliseconds of the stack; 0 for none */
  guint32 deadline;
};

G_STATIC_ASSERT (sizeof (DpdkTcpEndpoint) <= DPDK_WORKER_PIECE_SIZE);
G_STATIC_ASSERT (G_STRUCT_OFFSET (DpdkTcpEndpoint, mutex) <= DPDK_STACK_PREFETCH_SIZE);

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
  dpdk_worker_lock_lock (&self->lock, &self->mutex, self->core);
}

static inline void
dpdk_tcp_endpoint_unlock (DpdkTcpEndpoint *self)
{
  dpdk_worker_lock_unlock (&self->lock, &self->mutex, self->core);
}

/* the same, on the thread of the worker */
static inline void
dpdk_tcp_endpoint_lock_own (DpdkTcpEndpoint *self)
{
  dpdk_worker_lock_lock_own (&self->lock, &self->mutex);
}

static inline void
dpdk_tcp_endpoint_unlock_own (DpdkTcpEndpoint *self)
{
  dpdk_worker_lock_unlock_own (&self->lock, &self->mutex);
}

static inline DpdkTcpExtra *
dpdk_tcp_endpoint_peek_extra (DpdkTcpEndpoint *self)
{
  return g_atomic_pointer_get (&self->extra);
}

DpdkTcpExtra *dpdk_tcp_endpoint_get_extra (DpdkTcpEndpoint *self);
void dpdk_tcp_extra_free (DpdkTcpExtra *self);
void dpdk_tcp_endpoint_add_source (DpdkTcpEndpoint *self, DpdkTcpSource *source);
void dpdk_tcp_endpoint_remove_source (DpdkTcpEndpoint *self, DpdkTcpSource *source);
/* who waits looks again */
void dpdk_tcp_endpoint_wake (DpdkTcpEndpoint *self);

/* with the lock held */
DpdkTcpExtra *dpdk_tcp_endpoint_get_extra_locked (DpdkTcpEndpoint *self);
/* @deadline: in monotonic time, or -1; FALSE if it has passed */
gboolean dpdk_tcp_endpoint_wait_locked (DpdkTcpEndpoint *self, gint64 deadline);
DpdkTcpConnecting *dpdk_tcp_endpoint_get_connecting_locked (DpdkTcpEndpoint *self);
void dpdk_tcp_endpoint_drop_connecting_locked (DpdkTcpEndpoint *self);
/* takes over @reason */
void dpdk_tcp_endpoint_set_reason_locked (DpdkTcpEndpoint *self, char *reason);
void dpdk_tcp_endpoint_set_options_locked (DpdkTcpEndpoint *self,
                                           const DpdkStackTcpOptions *options);
GIOCondition dpdk_tcp_endpoint_get_condition_locked (DpdkTcpEndpoint *self);
void dpdk_tcp_endpoint_notify_others_locked (DpdkTcpEndpoint *self);
void dpdk_tcp_endpoint_set_error_locked (DpdkTcpEndpoint *self, GError **error);
gssize dpdk_tcp_endpoint_try_read_locked (DpdkTcpEndpoint *self, DpdkTcpRead *read, gboolean *kick,
                                          GError **error);
gssize dpdk_tcp_endpoint_try_write_locked (DpdkTcpEndpoint *self, const DpdkTcpWrite *write,
                                           GError **error);

/* with the lock held: to one of two counts of the endpoint, which has its upper half in the extra part */
#define dpdk_tcp_endpoint_count_locked(self, count, n)                                             \
  G_STMT_START                                                                                     \
  {                                                                                                \
    if (G_UNLIKELY (__builtin_add_overflow ((self)->count, (guint32) (n), &(self)->count)))        \
      dpdk_tcp_endpoint_get_extra_locked (self)->count++;                                          \
  }                                                                                                \
  G_STMT_END

static inline const DpdkStackTcpOptions *
dpdk_tcp_endpoint_get_options_locked (DpdkTcpEndpoint *self)
{
  const DpdkTcpExtra *extra = self->extra;

  return G_UNLIKELY (extra != NULL && extra->has_options) ? &extra->options
                                                          : &self->core->shared->tcp_options;
}

/* how much may be written */
static inline gsize
dpdk_tcp_endpoint_get_room_locked (DpdkTcpEndpoint *self)
{
  gsize size;

  if (self->state != ENDPOINT_CONNECTED)
    return 0;
  size = dpdk_tcp_endpoint_get_options_locked (self)->send_buffer_size;
  if (self->sending.n_queued >= size)
    return 0;
  if (G_LIKELY (!dpdk_stack_budget_is_spent (self->core->budget)))
    return size - self->sending.n_queued;
  /* who has something to send is called again when it is acknowledged, and nobody else stands still */
  return self->sending.n_queued == 0 ? DPDK_TCP_SPENT_BUDGET_ROOM : 0;
}

static inline void
dpdk_tcp_endpoint_notify_locked (DpdkTcpEndpoint *self)
{
  if (G_UNLIKELY (self->is_watched))
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
  return self->pcb->tx->unsent == NULL && dpdk_tcp_send_queue_may_copy (&self->sending) &&
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
               tcp_write_message (self->pcb, buffer, (u16_t) count) == ERR_OK;
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
err_t dpdk_tcp_endpoint_on_connected (void *arg, struct tcp_pcb *pcb, err_t native);
void dpdk_tcp_endpoint_connect_now (DpdkTcpEndpoint *self);
void dpdk_tcp_endpoint_fail_connect (DpdkTcpEndpoint *self, err_t native);
/* the stack holds a reference as long as the connection has one on us */
void dpdk_tcp_endpoint_attach (DpdkTcpEndpoint *self, struct tcp_pcb *pcb);
void dpdk_tcp_endpoint_hold_port (DpdkTcpEndpoint *self, guint8 owner);
void dpdk_tcp_endpoint_abort_now (DpdkTcpEndpoint *self, err_t reason);
guint32 dpdk_tcp_endpoint_poll_for (DpdkTcpEndpoint *self, guint ms);
GPollableReturn dpdk_tcp_endpoint_try_read_with (DpdkTcpEndpoint *self, DpdkTcpRead *read,
                                                 gsize *n_read, GError **error);
GPollableReturn dpdk_tcp_endpoint_try_write_with (DpdkTcpEndpoint *self, const DpdkTcpWrite *write,
                                                  gsize *n_written, GError **error);

G_END_DECLS
