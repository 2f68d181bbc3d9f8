/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-glib.h"

G_BEGIN_DECLS

/* for the owner thread; from opening to closing a device of memif */
void dpdk_port_memif_watch (DpdkPort *port);
void dpdk_port_memif_unwatch (DpdkPort *port);
/* for the owner thread, again and again while the port is started: a client whose server is gone looks
   for it */
void dpdk_port_memif_reconnect (DpdkPort *port);

G_END_DECLS
