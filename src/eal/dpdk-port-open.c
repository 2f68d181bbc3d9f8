/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-port-internal.h"

#include "dpdk-edge-private.h"
#include "dpdk-port-list-private.h"
#include "dpdk-port-memif-private.h"

#include <string.h>

#define REOPEN_TIMEOUT_US (2 * G_TIME_SPAN_SECOND)

static void
open_job (gpointer data)
{
  DpdkPortCall *call = data;
  DpdkPort *self = call->self;
  gboolean success = call->flag
                         ? dpdk_port_device_adopt (&self->device, self->devargs, &call->error)
                         : dpdk_port_device_open (&self->device, self->devargs, &call->error);

  if (!success)
    return;
  self->id = self->device.id;
  dpdk_port_update_mac (self);
  self->events = dpdk_port_events_new (self, self->device.native);
  dpdk_port_memif_watch (self);
  dpdk_port_list_add (self);
}

static DpdkPort *
open_port (DpdkEal *eal, const char *devargs, gboolean adopts, const char *what, GError **error)
{
  g_autoptr (DpdkPort) self = g_object_new (DPDK_TYPE_PORT, NULL);
  g_autoptr (GError) local_error = NULL;
  DpdkPortCall call = { .flag = adopts };
  gboolean success;

  self->devargs = g_strdup (devargs);
  dpdk_edge_set_name (self, devargs);
  self->eal = dpdk_edge_ref (self, eal);
  self->device_name = g_strndup (devargs, strcspn (devargs, ","));
  self->dependant = dpdk_eal_add_dependant (eal, DPDK_TYPE_PORT, devargs, error);
  if (self->dependant == NULL)
    return NULL;
  success = dpdk_port_control (self, open_job, &call, what, &local_error);
  if (g_error_matches (local_error, DPDK_ERROR, DPDK_ERROR_EXISTS) &&
      dpdk_owner_wait_idle (g_get_monotonic_time () + REOPEN_TIMEOUT_US))
    {
      /* whoever had it may have dropped it just now, and dropping does not wait; if that was not it,
         the first error tells more */
      call.error = NULL;
      success = dpdk_port_control (self, open_job, &call, what, NULL);
    }
  if (!success)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return NULL;
    }
  return g_steal_pointer (&self);
}

/**
 * dpdk_port_new:
 * @eal: the EAL
 * @devargs: the device: a PCI address, or a virtual device with its parameters
 * @error: return location for an error
 *
 * Opens a device.
 *
 * A PCI device, such as "0000:28:00.0" or "28:00.0", may be plugged in while the program runs. Unless
 * DPDK shares it with the kernel, as some do, it has to be bound to vfio-pci or to another driver for
 * programs. If the device is unplugged or unbound while it is in use, the port is closed and
 * [property@Dpdk.Port:removed] is set.
 *
 * May be called from any thread but that of a worker.
 *
 * Fails with %DPDK_ERROR_INVALID_ARGUMENT if @devargs names no device, with %DPDK_ERROR_BUSY if the
 * kernel uses the PCI device, with %DPDK_ERROR_NOT_SUPPORTED if the EAL was started with `--no-pci`,
 * with %DPDK_ERROR_NO_DEVICE, %DPDK_ERROR_PERMISSION_DENIED or %DPDK_ERROR_EXISTS, or with
 * %DPDK_ERROR_FAILED for what the driver alone can explain: the message has the device and the log
 * of DPDK.
 *
 * Returns: (transfer full): the port
 *
 * Since: 0.1
 */
DpdkPort *
dpdk_port_new (DpdkEal *eal, const char *devargs, GError **error)
{
  g_return_val_if_fail (DPDK_IS_EAL (eal), NULL);
  g_return_val_if_fail (devargs != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return open_port (eal, devargs, FALSE, "opening a port", error);
}

/**
 * dpdk_port_adopt:
 * @eal: the EAL
 * @device_name: the name of an Ethernet device in DPDK, such as "net_ring_pair0"
 * @error: return location for an error
 *
 * Takes over a device that the application has made with DPDK itself, for example by
 * `rte_eth_from_rings()` or `rte_eth_bond_create()`. From then on the port owns it: the device is
 * stopped, closed and removed with the port, and the application must not do so.
 *
 * A device that is started is stopped. Whatever it was configured with before, it has to be
 * configured by [method@Dpdk.Port.configure]. What the device is made of, such as the rings, still
 * belongs to the application and must live until the port is closed.
 *
 * May be called from any thread but that of a worker.
 *
 * Fails with %DPDK_ERROR_NO_DEVICE if there is no device of this name, and with %DPDK_ERROR_EXISTS
 * if another port or another library owns it.
 *
 * Returns: (transfer full): the port
 *
 * Since: 0.1
 */
DpdkPort *
dpdk_port_adopt (DpdkEal *eal, const char *device_name, GError **error)
{
  g_return_val_if_fail (DPDK_IS_EAL (eal), NULL);
  g_return_val_if_fail (device_name != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return open_port (eal, device_name, TRUE, "adopting a device", error);
}
