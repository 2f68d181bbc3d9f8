/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* taking from a pool without waiting, what it counts, and what it refuses */
#include "packet-fixture.h"

#include <rte_lcore.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define DATA_SIZE 256

#define ASSERT_STATISTICS(pool, n_in_use, n_acquired, n_reused, n_failed)                          \
  G_STMT_START                                                                                     \
  {                                                                                                \
    DpdkMempoolStatistics statistics_;                                                             \
                                                                                                   \
    dpdk_mempool_get_statistics (pool, &statistics_);                                              \
    g_assert_cmpuint (statistics_.capacity, ==, dpdk_mempool_get_capacity (pool));                 \
    g_assert_cmpuint (statistics_.in_use, ==, n_in_use);                                           \
    g_assert_cmpuint (statistics_.available + statistics_.in_use, ==, statistics_.capacity);       \
    g_assert_cmpuint (statistics_.acquired, ==, n_acquired);                                       \
    g_assert_cmpuint (statistics_.reused, ==, n_reused);                                           \
    g_assert_cmpuint (statistics_.failed, ==, n_failed);                                           \
  }                                                                                                \
  G_STMT_END

static guint
get_high_water (DpdkMempool *pool)
{
  DpdkMempoolStatistics statistics;

  dpdk_mempool_get_statistics (pool, &statistics);
  return statistics.high_water;
}

static void
test_bulk (void)
{
  DpdkMempool *pool = packet_pool_new (63, 0, DATA_SIZE);
  DpdkPacket *packets[64] = { NULL };
  g_autoptr (GError) error = NULL;
  GList *list;

  g_assert_true (dpdk_mempool_acquire_bulk (pool, packets, 0, &error));
  g_assert_true (dpdk_mempool_acquire_bulk (pool, packets, 60, &error));
  g_assert_no_error (error);
  for (guint i = 0; i < 60; i++)
    {
      g_assert_cmpuint (dpdk_packet_get_length (packets[i]), ==, 0);
      g_assert_true (dpdk_packet_append (packets[i], (guint8 *) &i, sizeof i, &error));
    }
  for (guint i = 0; i < 60; i++)
    ASSERT_DATA (packets[i], &i, sizeof i);
  /* all or nothing */
  g_assert_false (dpdk_mempool_acquire_bulk (pool, packets + 60, 4, &error));
  ASSERT_ERROR_AND_CLEAR (error, DPDK_ERROR, DPDK_ERROR_NO_MEMORY);
  g_assert_null (packets[60]);
  g_assert_null (dpdk_mempool_acquire_list (pool, 4, &error));
  ASSERT_ERROR_AND_CLEAR (error, DPDK_ERROR, DPDK_ERROR_NO_MEMORY);
  g_assert_cmpuint (dpdk_mempool_get_available (pool), ==, 3);
  list = dpdk_mempool_acquire_list (pool, 3, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_list_length (list), ==, 3);
  g_assert_null (dpdk_mempool_acquire (pool, &error));
  ASSERT_ERROR_AND_CLEAR (error, DPDK_ERROR, DPDK_ERROR_NO_MEMORY);
  /* more than there are at all */
  g_assert_false (dpdk_mempool_acquire_bulk (pool, packets, 64, &error));
  ASSERT_ERROR_AND_CLEAR (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT);
  g_assert_null (dpdk_mempool_acquire_list (pool, G_MAXUINT, &error));
  ASSERT_ERROR_AND_CLEAR (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT);
  ASSERT_STATISTICS (pool, 63, 63, 0, 5);
  g_list_free_full (list, (GDestroyNotify) dpdk_packet_unref);
  dpdk_packet_unref_bulk (packets, 60);
  dpdk_packet_unref_bulk (packets, 0);
  list = dpdk_mempool_acquire_list (pool, 0, &error);
  g_assert_no_error (error);
  g_assert_null (list);
  g_assert_cmpuint (get_high_water (pool), ==, 63);
  packet_pool_end (pool);
}

static gpointer
acquire_cached_with (gpointer data)
{
  gpointer *arguments = data;
  g_autoptr (GError) error = NULL;

  g_assert_null (dpdk_mempool_acquire_cached (arguments[0], arguments[1], &error));
  g_assert_error (error, DPDK_ERROR, DPDK_ERROR_WRONG_ROLE);
  g_assert_nonnull (strstr (error->message, "dpdk_mempool_acquire_cached"));
  g_assert_nonnull (strstr (error->message, "not registered"));
  return NULL;
}

