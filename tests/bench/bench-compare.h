/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bench-report.h"

G_BEGIN_DECLS

/* does the work of one round and returns its figure */
typedef double (*BenchRoundFunc) (gpointer user_data);

typedef enum {
  BENCH_LESS_IS_BETTER,
  BENCH_MORE_IS_BETTER,
} BenchOrder;

/* one of those that are compared; the data of @func is not touched between its rounds */
typedef struct {
  BenchRoundFunc func;
  gpointer user_data;
} BenchSide;

/* measures both in turns, and fills in the medians of the figures and of their ratios */
void bench_compare (BenchFigure *figure, BenchSide ours, BenchSide baseline, int n_rounds,
                    BenchOrder order);

G_END_DECLS
