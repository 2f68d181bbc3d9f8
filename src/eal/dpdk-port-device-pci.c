/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-port-device-pci-private.h"

#include "dpdk-error.h"

#include <rte_eal.h>
#include <rte_pci.h>
#include <string.h>

#define DEVICES "/sys/bus/pci/devices"
#define DOMAIN "0000:"
/* PCI Code and ID Assignment Specification: the base class of network controllers */
#define NETWORK_CLASS "0x02"
#define MAX_DEVICE 0x1f
#define MAX_FUNCTION 7

char *
dpdk_port_device_pci_dup_name (const char *text)
{
  struct rte_pci_addr address;
  char name[PCI_PRI_STR_SIZE];

  if (rte_pci_addr_parse (text, &address) != 0 || address.devid > MAX_DEVICE ||
      address.function > MAX_FUNCTION)
    return NULL;
  rte_pci_device_name (&address, name, sizeof name);
  /* DPDK overlooks what follows an address, and more */
  if (g_ascii_strcasecmp (text, name) != 0 &&
      (!g_str_has_prefix (name, DOMAIN) || g_ascii_strcasecmp (text, name + strlen (DOMAIN))))
    return NULL;
  return g_strdup (name);
}

gboolean
dpdk_port_device_pci_check (const char *name, const char *devargs, GError **error)
{
  g_autofree char *path = g_build_filename (DEVICES, name, NULL);

  if (!rte_eal_has_pci ())
    g_set_error (error, DPDK_ERROR, DPDK_ERROR_NOT_SUPPORTED,
                 "DpdkPort %s: the EAL was started with --no-pci", devargs);
  else if (!g_file_test (path, G_FILE_TEST_EXISTS))
    g_set_error (error, DPDK_ERROR, DPDK_ERROR_NO_DEVICE, "DpdkPort %s: there is no PCI device %s",
                 devargs, name);
  else
    return TRUE;
  return FALSE;
}

static gboolean
is_network_device (const char *name)
{
  g_autofree char *path = g_build_filename (DEVICES, name, "class", NULL);
  g_autofree char *text = NULL;

  return g_file_get_contents (path, &text, NULL, NULL) && g_str_has_prefix (text, NETWORK_CLASS);
}

static gboolean
is_for_user_space (const char *driver)
{
  /* there are variants of vfio-pci, such as mlx5_vfio_pci */
  return strstr (driver, "vfio") != NULL || g_str_equal (driver, "uio_pci_generic") ||
         g_str_equal (driver, "igb_uio");
}

gboolean
dpdk_port_device_pci_explain (const char *name, const char *devargs, const char *log,
                              GError **error)
{
  g_autofree char *path = g_build_filename (DEVICES, name, "driver", NULL);
  g_autofree char *target = g_file_read_link (path, NULL);
  g_autofree char *driver = target != NULL ? g_path_get_basename (target) : NULL;

  if (driver != NULL && is_for_user_space (driver))
    return FALSE;
  if (!is_network_device (name))
    g_set_error (error, DPDK_ERROR, DPDK_ERROR_NO_DEVICE,
                 "DpdkPort %s: the device is not a network device%s%s", devargs,
                 *log != '\0' ? ": " : "", log);
  else if (driver == NULL)
    g_set_error (error, DPDK_ERROR, DPDK_ERROR_NO_DEVICE,
                 "DpdkPort %s: the device has no driver in the kernel: bind it to vfio-pci%s%s",
                 devargs, *log != '\0' ? ": " : "", log);
  else
    g_set_error (error, DPDK_ERROR, DPDK_ERROR_BUSY,
                 "DpdkPort %s: the kernel uses the device by its driver %s: bind it to "
                 "vfio-pci%s%s",
                 devargs, driver, *log != '\0' ? ": " : "", log);
  return TRUE;
}
