/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "net-fixture.h"

G_BEGIN_DECLS

/* ports and nothing else; whatever fails ends the test */

#define PORT_POOL_SIZE 2047
#define PORT_DESCRIPTORS 256

DpdkEal *port_eal (void);
DpdkMempool *port_pool (DpdkEal *eal);
DpdkPort *port_open (DpdkEal *eal, const char *devargs);
void port_start (DpdkPort *port, DpdkMempool *pool, guint n_queues);
DpdkPort *port_open_started (DpdkEal *eal, DpdkMempool *pool, const char *devargs);
/* waits for the end of the EAL: nothing may hold it but the caller */
void port_finish (DpdkEal *eal, DpdkMempool *pool);

/* what a driver does when its device is pulled out or its link changes */
void port_emit_removal (DpdkPort *port);
void port_emit_link (DpdkPort *port);

/* FALSE if there is no such interface of the kernel's */
gboolean port_set_interface_up (const char *name, gboolean up);

/* sends to one port and receives from another until told to stop, some hundred thousand frames a second */
typedef struct _PortTraffic PortTraffic;

PortTraffic *port_traffic_start (DpdkPort *from, DpdkPort *to, DpdkMempool *pool);
guint64 port_traffic_get_n_received (PortTraffic *self);
void port_traffic_stop (PortTraffic *self);

G_END_DECLS
