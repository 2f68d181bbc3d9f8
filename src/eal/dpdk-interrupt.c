/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-interrupt-private.h"
#include "dpdk-tsan-private.h"

#include <rte_alarm.h>

#define DELAY_US 1

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

  dpdk_tsan_acquire (&arg, 1);
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
  void *arg = &call;

  g_mutex_init (&call.lock);
  g_cond_init (&call.over);
  dpdk_tsan_release (&arg, 1);
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

void
dpdk_interrupt_flush (void)
{
  /* the first may be in one batch of events with the wish to look again, and before it */
  for (guint i = 0; i < 2; i++)
    dpdk_interrupt_call (do_nothing, NULL);
}
