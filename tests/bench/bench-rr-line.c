/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a machine takes for itself: two threads that hand each other a cache line, and are busy for a
   moment before they do. No stack answers earlier, or is interrupted less often. */
#include "bench-rr.h"
#include "bench-thread.h"

#include <time.h>

typedef struct {
  BenchLoad *load;
  gint is_begun;
  /* odd: there is a request; even: there is its response */
  guint64 turn __attribute__ ((aligned (64)));
} Line;

static gint64
get_ns (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return now.tv_sec * G_GINT64_CONSTANT (1000000000) + now.tv_nsec;
}

static void
be_busy (gint64 ns)
{
  gint64 end = get_ns () + ns;

  while (get_ns () < end)
    ;
}

static guint64
get_turn (Line *self)
{
  return __atomic_load_n (&self->turn, __ATOMIC_ACQUIRE);
}

static void
hand_over (Line *self)
{
  be_busy (self->load->busy_ns);
  __atomic_store_n (&self->turn, self->turn + 1, __ATOMIC_RELEASE);
}

static gpointer
answer (gpointer data)
{
  Line *self = data;

  bench_thread_pin (0);
  while (TRUE)
    if (get_turn (self) % 2 == 1)
      hand_over (self);
  return NULL;
}

static gpointer
ask (gpointer data)
{
  Line *self = data;
  guint64 seen = 0;

  bench_thread_pin (1);
  while (TRUE)
    {
      guint64 turn = get_turn (self);

      if (turn % 2 == 0 && turn != seen)
        {
          seen = turn;
          bench_load_respond (self->load, 0);
        }
      else if (g_atomic_int_compare_and_exchange (&self->is_begun, TRUE, FALSE))
        bench_load_begin (self->load);
    }
  return NULL;
}

static void
send_request (gpointer client, guint connection)
{
  hand_over (client);
}

static gpointer
start (BenchLoad *load)
{
  Line *self = g_aligned_alloc0 (1, sizeof *self, G_ALIGNOF (Line));

  self->load = load;
  load->client = self;
  load->send = send_request;
  g_thread_unref (g_thread_new ("server", answer, self));
  g_thread_unref (g_thread_new ("client", ask, self));
  return self;
}

static void
begin (gpointer client)
{
  g_atomic_int_set (&((Line *) client)->is_begun, TRUE);
}

const BenchRrKind bench_rr_line = { "line", start, begin };
