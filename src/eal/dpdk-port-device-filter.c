/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* which frames a device lets in */
#include "dpdk-port-device-private.h"

#include "dpdk-error-private.h"
#include "dpdk-log-private.h"

#include <errno.h>
#include <rte_ethdev.h>
#include <string.h>

static gboolean
check (int native, char *log, const char *name, const char *what, const struct rte_ether_addr *mac,
       GError **error)
{
  g_autofree char *text = log;

  if (native == 0)
    return TRUE;
  dpdk_set_native_error (error, native, text, "DpdkPort %s: %s " RTE_ETHER_ADDR_PRT_FMT, name, what,
                         RTE_ETHER_ADDR_BYTES (mac));
  return FALSE;
}

gboolean
dpdk_port_device_set_mac (DpdkPortDevice *self, const char *name, const struct rte_ether_addr *mac,
                          GError **error)
{
  struct rte_ether_addr copy = *mac;
  int native = 0;

  dpdk_log_capture_begin ();
  /* setting it in the device would give it to the kernel's end of the tap */
  if (strcmp (self->driver, "net_tap") != 0)
    native = rte_eth_dev_default_mac_addr_set (self->id, &copy);
  /* a device that does not look at addresses cannot be told one, and need not */
  if (native == -ENOTSUP)
    native = 0;
  if (!check (native, dpdk_log_capture_end (), name, "setting the MAC address", mac, error))
    return FALSE;
  self->mac = *mac;
  self->mac_is_set = TRUE;
  return TRUE;
}

static gint
find_mac (GArray *macs, const struct rte_ether_addr *mac)
{
  for (guint i = 0; i < macs->len; i++)
    if (rte_is_same_ether_addr (&g_array_index (macs, struct rte_ether_addr, i), mac))
      return (gint) i;
  return -1;
}

gboolean
dpdk_port_device_add_mac (DpdkPortDevice *self, const char *name, const struct rte_ether_addr *mac,
                          GError **error)
{
  struct rte_ether_addr copy = *mac;
  struct rte_eth_dev_info info;
  int native;

  if (find_mac (self->macs, mac) >= 0)
    return TRUE;
  if (!dpdk_port_device_read_info (self, name, &info, error))
    return FALSE;
  /* some drivers would put it in the place of the first */
  if (self->macs->len + 1 >= info.max_mac_addrs)
    {
      g_set_error (error, DPDK_ERROR,
                   info.max_mac_addrs > 1 ? DPDK_ERROR_NO_MEMORY : DPDK_ERROR_NOT_SUPPORTED,
                   "DpdkPort %s: adding the MAC address " RTE_ETHER_ADDR_PRT_FMT
                   ": the device can have %u",
                   name, RTE_ETHER_ADDR_BYTES (mac), info.max_mac_addrs);
      return FALSE;
    }
  dpdk_log_capture_begin ();
  native = rte_eth_dev_mac_addr_add (self->id, &copy, 0);
  if (!check (native, dpdk_log_capture_end (), name, "adding the MAC address", mac, error))
    return FALSE;
  g_array_append_val (self->macs, *mac);
  return TRUE;
}

gboolean
dpdk_port_device_remove_mac (DpdkPortDevice *self, const char *name,
                             const struct rte_ether_addr *mac, GError **error)
{
  struct rte_ether_addr copy = *mac;
  gint index = find_mac (self->macs, mac);
  int native = -ENOENT;

  dpdk_log_capture_begin ();
  if (index >= 0)
    native = rte_eth_dev_mac_addr_remove (self->id, &copy);
  if (!check (native, dpdk_log_capture_end (), name, "removing the MAC address", mac, error))
    return FALSE;
  g_array_remove_index (self->macs, (guint) index);
  return TRUE;
}

gboolean
dpdk_port_device_set_multicast_macs (DpdkPortDevice *self, const char *name, GArray *macs,
                                     GError **error)
{
  g_autofree char *log = NULL;
  int native;

  dpdk_log_capture_begin ();
  native = rte_eth_dev_set_mc_addr_list (
      self->id, macs->len > 0 ? (struct rte_ether_addr *) (void *) macs->data : NULL, macs->len);
  log = dpdk_log_capture_end ();
  if (native != 0)
    {
      dpdk_port_device_set_error (error, native, log, name, "setting the multicast addresses");
      return FALSE;
    }
  g_array_unref (self->multicast_macs);
  self->multicast_macs = g_array_ref (macs);
  return TRUE;
}

/* without @refused, a device that cannot is none of the caller's concern */
static gboolean
set_mode (DpdkPortDevice *self, const char *name, int (*change) (uint16_t id), gboolean *state,
          gboolean *refused, gboolean on, const char *what, GError **error)
{
  g_autofree char *log = NULL;
  int native;

  if (!*state == !on || (refused != NULL && *refused))
    return TRUE;
  dpdk_log_capture_begin ();
  native = change (self->id);
  log = dpdk_log_capture_end ();
  if (native == 0)
    g_atomic_int_set (state, on);
  else if (native == -ENOTSUP && refused != NULL)
    {
      *refused = TRUE;
      g_warning ("DpdkPort %s: the device (%s) cannot switch its %s mode %s", name, self->driver,
                 what, on ? "on" : "off");
    }
  else if (native != -ENOTSUP)
    dpdk_set_native_error (error, native, log, "DpdkPort %s: switching the %s mode %s", name, what,
                           on ? "on" : "off");
  return native == 0 || native == -ENOTSUP;
}

gboolean
dpdk_port_device_set_promiscuous (DpdkPortDevice *self, const char *name, gboolean on,
                                  GError **error)
{
  return set_mode (self, name, on ? rte_eth_promiscuous_enable : rte_eth_promiscuous_disable,
                   &self->is_promiscuous, &self->refuses_promiscuous, on, "promiscuous", error);
}

gboolean
dpdk_port_device_set_all_multicast (DpdkPortDevice *self, const char *name, gboolean on,
                                    GError **error)
{
  return set_mode (self, name, on ? rte_eth_allmulticast_enable : rte_eth_allmulticast_disable,
                   &self->is_all_multicast, &self->refuses_all_multicast, on, "all-multicast",
                   error);
}

gboolean
dpdk_port_device_try_all_multicast (DpdkPortDevice *self, const char *name, gboolean on,
                                    GError **error)
{
  return set_mode (self, name, on ? rte_eth_allmulticast_enable : rte_eth_allmulticast_disable,
                   &self->is_all_multicast, NULL, on, "all-multicast", error);
}
