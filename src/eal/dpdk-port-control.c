/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* what changes a port: it runs on the owner thread, one after the other */
#include "dpdk-port-internal.h"

#include "dpdk-edge-private.h"
#include "dpdk-mempool-private.h"
#include "dpdk-port-list-private.h"
#include "dpdk-port-memif-private.h"

/* what the device still needs while it is closed, and then nobody does */
typedef struct {
  DpdkPortDevice device;
  DpdkPortEvents *events;
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

  /* first, because a driver may call back into a device that it is closing */
  g_clear_pointer (&job->events, dpdk_port_events_free);
  dpdk_port_device_close (&job->device, name);
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

  dpdk_port_list_remove (self);
  if (g_atomic_int_exchange (&self->started, FALSE))
    dpdk_port_queues_disconnect (self);
  /* not before: as long as there are bursts they may have to be held off */
  dpdk_port_memif_unwatch (self);
  job->device = self->device;
  dpdk_port_device_forget (&self->device);
  job->events = g_steal_pointer (&self->events);
  g_atomic_int_set (&self->n_rx_queues, 0);
  g_atomic_int_set (&self->n_tx_queues, 0);
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

void
dpdk_port_close_now (DpdkPort *self)
{
  if (!self->device.is_open)
    return;
  close_job (steal_close_job (self));
  dpdk_port_update_link (self);
  dpdk_port_notify (self, DPDK_PORT_PROP_STARTED);
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
  DpdkPort *self = call->self;

  if (g_atomic_int_get (&self->removed))
    g_set_error (&call->error, DPDK_ERROR, DPDK_ERROR_NO_DEVICE,
                 "DpdkPort %s: the device was removed", self->devargs);
  else if (!self->device.is_open)
    g_set_error (&call->error, DPDK_ERROR, DPDK_ERROR_CLOSED, "DpdkPort %s is closed",
                 self->devargs);
  else
    return TRUE;
  return FALSE;
}

static gboolean
check_stopped (DpdkPortCall *call)
{
  if (!dpdk_port_check_open (call))
    return FALSE;
  if (!call->self->device.is_started)
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

static void
configure_job (gpointer data)
{
  DpdkPortCall *call = data;
  DpdkPort *self = call->self;

  if (!check_stopped (call))
    return;
  self->device.with_interrupts = self->interrupts_wanted;
  if (!dpdk_port_device_configure (&self->device, self->devargs, &call->settings, &call->error))
    {
      if (!self->device.is_configured)
        g_atomic_int_set (&self->n_rx_queues, 0);
      return;
    }
  dpdk_port_queues_allocate (
      self, MAX (self->device.settings.n_rx_queues, self->device.settings.n_tx_queues));
  g_atomic_int_set (&self->n_rx_queues, (gint) self->device.settings.n_rx_queues);
  g_atomic_int_set (&self->n_tx_queues, (gint) self->device.settings.n_tx_queues);
  dpdk_edge_set (self, &self->mempool, self->device.settings.mempools->pdata[0]);
  dpdk_port_notify (self, DPDK_PORT_PROP_MEMPOOL);
  dpdk_port_notify (self, DPDK_PORT_PROP_N_QUEUES);
  dpdk_port_notify (self, DPDK_PORT_PROP_N_RX_QUEUES);
  dpdk_port_notify (self, DPDK_PORT_PROP_N_TX_QUEUES);
  dpdk_port_notify (self, DPDK_PORT_PROP_RX_OFFLOADS);
  dpdk_port_notify (self, DPDK_PORT_PROP_TX_OFFLOADS);
}

/**
 * dpdk_port_configure_with:
 * @self: a port
 * @config: what the port shall have
 * @error: return location for an error
 *
 * Gives the port its queues and offloads. The port must be stopped. Offloads that the device cannot
 * do are left out: [property@Dpdk.Port:rx-offloads] and [property@Dpdk.Port:tx-offloads] say what it
 * does.
 *
 * May be called from any thread but that of a worker.
 *
 * Fails with %DPDK_ERROR_BUSY if the port is started, with %DPDK_ERROR_INVALID_ARGUMENT if the
 * device cannot have that many queues or a mempool is missing or has buffers that are too small for
 * the MTU.
 *
 * Returns: %TRUE on success
 *
 * Since: 0.1
 */
gboolean
dpdk_port_configure_with (DpdkPort *self, DpdkPortConfig *config, GError **error)
{
  DpdkPortCall call = { 0 };
  gboolean success;

  g_return_val_if_fail (DPDK_IS_PORT (self), FALSE);
  g_return_val_if_fail (DPDK_IS_PORT_CONFIG (config), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!dpdk_port_settings_init (&call.settings, config, error))
    {
      g_prefix_error (error, "DpdkPort %s: ", self->devargs);
      return FALSE;
    }
  success = dpdk_port_control (self, configure_job, &call, "configuring a port", error);
  dpdk_port_settings_clear (&call.settings);
  return success;
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
  g_autoptr (DpdkPortConfig) config = NULL;

  g_return_val_if_fail (DPDK_IS_PORT (self), FALSE);
  g_return_val_if_fail (DPDK_IS_MEMPOOL (mempool), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (n_queues == 0 || n_queues > G_MAXUINT16 || n_descriptors == 0)
    {
      g_set_error (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT,
                   "DpdkPort %s: %u queues of %u descriptors: must be between 1 and %u",
                   self->devargs, n_queues, n_descriptors, dpdk_port_get_max_queues (self));
      return FALSE;
    }
  config = dpdk_port_config_new (mempool);
  dpdk_port_config_set_n_rx_queues (config, n_queues);
  dpdk_port_config_set_n_tx_queues (config, n_queues);
  dpdk_port_config_set_n_rx_descriptors (config, MIN (n_descriptors, G_MAXUINT16));
  dpdk_port_config_set_n_tx_descriptors (config, MIN (n_descriptors, G_MAXUINT16));
  return dpdk_port_configure_with (self, config, error);
}

static void
run (DpdkPort *self)
{
  dpdk_port_queues_connect (self);
  g_atomic_int_set (&self->started, TRUE);
  dpdk_port_events_set_polling (self->events, TRUE);
  dpdk_port_update_link (self);
}

static void
halt (DpdkPort *self)
{
  g_atomic_int_set (&self->started, FALSE);
  dpdk_port_events_set_polling (self->events, FALSE);
  dpdk_port_queues_disconnect (self);
}

static void
start_job (gpointer data)
{
  DpdkPortCall *call = data;
  DpdkPort *self = call->self;

  if (!dpdk_port_check_open (call) || self->device.is_started)
    return;
  if (!self->device.is_configured)
    g_set_error (&call->error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT,
                 "DpdkPort %s is not configured", self->devargs);
  else if (dpdk_port_device_start (&self->device, self->devargs, &call->error))
    {
      run (self);
      dpdk_port_notify (self, DPDK_PORT_PROP_STARTED);
    }
}

/**
 * dpdk_port_start:
 * @self: a port
 * @error: return location for an error
 *
 * Starts a configured port. Does nothing if it is started.
 *
 * A client of memif needs its server for this. If the server goes away later, the link is down, and the
 * port connects to the next one by itself.
 *
 * May be called from any thread but that of a worker.
 *
 * Fails with %DPDK_ERROR_INVALID_ARGUMENT if the port is not configured, with %DPDK_ERROR_CLOSED if it
 * is closed, with %DPDK_ERROR_NO_DEVICE if its device was removed, and with what the driver says.
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

  if (!dpdk_port_check_open (call) || !self->device.is_started || !dpdk_port_check_no_worker (call))
    return;
  halt (self);
  dpdk_port_device_drain (&self->device);
  if (!dpdk_port_device_stop (&self->device, self->devargs, &call->error))
    {
      run (self);
      return;
    }
  dpdk_port_update_link (self);
  dpdk_port_notify (self, DPDK_PORT_PROP_STARTED);
}

/**
 * dpdk_port_stop:
 * @self: a port
 * @error: return location for an error
 *
 * Stops a port. Threads that receive or send meanwhile get nothing and are rid of nothing; packets
 * that have arrived and were not received are dropped. Does nothing if it is stopped.
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

gboolean
dpdk_port_restart (DpdkPort *self, gboolean (*func) (DpdkPortCall *call), DpdkPortCall *call)
{
  gboolean was_started = self->device.is_started;
  g_autoptr (GError) error = NULL;
  gboolean success;

  if (was_started)
    halt (self);
  success = (!was_started || dpdk_port_device_stop (&self->device, self->devargs, &call->error)) &&
            func (call);
  /* with what it had if it has no more */
  if (was_started && !self->device.is_started &&
      (!self->device.is_configured ||
       !dpdk_port_device_start (&self->device, self->devargs, success ? &call->error : &error)))
    {
      dpdk_port_update_link (self);
      dpdk_port_notify (self, DPDK_PORT_PROP_STARTED);
      return FALSE;
    }
  if (was_started)
    run (self);
  return success;
}

static gboolean
reset_device (DpdkPortCall *call)
{
  return dpdk_port_device_reset (&call->self->device, call->self->devargs, &call->error);
}

static void
reset_job (gpointer data)
{
  DpdkPortCall *call = data;

  if (dpdk_port_check_open (call))
    dpdk_port_restart (call->self, reset_device, call);
}

/**
 * dpdk_port_reset:
 * @self: a port
 * @error: return location for an error
 *
 * Resets the device, as after an error that it cannot recover from, and brings it back to the state
 * that it had: configured, with its addresses and modes, and started if it was. A device that has no
 * reset of its own is stopped, configured anew and started.
 *
 * Threads and workers that receive or send meanwhile get nothing and are rid of nothing.
 *
 * May be called from any thread but that of a worker.
 *
 * Fails with the error of the step that could not be done; the port is stopped then, and may have to
 * be configured again.
 *
 * Returns: %TRUE on success
 *
 * Since: 0.1
 */
gboolean
dpdk_port_reset (DpdkPort *self, GError **error)
{
  DpdkPortCall call = { 0 };

  g_return_val_if_fail (DPDK_IS_PORT (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return dpdk_port_control (self, reset_job, &call, "resetting a port", error);
}

static void
explicit_close_job (gpointer data)
{
  DpdkPortCall *call = data;

  if (call->self->device.is_open && dpdk_port_check_no_worker (call))
    dpdk_port_close_now (call->self);
}

/**
 * dpdk_port_close:
 * @self: a port
 * @error: return location for an error
 *
 * Stops and closes the device, and waits for it. Threads that receive or send meanwhile get nothing
 * and are rid of nothing. The object stays valid; every further operation on it fails with
 * %DPDK_ERROR_CLOSED. Does nothing if the port is closed.
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
