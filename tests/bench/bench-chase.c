/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-chase.h"

#include <stdlib.h>
#include <sys/mman.h>

#define CACHE_LINE 64
#define HUGE_PAGE (2u << 20)
#define N_STEPS (1u << 20)

typedef struct _Line Line;
struct _Line {
  Line *next;
  char padding[CACHE_LINE - sizeof (Line *)];
};

/* one ring through all lines, in an order that no prefetcher guesses (the algorithm of Sattolo) */
static void
link_lines (Line *lines, guint n)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  g_autofree guint *order = g_new (guint, n);

  for (guint i = 0; i < n; i++)
    order[i] = i;
  for (guint i = n - 1; i > 0; i--)
    {
      guint j = (guint) g_rand_int_range (rand, 0, (gint32) i), k = order[i];

      order[i] = order[j];
      order[j] = k;
    }
  for (guint i = 0; i < n; i++)
    lines[order[i]].next = &lines[order[(i + 1) % n]];
}

double
bench_chase_measure (gsize size)
{
  const Line *line;
  Line *lines;
  gint64 begin, end;

  size = (size + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
  if (posix_memalign ((void **) &lines, HUGE_PAGE, size) != 0)
    g_error ("no memory for %" G_GSIZE_FORMAT " bytes", size);
  madvise (lines, size, MADV_HUGEPAGE);
  link_lines (lines, (guint) (size / CACHE_LINE));
  line = lines;
  begin = g_get_monotonic_time ();
  for (guint i = 0; i < N_STEPS; i++)
    line = line->next;
  /* else nobody needs what was read */
  __asm__ volatile("" : : "r"(line));
  end = g_get_monotonic_time ();
  free (lines);
  return (double) (end - begin) * 1e3 / N_STEPS;
}
