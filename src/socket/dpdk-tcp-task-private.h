/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-tcp-endpoint-private.h"

G_BEGIN_DECLS

/* TRUE if it has given @task its result; else @error says why not, such as %G_IO_ERROR_WOULD_BLOCK */
typedef gboolean (*DpdkTcpTaskFunc) (GTask *task, GError **error);

/* calls @func, now and then whenever @condition is true or the task is cancelled, until it would not
   have to wait. @func looks for the cancellation itself, so that nothing that was done is lost to one
   that comes before the callback of the task runs. */
void dpdk_tcp_task_run (GTask *task, DpdkTcpEndpoint *endpoint, GIOCondition condition,
                        DpdkTcpTaskFunc func);

G_END_DECLS
