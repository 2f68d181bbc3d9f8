/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-histogram.h"

#include <string.h>

void
bench_histogram_clear (BenchHistogram *self)
{
  memset (self, 0, sizeof *self);
}

/* values below 64 as they are; then 64 steps up to each power of two */
void
bench_histogram_add (BenchHistogram *self, guint64 value)
{
  guint shift = value < BENCH_HISTOGRAM_SUBS ? 0 : 63u - (guint) __builtin_clzll (value) - 5u;
  guint64 index = shift * (BENCH_HISTOGRAM_SUBS / 2) + (value >> shift);

  self->counts[MIN (index, BENCH_HISTOGRAM_SIZE - 1)]++;
  self->n++;
}

static double
get_middle (guint index)
{
  guint shift;
  guint64 mantissa;

  if (index < BENCH_HISTOGRAM_SUBS)
    return index;
  shift = index / (BENCH_HISTOGRAM_SUBS / 2) - 1;
  mantissa = index - shift * (BENCH_HISTOGRAM_SUBS / 2);
  return ((double) mantissa + 0.5) * (double) (G_GUINT64_CONSTANT (1) << shift);
}

double
bench_histogram_get_percentile (const BenchHistogram *self, double fraction)
{
  guint64 wanted = (guint64) ((double) self->n * fraction), n = 0;

  for (guint i = 0; i < BENCH_HISTOGRAM_SIZE; i++)
    {
      n += self->counts[i];
      if (self->counts[i] > 0 && n >= wanted)
        return get_middle (i);
    }
  return 0;
}
