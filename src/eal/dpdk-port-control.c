/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* what changes a port: it runs on the owner thread, one after the other */
#include "dpdk-port-internal.h"

#include "dpdk-edge-private.h"
#include "dpdk-error-private.h"
#include "dpdk-mempool-private.h"
#include "dpdk-owner-private.h"

/* what the device still needs while it is closed, and then nobody does */
typedef struct {
  DpdkPortDevice device;
  gboolean started;
  guint n_queues;
  DpdkEal *eal;
  DpdkMempool *mempool;
  DpdkDependant *dependant;
} CloseJob;

#define CLOSE_JOB "close job of DpdkPort"

static void
close_job (gpointer data)
{
  CloseJob *job = data;
  const char *name = dpdk_dependant_get_name (job->dependant);

  dpdk_port_device_close (&job->device, job->started ? job->n_queues : 0);
  dpdk_port_device_clear (&job->device);
  if (job->mempool != NULL)
    dpdk_edge_dropped (CLOSE_JOB, name, job->mempool);
  dpdk_edge_dropped (CLOSE_JOB, name, job->eal);
  dpdk_eal_remove_dependant (job->dependant);
  g_clear_object (&job->mempool);
  g_clear_object (&job->eal);
  g_free (job);
}

static CloseJob *
steal_close_job (DpdkPort *self)
{
  CloseJob *job = g_new0 (CloseJob, 1);

  job->device = self->device;
  self->device = (DpdkPortDevice){ 0 };
  job->started = self->started;
  self->started = FALSE;
  dpdk_port_queues_disconnect (self);
  job->n_queues = self->n_queues;
  self->n_queues = 0;
  job->eal = g_object_ref (self->eal);
  dpdk_edge_made (CLOSE_JOB, self->devargs, job->eal);
  job->mempool =
      dpdk_edge_hand_over (self, CLOSE_JOB, self->devargs, g_steal_pointer (&self->mempool));
  job->dependant = g_steal_pointer (&self->dependant);
  return job;
}

/* closes the device on the owner thread, some time later */
void
dpdk_port_begin_close (DpdkPort *self)
{
  if (self->device.is_open)
    dpdk_owner_post (close_job, steal_close_job (self));
}

gboolean
dpdk_port_control (DpdkPort *self, DpdkOwnerFunc func, DpdkPortCall *call, const char *what,
                   GError **error)
{
  if (dpdk_eal_is_inert ())
    {
      g_set_error (error, DPDK_ERROR, DPDK_ERROR_EAL_DEAD,
                   "DpdkPort %s: %s: the port belongs to the parent of this process", self->devargs,
                   what);
      return FALSE;
    }
  call->self = self;
  if (!dpdk_owner_call (func, call, what, error))
    return FALSE;
  if (call->error != NULL)
    {
      g_propagate_error (error, call->error);
      return FALSE;
    }
  return TRUE;
}

gboolean
dpdk_port_check_open (DpdkPortCall *call)
{
  if (call->self->device.is_open)
    return TRUE;
  g_set_error (&call->error, DPDK_ERROR, DPDK_ERROR_CLOSED, "DpdkPort %s is closed",
               call->self->devargs);
  return FALSE;
}

gboolean
dpdk_port_check_stopped (DpdkPortCall *call)
{
  if (!dpdk_port_check_open (call))
    return FALSE;
  if (!call->self->started)
    return TRUE;
  g_set_error (&call->error, DPDK_ERROR, DPDK_ERROR_BUSY, "DpdkPort %s is started",
               call->self->devargs);
  return FALSE;
}

gboolean
dpdk_port_check_no_worker (DpdkPortCall *call)
{
  if (g_atomic_int_get (&call->self->n_workers) == 0)
    return TRUE;
  g_set_error (&call->error, DPDK_ERROR, DPDK_ERROR_BUSY,
               "DpdkPort %s is polled by workers of a runtime: shut the runtime down first",
               call->self->devargs);
  return FALSE;
}

