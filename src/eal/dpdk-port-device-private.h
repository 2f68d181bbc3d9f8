/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-port-settings-private.h"

#include <rte_ether.h>

G_BEGIN_DECLS

struct rte_eth_dev_info;

/* a device of DPDK; all functions are for the owner thread */
typedef struct {
  gboolean is_open;
  gboolean is_configured;
  gboolean is_started;
  /* it is started for us, but not for DPDK: its peer cannot be reached */
  gboolean is_away;
  guint16 id;
  guint max_rx_queues;
  guint max_tx_queues;
  guint mtu;
  int numa_node;
  struct rte_ether_addr mac;
  struct rte_device *native;
  const char *driver;
  gboolean is_memif;
  gboolean is_memif_client;
  /* that it listens on */
  char *memif_socket;
  gboolean has_link_interrupts;
  gboolean has_removal_interrupts;

  /* what is wanted of it, which outlives a reset */
  DpdkPortSettings settings;
  /* (element-type DpdkMempool) (nullable): of settings that failed half-way, which the driver may know */
  GPtrArray *failed_mempools;
  gboolean with_interrupts;
  gboolean mac_is_set;
  gboolean is_promiscuous;
  gboolean is_all_multicast;
  /* it was said already */
  gboolean refuses_promiscuous;
  gboolean refuses_all_multicast;
  /* (element-type rte_ether_addr) */
  GArray *macs;
  GArray *multicast_macs;

  guint64 rx_capabilities;
  guint64 tx_capabilities;
  /* buffers of one packet */
  guint max_tx_segments;
  guint64 rx_offloads;
  guint64 tx_offloads;
} DpdkPortDevice;

gboolean dpdk_port_device_open (DpdkPortDevice *self, const char *devargs, GError **error);
/* @name is that of DPDK, without parameters */
gboolean dpdk_port_device_adopt (DpdkPortDevice *self, const char *name, GError **error);
/* takes @settings over if it succeeds */
gboolean dpdk_port_device_configure (DpdkPortDevice *self, const char *name,
                                     DpdkPortSettings *settings, GError **error);
gboolean dpdk_port_device_start (DpdkPortDevice *self, const char *name, GError **error);
void dpdk_port_device_drain (DpdkPortDevice *self);
gboolean dpdk_port_device_stop (DpdkPortDevice *self, const char *name, GError **error);
/* FALSE if the peer cannot be reached; it is away then, until this is called again */
gboolean dpdk_port_device_reconnect (DpdkPortDevice *self);
/* leaves it stopped, with the configuration that it had */
gboolean dpdk_port_device_reset (DpdkPortDevice *self, const char *name, GError **error);
void dpdk_port_device_close (DpdkPortDevice *self, const char *name);
void dpdk_port_device_clear (DpdkPortDevice *self);
/* after all of it was taken over; the properties of the port read on what stays true */
void dpdk_port_device_forget (DpdkPortDevice *self);

gboolean dpdk_port_device_set_mac (DpdkPortDevice *self, const char *name,
                                   const struct rte_ether_addr *mac, GError **error);
gboolean dpdk_port_device_add_mac (DpdkPortDevice *self, const char *name,
                                   const struct rte_ether_addr *mac, GError **error);
gboolean dpdk_port_device_remove_mac (DpdkPortDevice *self, const char *name,
                                      const struct rte_ether_addr *mac, GError **error);
/* takes @macs over if it succeeds */
gboolean dpdk_port_device_set_multicast_macs (DpdkPortDevice *self, const char *name, GArray *macs,
                                              GError **error);
/* a device that refuses keeps its state, which is no error */
gboolean dpdk_port_device_set_promiscuous (DpdkPortDevice *self, const char *name, gboolean on,
                                           GError **error);
gboolean dpdk_port_device_set_all_multicast (DpdkPortDevice *self, const char *name, gboolean on,
                                             GError **error);
/* leaves a device as it is that has no such mode */
gboolean dpdk_port_device_try_all_multicast (DpdkPortDevice *self, const char *name, gboolean on,
                                             GError **error);

guint dpdk_port_device_get_max_mtu (const struct rte_eth_dev_info *info);
/* fails with %DPDK_ERROR_BUSY if a started device must be stopped for it */
gboolean dpdk_port_device_set_mtu (DpdkPortDevice *self, const char *name, guint mtu,
                                   GError **error);
gboolean dpdk_port_device_read_info (DpdkPortDevice *self, const char *name,
                                     struct rte_eth_dev_info *info, GError **error);
/* the text goes to the caller's error */
void dpdk_port_device_set_error (GError **error, int native, const char *log, const char *name,
                                 const char *what);
int dpdk_port_device_get_queue_fd (DpdkPortDevice *self, guint queue);

G_END_DECLS
