/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-port-internal.h"

#include "dpdk-log-private.h"
#include "dpdk-owner-timer-private.h"
#include "dpdk-port-memif-private.h"

#include <errno.h>
#include <rte_bus.h>
#include <rte_dev.h>
#include <rte_ethdev.h>
#include <string.h>

#define POLL_INTERVAL_US (100 * G_TIME_SPAN_MILLISECOND)
/* a link that has just changed is likely to change again */
#define UNSTABLE_POLL_INTERVAL_US (5 * G_TIME_SPAN_MILLISECOND)
#define N_UNSTABLE_POLLS 100
#define CALLBACK_WAIT_US 50

typedef enum {
  EVENT_LINK = 1 << 0,
  EVENT_REMOVAL = 1 << 1,
} Event;

struct _DpdkPortEvents {
  GWeakRef port;
  guint16 id;
  char *device_name;
  gboolean is_monitored;
  DpdkOwnerTimer timer;
  guint n_unstable_polls;
  /* what was told and not handled yet */
  guint pending;
};

static void
events_clear (gpointer data)
{
  DpdkPortEvents *self = data;

  g_weak_ref_clear (&self->port);
  g_free (self->device_name);
}

static void
handle_job (gpointer data)
{
  DpdkPortEvents *self = data;
  g_autoptr (DpdkPort) port = g_weak_ref_get (&self->port);
  guint pending = g_atomic_int_and (&self->pending, 0);

  /* one whose device was closed meanwhile has other events, or none */
  if (port != NULL && port->events == self)
    {
      if ((pending & EVENT_LINK) != 0)
        dpdk_port_update_link (port);
      if ((pending & EVENT_REMOVAL) != 0)
        dpdk_port_handle_removal (port);
    }
  g_atomic_rc_box_release_full (self, events_clear);
}

/* on a thread of DPDK that must not wait */
static void
post (DpdkPortEvents *self, Event event)
{
  if (!dpdk_eal_is_inert () && g_atomic_int_or (&self->pending, event) == 0)
    dpdk_owner_post (handle_job, g_atomic_rc_box_acquire (self));
}

static int
on_link (uint16_t id, enum rte_eth_event_type type, void *arg, void *ret)
{
  post (arg, EVENT_LINK);
  return 0;
}

static int
on_removal (uint16_t id, enum rte_eth_event_type type, void *arg, void *ret)
{
  post (arg, EVENT_REMOVAL);
  return 0;
}

static void
on_device_event (const char *name, enum rte_dev_event_type type, void *arg)
{
  if (type == RTE_DEV_EVENT_REMOVE)
    post (arg, EVENT_REMOVAL);
}

/* the kernel tells of PCI devices only */
static guint n_monitored;

static void
begin_monitoring (DpdkPortEvents *self, struct rte_device *device)
{
  g_autofree char *log = NULL;

  if (strcmp (rte_bus_name (rte_dev_bus (device)), "pci") != 0)
    return;
  dpdk_log_capture_begin ();
  self->is_monitored = n_monitored > 0 || rte_dev_event_monitor_start () == 0;
  log = dpdk_log_capture_end ();
  n_monitored += self->is_monitored ? 1 : 0;
}

static void
end_monitoring (DpdkPortEvents *self)
{
  if (self->is_monitored && --n_monitored == 0)
    rte_dev_event_monitor_stop ();
}

DpdkPortEvents *
dpdk_port_events_new (DpdkPort *port, struct rte_device *device)
{
  DpdkPortEvents *self = g_atomic_rc_box_new0 (DpdkPortEvents);

  g_weak_ref_init (&self->port, port);
  self->id = port->id;
  self->device_name = g_strdup (rte_dev_name (device));
  rte_eth_dev_callback_register (self->id, RTE_ETH_EVENT_INTR_LSC, on_link, self);
  rte_eth_dev_callback_register (self->id, RTE_ETH_EVENT_INTR_RMV, on_removal, self);
  rte_dev_event_callback_register (self->device_name, on_device_event, self);
  begin_monitoring (self, device);
  return self;
}

/* one that is running only posts a job, so this does not take long */
static void
unregister (DpdkPortEvents *self, enum rte_eth_event_type type, rte_eth_dev_cb_fn func)
{
  while (rte_eth_dev_callback_unregister (self->id, type, func, self) == -EAGAIN)
    g_usleep (CALLBACK_WAIT_US);
}

void
dpdk_port_events_free (DpdkPortEvents *self)
{
  end_monitoring (self);
  while (rte_dev_event_callback_unregister (self->device_name, on_device_event, self) == -EAGAIN)
    g_usleep (CALLBACK_WAIT_US);
  unregister (self, RTE_ETH_EVENT_INTR_LSC, on_link);
  unregister (self, RTE_ETH_EVENT_INTR_RMV, on_removal);
  dpdk_owner_timer_stop (&self->timer);
  g_atomic_rc_box_release_full (self, events_clear);
}

static void
on_timer (gpointer data)
{
  DpdkPortEvents *self = data;
  g_autoptr (DpdkPort) port = g_weak_ref_get (&self->port);

  if (port == NULL || port->events != self)
    return;
  if (dpdk_port_update_link (port))
    self->n_unstable_polls = N_UNSTABLE_POLLS;
  else if (self->n_unstable_polls > 0)
    self->n_unstable_polls--;
  dpdk_owner_timer_set_interval (
      &self->timer, self->n_unstable_polls > 0 ? UNSTABLE_POLL_INTERVAL_US : POLL_INTERVAL_US);
  dpdk_port_memif_reconnect (port);
}

void
dpdk_port_events_set_polling (DpdkPortEvents *self, gboolean polling)
{
  if (polling)
    dpdk_owner_timer_start (&self->timer, POLL_INTERVAL_US, on_timer, self);
  else
    dpdk_owner_timer_stop (&self->timer);
}
