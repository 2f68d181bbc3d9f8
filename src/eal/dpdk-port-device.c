/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-port-device-private.h"

#include "dpdk-error-private.h"
#include "dpdk-log-private.h"

#include <errno.h>
#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <string.h>

/* packets that a device hands over while it is drained: more than any queue holds */
#define DRAIN_MAX (64 * 1024)
#define BURST 32

void
dpdk_port_device_set_error (GError **error, int native, const char *log, const char *name,
                            const char *what)
{
  dpdk_set_native_error (error, native, log, "DpdkPort %s: %s", name, what);
}

gboolean
dpdk_port_device_read_info (DpdkPortDevice *self, const char *name, struct rte_eth_dev_info *info,
                            GError **error)
{
  int native = rte_eth_dev_info_get (self->id, info);

  if (native == 0)
    return TRUE;
  dpdk_port_device_set_error (error, native, NULL, name, "reading the device's properties");
  return FALSE;
}

static gboolean
setup_queues (DpdkPortDevice *self, const char *name, struct rte_mempool *pool,
              const struct rte_eth_dev_info *info, guint n_queues, guint n_descriptors,
              GError **error)
{
  guint16 n_rx = (guint16) MIN (n_descriptors, G_MAXUINT16), n_tx = n_rx;
  struct rte_eth_txconf tx = info->default_txconf;
  int socket = rte_eth_dev_socket_id (self->id);
  int native = rte_eth_dev_adjust_nb_rx_tx_desc (self->id, &n_rx, &n_tx);

  for (guint16 i = 0; native == 0 && i < n_queues; i++)
    {
      native = rte_eth_rx_queue_setup (self->id, i, n_rx, (unsigned int) socket, NULL, pool);
      if (native == 0)
        native = rte_eth_tx_queue_setup (self->id, i, n_tx, (unsigned int) socket, &tx);
    }
  if (native == 0)
    return TRUE;
  g_set_error (error, DPDK_ERROR, dpdk_error_from_native (-native),
               "DpdkPort %s: setting up %u queues of %u descriptors: %s (error %d)", name, n_queues,
               n_descriptors, rte_strerror (-native), -native);
  return FALSE;
}

gboolean
dpdk_port_device_configure (DpdkPortDevice *self, const char *name, struct rte_mempool *pool,
                            guint n_queues, guint n_descriptors, gboolean with_interrupts,
                            GError **error)
{
  struct rte_eth_conf conf = { 0 };
  struct rte_eth_dev_info info;
  g_autofree char *log = NULL;
  guint room = rte_pktmbuf_data_room_size (pool) - RTE_PKTMBUF_HEADROOM;
  int native;

  if (room < self->mtu + RTE_ETHER_HDR_LEN)
    {
      g_set_error (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT,
                   "DpdkPort %s: buffers of %u bytes are too small for an MTU of %u", name, room,
                   self->mtu);
      return FALSE;
    }
  if (!dpdk_port_device_read_info (self, name, &info, error))
    return FALSE;
  conf.rxmode.mtu = self->mtu;
  conf.txmode.mq_mode = RTE_ETH_MQ_TX_NONE;
  conf.intr_conf.rxq = with_interrupts;
  if (n_queues > 1 && info.flow_type_rss_offloads != 0)
    {
      conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
      conf.rx_adv_conf.rss_conf.rss_hf =
          info.flow_type_rss_offloads & (RTE_ETH_RSS_IP | RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP);
    }
  dpdk_log_capture_begin ();
  native = rte_eth_dev_configure (self->id, (guint16) n_queues, (guint16) n_queues, &conf);
  if (native == 0)
    {
      native = rte_eth_dev_set_mtu (self->id, (guint16) self->mtu);
      /* a device without an MTU of its own takes what we send */
      if (native == -ENOTSUP)
        native = 0;
    }
  log = dpdk_log_capture_end ();
  if (native != 0)
    {
      dpdk_set_native_error (error, native, log, "DpdkPort %s: configuring %u queues, MTU %u", name,
                             n_queues, self->mtu);
      return FALSE;
    }
  return setup_queues (self, name, pool, &info, n_queues, n_descriptors, error);
}

gboolean
dpdk_port_device_start (DpdkPortDevice *self, const char *name, GError **error)
{
  g_autofree char *log = NULL;
  int native;

  dpdk_log_capture_begin ();
  native = rte_eth_dev_start (self->id);
  log = dpdk_log_capture_end ();
  if (native != 0)
    {
      dpdk_port_device_set_error (error, native, log, name, "starting the device");
      return FALSE;
    }
  return TRUE;
}

