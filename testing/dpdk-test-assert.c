/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-test-fail-private.h"

#include <dpdk-glib-testing.h>
#include <rte_ethdev.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

#define MAX_DESCRIBED 16
#define MAX_BYTES 14

static G_DEFINE_QUARK (dpdk - test - is - finalized, is_finalized)

    static void set_finalized (gpointer data)
{
  g_atomic_int_set ((gint *) data, TRUE);
  g_atomic_rc_box_release (data);
}

/**
 * dpdk_test_assert_finalize:
 * @object: (transfer full) (type GObject.Object): an object
 *
 * Drops a reference, and asserts that it was the last one. Waits for other threads that are about to
 * drop theirs, and until the object has dropped what it held; where there are none,
 * g_assert_finalize_object() is stricter.
 *
 * May be called from any thread.
 *
 * Since: 0.1
 */
void
dpdk_test_assert_finalize (gpointer object)
{
  gint64 deadline = dpdk_test_get_deadline ();
  g_autofree char *name = NULL;
  gint *is_finalized;

  g_return_if_fail (G_IS_OBJECT (object));

  name = g_strdup (G_OBJECT_TYPE_NAME (object));
  is_finalized = g_atomic_rc_box_new0 (gint);
  /* it is released after finalize(), where a weak reference ends before dispose() */
  g_object_set_qdata_full (object, is_finalized_quark (), g_atomic_rc_box_acquire (is_finalized),
                           set_finalized);
  g_object_unref (object);
  while (!g_atomic_int_get (is_finalized))
    if (!dpdk_test_wait_a_little (deadline))
      {
        dpdk_test_fail ("%s is still held", name);
        break;
      }
  g_atomic_rc_box_release (is_finalized);
}

static void
add_object (struct rte_mempool *native, void *data, void *object, unsigned int index)
{
  g_hash_table_add (data, object);
}

static void
remove_cached (struct rte_mempool *native, GHashTable *objects)
{
  for (guint lcore = 0; lcore < RTE_MAX_LCORE; lcore++)
    {
      struct rte_mempool_cache *cache = rte_mempool_default_cache (native, lcore);

      for (guint i = 0; cache != NULL && i < cache->len; i++)
        g_hash_table_remove (objects, cache->objs[i]);
    }
}

/* takes out what is free and gives it back: nothing else tells those from the others */
static void
remove_free (struct rte_mempool *native, GHashTable *objects)
{
  g_autoptr (GPtrArray) taken = g_ptr_array_new ();
  void *object;

  while (rte_mempool_generic_get (native, &object, 1, NULL) == 0)
    {
      g_hash_table_remove (objects, object);
      g_ptr_array_add (taken, object);
    }
  for (guint i = 0; i < taken->len; i++)
    rte_mempool_generic_put (native, &g_ptr_array_index (taken, i), 1, NULL);
}

static void
describe_buffer (GString *text, const struct rte_mbuf *mbuf)
{
  const guint8 *bytes = rte_pktmbuf_mtod (mbuf, const guint8 *);

  g_string_append_printf (text, "\n  %p: %u references, %u bytes, ", (const void *) mbuf,
                          rte_mbuf_refcnt_read (mbuf), rte_pktmbuf_data_len (mbuf));
  if (mbuf->port < RTE_MAX_ETHPORTS)
    g_string_append_printf (text, "from port %u", mbuf->port);
  else
    g_string_append (text, "not from a port");
  for (guint i = 0; i < MIN (rte_pktmbuf_data_len (mbuf), MAX_BYTES); i++)
    g_string_append_printf (text, "%s%02x", i == 0 ? ": " : " ", bytes[i]);
}

/**
 * dpdk_test_describe_pool:
 * @pool: a pool
 *
 * Tells which buffers of a pool are not at home: their references, the port that received them, and
 * their first bytes. The free buffers are taken out for a moment to find the others, so this is for
 * a pool that nobody takes from meanwhile.
 *
 * May be called from any thread.
 *
 * Returns: (transfer full): a text of one line per buffer
 *
 * Since: 0.1
 */
char *
dpdk_test_describe_pool (DpdkMempool *pool)
{
  g_autoptr (GHashTable) objects = g_hash_table_new (NULL, NULL);
  g_autoptr (GString) text = g_string_new (NULL);
  struct rte_mempool *native;
  GHashTableIter iter;
  gpointer object;
  guint n = 0;

  g_return_val_if_fail (DPDK_IS_MEMPOOL (pool), NULL);

  native = rte_mempool_lookup (dpdk_mempool_get_name (pool));
  if (native == NULL)
    return g_strdup_printf ("pool %s: DPDK does not know it", dpdk_mempool_get_name (pool));
  rte_mempool_obj_iter (native, add_object, objects);
  remove_cached (native, objects);
  remove_free (native, objects);
  g_string_printf (text, "pool %s: %u of %u buffers are out", native->name,
                   g_hash_table_size (objects), dpdk_mempool_get_capacity (pool));
  g_hash_table_iter_init (&iter, objects);
  while (n++ < MAX_DESCRIBED && g_hash_table_iter_next (&iter, &object, NULL))
    describe_buffer (text, object);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/**
 * dpdk_test_assert_pool_full:
 * @pool: a pool
 *
 * Asserts that all buffers of a pool are at home, after waiting for those that are on their way. If
 * not, the message is that of [func@DpdkTesting.describe_pool].
 *
 * May be called from any thread.
 *
 * Since: 0.1
 */
void
dpdk_test_assert_pool_full (DpdkMempool *pool)
{
  gint64 deadline = dpdk_test_get_deadline ();
  g_autofree char *text = NULL;

  g_return_if_fail (DPDK_IS_MEMPOOL (pool));

  while (dpdk_mempool_get_in_use (pool) > 0)
    if (!dpdk_test_wait_a_little (deadline))
      {
        text = dpdk_test_describe_pool (pool);
        dpdk_test_fail ("%s", text);
        return;
      }
}

static char *
describe_holders (void)
{
  g_autoptr (DpdkEal) eal = dpdk_eal_dup_current ();
  g_autoptr (GPtrArray) dependants = eal != NULL ? dpdk_eal_dup_dependants (eal) : NULL;
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; dependants != NULL && i < dependants->len; i++)
    {
      g_autofree char *name = dpdk_dependant_to_string (g_ptr_array_index (dependants, i));

      g_string_append_printf (text, "%s%s", i > 0 ? ", " : "", name);
    }
  if (text->len == 0)
    g_string_append (text, "a reference on the DpdkEal itself");
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/**
 * dpdk_test_assert_eal_dead:
 *
 * Asserts that the EAL of this process was never started, or has ended, after waiting for its end.
 * If not, the message lists what holds it. Does not end it: whatever the test has made must be
 * dropped.
 *
 * May be called from any thread.
 *
 * Since: 0.1
 */
void
dpdk_test_assert_eal_dead (void)
{
  gint64 deadline = dpdk_test_get_deadline ();
  DpdkEalState state;

  do
    state = dpdk_eal_get_process_state ();
  while (state != DPDK_EAL_STATE_NEVER && state != DPDK_EAL_STATE_DEAD &&
         dpdk_test_wait_a_little (deadline));
  if (state != DPDK_EAL_STATE_NEVER && state != DPDK_EAL_STATE_DEAD)
    {
      g_autofree char *names = describe_holders ();

      dpdk_test_fail ("the EAL is still held, by: %s", names);
    }
}
