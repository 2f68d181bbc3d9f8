/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/* A thread in a network namespace of its own, which ends with the process. */
typedef struct _BenchNetns BenchNetns;

typedef void (*BenchNetnsFunc) (gpointer user_data);

BenchNetns *bench_netns_new (void);
/* of the thread: what ip-link(8) takes for the namespace */
pid_t bench_netns_get_id (BenchNetns *self);

/* runs @func on the thread and waits for its end */
void bench_netns_call (BenchNetns *self, BenchNetnsFunc func, gpointer user_data);
/* the same in two steps: one call at a time */
void bench_netns_start (BenchNetns *self, BenchNetnsFunc func, gpointer user_data);
void bench_netns_wait (BenchNetns *self);

/* in the network of the thread that calls it; ends the process if the command fails */
void bench_netns_run_command (const char *format, ...) G_GNUC_PRINTF (1, 2);

G_END_DECLS
