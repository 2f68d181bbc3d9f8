/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* what a worker does for each request and each answer takes no memory from malloc */
#include "net-pair.h"

#include <stdlib.h>

#define N_CONNECTIONS 8
#define N_WARM_UP 100
#define N_ROUNDS 300

extern void *__libc_malloc (size_t size);
extern void *__libc_calloc (size_t count, size_t size);
extern void *__libc_realloc (void *memory, size_t size);

static _Thread_local gboolean is_counted;
static gint n_allocations;

static void
count (void)
{
  if (is_counted)
    g_atomic_int_inc (&n_allocations);
}

/* these take the place of those of the C library for the whole process */
void *
malloc (size_t size)
{
  count ();
  return __libc_malloc (size);
}

void *
calloc (size_t n, size_t size)
{
  count ();
  return __libc_calloc (n, size);
}

void *
realloc (void *memory, size_t size)
{
  count ();
  return __libc_realloc (memory, size);
}

static void
set_counted (DpdkWorker *worker, gpointer user_data)
{
  is_counted = GPOINTER_TO_INT (user_data);
}

static void
allocate_one (DpdkWorker *worker, gpointer user_data)
{
  *(gpointer *) user_data = g_malloc (10);
}

static void
exchange (DpdkTcpConnection *from, DpdkTcpConnection *to, guint64 offset, gsize size)
{
  net_write_pattern (from, offset, size);
  net_read_pattern (to, offset, size);
}

static void
run_rounds (DpdkTcpConnection **clients, DpdkTcpConnection **servers, guint n, gsize request,
            gsize answer)
{
  for (guint i = 0; i < n; i++)
    {
      exchange (clients[i % N_CONNECTIONS], servers[i % N_CONNECTIONS], i, request);
      exchange (servers[i % N_CONNECTIONS], clients[i % N_CONNECTIONS], i, answer);
    }
}

static void
test_requests (void)
{
  static const gsize sizes[][2] = { { 64, 64 }, { 100, 4000 }, { 1, 20000 }, { 3000, 200 } };
  DpdkTcpConnection *clients[N_CONNECTIONS], *servers[N_CONNECTIONS];
  g_autoptr (GError) error = NULL;
  DpdkTcpListener *listener;
  gpointer memory = NULL;
  NetPair pair;

  net_pair_start (&pair, 0, 0);
  listener = net_listen (pair.runtimes[1], net_pair_get_host (1), 0);
  net_pair_connect (&pair, listener, clients, servers, N_CONNECTIONS);
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    run_rounds (clients, servers, N_WARM_UP, sizes[i][0], sizes[i][1]);
  for (guint end = 0; end < 2; end++)
    {
      dpdk_worker_invoke (pair.workers[end], set_counted, GINT_TO_POINTER (TRUE), NULL, &error);
      g_assert_no_error (error);
    }
  /* what is counted */
  dpdk_worker_invoke (pair.workers[0], allocate_one, &memory, NULL, &error);
  g_assert_no_error (error);
  DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&n_allocations) > 0);
  run_rounds (clients, servers, 1, 1, 1);
  g_free (g_atomic_pointer_get (&memory));

  g_atomic_int_set (&n_allocations, 0);
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      run_rounds (clients, servers, N_ROUNDS, sizes[i][0], sizes[i][1]);
      g_test_message ("%u requests of %" G_GSIZE_FORMAT " bytes with answers of %" G_GSIZE_FORMAT
                      ": %d allocations",
                      N_ROUNDS, sizes[i][0], sizes[i][1], g_atomic_int_get (&n_allocations));
      g_assert_cmpint (g_atomic_int_get (&n_allocations), ==, 0);
    }
  for (guint end = 0; end < 2; end++)
    {
      dpdk_worker_invoke (pair.workers[end], set_counted, GINT_TO_POINTER (FALSE), NULL, &error);
      g_assert_no_error (error);
    }
  net_pair_abort (clients, N_CONNECTIONS);
  net_pair_abort (servers, N_CONNECTIONS);
  net_release (listener);
  net_pair_stop (&pair);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/net/allocations/requests", DPDK_TEST_FLAGS_NONE, test_requests);
  return g_test_run ();
}
