/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "net-fixture.h"

G_BEGIN_DECLS

/* two runtimes of this process at the ends of a link, each with the memory budget that is given; the
   first one connects */
typedef struct {
  DpdkEal *eal;
  DpdkTestLink *link;
  DpdkRuntime *runtimes[2];
  DpdkWorker *workers[2];
} NetPair;

void net_pair_start (NetPair *self, guint64 budget_0, guint64 budget_1);
/* everything must be back: connections, memory, buffers */
void net_pair_stop (NetPair *self);
/* the same, but there may still be connections in TIME-WAIT */
void net_pair_end (NetPair *self);
const char *net_pair_get_host (guint end);
guint64 net_pair_get_counter (NetPair *self, guint end, DpdkStackCounter counter);
/* @n connections of the first to @listener at the second one */
void net_pair_connect (NetPair *self, DpdkTcpListener *listener, DpdkTcpConnection **clients,
                       DpdkTcpConnection **servers, guint n);
void net_pair_abort (DpdkTcpConnection **connections, guint n);

/* as much as is possible now */
gsize net_try_write_pattern (DpdkTcpConnection *connection, guint64 offset, gsize size);
gsize net_try_read_pattern (DpdkTcpConnection *connection, guint64 offset, gsize size);

G_END_DECLS
