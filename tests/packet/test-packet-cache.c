/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* the cache of packets that do not change */
#include "packet-fixture.h"

#include <string.h>

#define DATA_SIZE 256

typedef struct {
  gint n_calls;
  gboolean fails;
  GMutex lock;
  GCond changed;
  gboolean may_end;
} Maker;

static gboolean
make (DpdkPacketCache *cache, GBytes *key, DpdkPacket *packet, gpointer data, GError **error)
{
  Maker *self = data;

  g_atomic_int_inc (&self->n_calls);
  g_assert_true (DPDK_IS_PACKET_CACHE (cache));
  g_assert_cmpuint (dpdk_packet_get_length (packet), ==, 0);
  if (self->fails)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "no such content");
      return FALSE;
    }
  return dpdk_packet_append (packet, g_bytes_get_data (key, NULL), g_bytes_get_size (key), error);
}

static GBytes *
key_new (const char *text)
{
  return g_bytes_new (text, strlen (text));
}

static void
assert_counts (DpdkPacketCache *cache, guint64 hits, guint64 misses, guint live)
{
  g_assert_cmpuint (dpdk_packet_cache_get_hits (cache), ==, hits);
  g_assert_cmpuint (dpdk_packet_cache_get_misses (cache), ==, misses);
  g_assert_cmpuint (dpdk_packet_cache_get_live (cache), ==, live);
}

static void
test_counts (void)
{
  DpdkMempool *pool = packet_pool_new (63, 0, DATA_SIZE);
  DpdkPacketCache *cache = dpdk_packet_cache_new (pool);
  g_autoptr (GBytes) key = key_new ("one");
  g_autoptr (GBytes) same = key_new ("one");
  g_autoptr (GBytes) two = key_new ("two");
  g_autoptr (GError) error = NULL;
  Maker maker = { 0 };
  DpdkPacket *first, *second, *third;

  g_assert_true (dpdk_packet_cache_get_mempool (cache) == pool);
  g_assert_null (dpdk_packet_cache_lookup (cache, key));
  assert_counts (cache, 0, 1, 0);
  first = dpdk_packet_cache_get_or_create (cache, key, make, &maker, &error);
  g_assert_no_error (error);
  assert_counts (cache, 0, 2, 1);
  second = dpdk_packet_cache_get_or_create (cache, same, make, &maker, &error);
  g_assert_true (second == first);
  assert_counts (cache, 1, 2, 1);
  third = dpdk_packet_cache_get_or_create (cache, two, make, &maker, &error);
  g_assert_true (third != first);
  assert_counts (cache, 1, 3, 2);
  g_assert_cmpint (maker.n_calls, ==, 2);
  ASSERT_DATA (first, "one", 3);
  ASSERT_DATA (third, "two", 3);
  /* it does not change */
  g_assert_false (dpdk_packet_is_writable (first));
  g_assert_true (dpdk_packet_cache_lookup (cache, key) == first);
  assert_counts (cache, 2, 3, 2);

  for (guint i = 0; i < 3; i++)
    {
      g_assert_cmpuint (dpdk_mempool_get_in_use (pool), ==, 2);
      g_assert_true (dpdk_packet_cache_release (cache, first, &error));
    }
  assert_counts (cache, 2, 3, 1);
  g_assert_cmpuint (dpdk_mempool_get_in_use (pool), ==, 1);
  /* made again */
  first = dpdk_packet_cache_get_or_create (cache, key, make, &maker, &error);
  assert_counts (cache, 2, 4, 2);
  g_assert_cmpint (maker.n_calls, ==, 3);
  g_assert_true (dpdk_packet_cache_release (cache, first, &error));
  /* what does not come from here */
  second = packet_new (pool, "a stranger");
  g_assert_false (dpdk_packet_cache_release (cache, second, &error));
  ASSERT_ERROR_AND_CLEAR (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT);
  g_assert_true (dpdk_packet_cache_release (cache, third, &error));
  assert_counts (cache, 2, 4, 0);
  g_assert_cmpuint (dpdk_mempool_get_in_use (pool), ==, 0);
  g_assert_finalize_object (cache);
  packet_pool_end (pool);
}

