/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bench-child.h"
#include "bench-load.h"

G_BEGIN_DECLS

#define BENCH_RR_FIRST_PORT 1000
/* so many connections have the same addresses and port of the server */
#define BENCH_RR_PER_PORT 20000
/* what both ends of one take, about */
#define BENCH_RR_FOOTPRINT 2048

/* Two ends of connections, each on a core of its own: the client sends what the load says, the server
   answers each request. */
typedef struct {
  const char *name;
  /* returns when all connections are there */
  gpointer (*start) (BenchLoad *load);
  void (*begin) (gpointer client);
  /* of both ends; or NULL */
  guint64 (*count_packets) (gpointer client);
} BenchRrKind;

/* workers of the library, through its public API */
extern const BenchRrKind bench_rr_ours;
/* the same workers, through lwIP's own calls; for programs that have the library in themselves */
extern const BenchRrKind bench_rr_raw;
/* nothing but lwIP and DPDK in a loop */
extern const BenchRrKind bench_rr_lwip;
/* sockets and epoll over a veth pair */
extern const BenchRrKind bench_rr_kernel;
/* no stack at all: a cache line between two threads, a single connection */
extern const BenchRrKind bench_rr_line;

/* what is measured of a child */
enum {
  BENCH_RR_RATE,
  BENCH_RR_P50,
  BENCH_RR_P99,
  BENCH_RR_P999,
  /* of the process, in bytes, without that of the next line */
  BENCH_RR_MEMORY,
  /* of the program itself for the connections */
  BENCH_RR_OWN_MEMORY,
  /* for each request, with its response and what acknowledges them; 0 if it is not known */
  BENCH_RR_PACKETS,
  /* of a dependent access to as much memory as the connections take, in nanoseconds */
  BENCH_RR_ACCESS,
  BENCH_RR_N_VALUES,
};

/* the option --side of a child, and its load */
GOptionGroup *bench_rr_get_option_group (void);
/* the kinds that the program has, with NULL at the end; TRUE in a child, after its end */
gboolean bench_rr_serve (const BenchRrKind *const *kinds);

BenchChild *bench_rr_child_new (const BenchRrKind *kind, guint n_connections, guint window);
/* @tcp: what the configuration of both ends of bench_rr_ours has under "tcp" */
BenchChild *bench_rr_child_new_with (const BenchRrKind *kind, guint n_connections, guint window,
                                     const char *tcp);
/* @busy_ns: how long each end of bench_rr_line is busy before it hands over */
BenchChild *bench_rr_child_new_line (guint busy_ns);
double bench_rr_child_measure (BenchChild *child, guint ms, guint index);

guint bench_rr_get_n_ports (const BenchLoad *load);

G_END_DECLS