void
dpdk_port_update_mac (DpdkPort *self, const struct rte_ether_addr *mac)
{
  self->device.mac = *mac;
  g_free (self->mac);
  self->mac = g_strdup_printf (RTE_ETHER_ADDR_PRT_FMT, RTE_ETHER_ADDR_BYTES (mac));
  for (char *c = self->mac; *c != '\0'; c++)
    *c = g_ascii_tolower (*c);
}

static void
configure_job (gpointer data)
{
  DpdkPortCall *call = data;
  DpdkPort *self = call->self;

  if (!dpdk_port_check_stopped (call))
    return;
  if (call->n_queues == 0 || call->n_queues > self->device.max_queues)
    {
      g_set_error (&call->error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT,
                   "DpdkPort %s: %u queues: must be between 1 and %u", self->devargs,
                   call->n_queues, self->device.max_queues);
      return;
    }
  if (!dpdk_port_device_configure (&self->device, self->devargs,
                                   dpdk_mempool_get_native (call->mempool), call->n_queues,
                                   call->n_descriptors, self->interrupts_wanted, &call->error))
    return;
  self->n_queues = call->n_queues;
  dpdk_port_queues_allocate (self, self->n_queues);
  dpdk_edge_set (self, &self->mempool, call->mempool);
}

/**
 * dpdk_port_configure:
 * @self: a port
 * @mempool: the pool for the buffers of the receive queues
 * @n_queues: number of receive queues, and of transmit queues
 * @n_descriptors: number of packets that each queue has room for; a device may round it
 * @error: return location for an error
 *
 * Gives the port its queues. The port must be stopped.
 *
 * May be called from any thread but that of a worker.
 *
 * Fails with %DPDK_ERROR_BUSY if the port is started, with %DPDK_ERROR_INVALID_ARGUMENT if the
 * device cannot have that many queues or the buffers of @mempool are too small for the MTU.
 *
 * Returns: %TRUE on success
 *
 * Since: 0.1
 */
