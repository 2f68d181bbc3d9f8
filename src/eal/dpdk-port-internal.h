/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-eal-private.h"
#include "dpdk-port-device-private.h"
#include "dpdk-port-private.h"

G_BEGIN_DECLS

struct _DpdkPort {
  /* the public header knows the beginning */
  DpdkPortHead head;

  guint16 id;
  gboolean started;
  guint n_slots;
  guint n_queues;
  DpdkEal *eal;
  DpdkMempool *mempool;
  DpdkDependant *dependant;
  DpdkPortDevice device;
  char *devargs;
  char *mac;
  gboolean interrupts_wanted;
  gint n_workers;
};

void dpdk_port_begin_close (DpdkPort *self);

/* the queues that bursts use; those of a port that is not started give and take nothing */
void dpdk_port_queues_allocate (DpdkPort *self, guint n_queues);
void dpdk_port_queues_free (DpdkPort *self);
void dpdk_port_queues_connect (DpdkPort *self);
void dpdk_port_queues_disconnect (DpdkPort *self);

G_END_DECLS
