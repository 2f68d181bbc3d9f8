/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-compare.h"

static double
measure (const BenchSide *side)
{
  return side->func (side->user_data);
}

void
bench_compare (BenchFigure *figure, BenchSide ours, BenchSide baseline, int n_rounds,
               BenchOrder order)
{
  g_autoptr (GArray) values = g_array_new (FALSE, FALSE, sizeof (double));
  g_autoptr (GArray) baseline_values = g_array_new (FALSE, FALSE, sizeof (double));
  g_autoptr (GArray) ratios = g_array_new (FALSE, FALSE, sizeof (double));

  /* caches, pages and branches */
  measure (&baseline);
  measure (&ours);
  for (int i = 0; i < n_rounds; i++)
    {
      gboolean baseline_first = i % 2 == 0;
      double first = measure (baseline_first ? &baseline : &ours);
      double second = measure (baseline_first ? &ours : &baseline);
      double value = baseline_first ? second : first;
      double baseline_value = baseline_first ? first : second;
      double ratio =
          order == BENCH_MORE_IS_BETTER ? value / baseline_value : baseline_value / value;

      g_array_append_val (values, value);
      g_array_append_val (baseline_values, baseline_value);
      g_array_append_val (ratios, ratio);
    }
  figure->value = bench_median (values);
  figure->baseline_value = bench_median (baseline_values);
  figure->ratio = bench_median (ratios);
}
