/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-owner-timer-private.h"

#include "dpdk-eal-private.h"

/* those that run */
static GQueue timers;

void
dpdk_owner_timer_start (DpdkOwnerTimer *self, gint64 interval_us, DpdkOwnerFunc func, gpointer data)
{
  g_assert (dpdk_owner_is_current ());
  if (self->func != NULL)
    return;
  self->link.data = self;
  self->func = func;
  self->data = data;
  self->interval_us = interval_us;
  self->next = g_get_monotonic_time () + interval_us;
  g_queue_push_tail_link (&timers, &self->link);
}

void
dpdk_owner_timer_set_interval (DpdkOwnerTimer *self, gint64 interval_us)
{
  g_assert (dpdk_owner_is_current ());
  self->interval_us = interval_us;
  self->next = g_get_monotonic_time () + interval_us;
}

void
dpdk_owner_timer_stop (DpdkOwnerTimer *self)
{
  g_assert (dpdk_owner_is_current ());
  if (self->func == NULL)
    return;
  g_queue_unlink (&timers, &self->link);
  self->func = NULL;
}

gint64
dpdk_owner_timers_get_next (void)
{
  gint64 next = G_MAXINT64;

  for (GList *l = timers.head; l != NULL; l = l->next)
    next = MIN (next, ((DpdkOwnerTimer *) l->data)->next);
  return next;
}

void
dpdk_owner_timers_run (gint64 now)
{
  for (GList *l = timers.head, *next; l != NULL; l = next)
    {
      DpdkOwnerTimer *timer = l->data;

      next = l->next;
      if (timer->next > now || dpdk_eal_is_inert ())
        continue;
      timer->next = now + timer->interval_us;
      /* may stop itself, but no other */
      timer->func (timer->data);
    }
}
