/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "net-fixture.h"

G_BEGIN_DECLS

#define NET_EXACT_MAX_OPERATION 50000

/* a connection to an echo server: data of a random size in random pieces with random pauses, of which
   every byte is compared, and a random way to end */
typedef struct {
  DpdkTcpSocket *socket;
  DpdkTcpConnection *connection;
  GRand *random;
  guint64 size;
  guint64 n_written;
  guint64 n_read;
  /* whether the end is told by us before all is read */
  gboolean half_close;
  gboolean write_is_over;
  guint8 buffer[NET_EXACT_MAX_OPERATION];
  GChecksum *sent;
  GChecksum *received;
  guint *n_done;
} NetExact;

/* asynchronous, in the main context that is the thread's default; counts when it has ended */
void net_exact_start (NetExact *self, DpdkRuntime *runtime, GRand *random, GSocketAddress *address,
                      guint max_size, guint *n_done);

G_END_DECLS
