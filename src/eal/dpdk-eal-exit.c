/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-process-private.h"

#include "dpdk-eal-files-private.h"
#include "dpdk-lcore-private.h"
#include "dpdk-owner-private.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

/* how long the end of the process waits for what has begun to end */
#define EXIT_TIMEOUT_US (5 * G_TIME_SPAN_SECOND)

gboolean dpdk_process_is_inert;

static pid_t init_pid;

/* a lock that another thread has at that moment would never be free in the child; in the order in
   which they are nested */
static void
before_fork (void)
{
  dpdk_process_before_fork ();
  dpdk_owner_before_fork ();
  dpdk_lcore_before_fork ();
}

static void
after_fork (void)
{
  dpdk_lcore_after_fork ();
  dpdk_owner_after_fork ();
  dpdk_process_after_fork ();
}

static void
after_fork_in_child (void)
{
  gboolean is_parents = dpdk_process_has_begun_locked ();

  after_fork ();
  if (!is_parents)
    return;
  dpdk_process_is_inert = TRUE;
  dpdk_lcore_forget ();
}

void
dpdk_process_fork_init (void)
{
  static gsize initialized;

  if (!g_once_init_enter (&initialized))
    return;
  pthread_atfork (before_fork, after_fork, after_fork_in_child);
  g_once_init_leave (&initialized, 1);
}

static gboolean
is_child_of_living (void)
{
  return getpid () != init_pid && kill (init_pid, 0) == 0;
}

static void
before_hooks_of_dpdk (void)
{
  if (is_child_of_living ())
    dpdk_eal_files_save_sockets ();
}

static void
after_hooks_of_dpdk (void)
{
  if (getpid () == init_pid)
    dpdk_eal_files_remove_folder ();
  else if (is_child_of_living ())
    dpdk_eal_files_restore_sockets ();
}

void
dpdk_process_exit_init (void)
{
  init_pid = getpid ();
  atexit (after_hooks_of_dpdk);
  /* exit () is a drop too */
  atexit (dpdk_eal_prepare_exit);
}

void
dpdk_process_exit_init_late (void)
{
  atexit (before_hooks_of_dpdk);
}

/* after this one come the destructors of DPDK's libraries, and one that is loaded after its destructor
   has run begins again, and panics */
__attribute__ ((destructor)) static void
on_unload (void)
{
  dpdk_process_refuse_start ();
  dpdk_eal_prepare_exit ();
}

/**
 * dpdk_eal_prepare_exit:
 *
 * Does now what the end of the process would do: stops all workers, which closes their sockets, and
 * waits up to 5 seconds for them and for what has begun to end. No end is begun. From then on all
 * objects are inert, as in a child made by fork(): dropping them does nothing, and new ones are
 * refused.
 *
 * It is for the exit hook of an interpreter, which ends before the exit hooks of C run, and after
 * whose end no thread of the library may call into it any more. Other programs do not need it.
 *
 * May be called from any thread. Does nothing if there never was an EAL.
 *
 * Since: 0.1
 */
void
dpdk_eal_prepare_exit (void)
{
  gint64 deadline = g_get_monotonic_time () + EXIT_TIMEOUT_US;
  gboolean is_owner = dpdk_owner_is_current ();

  if (dpdk_eal_is_inert () || !dpdk_process_wait_started (is_owner ? 0 : deadline))
    return;
  dpdk_process_wait_stopped (deadline);
  if (!is_owner)
    {
      dpdk_owner_refuse_calls ();
      dpdk_owner_wait_idle (deadline);
    }
  dpdk_process_is_inert = TRUE;
}
