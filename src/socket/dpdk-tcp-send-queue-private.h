/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-stack-budget.h"

G_BEGIN_DECLS

/* bytes that were written and are not acknowledged; the stack sends from here without a copy, so
   they stay where they are until then. Not locked. */
typedef struct {
  /* what it takes counts here */
  DpdkStackBudget *budget;
  GQueue chunks;
  gsize n_queued;
  gsize n_unsent;
} DpdkTcpSendQueue;

void dpdk_tcp_send_queue_clear (DpdkTcpSendQueue *self);
void dpdk_tcp_send_queue_append (DpdkTcpSendQueue *self, const void *data, gsize size);
const void *dpdk_tcp_send_queue_peek_unsent (DpdkTcpSendQueue *self, gsize *size);
void dpdk_tcp_send_queue_mark_sent (DpdkTcpSendQueue *self, gsize size);
void dpdk_tcp_send_queue_acknowledge (DpdkTcpSendQueue *self, gsize size);

G_END_DECLS
