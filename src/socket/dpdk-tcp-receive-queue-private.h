/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-stack-budget.h"

G_BEGIN_DECLS

struct pbuf;

/* buffers that were received and not read. Not locked; buffers are freed on the worker only, so
   those that were read wait for it. */
typedef struct {
  struct pbuf *head;
  struct pbuf *tail;
  guint offset;
  gsize n_bytes;
  struct pbuf *read;
  gsize n_read;
} DpdkTcpReceiveQueue;

void dpdk_tcp_receive_queue_append (DpdkTcpReceiveQueue *self, struct pbuf *p);
gsize dpdk_tcp_receive_queue_read (DpdkTcpReceiveQueue *self, void *buffer, gsize size);
/* of one buffer; without a copy if that can be */
gsize dpdk_tcp_receive_queue_peek (const DpdkTcpReceiveQueue *self, void *buffer, gsize size);
GBytes *dpdk_tcp_receive_queue_read_bytes (DpdkTcpReceiveQueue *self, gsize size,
                                           DpdkStackBudget *budget);
void dpdk_tcp_receive_queue_discard (DpdkTcpReceiveQueue *self);
struct pbuf *dpdk_tcp_receive_queue_steal_read (DpdkTcpReceiveQueue *self, gsize *n_bytes);

/* for the thread of the worker */
void dpdk_tcp_receive_queue_free_buffers (struct pbuf *list);

G_END_DECLS
