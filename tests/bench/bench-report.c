/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

void
bench_die (const GError *error)
{
  g_printerr ("%s\n", error->message);
  exit (1);
}

static int
compare (gconstpointer a, gconstpointer b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return (x > y) - (x < y);
}

/* @values: (element-type double): sorted afterwards */
double
bench_median (GArray *values)
{
  guint middle = values->len / 2;

  g_return_val_if_fail (values->len > 0, NAN);

  g_array_sort (values, compare);
  if (values->len % 2 == 1)
    return g_array_index (values, double, middle);
  return (g_array_index (values, double, middle - 1) + g_array_index (values, double, middle)) / 2;
}

/* JSON knows no other decimal point, whatever the locale */
static const char *
format (char *buffer, gsize size, double number)
{
  return g_ascii_formatd (buffer, (int) size, "%.6g", number);
}

void
bench_report (const BenchFigure *figure)
{
  char value[G_ASCII_DTOSTR_BUF_SIZE];
  char baseline_value[G_ASCII_DTOSTR_BUF_SIZE];
  char ratio[G_ASCII_DTOSTR_BUF_SIZE];

  printf ("{\"bench\": \"%s\", \"metric\": \"%s\", \"value\": %s, \"unit\": \"%s\", "
          "\"baseline\": \"%s\", \"baseline_value\": %s, \"ratio\": %s}\n",
          figure->bench, figure->metric, format (value, sizeof value, figure->value), figure->unit,
          figure->baseline, format (baseline_value, sizeof baseline_value, figure->baseline_value),
          format (ratio, sizeof ratio, figure->ratio));
  fflush (stdout);
}
