/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bench-contender.h"

G_BEGIN_DECLS

/* Connections that are opened one after the other, while the same port sends SYNs of hosts that are not
   there to the same listener. A command is how many of those in a second, and the length of a round in
   milliseconds. */
extern const BenchContender bench_flood_ours;
extern const BenchContender bench_flood_kernel;

#define BENCH_FLOOD_PORT 1000
/* as many as it can */
#define BENCH_FLOOD_MAX G_MAXUINT

enum {
  /* to open a connection, in ns */
  BENCH_FLOOD_MEDIAN,
  BENCH_FLOOD_MEAN,
  /* SYNs in a second that were sent */
  BENCH_FLOOD_RATE,
  BENCH_FLOOD_N_CONNECTIONS,
  BENCH_FLOOD_N_VALUES,
};

typedef struct {
  guint rate;
  guint ms;
} BenchFloodRound;

char *bench_flood_round_to_string (const BenchFloodRound *self);
BenchFloodRound bench_flood_round_parse (const char *command);

/* SYNs of random hosts and ports to a port of the server */
typedef struct {
  guint64 random;
  gint64 since;
  guint rate;
  guint64 n_sent;
} BenchFlood;

#define BENCH_FLOOD_FRAME_SIZE 54

void bench_flood_begin (BenchFlood *self, guint rate);
/* how many are to be sent now, at most @max */
guint bench_flood_get_due (const BenchFlood *self, guint max);
/* the next one; addresses of the server and of the next hop are those of both kinds of ends */
void bench_flood_make (BenchFlood *self, const guint8 server_mac[6],
                       guint8 frame[BENCH_FLOOD_FRAME_SIZE]);
double bench_flood_get_rate (const BenchFlood *self);

/* @times: (element-type double): of the connections of a round, in ns */
guint bench_flood_summarize (const BenchFlood *self, GArray *times,
                             double values[BENCH_CHILD_MAX_VALUES]);

G_END_DECLS
