/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* a device that goes away by itself */
#include "dpdk-port-internal.h"

/* the workers let go of it first, each on its own thread */
static gboolean
close_when_unused (gpointer data)
{
  DpdkPort *self = data;

  if (self->device.is_open && g_atomic_int_get (&self->n_workers) > 0)
    return FALSE;
  dpdk_port_close_now (self);
  g_object_unref (self);
  return TRUE;
}

void
dpdk_port_handle_removal (DpdkPort *self)
{
  if (!self->device.is_open || g_atomic_int_get (&self->removed))
    return;
  g_atomic_int_set (&self->removed, TRUE);
  if (g_atomic_int_exchange (&self->started, FALSE))
    {
      dpdk_port_events_set_polling (self->events, FALSE);
      dpdk_port_queues_disconnect (self);
      dpdk_port_notify (self, DPDK_PORT_PROP_STARTED);
    }
  g_message ("DpdkPort %s: the device was removed", self->devargs);
  dpdk_port_update_link (self);
  dpdk_port_mark_changed (self);
  dpdk_port_notify (self, DPDK_PORT_PROP_REMOVED);
  dpdk_owner_post_poll (close_when_unused, g_object_ref (self), TRUE);
}

/**
 * dpdk_port_is_removed: (get-property removed)
 * @self: a port
 *
 * Whether the device was taken away while it was in use. May be called from any thread.
 *
 * Returns: %TRUE if it was
 *
 * Since: 0.1
 */
gboolean
dpdk_port_is_removed (DpdkPort *self)
{
  g_return_val_if_fail (DPDK_IS_PORT (self), FALSE);

  return g_atomic_int_get (&self->removed);
}
