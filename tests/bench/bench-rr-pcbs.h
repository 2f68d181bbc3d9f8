/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bench-load.h"

G_BEGIN_DECLS

/* Two ends of connections that use lwIP's own calls, whatever the threads are that run it. */
typedef struct _BenchRrPcbs BenchRrPcbs;

BenchRrPcbs *bench_rr_pcbs_new (BenchLoad *load);

/* on the thread of the server, then on that of the client */
void bench_rr_pcbs_listen (BenchRrPcbs *self);
void bench_rr_pcbs_connect (BenchRrPcbs *self, const char *server);
void bench_rr_pcbs_send (BenchRrPcbs *self, guint connection);
/* on another one: returns when all connections are there */
void bench_rr_pcbs_wait (BenchRrPcbs *self);

G_END_DECLS
