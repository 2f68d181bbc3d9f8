/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bench-peers.h"
#include "bench-veth.h"

G_BEGIN_DECLS

/* One connection as two streams of GIO, the server's and the client's, without Nagle's algorithm. */
typedef struct {
  GIOStream *ends[2];
} BenchStreams;

/* not on the thread of a worker */
void bench_streams_open_ours (BenchStreams *self, BenchPeers *peers);
void bench_streams_open_kernel (BenchStreams *self, BenchVeth *veth);

G_END_DECLS
