/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bench-contender.h"

G_BEGIN_DECLS

/* One connection, one end of which sends as much as it can, and the other reads it. A command is the
   length of a round in milliseconds; it gives the bits that were received in a second. */
extern const BenchContender bench_bulk_ours;
extern const BenchContender bench_bulk_kernel;

#define BENCH_BULK_PORT 1000
/* of a call that reads or writes, as iperf3 has it */
#define BENCH_BULK_CHUNK_SIZE (128 * 1024)

typedef struct {
  guint mtu;
  /* computed for each segment, or known to be good since nothing can go wrong on the way */
  gboolean has_checksums;
  /* what is sent is lent, and what is read is not copied; for the library only */
  gboolean has_bytes;
} BenchBulkSettings;

char *bench_bulk_settings_to_string (const BenchBulkSettings *self);
BenchBulkSettings bench_bulk_settings_parse (const char *argument);

G_END_DECLS
