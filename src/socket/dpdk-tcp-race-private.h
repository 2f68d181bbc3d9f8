/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-glib.h"

G_BEGIN_DECLS

/* connecting to the first address that answers (RFC 8305) */

typedef struct {
  /* not held; NULL if it is gone */
  DpdkRuntime *runtime;
  /* NULL for the default */
  GResolver *resolver;
  GSocketFamily family;
  GSocketAddress *local_address;
  DpdkTcpOptions *options;
  /* milliseconds; no timeout if it is 0 */
  guint timeout;
  guint attempt_delay;
} DpdkTcpRaceSettings;

/* ends @task with a DpdkTcpConnection, once, and at once if it is cancelled. @is_gone, which may be
   NULL, is set when nothing of the race is left in the main context either. */
void dpdk_tcp_race_run (GTask *task, GSocketConnectable *connectable,
                        const DpdkTcpRaceSettings *settings, gboolean *is_gone);

G_END_DECLS
