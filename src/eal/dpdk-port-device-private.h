/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-glib.h"

#include <rte_ether.h>

G_BEGIN_DECLS

struct rte_eth_dev_info;
struct rte_mempool;

/* a device of DPDK; all functions are for the owner thread */
typedef struct {
  gboolean is_open;
  guint16 id;
  guint max_queues;
  guint mtu;
  int numa_node;
  struct rte_ether_addr mac;
  struct rte_device *native;
  char *driver;
} DpdkPortDevice;

gboolean dpdk_port_device_open (DpdkPortDevice *self, const char *devargs, GError **error);
/* @name is that of DPDK, without parameters */
gboolean dpdk_port_device_adopt (DpdkPortDevice *self, const char *name, GError **error);
gboolean dpdk_port_device_configure (DpdkPortDevice *self, const char *name,
                                     struct rte_mempool *pool, guint n_queues, guint n_descriptors,
                                     gboolean with_interrupts, GError **error);
gboolean dpdk_port_device_start (DpdkPortDevice *self, const char *name, GError **error);
gboolean dpdk_port_device_stop (DpdkPortDevice *self, const char *name, guint n_queues,
                                GError **error);
void dpdk_port_device_close (DpdkPortDevice *self, guint n_started_queues);
void dpdk_port_device_clear (DpdkPortDevice *self);

gboolean dpdk_port_device_set_mac (DpdkPortDevice *self, const char *name,
                                   const struct rte_ether_addr *mac, GError **error);
gboolean dpdk_port_device_set_mtu (DpdkPortDevice *self, const char *name, guint mtu,
                                   GError **error);
gboolean dpdk_port_device_get_statistics (DpdkPortDevice *self, const char *name,
                                          DpdkPortStatistics *statistics, GError **error);
gboolean dpdk_port_device_read_info (DpdkPortDevice *self, const char *name,
                                     struct rte_eth_dev_info *info, GError **error);
/* the text goes to the caller's error */
void dpdk_port_device_set_error (GError **error, int native, const char *log, const char *name,
                                 const char *what);
int dpdk_port_device_get_queue_fd (DpdkPortDevice *self, guint queue);

G_END_DECLS
