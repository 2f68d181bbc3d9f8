/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* how a device gets to be ours */
#include "dpdk-port-device-private.h"

#include "dpdk-error-private.h"
#include "dpdk-log-private.h"
#include "dpdk-port-device-memif-private.h"
#include "dpdk-port-device-pci-private.h"

#include <errno.h>
#include <linux/capability.h>
#include <net/if.h>
#include <rte_dev.h>
#include <rte_ethdev.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* the drivers say -1 for anything, and what the kernel said in their log only */
static int
guess_open_error (int native, const char *log)
{
  static const struct {
    const char *text;
    int native;
  } texts[] = {
    { "Operation not permitted", EACCES },
    { "Permission denied", EACCES },
    { "Address already in use", EEXIST },
    { "Device or resource busy", EEXIST },
    { "File exists", EEXIST },
    { "No such device", ENODEV },
    { "No such file or directory", ENODEV },
    { "failed to parse device", ENODEV },
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    if (strstr (log, texts[i].text) != NULL)
      return texts[i].native;
  return native == -1 ? EIO : -native;
}

static gboolean
has_capability (int capability)
{
  struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
  struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

  return syscall (SYS_capget, &header, data) == 0 &&
         (data[CAP_TO_INDEX (capability)].effective & CAP_TO_MASK (capability)) != 0;
}

static void
set_open_error (GError **error, int native, const char *log, const char *devargs)
{
  const char *needs = NULL;

  native = guess_open_error (native, log);
  if (g_str_has_prefix (devargs, "net_tap") &&
      (native == EACCES || !has_capability (CAP_NET_ADMIN)))
    needs = "a tap device needs the capability CAP_NET_ADMIN and /dev/net/tun";
  else if (g_str_has_prefix (devargs, "net_af_packet") &&
           (native == EACCES || !has_capability (CAP_NET_RAW)))
    needs = "a packet socket needs the capability CAP_NET_RAW";
  if (needs != NULL)
    g_set_error (
        error, DPDK_ERROR, DPDK_ERROR_PERMISSION_DENIED,
        "DpdkPort %s: not permitted: %s; net_null, net_ring and net_memif work without: %s",
        devargs, needs, log);
  else
    dpdk_port_device_set_error (error, native, log, devargs, "opening the device");
}

/* as DPDK calls it; NULL if it cannot be one */
static char *
get_device_name (const char *devargs, gboolean *is_pci, GError **error)
{
  g_autofree char *name = g_strndup (devargs, strcspn (devargs, ","));
  char *address;

  *is_pci = strchr (name, ':') != NULL;
  if (*name == '\0')
    g_set_error (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT, "DpdkPort: \"%s\" names no device",
                 devargs);
  if (!*is_pci)
    return *name != '\0' ? g_steal_pointer (&name) : NULL;
  address = dpdk_port_device_pci_dup_name (name);
  if (address == NULL)
    g_set_error (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT,
                 "DpdkPort %s: \"%s\" is not a PCI address such as 0000:28:00.0", devargs, name);
  return address;
}

/* the kernel would let a second process take every other packet of the first one's tap */
static gboolean
check_tap_is_new (const char *devargs, GError **error)
{
  g_auto (GStrv) parameters = g_strsplit (devargs, ",", -1);

  if (!g_str_has_prefix (devargs, "net_tap") ||
      g_strv_contains ((const char *const *) parameters, "persist"))
    return TRUE;
  for (guint i = 0; parameters[i] != NULL; i++)
    {
      const char *name = parameters[i] + strlen ("iface=");

      if (!g_str_has_prefix (parameters[i], "iface=") || if_nametoindex (name) == 0)
        continue;
      g_set_error (error, DPDK_ERROR, DPDK_ERROR_EXISTS,
                   "DpdkPort %s: a network interface %s exists already", devargs, name);
      return FALSE;
    }
  return TRUE;
}

static struct rte_eth_dev_owner owner = { .name = "dpdk-glib" };

/* DPDK has a notion of who owns a device, which other libraries respect too */
static gboolean
own (guint16 id, const char *name, GError **error)
{
  g_autofree char *log = NULL;
  int native = 0;

  dpdk_log_capture_begin ();
  if (owner.id == RTE_ETH_DEV_NO_OWNER)
    native = rte_eth_dev_owner_new (&owner.id);
  if (native == 0)
    native = rte_eth_dev_owner_set (id, &owner);
  log = dpdk_log_capture_end ();
  if (native == -EPERM)
    g_set_error (error, DPDK_ERROR, DPDK_ERROR_EXISTS,
                 "DpdkPort %s: the device has an owner already%s%s", name, *log != '\0' ? ": " : "",
                 log);
  else if (native != 0)
    dpdk_port_device_set_error (error, native, log, name, "becoming the owner of the device");
  return native == 0;
}

static gboolean
take (DpdkPortDevice *self, const char *name, const char *devargs, GError **error)
{
  struct rte_eth_dev_info info;
  guint16 mtu = 0;

  if (!dpdk_port_device_read_info (self, name, &info, error) || !own (self->id, name, error))
    return FALSE;
  self->is_open = TRUE;
  self->native = info.device;
  /* handed out without a copy, and there are few */
  self->driver = g_intern_string (info.driver_name);
  self->has_link_interrupts = (*info.dev_flags & RTE_ETH_DEV_INTR_LSC) != 0;
  self->has_removal_interrupts = (*info.dev_flags & RTE_ETH_DEV_INTR_RMV) != 0;
  self->is_promiscuous = rte_eth_promiscuous_get (self->id) == 1;
  self->is_all_multicast = rte_eth_allmulticast_get (self->id) == 1;
  self->rx_capabilities = info.rx_offload_capa;
  self->tx_capabilities = info.tx_offload_capa;
  self->max_tx_segments =
      info.tx_desc_lim.nb_seg_max > 0 ? info.tx_desc_lim.nb_seg_max : G_MAXUINT16;
  self->macs = g_array_new (FALSE, TRUE, sizeof (struct rte_ether_addr));
  self->multicast_macs = g_array_new (FALSE, TRUE, sizeof (struct rte_ether_addr));
  self->max_rx_queues = info.max_rx_queues;
  self->max_tx_queues = info.max_tx_queues;
  self->mtu = rte_eth_dev_get_mtu (self->id, &mtu) == 0 && mtu > 0 ? mtu : RTE_ETHER_MTU;
  self->numa_node = rte_eth_dev_socket_id (self->id);
  rte_eth_macaddr_get (self->id, &self->mac);
  if (strcmp (self->driver, "net_memif") == 0)
    dpdk_port_device_memif_init (self, devargs);
  if (strcmp (self->driver, "net_tap") == 0)
    /* the kernel's end of a tap has this address: ours must differ, or ARP confuses the two */
    self->mac.addr_bytes[RTE_ETHER_ADDR_LEN - 1] ^= 1;
  return TRUE;
}

static gboolean
has_owner (guint16 id)
{
  struct rte_eth_dev_owner other = { 0 };

  return rte_eth_dev_owner_get (id, &other) != 0 || other.id != RTE_ETH_DEV_NO_OWNER;
}

static gboolean
plug (DpdkPortDevice *self, const char *name, gboolean is_pci, const char *devargs, GError **error)
{
  const char *parameters = strchr (devargs, ',');
  g_autofree char *log = NULL;
  int native;

  dpdk_log_capture_begin ();
  native =
      rte_eal_hotplug_add (is_pci ? "pci" : "vdev", name, parameters != NULL ? parameters + 1 : "");
  log = dpdk_log_capture_end ();
  if (native != 0)
    {
      if (!is_pci || !dpdk_port_device_pci_explain (name, devargs, log, error))
        set_open_error (error, native, log, devargs);
      return FALSE;
    }
  if (rte_eth_dev_get_port_by_name (name, &self->id) == 0)
    return TRUE;
  rte_eal_hotplug_remove (is_pci ? "pci" : "vdev", name);
  g_set_error (error, DPDK_ERROR, DPDK_ERROR_NO_DEVICE,
               "DpdkPort %s: the device is not a network device, or no driver took it%s%s", devargs,
               *log != '\0' ? ": " : "", log);
  return FALSE;
}

gboolean
dpdk_port_device_open (DpdkPortDevice *self, const char *devargs, GError **error)
{
  gboolean is_pci;
  g_autofree char *name = get_device_name (devargs, &is_pci, error);

  if (name == NULL)
    return FALSE;
  if (rte_eth_dev_get_port_by_name (name, &self->id) == 0)
    {
      /* DPDK opens the PCI devices that its arguments allow when it starts */
      if (!is_pci || has_owner (self->id))
        {
          g_set_error (error, DPDK_ERROR, DPDK_ERROR_EXISTS,
                       "DpdkPort %s: the device is open already", devargs);
          return FALSE;
        }
    }
  else if (!(is_pci ? dpdk_port_device_pci_check (name, devargs, error)
                    : check_tap_is_new (devargs, error)) ||
           !plug (self, name, is_pci, devargs, error))
    return FALSE;
  if (!take (self, devargs, devargs, error))
    {
      rte_eal_hotplug_remove (is_pci ? "pci" : "vdev", name);
      return FALSE;
    }
  return TRUE;
}

/* a device that somebody else has made and may have started */
gboolean
dpdk_port_device_adopt (DpdkPortDevice *self, const char *name, GError **error)
{
  g_autofree char *log = NULL;
  int native = rte_eth_dev_get_port_by_name (name, &self->id);

  if (native != 0)
    {
      dpdk_port_device_set_error (error, native, NULL, name, "looking for the device");
      return FALSE;
    }
  if (!take (self, name, NULL, error))
    return FALSE;
  /* does nothing but say so to a device that is not started */
  dpdk_log_capture_begin ();
  native = rte_eth_dev_stop (self->id);
  log = dpdk_log_capture_end ();
  if (native == 0)
    return TRUE;
  dpdk_port_device_set_error (error, native, log, name, "stopping the device");
  rte_eth_dev_owner_unset (self->id, owner.id);
  self->is_open = FALSE;
  return FALSE;
}
