/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-worker-core-internal.h"

#include "dpdk-lcore-private.h"
#include "dpdk-mempool-private.h"

#include <pthread.h>
#include <rte_cycles.h>
#include <rte_mbuf.h>
#include <sched.h>
#include <signal.h>

#define CONTEXT_INTERVAL_US 50
#define FDS_INTERVAL_US 1000
#define TIMER_INTERVAL_US 1000
/* how long an idle worker spins before it sleeps */
#define SPIN_US 100
/* how long it sleeps at most; less if a device cannot wake it */
#define MAX_SLEEP_US (100 * G_TIME_SPAN_MILLISECOND)
#define BLIND_SLEEP_US 200
/* how long connections may finish when the worker is stopped */
#define LINGER_US (200 * G_TIME_SPAN_MILLISECOND)
#define MAX_LAST_ITERATIONS 1000
/* packets that may wait for one worker */
#define MAX_FORWARDED 256

static guint64
microseconds_to_cycles (guint64 us)
{
  return us * rte_get_tsc_hz () / G_USEC_PER_SEC;
}

typedef struct {
  DpdkWorkerTask task;
  DpdkWorkerCore *core;
  guint interface;
  struct rte_mbuf *mbuf;
  gboolean is_datagram;
} Forward;

static void
run_forward (DpdkWorkerTask *task)
{
  Forward *forward = (Forward *) task;

  g_atomic_int_add (&forward->core->n_forwarded, -1);
  if (forward->core->stack != NULL)
    dpdk_stack_input (forward->core->stack, forward->interface, forward->mbuf,
                      forward->is_datagram);
  else
    rte_pktmbuf_free (forward->mbuf);
  g_free (forward);
}

/* a worker that is held up must not draw all buffers to itself */
static gboolean
forward_packet (gpointer data, guint worker, guint interface, struct rte_mbuf *mbuf,
                gboolean is_datagram)
{
  DpdkWorkerCore *self = data;
  DpdkWorkerCore *target = g_atomic_pointer_get (&self->shared->cores[worker]);
  Forward *forward;

  if (target == NULL || g_atomic_int_get (&target->n_forwarded) >= MAX_FORWARDED)
    return FALSE;
  forward = g_new0 (Forward, 1);
  forward->task.run = run_forward;
  forward->core = target;
  forward->interface = interface;
  forward->mbuf = mbuf;
  forward->is_datagram = is_datagram;
  g_atomic_int_inc (&target->n_forwarded);
  if (dpdk_worker_core_post (target, &forward->task))
    return TRUE;
  g_atomic_int_add (&target->n_forwarded, -1);
  g_free (forward);
  return FALSE;
}

static gboolean
pin_thread (DpdkWorkerCore *self, GError **error)
{
  cpu_set_t set;
  int native;

  CPU_ZERO (&set);
  CPU_SET (self->cpu, &set);
  native = pthread_setaffinity_np (pthread_self (), sizeof set, &set);
  if (native == 0)
    return TRUE;
  g_set_error (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT,
               "cannot be pinned to core %u: %s (error %d)", self->cpu, g_strerror (native),
               native);
  return FALSE;
}

static gboolean
create_stack (DpdkWorkerCore *self, GError **error)
{
  DpdkStackPeers peers = {
    .index = self->index,
    .n_workers = self->shared->n_workers,
    .forward = forward_packet,
    .data = self,
    .port_owners = self->shared->port_owners->owners,
    .udp_ports = self->shared->udp_ports,
  };

  self->stack = dpdk_stack_new (&peers, self->budget);
  if (self->stack == NULL)
    {
      g_set_error (error, DPDK_ERROR, DPDK_ERROR_NO_MEMORY, "Worker %u: no memory for a stack",
                   self->index);
      return FALSE;
    }
  dpdk_stack_tcp_set_max_time_wait (self->shared->max_time_wait);
  if (dpdk_worker_core_open_ports (self, error))
    return TRUE;
  g_clear_pointer (&self->stack, dpdk_stack_free);
  return FALSE;
}

static void
fall_asleep (DpdkWorkerCore *self)
{
  gint64 timeout_us = self->devices_wake ? MAX_SLEEP_US : BLIND_SLEEP_US;
  gint64 timer_ms = dpdk_stack_get_timeout (self->stack);

  if (timer_ms >= 0)
    timeout_us = MIN (timeout_us, timer_ms * G_TIME_SPAN_MILLISECOND);
  g_atomic_int_set (&self->sleeping, TRUE);
  if (g_atomic_pointer_get (&self->tasks) == NULL && LIST_EMPTY (&self->looks) &&
      !g_atomic_int_get (&self->quit))
    dpdk_worker_poller_sleep (self->poller, timeout_us);
  g_atomic_int_set (&self->sleeping, FALSE);
  /* it is later than it was */
  self->next_timers = 0;
}