static void
test_cached (void)
{
  DpdkMempool *pool = packet_pool_new (63, 16, DATA_SIZE);
  g_autoptr (GError) error = NULL;
  g_autoptr (DpdkLcore) lcore = dpdk_lcore_register (dpdk_mempool_get_eal (pool), &error);
  gpointer arguments[] = { pool, lcore };
  DpdkPacket *first, *second;

  g_assert_no_error (error);
  first = dpdk_mempool_acquire_cached (pool, lcore, &error);
  g_assert_no_error (error);
  /* the cache was filled: nothing more comes from the common store, which is what high-water counts */
  g_assert_cmpuint (get_high_water (pool), ==, 17);
  g_assert_cmpuint (dpdk_mempool_get_in_use (pool), ==, 1);
  dpdk_packet_unref (first);
  /* the cache gives what was put into it last */
  second = dpdk_mempool_acquire_cached (pool, lcore, &error);
  g_assert_true (second == first);
  dpdk_packet_unref (second);
  ASSERT_STATISTICS (pool, 0, 2, 1, 0);
  g_thread_join (g_thread_new ("external", acquire_cached_with, arguments));

  g_assert_true (dpdk_lcore_unregister (lcore, &error));
  g_assert_null (dpdk_mempool_acquire_cached (pool, lcore, &error));
  ASSERT_ERROR_AND_CLEAR (error, DPDK_ERROR, DPDK_ERROR_WRONG_ROLE);
  g_clear_pointer (&lcore, dpdk_lcore_unref);
  packet_pool_end (pool);
}

/* every way to a packet counts, and each of its segments */
static void
test_statistics (void)
{
  DpdkMempool *pool = packet_pool_new (63, 0, DATA_SIZE);
  g_autoptr (GBytes) bytes = g_bytes_new_static (packet_pattern (0), 1000);
  g_autoptr (GError) error = NULL;
  DpdkPacket *packet, *clone, *copy, *foreign, *waited;

  ASSERT_STATISTICS (pool, 0, 0, 0, 0);
  packet = dpdk_packet_new_from_data (pool, packet_pattern (0), 3 * DATA_SIZE, &error);
  ASSERT_STATISTICS (pool, 3, 3, 0, 0);
  clone = dpdk_packet_clone (packet, NULL, &error);
  ASSERT_STATISTICS (pool, 6, 6, 0, 0);
  copy = dpdk_packet_copy (packet, NULL, &error);
  g_assert_no_error (error);
  ASSERT_STATISTICS (pool, 6 + dpdk_packet_get_n_segments (copy),
                     6 + dpdk_packet_get_n_segments (copy), 0, 0);
  dpdk_packet_unref (copy);
  foreign = dpdk_packet_new_from_bytes (pool, bytes, &error);
  waited = dpdk_mempool_acquire_sync (pool, NULL, &error);
  g_assert_no_error (error);
  dpdk_packet_unref (waited);
  dpdk_packet_unref (foreign);
  dpdk_packet_unref (packet);
  dpdk_packet_unref (clone);
  /* until every buffer was used once, none is used again; afterwards each is */
  for (guint i = 0; i < 200; i++)
    dpdk_packet_unref (dpdk_mempool_acquire (pool, NULL));
  {
    DpdkMempoolStatistics statistics;

    dpdk_mempool_get_statistics (pool, &statistics);
    g_assert_cmpuint (statistics.acquired - statistics.reused, ==, 63);
    g_assert_cmpuint (statistics.in_use, ==, 0);
    g_assert_cmpuint (statistics.failed, ==, 0);
    g_assert_cmpuint (statistics.high_water, <, 20);
  }
  g_assert_null (dpdk_packet_new_from_data (pool, packet_pattern (0), 64 * DATA_SIZE, NULL));
  packet = dpdk_packet_new_from_data (pool, packet_pattern (0), 40 * DATA_SIZE, &error);
  g_assert_null (dpdk_packet_clone (packet, NULL, NULL));
  g_assert_null (dpdk_packet_copy (packet, NULL, NULL));
  dpdk_packet_unref (packet);
  {
    DpdkMempoolStatistics statistics;

    dpdk_mempool_get_statistics (pool, &statistics);
    g_assert_cmpuint (statistics.failed, ==, 3);
    g_assert_cmpuint (statistics.high_water, ==, 40);
  }
  packet_pool_end (pool);
}