static gboolean
make_from_cache (DpdkPacketCache *cache, GBytes *key, DpdkPacket *packet, gpointer data,
                 GError **error)
{
  Maker *maker = data;
  g_autoptr (GBytes) inner = key_new ("inner");
  g_autoptr (GError) own_error = NULL;
  DpdkPacket *other;

  /* another key may be asked for, the same may not */
  other = dpdk_packet_cache_get_or_create (cache, inner, make, maker, &own_error);
  g_assert_no_error (own_error);
  g_assert_null (dpdk_packet_cache_get_or_create (cache, key, make_from_cache, data, &own_error));
  g_assert_error (own_error, DPDK_ERROR, DPDK_ERROR_WOULD_DEADLOCK);
  dpdk_packet_append_clone (packet, other, error);
  return dpdk_packet_cache_release (cache, other, error);
}

static gboolean
make_nothing (DpdkPacketCache *cache, GBytes *key, DpdkPacket *packet, gpointer data,
              GError **error)
{
  return FALSE;
}

static void
test_failures (void)
{
  DpdkMempool *pool = packet_pool_new (63, 0, DATA_SIZE);
  DpdkPacketCache *cache = dpdk_packet_cache_new (pool);
  g_autoptr (GBytes) key = key_new ("one");
  g_autoptr (GBytes) outer = key_new ("outer");
  g_autoptr (GError) error = NULL;
  Maker maker = { .fails = TRUE };
  DpdkPacket *packets[63], *packet;

  g_assert_null (dpdk_packet_cache_get_or_create (cache, key, make, &maker, &error));
  ASSERT_ERROR_AND_CLEAR (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_null (dpdk_packet_cache_get_or_create (cache, key, make_nothing, NULL, &error));
  ASSERT_ERROR_AND_CLEAR (error, DPDK_ERROR, DPDK_ERROR_FAILED);
  g_assert_null (dpdk_packet_cache_get_or_create (cache, key, make, &maker, NULL));
  assert_counts (cache, 0, 3, 0);
  g_assert_cmpuint (dpdk_mempool_get_in_use (pool), ==, 0);

  g_assert_true (dpdk_mempool_acquire_bulk (pool, packets, 63, &error));
  maker.fails = FALSE;
  g_assert_null (dpdk_packet_cache_get_or_create (cache, key, make, &maker, &error));
  ASSERT_ERROR_AND_CLEAR (error, DPDK_ERROR, DPDK_ERROR_NO_MEMORY);
  dpdk_packet_unref_bulk (packets, 63);

  packet = dpdk_packet_cache_get_or_create (cache, outer, make_from_cache, &maker, &error);
  g_assert_no_error (error);
  ASSERT_DATA (packet, "inner", 5);
  assert_counts (cache, 0, 6, 1);
  g_assert_true (dpdk_packet_cache_release (cache, packet, &error));
  g_assert_finalize_object (cache);
  packet_pool_end (pool);
}

/* what is out when the cache goes stays valid; what a device has does not keep it */
static void
test_ends (void)
{
  DpdkMempool *pool = packet_pool_new (63, 0, DATA_SIZE);
  DpdkPort *port = packet_loop_new (pool);
  DpdkPacketCache *cache = dpdk_packet_cache_new (pool);
  g_autoptr (GBytes) key = key_new ("content");
  g_autoptr (GError) error = NULL;
  Maker maker = { 0 };
  DpdkPacket *packet, *sent, *header;

  packet = dpdk_packet_cache_get_or_create (cache, key, make, &maker, &error);
  /* as it is */
  sent = dpdk_packet_ref (packet);
  g_assert_cmpuint (dpdk_port_tx_burst (port, 0, &sent, 1), ==, 1);
  /* behind headers of their own */
  for (guint i = 0; i < 3; i++)
    {
      char text[] = { 'h', (char) ('0' + i), 0 };

      header = packet_new (pool, text);
      g_assert_true (dpdk_packet_append_clone (header, packet, &error));
      g_assert_no_error (error);
      g_assert_cmpuint (dpdk_port_tx_burst (port, 0, &header, 1), ==, 1);
    }
  g_assert_true (dpdk_packet_cache_release (cache, packet, &error));
  assert_counts (cache, 0, 1, 0);
  g_assert_cmpuint (dpdk_mempool_get_in_use (pool), ==, 7);
  for (guint i = 0; i < 4; i++)
    {
      char text[] = "h?content";

      text[1] = (char) ('0' + i - 1);
      g_assert_cmpuint (dpdk_port_rx_burst (port, 0, &packet, 1), ==, 1);
      ASSERT_DATA (packet, i == 0 ? "content" : text, i == 0 ? 7 : 9);
      dpdk_packet_unref (packet);
    }
  g_assert_cmpuint (dpdk_mempool_get_in_use (pool), ==, 0);

  packet = dpdk_packet_cache_get_or_create (cache, key, make, &maker, &error);
  g_assert_finalize_object (cache);
  ASSERT_DATA (packet, "content", 7);
  g_assert_true (dpdk_packet_is_writable (packet));
  dpdk_packet_unref (packet);
  packet_loop_end (port);

  /* a cache is enough to keep the pool */
  cache = dpdk_packet_cache_new (pool);
  g_object_unref (pool);
  packet = dpdk_packet_cache_get_or_create (cache, key, make, &maker, &error);
  g_assert_no_error (error);
  g_object_unref (cache);
  ASSERT_DATA (packet, "content", 7);
  dpdk_packet_unref (packet);
  dpdk_test_assert_eal_dead ();
}

static gboolean
make_slowly (DpdkPacketCache *cache, GBytes *key, DpdkPacket *packet, gpointer data, GError **error)
{
  Maker *self = data;

  g_mutex_lock (&self->lock);
  while (!self->may_end)
    g_cond_wait (&self->changed, &self->lock);
  g_mutex_unlock (&self->lock);
  return make (cache, key, packet, data, error);
}

typedef struct {
  DpdkPacketCache *cache;
  Maker *maker;
  guint32 seed;
  GThread *thread;
} Reader;

static gpointer
get_once (gpointer data)
{
  Reader *self = data;
  g_autoptr (GBytes) key = key_new ("slow");
  g_autoptr (GError) error = NULL;
  DpdkPacket *packet =
      dpdk_packet_cache_get_or_create (self->cache, key, make_slowly, self->maker, &error);

  g_assert_no_error (error);
  return packet;
}

/* many ask at once, one makes it */
static void
test_at_once (void)
{
  DpdkMempool *pool = packet_pool_new (63, 0, DATA_SIZE);
  DpdkPacketCache *cache = dpdk_packet_cache_new (pool);
  Maker maker = { 0 };
  Reader readers[8];
  DpdkPacket *packets[G_N_ELEMENTS (readers)];

  for (guint i = 0; i < G_N_ELEMENTS (readers); i++)
    {
      readers[i] = (Reader){ .cache = cache, .maker = &maker };
      readers[i].thread = g_thread_new ("reader", get_once, &readers[i]);
    }
  DPDK_TEST_WAIT_UNTIL (dpdk_packet_cache_get_misses (cache) == 1);
  g_mutex_lock (&maker.lock);
  maker.may_end = TRUE;
  g_cond_broadcast (&maker.changed);
  g_mutex_unlock (&maker.lock);
  for (guint i = 0; i < G_N_ELEMENTS (readers); i++)
    {
      packets[i] = g_thread_join (readers[i].thread);
      g_assert_true (packets[i] == packets[0]);
    }
  g_assert_cmpint (maker.n_calls, ==, 1);
  assert_counts (cache, G_N_ELEMENTS (readers) - 1, 1, 1);
  for (guint i = 0; i < G_N_ELEMENTS (readers); i++)
    g_assert_true (dpdk_packet_cache_release (cache, packets[i], NULL));
  g_assert_finalize_object (cache);
  packet_pool_end (pool);
}

typedef struct {
  Reader reader;
  gint *n_begun;
  const char *own;
  const char *other;
  gboolean was_refused;
} Crossing;

/* asks for the content of another thread while that one asks for ours */
static gboolean
make_crossing (DpdkPacketCache *cache, GBytes *key, DpdkPacket *packet, gpointer data,
               GError **error)
{
  Crossing *self = data;
  g_autoptr (GBytes) other = key_new (self->other);
  g_autoptr (GError) own_error = NULL;
  DpdkPacket *needed;

  g_atomic_int_inc (self->n_begun);
  while (g_atomic_int_get (self->n_begun) < 2)
    g_thread_yield ();
  needed = dpdk_packet_cache_get_or_create (cache, other, make, self->reader.maker, &own_error);
  self->was_refused = needed == NULL;
  if (needed == NULL)
    g_assert_error (own_error, DPDK_ERROR, DPDK_ERROR_WOULD_DEADLOCK);
  else
    g_assert_true (dpdk_packet_cache_release (cache, needed, NULL));
  return make (cache, key, packet, self->reader.maker, error);
}

static gpointer
get_crossing (gpointer data)
{
  Crossing *self = data;
  g_autoptr (GBytes) key = key_new (self->own);
  g_autoptr (GError) error = NULL;
  DpdkPacket *packet =
      dpdk_packet_cache_get_or_create (self->reader.cache, key, make_crossing, self, &error);

  g_assert_no_error (error);
  ASSERT_DATA (packet, self->own, strlen (self->own));
  g_assert_true (dpdk_packet_cache_release (self->reader.cache, packet, NULL));
  return NULL;
}

/* two that would wait for each other: one of them is told, and both end */
static void
test_crossing (void)
{
  DpdkMempool *pool = packet_pool_new (63, 0, DATA_SIZE);
  DpdkPacketCache *cache = dpdk_packet_cache_new (pool);
  Maker maker = { 0 };

  for (guint i = 0; i < dpdk_test_scale (200); i++)
    {
      gint n_begun = 0;
      Crossing crossings[] = {
        { { .cache = cache, .maker = &maker }, &n_begun, "one", "two", FALSE },
        { { .cache = cache, .maker = &maker }, &n_begun, "two", "one", FALSE },
      };

      for (guint k = 0; k < 2; k++)
        crossings[k].reader.thread = g_thread_new ("crossing", get_crossing, &crossings[k]);
      for (guint k = 0; k < 2; k++)
        g_thread_join (crossings[k].reader.thread);
      g_assert_cmpint (crossings[0].was_refused + crossings[1].was_refused, ==, 1);
    }
  g_assert_cmpuint (dpdk_packet_cache_get_live (cache), ==, 0);
  g_assert_finalize_object (cache);
  packet_pool_end (pool);
}

/* a packet that has as many references as it can have is not given once more */
static void
test_many_users (void)
{
  DpdkMempool *pool = packet_pool_new (63, 0, DATA_SIZE);
  DpdkPacketCache *cache = dpdk_packet_cache_new (pool);
  g_autoptr (GBytes) key = key_new ("one");
  g_autoptr (GError) error = NULL;
  Maker maker = { 0 };
  DpdkPacket *packet, *last = NULL;
  guint n = 0;

  while ((packet = dpdk_packet_cache_get_or_create (cache, key, make, &maker, &error)) != NULL)
    {
      last = packet;
      n++;
    }
  ASSERT_ERROR_AND_CLEAR (error, DPDK_ERROR, DPDK_ERROR_BUSY);
  g_assert_cmpuint (n, >, 60000);
  g_assert_null (dpdk_packet_cache_lookup (cache, key));
  ASSERT_DATA (last, "one", 3);
  for (guint i = 0; i < n; i++)
    g_assert_true (dpdk_packet_cache_release (cache, last, NULL));
  g_assert_cmpuint (dpdk_packet_cache_get_live (cache), ==, 0);
  g_assert_finalize_object (cache);
  packet_pool_end (pool);
}

enum {
  N_READERS = 4,
  N_KEYS = 20,
  N_STEPS = 20000,
};

static gpointer
read_at_random (gpointer data)
{
  Reader *self = data;
  g_autoptr (GRand) rand = g_rand_new_with_seed (self->seed);
  DpdkPacket *held[8] = { NULL };

  for (guint i = 0; i < dpdk_test_scale (N_STEPS); i++)
    {
      DpdkPacket **place = &held[g_rand_int_range (rand, 0, G_N_ELEMENTS (held))];
      g_autofree char *text = g_strdup_printf ("key %d", g_rand_int_range (rand, 0, N_KEYS));
      g_autoptr (GBytes) key = key_new (text);

      if (*place != NULL)
        g_assert_true (dpdk_packet_cache_release (self->cache, g_steal_pointer (place), NULL));
      *place = dpdk_packet_cache_get_or_create (self->cache, key, make, self->maker, NULL);
      ASSERT_DATA (*place, text, strlen (text));
    }
  for (guint i = 0; i < G_N_ELEMENTS (held); i++)
    if (held[i] != NULL)
      g_assert_true (dpdk_packet_cache_release (self->cache, held[i], NULL));
  return NULL;
}

static void
test_threads (void)
{
  DpdkMempool *pool = packet_pool_new (255, 0, DATA_SIZE);
  DpdkPacketCache *cache = dpdk_packet_cache_new (pool);
  g_autoptr (GRand) rand = dpdk_test_random_new ();
  Maker maker = { 0 };
  Reader readers[N_READERS];

  for (guint i = 0; i < N_READERS; i++)
    {
      readers[i] = (Reader){ .cache = cache, .maker = &maker, .seed = g_rand_int (rand) };
      readers[i].thread = g_thread_new ("reader", read_at_random, &readers[i]);
    }
  for (guint i = 0; i < N_READERS; i++)
    g_thread_join (readers[i].thread);
  g_assert_cmpuint (dpdk_packet_cache_get_hits (cache) + dpdk_packet_cache_get_misses (cache), ==,
                    N_READERS * dpdk_test_scale (N_STEPS));
  g_assert_cmpuint (dpdk_packet_cache_get_misses (cache), ==, maker.n_calls);
  g_assert_cmpuint (dpdk_packet_cache_get_live (cache), ==, 0);
  g_assert_finalize_object (cache);
  packet_pool_end (pool);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/packet-cache/counts", DPDK_TEST_FLAGS_NONE, test_counts);
  dpdk_test_add_func ("/packet-cache/failures", DPDK_TEST_FLAGS_NONE, test_failures);
  dpdk_test_add_func ("/packet-cache/ends", DPDK_TEST_FLAGS_NONE, test_ends);
  dpdk_test_add_func ("/packet-cache/at-once", DPDK_TEST_FLAGS_NONE, test_at_once);
  dpdk_test_add_func ("/packet-cache/crossing", DPDK_TEST_FLAGS_NONE, test_crossing);
  dpdk_test_add_func ("/packet-cache/many-users", DPDK_TEST_FLAGS_NONE, test_many_users);
  dpdk_test_add_func ("/packet-cache/threads", DPDK_TEST_FLAGS_NONE, test_threads);
  return g_test_run ();
}
