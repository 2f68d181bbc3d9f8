/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lwip-fixture.h"

#include <lwip/priv/tcp_hash.h>

typedef struct {
  struct tcp_hash_node node;
  guint key;
  gboolean is_in;
} Entry;

static int
has_key (const struct tcp_hash_node *node, const void *key)
{
  return TCP_HASH_ENTRY (node, const Entry, node)->key == *(const guint *) key;
}

static Entry *
find (const struct tcp_hash *table, guint32 hash, guint key)
{
  struct tcp_hash_node *node = tcp_hash_find (table, hash, has_key, &key);

  return node != NULL ? TCP_HASH_ENTRY (node, Entry, node) : NULL;
}

static void
toggle (struct tcp_hash *table, Entry *entry)
{
  entry->is_in = !entry->is_in;
  if (entry->is_in)
    tcp_hash_insert (table, &entry->node);
  else
    tcp_hash_remove (table, &entry->node);
}

static void
check (const struct tcp_hash *table, Entry *entries, guint n)
{
  guint n_in = 0;

  for (guint i = 0; i < n; i++)
    {
      g_assert_true (find (table, entries[i].node.hash, entries[i].key) ==
                     (entries[i].is_in ? &entries[i] : NULL));
      if (entries[i].is_in)
        g_assert_nonnull (tcp_hash_candidate (table, entries[i].node.hash));
      n_in += entries[i].is_in;
    }
  g_assert_cmpuint (table->num, ==, n_in);
}

/* @n_hashes: that many different ones; few make chains of those for which a bucket has no room */
static void
check_against_flags (guint n, guint n_hashes)
{
  g_autofree guint32 *hashes = g_new (guint32, n_hashes);
  g_autofree Entry *entries = g_new0 (Entry, n);
  struct tcp_hash table = { 0 };

  g_assert_cmpint (tcp_hash_alloc (&table), ==, ERR_OK);
  for (guint i = 0; i < n_hashes; i++)
    hashes[i] = (guint32) g_test_rand_int ();
  for (guint i = 0; i < n; i++)
    entries[i] = (Entry){ .node.hash = hashes[i % n_hashes], .key = i };
  for (guint round = 0; round < 6; round++)
    {
      for (guint i = 0; i < n; i++)
        toggle (&table, &entries[g_test_rand_int_range (0, (gint32) n)]);
      check (&table, entries, n);
    }
  for (guint i = 0; i < n; i++)
    if (entries[i].is_in)
      toggle (&table, &entries[i]);
  check (&table, entries, n);
  for (guint i = 0; i < tcp_hash_buckets (&table); i++)
    g_assert_cmphex (table.buckets[i].tags, ==, 0);
  tcp_hash_free (&table);
}

static void
test_different (void)
{
  check_against_flags (50000, 50000);
}

static void
test_equal (void)
{
  check_against_flags (400, 20);
}

/* those that differ only in bits which choose neither the bucket nor the tag, and those in one bucket */
static void
test_alike (void)
{
  Entry entries[40] = { 0 };
  struct tcp_hash table = { 0 };

  g_assert_cmpint (tcp_hash_alloc (&table), ==, ERR_OK);
  for (guint i = 0; i < G_N_ELEMENTS (entries); i++)
    entries[i] = (Entry){ .node.hash = i < 20 ? 5 | i << 16 : 5 | i << 24, .key = i };
  for (guint i = 0; i < G_N_ELEMENTS (entries); i++)
    {
      toggle (&table, &entries[i]);
      check (&table, entries, G_N_ELEMENTS (entries));
    }
  for (guint i = 0; i < G_N_ELEMENTS (entries); i++)
    {
      toggle (&table, &entries[(i * 7) % G_N_ELEMENTS (entries)]);
      check (&table, entries, G_N_ELEMENTS (entries));
    }
  tcp_hash_free (&table);
}

int
main (int argc, char *argv[])
{
  lwip_test_init (&argc, &argv);
  g_test_add_func ("/lwip/hash/different", test_different);
  g_test_add_func ("/lwip/hash/equal", test_equal);
  g_test_add_func ("/lwip/hash/alike", test_alike);
  return g_test_run ();
}
