/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-port-device-private.h"

#include "dpdk-error-private.h"
#include "dpdk-log-private.h"
#include "dpdk-mempool-private.h"
#include "dpdk-port-offload-private.h"

#include <errno.h>
#include <rte_ethdev.h>
#include <string.h>

static struct rte_mempool *
get_pool (const DpdkPortSettings *settings, guint queue)
{
  return dpdk_mempool_get_native (g_ptr_array_index (settings->mempools, queue));
}

static gboolean
check_buffers (DpdkPortDevice *self, const char *name, const DpdkPortSettings *settings, guint mtu,
               guint64 rx_offloads, GError **error)
{
  for (guint i = 0; i < settings->n_rx_queues; i++)
    {
      guint room = rte_pktmbuf_data_room_size (get_pool (settings, i)) - RTE_PKTMBUF_HEADROOM;

      if (room >= mtu + RTE_ETHER_HDR_LEN || (rx_offloads & RTE_ETH_RX_OFFLOAD_SCATTER) != 0)
        continue;
      g_set_error (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT,
                   "DpdkPort %s: buffers of %u bytes are too small for an MTU of %u", name, room,
                   mtu);
      return FALSE;
    }
  return TRUE;
}

static gboolean
check_queues (DpdkPortDevice *self, const char *name, const DpdkPortSettings *settings,
              GError **error)
{
  if (settings->n_rx_queues == 0 || settings->n_rx_queues > self->max_rx_queues)
    g_set_error (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT,
                 "DpdkPort %s: %u queues: must be between 1 and %u", name, settings->n_rx_queues,
                 self->max_rx_queues);
  else if (settings->n_tx_queues == 0 || settings->n_tx_queues > self->max_tx_queues)
    g_set_error (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT,
                 "DpdkPort %s: %u transmit queues: must be between 1 and %u", name,
                 settings->n_tx_queues, self->max_tx_queues);
  else
    return TRUE;
  return FALSE;
}

static gboolean
setup_queues (DpdkPortDevice *self, const char *name, const struct rte_eth_dev_info *info,
              const DpdkPortSettings *settings, GError **error)
{
  guint16 n_rx = (guint16) MIN (settings->n_rx_descriptors, G_MAXUINT16);
  guint16 n_tx = (guint16) MIN (settings->n_tx_descriptors, G_MAXUINT16);
  unsigned int socket = (unsigned int) rte_eth_dev_socket_id (self->id);
  struct rte_eth_rxconf rx = info->default_rxconf;
  struct rte_eth_txconf tx = info->default_txconf;
  g_autofree char *log = NULL;
  int native;

  rx.offloads = self->rx_offloads;
  tx.offloads = self->tx_offloads;
  dpdk_log_capture_begin ();
  native = rte_eth_dev_adjust_nb_rx_tx_desc (self->id, &n_rx, &n_tx);
  for (guint16 i = 0; native == 0 && i < settings->n_rx_queues; i++)
    native = rte_eth_rx_queue_setup (self->id, i, n_rx, socket, &rx, get_pool (settings, i));
  for (guint16 i = 0; native == 0 && i < settings->n_tx_queues; i++)
    native = rte_eth_tx_queue_setup (self->id, i, n_tx, socket, &tx);
  log = dpdk_log_capture_end ();
  if (native == 0)
    return TRUE;
  dpdk_set_native_error (error, native, log,
                         "DpdkPort %s: setting up %u queues of %u descriptors to receive, and %u "
                         "of %u to send",
                         name, settings->n_rx_queues, settings->n_rx_descriptors,
                         settings->n_tx_queues, settings->n_tx_descriptors);
  return FALSE;
}

/* drivers whose interrupt does not come, or comes for one direction only: with it on, DPDK would not
   ask the device any more */
static gboolean
has_usable_link_interrupt (DpdkPortDevice *self)
{
  static const char *const broken[] = { "net_tap", "net_e1000_em", "net_e1000_igb_vf", NULL };

  return self->has_link_interrupts && !g_strv_contains (broken, self->driver);
}

