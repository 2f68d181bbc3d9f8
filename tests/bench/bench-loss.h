/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bench-contender.h"

#include <dpdk-glib-testing.h>

G_BEGIN_DECLS

/* Senders of as much as they can over one link, which loses packets of both directions, to receivers
   that are always ready. The argument says how many, and what the link does. A command starts with new
   connections. */
extern const BenchContender bench_loss_ours;
extern const BenchContender bench_loss_kernel;

#define BENCH_LOSS_PORT 1000
/* room for more than is ever on its way */
#define BENCH_LOSS_BUFFER_SIZE (4 * 1024 * 1024)

enum {
  /* bits that were received in a second */
  BENCH_LOSS_RATE,
  BENCH_LOSS_RETRANSMITTED,
  BENCH_LOSS_TIMEOUTS,
  BENCH_LOSS_N_VALUES,
};

typedef struct {
  double loss;
  guint delay_us;
  guint n_connections;
} BenchLossSettings;

char *bench_loss_settings_to_string (const BenchLossSettings *self);
BenchLossSettings bench_loss_settings_parse (const char *argument);

typedef struct {
  guint64 seed;
  guint ms;
} BenchLossRound;

char *bench_loss_round_to_string (const BenchLossRound *self);
BenchLossRound bench_loss_round_parse (const char *command);

DpdkTestImpairment *bench_loss_new_impairment (const BenchLossSettings *settings);
/* what was decided for earlier packets does not matter any more */
void bench_loss_set_seed (const BenchLossSettings *settings, DpdkTestLink *link, guint64 seed);

G_END_DECLS
