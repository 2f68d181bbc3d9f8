/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Our Internet checksum against the two that lwIP has for 16 and 32 bits at a time, and summing while
   copying against copying first, in short rounds one after the other. */

#include "bench-compare.h"
#include "lwip-reference-checksum.h"

#include <dpdk-lwip-port.h>
#include <string.h>
#include <time.h>

/* so many that the branches at the end are not learnt by heart, so few that all stay in the cache */
#define N_BUFFERS 16
#define MAX_LENGTH 8960
/* where the payload of a frame begins, less a multiple of 16 */
#define OFFSET 6

typedef guint16 (*Sum) (const guint8 *data, gsize len);

static int n_rounds = 301;
static int n_sums = 4096;

static GOptionEntry options[] = {
  { "rounds", 'r', 0, G_OPTION_ARG_INT, &n_rounds, "Number of rounds", "N" },
  { "sums", 's', 0, G_OPTION_ARG_INT, &n_sums, "Number of checksums in a round", "N" },
  G_OPTION_ENTRY_NULL,
};

static guint8 buffers[N_BUFFERS][MAX_LENGTH + 64] __attribute__ ((aligned (64)));
static guint8 copy[MAX_LENGTH + 64] __attribute__ ((aligned (64)));
static volatile guint16 sink;

static guint16
ours (const guint8 *data, gsize len)
{
  return dpdk_lwip_checksum (data, len);
}

static guint16
ours_portable (const guint8 *data, gsize len)
{
  return dpdk_lwip_checksum_portable (data, len);
}

static guint16
lwip_2 (const guint8 *data, gsize len)
{
  return lwip_2_standard_chksum (data, (int) len);
}

static guint16
lwip_3 (const guint8 *data, gsize len)
{
  return lwip_3_standard_chksum (data, (int) len);
}

static guint16
ours_copy (const guint8 *data, gsize len)
{
  return dpdk_lwip_checksum_copy (copy, data, len);
}

static guint16
copy_then_ours (const guint8 *data, gsize len)
{
  memcpy (copy, data, len);
  return dpdk_lwip_checksum (copy, len);
}

static guint16
copy_then_lwip_2 (const guint8 *data, gsize len)
{
  memcpy (copy, data, len);
  return lwip_2_standard_chksum (copy, (int) len);
}

typedef struct {
  Sum sum;
  gsize len;
} Side;

static double
run_round (gpointer user_data)
{
  const Side *side = user_data;
  struct timespec begin, end;

  clock_gettime (CLOCK_MONOTONIC, &begin);
  for (int i = 0; i < n_sums; i++)
    sink = side->sum (buffers[i % N_BUFFERS] + OFFSET, side->len);
  clock_gettime (CLOCK_MONOTONIC, &end);
  return ((double) (end.tv_sec - begin.tv_sec) * 1e9 + (double) (end.tv_nsec - begin.tv_nsec)) /
         n_sums;
}

static void
compare (const char *what, Sum sum, const char *baseline_name, Sum baseline_sum, gsize len)
{
  g_autofree char *metric = g_strdup_printf ("%s-of-%" G_GSIZE_FORMAT "-bytes", what, len);
  Side ours_side = { sum, len }, baseline = { baseline_sum, len };
  BenchFigure figure = {
    .bench = "checksum",
    .metric = metric,
    .unit = "ns/checksum",
    .baseline = baseline_name,
  };

  bench_compare (&figure, (BenchSide){ run_round, &ours_side }, (BenchSide){ run_round, &baseline },
                 n_rounds, BENCH_LESS_IS_BETTER);
  bench_report (&figure);
}

int
main (int argc, char **argv)
{
  /* an IPv4 header, a TCP header with its pseudo header, two segments */
  static const gsize lengths[] = { 20, 64, 536, 1460, MAX_LENGTH };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;

  g_option_context_add_main_entries (context, options, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    bench_die (error);
  for (guint i = 0; i < N_BUFFERS; i++)
    for (guint k = 0; k < sizeof buffers[i]; k++)
      buffers[i][k] = (guint8) g_random_int ();
  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      compare ("sum", ours, "lwIP, algorithm 2 (its default)", lwip_2, lengths[i]);
      compare ("sum-against-3", ours, "lwIP, algorithm 3", lwip_3, lengths[i]);
      compare ("portable-sum", ours_portable, "lwIP, algorithm 3", lwip_3, lengths[i]);
      compare ("copy-with-sum", ours_copy, "memcpy, then our checksum", copy_then_ours, lengths[i]);
      compare ("copy-with-sum-against-2", ours_copy, "memcpy, then lwIP, algorithm 2",
               copy_then_lwip_2, lengths[i]);
    }
  return 0;
}
