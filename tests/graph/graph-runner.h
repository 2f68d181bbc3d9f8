/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

/* what must stand in the file of events */
typedef enum {
  /* init once; ports and pools gone in the right order; cleanup once and last */
  GRAPH_EVENTS_WHOLE,
  /* the same, but the end may be missing */
  GRAPH_EVENTS_CUT,
  /* init, and no cleanup */
  GRAPH_EVENTS_NO_CLEANUP,
  /* DPDK was not started, or the scenario checks all of it */
  GRAPH_EVENTS_ANY,
} GraphEvents;

/* one run of graph-child */
typedef struct {
  /* owned: what follows the name of the program, separated by spaces */
  char *args;
  /* how it must end: with this status, or by this signal; with both it may be either */
  int status;
  int signal;
  gboolean is_either;
  /* sent as many times when the child says that it is ready */
  int send;
  guint n_send;
  GraphEvents events;
  /* what standard error must be like; NULL for nothing at all */
  const char *errors;
} GraphStep;

#define GRAPH_MAX_STEPS 4

/* runs in a sandbox of its own, one after the other */
typedef struct {
  GraphStep steps[GRAPH_MAX_STEPS];
  guint n_steps;
  guint timeout_s;
} GraphCase;

typedef struct {
  const char *folder;
  const char *events;
  const char *errors;
} GraphFiles;

/* graph-runner.c */
GraphCase *graph_case_new (void);
GraphStep *graph_case_add (GraphCase *self, const char *format, ...) G_GNUC_PRINTF (2, 3);
void graph_case_free (GraphCase *self);
/* fails the test for each case that fails */
void graph_run_cases (GPtrArray *cases);
/* what was wrong, or NULL */
char *graph_run_case (GraphCase *self);
/* @n, scaled by DPDK_TEST_SCALE, but at least 1 */
guint graph_scale (guint n);

/* graph-nanny.c: in a process of its own, which it ends */
void graph_nanny (const GraphCase *self, const char *folder) G_GNUC_NORETURN;

/* graph-sandbox.c */
void graph_sandbox_enter (GString *problems);
void graph_sandbox_check (GString *problems);

/* graph-drivers.c */
gboolean graph_drivers_limit (void);

/* graph-checks.c */
void graph_check_events (const char *text, GraphEvents kind, int pid, GString *problems);

/* graph-hugepages.c */
gboolean graph_hugepages_reserve (GString *reason);
/* whether all of them are free again */
gboolean graph_hugepages_are_free (void);
