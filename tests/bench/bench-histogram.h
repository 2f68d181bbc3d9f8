/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define BENCH_HISTOGRAM_SUBS 64
#define BENCH_HISTOGRAM_SIZE (BENCH_HISTOGRAM_SUBS * 60)

/* counts values with an error of at most 1/64 */
typedef struct {
  guint64 n;
  guint64 counts[BENCH_HISTOGRAM_SIZE];
} BenchHistogram;

void bench_histogram_clear (BenchHistogram *self);
void bench_histogram_add (BenchHistogram *self, guint64 value);
/* the value that @fraction of all do not exceed */
double bench_histogram_get_percentile (const BenchHistogram *self, double fraction);

G_END_DECLS
