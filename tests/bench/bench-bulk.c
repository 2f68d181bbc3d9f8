/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-bulk.h"

#include <stdlib.h>

char *
bench_bulk_settings_to_string (const BenchBulkSettings *self)
{
  return g_strdup_printf ("%u %d %d", self->mtu, self->has_checksums, self->has_bytes);
}

BenchBulkSettings
bench_bulk_settings_parse (const char *argument)
{
  g_auto (GStrv) words = g_strsplit (argument, " ", 3);

  return (BenchBulkSettings){ (guint) atoi (words[0]), atoi (words[1]), atoi (words[2]) };
}