/* some drivers keep the buffers of their queues after they are closed */
static void
drain (DpdkPortDevice *self, guint n_queues)
{
  struct rte_mbuf *packets[BURST];

  for (guint16 queue = 0; queue < n_queues; queue++)
    for (guint total = 0; total < DRAIN_MAX;)
      {
        guint16 n = rte_eth_rx_burst (self->id, queue, packets, BURST);

        if (n == 0)
          break;
        rte_pktmbuf_free_bulk (packets, n);
        total += n;
      }
}

gboolean
dpdk_port_device_stop (DpdkPortDevice *self, const char *name, guint n_queues, GError **error)
{
  int native;

  drain (self, n_queues);
  native = rte_eth_dev_stop (self->id);
  if (native != 0)
    {
      dpdk_port_device_set_error (error, native, NULL, name, "stopping the device");
      return FALSE;
    }
  return TRUE;
}

/* a device may have several ports, and another may still be in use */
static gboolean
has_other_port (struct rte_device *device)
{
  guint16 id;

  RTE_ETH_FOREACH_DEV_OF (id, device)
  return TRUE;
  return FALSE;
}

/* nobody is left to tell of a failure, so it is logged and the rest done all the same */
void
dpdk_port_device_close (DpdkPortDevice *self, guint n_started_queues)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *log = NULL;
  int native;

  if (n_started_queues > 0 && !dpdk_port_device_stop (self, self->driver, n_started_queues, &error))
    g_warning ("%s", error->message);
  dpdk_log_capture_begin ();
  native = rte_eth_dev_close (self->id);
  /* some drivers return a positive number for success */
  if (native >= 0 && !has_other_port (self->native))
    native = rte_dev_remove (self->native);
  log = dpdk_log_capture_end ();
  if (native < 0)
    g_warning ("DpdkPort %s: closing the device: %s (error %d) %s", self->driver,
               rte_strerror (-native), -native, log);
  self->is_open = FALSE;
}

void
dpdk_port_device_clear (DpdkPortDevice *self)
{
  g_clear_pointer (&self->driver, g_free);
}

gboolean
dpdk_port_device_set_mac (DpdkPortDevice *self, const char *name, const struct rte_ether_addr *mac,
                          GError **error)
{
  struct rte_ether_addr copy = *mac;
  int native;

  /* setting it in the device would give it to the kernel's end of the tap */
  if (strcmp (self->driver, "net_tap") == 0)
    return TRUE;
  native = rte_eth_dev_default_mac_addr_set (self->id, &copy);
  /* a device that does not look at addresses cannot be told one, and need not */
  if (native == 0 || native == -ENOTSUP)
    return TRUE;
  dpdk_port_device_set_error (error, native, NULL, name, "setting the MAC address");
  return FALSE;
}

/* as rte_ethdev reckons it: some drivers bound the MTU, some the frame */
static guint
get_max_mtu (const struct rte_eth_dev_info *info)
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

  if (!dpdk_port_device_read_info (self, name, &info, error))
    return FALSE;
  if (mtu < info.min_mtu || mtu > get_max_mtu (&info))
    {
      g_set_error (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT,
                   "DpdkPort %s: MTU %u: the device can do %u to %u", name, mtu, info.min_mtu,
                   get_max_mtu (&info));
      return FALSE;
    }
  self->mtu = mtu;
  return TRUE;
}

gboolean
dpdk_port_device_get_statistics (DpdkPortDevice *self, const char *name,
                                 DpdkPortStatistics *statistics, GError **error)
{
  struct rte_eth_stats native_statistics;
  int native = rte_eth_stats_get (self->id, &native_statistics);

  if (native != 0)
    {
      dpdk_port_device_set_error (error, native, NULL, name, "reading statistics");
      return FALSE;
    }
  statistics->rx_packets = native_statistics.ipackets;
  statistics->tx_packets = native_statistics.opackets;
  statistics->rx_bytes = native_statistics.ibytes;
  statistics->tx_bytes = native_statistics.obytes;
  statistics->rx_missed = native_statistics.imissed;
  statistics->rx_errors = native_statistics.ierrors;
  statistics->tx_errors = native_statistics.oerrors;
  statistics->rx_no_memory = native_statistics.rx_nombuf;
  return TRUE;
}

int
dpdk_port_device_get_queue_fd (DpdkPortDevice *self, guint queue)
{
  g_autofree char *log = NULL;
  int fd;

  /* a device that has none says so as an error */
  dpdk_log_capture_begin ();
  fd = rte_eth_dev_rx_intr_ctl_q_get_fd (self->id, (guint16) queue);
  log = dpdk_log_capture_end ();
  return fd;
}
