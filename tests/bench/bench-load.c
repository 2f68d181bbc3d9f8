/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-load.h"

#include <rte_cycles.h>
#include <stdlib.h>

#define END_TIMEOUT_US (20 * G_TIME_SPAN_SECOND)
/* in sent_at[]: it will be sent soon */
#define CHOSEN 1

void
bench_load_init (BenchLoad *self, guint n_connections, guint window)
{
  *self = (BenchLoad){
    .n_connections = n_connections,
    .window = MIN (window, n_connections),
    .random = 88172645463325252,
    .sent_at = g_new0 (guint64, n_connections),
    .own_memory = n_connections * sizeof (guint64),
    .latencies = g_new0 (BenchHistogram, 1),
  };
}

static guint
choose_one (BenchLoad *self)
{
  guint connection;

  self->random ^= self->random << 13;
  self->random ^= self->random >> 7;
  self->random ^= self->random << 17;
  connection = (guint) ((self->random >> 32) * self->n_connections >> 32);
  while (self->sent_at[connection] != 0)
    connection = connection + 1 < self->n_connections ? connection + 1 : 0;
  self->sent_at[connection] = CHOSEN;
  return connection;
}

/* @last: the one that has got its response */
static guint
choose (BenchLoad *self, guint last)
{
  /* all others are under way */
  if (self->window == self->n_connections)
    return last;
  if (self->n_ahead == 0)
    {
      guint n = MIN (BENCH_LOAD_AHEAD, self->n_connections - self->window);

      /* from the end, in the order in which they are taken */
      for (guint i = n; i > 0; i--)
        self->ahead[i - 1] = choose_one (self);
      self->n_ahead = n;
      if (self->prefetch != NULL)
        self->prefetch (self->client, self->ahead, n);
    }
  return self->ahead[--self->n_ahead];
}

static void
send_next (BenchLoad *self, guint last)
{
  guint connection = choose (self, last);

  self->sent_at[connection] = rte_rdtsc ();
  self->send (self->client, connection);
}

void
bench_load_begin (BenchLoad *self)
{
  __atomic_store_n (&self->n_outstanding, self->window, __ATOMIC_RELAXED);
  for (guint i = 0; i < self->window; i++)
    send_next (self, i);
}

void
bench_load_respond (BenchLoad *self, guint connection)
{
  bench_histogram_add (self->latencies, rte_rdtsc () - self->sent_at[connection]);
  self->sent_at[connection] = 0;
  __atomic_store_n (&self->n_responses, self->n_responses + 1, __ATOMIC_RELAXED);
  if (__atomic_load_n (&self->is_running, __ATOMIC_RELAXED))
    send_next (self, connection);
  else
    __atomic_store_n (&self->n_outstanding, self->n_outstanding - 1, __ATOMIC_RELEASE);
}

static void
give_up (const char *what)
{
  g_printerr ("%s: %s do not come\n", g_get_prgname (), what);
  exit (1);
}

/* a round of a busy machine may be too short for even one */
static guint64
wait_for_more (BenchLoad *self, guint64 first)
{
  gint64 deadline = g_get_monotonic_time () + END_TIMEOUT_US;
  guint64 n;

  while ((n = __atomic_load_n (&self->n_responses, __ATOMIC_RELAXED)) == first)
    {
      if (g_get_monotonic_time () > deadline)
        give_up ("responses");
      g_usleep (50);
    }
  return n;
}

static void
wait_for_end (BenchLoad *self)
{
  gint64 deadline = g_get_monotonic_time () + END_TIMEOUT_US;

  while (__atomic_load_n (&self->n_outstanding, __ATOMIC_ACQUIRE) > 0)
    {
      if (g_get_monotonic_time () > deadline)
        give_up ("the last responses");
      g_usleep (50);
    }
}

BenchLoadFigures
bench_load_measure (BenchLoad *self, void (*begin) (gpointer client), guint ms)
{
  guint64 first, last, from, to;
  gint64 from_us, to_us;
  double ns_per_cycle;

  bench_histogram_clear (self->latencies);
  __atomic_store_n (&self->is_running, TRUE, __ATOMIC_RELAXED);
  __atomic_store_n (&self->n_outstanding, 1, __ATOMIC_RELEASE);
  begin (self->client);
  g_usleep (ms * 1000 / 10);
  from_us = g_get_monotonic_time ();
  from = rte_rdtsc ();
  first = __atomic_load_n (&self->n_responses, __ATOMIC_RELAXED);
  g_usleep (ms * 1000);
  last = wait_for_more (self, first);
  to_us = g_get_monotonic_time ();
  to = rte_rdtsc ();
  __atomic_store_n (&self->is_running, FALSE, __ATOMIC_RELAXED);
  wait_for_end (self);
  /* the kernel's side knows no EAL to ask */
  ns_per_cycle = (double) (to_us - from_us) * 1e3 / (double) (to - from);
  return (BenchLoadFigures){
    .rate = (double) (last - first) * 1e6 / (double) (to_us - from_us),
    .p50 = bench_histogram_get_percentile (self->latencies, 0.5) * ns_per_cycle,
    .p99 = bench_histogram_get_percentile (self->latencies, 0.99) * ns_per_cycle,
    .p999 = bench_histogram_get_percentile (self->latencies, 0.999) * ns_per_cycle,
  };
}
