/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  const char *bench;
  const char *metric;
  const char *unit;
  const char *baseline;
  double value;
  double baseline_value;
  /* how many times better than the baseline */
  double ratio;
} BenchFigure;

/* says what went wrong, and ends the process */
void bench_die (const GError *error) G_GNUC_NORETURN;

double bench_median (GArray *values);
void bench_report (const BenchFigure *figure);

G_END_DECLS
