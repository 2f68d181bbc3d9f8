/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-glib.h"

G_BEGIN_DECLS

/* what a device tells by itself, on threads of DPDK, and what has to be asked for; it lives from
   opening to closing the device and does not keep the port alive. For the owner thread. */
typedef struct _DpdkPortEvents DpdkPortEvents;

struct rte_device;

DpdkPortEvents *dpdk_port_events_new (DpdkPort *port, struct rte_device *device);
/* no callback runs after it */
void dpdk_port_events_free (DpdkPortEvents *self);

/* whether the state of the link has to be asked for */
void dpdk_port_events_set_polling (DpdkPortEvents *self, gboolean polling);

G_END_DECLS
