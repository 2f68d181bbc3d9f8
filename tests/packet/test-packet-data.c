/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* what changes the data of a packet, and its segments */
#include "packet-fixture.h"

#include <string.h>

#define DATA_SIZE 256

static void
test_ends (void)
{
  DpdkMempool *pool = packet_pool_new (63, 0, DATA_SIZE);
  g_autoptr (GError) error = NULL;
  DpdkPacket *packet = packet_new (pool, "payload");
  guint8 many[DATA_SIZE + RTE_PKTMBUF_HEADROOM] = { 0 };

  g_assert_cmpuint (dpdk_packet_get_headroom (packet), ==, RTE_PKTMBUF_HEADROOM);
  g_assert_cmpuint (dpdk_packet_get_tailroom (packet), ==, DATA_SIZE - 7);
  g_assert_true (dpdk_packet_prepend (packet, (const guint8 *) "header ", 7, &error));
  g_assert_true (dpdk_packet_append (packet, (const guint8 *) " trailer", 8, &error));
  ASSERT_DATA (packet, "header payload trailer", 22);
  g_assert_true (dpdk_packet_append (packet, NULL, 0, &error));
  g_assert_true (dpdk_packet_prepend (packet, NULL, 0, &error));

  /* refused, and unchanged */
  g_assert_false (dpdk_packet_append (packet, many, DATA_SIZE - 15 + 1, &error));
  ASSERT_ERROR_AND_CLEAR (error, DPDK_ERROR, DPDK_ERROR_NO_MEMORY);
  g_assert_false (dpdk_packet_append (packet, many, G_MAXSIZE, &error));
  ASSERT_ERROR_AND_CLEAR (error, DPDK_ERROR, DPDK_ERROR_NO_MEMORY);
  g_assert_false (dpdk_packet_prepend (packet, many, RTE_PKTMBUF_HEADROOM - 7 + 1, &error));
  ASSERT_ERROR_AND_CLEAR (error, DPDK_ERROR, DPDK_ERROR_NO_MEMORY);
  g_assert_false (dpdk_packet_trim (packet, 23, &error));
  ASSERT_ERROR_AND_CLEAR (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT);
  g_assert_false (dpdk_packet_adj (packet, 23, &error));
  ASSERT_ERROR_AND_CLEAR (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT);
  g_assert_false (dpdk_packet_trim (packet, (gsize) G_MAXUINT32 + 1, &error));
  ASSERT_ERROR_AND_CLEAR (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT);
  ASSERT_DATA (packet, "header payload trailer", 22);

  g_assert_true (dpdk_packet_trim (packet, 8, &error));
  g_assert_true (dpdk_packet_adj (packet, 7, &error));
  ASSERT_DATA (packet, "payload", 7);
  /* all the room there is */
  g_assert_true (dpdk_packet_append (packet, many, DATA_SIZE - 7, &error));
  g_assert_true (dpdk_packet_prepend (packet, many, RTE_PKTMBUF_HEADROOM, &error));
  g_assert_cmpuint (dpdk_packet_get_length (packet), ==, DATA_SIZE + RTE_PKTMBUF_HEADROOM);
  g_assert_true (dpdk_packet_adj (packet, DATA_SIZE + RTE_PKTMBUF_HEADROOM, &error));
  g_assert_cmpuint (dpdk_packet_get_length (packet), ==, 0);
  g_assert_true (dpdk_packet_trim (packet, 0, &error));
  g_assert_no_error (error);
  dpdk_packet_unref (packet);
  packet_pool_end (pool);
}

