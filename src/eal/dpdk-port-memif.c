/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* When a peer has gone, the driver of memif unmaps their common memory on the interrupt thread of
   DPDK, whatever other threads are doing with it just then. The log of each message that it has
   received, or of the end of the connection, is all that comes before: bursts are held off from
   there until the interrupt thread is done. */
#include "dpdk-port-memif-private.h"

#include "dpdk-log-private.h"
#include "dpdk-port-internal.h"

#include <rte_alarm.h>
#include <rte_log.h>
#include <string.h>

#define DRIVER_LOG "pmd.net.memif"
#define RECEIVED "memif_msg_receive(): "
#define RESUME_DELAY_US 1

typedef struct {
  GWeakRef port;
  gconstpointer address;
  gboolean is_paused;
} Watch;

static GMutex lock;
/* (element-type Watch) */
static GPtrArray *watches;

static void
watch_free (gpointer data)
{
  Watch *self = data;

  g_weak_ref_clear (&self->port);
  g_free (self);
}

/* the interrupt thread comes to it after the message is dealt with */
static void
resume (void *data)
{
  g_mutex_lock (&lock);
  for (guint i = 0; i < watches->len; i++)
    {
      Watch *watch = g_ptr_array_index (watches, i);
      g_autoptr (DpdkPort) port = g_weak_ref_get (&watch->port);

      if (watch->is_paused && port != NULL)
        dpdk_port_queues_set_paused (port, FALSE);
      watch->is_paused = FALSE;
    }
  g_mutex_unlock (&lock);
}

static void
on_log (const char *message)
{
  gboolean any = FALSE;

  if (!g_str_has_prefix (message, RECEIVED))
    return;
  g_mutex_lock (&lock);
  for (guint i = 0; i < watches->len; i++)
    {
      Watch *watch = g_ptr_array_index (watches, i);
      g_autoptr (DpdkPort) port = g_weak_ref_get (&watch->port);

      if (port == NULL)
        continue;
      dpdk_port_queues_set_paused (port, TRUE);
      watch->is_paused = any = TRUE;
    }
  g_mutex_unlock (&lock);
  if (any && rte_eal_alarm_set (RESUME_DELAY_US, resume, NULL) != 0)
    resume (NULL);
}

void
dpdk_port_memif_watch (DpdkPort *port)
{
  Watch *watch;

  if (strcmp (port->device.driver, "net_memif") != 0)
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