static void
fill_conf (DpdkPortDevice *self, struct rte_eth_conf *conf, const struct rte_eth_dev_info *info,
           const DpdkPortSettings *settings)
{
  guint64 rx = dpdk_rx_offload_to_native (settings->rx_offloads) & info->rx_offload_capa;
  gboolean wants_rss = settings->n_rx_queues > 1 || (rx & RTE_ETH_RX_OFFLOAD_RSS_HASH) != 0;

  conf->rxmode.mtu = self->mtu;
  conf->txmode.mq_mode = RTE_ETH_MQ_TX_NONE;
  conf->intr_conf.rxq = self->with_interrupts;
  conf->intr_conf.lsc = has_usable_link_interrupt (self);
  conf->intr_conf.rmv = self->has_removal_interrupts;
  if (wants_rss && info->flow_type_rss_offloads != 0)
    {
      conf->rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
      conf->rx_adv_conf.rss_conf.rss_hf =
          info->flow_type_rss_offloads & (RTE_ETH_RSS_IP | RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP);
    }
  else
    rx &= ~RTE_ETH_RX_OFFLOAD_RSS_HASH;
  if ((rx & RTE_ETH_RX_OFFLOAD_TCP_LRO) != 0)
    conf->rxmode.max_lro_pkt_size = info->max_lro_pkt_size;
  conf->rxmode.offloads = rx;
  conf->txmode.offloads = dpdk_tx_offload_to_native (settings->tx_offloads) & info->tx_offload_capa;
}

static int
set_native_mtu (DpdkPortDevice *self, guint mtu)
{
  int native = rte_eth_dev_set_mtu (self->id, (guint16) mtu);

  /* a device without an MTU of its own takes what we send */
  return native == -ENOTSUP ? 0 : native;
}

/* until the next settings, or the end */
static void
keep_mempools (DpdkPortDevice *self, const DpdkPortSettings *settings)
{
  if (self->failed_mempools == NULL)
    self->failed_mempools = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < settings->mempools->len; i++)
    g_ptr_array_add (self->failed_mempools, g_object_ref (settings->mempools->pdata[i]));
}

/* a driver may begin anew with the address of the hardware */
static gboolean
restore_mac (DpdkPortDevice *self, const char *name, GError **error)
{
  struct rte_ether_addr mac;

  return !self->mac_is_set ||
         (rte_eth_macaddr_get (self->id, &mac) == 0 && rte_is_same_ether_addr (&mac, &self->mac)) ||
         dpdk_port_device_set_mac (self, name, &self->mac, error);
}

gboolean
dpdk_port_device_configure (DpdkPortDevice *self, const char *name, DpdkPortSettings *settings,
                            GError **error)
{
  struct rte_eth_conf conf = { 0 };
  struct rte_eth_dev_info info;
  g_autofree char *log = NULL;
  int native;

  if (!check_queues (self, name, settings, error) ||
      !dpdk_port_device_read_info (self, name, &info, error))
    return FALSE;
  fill_conf (self, &conf, &info, settings);
  if (!check_buffers (self, name, settings, self->mtu, conf.rxmode.offloads, error))
    return FALSE;
  /* from here on what it had before is lost */
  self->is_configured = FALSE;
  dpdk_log_capture_begin ();
  native = rte_eth_dev_configure (self->id, (guint16) settings->n_rx_queues,
                                  (guint16) settings->n_tx_queues, &conf);
  if (native == 0)
    native = set_native_mtu (self, self->mtu);
  log = dpdk_log_capture_end ();
  if (native != 0)
    {
      dpdk_set_native_error (error, native, log, "DpdkPort %s: configuring %u queues, MTU %u", name,
                             settings->n_rx_queues, self->mtu);
      return FALSE;
    }
  self->rx_offloads = conf.rxmode.offloads;
  self->tx_offloads = conf.txmode.offloads;
  if (!setup_queues (self, name, &info, settings, error) || !restore_mac (self, name, error))
    {
      keep_mempools (self, settings);
      return FALSE;
    }
  g_clear_pointer (&self->failed_mempools, g_ptr_array_unref);
  if (settings != &self->settings)
    {
      dpdk_port_settings_clear (&self->settings);
      self->settings = *settings;
      *settings = (DpdkPortSettings){ 0 };
    }
  self->is_configured = TRUE;
  return TRUE;
}

