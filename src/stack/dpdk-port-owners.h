/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* which of the workers that share ports gets the packets for a local TCP port; for any thread */
typedef struct {
  /* index of the worker plus one, DPDK_STACK_PORT_OF_ALL, or 0: nobody's. Read for each packet */
  guint8 owners[65536];
  GMutex lock;
  /* under the lock: how many hold a port */
  guint32 n_holders[65536];
} DpdkPortOwners;

DpdkPortOwners *dpdk_port_owners_new (void);
void dpdk_port_owners_free (DpdkPortOwners *self);

gboolean dpdk_port_owners_hold (DpdkPortOwners *self, guint16 port, guint8 owner);
void dpdk_port_owners_release (DpdkPortOwners *self, guint16 port);

G_END_DECLS
