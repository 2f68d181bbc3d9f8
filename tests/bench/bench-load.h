/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bench-histogram.h"

G_BEGIN_DECLS

/* of a request and of its response */
#define BENCH_MESSAGE_SIZE 64
/* connections that are chosen at a time */
#define BENCH_LOAD_AHEAD 16

/* Requests in a closed loop: of @n_connections connections @window have a request under way, and the
   next one goes to any that has none. */
typedef struct {
  guint n_connections;
  guint window;
  /* how long an end that has nothing to do is busy */
  guint busy_ns;
  /* what the configuration of both ends has under "tcp", an object of JSON; or NULL */
  const char *tcp;
  /* sends a request; on the thread of the client */
  void (*send) (gpointer client, guint connection);
  /* or NULL: these are the next ones */
  void (*prefetch) (gpointer client, const guint *connections, guint n);
  gpointer client;

  /* of the thread of the client */
  guint64 random;
  guint64 *sent_at;
  /* what the program itself keeps of the connections, in bytes */
  gsize own_memory;
  guint ahead[BENCH_LOAD_AHEAD];
  guint n_ahead;
  BenchHistogram *latencies;

  /* and of the thread that measures */
  guint64 n_responses;
  gint is_running;
  gint n_outstanding;
} BenchLoad;

typedef struct {
  double rate;
  /* in nanoseconds */
  double p50;
  double p99;
  double p999;
} BenchLoadFigures;

void bench_load_init (BenchLoad *self, guint n_connections, guint window);

/* on the thread of the client */
void bench_load_begin (BenchLoad *self);
void bench_load_respond (BenchLoad *self, guint connection);

/* on another one; @begin makes the client call bench_load_begin() */
BenchLoadFigures bench_load_measure (BenchLoad *self, void (*begin) (gpointer client), guint ms);

G_END_DECLS
