/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* memory for what is sent, which is taken again only when connection and driver are through with it */
#include "dpdk-mempool-private.h"
#include "dpdk-stack-arena.h"

#include <string.h>

#define MANY 4096
#define PIECE 3000

/* there is one EAL in a process */
static DpdkEal *eal;
static DpdkMempool *pool;

static DpdkStackArena *
new_arena (void)
{
  DpdkStackArena *arena = dpdk_stack_arena_new ();

  g_assert_nonnull (arena);
  return arena;
}

static struct rte_mbuf *
refer (DpdkStackArena *arena, const void *data, guint size)
{
  struct rte_mbuf *mbuf = rte_pktmbuf_alloc (dpdk_mempool_get_native (pool));

  g_assert_nonnull (mbuf);
  dpdk_stack_arena_attach (arena, mbuf, data, size);
  return mbuf;
}

static void
check (const struct rte_mbuf *mbuf, guint8 byte, guint size)
{
  const guint8 *data = rte_pktmbuf_mtod (mbuf, const guint8 *);

  g_assert_cmpuint (rte_pktmbuf_data_len (mbuf), ==, size);
  g_assert_cmpuint (rte_pktmbuf_tailroom (mbuf), ==, 0);
  for (guint i = 0; i < size; i++)
    g_assert_cmphex (data[i], ==, byte);
}

/* the driver has it longer than the connection, and both of the packets of a retransmission count */
static void
test_held (void)
{
  DpdkStackArena *arena = new_arena ();
  struct rte_mbuf *first, *again;
  guint8 *memory, *other;
  gsize size;
  GPtrArray *rest = g_ptr_array_new ();

  memory = dpdk_stack_arena_allocate (arena, &size);
  g_assert_cmpuint (size, >, PIECE);
  g_assert_true (dpdk_stack_arena_contains (arena, memory));
  g_assert_true (dpdk_stack_arena_contains (arena, memory + size - 1));
  g_assert_false (dpdk_stack_arena_contains (arena, &eal));
  memset (memory, 0x5a, size);
  first = refer (arena, memory, PIECE);
  again = refer (arena, memory + size - PIECE, PIECE);
  dpdk_stack_arena_release (memory);
  /* all there is, but not that */
  while ((other = dpdk_stack_arena_allocate (arena, &size)) != NULL)
    {
      g_assert_true (other != memory);
      memset (other, 0xa5, size);
      g_ptr_array_add (rest, other);
    }
  g_assert_cmpuint (rest->len, >, 100);
  check (first, 0x5a, PIECE);
  rte_pktmbuf_free (first);
  g_assert_null (dpdk_stack_arena_allocate (arena, &size));
  check (again, 0x5a, PIECE);
  rte_pktmbuf_free (again);
  other = dpdk_stack_arena_allocate (arena, &size);
  g_assert_true (other == memory);
  dpdk_stack_arena_release (other);
  for (guint i = 0; i < rest->len; i++)
    dpdk_stack_arena_release (rest->pdata[i]);
  g_ptr_array_unref (rest);
  dpdk_stack_arena_unref (arena);
  g_assert_cmpuint (dpdk_mempool_get_in_use (pool), ==, 0);
}

/* a driver may end after the worker */
static void
test_last (void)
{
  DpdkStackArena *arena = new_arena ();
  gsize size;
  guint8 *memory = dpdk_stack_arena_allocate (arena, &size);
  struct rte_mbuf *mbuf;

  memset (memory, 0x11, size);
  mbuf = refer (arena, memory, PIECE);
  dpdk_stack_arena_unref (arena);
  dpdk_stack_arena_release (memory);
  check (mbuf, 0x11, PIECE);
  rte_pktmbuf_free (mbuf);
  g_assert_cmpuint (dpdk_mempool_get_in_use (pool), ==, 0);
}

typedef struct {
  DpdkStackArena *arena;
  GAsyncQueue *driver;
} Threads;

static gpointer
run_driver (gpointer data)
{
  Threads *self = data;
  struct rte_mbuf *mbuf;

  while ((mbuf = g_async_queue_pop (self->driver)) != data)
    {
      check (mbuf, *rte_pktmbuf_mtod (mbuf, const guint8 *), PIECE);
      rte_pktmbuf_free (mbuf);
    }
  return NULL;
}

/* applications take, the worker refers and releases, drivers free */
static gpointer
run_application (gpointer data)
{
  Threads *self = data;

  for (guint i = 0; i < MANY; i++)
    {
      gsize size;
      guint8 *memory = dpdk_stack_arena_allocate (self->arena, &size);

      if (memory == NULL)
        {
          g_thread_yield ();
          continue;
        }
      memset (memory, (gint) i, PIECE);
      if (rte_mempool_avail_count (dpdk_mempool_get_native (pool)) > MANY / 2)
        g_async_queue_push (self->driver, refer (self->arena, memory, PIECE));
      dpdk_stack_arena_release (memory);
    }
  return NULL;
}

static void
test_threads (void)
{
  DpdkStackArena *arena = new_arena ();
  Threads threads = { arena, g_async_queue_new () };
  GThread *drivers[2], *applications[2];

  for (guint i = 0; i < 2; i++)
    {
      drivers[i] = g_thread_new ("driver", run_driver, &threads);
      applications[i] = g_thread_new ("application", run_application, &threads);
    }
  for (guint i = 0; i < 2; i++)
    g_thread_join (applications[i]);
  for (guint i = 0; i < 2; i++)
    g_async_queue_push (threads.driver, &threads);
  for (guint i = 0; i < 2; i++)
    g_thread_join (drivers[i]);
  g_async_queue_unref (threads.driver);
  dpdk_stack_arena_unref (arena);
  g_assert_cmpuint (dpdk_mempool_get_in_use (pool), ==, 0);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  int status;

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/unit/arena/held", test_held);
  g_test_add_func ("/unit/arena/last", test_last);
  g_test_add_func ("/unit/arena/threads", test_threads);
  eal = dpdk_eal_new (NULL, &error);
  g_assert_no_error (error);
  pool = dpdk_mempool_new (eal, MANY - 1, 0, 2048, -1, &error);
  g_assert_no_error (error);
  status = g_test_run ();
  g_object_unref (pool);
  g_object_unref (eal);
  return status;
}
