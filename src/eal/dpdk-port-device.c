/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-port-device-private.h"

#include "dpdk-error-private.h"
#include "dpdk-interrupt-private.h"
#include "dpdk-log-private.h"
#include "dpdk-port-device-memif-private.h"
#include "dpdk-tsan-private.h"

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
  self->is_started = TRUE;
  return TRUE;
}

/* some drivers keep the buffers of their queues after they are closed */
static void
drain (gpointer data)
{
  DpdkPortDevice *self = data;
  struct rte_mbuf *packets[BURST];

  for (guint16 queue = 0; queue < self->settings.n_rx_queues; queue++)
    for (guint total = 0; total < DRAIN_MAX;)
      {
        guint16 n = rte_eth_rx_burst (self->id, queue, packets, BURST);

        if (n == 0)
          break;
        dpdk_tsan_release ((void *const *) packets, n);
        rte_pktmbuf_free_bulk (packets, n);
        total += n;
      }
}

void
dpdk_port_device_drain (DpdkPortDevice *self)
{
  if (self->is_away)
    return;
  /* the end of a connection unmaps on the interrupt thread what this reads */
  if (self->is_memif)
    dpdk_interrupt_call (drain, self);
  else
    drain (self);
}

static int
stop_native (DpdkPortDevice *self)
{
  return self->is_memif ? dpdk_port_device_memif_stop (self) : rte_eth_dev_stop (self->id);
}

gboolean
dpdk_port_device_stop (DpdkPortDevice *self, const char *name, GError **error)
{
  int native = self->is_away ? 0 : stop_native (self);

  if (native != 0)
    {
      dpdk_port_device_set_error (error, native, NULL, name, "stopping the device");
      return FALSE;
    }
  self->is_started = FALSE;
  self->is_away = FALSE;
  return TRUE;
}

gboolean
dpdk_port_device_reconnect (DpdkPortDevice *self)
{
  g_autofree char *log = NULL;

  /* that the peer is not there is no news */
  dpdk_log_capture_begin ();
  if (!self->is_away)
    stop_native (self);
  self->is_away = rte_eth_dev_start (self->id) != 0;
  log = dpdk_log_capture_end ();
  return !self->is_away;
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
dpdk_port_device_close (DpdkPortDevice *self, const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *log = NULL;
  int native;

  if (self->is_started)
    {
      dpdk_port_device_drain (self);
      if (!self->is_memif && !dpdk_port_device_stop (self, name, &error))
        g_warning ("%s", error->message);
    }
  dpdk_log_capture_begin ();
  native = self->is_memif ? dpdk_port_device_memif_close (self) : rte_eth_dev_close (self->id);
  /* some drivers return a positive number for success */
  if (native >= 0 && !has_other_port (self->native))
    native = rte_dev_remove (self->native);
  log = dpdk_log_capture_end ();
  if (native < 0)
    g_warning ("DpdkPort %s: closing the device: %s (error %d) %s", name, rte_strerror (-native),
               -native, log);
  self->is_open = FALSE;
}

void
dpdk_port_device_clear (DpdkPortDevice *self)
{
  dpdk_port_settings_clear (&self->settings);
  g_clear_pointer (&self->memif_socket, g_free);
  g_clear_pointer (&self->failed_mempools, g_ptr_array_unref);
  g_clear_pointer (&self->macs, g_array_unref);
  g_clear_pointer (&self->multicast_macs, g_array_unref);
}

void
dpdk_port_device_forget (DpdkPortDevice *self)
{
  self->is_open = FALSE;
  self->is_configured = FALSE;
  self->is_started = FALSE;
  self->is_away = FALSE;
  self->max_rx_queues = 0;
  self->max_tx_queues = 0;
  self->native = NULL;
  self->memif_socket = NULL;
  self->settings = (DpdkPortSettings){ 0 };
  self->failed_mempools = NULL;
  g_atomic_int_set (&self->is_promiscuous, FALSE);
  g_atomic_int_set (&self->is_all_multicast, FALSE);
  self->macs = NULL;
  self->multicast_macs = NULL;
  self->rx_capabilities = 0;
  self->tx_capabilities = 0;
  self->rx_offloads = 0;
  self->tx_offloads = 0;
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
