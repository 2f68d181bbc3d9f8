/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-rate.h"

#include <stdlib.h>

#define STALL_US (20 * G_TIME_SPAN_SECOND)

/* a round of a busy machine may be too short for anything */
static guint64
wait_for_more (const guint64 *counter, guint64 first)
{
  gint64 deadline = g_get_monotonic_time () + STALL_US;
  guint64 count;

  while ((count = __atomic_load_n (counter, __ATOMIC_RELAXED)) == first)
    {
      if (g_get_monotonic_time () > deadline)
        {
          g_printerr ("%s: nothing arrives\n", g_get_prgname ());
          exit (1);
        }
      g_usleep (50);
    }
  return count;
}

double
bench_rate_measure (const guint64 *counter, guint ms)
{
  guint64 first, last;
  gint64 from;

  g_usleep (ms * 1000 / 10);
  from = g_get_monotonic_time ();
  first = __atomic_load_n (counter, __ATOMIC_RELAXED);
  g_usleep (ms * 1000);
  last = wait_for_more (counter, first);
  return (double) (last - first) * 1e6 / (double) (g_get_monotonic_time () - from);
}
