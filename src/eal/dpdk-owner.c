/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-owner-private.h"

#include "dpdk-eal-private.h"
#include "dpdk-lcore-private.h"
#include "dpdk-owner-timer-private.h"

#include <pthread.h>
#include <signal.h>

#define POLL_INTERVAL_US (5 * G_TIME_SPAN_MILLISECOND)

typedef struct {
  DpdkOwnerFunc func;
  DpdkOwnerPollFunc poll;
  gpointer data;
  gboolean *done;
  gboolean must_end;
} Job;

static struct {
  GMutex lock;
  GCond work;
  GCond idle;
  GThread *thread;
  GQueue jobs;
  GQueue polls;
  guint n_must_end;
  guint64 n_passes;
  gboolean pass_wanted;
  gboolean busy;
  gboolean stopping;
  gboolean refuses_calls;
} owner;

static DPDK_THREAD_LOCAL gboolean is_owner;

gboolean
dpdk_owner_is_current (void)
{
  return is_owner;
}

void
dpdk_owner_before_fork (void)
{
  g_mutex_lock (&owner.lock);
}

void
dpdk_owner_after_fork (void)
{
  g_mutex_unlock (&owner.lock);
}

static void
run_polls (void)
{
  guint n = g_queue_get_length (&owner.polls);

  while (n-- > 0)
    {
      Job *job = g_queue_pop_head (&owner.polls);
      gboolean done;

      owner.busy = TRUE;
      g_mutex_unlock (&owner.lock);
      done = job->poll (job->data);
      g_mutex_lock (&owner.lock);
      owner.busy = FALSE;
      if (done)
        {
          owner.n_must_end -= job->must_end ? 1 : 0;
          g_free (job);
        }
      else
        g_queue_push_tail (&owner.polls, job);
    }
  owner.n_passes++;
  owner.pass_wanted = FALSE;
  g_cond_broadcast (&owner.idle);
}

static void
wait_until (gint64 time)
{
  if (time == G_MAXINT64)
    g_cond_wait (&owner.work, &owner.lock);
  else
    g_cond_wait_until (&owner.work, &owner.lock, time);
}

static void
run_timers (void)
{
  gint64 now = g_get_monotonic_time ();

  if (dpdk_owner_timers_get_next () > now)
    return;
  owner.busy = TRUE;
  g_mutex_unlock (&owner.lock);
  dpdk_owner_timers_run (now);
  g_mutex_lock (&owner.lock);
  owner.busy = FALSE;
  g_cond_broadcast (&owner.idle);
}

static gpointer
owner_main (gpointer data)
{
  sigset_t all;

  /* DPDK's own threads inherit this mask: signals are for the threads of the application */
  sigfillset (&all);
  pthread_sigmask (SIG_BLOCK, &all, NULL);
  is_owner = TRUE;
  dpdk_lcore_enter_main ();

  g_mutex_lock (&owner.lock);
  while (TRUE)
    {
      Job *job = g_queue_pop_head (&owner.jobs);

      if (job != NULL)
        {
          owner.busy = TRUE;
          g_mutex_unlock (&owner.lock);
          job->func (job->data);
          g_mutex_lock (&owner.lock);
          owner.busy = FALSE;
          if (job->done != NULL)
            *job->done = TRUE;
          g_free (job);
          g_cond_broadcast (&owner.idle);
          continue;
        }
      if (owner.stopping)
        break;
      if (g_queue_is_empty (&owner.polls))
        {
          g_cond_broadcast (&owner.idle);
          wait_until (dpdk_owner_timers_get_next ());
        }
      else
        {
          if (!owner.pass_wanted)
            wait_until (
                MIN (g_get_monotonic_time () + POLL_INTERVAL_US, dpdk_owner_timers_get_next ()));
          run_polls ();
        }
      run_timers ();
    }
  g_cond_broadcast (&owner.idle);
  g_mutex_unlock (&owner.lock);
  return NULL;
}

void
dpdk_owner_start (void)
{
  g_mutex_lock (&owner.lock);
  if (owner.thread == NULL)
    owner.thread = g_thread_new ("dpdk-owner", owner_main, NULL);
  g_mutex_unlock (&owner.lock);
}

