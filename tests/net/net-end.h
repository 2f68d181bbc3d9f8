/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "net-fixture.h"

G_BEGIN_DECLS

/* a connection and the kernel's end of it */
typedef struct {
  DpdkRuntime *runtime;
  DpdkTcpConnection *connection;
  DpdkTcpSocket *socket;
  int fd;
} NetEnd;

/* does something to the socket before it is connected, or to the listener */
typedef void (*NetEndPrepare) (DpdkSocket *socket);

NetEnd net_end_connect (DpdkRuntime *runtime, const NetFamily *family, NetEndPrepare prepare);
NetEnd net_end_accept (DpdkRuntime *runtime, const NetFamily *family, NetEndPrepare prepare);
/* closes both, and drops the connection */
void net_end_clear (NetEnd *self);
void net_end_exchange (NetEnd *self);
DpdkTcpInfo net_end_get_info (NetEnd *self);
/* for both roles and both families; each call ends what it gets */
void net_end_for_each (void (*test) (NetEnd *end));

G_END_DECLS
