/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-eal-private.h"
#include "dpdk-owner-private.h"
#include "dpdk-port-device-private.h"
#include "dpdk-port-events-private.h"
#include "dpdk-port-private.h"

G_BEGIN_DECLS

struct _DpdkPort {
  /* the public header knows the beginning */
  DpdkPortHead head;

  guint16 id;
  gint started;
  gint removed;
  guint n_slots;
  /* of the connection of the queues, whose state is here */
  GMutex queues_lock;
  gboolean queues_connected;
  gboolean queues_paused;
  GSList *retired_queues;
  gint n_rx_queues;
  gint n_tx_queues;
  DpdkEal *eal;
  DpdkMempool *mempool;
  DpdkDependant *dependant;
  DpdkPortDevice device;
  DpdkPortEvents *events;
  /* of whoever made the object */
  GMainContext *context;
  char *devargs;
  /* the device without its parameters */
  char *device_name;
  const char *mac;
  gboolean interrupts_wanted;
  gint n_workers;
  /* that the stacks have joined */
  gint n_groups;
  /* whether they are why the device takes all multicast frames; for the owner thread */
  gboolean all_multicast_is_for_groups;
  gint link_up;
  gint link_speed;
  gint link_duplex;
  /* of a client of memif, which has to be told to look for its server: see dpdk-port-memif.c */
  gboolean is_peer_gone;
};

typedef enum {
  DPDK_PORT_PROP_EAL = 1,
  DPDK_PORT_PROP_DEVARGS,
  DPDK_PORT_PROP_DRIVER,
  DPDK_PORT_PROP_ID,
  DPDK_PORT_PROP_NUMA_NODE,
  DPDK_PORT_PROP_MEMPOOL,
  DPDK_PORT_PROP_N_QUEUES,
  DPDK_PORT_PROP_N_RX_QUEUES,
  DPDK_PORT_PROP_N_TX_QUEUES,
  DPDK_PORT_PROP_MAX_QUEUES,
  DPDK_PORT_PROP_MAC,
  DPDK_PORT_PROP_MTU,
  DPDK_PORT_PROP_PROMISCUOUS,
  DPDK_PORT_PROP_ALL_MULTICAST,
  DPDK_PORT_PROP_RX_OFFLOAD_CAPABILITIES,
  DPDK_PORT_PROP_TX_OFFLOAD_CAPABILITIES,
  DPDK_PORT_PROP_RX_OFFLOADS,
  DPDK_PORT_PROP_TX_OFFLOADS,
  DPDK_PORT_PROP_STARTED,
  DPDK_PORT_PROP_REMOVED,
  DPDK_PORT_PROP_LINK_UP,
  DPDK_PORT_PROP_LINK_SPEED,
  DPDK_PORT_PROP_LINK_DUPLEX,
  DPDK_PORT_N_PROPS,
} DpdkPortProperty;

/* in the context of whoever made the object */
void dpdk_port_notify (DpdkPort *self, DpdkPortProperty property);
/* tells the workers to look at the port */
void dpdk_port_mark_changed (DpdkPort *self);

/* what an operation that runs on the owner thread is about */
typedef struct {
  DpdkPort *self;
  gboolean flag;
  guint number;
  struct rte_ether_addr mac;
  DpdkPortSettings settings;
  /* what it takes or gives */
  gpointer data;
  GError *error;
} DpdkPortCall;

gboolean dpdk_port_control (DpdkPort *self, DpdkOwnerFunc func, DpdkPortCall *call,
                            const char *what, GError **error);
gboolean dpdk_port_check_open (DpdkPortCall *call);
gboolean dpdk_port_check_no_worker (DpdkPortCall *call);

/* for the owner thread */
void dpdk_port_update_mac (DpdkPort *self);
/* TRUE if it went up or down */
gboolean dpdk_port_update_link (DpdkPort *self);
void dpdk_port_handle_removal (DpdkPort *self);
void dpdk_port_close_now (DpdkPort *self);
/* while bursts give nothing; the device must be started before and is so after it, unless it fails */
gboolean dpdk_port_restart (DpdkPort *self, gboolean (*func) (DpdkPortCall *call),
                            DpdkPortCall *call);

/* for any thread: closes the device on the owner thread */
void dpdk_port_begin_close (DpdkPort *self);

/* the queues that bursts use; those of a port that is not started give and take nothing */
void dpdk_port_queues_allocate (DpdkPort *self, guint n_queues);
void dpdk_port_queues_free (DpdkPort *self);
void dpdk_port_queues_connect (DpdkPort *self);
/* waits for the bursts that have begun; after it none touches the device */
void dpdk_port_queues_disconnect (DpdkPort *self);

/* on the queue that was entered, which may have been replaced since; nothing is counted */
guint dpdk_port_rx_burst_entered (DpdkPort *self, DpdkPortQueue *rx, guint queue,
                                  DpdkPacket **packets, guint n_packets);
guint dpdk_port_tx_burst_entered (DpdkPort *self, DpdkPortQueue *tx, guint queue,
                                  DpdkPacket **packets, guint n_packets);

/* for a thread of DPDK, which gives up after a while: lets bursts give nothing for a moment */
void dpdk_port_queues_set_paused (DpdkPort *self, gboolean paused);

void dpdk_port_queue_enter (DpdkPortQueue *self);
/* FALSE if another thread is in the middle of a burst */
gboolean dpdk_port_queue_try_enter (DpdkPortQueue *self);
void dpdk_port_queue_leave (DpdkPortQueue *self);
gboolean dpdk_port_queue_is_connected (DpdkPortQueue *self);

G_END_DECLS
