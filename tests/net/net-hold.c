/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net-hold.h"

/* the worker has a reference, as it leaves the lock after the other side has gone on */
struct _NetHold {
  GMutex lock;
  GCond changed;
  gboolean is_held;
  gboolean may_go_on;
};

static void
hold_clear (gpointer data)
{
  NetHold *self = data;

  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
}

static void
hold_unref (gpointer data)
{
  g_atomic_rc_box_release_full (data, hold_clear);
}

static void
hold_up (DpdkWorker *worker, gpointer user_data)
{
  NetHold *self = user_data;

  g_mutex_lock (&self->lock);
  self->is_held = TRUE;
  g_cond_broadcast (&self->changed);
  while (!self->may_go_on)
    g_cond_wait (&self->changed, &self->lock);
  g_mutex_unlock (&self->lock);
}

NetHold *
net_hold_begin (DpdkRuntime *runtime, guint worker)
{
  g_autoptr (DpdkWorker) held = dpdk_runtime_dup_worker (runtime, worker);
  NetHold *self = g_atomic_rc_box_new0 (NetHold);
  g_autoptr (GError) error = NULL;

  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  dpdk_worker_invoke (held, hold_up, g_atomic_rc_box_acquire (self), hold_unref, &error);
  g_assert_no_error (error);
  g_mutex_lock (&self->lock);
  while (!self->is_held)
    g_cond_wait (&self->changed, &self->lock);
  g_mutex_unlock (&self->lock);
  return self;
}

void
net_hold_end (NetHold *self)
{
  g_mutex_lock (&self->lock);
  self->may_go_on = TRUE;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
  hold_unref (self);
}
