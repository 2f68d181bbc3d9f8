/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-thread.h"

#include <pthread.h>
#include <sched.h>

static void
set_priority (gboolean is_raised)
{
  int policy = sched_getscheduler (0);
  struct sched_param param;

  if (policy != SCHED_FIFO && policy != SCHED_RR)
    return;
  param.sched_priority =
      is_raised ? sched_get_priority_max (policy) : sched_get_priority_min (policy);
  sched_setscheduler (0, policy, &param);
}

int
bench_thread_relax (void)
{
  int policy = sched_getscheduler (0);

  sched_setscheduler (0, SCHED_OTHER, &(struct sched_param){ 0 });
  return policy;
}

void
bench_thread_restore (int policy)
{
  const struct sched_param param = { .sched_priority = sched_get_priority_min (policy) };

  sched_setscheduler (0, policy, &param);
}

void
bench_thread_raise (void)
{
  set_priority (TRUE);
}

void
bench_thread_lower (void)
{
  set_priority (FALSE);
}

guint
bench_thread_get_cpu (guint index)
{
  return index % g_get_num_processors ();
}

void
bench_thread_pin (guint index)
{
  guint cpu = bench_thread_get_cpu (index);
  cpu_set_t set;

  CPU_ZERO (&set);
  CPU_SET (cpu, &set);
  if (pthread_setaffinity_np (pthread_self (), sizeof set, &set) != 0)
    g_printerr ("%s: cannot run on CPU %u only\n", g_get_prgname (), cpu);
  bench_thread_lower ();
}
