/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-process-private.h"

#include "dpdk-dependant-private.h"
#include "dpdk-eal-files-private.h"
#include "dpdk-eal-interrupts-private.h"
#include "dpdk-held-private.h"
#include "dpdk-owner-private.h"

#include <rte_eal.h>
#include <rte_ethdev.h>

typedef struct {
  DpdkProcessEndFunc func;
  gpointer data;
} Waiter;

static struct {
  GMutex lock;
  GCond changed;
  DpdkEalState state;
  GWeakRef eal;
  /* of DpdkDependant */
  GPtrArray *dependants;
  GQueue stoppables;
  /* of Waiter */
  GSList *waiters;
  gboolean is_starting;
  gboolean shutdown_wanted;
  gboolean cleanup_begun;
  /* it is dead, and nothing of ours holds the object any more */
  gboolean is_over;
} process;

void
dpdk_process_before_fork (void)
{
  g_mutex_lock (&process.lock);
}

void
dpdk_process_after_fork (void)
{
  g_mutex_unlock (&process.lock);
}

gboolean
dpdk_process_has_begun_locked (void)
{
  return process.is_starting || process.state != DPDK_EAL_STATE_NEVER;
}

gboolean
dpdk_process_begin_start (DpdkEal **running, GError **error)
{
  const char *why = NULL;

  *running = NULL;
  g_mutex_lock (&process.lock);
  /* the thread that starts it may be one of the parent's */
  while (process.is_starting && !dpdk_eal_is_inert ())
    g_cond_wait (&process.changed, &process.lock);
  if (dpdk_eal_is_inert ())
    why = DPDK_EAL_INERT_REASON;
  else if (process.state == DPDK_EAL_STATE_NEVER)
    process.is_starting = TRUE;
  else if (process.state == DPDK_EAL_STATE_DEAD)
    why = "of this process has ended; DPDK cannot be started twice in one process";
  else if (process.state == DPDK_EAL_STATE_UP)
    *running = g_weak_ref_get (&process.eal);
  if (process.state != DPDK_EAL_STATE_NEVER && *running == NULL && why == NULL)
    why = "of this process is ending; DPDK cannot be started twice in one process";
  g_mutex_unlock (&process.lock);
  if (why != NULL)
    g_set_error (error, DPDK_ERROR, DPDK_ERROR_EAL_DEAD, "The EAL %s", why);
  return why == NULL;
}

void
dpdk_process_end_start (DpdkEal *eal, gboolean has_started)
{
  g_mutex_lock (&process.lock);
  process.is_starting = FALSE;
  process.state = has_started ? DPDK_EAL_STATE_UP : DPDK_EAL_STATE_DEAD;
  process.is_over = !has_started;
  if (has_started)
    g_weak_ref_set (&process.eal, eal);
  g_cond_broadcast (&process.changed);
  g_mutex_unlock (&process.lock);
}

void
dpdk_process_refuse_start (void)
{
  g_mutex_lock (&process.lock);
  if (!dpdk_process_has_begun_locked ())
    dpdk_process_is_inert = TRUE;
  g_mutex_unlock (&process.lock);
}

gboolean
dpdk_process_wait_started (gint64 deadline)
{
  gboolean in_time = TRUE, has_begun;

  g_mutex_lock (&process.lock);
  while (in_time && process.is_starting)
    in_time = g_cond_wait_until (&process.changed, &process.lock, deadline);
  has_begun = dpdk_process_has_begun_locked ();
  g_mutex_unlock (&process.lock);
  return has_begun;
}

DpdkEal *
dpdk_process_dup_eal (void)
{
  return g_weak_ref_get (&process.eal);
}

DpdkEalState
dpdk_process_get_state (void)
{
  DpdkEalState state;

  g_mutex_lock (&process.lock);
  state = process.state;
  g_mutex_unlock (&process.lock);
  return state;
}

static void
notify_state (void)
{
  g_autoptr (DpdkEal) eal = dpdk_process_dup_eal ();

  if (eal != NULL)
    dpdk_eal_notify_state (eal);
}

