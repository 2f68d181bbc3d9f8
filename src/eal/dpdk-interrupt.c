/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-interrupt-private.h"

#include <rte_alarm.h>
#include <rte_interrupts.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define DELAY_US 1
#define WAIT_US 50

typedef struct {
  GMutex lock;
  GCond over;
  gboolean is_over;
  void (*func) (gpointer data);
  gpointer data;
} Call;

static void
run (void *arg)
{
  Call *call = arg;

  call->func (call->data);
  g_mutex_lock (&call->lock);
  call->is_over = TRUE;
  g_cond_signal (&call->over);
  g_mutex_unlock (&call->lock);
}

void
dpdk_interrupt_call (void (*func) (gpointer data), gpointer data)
{
  Call call = { .func = func, .data = data };

  g_mutex_init (&call.lock);
  g_cond_init (&call.over);
  if (rte_eal_alarm_set (DELAY_US, run, &call) != 0)
    run (&call);
  g_mutex_lock (&call.lock);
  while (!call.is_over)
    g_cond_wait (&call.over, &call.lock);
  g_mutex_unlock (&call.lock);
  g_cond_clear (&call.over);
  g_mutex_clear (&call.lock);
}

static void
do_nothing (gpointer data)
{
}

static gboolean is_spoilt;

void
dpdk_interrupt_set_spoilt (void)
{
  is_spoilt = TRUE;
}

static void
stay (void *arg)
{
  gint *stays = arg;

  g_atomic_int_set (stays, TRUE);
  while (TRUE)
    pause ();
}

/* DPDK never ends the thread, nor waits for it: after its memory is gone it would only crash */
void
dpdk_interrupt_end (void)
{
  static gint stays;
  struct rte_intr_handle *handle;
  int fd;

  if (!is_spoilt)
    return;
  fd = eventfd (1, EFD_CLOEXEC | EFD_NONBLOCK);
  handle = rte_intr_instance_alloc (RTE_INTR_INSTANCE_F_PRIVATE);
  if (fd >= 0 && handle != NULL && rte_intr_fd_set (handle, fd) == 0 &&
      rte_intr_type_set (handle, RTE_INTR_HANDLE_EXT) == 0 &&
      rte_intr_callback_register (handle, stay, &stays) == 0)
    while (!g_atomic_int_get (&stays))
      g_usleep (WAIT_US);
  rte_intr_instance_free (handle);
  close (fd);
}

void
dpdk_interrupt_flush (void)
{
  /* the first may be in one batch of events with the wish to look again, and before it */
  for (guint i = 0; i < 2; i++)
    dpdk_interrupt_call (do_nothing, NULL);
}
