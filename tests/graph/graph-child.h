/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "graph-world.h"

typedef struct {
  WorldOptions world;
  char *order;
  char *threads;
  /* signal number or time, by scenario */
  int number;
} ChildOptions;

typedef struct {
  const char *name;
  int (*func) (World *world, const ChildOptions *options);
} Scenario;

extern const Scenario orders_scenarios[];
extern const Scenario exits_scenarios[];
extern const Scenario broken_scenarios[];
extern const Scenario api_scenarios[];
extern const Scenario devices_scenarios[];
extern const Scenario runtimes_scenarios[];
extern const Scenario walk_scenarios[];

/* fails the process unless @error is of this kind and its message matches @pattern */
void child_check_error (GError **error, GQuark domain, int code, const char *pattern);