static void
enter_dead (void)
{
  GSList *waiters;

  g_mutex_lock (&process.lock);
  process.state = DPDK_EAL_STATE_DEAD;
  g_mutex_unlock (&process.lock);
  /* before those who wait go on: it takes a reference for a moment */
  notify_state ();

  g_mutex_lock (&process.lock);
  process.is_over = TRUE;
  waiters = g_steal_pointer (&process.waiters);
  g_cond_broadcast (&process.changed);
  g_mutex_unlock (&process.lock);
  for (GSList *l = waiters; l != NULL; l = l->next)
    {
      Waiter *waiter = l->data;

      waiter->func (waiter->data);
    }
  g_slist_free_full (waiters, g_free);
}

/* a port that nobody of ours holds: an application opened it behind our back */
static void
close_leftover_ports (void)
{
  guint16 id;

  RTE_ETH_FOREACH_DEV (id)
    {
      char name[RTE_ETH_NAME_MAX_LEN] = "?";

      rte_eth_dev_get_name_by_port (id, name);
      g_warning ("DpdkEal: closing port %u (%s), which was not opened through DpdkPort", id, name);
      rte_eth_dev_stop (id);
      rte_eth_dev_close (id);
    }
}

static void
cleanup_job (gpointer data)
{
  int native;

  g_assert (dpdk_owner_is_current ());
  close_leftover_ports ();
  dpdk_eal_interrupts_park ();
  native = rte_eal_cleanup ();
  if (native != 0)
    g_warning ("DpdkEal: rte_eal_cleanup: error %d", native);
  dpdk_eal_interrupts_release ();
  dpdk_eal_files_remove ();
  enter_dead ();
  dpdk_owner_stop ();
}

static void
begin_cleanup_locked (void)
{
  if (process.cleanup_begun)
    return;
  process.cleanup_begun = TRUE;
  process.state = DPDK_EAL_STATE_CLOSING;
  dpdk_owner_post (cleanup_job, NULL);
}

void
dpdk_process_begin_cleanup (void)
{
  g_mutex_lock (&process.lock);
  if (process.state == DPDK_EAL_STATE_UP || process.state == DPDK_EAL_STATE_CLOSING)
    begin_cleanup_locked ();
  g_mutex_unlock (&process.lock);
}

static gboolean
has_dependants_locked (void)
{
  return process.dependants != NULL && process.dependants->len > 0;
}

static void
request_stop_locked (void)
{
  for (GList *l = process.stoppables.head; l != NULL; l = l->next)
    {
      DpdkStoppable *stoppable = l->data;

      stoppable->request_stop (stoppable);
    }
}

void
dpdk_process_begin_shutdown (void)
{
  gboolean has_changed = FALSE;

  g_mutex_lock (&process.lock);
  if (process.state == DPDK_EAL_STATE_UP)
    {
      has_changed = TRUE;
      process.state = DPDK_EAL_STATE_CLOSING;
      process.shutdown_wanted = TRUE;
      request_stop_locked ();
      if (!has_dependants_locked ())
        begin_cleanup_locked ();
    }
  g_mutex_unlock (&process.lock);
  if (has_changed)
    notify_state ();
}

gboolean
dpdk_process_wait_dead (gint64 deadline)
{
  gboolean in_time = TRUE;

  g_mutex_lock (&process.lock);
  while (in_time && !process.is_over)
    in_time = g_cond_wait_until (&process.changed, &process.lock, deadline);
  in_time = process.is_over;
  g_mutex_unlock (&process.lock);
  return in_time;
}

gboolean
dpdk_process_add_waiter (DpdkProcessEndFunc func, gpointer data)
{
  gboolean is_added;

  g_mutex_lock (&process.lock);
  is_added = !process.is_over;
  if (is_added)
    {
      Waiter *waiter = g_new0 (Waiter, 1);

      waiter->func = func;
      waiter->data = data;
      process.waiters = g_slist_prepend (process.waiters, waiter);
    }
  g_mutex_unlock (&process.lock);
  return is_added;
}

