/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* two runtimes of one process talk TCP to each other, over good links and bad ones */
#include <dpdk-glib-testing.h>

#define CHUNK 16384

typedef struct {
  DpdkTcpConnection *connection;
  guint64 size;
  guint32 seed;
  GChecksum *sent;
  GChecksum *received;
} Side;

static gpointer
write_all (gpointer data)
{
  Side *self = data;
  GOutputStream *output = g_io_stream_get_output_stream (G_IO_STREAM (self->connection));
  g_autoptr (GRand) random = g_rand_new_with_seed (self->seed);
  g_autoptr (GError) error = NULL;
  guint32 chunk[CHUNK / sizeof (guint32)];

  for (guint64 done = 0; done < self->size; done += CHUNK)
    {
      for (guint i = 0; i < G_N_ELEMENTS (chunk); i++)
        chunk[i] = g_rand_int (random);
      g_checksum_update (self->sent, (const guint8 *) chunk, CHUNK);
      g_output_stream_write_all (output, chunk, CHUNK, NULL, NULL, &error);
      g_assert_no_error (error);
    }
  dpdk_tcp_connection_shutdown (self->connection, FALSE, TRUE, &error);
  g_assert_no_error (error);
  return NULL;
}

static gpointer
read_all (gpointer data)
{
  Side *self = data;
  GInputStream *input = g_io_stream_get_input_stream (G_IO_STREAM (self->connection));
  g_autoptr (GError) error = NULL;
  guint64 total = 0;
  guint8 chunk[CHUNK];
  gssize n;

  while ((n = g_input_stream_read (input, chunk, sizeof chunk, NULL, &error)) > 0)
    {
      g_checksum_update (self->received, chunk, n);
      total += (guint64) n;
    }
  g_assert_no_error (error);
  g_assert_cmpuint (total, ==, self->size);
  return NULL;
}

/* both ways at once over one connection, exact to the byte */
static void
transfer (DpdkTestPair *pair, guint end, GSocketFamily family, guint64 size)
{
  Side sides[2] = { { .seed = dpdk_test_get_seed () }, { .seed = dpdk_test_get_seed () + 1 } };
  gint64 start = g_get_monotonic_time ();
  g_autoptr (GError) error = NULL;
  GThread *threads[4];

  dpdk_test_pair_connect (pair, end, family, &sides[0].connection, &sides[1].connection, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < 2; i++)
    {
      sides[i].size = size;
      sides[i].sent = g_checksum_new (G_CHECKSUM_SHA256);
      sides[i].received = g_checksum_new (G_CHECKSUM_SHA256);
      threads[2 * i] = g_thread_new ("write", write_all, &sides[i]);
      threads[2 * i + 1] = g_thread_new ("read", read_all, &sides[i]);
    }
  for (guint i = 0; i < 4; i++)
    g_thread_join (threads[i]);
  for (guint i = 0; i < 2; i++)
    g_assert_cmpstr (g_checksum_get_string (sides[i].received), ==,
                     g_checksum_get_string (sides[1 - i].sent));
  for (guint i = 0; i < 2; i++)
    {
      g_checksum_free (sides[i].sent);
      g_checksum_free (sides[i].received);
      g_io_stream_close (G_IO_STREAM (sides[i].connection), NULL, &error);
      g_assert_no_error (error);
      dpdk_test_assert_finalize (sides[i].connection);
    }
  g_test_message ("%" G_GUINT64_FORMAT " bytes each way from %s: %.2f s", size,
                  dpdk_test_pair_get_address (pair, end, family),
                  (double) (g_get_monotonic_time () - start) / G_TIME_SPAN_SECOND);
}

static DpdkTestPair *
start (const DpdkTestImpairment *impairment, gboolean is_direct)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DpdkEal) eal = dpdk_eal_new (NULL, &error);
  g_autoptr (DpdkTestLink) link = NULL;
  DpdkTestPair *pair;

  g_assert_no_error (error);
  link = is_direct ? dpdk_test_link_new (eal, 1, &error)
                   : dpdk_test_link_new_impaired (eal, 1, impairment, &error);
  g_assert_no_error (error);
  pair = dpdk_test_pair_new (link, &error);
  g_assert_no_error (error);
  return pair;
}

/* everything must go, whatever is dropped first */
static void
finish (DpdkTestPair *pair, guint first)
{
  g_autoptr (DpdkTestLink) link = g_object_ref (dpdk_test_pair_get_link (pair));

  dpdk_test_pair_assert_shutdown (pair, first);
  dpdk_test_pair_assert_shutdown (pair, 1 - first);
  dpdk_test_assert_finalize (pair);
  dpdk_test_assert_finalize (g_steal_pointer (&link));
}

static void
run (const DpdkTestImpairment *impairment, gboolean is_direct, guint64 size)
{
  DpdkTestPair *pair = start (impairment, is_direct);

  for (guint end = 0; end < 2; end++)
    {
      transfer (pair, end, G_SOCKET_FAMILY_IPV4, size);
      transfer (pair, end, G_SOCKET_FAMILY_IPV6, size);
    }
  if (impairment != NULL)
    for (guint end = 0; end < 2; end++)
      {
        DpdkTestLinkStatistics statistics;

        dpdk_test_link_get_statistics (dpdk_test_pair_get_link (pair), end, &statistics);
        g_test_message ("from %u: taken %" G_GUINT64_FORMAT ", lost %" G_GUINT64_FORMAT
                        ", duplicated %" G_GUINT64_FORMAT ", reordered %" G_GUINT64_FORMAT
                        ", corrupted %" G_GUINT64_FORMAT,
                        end, statistics.taken, statistics.lost, statistics.duplicated,
                        statistics.reordered, statistics.corrupted);
        /* else nothing was tested */
        if (dpdk_test_impairment_get_loss (impairment) > 0)
          g_assert_cmpuint (statistics.lost, >, 0);
        if (dpdk_test_impairment_get_duplicate (impairment) > 0)
          g_assert_cmpuint (statistics.duplicated, >, 0);
        if (dpdk_test_impairment_get_reorder (impairment) > 0)
          g_assert_cmpuint (statistics.reordered, >, 0);
        if (dpdk_test_impairment_get_corrupt (impairment) > 0)
          g_assert_cmpuint (statistics.corrupted, >, 0);
      }
  finish (pair, 0);
}