/* called by the last job of all, on the owner thread itself */
void
dpdk_owner_stop (void)
{
  g_assert (is_owner);
  g_mutex_lock (&owner.lock);
  owner.stopping = TRUE;
  g_clear_pointer (&owner.thread, g_thread_unref);
  g_mutex_unlock (&owner.lock);
}

static Job *
push_locked (GQueue *queue, DpdkOwnerFunc func, DpdkOwnerPollFunc poll, gpointer data,
             gboolean *done)
{
  Job *job = g_new0 (Job, 1);

  job->func = func;
  job->poll = poll;
  job->data = data;
  job->done = done;
  g_queue_push_tail (queue, job);
  g_cond_signal (&owner.work);
  return job;
}

/* runs @func on the owner thread some time later; never waits, so any thread may call it */
void
dpdk_owner_post (DpdkOwnerFunc func, gpointer data)
{
  g_mutex_lock (&owner.lock);
  push_locked (&owner.jobs, func, NULL, data, NULL);
  g_mutex_unlock (&owner.lock);
}

/* calls @func every few milliseconds until it returns TRUE; @must_end says that this will be soon,
   whatever the application does, so that dpdk_owner_wait_idle() has to wait for it */
void
dpdk_owner_post_poll (DpdkOwnerPollFunc func, gpointer data, gboolean must_end)
{
  g_mutex_lock (&owner.lock);
  push_locked (&owner.polls, NULL, func, data, NULL)->must_end = must_end;
  owner.n_must_end += must_end ? 1 : 0;
  g_mutex_unlock (&owner.lock);
}

/* before the end of the process: what is called from then on is refused, what is posted still runs */
void
dpdk_owner_refuse_calls (void)
{
  g_mutex_lock (&owner.lock);
  owner.refuses_calls = TRUE;
  g_mutex_unlock (&owner.lock);
}

/* runs @func on the owner thread and waits for its end */
gboolean
dpdk_owner_call (DpdkOwnerFunc func, gpointer data, const char *what, GError **error)
{
  gboolean done = FALSE;

  if (is_owner)
    {
      func (data);
      return TRUE;
    }
  if (!dpdk_lcore_check_may_wait (what, NULL, error))
    return FALSE;
  /* in a child made by fork() there is no such thread */
  if (dpdk_eal_is_inert ())
    {
      g_set_error (error, DPDK_ERROR, DPDK_ERROR_EAL_DEAD, "%s: the EAL " DPDK_EAL_INERT_REASON,
                   what);
      return FALSE;
    }
  g_mutex_lock (&owner.lock);
  if (owner.thread == NULL || owner.refuses_calls)
    {
      g_mutex_unlock (&owner.lock);
      g_set_error (error, DPDK_ERROR, DPDK_ERROR_EAL_DEAD, "%s: the EAL of this process has ended",
                   what);
      return FALSE;
    }
  push_locked (&owner.jobs, func, NULL, data, &done);
  while (!done)
    g_cond_wait (&owner.idle, &owner.lock);
  g_mutex_unlock (&owner.lock);
  return TRUE;
}

/* a job that can never be done, because a thread that it waits for is in exit (): what it holds must
   stay as long as the process */
void
dpdk_owner_abandon (gpointer data)
{
  static GSList *abandoned;

  g_assert (is_owner);
  abandoned = g_slist_prepend (abandoned, data);
}

/* waits until nothing is left to do; FALSE if @deadline (monotonic) came first */
gboolean
dpdk_owner_wait_idle (gint64 deadline)
{
  gboolean in_time = TRUE;
  guint64 passes;

  g_mutex_lock (&owner.lock);
  passes = owner.n_passes;
  while (in_time && owner.thread != NULL)
    {
      gboolean passed = g_queue_is_empty (&owner.polls) || owner.n_passes > passes + 1;

      if (!owner.busy && g_queue_is_empty (&owner.jobs) && owner.n_must_end == 0 && passed)
        break;
      if (!passed)
        {
          owner.pass_wanted = TRUE;
          g_cond_signal (&owner.work);
        }
      in_time = g_cond_wait_until (&owner.idle, &owner.lock, deadline);
    }
  g_mutex_unlock (&owner.lock);
  return in_time;
}
