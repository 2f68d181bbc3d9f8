/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nbd-statistics.h"

static const char *const names[] = {
  [NBD_COUNTER_CONNECTIONS] = "connections",
  [NBD_COUNTER_OPEN] = "open",
  [NBD_COUNTER_REFUSED] = "refused",
  [NBD_COUNTER_VIOLATIONS] = "violations",
  [NBD_COUNTER_REQUESTS] = "requests",
  [NBD_COUNTER_READS] = "reads",
  [NBD_COUNTER_WRITES] = "writes",
  [NBD_COUNTER_FLUSHES] = "flushes",
  [NBD_COUNTER_TRIMS] = "trims",
  [NBD_COUNTER_CACHES] = "caches",
  [NBD_COUNTER_ZEROES] = "zeroes",
  [NBD_COUNTER_STATUSES] = "statuses",
  [NBD_COUNTER_ERRORS] = "errors",
  [NBD_COUNTER_ABANDONED] = "abandoned",
  [NBD_COUNTER_READ_BYTES] = "read-bytes",
  [NBD_COUNTER_WRITTEN_BYTES] = "written-bytes",
  [NBD_COUNTER_TRIMMED_BYTES] = "trimmed-bytes",
  [NBD_COUNTER_ZEROED_BYTES] = "zeroed-bytes",
  [NBD_COUNTER_BYTES_IN] = "bytes-in",
  [NBD_COUNTER_BYTES_OUT] = "bytes-out",
  [NBD_COUNTER_MAX_OUTSTANDING] = "max-outstanding",
};

G_STATIC_ASSERT (G_N_ELEMENTS (names) == NBD_N_COUNTERS);

void
nbd_statistics_add (NbdStatistics *self, NbdCounter counter, gint64 n)
{
  __atomic_fetch_add (&self->counters[counter], (guint64) n, __ATOMIC_RELAXED);
}

void
nbd_statistics_raise (NbdStatistics *self, NbdCounter counter, guint64 value)
{
  guint64 old = nbd_statistics_get (self, counter);

  while (old < value && !__atomic_compare_exchange_n (&self->counters[counter], &old, value, FALSE,
                                                      __ATOMIC_RELAXED, __ATOMIC_RELAXED))
    ;
}

guint64
nbd_statistics_get (NbdStatistics *self, NbdCounter counter)
{
  return __atomic_load_n (&self->counters[counter], __ATOMIC_RELAXED);
}

void
nbd_statistics_add_success (NbdStatistics *self, const NbdRequestHeader *header)
{
  switch ((NbdCommand) header->type)
    {
    case NBD_COMMAND_READ:
      nbd_statistics_add (self, NBD_COUNTER_READS, 1);
      nbd_statistics_add (self, NBD_COUNTER_READ_BYTES, header->length);
      break;
    case NBD_COMMAND_WRITE:
      nbd_statistics_add (self, NBD_COUNTER_WRITES, 1);
      nbd_statistics_add (self, NBD_COUNTER_WRITTEN_BYTES, header->length);
      break;
    case NBD_COMMAND_FLUSH:
      nbd_statistics_add (self, NBD_COUNTER_FLUSHES, 1);
      break;
    case NBD_COMMAND_TRIM:
      nbd_statistics_add (self, NBD_COUNTER_TRIMS, 1);
      nbd_statistics_add (self, NBD_COUNTER_TRIMMED_BYTES, header->length);
      break;
    case NBD_COMMAND_CACHE:
      nbd_statistics_add (self, NBD_COUNTER_CACHES, 1);
      break;
    case NBD_COMMAND_WRITE_ZEROES:
      nbd_statistics_add (self, NBD_COUNTER_ZEROES, 1);
      nbd_statistics_add (self, NBD_COUNTER_ZEROED_BYTES, header->length);
      break;
    case NBD_COMMAND_BLOCK_STATUS:
      nbd_statistics_add (self, NBD_COUNTER_STATUSES, 1);
      break;
    case NBD_COMMAND_DISCONNECT:
    default:
      g_assert_not_reached ();
    }
}

void
nbd_statistics_print (NbdStatistics *self)
{
  for (guint i = 0; i < NBD_N_COUNTERS; i++)
    g_print ("%s: %" G_GUINT64_FORMAT "\n", names[i], nbd_statistics_get (self, i));
}
