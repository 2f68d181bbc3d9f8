/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* DPDK_DEBUG=refs logs each edge of the graph as it is made and dropped */
#include "eal-fixture.h"

#include <string.h>

static GMutex lock;
/* what holds what -> how often it is held now; none is removed */
static GHashTable *edges;
static guint n_messages;

static const char *
find_field (const GLogField *fields, gsize n_fields, const char *key)
{
  for (gsize i = 0; i < n_fields; i++)
    if (strcmp (fields[i].key, key) == 0)
      return fields[i].value;
  return NULL;
}

static void
count_edge (const GLogField *fields, gsize n_fields, const char *event)
{
  const char *holder = find_field (fields, n_fields, "DPDK_EDGE_HOLDER");
  const char *held = find_field (fields, n_fields, "DPDK_EDGE_HELD");
  g_autofree char *edge = g_strconcat (holder, " -> ", held, NULL);
  g_autofree char *message = g_strconcat (event, " ", edge, NULL);
  int count;

  g_assert_cmpstr (find_field (fields, n_fields, "MESSAGE"), ==, message);
  g_assert_true (g_str_equal (event, "hold") || g_str_equal (event, "drop"));
  g_mutex_lock (&lock);
  count = GPOINTER_TO_INT (g_hash_table_lookup (edges, edge));
  count += g_str_equal (event, "hold") ? 1 : -1;
  /* before it is made no edge can be dropped */
  g_assert_cmpint (count, >=, 0);
  g_hash_table_insert (edges, g_steal_pointer (&edge), GINT_TO_POINTER (count));
  g_mutex_unlock (&lock);
}

static GLogWriterOutput
watch_log (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
  const char *event = find_field (fields, n_fields, "DPDK_EDGE_EVENT");

  if (event == NULL && level > G_LOG_LEVEL_MESSAGE)
    return G_LOG_WRITER_HANDLED;
  g_atomic_int_inc (&n_messages);
  if (event == NULL)
    return g_log_writer_default (level, fields, n_fields, user_data);
  g_assert_cmpint (level, ==, G_LOG_LEVEL_MESSAGE);
  count_edge (fields, n_fields, event);
  return G_LOG_WRITER_HANDLED;
}

static void
watch (void)
{
  edges = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_log_set_writer_func (watch_log, NULL, NULL);
}

/* of each kind of object there is one, and each is used */
static void
live (void)
{
  DpdkEal *eal =
      eal_build_ok (&(EalSettings){ .mode = DPDK_MEMORY_MODE_NO_HUGEPAGES, .memory = 256 });
  DpdkMempool *pool = eal_mempool_new (eal);
  DpdkMempool *parked = eal_mempool_new (eal);
  g_autoptr (GError) error = NULL;
  DpdkPort *port = dpdk_port_new (eal, "net_ring7", &error);
  DpdkTestLink *link;
  DpdkTestPair *pair;
  DpdkTcpConnection *connection, *accepted;
  DpdkPacketCache *cache;
  DpdkPacket *packet;
  DpdkLcore *lcore;

  g_assert_no_error (error);
  dpdk_port_configure (port, pool, 1, 128, &error);
  g_assert_no_error (error);
  cache = dpdk_packet_cache_new (pool);
  packet = dpdk_packet_new_from_data (parked, (const guint8 *) "data", 4, &error);
  g_assert_no_error (error);
  lcore = dpdk_lcore_register (eal, &error);
  g_assert_no_error (error);
  link = dpdk_test_link_new (eal, 1, &error);
  g_assert_no_error (error);
  pair = dpdk_test_pair_new (link, &error);
  g_assert_no_error (error);
  dpdk_test_pair_connect (pair, 0, G_SOCKET_FAMILY_IPV4, &connection, &accepted, &error);
  g_assert_no_error (error);
  g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (connection)), "x", 1, NULL,
                             NULL, &error);
  g_assert_no_error (error);
  g_input_stream_read_bytes (g_io_stream_get_input_stream (G_IO_STREAM (accepted)), 1, NULL,
                             &error);
  g_assert_no_error (error);

  g_object_unref (connection);
  g_object_unref (accepted);
  g_object_unref (pair);
  g_object_unref (link);
  dpdk_lcore_unref (lcore);
  g_object_unref (cache);
  g_object_unref (port);
  g_object_unref (pool);
  /* the packet holds it from now on */
  g_object_unref (parked);
  dpdk_packet_unref (packet);
  eal_end (eal);
}

