/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* the size and the addresses of what a port takes; all of it may change while the port is started */
#include "dpdk-port-internal.h"

#include <rte_ether.h>

void
dpdk_port_update_mac (DpdkPort *self)
{
  g_autofree char *text =
      g_strdup_printf (RTE_ETHER_ADDR_PRT_FMT, RTE_ETHER_ADDR_BYTES (&self->device.mac));

  for (char *c = text; *c != '\0'; c++)
    *c = g_ascii_tolower (*c);
  /* who asked for the old one may still look at it */
  g_atomic_pointer_set (&self->mac, (char *) g_intern_string (text));
}

static gboolean
parse_mac (DpdkPort *self, const char *text, gboolean is_multicast, struct rte_ether_addr *mac,
           GError **error)
{
  if (rte_ether_unformat_addr (text, mac) == 0 &&
      (is_multicast ? rte_is_multicast_ether_addr (mac) : rte_is_valid_assigned_ether_addr (mac)))
    return TRUE;
  g_set_error (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT,
               "DpdkPort %s: \"%s\" is not a %s MAC address", self->devargs, text,
               is_multicast ? "multicast" : "unicast");
  return FALSE;
}

static void
set_mac_job (gpointer data)
{
  DpdkPortCall *call = data;
  DpdkPort *self = call->self;

  if (!dpdk_port_check_open (call) ||
      !dpdk_port_device_set_mac (&self->device, self->devargs, &call->mac, &call->error))
    return;
  dpdk_port_update_mac (self);
  dpdk_port_mark_changed (self);
  dpdk_port_notify (self, DPDK_PORT_PROP_MAC);
}

static gboolean
control_mac (DpdkPort *self, const char *mac, DpdkOwnerFunc job, const char *what, GError **error)
{
  DpdkPortCall call = { 0 };

  return parse_mac (self, mac, FALSE, &call.mac, error) &&
         dpdk_port_control (self, job, &call, what, error);
}

/**
 * dpdk_port_set_mac: (set-property mac)
 * @self: a port
 * @mac: a unicast address, as "02:00:00:00:00:01"
 * @error: return location for an error
 *
 * Sets the MAC address. Workers that use the port tell its neighbours.
 *
 * May be called from any thread but that of a worker.
 *
 * Fails with %DPDK_ERROR_INVALID_ARGUMENT if @mac is not a unicast address.
 *
 * Returns: %TRUE on success
 *
 * Since: 0.1
 */