enum {
  N_THREADS = 4,
  /* more than the pool has */
  N_HELD = 150,
  N_STEPS = 3000,
};

typedef struct {
  DpdkMempool *pool;
  guint32 seed;
  gboolean is_registered;
  guint64 n_acquired;
  guint64 n_failed;
  GThread *thread;
} Walker;

static gpointer
walk (gpointer data)
{
  Walker *self = data;
  g_autoptr (GRand) rand = g_rand_new_with_seed (self->seed);
  g_autoptr (GError) error = NULL;
  g_autoptr (DpdkLcore) lcore = NULL;
  DpdkPacket *held[N_HELD] = { NULL };
  guint n_held = 0;

  if (self->is_registered)
    lcore = dpdk_lcore_register (dpdk_mempool_get_eal (self->pool), &error);
  g_assert_no_error (error);
  for (guint i = 0; i < dpdk_test_scale (N_STEPS); i++)
    {
      guint n = (guint) g_rand_int_range (rand, 1, 33);

      if (g_rand_boolean (rand))
        {
          n = MIN (n, n_held);
          if (g_rand_boolean (rand))
            dpdk_packet_unref_bulk (held + n_held - n, n);
          else
            for (guint k = 0; k < n; k++)
              dpdk_packet_unref (held[n_held - n + k]);
          n_held -= n;
          continue;
        }
      n = g_rand_boolean (rand) ? 1 : n;
      if (n_held + n > N_HELD)
        continue;
      if (n == 1 && lcore != NULL
              ? (held[n_held] = dpdk_mempool_acquire_cached (self->pool, lcore, NULL)) != NULL
          : n == 1 ? (held[n_held] = dpdk_mempool_acquire (self->pool, NULL)) != NULL
                   : dpdk_mempool_acquire_bulk (self->pool, held + n_held, n, NULL))
        {
          n_held += n;
          self->n_acquired += n;
        }
      else
        self->n_failed++;
    }
  dpdk_packet_unref_bulk (held, n_held);
  return NULL;
}

/* when the threads are quiet, the numbers add up exactly */
static void
test_statistics_of_threads (void)
{
  DpdkMempool *pool = packet_pool_new (127, 32, DATA_SIZE);
  g_autoptr (GRand) rand = dpdk_test_random_new ();
  Walker walkers[N_THREADS];
  guint64 n_acquired = 0, n_failed = 0;
  DpdkMempoolStatistics statistics;

  for (guint round = 0; round < 3; round++)
    {
      for (guint i = 0; i < N_THREADS; i++)
        {
          walkers[i] =
              (Walker){ .pool = pool, .seed = g_rand_int (rand), .is_registered = i % 2 == 0 };
          walkers[i].thread = g_thread_new ("walker", walk, &walkers[i]);
        }
      for (guint i = 0; i < N_THREADS; i++)
        {
          g_thread_join (walkers[i].thread);
          n_acquired += walkers[i].n_acquired;
          n_failed += walkers[i].n_failed;
        }
      dpdk_mempool_get_statistics (pool, &statistics);
      g_assert_cmpuint (statistics.in_use, ==, 0);
      g_assert_cmpuint (statistics.available, ==, 127);
      g_assert_cmpuint (statistics.acquired, ==, n_acquired);
      g_assert_cmpuint (statistics.failed, ==, n_failed);
      g_assert_cmpuint (statistics.acquired - statistics.reused, <=, 127);
      g_assert_cmpuint (statistics.high_water, <=, 127);
      g_assert_cmpuint (statistics.high_water, >=, 100);
    }
  g_test_message ("%" G_GUINT64_FORMAT " acquired, %" G_GUINT64_FORMAT " failed, high water %u",
                  n_acquired, n_failed, statistics.high_water);
  g_assert_cmpuint (n_failed, >, 0);
  packet_pool_end (pool);
}

static glong
count_faults (DpdkMempool *pool)
{
  struct rusage before, after;
  DpdkPacket *packets[60];
  guint8 byte = 1;

  getrusage (RUSAGE_THREAD, &before);
  g_assert_true (dpdk_mempool_acquire_bulk (pool, packets, G_N_ELEMENTS (packets), NULL));
  for (guint i = 0; i < G_N_ELEMENTS (packets); i++)
    {
      gsize room = dpdk_packet_get_tailroom (packets[i]);

      /* each page of each buffer */
      g_assert_true (dpdk_packet_append (packets[i], packet_pattern (0), room, NULL));
      for (gsize at = 0; at < room; at += 1024)
        g_assert_true (dpdk_packet_write (packets[i], at, &byte, 1, NULL));
    }
  dpdk_packet_unref_bulk (packets, G_N_ELEMENTS (packets));
  getrusage (RUSAGE_THREAD, &after);
  return after.ru_minflt - before.ru_minflt;
}

