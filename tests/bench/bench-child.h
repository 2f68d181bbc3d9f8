/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define BENCH_CHILD_MAX_VALUES 8

/* A side of a comparison in a process of its own, which runs only while it is measured: workers that
   poll would take the cores from the other side. */
typedef struct _BenchChild BenchChild;

/* runs this program again with @argv behind its name, and waits until it is ready */
BenchChild *bench_child_new (const char *const *argv);
void bench_child_free (BenchChild *self);
/* sends a command and returns the numbers of the answer */
guint bench_child_ask (BenchChild *self, const char *command,
                       double values[BENCH_CHILD_MAX_VALUES]);

/* in the child: says that it is ready, then answers commands until the parent is gone */
typedef guint (*BenchAnswerFunc) (gpointer user_data, const char *command,
                                  double values[BENCH_CHILD_MAX_VALUES]);
void bench_child_serve (BenchAnswerFunc func, gpointer user_data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BenchChild, bench_child_free)

G_END_DECLS
