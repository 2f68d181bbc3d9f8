/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* who holds a packet and its data: clones, copies, views, foreign memory, other threads, a port */
#include "packet-fixture.h"

#include <string.h>

#define DATA_SIZE 256

static void
test_clone (void)
{
  DpdkMempool *pool = packet_pool_new (63, 0, DATA_SIZE);
  DpdkMempool *other = packet_pool_new (63, 0, DATA_SIZE);
  g_autoptr (GError) error = NULL;
  g_autoptr (DpdkMempool) found = NULL;
  DpdkPacket *packet = packet_new (pool, "shared"), *clone;
  const guint8 *data, *cloned_data;
  gsize length, cloned_length;

  g_assert_true (dpdk_packet_is_writable (packet));
  clone = dpdk_packet_clone (packet, other, &error);
  g_assert_no_error (error);
  data = dpdk_packet_get_data (packet, &length);
  cloned_data = dpdk_packet_get_data (clone, &cloned_length);
  g_assert_true (data == cloned_data);
  g_assert_cmpuint (length, ==, cloned_length);
  found = dpdk_packet_dup_mempool (clone);
  g_assert_true (found == other);

  /* nobody may write */
  g_assert_false (dpdk_packet_is_writable (packet));
  g_assert_false (dpdk_packet_is_writable (clone));
  g_assert_false (dpdk_packet_append (packet, (const guint8 *) "x", 1, &error));
  ASSERT_ERROR_AND_CLEAR (error, DPDK_ERROR, DPDK_ERROR_BUSY);
  g_assert_false (dpdk_packet_append (clone, (const guint8 *) "x", 1, &error));
  ASSERT_ERROR_AND_CLEAR (error, DPDK_ERROR, DPDK_ERROR_BUSY);
  g_assert_false (dpdk_packet_prepend (clone, (const guint8 *) "x", 1, &error));
  ASSERT_ERROR_AND_CLEAR (error, DPDK_ERROR, DPDK_ERROR_BUSY);
  g_assert_false (dpdk_packet_write (clone, 0, (const guint8 *) "x", 1, &error));
  ASSERT_ERROR_AND_CLEAR (error, DPDK_ERROR, DPDK_ERROR_BUSY);
  g_assert_null (dpdk_packet_get_writable_data (clone, &length, &error));
  ASSERT_ERROR_AND_CLEAR (error, DPDK_ERROR, DPDK_ERROR_BUSY);
  /* but the length of the clone is its own */
  g_assert_true (dpdk_packet_adj (clone, 2, &error));
  ASSERT_DATA (clone, "ared", 4);
  ASSERT_DATA (packet, "shared", 6);

  /* the data stays until both are gone, and then is the clone's */
  dpdk_packet_unref (packet);
  g_assert_cmpuint (dpdk_mempool_get_in_use (pool), ==, 1);
  ASSERT_DATA (clone, "ared", 4);
  g_assert_true (dpdk_packet_is_writable (clone));
  g_assert_true (dpdk_packet_write (clone, 0, (const guint8 *) "bord", 4, &error));
  ASSERT_DATA (clone, "bord", 4);
  dpdk_packet_unref (clone);
  g_assert_cmpuint (dpdk_mempool_get_in_use (pool), ==, 0);
  g_assert_cmpuint (dpdk_mempool_get_in_use (other), ==, 0);

  /* of several segments, of itself, and behind a header */
  packet = dpdk_packet_new_from_data (pool, packet_pattern (0), 600, &error);
  clone = packet_new (pool, "head");
  g_assert_true (dpdk_packet_append_clone (clone, packet, &error));
  g_assert_cmpuint (dpdk_packet_get_n_segments (clone), ==, 4);
  g_assert_no_error (error);
  g_assert_false (dpdk_packet_append_clone (packet, clone, &error));
  ASSERT_ERROR_AND_CLEAR (error, DPDK_ERROR, DPDK_ERROR_BUSY);
  dpdk_packet_unref (packet);
  /* the header is its own */
  g_assert_true (dpdk_packet_write (clone, 0, (const guint8 *) "tail", 4, &error));
  g_assert_true (dpdk_packet_prepend (clone, (const guint8 *) "a ", 2, &error));
  g_assert_cmpuint (dpdk_packet_get_length (clone), ==, 606);
  dpdk_packet_unref (clone);
  packet = dpdk_packet_new_from_data (pool, packet_pattern (0), 600, &error);
  g_assert_true (dpdk_packet_append_clone (packet, packet, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (dpdk_packet_get_length (packet), ==, 1200);
  dpdk_packet_unref (packet);
  g_assert_cmpuint (dpdk_mempool_get_in_use (pool), ==, 0);

  packet = dpdk_packet_new_from_data (pool, packet_pattern (0), 40 * DATA_SIZE, &error);
  g_assert_null (dpdk_packet_clone (packet, NULL, &error));
  ASSERT_ERROR_AND_CLEAR (error, DPDK_ERROR, DPDK_ERROR_NO_MEMORY);
  g_assert_cmpuint (dpdk_mempool_get_in_use (pool), ==, 40);
  dpdk_packet_unref (packet);

  g_clear_object (&found);
  g_assert_finalize_object (other);
  packet_pool_end (pool);
}

static void
test_copy (void)
{
  DpdkMempool *pool = packet_pool_new (63, 0, DATA_SIZE);
  DpdkMempool *large = packet_pool_new (63, 0, 4 * DATA_SIZE);
  g_autoptr (GError) error = NULL;
  DpdkPacket *packet = dpdk_packet_new_from_data (pool, packet_pattern (0), 3 * DATA_SIZE, &error);
  DpdkPacket *copy, *before;

  g_assert_no_error (error);
  packet_native (packet)->ol_flags |= RTE_MBUF_F_RX_RSS_HASH;
  packet_native (packet)->hash.rss = 0x12345678;
  copy = dpdk_packet_copy (packet, large, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (dpdk_packet_get_n_segments (copy), ==, 1);
  g_assert_cmphex (packet_native (copy)->hash.rss, ==, 0x12345678);
  g_assert_true (dpdk_packet_is_writable (copy));
  dpdk_packet_unref (packet);
  ASSERT_DATA (copy, packet_pattern (0), 3 * DATA_SIZE);
  packet = dpdk_packet_copy (copy, pool, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (dpdk_packet_get_n_segments (packet), >=, 3);
  ASSERT_DATA (packet, packet_pattern (0), 3 * DATA_SIZE);

  /* writable already: the same; shared: another */
  before = packet;
  g_assert_true (dpdk_packet_make_writable (&packet, &error));
  g_assert_true (packet == before);
  dpdk_packet_ref (before);
  g_assert_true (dpdk_packet_make_writable (&packet, &error));
  g_assert_true (packet != before);
  g_assert_true (dpdk_packet_is_writable (packet));
  g_assert_true (dpdk_packet_is_writable (before));
  ASSERT_DATA (packet, packet_pattern (0), 3 * DATA_SIZE);
  dpdk_packet_unref (before);

  /* no room for a copy: nothing is lost */
  before = dpdk_packet_new_from_data (pool, packet_pattern (0), 59 * DATA_SIZE, &error);
  g_assert_no_error (error);
  dpdk_packet_ref (packet);
  g_assert_false (dpdk_packet_make_writable (&packet, &error));
  ASSERT_ERROR_AND_CLEAR (error, DPDK_ERROR, DPDK_ERROR_NO_MEMORY);
  ASSERT_DATA (packet, packet_pattern (0), 3 * DATA_SIZE);
  dpdk_packet_unref (packet);
  dpdk_packet_unref (packet);
  dpdk_packet_unref (before);
  dpdk_packet_unref (copy);
  g_assert_cmpuint (dpdk_mempool_get_in_use (large), ==, 0);
  g_assert_finalize_object (large);
  packet_pool_end (pool);
}

/* every change of a packet that somebody else holds is refused */
static void
test_shared (void)
{
  DpdkMempool *pool = packet_pool_new (63, 0, DATA_SIZE);
  g_autoptr (GError) error = NULL;
  DpdkPacket *packet = packet_new (pool, "some"), *tail = packet_new (pool, "tail");
  GBytes *view;
  gsize length;

  g_assert_true (dpdk_packet_chain (packet, packet_new (pool, " more"), &error));
  view = dpdk_packet_get_segment_bytes (packet, 1);
  for (guint i = 0; i < 11; i++)
    {
      const guint8 *x = (const guint8 *) "x";
      const gboolean done[] = {
        i == 0 && dpdk_packet_append (packet, x, 1, &error),
        i == 1 && dpdk_packet_prepend (packet, x, 1, &error),
        i == 2 && dpdk_packet_trim (packet, 1, &error),
        i == 3 && dpdk_packet_adj (packet, 1, &error),
        i == 4 && dpdk_packet_write (packet, 0, x, 1, &error),
        i == 5 && dpdk_packet_chain (packet, tail, &error),
        i == 6 && dpdk_packet_chain (tail, packet, &error),
        i == 7 && dpdk_packet_append_clone (packet, tail, &error),
        i == 8 && dpdk_packet_linearize (packet, &error),
        i == 9 && dpdk_packet_get_writable_data (packet, &length, &error) != NULL,
        i == 10 && dpdk_packet_request_vlan (packet, 1, &error),
      };

      for (guint k = 0; k < G_N_ELEMENTS (done); k++)
        g_assert_false (done[k]);
      ASSERT_ERROR_AND_CLEAR (error, DPDK_ERROR, DPDK_ERROR_BUSY);
    }
  ASSERT_DATA (packet, "some more", 9);
  ASSERT_DATA (tail, "tail", 4);
  g_bytes_unref (view);
  g_assert_true (dpdk_packet_chain (packet, tail, &error));
  ASSERT_DATA (packet, "some moretail", 13);
  dpdk_packet_unref (packet);
  packet_pool_end (pool);
}

/* a view holds everything below it */
static void
test_view (void)
{
  DpdkMempool *pool = packet_pool_new (63, 0, DATA_SIZE);
  DpdkPacket *packet = packet_new (pool, "still here");
  GBytes *bytes = dpdk_packet_to_bytes (packet), *part;
  gsize length;

  g_assert_true (g_bytes_get_data (bytes, NULL) == dpdk_packet_get_data (packet, &length));
  part = g_bytes_new_from_bytes (bytes, 6, 4);
  dpdk_packet_unref (packet);
  g_bytes_unref (bytes);
  g_object_unref (pool);
  g_assert_cmpint (dpdk_eal_get_process_state (), ==, DPDK_EAL_STATE_UP);
  g_assert_cmpmem (g_bytes_get_data (part, NULL), g_bytes_get_size (part), "here", 4);
  g_thread_join (g_thread_new ("last", (GThreadFunc) (gpointer) g_bytes_unref, part));
  dpdk_test_assert_eal_dead ();
}

static void
test_view_of_many (void)
{
  DpdkMempool *pool = packet_pool_new (63, 0, DATA_SIZE);
  g_autoptr (GError) error = NULL;
  DpdkPacket *packet = dpdk_packet_new_from_data (pool, packet_pattern (0), 600, &error);
  g_autoptr (GBytes) all = dpdk_packet_to_bytes (packet);
  GBytes *parts[3];

  /* a copy: the packet is still its own */
  g_assert_true (dpdk_packet_is_writable (packet));
  for (guint i = 0; i < 3; i++)
    parts[i] = dpdk_packet_get_segment_bytes (packet, i);
  dpdk_packet_unref (packet);
  for (guint i = 0; i < 3; i++)
    {
      g_assert_cmpmem (g_bytes_get_data (parts[i], NULL), g_bytes_get_size (parts[i]),
                       packet_pattern (i * DATA_SIZE), i < 2 ? DATA_SIZE : 600 - 2 * DATA_SIZE);
      g_assert_cmpuint (dpdk_mempool_get_in_use (pool), ==, 3);
      g_bytes_unref (parts[i]);
    }
  g_assert_cmpmem (g_bytes_get_data (all, NULL), g_bytes_get_size (all), packet_pattern (0), 600);
  packet_pool_end (pool);
}

typedef struct {
  guint8 *data;
  guint n_freed;
} Foreign;

static void
foreign_free (gpointer data)
{
  Foreign *self = data;

  memset (self->data, 0, 1);
  g_free (self->data);
  self->n_freed++;
}

static GBytes *
foreign_new (Foreign *self, gsize size)
{
  *self = (Foreign){ g_malloc (size), 0 };
  for (gsize i = 0; i < size; i++)
    self->data[i] = *packet_pattern (i);
  return g_bytes_new_with_free_func (self->data, size, foreign_free, self);
}

static void
test_foreign (void)
{
  static const gsize sizes[] = { 1, 1460, 61440, 61441, 65536, 200000 };
  DpdkMempool *pool = packet_pool_new (63, 0, DATA_SIZE);
  DpdkPort *port = packet_loop_new (pool);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      gsize size = sizes[i], length;
      Foreign foreign;
      g_autoptr (GBytes) bytes = foreign_new (&foreign, size);
      g_autoptr (GBytes) seen = NULL;
      DpdkPacket *packet = dpdk_packet_new_from_bytes (pool, bytes, &error), *clone, *copy;

      g_assert_no_error (error);
      g_clear_pointer (&bytes, g_bytes_unref);
      g_assert_true (dpdk_packet_get_data (packet, &length) == foreign.data);
      g_assert_cmpuint (dpdk_packet_get_length (packet), ==, size);
      g_assert_cmpuint (dpdk_packet_get_n_segments (packet), ==, (size + 61439) / 61440);
      /* constant, even for the only one who holds it */
      g_assert_false (dpdk_packet_is_writable (packet));
      g_assert_false (dpdk_packet_write (packet, 0, (const guint8 *) "x", 1, &error));
      ASSERT_ERROR_AND_CLEAR (error, DPDK_ERROR, DPDK_ERROR_BUSY);
      g_assert_cmpuint (dpdk_packet_get_headroom (packet), ==, 0);
      g_assert_cmpuint (dpdk_packet_get_tailroom (packet), ==, 0);

      clone = dpdk_packet_clone (packet, NULL, &error);
      g_assert_no_error (error);
      /* behind a header, through a port */
      copy = packet_new (pool, "head");
      g_assert_true (dpdk_packet_chain (copy, packet, &error));
      packet = packet_loop_pass (port, copy);
      seen = dpdk_packet_to_bytes (packet);
      g_assert_cmpmem (g_bytes_get_data (seen, NULL), 4, "head", 4);
      g_assert_cmpmem ((const guint8 *) g_bytes_get_data (seen, NULL) + 4,
                       g_bytes_get_size (seen) - 4, foreign.data, size);
      dpdk_packet_unref (packet);
      g_assert_cmpuint (foreign.n_freed, ==, 0);
      g_assert_cmpuint (*dpdk_packet_get_data (clone, &length), ==, *packet_pattern (0));
      dpdk_packet_unref (clone);
      g_assert_cmpuint (foreign.n_freed, ==, 1);
      g_assert_cmpuint (dpdk_mempool_get_in_use (pool), ==, 0);
      /* the buffer is its own again */
      packet = packet_new (pool, "clean");
      g_assert_true (dpdk_packet_is_writable (packet));
      dpdk_packet_unref (packet);
    }
  packet_loop_end (port);
  packet_pool_end (pool);
}

static void
test_foreign_failures (void)
{
  DpdkMempool *pool = packet_pool_new (3, 0, DATA_SIZE);
  g_autoptr (GError) error = NULL;
  Foreign foreign;
  GBytes *bytes = foreign_new (&foreign, 200000), *view;
  DpdkPacket *packet, *outer;

  g_assert_null (dpdk_packet_new_from_bytes (pool, bytes, &error));
  ASSERT_ERROR_AND_CLEAR (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT);
  g_bytes_unref (bytes);
  g_assert_cmpuint (foreign.n_freed, ==, 1);

  packet = packet_new (pool, "in the way");
  bytes = foreign_new (&foreign, 150000);
  g_assert_null (dpdk_packet_new_from_bytes (pool, bytes, &error));
  ASSERT_ERROR_AND_CLEAR (error, DPDK_ERROR, DPDK_ERROR_NO_MEMORY);
  g_bytes_unref (bytes);
  g_assert_cmpuint (foreign.n_freed, ==, 1);

  bytes = g_bytes_new (NULL, 0);
  outer = dpdk_packet_new_from_bytes (pool, bytes, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (dpdk_packet_get_length (outer), ==, 0);
  g_bytes_unref (bytes);
  dpdk_packet_unref (outer);

  /* the view of a packet as the memory of another */
  view = dpdk_packet_to_bytes (packet);
  outer = dpdk_packet_new_from_bytes (pool, view, &error);
  g_assert_no_error (error);
  g_bytes_unref (view);
  dpdk_packet_unref (packet);
  g_assert_cmpuint (dpdk_mempool_get_in_use (pool), ==, 2);
  ASSERT_DATA (outer, "in the way", 10);
  dpdk_packet_unref (outer);
  packet_pool_end (pool);
}

/* the last holder of foreign memory is the device */
static void
test_foreign_in_device (void)
{
  DpdkMempool *pool = packet_pool_new (63, 0, DATA_SIZE);
  g_autoptr (GError) error = NULL;
  DpdkPort *port = dpdk_port_new (dpdk_mempool_get_eal (pool), "net_null0", &error);
  g_autoptr (DpdkMempool) large = NULL;
  DpdkPacket *packet;
  Foreign foreign;
  GBytes *bytes = foreign_new (&foreign, 1460);

  g_assert_no_error (error);
  large = packet_pool_new (63, 0, PACKET_PORT_DATA_SIZE);
  g_assert_true (dpdk_port_configure (port, large, 1, 64, &error));
  g_assert_true (dpdk_port_start (port, &error));
  packet = dpdk_packet_new_from_bytes (pool, bytes, &error);
  g_assert_no_error (error);
  g_bytes_unref (bytes);
  g_assert_cmpuint (foreign.n_freed, ==, 0);
  g_assert_cmpuint (dpdk_port_tx_burst (port, 0, &packet, 1), ==, 1);
  g_assert_cmpuint (foreign.n_freed, ==, 1);
  packet_loop_end (port);
  g_clear_object (&large);
  packet_pool_end (pool);
}

/* on the library's own thread, which frees what is left in a port that is closed */
static void
foreign_wait (gpointer data)
{
  DpdkMempool *pool = data;
  g_autoptr (GError) error = NULL;

  g_assert_null (dpdk_mempool_acquire_sync (pool, NULL, &error));
  g_assert_error (error, DPDK_ERROR, DPDK_ERROR_WOULD_DEADLOCK);
  g_object_unref (pool);
}

static void
test_foreign_on_owner (void)
{
  DpdkMempool *pool = packet_pool_new (63, 0, DATA_SIZE);
  DpdkPort *port = packet_loop_new (pool);
  g_autoptr (GError) error = NULL;
  GBytes *bytes = g_bytes_new_with_free_func ("x", 1, foreign_wait, g_object_ref (pool));
  DpdkPacket *packet = dpdk_packet_new_from_bytes (pool, bytes, &error);

  g_assert_no_error (error);
  g_bytes_unref (bytes);
  g_assert_cmpuint (dpdk_port_tx_burst (port, 0, &packet, 1), ==, 1);
  packet_loop_end (port);
  packet_pool_end (pool);
}

/* references are counted in 16 bits: a full count is an error, and not a packet that is freed under its
   users */
static void
test_many_references (void)
{
  enum {
    N_OTHERS = 64500
  };
  DpdkMempool *pool = packet_pool_new (63, 0, DATA_SIZE);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) constant = g_bytes_new_static ("constant", 8);
  g_autoptr (GPtrArray) all = g_ptr_array_new_with_free_func ((GDestroyNotify) dpdk_packet_unref);

  for (guint i = 0; i < 2; i++)
    {
      DpdkPacket *packet = i == 0 ? packet_new (pool, "constant")
                                  : dpdk_packet_new_from_bytes (pool, constant, &error);
      struct rte_mbuf *mbuf = packet_native (packet);
      DpdkPacket *clone;
      GBytes *view;

      g_assert_no_error (error);
      /* as many others have taken one */
      if (i == 0)
        rte_mbuf_refcnt_set (mbuf, 1 + N_OTHERS);
      else
        rte_mbuf_ext_refcnt_set (mbuf->shinfo, 1 + N_OTHERS);
      while ((clone = dpdk_packet_clone (packet, NULL, &error)) != NULL)
        g_ptr_array_add (all, clone);
      ASSERT_ERROR_AND_CLEAR (error, DPDK_ERROR, DPDK_ERROR_BUSY);
      g_assert_cmpuint (all->len, ==, 10);
      /* a clone is of the same data */
      g_assert_null (dpdk_packet_clone (g_ptr_array_index (all, 7), NULL, &error));
      ASSERT_ERROR_AND_CLEAR (error, DPDK_ERROR, DPDK_ERROR_BUSY);
      view = dpdk_packet_to_bytes (packet);
      g_assert_cmpmem (g_bytes_get_data (view, NULL), g_bytes_get_size (view), "constant", 8);
      g_bytes_unref (view);
      g_ptr_array_remove_index_fast (all, 0);
      clone = dpdk_packet_clone (packet, NULL, &error);
      g_assert_no_error (error);
      g_ptr_array_add (all, clone);
      if (i == 0)
        rte_mbuf_refcnt_set (mbuf, (guint16) (rte_mbuf_refcnt_read (mbuf) - N_OTHERS));
      else
        rte_mbuf_ext_refcnt_set (mbuf->shinfo,
                                 (guint16) (rte_mbuf_ext_refcnt_read (mbuf->shinfo) - N_OTHERS));
      dpdk_packet_unref (packet);
      ASSERT_DATA (clone, "constant", 8);
      g_ptr_array_set_size (all, 0);
      g_assert_cmpuint (dpdk_mempool_get_in_use (pool), ==, 0);
    }
  packet_pool_end (pool);
}

/* the EAL stays for a view even if it was told to end */
static void
test_view_after_shutdown (void)
{
  DpdkMempool *pool = packet_pool_new (63, 0, DATA_SIZE);
  DpdkEal *eal = g_object_ref (dpdk_mempool_get_eal (pool));
  DpdkPacket *packet = packet_new (pool, "still here");
  GBytes *bytes = dpdk_packet_to_bytes (packet);
  g_autoptr (GError) error = NULL;

  dpdk_packet_unref (packet);
  g_object_unref (pool);
  g_assert_false (dpdk_eal_shutdown (eal, 0, &error));
  ASSERT_ERROR_AND_CLEAR (error, DPDK_ERROR, DPDK_ERROR_TIMED_OUT);
  g_object_unref (eal);
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), "still here", 10);
  g_assert_cmpint (dpdk_eal_get_process_state (), !=, DPDK_EAL_STATE_DEAD);
  g_thread_join (g_thread_new ("last", (GThreadFunc) (gpointer) g_bytes_unref, bytes));
  dpdk_test_assert_eal_dead ();
}

static void
test_port (void)
{
  DpdkMempool *pool = packet_pool_new (63, 0, DATA_SIZE);
  DpdkPort *port = packet_loop_new (pool);
  g_autoptr (GError) error = NULL;
  DpdkPacket *packet = packet_new (pool, "payload"), *clone, *received;

  /* a clone comes back as one, while the original is held */
  clone = dpdk_packet_clone (packet, NULL, &error);
  received = packet_loop_pass (port, clone);
  g_assert_true (received == clone);
  ASSERT_DATA (received, "payload", 7);
  g_assert_false (dpdk_packet_is_writable (received));
  dpdk_packet_unref (packet);
  g_assert_true (dpdk_packet_is_writable (received));
  /* one that is sent, and kept, comes back shared */
  dpdk_packet_ref (received);
  packet = packet_loop_pass (port, received);
  g_assert_true (packet == received);
  g_assert_false (dpdk_packet_is_writable (packet));
  dpdk_packet_unref (received);
  g_assert_true (dpdk_packet_is_writable (packet));
  dpdk_packet_unref (packet);
  packet_loop_end (port);
  packet_pool_end (pool);
}

enum {
  N_PASSED = 20000
};

static gpointer
release_all (gpointer data)
{
  GAsyncQueue *queue = data;
  gpointer packet;

  /* the queue itself is the end */
  while ((packet = g_async_queue_pop (queue)) != queue)
    dpdk_packet_unref (packet);
  return NULL;
}

/* taken on one thread, registered or not, and released on another */
static void
test_threads (void)
{
  DpdkMempool *pool = packet_pool_new (255, 32, DATA_SIZE);
  g_autoptr (GAsyncQueue) queue = g_async_queue_new ();
  g_autoptr (GError) error = NULL;

  for (guint round = 0; round < 2; round++)
    {
      g_autoptr (DpdkLcore) lcore =
          round == 1 ? dpdk_lcore_register (dpdk_mempool_get_eal (pool), &error) : NULL;
      GThread *thread = g_thread_new ("release", release_all, queue);

      g_assert_no_error (error);
      for (guint i = 0; i < dpdk_test_scale (N_PASSED);)
        {
          DpdkPacket *packet = dpdk_mempool_acquire (pool, NULL);

          if (packet == NULL)
            {
              g_thread_yield ();
              continue;
            }
          g_async_queue_push (queue, packet);
          i++;
        }
      g_async_queue_push (queue, queue);
      g_thread_join (thread);
      g_assert_cmpuint (dpdk_mempool_get_in_use (pool), ==, 0);
    }
  packet_pool_end (pool);
}

typedef struct {
  DpdkMempool *pool;
  GAsyncQueue *queue;
  gint is_over;
} Flow;

static gpointer
flow_in (gpointer data)
{
  Flow *self = data;
  g_autoptr (DpdkLcore) lcore = dpdk_lcore_register (dpdk_mempool_get_eal (self->pool), NULL);

  while (!g_atomic_int_get (&self->is_over))
    {
      DpdkPacket *packet = dpdk_mempool_acquire (self->pool, NULL);

      if (packet != NULL)
        g_async_queue_push (self->queue, packet);
    }
  g_async_queue_push (self->queue, self->queue);
  return NULL;
}

static guint64
count_held (DpdkEal *eal)
{
  g_autoptr (GPtrArray) all = dpdk_eal_dup_dependants (eal);

  for (guint i = 0; i < all->len; i++)
    if (dpdk_dependant_get_object_type (g_ptr_array_index (all, i)) == DPDK_TYPE_PACKET)
      return dpdk_dependant_get_count (g_ptr_array_index (all, i));
  return 0;
}

/* one packet is held while many others pass from thread to thread: it never seems to be gone */
static void
test_held_in_flow (void)
{
  DpdkMempool *pool = packet_pool_new (255, 32, DATA_SIZE);
  g_autoptr (GAsyncQueue) queue = g_async_queue_new ();
  DpdkEal *eal = dpdk_mempool_get_eal (pool);
  Flow flow = { pool, queue, FALSE };
  DpdkPacket *packet = packet_new (pool, "held");
  GThread *in = g_thread_new ("in", flow_in, &flow);
  GThread *out = g_thread_new ("out", release_all, queue);

  for (guint i = 0; i < dpdk_test_scale (100000); i++)
    g_assert_cmpuint (count_held (eal), >=, 1);
  g_atomic_int_set (&flow.is_over, TRUE);
  g_thread_join (in);
  g_thread_join (out);
  g_assert_cmpuint (count_held (eal), ==, 1);
  dpdk_packet_unref (packet);
  g_assert_cmpuint (count_held (eal), ==, 0);
  packet_pool_end (pool);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/packet/clone", DPDK_TEST_FLAGS_NONE, test_clone);
  dpdk_test_add_func ("/packet/copy", DPDK_TEST_FLAGS_NONE, test_copy);
  dpdk_test_add_func ("/packet/shared", DPDK_TEST_FLAGS_NONE, test_shared);
  dpdk_test_add_func ("/packet/view", DPDK_TEST_FLAGS_NONE, test_view);
  dpdk_test_add_func ("/packet/view-of-many", DPDK_TEST_FLAGS_NONE, test_view_of_many);
  dpdk_test_add_func ("/packet/foreign", DPDK_TEST_FLAGS_NONE, test_foreign);
  dpdk_test_add_func ("/packet/foreign-failures", DPDK_TEST_FLAGS_NONE, test_foreign_failures);
  dpdk_test_add_func ("/packet/foreign-in-device", DPDK_TEST_FLAGS_NONE, test_foreign_in_device);
  dpdk_test_add_func ("/packet/foreign-on-owner", DPDK_TEST_FLAGS_NONE, test_foreign_on_owner);
  dpdk_test_add_func ("/packet/many-references", DPDK_TEST_FLAGS_NONE, test_many_references);
  dpdk_test_add_func ("/packet/view-after-shutdown", DPDK_TEST_FLAGS_NONE,
                      test_view_after_shutdown);
  dpdk_test_add_func ("/packet/held-in-flow", DPDK_TEST_FLAGS_NONE, test_held_in_flow);
  dpdk_test_add_func ("/packet/port", DPDK_TEST_FLAGS_NONE, test_port);
  dpdk_test_add_func ("/packet/threads", DPDK_TEST_FLAGS_NONE, test_threads);
  return g_test_run ();
}
