/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bench-contender.h"

G_BEGIN_DECLS

/* Connections that are opened, bring one request and one response, and are closed by the server, which
   then has them in TIME-WAIT. The argument is how many of those it may keep; a command is the length of
   a round in milliseconds, which begins when they are there, and gives the connections in a second. */
extern const BenchContender bench_accept_ours;
/* which keeps what it keeps */
extern const BenchContender bench_accept_kernel;

#define BENCH_ACCEPT_MESSAGE_SIZE 64
/* connections that are opened at a time */
#define BENCH_ACCEPT_WINDOW 64
/* so many that a million in TIME-WAIT are a quarter of what the ports of both ends can make */
#define BENCH_ACCEPT_FIRST_PORT 1000
#define BENCH_ACCEPT_N_PORTS 128

G_END_DECLS
