/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nbd-protocol.h"

G_BEGIN_DECLS

typedef enum {
  NBD_COUNTER_CONNECTIONS,
  /* of them, which have not ended */
  NBD_COUNTER_OPEN,
  /* of them, which were refused because there were too many */
  NBD_COUNTER_REFUSED,
  /* of them, which were closed because of what they sent or did not send */
  NBD_COUNTER_VIOLATIONS,
  /* each ends as one of those below */
  NBD_COUNTER_REQUESTS,
  NBD_COUNTER_READS,
  NBD_COUNTER_WRITES,
  NBD_COUNTER_FLUSHES,
  NBD_COUNTER_TRIMS,
  NBD_COUNTER_CACHES,
  NBD_COUNTER_ZEROES,
  NBD_COUNTER_STATUSES,
  NBD_COUNTER_ERRORS,
  /* the connection ended before the answer was sent */
  NBD_COUNTER_ABANDONED,
  /* of those that succeeded */
  NBD_COUNTER_READ_BYTES,
  NBD_COUNTER_WRITTEN_BYTES,
  NBD_COUNTER_TRIMMED_BYTES,
  NBD_COUNTER_ZEROED_BYTES,
  /* of all connections, headers included */
  NBD_COUNTER_BYTES_IN,
  NBD_COUNTER_BYTES_OUT,
  /* the most requests of a connection at a time */
  NBD_COUNTER_MAX_OUTSTANDING,
  NBD_N_COUNTERS,
} NbdCounter;

/* Any thread may count. */
typedef struct {
  guint64 counters[NBD_N_COUNTERS];
} NbdStatistics;

void nbd_statistics_add (NbdStatistics *self, NbdCounter counter, gint64 n);
void nbd_statistics_raise (NbdStatistics *self, NbdCounter counter, guint64 value);
guint64 nbd_statistics_get (NbdStatistics *self, NbdCounter counter);
/* A request that was answered with success. */
void nbd_statistics_add_success (NbdStatistics *self, const NbdRequestHeader *header);
void nbd_statistics_print (NbdStatistics *self);

G_END_DECLS
