/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-eal-private.h"
#include "dpdk-owner-private.h"
#include "dpdk-port-device-private.h"
#include "dpdk-port-private.h"

G_BEGIN_DECLS

struct _DpdkPort {
  /* the public header knows the beginning */
  DpdkPortHead head;

  guint16 id;
  gboolean started;
  guint n_slots;
  GSList *retired_queues;
  guint n_queues;
  DpdkEal *eal;
  DpdkMempool *mempool;
  DpdkDependant *dependant;
  DpdkPortDevice device;
  char *devargs;
  /* the device without its parameters */
  char *device_name;
  char *mac;
  gboolean interrupts_wanted;
  gint n_workers;
};

/* what an operation that runs on the owner thread is about */
typedef struct {
  DpdkPort *self;
  gboolean adopts;
  DpdkMempool *mempool;
  guint n_queues;
  guint n_descriptors;
  guint number;
  struct rte_ether_addr mac;
  DpdkPortStatistics *statistics;
  GError *error;
} DpdkPortCall;

gboolean dpdk_port_control (DpdkPort *self, DpdkOwnerFunc func, DpdkPortCall *call,
                            const char *what, GError **error);
gboolean dpdk_port_check_open (DpdkPortCall *call);
gboolean dpdk_port_check_stopped (DpdkPortCall *call);
gboolean dpdk_port_check_no_worker (DpdkPortCall *call);
void dpdk_port_update_mac (DpdkPort *self, const struct rte_ether_addr *mac);

void dpdk_port_begin_close (DpdkPort *self);

/* the queues that bursts use; those of a port that is not started give and take nothing */
void dpdk_port_queues_allocate (DpdkPort *self, guint n_queues);
void dpdk_port_queues_free (DpdkPort *self);
void dpdk_port_queues_connect (DpdkPort *self);
/* waits for the bursts that have begun; after it none touches the device */
void dpdk_port_queues_disconnect (DpdkPort *self);

void dpdk_port_queue_enter (DpdkPortQueue *self);
void dpdk_port_queue_leave (DpdkPortQueue *self);
gboolean dpdk_port_queue_is_connected (DpdkPortQueue *self);

G_END_DECLS