#define MEBIBYTE (1024 * 1024)

static void
test_clean (void)
{
  run (NULL, TRUE, dpdk_test_scale (8) * MEBIBYTE);
}

static void
test_pumped (void)
{
  run (NULL, FALSE, dpdk_test_scale (4) * MEBIBYTE);
}

static void
test_loss (void)
{
  g_autoptr (DpdkTestImpairment) impairment = dpdk_test_impairment_new ();

  dpdk_test_impairment_set_loss (impairment, 0.01);
  run (impairment, FALSE, MEBIBYTE);
}

static void
test_reorder (void)
{
  g_autoptr (DpdkTestImpairment) impairment = dpdk_test_impairment_new ();

  dpdk_test_impairment_set_reorder (impairment, 0.02);
  run (impairment, FALSE, MEBIBYTE);
}

static void
test_duplicate (void)
{
  g_autoptr (DpdkTestImpairment) impairment = dpdk_test_impairment_new ();

  dpdk_test_impairment_set_duplicate (impairment, 0.05);
  run (impairment, FALSE, MEBIBYTE);
}

/* where no checksum is, in the answers of neighbours, the packet is not let through */
static void
test_corrupt (void)
{
  g_autoptr (DpdkTestImpairment) impairment = dpdk_test_impairment_new ();
  DpdkTestPair *pair = start (NULL, FALSE);
  g_autoptr (GError) error = NULL;

  transfer (pair, 0, G_SOCKET_FAMILY_IPV4, CHUNK);
  transfer (pair, 0, G_SOCKET_FAMILY_IPV6, CHUNK);
  dpdk_test_impairment_set_corrupt (impairment, 0.005);
  for (guint end = 0; end < 2; end++)
    {
      dpdk_test_link_set_impairment (dpdk_test_pair_get_link (pair), end, impairment, &error);
      g_assert_no_error (error);
    }
  transfer (pair, 0, G_SOCKET_FAMILY_IPV4, MEBIBYTE);
  transfer (pair, 0, G_SOCKET_FAMILY_IPV6, MEBIBYTE);
  for (guint end = 0; end < 2; end++)
    {
      DpdkTestLinkStatistics statistics;

      dpdk_test_link_get_statistics (dpdk_test_pair_get_link (pair), end, &statistics);
      g_assert_cmpuint (statistics.corrupted, >, 0);
    }
  finish (pair, 1);
}

static void
test_delay (void)
{
  g_autoptr (DpdkTestImpairment) impairment = dpdk_test_impairment_new ();

  dpdk_test_impairment_set_delay (impairment, 2000);
  dpdk_test_impairment_set_jitter (impairment, 500);
  run (impairment, FALSE, MEBIBYTE);
}

static void
test_everything (void)
{
  g_autoptr (DpdkTestImpairment) impairment = dpdk_test_impairment_new ();

  dpdk_test_impairment_set_loss (impairment, 0.01);
  dpdk_test_impairment_set_reorder (impairment, 0.01);
  dpdk_test_impairment_set_duplicate (impairment, 0.01);
  dpdk_test_impairment_set_delay (impairment, 500);
  dpdk_test_impairment_set_bandwidth (impairment, 100 * 1000 * 1000);
  run (impairment, FALSE, MEBIBYTE);
}

/* the second runtime, its connection and the link live on, in any order */
static void
test_orders (gconstpointer data)
{
  guint order = GPOINTER_TO_UINT (data);
  DpdkTestPair *pair = start (NULL, (order & 1) != 0);
  g_autoptr (DpdkTcpConnection) client = NULL;
  g_autoptr (DpdkTcpConnection) server = NULL;
  g_autoptr (GError) error = NULL;

  dpdk_test_pair_connect (pair, 0, G_SOCKET_FAMILY_IPV4, &client, &server, &error);
  g_assert_no_error (error);
  if (order & 2)
    dpdk_test_pair_assert_shutdown (pair, order >> 2 & 1);
  if (order & 8)
    {
      g_clear_object (&client);
      g_clear_object (&server);
    }
  dpdk_test_assert_finalize (pair);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
#define ADD(path, func) dpdk_test_add_func ("/testing/pair/" path, DPDK_TEST_FLAGS_NONE, func)
  ADD ("clean", test_clean);
  ADD ("pumped", test_pumped);
  ADD ("loss", test_loss);
  ADD ("reorder", test_reorder);
  ADD ("duplicate", test_duplicate);
  ADD ("corrupt", test_corrupt);
  ADD ("delay", test_delay);
  ADD ("everything", test_everything);
#undef ADD
  for (guint order = 0; order < 16; order++)
    {
      g_autofree char *path = g_strdup_printf ("/testing/pair/orders/%u", order);

      dpdk_test_add_data_func (path, DPDK_TEST_FLAGS_NONE, GUINT_TO_POINTER (order), test_orders);
    }
  return g_test_run ();
}
