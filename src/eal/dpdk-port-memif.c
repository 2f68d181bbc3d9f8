/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the driver of memif does not do by itself.

   When a peer has gone, it unmaps their common memory on the interrupt thread of DPDK, whatever other
   threads are doing with it just then. The log of what it has received is all that comes before: bursts
   are held off from there until the interrupt thread is done.

   And a client looks for its server when it is started, and never again. */
#include "dpdk-port-memif-private.h"

#include "dpdk-log-private.h"
#include "dpdk-port-internal.h"

#include <rte_alarm.h>
#include <rte_log.h>
#include <string.h>

#define DRIVER_LOG "pmd.net.memif"
#define RECEIVED "memif_msg_receive(): "
#define DISCONNECTED "memif_disconnect(): Disconnected"
#define RESUME_DELAY_US 1

typedef struct {
  GWeakRef port;
  gconstpointer address;
} Watch;

static GMutex lock;
/* (element-type Watch) */
static GPtrArray *watches;

/* for the interrupt thread: whether bursts are held off, and whether a connection has ended meanwhile */
static gboolean is_holding_off;
static gboolean a_peer_is_gone;

static void
watch_free (gpointer data)
{
  Watch *self = data;

  g_weak_ref_clear (&self->port);
  g_free (self);
}

/* to be dropped without the lock, which the end of a port takes */
static GPtrArray *
dup_ports (void)
{
  GPtrArray *ports = g_ptr_array_new_with_free_func (g_object_unref);

  g_mutex_lock (&lock);
  for (guint i = 0; i < watches->len; i++)
    {
      DpdkPort *port = g_weak_ref_get (&((Watch *) g_ptr_array_index (watches, i))->port);

      if (port != NULL)
        g_ptr_array_add (ports, port);
    }
  g_mutex_unlock (&lock);
  return ports;
}

static void
link_job (gpointer data)
{
  g_autoptr (DpdkPort) port = data;

  dpdk_port_update_link (port);
  dpdk_port_memif_reconnect (port);
}

static void
gone_job (gpointer data)
{
  DpdkPort *port = data;

  port->is_peer_gone = TRUE;
  link_job (port);
}

/* the interrupt thread comes to it after the message is dealt with */
static void
resume (void *data)
{
  g_autoptr (GPtrArray) ports = NULL;

  if (dpdk_eal_is_inert ())
    return;
  ports = dup_ports ();
  for (guint i = 0; i < ports->len; i++)
    {
      dpdk_port_queues_set_paused (ports->pdata[i], FALSE);
      dpdk_owner_post (a_peer_is_gone ? gone_job : link_job, g_object_ref (ports->pdata[i]));
    }
  is_holding_off = FALSE;
  a_peer_is_gone = FALSE;
}

static void
on_log (const char *message)
{
  g_autoptr (GPtrArray) ports = NULL;

  /* else it is what we do to a device ourselves */
  if (is_holding_off && g_str_has_prefix (message, DISCONNECTED))
    a_peer_is_gone = TRUE;
  /* also while the process ends, when other threads may still be at it */
  if (!g_str_has_prefix (message, RECEIVED))
    return;
  is_holding_off = TRUE;
  ports = dup_ports ();
  for (guint i = 0; i < ports->len; i++)
    dpdk_port_queues_set_paused (ports->pdata[i], TRUE);
  if (rte_eal_alarm_set (RESUME_DELAY_US, resume, NULL) != 0)
    resume (NULL);
}

void
dpdk_port_memif_watch (DpdkPort *port)
{
  Watch *watch;

  if (!port->device.is_memif)
    return;
  watch = g_new0 (Watch, 1);
  g_weak_ref_init (&watch->port, port);
  watch->address = port;
  g_mutex_lock (&lock);
  if (watches == NULL)
    watches = g_ptr_array_new_with_free_func (watch_free);
  g_ptr_array_add (watches, watch);
  g_mutex_unlock (&lock);
  rte_log_set_level_pattern (DRIVER_LOG "*", RTE_LOG_DEBUG);
  dpdk_log_set_watch (on_log);
}

void
dpdk_port_memif_unwatch (DpdkPort *port)
{
  g_mutex_lock (&lock);
  for (guint i = 0; watches != NULL && i < watches->len; i++)
    if (((Watch *) g_ptr_array_index (watches, i))->address == port)
      {
        g_ptr_array_remove_index_fast (watches, i);
        break;
      }
  g_mutex_unlock (&lock);
}

void
dpdk_port_memif_reconnect (DpdkPort *port)
{
  /* it may be another port's peer */
  if (dpdk_port_is_link_up (port))
    port->is_peer_gone = FALSE;
  if (!port->device.is_memif_client || !port->device.is_started ||
      g_atomic_int_get (&port->removed) || (!port->is_peer_gone && !port->device.is_away))
    return;
  port->is_peer_gone = FALSE;
  dpdk_port_queues_disconnect (port);
  if (dpdk_port_device_reconnect (&port->device))
    dpdk_port_queues_connect (port);
}