gboolean
dpdk_process_remove_waiter (gpointer data)
{
  g_autofree Waiter *waiter = NULL;

  g_mutex_lock (&process.lock);
  for (GSList *l = process.waiters; l != NULL && waiter == NULL; l = l->next)
    if (((Waiter *) l->data)->data == data)
      waiter = l->data;
  if (waiter != NULL)
    process.waiters = g_slist_remove (process.waiters, waiter);
  g_mutex_unlock (&process.lock);
  return waiter != NULL;
}

GPtrArray *
dpdk_process_dup_dependants (void)
{
  GPtrArray *all = g_ptr_array_new_with_free_func ((GDestroyNotify) dpdk_dependant_unref);
  gint64 n_held;

  g_mutex_lock (&process.lock);
  for (guint i = 0; has_dependants_locked () && i < process.dependants->len; i++)
    g_ptr_array_add (all, dpdk_dependant_ref (g_ptr_array_index (process.dependants, i)));
  g_mutex_unlock (&process.lock);
  /* in a child made by fork() the packets are the parent's, and so may be the lock of their count */
  n_held = all->len > 0 && !dpdk_eal_is_inert () ? dpdk_held_count () : 0;
  if (n_held > 0)
    g_ptr_array_add (all, dpdk_dependant_new (DPDK_TYPE_PACKET, NULL, (guint64) n_held));
  return all;
}

DpdkDependant *
dpdk_eal_add_dependant (DpdkEal *self, GType type, const char *name, GError **error)
{
  g_autoptr (DpdkEal) running = dpdk_process_dup_eal ();
  DpdkDependant *dependant = NULL;
  const char *why = "is ending or has ended";

  if (self != running)
    why = "was not made by dpdk_eal_new()";
  else if (dpdk_eal_is_inert ())
    why = DPDK_EAL_INERT_REASON;
  g_mutex_lock (&process.lock);
  if (self == running && process.state == DPDK_EAL_STATE_UP && !dpdk_eal_is_inert ())
    {
      dependant = dpdk_dependant_new (type, name, 1);
      if (process.dependants == NULL)
        process.dependants = g_ptr_array_new_with_free_func ((GDestroyNotify) dpdk_dependant_unref);
      g_ptr_array_add (process.dependants, dependant);
    }
  g_mutex_unlock (&process.lock);
  if (dependant == NULL)
    g_set_error (error, DPDK_ERROR, DPDK_ERROR_EAL_DEAD, "%s %s: the EAL %s", g_type_name (type),
                 name, why);
  return dependant;
}

void
dpdk_eal_remove_dependant (DpdkDependant *dependant)
{
  if (dependant == NULL)
    return;
  g_mutex_lock (&process.lock);
  g_ptr_array_remove_fast (process.dependants, dependant);
  if (process.shutdown_wanted && process.dependants->len == 0)
    begin_cleanup_locked ();
  g_mutex_unlock (&process.lock);
}

void
dpdk_eal_add_stoppable (DpdkStoppable *stoppable)
{
  stoppable->link.data = stoppable;
  g_mutex_lock (&process.lock);
  g_queue_push_tail_link (&process.stoppables, &stoppable->link);
  g_mutex_unlock (&process.lock);
}

void
dpdk_eal_remove_stoppable (DpdkStoppable *stoppable)
{
  g_mutex_lock (&process.lock);
  if (g_queue_link_index (&process.stoppables, &stoppable->link) >= 0)
    g_queue_unlink (&process.stoppables, &stoppable->link);
  g_mutex_unlock (&process.lock);
}

void
dpdk_process_wait_stopped (gint64 deadline)
{
  gboolean in_time = TRUE;

  g_mutex_lock (&process.lock);
  request_stop_locked ();
  while (in_time && !g_queue_is_empty (&process.stoppables))
    {
      DpdkStoppable *stoppable = process.stoppables.head->data;

      g_queue_unlink (&process.stoppables, &stoppable->link);
      stoppable->ref (stoppable);
      g_mutex_unlock (&process.lock);
      in_time = stoppable->wait_stopped (stoppable, deadline);
      stoppable->unref (stoppable);
      g_mutex_lock (&process.lock);
    }
  g_mutex_unlock (&process.lock);
}