static void
test_write (void)
{
  DpdkMempool *pool = packet_pool_new (63, 0, DATA_SIZE);
  g_autoptr (GError) error = NULL;
  guint8 data[1000], other[1000];
  DpdkPacket *packet;
  guint8 *writable;
  gsize length;

  memcpy (data, packet_pattern (0), sizeof data);
  packet = dpdk_packet_new_from_data (pool, data, sizeof data, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (dpdk_packet_get_n_segments (packet), ==, 4);
  memcpy (other, packet_pattern (5000), sizeof other);
  /* within one, to the end of one, over all, nothing at the very end */
  for (guint i = 0; i < 4; i++)
    {
      static const gsize ranges[][2] = { { 10, 20 }, { 200, 56 }, { 100, 800 }, { 1000, 0 } };
      gsize offset = ranges[i][0], n = ranges[i][1];

      g_assert_true (dpdk_packet_write (packet, offset, other + i, n, &error));
      memcpy (data + offset, other + i, n);
      ASSERT_DATA (packet, data, sizeof data);
    }
  g_assert_false (dpdk_packet_write (packet, 1000, other, 1, &error));
  ASSERT_ERROR_AND_CLEAR (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT);
  g_assert_false (dpdk_packet_write (packet, 1001, other, 0, &error));
  ASSERT_ERROR_AND_CLEAR (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT);
  g_assert_false (dpdk_packet_write (packet, 1, other, G_MAXSIZE, &error));
  ASSERT_ERROR_AND_CLEAR (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT);
  ASSERT_DATA (packet, data, sizeof data);

  writable = dpdk_packet_get_writable_data (packet, &length, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (length, ==, DATA_SIZE);
  writable[0] = data[0] = 77;
  ASSERT_DATA (packet, data, sizeof data);
  dpdk_packet_unref (packet);
  packet_pool_end (pool);
}

static void
test_segments (void)
{
  DpdkMempool *pool = packet_pool_new (63, 0, DATA_SIZE);
  g_autoptr (GError) error = NULL;
  DpdkPacket *packet, *tail;
  const guint8 *data;
  gsize length;

  packet = packet_new (pool, "one");
  tail = packet_new (pool, "two");
  g_assert_true (dpdk_packet_chain (packet, tail, &error));
  tail = dpdk_packet_new_from_data (pool, packet_pattern (0), 2 * DATA_SIZE + 1, &error);
  g_assert_true (dpdk_packet_chain (packet, tail, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (dpdk_packet_get_n_segments (packet), ==, 5);
  g_assert_cmpuint (dpdk_packet_get_length (packet), ==, 6 + 2 * DATA_SIZE + 1);
  data = dpdk_packet_get_segment_data (packet, 1, &length);
  g_assert_cmpmem (data, length, "two", 3);
  data = dpdk_packet_get_segment_data (packet, 4, &length);
  g_assert_cmpmem (data, length, packet_pattern (2 * DATA_SIZE), 1);
  g_assert_null (dpdk_packet_get_segment_data (packet, 5, &length));
  g_assert_cmpuint (length, ==, 0);
  g_assert_null (dpdk_packet_get_segment_bytes (packet, 5));
  data = dpdk_packet_get_data (packet, &length);
  g_assert_cmpmem (data, length, "one", 3);

  g_assert_false (dpdk_packet_chain (packet, packet, &error));
  ASSERT_ERROR_AND_CLEAR (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT);
  /* the whole first segment, and more */
  g_assert_false (dpdk_packet_adj (packet, 3, &error));
  ASSERT_ERROR_AND_CLEAR (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT);
  g_assert_false (dpdk_packet_adj (packet, 4, &error));
  ASSERT_ERROR_AND_CLEAR (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT);
  g_assert_true (dpdk_packet_adj (packet, 2, &error));
  g_assert_cmpuint (dpdk_packet_get_length (packet), ==, 4 + 2 * DATA_SIZE + 1);
  /* more than fits into the first */
  g_assert_false (dpdk_packet_linearize (packet, &error));
  ASSERT_ERROR_AND_CLEAR (error, DPDK_ERROR, DPDK_ERROR_NO_MEMORY);

  /* within the last, up to the end of one, and over several */
  g_assert_cmpuint (dpdk_mempool_get_in_use (pool), ==, 5);
  g_assert_true (dpdk_packet_trim (packet, 1, &error));
  g_assert_cmpuint (dpdk_packet_get_n_segments (packet), ==, 4);
  g_assert_true (dpdk_packet_trim (packet, DATA_SIZE + 100, &error));
  g_assert_cmpuint (dpdk_packet_get_n_segments (packet), ==, 3);
  g_assert_cmpuint (dpdk_mempool_get_in_use (pool), ==, 3);
  data = dpdk_packet_get_segment_data (packet, 2, &length);
  g_assert_cmpmem (data, length, packet_pattern (0), DATA_SIZE - 100);

  g_assert_true (dpdk_packet_linearize (packet, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (dpdk_packet_get_n_segments (packet), ==, 1);
  g_assert_cmpuint (dpdk_mempool_get_in_use (pool), ==, 1);
  data = dpdk_packet_get_data (packet, &length);
  g_assert_cmpmem (data, 4, "etwo", 4);
  g_assert_cmpmem (data + 4, length - 4, packet_pattern (0), DATA_SIZE - 100);
  g_assert_true (dpdk_packet_linearize (packet, &error));
  dpdk_packet_unref (packet);

  /* to nothing */
  packet = dpdk_packet_new_from_data (pool, packet_pattern (0), 3 * DATA_SIZE, &error);
  g_assert_true (dpdk_packet_trim (packet, 3 * DATA_SIZE, &error));
  g_assert_cmpuint (dpdk_packet_get_length (packet), ==, 0);
  g_assert_cmpuint (dpdk_packet_get_n_segments (packet), ==, 1);
  dpdk_packet_unref (packet);
  packet_pool_end (pool);
}

static void
test_from_data (void)
{
  static const gsize sizes[] = { 0, 1, DATA_SIZE - 1, DATA_SIZE, DATA_SIZE + 1, 63 * DATA_SIZE };
  DpdkMempool *pool = packet_pool_new (63, 0, DATA_SIZE);
  g_autoptr (GError) error = NULL;
  DpdkPacket *packet;

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      packet = dpdk_packet_new_from_data (pool, packet_pattern (i), sizes[i], &error);
      g_assert_no_error (error);
      g_assert_cmpuint (dpdk_packet_get_length (packet), ==, sizes[i]);
      g_assert_cmpuint (dpdk_packet_get_n_segments (packet), ==,
                        MAX (1, (sizes[i] + DATA_SIZE - 1) / DATA_SIZE));
      g_assert_cmpuint (dpdk_mempool_get_in_use (pool), ==, dpdk_packet_get_n_segments (packet));
      ASSERT_DATA (packet, packet_pattern (i), sizes[i]);
      dpdk_packet_unref (packet);
    }
  g_assert_null (dpdk_packet_new_from_data (pool, packet_pattern (0), 63 * DATA_SIZE + 1, &error));
  ASSERT_ERROR_AND_CLEAR (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT);
  packet = packet_new (pool, "");
  g_assert_null (dpdk_packet_new_from_data (pool, packet_pattern (0), 63 * DATA_SIZE, &error));
  ASSERT_ERROR_AND_CLEAR (error, DPDK_ERROR, DPDK_ERROR_NO_MEMORY);
  g_assert_cmpuint (dpdk_mempool_get_in_use (pool), ==, 1);
  dpdk_packet_unref (packet);
  packet_pool_end (pool);
}

/* whatever is done at random, the packet is what a byte array is to which the same is done */
static void
test_random (void)
{
  DpdkMempool *pool = packet_pool_new (255, 0, DATA_SIZE);
  g_autoptr (GByteArray) model = g_byte_array_new ();
  g_autoptr (GRand) rand = dpdk_test_random_new ();
  g_autoptr (GError) error = NULL;
  DpdkPacket *packet = packet_new (pool, "");

  for (guint i = 0; i < dpdk_test_scale (20000); i++)
    {
      guint n = (guint) g_rand_int_range (rand, 0, 300);
      const guint8 *bytes = packet_pattern (g_rand_int (rand));
      DpdkPacket *tail;
      guint at;

      switch (g_rand_int_range (rand, 0, 8))
        {
        case 0:
          if (dpdk_packet_append (packet, bytes, n, &error))
            g_byte_array_append (model, bytes, n);
          break;
        case 1:
          if (dpdk_packet_prepend (packet, bytes, n, &error))
            g_byte_array_prepend (model, bytes, n);
          break;
        case 2:
          if (dpdk_packet_trim (packet, n, &error))
            g_byte_array_set_size (model, model->len - n);
          break;
        case 3:
          if (dpdk_packet_adj (packet, n, &error) && n > 0)
            g_byte_array_remove_range (model, 0, n);
          break;
        case 4:
          at = (guint) g_rand_int_range (rand, 0, (gint32) model->len + 10);
          if (dpdk_packet_write (packet, at, bytes, n, &error) && n > 0)
            memcpy (model->data + at, bytes, n);
          break;
        case 5:
          dpdk_packet_linearize (packet, &error);
          break;
        case 6:
          tail = dpdk_packet_new_from_data (pool, bytes, n, &error);
          if (tail != NULL && dpdk_packet_chain (packet, tail, &error))
            g_byte_array_append (model, bytes, n);
          else if (tail != NULL)
            dpdk_packet_unref (tail);
          break;
        default:
          /* what has become too long begins anew */
          if (model->len > 4000)
            {
              g_assert_true (dpdk_packet_trim (packet, model->len, &error));
              g_byte_array_set_size (model, 0);
            }
          break;
        }
      g_clear_error (&error);
      ASSERT_DATA (packet, model->data, model->len);
      g_assert_cmpuint (dpdk_mempool_get_in_use (pool), ==, dpdk_packet_get_n_segments (packet));
    }
  dpdk_packet_unref (packet);
  packet_pool_end (pool);
}

/* the largest buffer, and more segments than 8 bits count */
static void
test_limits (void)
{
  enum {
    LARGEST = 65407,
    N_SEGMENTS = 600
  };
  DpdkMempool *large = packet_pool_new (3, 0, LARGEST);
  DpdkMempool *pool = packet_pool_new (2 * N_SEGMENTS + 2, 0, DATA_SIZE);
  g_autoptr (GError) error = NULL;
  g_autofree guint8 *all = g_malloc (N_SEGMENTS * DATA_SIZE);
  DpdkPacket *packet, *clone, *copy, *tail;
  GBytes *view;
  gsize length;

  g_assert_null (dpdk_mempool_new (dpdk_mempool_get_eal (pool), 3, 0, LARGEST + 1, -1, &error));
  ASSERT_ERROR_AND_CLEAR (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT);
  packet = dpdk_mempool_acquire (large, &error);
  g_assert_true (dpdk_packet_append (packet, packet_pattern (0), LARGEST, &error));
  g_assert_true (dpdk_packet_prepend (packet, packet_pattern (1), RTE_PKTMBUF_HEADROOM, &error));
  g_assert_cmpuint (dpdk_packet_get_length (packet), ==, G_MAXUINT16);
  g_assert_false (dpdk_packet_append (packet, packet_pattern (0), 1, &error));
  ASSERT_ERROR_AND_CLEAR (error, DPDK_ERROR, DPDK_ERROR_NO_MEMORY);
  tail = dpdk_packet_copy (packet, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (dpdk_packet_chain (packet, tail, &error));
  g_assert_cmpuint (dpdk_packet_get_length (packet), ==, 2 * G_MAXUINT16);
  dpdk_packet_unref (packet);
  g_assert_finalize_object (large);

  for (gsize i = 0; i < N_SEGMENTS; i++)
    memcpy (all + i * DATA_SIZE, packet_pattern (i * 1000), DATA_SIZE);
  packet = dpdk_packet_new_from_data (pool, all, N_SEGMENTS * DATA_SIZE, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (dpdk_packet_get_n_segments (packet), ==, N_SEGMENTS);
  clone = dpdk_packet_clone (packet, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (dpdk_packet_get_n_segments (clone), ==, N_SEGMENTS);
  ASSERT_DATA (clone, all, N_SEGMENTS * DATA_SIZE);
  view = dpdk_packet_get_segment_bytes (clone, N_SEGMENTS - 1);
  dpdk_packet_unref (clone);
  g_bytes_unref (view);
  copy = dpdk_packet_copy (packet, NULL, &error);
  g_assert_no_error (error);
  ASSERT_DATA (copy, all, N_SEGMENTS * DATA_SIZE);
  dpdk_packet_unref (copy);
  g_assert_true (dpdk_packet_write (packet, 1, all, (N_SEGMENTS - 1) * DATA_SIZE, &error));
  g_assert_cmpmem (dpdk_packet_get_segment_data (packet, 300, &length) + 1, DATA_SIZE - 1,
                   all + 300 * DATA_SIZE, DATA_SIZE - 1);
  g_assert_true (dpdk_packet_trim (packet, 300 * DATA_SIZE, &error));
  g_assert_cmpuint (dpdk_packet_get_n_segments (packet), ==, N_SEGMENTS - 300);
  g_assert_cmpuint (dpdk_mempool_get_in_use (pool), ==, N_SEGMENTS - 300);
  dpdk_packet_unref (packet);

  /* a part of the packet moved within it */
  packet = packet_new (pool, "0123456789");
  g_assert_true (dpdk_packet_write (packet, 2, dpdk_packet_get_data (packet, &length), 8, &error));
  ASSERT_DATA (packet, "0101234567", 10);
  dpdk_packet_unref (packet);
  packet_pool_end (pool);
}

/* as many segments as can be counted, and one more */
static void
test_too_many_segments (void)
{
  DpdkMempool *pool = packet_pool_new (65600, 0, 1);
  g_autofree guint8 *data = g_malloc0 (65536);
  g_autoptr (GError) error = NULL;
  DpdkPacket *packet = dpdk_packet_new_from_data (pool, data, 65535, &error);
  DpdkPacket *tail = packet_new (pool, "x");

  g_assert_no_error (error);
  g_assert_cmpuint (dpdk_packet_get_n_segments (packet), ==, 65535);
  g_assert_false (dpdk_packet_chain (packet, tail, &error));
  ASSERT_ERROR_AND_CLEAR (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT);
  g_assert_false (dpdk_packet_append_clone (packet, tail, &error));
  ASSERT_ERROR_AND_CLEAR (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT);
  g_assert_null (dpdk_packet_new_from_data (pool, data, 65536, &error));
  ASSERT_ERROR_AND_CLEAR (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT);
  dpdk_packet_unref (tail);
  dpdk_packet_unref (packet);
  packet_pool_end (pool);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/packet-data/ends", DPDK_TEST_FLAGS_NONE, test_ends);
  dpdk_test_add_func ("/packet-data/write", DPDK_TEST_FLAGS_NONE, test_write);
  dpdk_test_add_func ("/packet-data/segments", DPDK_TEST_FLAGS_NONE, test_segments);
  dpdk_test_add_func ("/packet-data/from-data", DPDK_TEST_FLAGS_NONE, test_from_data);
  dpdk_test_add_func ("/packet-data/limits", DPDK_TEST_FLAGS_NONE, test_limits);
  dpdk_test_add_func ("/packet-data/too-many-segments", DPDK_TEST_FLAGS_NONE,
                      test_too_many_segments);
  dpdk_test_add_func ("/packet-data/random", DPDK_TEST_FLAGS_NONE, test_random);
  return g_test_run ();
}