/* as rte_ethdev reckons it: some drivers bound the MTU, some the frame */
guint
dpdk_port_device_get_max_mtu (const struct rte_eth_dev_info *info)
{
  guint overhead = RTE_ETHER_HDR_LEN + RTE_ETHER_CRC_LEN;

  if (info->max_mtu != UINT16_MAX && info->max_rx_pktlen > info->max_mtu)
    return info->max_mtu;
  return MIN (info->max_mtu, info->max_rx_pktlen - MIN (overhead, info->max_rx_pktlen));
}

gboolean
dpdk_port_device_set_mtu (DpdkPortDevice *self, const char *name, guint mtu, GError **error)
{
  struct rte_eth_dev_info info;
  g_autofree char *log = NULL;
  int native;

  if (!dpdk_port_device_read_info (self, name, &info, error))
    return FALSE;
  if (mtu < info.min_mtu || mtu > dpdk_port_device_get_max_mtu (&info))
    {
      g_set_error (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT,
                   "DpdkPort %s: MTU %u: the device can do %u to %u", name, mtu, info.min_mtu,
                   dpdk_port_device_get_max_mtu (&info));
      return FALSE;
    }
  if (self->is_configured)
    {
      if (!check_buffers (self, name, &self->settings, mtu, self->rx_offloads, error))
        return FALSE;
      dpdk_log_capture_begin ();
      native = set_native_mtu (self, mtu);
      log = dpdk_log_capture_end ();
      if (native != 0)
        {
          dpdk_set_native_error (error, native, log, "DpdkPort %s: setting MTU %u", name, mtu);
          return FALSE;
        }
    }
  self->mtu = mtu;
  return TRUE;
}

static gboolean
restore_addresses (DpdkPortDevice *self, const char *name, GError **error)
{
  if (self->mac_is_set && !dpdk_port_device_set_mac (self, name, &self->mac, error))
    return FALSE;
  for (guint i = 0; i < self->macs->len; i++)
    {
      struct rte_ether_addr *mac = &g_array_index (self->macs, struct rte_ether_addr, i);
      int native = rte_eth_dev_mac_addr_add (self->id, mac, 0);

      if (native == 0)
        continue;
      dpdk_port_device_set_error (error, native, NULL, name, "restoring a MAC address");
      return FALSE;
    }
  if (self->multicast_macs->len > 0 &&
      rte_eth_dev_set_mc_addr_list (self->id,
                                    (struct rte_ether_addr *) (void *) self->multicast_macs->data,
                                    self->multicast_macs->len) != 0)
    g_warning ("DpdkPort %s: the device has forgotten its multicast addresses", name);
  return TRUE;
}

gboolean
dpdk_port_device_reset (DpdkPortDevice *self, const char *name, GError **error)
{
  gboolean was_promiscuous = self->is_promiscuous, was_all_multicast = self->is_all_multicast;
  g_autofree char *log = NULL;
  int native;

  if (self->is_started && !dpdk_port_device_stop (self, name, error))
    return FALSE;
  dpdk_log_capture_begin ();
  native = rte_eth_dev_reset (self->id);
  log = dpdk_log_capture_end ();
  /* one that has no reset begins anew by being configured */
  if (native != 0 && native != -ENOTSUP)
    {
      dpdk_port_device_set_error (error, native, log, name, "resetting the device");
      return FALSE;
    }
  if (!self->is_configured)
    return TRUE;
  if (!dpdk_port_device_configure (self, name, &self->settings, error))
    return FALSE;
  if (native == 0 && !restore_addresses (self, name, error))
    return FALSE;
  if (native == 0 && was_promiscuous)
    rte_eth_promiscuous_enable (self->id);
  if (native == 0 && was_all_multicast)
    rte_eth_allmulticast_enable (self->id);
  return TRUE;
}
