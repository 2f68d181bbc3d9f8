/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "net-fixture.h"

G_BEGIN_DECLS

/* data both ways over a connection, then its end; takes over the connection and the kernel's socket */
void net_exchange_on (DpdkTcpConnection *connection, int fd);
/* the same over one connection of the kernel's to us, and one of ours to the kernel */
void net_exchange (DpdkRuntime *runtime, const NetFamily *family);

G_END_DECLS