static gboolean
was_edge (const char *pattern)
{
  GHashTableIter iter;
  gpointer edge;

  g_hash_table_iter_init (&iter, edges);
  while (g_hash_table_iter_next (&iter, &edge, NULL))
    if (g_pattern_match_simple (pattern, edge))
      return TRUE;
  return FALSE;
}

static void
test_logged (void)
{
  static const char *const wanted[] = {
    "DpdkLcore thread * -> DpdkEal *",
    "DpdkMempool dpdk-glib-* -> DpdkEal *",
    "DpdkPacketCache * -> DpdkMempool dpdk-glib-*",
    "packets of DpdkMempool dpdk-glib-* -> DpdkMempool dpdk-glib-*",
    "DpdkPort net_ring7 -> DpdkEal *",
    "DpdkPort net_ring7 -> DpdkMempool dpdk-glib-*",
    "* of DpdkPort net_ring7 -> DpdkEal *",
    "* of DpdkPort net_ring7 -> DpdkMempool dpdk-glib-*",
    "DpdkWorker * on core * -> DpdkEal *",
    "DpdkWorker * on core * -> DpdkPort *",
    "DpdkRuntime * -> DpdkEal *",
    "DpdkRuntime * -> DpdkMempool dpdk-glib-*",
    "DpdkRuntime * -> DpdkPort *",
    "DpdkRuntime * -> DpdkWorker * on core *",
    "DpdkTcpListener * -> DpdkPort *",
    "DpdkTcpListener * -> DpdkWorker * on core *",
    "DpdkTcpSocket * -> DpdkPort *",
    "DpdkTcpSocket * -> DpdkWorker * on core *",
    "DpdkTcpConnection * -> DpdkTcpSocket *",
    "DpdkInputStream * -> DpdkTcpSocket *",
    "DpdkOutputStream * -> DpdkTcpSocket *",
  };
  GHashTableIter iter;
  gpointer edge, count;

  g_setenv ("DPDK_DEBUG", "refs", TRUE);
  watch ();
  live ();
  for (guint i = 0; i < G_N_ELEMENTS (wanted); i++)
    if (!was_edge (wanted[i]))
      g_error ("no edge %s", wanted[i]);
  g_hash_table_iter_init (&iter, edges);
  while (g_hash_table_iter_next (&iter, &edge, &count))
    if (GPOINTER_TO_INT (count) != 0)
      g_error ("%s: %d left", (const char *) edge, GPOINTER_TO_INT (count));
}

/* without the variable, or with another word in it */
static void
test_silent (void)
{
  g_unsetenv ("DPDK_DEBUG");
  watch ();
  live ();
  g_assert_cmpuint (g_hash_table_size (edges), ==, 0);
  g_assert_cmpuint (n_messages, ==, 0);
}

static void
test_other_word (void)
{
  g_setenv ("DPDK_DEBUG", "referees", TRUE);
  watch ();
  live ();
  g_assert_cmpuint (g_hash_table_size (edges), ==, 0);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/eal-refs/logged", DPDK_TEST_FLAGS_NONE, test_logged);
  dpdk_test_add_func ("/eal-refs/silent", DPDK_TEST_FLAGS_NONE, test_silent);
  dpdk_test_add_func ("/eal-refs/other-word", DPDK_TEST_FLAGS_NONE, test_other_word);
  return g_test_run ();
}