static guint
turn (DpdkWorkerCore *self)
{
  const guint64 now = rte_rdtsc ();
  guint n;

  dpdk_stack_set_time (self->stack, now);
  dpdk_worker_core_look_at_ports (self);
  n = dpdk_stack_receive (self->stack);
  /* what is next may take its time */
  dpdk_stack_flush (self->stack);
  n += dpdk_worker_core_run_tasks (self, NULL);
  if (now >= self->next_timers)
    {
      dpdk_stack_run_timers (self->stack);
      self->next_timers = now + microseconds_to_cycles (TIMER_INTERVAL_US);
    }
  if (now >= self->next_context)
    {
      gboolean look_at_fds = now >= self->next_fds;

      if (look_at_fds)
        self->next_fds = now + microseconds_to_cycles (FDS_INTERVAL_US);
      n += dpdk_worker_poller_iterate (self->poller, look_at_fds) ? 1 : 0;
      dpdk_mempool_yield_caches ();
      self->next_context = now + microseconds_to_cycles (CONTEXT_INTERVAL_US);
    }
  dpdk_stack_flush (self->stack);
  return n;
}

static void
loop (DpdkWorkerCore *self)
{
  const guint64 spin = microseconds_to_cycles (SPIN_US);

  while (!g_atomic_int_get (&self->quit))
    {
      guint n = turn (self);

      if (self->idle_policy == DPDK_IDLE_POLICY_BUSY_POLL)
        continue;
      if (n > 0 || dpdk_stack_has_output (self->stack))
        self->idle_since = rte_rdtsc ();
      else if (rte_rdtsc () - self->idle_since > spin)
        fall_asleep (self);
    }
}

static gboolean
any_is_busy (DpdkWorkerCore *self)
{
  const DpdkClosableFuncs *funcs;
  DpdkClosable *closable;

  dpdk_worker_core_begin_closables (self);
  while ((closable = dpdk_worker_core_next_closable (self, &funcs)) != NULL)
    if (funcs->is_busy (closable))
      return TRUE;
  return dpdk_stack_has_output (self->stack);
}

static void
close_all (DpdkWorkerCore *self)
{
  gint64 deadline = g_get_monotonic_time () + LINGER_US;
  const DpdkClosableFuncs *funcs;
  DpdkClosable *closable;

  dpdk_worker_core_run_tasks (self, &dpdk_worker_tasks_closed);
  dpdk_worker_core_begin_closables (self);
  while ((closable = dpdk_worker_core_next_closable (self, &funcs)) != NULL)
    funcs->close (closable);
  do
    {
      dpdk_stack_set_time (self->stack, rte_rdtsc ());
      dpdk_stack_receive (self->stack);
      dpdk_stack_run_timers (self->stack);
      dpdk_stack_flush (self->stack);
    }
  while (any_is_busy (self) && g_get_monotonic_time () < deadline);
  dpdk_worker_core_begin_closables (self);
  while ((closable = dpdk_worker_core_next_closable (self, &funcs)) != NULL)
    {
      funcs->abort (closable);
      /* another one may have been added */
      dpdk_worker_core_begin_closables (self);
    }
  dpdk_stack_flush (self->stack);
  /* who waited on this thread learns that it is over */
  for (guint i = 0; i < MAX_LAST_ITERATIONS; i++)
    if (!dpdk_worker_poller_iterate (self->poller, TRUE))
      break;
}

static void
block_signals (void)
{
  sigset_t set;

  /* the tap driver announces packets by real-time signals, which any thread may take */
  sigfillset (&set);
  for (int signal = SIGRTMIN; signal <= SIGRTMAX; signal++)
    sigdelset (&set, signal);
  for (guint i = 0; i < 5; i++)
    sigdelset (&set, (const int[]){ SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP }[i]);
  pthread_sigmask (SIG_SETMASK, &set, NULL);
}

gpointer
dpdk_worker_thread_main (gpointer data)
{
  DpdkWorkerCore *self = data;
  DpdkWorkerStatistics statistics;
  DpdkStackCounters counters;

  dpdk_worker_core_current = self;
  block_signals ();
  dpdk_worker_poller_enter (self->poller);
  if (!pin_thread (self, &self->error) || !dpdk_lcore_enter_worker (&self->error))
    g_prefix_error (&self->error, "Worker %u: ", self->index);
  else if (create_stack (self, &self->error))
    {
      dpdk_worker_core_set_state (self, THREAD_RUNNING);
      loop (self);
      close_all (self);
      dpdk_worker_core_get_statistics (self, &statistics);
      dpdk_worker_core_get_stack_counters (self, &counters);
      g_mutex_lock (&self->lock);
      self->last_statistics = statistics;
      self->last_counters = counters;
      g_clear_pointer (&self->stack, dpdk_stack_free);
      g_mutex_unlock (&self->lock);
    }
  dpdk_stack_budget_set_arena (self->budget, NULL);
  dpdk_lcore_leave ();
  dpdk_worker_poller_leave (self->poller);
  dpdk_worker_core_current = NULL;
  dpdk_worker_shared_leave (self->shared);
  dpdk_eal_remove_stoppable (&self->stoppable);
  dpdk_worker_core_set_state (self, THREAD_STOPPED);
  dpdk_worker_core_unref (self);
  return NULL;
}