gboolean
dpdk_port_set_mac (DpdkPort *self, const char *mac, GError **error)
{
  g_return_val_if_fail (DPDK_IS_PORT (self), FALSE);
  g_return_val_if_fail (mac != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return control_mac (self, mac, set_mac_job, "setting a MAC address", error);
}

static void
add_mac_job (gpointer data)
{
  DpdkPortCall *call = data;

  if (dpdk_port_check_open (call))
    dpdk_port_device_add_mac (&call->self->device, call->self->devargs, &call->mac, &call->error);
}

/**
 * dpdk_port_add_mac:
 * @self: a port
 * @mac: a unicast address, as "02:00:00:00:00:01"
 * @error: return location for an error
 *
 * Makes the port take frames to a further MAC address. Does nothing if it does so already.
 *
 * May be called from any thread but that of a worker.
 *
 * Fails with %DPDK_ERROR_INVALID_ARGUMENT if @mac is not a unicast address, with
 * %DPDK_ERROR_NO_MEMORY if the device has no room for it, and with %DPDK_ERROR_NOT_SUPPORTED if it
 * cannot have more than one.
 *
 * Returns: %TRUE on success
 *
 * Since: 0.1
 */
gboolean
dpdk_port_add_mac (DpdkPort *self, const char *mac, GError **error)
{
  g_return_val_if_fail (DPDK_IS_PORT (self), FALSE);
  g_return_val_if_fail (mac != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return control_mac (self, mac, add_mac_job, "adding a MAC address", error);
}

static void
remove_mac_job (gpointer data)
{
  DpdkPortCall *call = data;

  if (dpdk_port_check_open (call))
    dpdk_port_device_remove_mac (&call->self->device, call->self->devargs, &call->mac,
                                 &call->error);
}

/**
 * dpdk_port_remove_mac:
 * @self: a port
 * @mac: an address that was added by [method@Dpdk.Port.add_mac]
 * @error: return location for an error
 *
 * Makes the port no longer take frames to a MAC address.
 *
 * May be called from any thread but that of a worker.
 *
 * Fails with %DPDK_ERROR_NO_DEVICE if @mac was not added.
 *
 * Returns: %TRUE on success
 *
 * Since: 0.1
 */
gboolean
dpdk_port_remove_mac (DpdkPort *self, const char *mac, GError **error)
{
  g_return_val_if_fail (DPDK_IS_PORT (self), FALSE);
  g_return_val_if_fail (mac != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return control_mac (self, mac, remove_mac_job, "removing a MAC address", error);
}

static void
set_multicast_macs_job (gpointer data)
{
  DpdkPortCall *call = data;

  if (dpdk_port_check_open (call))
    dpdk_port_device_set_multicast_macs (&call->self->device, call->self->devargs, call->data,
                                         &call->error);
}

/**
 * dpdk_port_set_multicast_macs:
 * @self: a port
 * @macs: (array zero-terminated=1): multicast addresses, as "01:00:5e:00:00:01"
 * @error: return location for an error
 *
 * Makes the port take frames to these multicast addresses, and to no others that were set before. A
 * device that cannot choose may have [property@Dpdk.Port:all-multicast].
 *
 * May be called from any thread but that of a worker.
 *
 * Fails with %DPDK_ERROR_INVALID_ARGUMENT if an address is not a multicast address, and with
 * %DPDK_ERROR_NOT_SUPPORTED if the device cannot do this.
 *
 * Returns: %TRUE on success
 *
 * Since: 0.1
 */
gboolean
dpdk_port_set_multicast_macs (DpdkPort *self, const char *const *macs, GError **error)
{
  g_autoptr (GArray) array = g_array_new (FALSE, TRUE, sizeof (struct rte_ether_addr));
  DpdkPortCall call = { .data = array };

  g_return_val_if_fail (DPDK_IS_PORT (self), FALSE);
  g_return_val_if_fail (macs != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  for (; *macs != NULL; macs++)
    {
      struct rte_ether_addr mac;

      if (!parse_mac (self, *macs, TRUE, &mac, error))
        return FALSE;
      g_array_append_val (array, mac);
    }
  return dpdk_port_control (self, set_multicast_macs_job, &call, "setting multicast addresses",
                            error);
}

static gboolean
set_device_mtu (DpdkPortCall *call)
{
  return dpdk_port_device_set_mtu (&call->self->device, call->self->devargs, call->number,
                                   &call->error);
}

static void
set_mtu_job (gpointer data)
{
  DpdkPortCall *call = data;
  DpdkPort *self = call->self;

  if (!dpdk_port_check_open (call))
    return;
  if (!set_device_mtu (call))
    {
      /* some devices must be stopped for it */
      if (!self->device.is_started || !g_error_matches (call->error, DPDK_ERROR, DPDK_ERROR_BUSY))
        return;
      g_clear_error (&call->error);
      if (!dpdk_port_restart (self, set_device_mtu, call))
        return;
    }
  dpdk_port_mark_changed (self);
  dpdk_port_notify (self, DPDK_PORT_PROP_MTU);
}

/**
 * dpdk_port_set_mtu: (set-property mtu)
 * @self: a port
 * @mtu: the largest layer 3 packet, in bytes, from 68 (RFC 791) up
 * @error: return location for an error
 *
 * Sets the MTU. A device that cannot change it while it runs is stopped and started again for it;
 * threads and workers that receive or send meanwhile get nothing and are rid of nothing.
 *
 * May be called from any thread but that of a worker.
 *
 * Fails with %DPDK_ERROR_INVALID_ARGUMENT if the device cannot do this, or the buffers of a mempool
 * are too small for it.
 *
 * Returns: %TRUE on success
 *
 * Since: 0.1
 */
gboolean
dpdk_port_set_mtu (DpdkPort *self, guint mtu, GError **error)
{
  DpdkPortCall call = { .number = mtu };

  g_return_val_if_fail (DPDK_IS_PORT (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return dpdk_port_control (self, set_mtu_job, &call, "setting an MTU", error);
}

static void
set_promiscuous_job (gpointer data)
{
  DpdkPortCall *call = data;
  DpdkPort *self = call->self;
  gboolean was_on = self->device.is_promiscuous;

  if (dpdk_port_check_open (call) &&
      dpdk_port_device_set_promiscuous (&self->device, self->devargs, call->flag, &call->error) &&
      !was_on != !self->device.is_promiscuous)
    dpdk_port_notify (self, DPDK_PORT_PROP_PROMISCUOUS);
}

/**
 * dpdk_port_set_promiscuous: (set-property promiscuous)
 * @self: a port
 * @promiscuous: whether to take all frames
 * @error: return location for an error
 *
 * Makes the port take all frames, whatever address they are for. A device that cannot do so is
 * no error: there is a warning, once, and [property@Dpdk.Port:promiscuous] stays as it is.
 *
 * May be called from any thread but that of a worker.
 *
 * Returns: %TRUE on success
 *
 * Since: 0.1
 */
gboolean
dpdk_port_set_promiscuous (DpdkPort *self, gboolean promiscuous, GError **error)
{
  DpdkPortCall call = { .flag = promiscuous };

  g_return_val_if_fail (DPDK_IS_PORT (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return dpdk_port_control (self, set_promiscuous_job, &call, "setting the promiscuous mode",
                            error);
}

static void
set_all_multicast_job (gpointer data)
{
  DpdkPortCall *call = data;
  DpdkPort *self = call->self;
  gboolean was_on = self->device.is_all_multicast;

  if (!dpdk_port_check_open (call))
    return;
  self->all_multicast_is_for_groups = !call->flag && g_atomic_int_get (&self->n_groups) > 0;
  if (!self->all_multicast_is_for_groups &&
      dpdk_port_device_set_all_multicast (&self->device, self->devargs, call->flag, &call->error) &&
      !was_on != !self->device.is_all_multicast)
    dpdk_port_notify (self, DPDK_PORT_PROP_ALL_MULTICAST);
}

static void
try_all_multicast_job (gpointer data)
{
  DpdkPortCall *call = data;
  DpdkPort *self = call->self;
  gboolean was_on = self->device.is_all_multicast;

  if (dpdk_port_check_open (call) &&
      dpdk_port_device_try_all_multicast (&self->device, self->devargs, TRUE, &call->error) &&
      !was_on != !self->device.is_all_multicast)
    dpdk_port_notify (self, DPDK_PORT_PROP_ALL_MULTICAST);
}

gboolean
dpdk_port_try_all_multicast (DpdkPort *self, GError **error)
{
  DpdkPortCall call = { 0 };

  return dpdk_port_control (self, try_all_multicast_job, &call, "setting the all-multicast mode",
                            error);
}

/**
 * dpdk_port_set_all_multicast: (set-property all-multicast)
 * @self: a port
 * @all_multicast: whether to take all multicast frames
 * @error: return location for an error
 *
 * Makes the port take all frames to multicast addresses. A device that cannot do so is no error:
 * there is a warning, once, and [property@Dpdk.Port:all-multicast] stays as it is. It also stays on as
 * long as a UDP socket is member of a group on the port. A [class@Dpdk.Runtime] switches it on for the
 * ports that it opens: without it, a device that filters does not let neighbours find IPv6 addresses.
 *
 * May be called from any thread but that of a worker.
 *
 * Returns: %TRUE on success
 *
 * Since: 0.1
 */
gboolean
dpdk_port_set_all_multicast (DpdkPort *self, gboolean all_multicast, GError **error)
{
  DpdkPortCall call = { .flag = all_multicast };

  g_return_val_if_fail (DPDK_IS_PORT (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return dpdk_port_control (self, set_all_multicast_job, &call, "setting the all-multicast mode",
                            error);
}

static void
groups_job (gpointer data)
{
  g_autofree GWeakRef *weak = data;
  g_autoptr (DpdkPort) self = g_weak_ref_get (weak);
  g_autoptr (GError) error = NULL;
  gboolean was_on, wanted;

  g_weak_ref_clear (weak);
  if (self == NULL || !self->device.is_open || g_atomic_int_get (&self->removed))
    return;
  wanted = g_atomic_int_get (&self->n_groups) > 0;
  was_on = self->device.is_all_multicast;
  if (wanted ? was_on : !self->all_multicast_is_for_groups)
    return;
  if (!dpdk_port_device_try_all_multicast (&self->device, self->devargs, wanted, &error))
    g_message ("%s", error->message);
  self->all_multicast_is_for_groups = wanted && self->device.is_all_multicast;
  if (!was_on != !self->device.is_all_multicast)
    dpdk_port_notify (self, DPDK_PORT_PROP_ALL_MULTICAST);
}

static void
update_groups (DpdkPort *self)
{
  GWeakRef *weak = g_new0 (GWeakRef, 1);

  /* a worker must not wait for the owner thread, which may wait for it */
  g_weak_ref_init (weak, self);
  dpdk_owner_post (groups_job, weak);
}

void
dpdk_port_add_group (DpdkPort *self)
{
  if (g_atomic_int_add (&self->n_groups, 1) == 0)
    update_groups (self);
}

void
dpdk_port_remove_group (DpdkPort *self)
{
  if (g_atomic_int_dec_and_test (&self->n_groups))
    update_groups (self);
}
