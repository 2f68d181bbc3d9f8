/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph-registrant.h"

struct _Registrant {
  GThread *thread;
  DpdkLcore *lcore;
  RegistrantEnd end;
  GMutex lock;
  GCond changed;
  RegistrantFunc func;
  gpointer data;
  gboolean is_ready;
  gboolean quits;
};

static gpointer
registrant_main (gpointer data)
{
  Registrant *self = data;
  g_autoptr (DpdkEal) eal = dpdk_eal_dup_current ();
  g_autoptr (GError) error = NULL;

  self->lcore = dpdk_lcore_register (eal, &error);
  g_assert_no_error (error);
  g_clear_object (&eal);

  g_mutex_lock (&self->lock);
  self->is_ready = TRUE;
  g_cond_broadcast (&self->changed);
  while (!self->quits)
    {
      if (self->func == NULL)
        {
          g_cond_wait (&self->changed, &self->lock);
          continue;
        }
      g_mutex_unlock (&self->lock);
      self->func (self->data);
      g_mutex_lock (&self->lock);
      self->func = NULL;
      g_cond_broadcast (&self->changed);
    }
  g_mutex_unlock (&self->lock);
  if (self->end == REGISTRANT_RELEASES)
    g_clear_pointer (&self->lcore, dpdk_lcore_unref);
  return NULL;
}

Registrant *
registrant_new (void)
{
  Registrant *self = g_new0 (Registrant, 1);

  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  self->thread = g_thread_new ("registered", registrant_main, self);
  g_mutex_lock (&self->lock);
  while (!self->is_ready)
    g_cond_wait (&self->changed, &self->lock);
  g_mutex_unlock (&self->lock);
  return self;
}

void
registrant_call (Registrant *self, RegistrantFunc func, gpointer data)
{
  g_mutex_lock (&self->lock);
  self->func = func;
  self->data = data;
  g_cond_broadcast (&self->changed);
  while (self->func != NULL)
    g_cond_wait (&self->changed, &self->lock);
  g_mutex_unlock (&self->lock);
}

void
registrant_free (Registrant *self, RegistrantEnd end)
{
  if (end == REGISTRANT_IS_RELEASED)
    g_clear_pointer (&self->lcore, dpdk_lcore_unref);
  g_mutex_lock (&self->lock);
  self->end = end;
  self->quits = TRUE;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
  g_thread_join (self->thread);
  /* the thread is no lcore any more, but the handle of one that forgot it is still there */
  g_clear_pointer (&self->lcore, dpdk_lcore_unref);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  g_free (self);
}
