/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The cleanup of DPDK does not end its interrupt thread, but unmaps the memory in which the handles
   are that this thread reads whenever a callback goes. Those of devices are gone by then, but memif
   leaves the one of its listener behind, whose socket even wakes the thread later on. */

/* rte_intr_fd_set(): no other way leads to a callback on that thread that the cleanup does not wait for */
#define ALLOW_INTERNAL_API
#include "dpdk-eal-interrupts-private.h"

#include <rte_interrupts.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* it is busy only if a callback of an application is */
#define PATIENCE_US G_TIME_SPAN_SECOND

static struct {
  GMutex lock;
  GCond changed;
  gboolean is_parked;
  int fd;
} interrupts = { .fd = -1 };

static void
park (void *data)
{
  g_mutex_lock (&interrupts.lock);
  interrupts.is_parked = TRUE;
  g_cond_signal (&interrupts.changed);
  g_mutex_unlock (&interrupts.lock);
  while (TRUE)
    pause ();
}

static gboolean
register_callback (void)
{
  struct rte_intr_handle *handle = rte_intr_instance_alloc (RTE_INTR_INSTANCE_F_PRIVATE);
  gboolean is_registered;

  if (handle == NULL)
    return FALSE;
  is_registered = rte_intr_fd_set (handle, interrupts.fd) == 0 &&
                  rte_intr_type_set (handle, RTE_INTR_HANDLE_EXT) == 0 &&
                  rte_intr_callback_register (handle, park, NULL) == 0;
  /* it has made a copy */
  rte_intr_instance_free (handle);
  return is_registered;
}

void
dpdk_eal_interrupts_park (void)
{
  gint64 deadline = g_get_monotonic_time () + PATIENCE_US;
  gboolean in_time = TRUE;

  interrupts.fd = eventfd (1, EFD_CLOEXEC);
  if (interrupts.fd < 0 || !register_callback ())
    {
      g_debug ("DpdkEal: the interrupt thread of DPDK goes on after the end");
      return;
    }
  g_mutex_lock (&interrupts.lock);
  while (!interrupts.is_parked && in_time)
    in_time = g_cond_wait_until (&interrupts.changed, &interrupts.lock, deadline);
  g_mutex_unlock (&interrupts.lock);
}

void
dpdk_eal_interrupts_release (void)
{
  if (interrupts.fd >= 0)
    close (interrupts.fd);
  interrupts.fd = -1;
}
