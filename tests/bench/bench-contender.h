/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bench-child.h"
#include "bench-compare.h"

G_BEGIN_DECLS

/* One of those that are compared, in a process of its own. */
typedef struct {
  const char *name;
  /* makes it ready; @argument is what bench_contender_new() was told */
  gpointer (*start) (const char *argument);
  /* one round; gives the number of values */
  guint (*run) (gpointer contender, const char *command, double values[BENCH_CHILD_MAX_VALUES]);
} BenchContender;

/* the first thing that main() does: in a child it does not return. The list ends with NULL. */
void bench_contender_serve (int argc, char **argv, const BenchContender *const *contenders);

BenchChild *bench_contender_new (const BenchContender *contender, const char *argument);

/* a round that has one value */
double bench_contender_run (BenchChild *child, const char *command);

G_END_DECLS