gboolean
dpdk_port_configure (DpdkPort *self, DpdkMempool *mempool, guint n_queues, guint n_descriptors,
                     GError **error)
{
  DpdkPortCall call = { .mempool = mempool, .n_queues = n_queues, .n_descriptors = n_descriptors };

  g_return_val_if_fail (DPDK_IS_PORT (self), FALSE);
  g_return_val_if_fail (DPDK_IS_MEMPOOL (mempool), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return dpdk_port_control (self, configure_job, &call, "configuring a port", error);
}

static void
start_job (gpointer data)
{
  DpdkPortCall *call = data;
  DpdkPort *self = call->self;

  if (!dpdk_port_check_open (call) || self->started)
    return;
  if (self->n_queues == 0)
    g_set_error (&call->error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT,
                 "DpdkPort %s is not configured", self->devargs);
  else if (dpdk_port_device_start (&self->device, self->devargs, &call->error))
    {
      dpdk_port_queues_connect (self);
      self->started = TRUE;
    }
}

/**
 * dpdk_port_start:
 * @self: a port
 * @error: return location for an error
 *
 * Starts a configured port. Does nothing if it is started.
 *
 * May be called from any thread but that of a worker.
 *
 * Returns: %TRUE on success
 *
 * Since: 0.1
 */
gboolean
dpdk_port_start (DpdkPort *self, GError **error)
{
  DpdkPortCall call = { 0 };

  g_return_val_if_fail (DPDK_IS_PORT (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return dpdk_port_control (self, start_job, &call, "starting a port", error);
}

static void
stop_job (gpointer data)
{
  DpdkPortCall *call = data;
  DpdkPort *self = call->self;

  if (!dpdk_port_check_open (call) || !self->started || !dpdk_port_check_no_worker (call))
    return;
  self->started = FALSE;
  dpdk_port_queues_disconnect (self);
  dpdk_port_device_stop (&self->device, self->devargs, self->n_queues, &call->error);
}

/**
 * dpdk_port_stop:
 * @self: a port
 * @error: return location for an error
 *
 * Stops a port. No thread may be receiving or sending. Does nothing if it is stopped.
 *
 * May be called from any thread but that of a worker.
 *
 * Fails with %DPDK_ERROR_BUSY while workers of a runtime poll the port.
 *
 * Returns: %TRUE on success
 *
 * Since: 0.1
 */
gboolean
dpdk_port_stop (DpdkPort *self, GError **error)
{
  DpdkPortCall call = { 0 };

  g_return_val_if_fail (DPDK_IS_PORT (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return dpdk_port_control (self, stop_job, &call, "stopping a port", error);
}

static void
explicit_close_job (gpointer data)
{
  DpdkPortCall *call = data;

  if (call->self->device.is_open && dpdk_port_check_no_worker (call))
    close_job (steal_close_job (call->self));
}

/**
 * dpdk_port_close:
 * @self: a port
 * @error: return location for an error
 *
 * Stops and closes the device, and waits for it. No thread may be receiving or sending. The object
 * stays valid; every further operation on it fails with %DPDK_ERROR_CLOSED. Does nothing if the
 * port is closed.
 *
 * May be called from any thread but that of a worker.
 *
 * Fails with %DPDK_ERROR_BUSY while workers of a runtime poll the port.
 *
 * Returns: %TRUE on success
 *
 * Since: 0.1
 */
gboolean
dpdk_port_close (DpdkPort *self, GError **error)
{
  DpdkPortCall call = { 0 };

  g_return_val_if_fail (DPDK_IS_PORT (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return dpdk_port_control (self, explicit_close_job, &call, "closing a port", error);
}

static void
set_mac_job (gpointer data)
{
  DpdkPortCall *call = data;
  DpdkPort *self = call->self;

  if (dpdk_port_check_open (call) &&
      dpdk_port_device_set_mac (&self->device, self->devargs, &call->mac, &call->error))
    dpdk_port_update_mac (self, &call->mac);
}

/**
 * dpdk_port_set_mac: (set-property mac)
 * @self: a port
 * @mac: a unicast address, as "02:00:00:00:00:01"
 * @error: return location for an error
 *
 * Sets the MAC address.
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
  DpdkPortCall call = { 0 };

  g_return_val_if_fail (DPDK_IS_PORT (self), FALSE);
  g_return_val_if_fail (mac != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (rte_ether_unformat_addr (mac, &call.mac) != 0 ||
      !rte_is_valid_assigned_ether_addr (&call.mac))
    {
      g_set_error (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT,
                   "DpdkPort %s: \"%s\" is not a unicast MAC address", self->devargs, mac);
      return FALSE;
    }
  return dpdk_port_control (self, set_mac_job, &call, "setting a MAC address", error);
}

static void
set_mtu_job (gpointer data)
{
  DpdkPortCall *call = data;

  if (dpdk_port_check_stopped (call))
    dpdk_port_device_set_mtu (&call->self->device, call->self->devargs, call->number, &call->error);
}

/**
 * dpdk_port_set_mtu: (set-property mtu)
 * @self: a port
 * @mtu: the largest layer 3 packet, in bytes, from 68 (RFC 791) up
 * @error: return location for an error
 *
 * Sets the MTU. The port must be stopped; if it was configured, it must be configured again.
 *
 * May be called from any thread but that of a worker.
 *
 * Fails with %DPDK_ERROR_BUSY if the port is started, and with %DPDK_ERROR_INVALID_ARGUMENT if the
 * device cannot do this.
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
statistics_job (gpointer data)
{
  DpdkPortCall *call = data;

  if (dpdk_port_check_open (call))
    dpdk_port_device_get_statistics (&call->self->device, call->self->devargs, call->statistics,
                                     &call->error);
}

/**
 * dpdk_port_get_statistics:
 * @self: a port
 * @statistics: (out caller-allocates): return location for the counters
 * @error: return location for an error
 *
 * Reads the counters of the device.
 *
 * May be called from any thread but that of a worker.
 *
 * Returns: %TRUE on success
 *
 * Since: 0.1
 */
gboolean
dpdk_port_get_statistics (DpdkPort *self, DpdkPortStatistics *statistics, GError **error)
{
  DpdkPortCall call = { .statistics = statistics };

  g_return_val_if_fail (DPDK_IS_PORT (self), FALSE);
  g_return_val_if_fail (statistics != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return dpdk_port_control (self, statistics_job, &call, "reading statistics", error);
}