static void
test_warmup (void)
{
  DpdkMempool *cold = packet_pool_new (63, 0, 60000), *warm = packet_pool_new (63, 0, 60000);
  g_autoptr (GError) error = NULL;
  g_autoptr (DpdkLcore) lcore = NULL;
  DpdkMempool *cached;
  glong n_cold, n_warm;

  g_assert_true (dpdk_mempool_warmup (warm, &error));
  g_assert_no_error (error);
  count_faults (cold);
  /* of a thread that has learnt its code already; the cold pool is another one */
  g_object_unref (cold);
  cold = packet_pool_new (63, 0, 60001);
  n_cold = count_faults (cold);
  n_warm = count_faults (warm);
  g_test_message ("%ld page faults in a cold pool, %ld in a warm one", n_cold, n_warm);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  /* its shadow has pages too */
  g_assert_cmpint (n_warm, <, 20);
#endif
  g_assert_finalize_object (cold);

  /* the cache of a registered thread is full */
  cached = packet_pool_new (63, 32, DATA_SIZE);
  lcore = dpdk_lcore_register (dpdk_mempool_get_eal (cached), &error);
  g_assert_true (dpdk_mempool_warmup (cached, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (get_high_water (cached), ==, 32);
  g_assert_cmpuint (dpdk_mempool_get_in_use (cached), ==, 0);
  for (guint i = 0; i < 3; i++)
    g_assert_true (dpdk_mempool_warmup (cached, &error));
  g_assert_cmpuint (get_high_water (cached), ==, 32);
  {
    DpdkPacket *packets[32];

    g_assert_true (dpdk_mempool_acquire_bulk (cached, packets, 32, &error));
    g_assert_cmpuint (get_high_water (cached), ==, 32);
    dpdk_packet_unref_bulk (packets, 32);
  }
  g_assert_true (dpdk_lcore_unregister (lcore, &error));
  g_assert_finalize_object (cached);
  packet_pool_end (warm);
}

/* a packet that is released twice is reported, and nothing else happens to it */
static void
test_double_release (void)
{
  g_autoptr (GError) error = NULL;
  DpdkMempool *pool, *cached;
  DpdkPort *port;
  DpdkPacket *packet, *other, *clone;
  DpdkLcore *lcore;

  g_setenv ("DPDK_DEBUG", "packets", TRUE);
  pool = packet_pool_new (63, 0, DATA_SIZE);
  cached = packet_pool_new (63, 16, DATA_SIZE);
  port = packet_loop_new (pool);

  for (guint round = 0; round < 3; round++)
    {
      packet = packet_new (round == 1 ? cached : pool, "once");
      dpdk_packet_ref (packet);
      dpdk_packet_unref (packet);
      dpdk_packet_unref (packet);
      g_test_expect_message ("Dpdk", G_LOG_LEVEL_CRITICAL,
                             "DpdkPacket 0x* of pool dpdk-glib-* was released, but*");
      if (round == 2)
        dpdk_packet_unref_bulk (&packet, 1);
      else
        dpdk_packet_unref (packet);
      g_test_assert_expected_messages ();
      g_assert_cmpuint (dpdk_mempool_get_in_use (pool), ==, 0);
      g_assert_cmpuint (dpdk_mempool_get_in_use (cached), ==, 0);
    }
  /* it is there once */
  {
    DpdkPacket *all[63];

    g_assert_true (dpdk_mempool_acquire_bulk (pool, all, 63, &error));
    for (guint i = 0; i < 63; i++)
      for (guint k = 0; k < i; k++)
        g_assert_true (all[i] != all[k]);
    dpdk_packet_unref_bulk (all, 63);
  }

  /* in the cache of an lcore */
  lcore = dpdk_lcore_register (dpdk_mempool_get_eal (pool), &error);
  g_assert_no_error (error);
  packet = packet_new (cached, "once");
  dpdk_packet_unref (packet);
  g_test_expect_message ("Dpdk", G_LOG_LEVEL_CRITICAL, "*was released already*");
  dpdk_packet_unref (packet);
  g_test_assert_expected_messages ();
  g_assert_cmpuint (dpdk_mempool_get_available (cached), ==, 63);
  dpdk_lcore_unref (lcore);

  /* what is no mistake is not taken for one: clones, chains, and what has been in a device */
  for (guint i = 0; i < 200; i++)
    {
      packet = packet_new (pool, "payload");
      clone = dpdk_packet_clone (packet, NULL, &error);
      other = packet_new (pool, "header");
      g_assert_true (dpdk_packet_chain (other, clone, &error));
      dpdk_packet_unref (packet);
      packet = packet_loop_pass (port, other);
      ASSERT_DATA (packet, "headerpayload", 13);
      dpdk_packet_unref (packet);
    }
  /* given to a device, and released all the same */
  packet = packet_new (pool, "sent");
  {
    g_autoptr (DpdkPort) sink = dpdk_port_new (dpdk_mempool_get_eal (pool), "net_null0", &error);

    g_autoptr (DpdkMempool) large = packet_pool_new (63, 0, PACKET_PORT_DATA_SIZE);

    g_assert_true (dpdk_port_configure (sink, large, 1, 64, &error));
    g_assert_true (dpdk_port_start (sink, &error));
    g_assert_cmpuint (dpdk_port_tx_burst (sink, 0, &packet, 1), ==, 1);
    g_test_expect_message ("Dpdk", G_LOG_LEVEL_CRITICAL, "*was released already*");
    dpdk_packet_unref (packet);
    g_test_assert_expected_messages ();
    g_assert_true (dpdk_port_close (sink, &error));
  }
  g_assert_cmpuint (dpdk_mempool_get_in_use (pool), ==, 0);
  packet_loop_end (port);
  g_assert_finalize_object (cached);
  packet_pool_end (pool);
}

static void
expect_cancelled (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (dpdk_mempool_acquire_finish (DPDK_MEMPOOL (source), result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  (*(guint *) data)++;
}

static gboolean
changes_nothing (DpdkPacket *packet)
{
  g_autoptr (GError) error = NULL;
  const guint8 *data = packet_pattern (0);
  gsize length;

  return !dpdk_packet_is_writable (packet) && !dpdk_packet_append (packet, data, 1, &error) &&
         g_error_matches (error, DPDK_ERROR, DPDK_ERROR_EAL_DEAD) &&
         !dpdk_packet_prepend (packet, data, 1, NULL) &&
         !dpdk_packet_write (packet, 0, data, 1, NULL) && !dpdk_packet_trim (packet, 1, NULL) &&
         !dpdk_packet_adj (packet, 1, NULL) && !dpdk_packet_request_vlan (packet, 1, NULL) &&
         dpdk_packet_get_writable_data (packet, &length, NULL) == NULL;
}

static gboolean
make_nothing (DpdkPacketCache *cache, GBytes *key, DpdkPacket *packet, gpointer data,
              GError **error)
{
  g_assert_not_reached ();
}

static gboolean
gives_nothing (DpdkPacketCache *cache, GBytes *key)
{
  g_autoptr (GError) error = NULL;

  return dpdk_packet_cache_get_or_create (cache, key, make_nothing, NULL, &error) == NULL &&
         g_error_matches (error, DPDK_ERROR, DPDK_ERROR_EAL_DEAD) &&
         dpdk_packet_cache_lookup (cache, key) == NULL && dpdk_packet_cache_get_live (cache) == 0;
}

/* in a child made by fork() nothing is taken, and nothing of the parent's is touched */
static void
test_fork (void)
{
  DpdkMempool *pool = packet_pool_new (63, 0, DATA_SIZE);
  DpdkPacket *packet = packet_new (pool, "the parent's");
  GBytes *bytes = dpdk_packet_to_bytes (packet);
  DpdkPacketCache *cache = dpdk_packet_cache_new (pool);
  DpdkPacket *own = packet_new (pool, "the parent's too");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  DpdkPacket *rest[61];
  guint n_answers = 0;
  int status;
  pid_t pid;

  g_assert_true (dpdk_mempool_acquire_bulk (pool, rest, G_N_ELEMENTS (rest), &error));
  dpdk_mempool_acquire_async (pool, cancellable, expect_cancelled, &n_answers);
  pid = fork ();

  g_assert_cmpint (pid, >=, 0);
  if (pid == 0)
    {
      gboolean refused = dpdk_mempool_acquire (pool, &error) == NULL &&
                         g_error_matches (error, DPDK_ERROR, DPDK_ERROR_EAL_DEAD) &&
                         dpdk_packet_clone (packet, NULL, NULL) == NULL &&
                         dpdk_packet_copy (packet, NULL, NULL) == NULL &&
                         dpdk_packet_new_from_data (pool, packet_pattern (0), 1, NULL) == NULL &&
                         !dpdk_mempool_warmup (pool, NULL) &&
                         dpdk_mempool_acquire_sync (pool, NULL, NULL) == NULL &&
                         changes_nothing (own) && gives_nothing (cache, bytes);

      g_cancellable_cancel (cancellable);
      dpdk_packet_unref (own);
      g_object_unref (cache);
      dpdk_packet_unref (packet);
      g_bytes_unref (bytes);
      g_object_unref (pool);
      _exit (refused ? 0 : 1);
    }
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_cmpint (status, ==, 0);
  ASSERT_DATA (packet, "the parent's", 12);
  ASSERT_DATA (own, "the parent's too", 16);
  g_assert_cmpuint (n_answers, ==, 0);
  g_cancellable_cancel (cancellable);
  DPDK_TEST_WAIT_UNTIL (n_answers == 1);
  dpdk_packet_unref_bulk (rest, G_N_ELEMENTS (rest));
  dpdk_packet_unref (own);
  g_assert_finalize_object (cache);
  g_bytes_unref (bytes);
  g_assert_true (dpdk_packet_is_writable (packet));
  dpdk_packet_unref (packet);
  packet_pool_end (pool);
}

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>

/* what the application has released is poisoned, unless a device draws from the pool */
static void
test_poison (void)
{
  DpdkMempool *pool = packet_pool_new (63, 0, DATA_SIZE),
              *shared = packet_pool_new (63, 0, PACKET_PORT_DATA_SIZE);
  DpdkPacket *packet = packet_new (pool, "secret"), *clone;
  g_autoptr (GError) error = NULL;
  const guint8 *data;
  DpdkPort *port;
  gsize length;

  data = dpdk_packet_get_data (packet, &length);
  clone = dpdk_packet_clone (packet, NULL, &error);
  dpdk_packet_unref (packet);
  g_assert_false (__asan_address_is_poisoned (data));
  dpdk_packet_unref (clone);
  for (guint i = 0; i < 63; i++)
    dpdk_packet_unref (dpdk_packet_copy (packet = packet_new (pool, "x"), NULL, &error)),
        dpdk_packet_unref (packet);
  packet = packet_new (pool, "secret");
  data = dpdk_packet_get_data (packet, &length);
  dpdk_packet_unref (packet);
  g_assert_true (__asan_address_is_poisoned (data));
  g_assert_true (__asan_address_is_poisoned (data + DATA_SIZE - 1));

  packet = packet_new (shared, "secret");
  data = dpdk_packet_get_data (packet, &length);
  dpdk_packet_unref (packet);
  g_assert_true (__asan_address_is_poisoned (data));
  port = packet_loop_new (shared);
  g_assert_false (__asan_address_is_poisoned (data));
  dpdk_packet_unref (packet_loop_pass (port, packet_new (shared, "x")));
  dpdk_packet_unref (packet_loop_pass (port, packet_new (pool, "x")));
  packet_loop_end (port);
  g_assert_finalize_object (shared);
  packet_pool_end (pool);
}
#endif

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/mempool/bulk", DPDK_TEST_FLAGS_NONE, test_bulk);
  dpdk_test_add_func ("/mempool/cached", DPDK_TEST_FLAGS_NONE, test_cached);
  dpdk_test_add_func ("/mempool/statistics", DPDK_TEST_FLAGS_NONE, test_statistics);
  dpdk_test_add_func ("/mempool/statistics-of-threads", DPDK_TEST_FLAGS_NONE,
                      test_statistics_of_threads);
  dpdk_test_add_func ("/mempool/warmup", DPDK_TEST_FLAGS_NONE, test_warmup);
  dpdk_test_add_func ("/mempool/double-release", DPDK_TEST_FLAGS_NONE, test_double_release);
  dpdk_test_add_func ("/mempool/fork", DPDK_TEST_FLAGS_NONE, test_fork);
#ifdef __SANITIZE_ADDRESS__
  dpdk_test_add_func ("/mempool/poison", DPDK_TEST_FLAGS_NONE, test_poison);
#endif
  return g_test_run ();
}
