/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-eal-args-private.h"
#include "dpdk-port-owners.h"
#include "dpdk-siphash.h"
#include "dpdk-slab.h"
#include "dpdk-stack.h"
#include "dpdk-tcp-accept-queue-private.h"
#include "dpdk-tcp-addresses-private.h"
#include "dpdk-tcp-endpoint-internal.h"
#include "dpdk-tcp-send-queue-private.h"

#include <string.h>

/* the vectors of the reference implementation: key 00..0f, message 00..length-1 */
static void
test_siphash (void)
{
  static const struct {
    gsize length;
    guint64 hash;
  } vectors[] = {
    { 0, G_GUINT64_CONSTANT (0x726fdb47dd0e0e31) },
    { 1, G_GUINT64_CONSTANT (0x74f839c593dc67fd) },
    { 8, G_GUINT64_CONSTANT (0x93f5f5799a932462) },
    { 15, G_GUINT64_CONSTANT (0xa129ca6149be45e5) },
  };
  const guint64 key[2] = {
    G_GUINT64_CONSTANT (0x0706050403020100),
    G_GUINT64_CONSTANT (0x0f0e0d0c0b0a0908),
  };
  guint8 message[64];

  for (guint i = 0; i < sizeof message; i++)
    message[i] = (guint8) i;
  for (guint i = 0; i < G_N_ELEMENTS (vectors); i++)
    g_assert_cmphex (dpdk_siphash (key, message, vectors[i].length), ==, vectors[i].hash);
}

static void
test_slab (void)
{
  enum {
    N = 2000
  };
  DpdkStackBudget *budget = dpdk_stack_budget_new (0, 1);
  DpdkSlab *slab = dpdk_slab_new (budget);
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  guint8 *objects[N] = { NULL };
  gsize sizes[N] = { 0 };

  for (guint round = 0; round < 50 * N; round++)
    {
      guint i = (guint) g_rand_int_range (rand, 0, N);

      if (objects[i] != NULL)
        {
          /* nobody else has written here */
          for (gsize k = 0; k < sizes[i]; k += MAX (sizes[i] / 16, 1))
            g_assert_cmpuint (objects[i][k], ==, (guint8) i);
          dpdk_slab_release (slab, g_steal_pointer (&objects[i]));
          continue;
        }
      sizes[i] = (gsize) g_rand_int_range (rand, 1, round % 100 == 0 ? 20000 : 1600);
      objects[i] = dpdk_slab_allocate (slab, sizes[i]);
      g_assert_nonnull (objects[i]);
      g_assert_cmpuint ((gsize) objects[i] % 16, ==, 0);
      memset (objects[i], (guint8) i, sizes[i]);
    }
  g_assert_null (dpdk_slab_allocate (slab, G_MAXSIZE));
  objects[0] = objects[0] != NULL ? objects[0] : dpdk_slab_allocate (slab, 0);
  g_assert_nonnull (objects[0]);
  dpdk_slab_release (slab, NULL);
  for (guint i = 0; i < N / 2; i++)
    dpdk_slab_release (slab, g_steal_pointer (&objects[i]));
  g_assert_cmpuint (dpdk_stack_budget_get_used (budget), >, 0);
  for (guint i = N / 2; i < N; i++)
    dpdk_slab_release (slab, g_steal_pointer (&objects[i]));
  g_assert_cmpuint (dpdk_stack_budget_get_used (budget), ==, 0);
  g_assert_nonnull (dpdk_slab_allocate (slab, 100));
  /* what is still out goes with the slab */
  dpdk_slab_free (slab);
  dpdk_stack_budget_unref (budget);
}

/* what is peeked, marked and acknowledged in any portions is what was appended */
static void
test_send_queue (void)
{
  DpdkStackBudget *budget = dpdk_stack_budget_new (0, 1);
  DpdkTcpSendQueue queue = { 0 };
  g_autoptr (GRand) rand = g_rand_new_with_seed (2);
  g_autoptr (GByteArray) sent = g_byte_array_new ();
  g_autofree guint8 *source = g_malloc (1 << 20);
  gsize appended = 0, acknowledged = 0;

  for (gsize i = 0; i < 1 << 20; i++)
    source[i] = (guint8) (i % 251);
  while (acknowledged < 1 << 20)
    {
      gsize n = (gsize) g_rand_int_range (rand, 1, 100000);
      const void *data;

      n = MIN (n, (1 << 20) - appended);
      if (n > 0 && g_rand_boolean (rand))
        {
          dpdk_tcp_send_queue_append (&queue, budget, source + appended, n);
          appended += n;
        }
      data = dpdk_tcp_send_queue_peek_unsent (&queue, &n);
      if (data != NULL)
        {
          n = (gsize) g_rand_int_range (rand, 1, (gint32) n + 1);
          g_byte_array_append (sent, data, (guint) n);
          dpdk_tcp_send_queue_mark_sent (&queue, n);
        }
      if (sent->len > acknowledged)
        {
          n = (gsize) g_rand_int_range (rand, 1, (gint32) (sent->len - acknowledged) + 1);
          dpdk_tcp_send_queue_acknowledge (&queue, n);
          acknowledged += n;
        }
      g_assert_cmpuint (queue.n_queued, ==, appended - acknowledged);
      g_assert_cmpuint (dpdk_tcp_send_queue_get_n_unsent (&queue), ==, appended - sent->len);
      /* an idle connection has nothing of it */
      g_assert_cmpint (queue.chunks == NULL, ==, queue.n_queued == 0);
    }
  g_assert_cmpmem (sent->data, sent->len, source, 1 << 20);
  dpdk_tcp_send_queue_clear (&queue);
  g_assert_null (queue.chunks);
  g_assert_cmpuint (dpdk_stack_budget_get_used (budget), ==, 0);
  dpdk_stack_budget_unref (budget);
}

static void
test_eal_args_refused (void)
{
  static const struct {
    const char *args[3];
    const char *message;
  } cases[] = {
    { { "--no-such-thing" }, "*\"--no-such-thing\" is unknown*" },
    { { "positional" }, "*\"positional\" is unknown*" },
    { { "-" }, "*\"-\" is unknown*" },
    { { "--" }, "*\"--\" is unknown*" },
    { { "" }, "*\"\" is unknown*" },
    { { "-l", "1" }, "*\"-l\" is not allowed: workers are pinned*" },
    { { "-l1" }, "*\"-l1\" is not allowed*" },
    { { "--lcores=0" }, "*\"--lcores=0\" is not allowed*" },
    { { "--help" }, "*\"--help\" is not allowed: it prints*" },
    { { "--log-level=help" }, "*--log-level=help*not allowed*" },
    { { "--proc-type=secondary" }, "*--proc-type=secondary*not allowed*" },
    { { "--file-prefix" }, "*\"--file-prefix\" needs a value*" },
    { { "--file-prefix=" }, "*\"--file-prefix\" needs a value*" },
    { { "--no-pci=1" }, "*\"--no-pci\" takes no value*" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (dpdk_eal_args_check (cases[i].args, &error));
      g_assert_error (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT);
      if (!g_pattern_match_simple (cases[i].message, error->message))
        g_error ("\"%s\" does not match \"%s\"", error->message, cases[i].message);
    }
}

static guint
count (char **args, const char *prefix)
{
  guint n = 0;

  for (; *args != NULL; args++)
    n += g_str_has_prefix (*args, prefix) ? 1 : 0;
  return n;
}

static void
test_eal_args_completed (void)
{
  const char *const none[] = { NULL };
  const char *const own[] = { "--no-huge", "-m", "64",           "--file-prefix",
                              "mine",      "-a", "0000:00:01.0", NULL };
  g_auto (GStrv) defaults = dpdk_eal_args_complete (none);
  g_auto (GStrv) completed = dpdk_eal_args_complete (own);

  g_assert_true (dpdk_eal_args_check (own, NULL));
  g_assert_cmpuint (count (defaults, "--lcores=0@("), ==, 1);
  g_assert_cmpuint (count (defaults, "--file-prefix="), ==, 1);
  g_assert_cmpuint (count (defaults, "--no-telemetry"), ==, 1);
  /* no device is there from the start, and each can be opened */
  g_assert_cmpuint (count (defaults, "--no-pci") + count (defaults, "--allow="), ==, 1);
  g_assert_cmpuint (count (defaults, "--in-memory") + count (defaults, "--no-huge"), ==, 1);
  g_assert_cmpuint (count (defaults, "--no-shconf"), ==, count (defaults, "--no-huge"));
  /* what the caller says is left alone, and what goes with it is added */
  g_assert_cmpuint (count (completed, "-m"), ==, 1);
  g_assert_cmpuint (count (completed, "--no-huge"), ==, 1);
  g_assert_cmpuint (count (completed, "--in-memory"), ==, 0);
  g_assert_cmpuint (count (completed, "--no-shconf"), ==, 1);
  g_assert_cmpuint (count (completed, "--file-prefix"), ==, 1);
  g_assert_cmpuint (count (completed, "--no-pci") + count (completed, "--allow="), ==, 0);
}

/* the owner changes only when nobody holds the port */
static void
test_port_owners (void)
{
  DpdkPortOwners *owners = dpdk_port_owners_new ();

  g_assert_true (dpdk_port_owners_hold (owners, 80, DPDK_STACK_PORT_OF_ALL));
  g_assert_true (dpdk_port_owners_hold (owners, 80, DPDK_STACK_PORT_OF_ALL));
  g_assert_false (dpdk_port_owners_hold (owners, 80, 1));
  dpdk_port_owners_release (owners, 80);
  g_assert_cmpuint (owners->owners[80], ==, DPDK_STACK_PORT_OF_ALL);
  dpdk_port_owners_release (owners, 80);
  g_assert_cmpuint (owners->owners[80], ==, 0);

  g_assert_true (dpdk_port_owners_hold (owners, 80, 1));
  g_assert_false (dpdk_port_owners_hold (owners, 80, 2));
  g_assert_true (dpdk_port_owners_hold (owners, 80, 1));
  g_assert_true (dpdk_port_owners_hold (owners, 80, DPDK_STACK_PORT_OF_ALL));
  dpdk_port_owners_release (owners, 80);
  dpdk_port_owners_release (owners, 80);
  g_assert_cmpuint (owners->owners[80], ==, 1);
  dpdk_port_owners_release (owners, 80);
  g_assert_cmpuint (owners->owners[80], ==, 0);
  g_assert_cmpuint (owners->owners[79] + owners->owners[81], ==, 0);
  dpdk_port_owners_free (owners);
}

static gpointer
accept_one (gpointer queue)
{
  g_autoptr (GError) error = NULL;
  DpdkTcpEndpoint *endpoint = dpdk_tcp_accept_queue_wait (queue, NULL, &error);

  g_assert_no_error (error);
  return endpoint;
}

static gboolean
take_wakeup (GMainContext *context)
{
  gboolean was_woken;
  gint timeout, n;
  GPollFD fds[4];

  g_assert_true (g_main_context_acquire (context));
  g_main_context_prepare (context, NULL);
  n = g_main_context_query (context, G_MAXINT, &timeout, fds, G_N_ELEMENTS (fds));
  was_woken = g_poll (fds, (guint) n, 0) > 0;
  g_main_context_check (context, G_MAXINT, fds, n);
  g_main_context_release (context);
  return was_woken;
}

/* whatever a thread that accepts leaves behind, the context is told of */
static void
test_accept_queue (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (DpdkTcpAcceptQueue) queue = dpdk_tcp_accept_queue_new ();
  guint8 endpoints[2];

  dpdk_tcp_accept_queue_set_context (queue, context);
  for (guint i = 0; i < 500; i++)
    {
      GThread *thread = g_thread_new ("accept", accept_one, queue);

      for (guint j = 0; j < i % 50; j++)
        g_thread_yield ();
      for (guint j = 0; j < G_N_ELEMENTS (endpoints); j++)
        g_assert_true (
            dpdk_tcp_accept_queue_push (queue, (DpdkTcpEndpoint *) (gpointer) &endpoints[j]));
      g_assert_true (g_thread_join (thread) == &endpoints[0]);
      g_assert_true (take_wakeup (context));
      g_assert_true ((gpointer) dpdk_tcp_accept_queue_pop (queue) == &endpoints[1]);
    }
}

static void
assert_address (const DpdkTcpAddresses *addresses, DpdkTcpSide side, const ip_addr_t *expected,
                guint16 port)
{
  ip_addr_t ip;

  g_assert_cmpuint (dpdk_tcp_addresses_get (addresses, side, &ip), ==, port);
  g_assert_cmpuint (dpdk_tcp_addresses_get_port (addresses, side), ==, port);
  g_assert_true (ip_addr_cmp (&ip, expected));
}

static void
test_addresses (void)
{
  const ip_addr_t v4 = IPADDR4_INIT_BYTES (198, 18, 0, 1), other_v4 = IPADDR4_INIT (0xffffffff);
  ip_addr_t v6 = IPADDR6_INIT_HOST (0xfe800000, 1, 2, 3);
  DpdkTcpAddresses addresses = { 0 };

  ip6_addr_set_zone (ip_2_ip6 (&v6), 2);
  assert_address (&addresses, DPDK_TCP_LOCAL, IP4_ADDR_ANY, 0);
  dpdk_tcp_addresses_set (&addresses, DPDK_TCP_LOCAL, &v4, 1);
  dpdk_tcp_addresses_set (&addresses, DPDK_TCP_REMOTE, &other_v4, 65535);
  assert_address (&addresses, DPDK_TCP_LOCAL, &v4, 1);
  assert_address (&addresses, DPDK_TCP_REMOTE, &other_v4, 65535);
  /* the first one of another family keeps what is there */
  dpdk_tcp_addresses_set (&addresses, DPDK_TCP_REMOTE, &v6, 80);
  assert_address (&addresses, DPDK_TCP_LOCAL, &v4, 1);
  assert_address (&addresses, DPDK_TCP_REMOTE, &v6, 80);
  dpdk_tcp_addresses_set (&addresses, DPDK_TCP_LOCAL, &v6, 81);
  assert_address (&addresses, DPDK_TCP_LOCAL, &v6, 81);
  dpdk_tcp_addresses_clear (&addresses);
  assert_address (&addresses, DPDK_TCP_REMOTE, IP4_ADDR_ANY, 0);
}

/* there may be very many idle connections: their size is checked when they are compiled, but that of the
   object is known only here */
static void
test_sizes (void)
{
  g_autoptr (GTypeClass) class = g_type_class_ref (DPDK_TYPE_TCP_SOCKET);
  GTypeQuery query;
  gint offset = g_type_class_get_instance_private_offset (g_type_class_peek (DPDK_TYPE_SOCKET));

  g_type_query (DPDK_TYPE_TCP_SOCKET, &query);
  g_test_message (
      "%d bytes of an object, %" G_GSIZE_FORMAT " of its endpoint, %" G_GSIZE_FORMAT " of lwIP",
      (gint) query.instance_size - offset, sizeof (DpdkTcpEndpoint), sizeof (struct tcp_pcb));
  g_assert_cmpint ((gint) query.instance_size - offset, <=, 48);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/internals/siphash", test_siphash);
  g_test_add_func ("/internals/slab", test_slab);
  g_test_add_func ("/internals/send-queue", test_send_queue);
  g_test_add_func ("/internals/accept-queue", test_accept_queue);
  g_test_add_func ("/internals/port-owners", test_port_owners);
  g_test_add_func ("/internals/addresses", test_addresses);
  g_test_add_func ("/internals/sizes", test_sizes);
  g_test_add_func ("/internals/eal-args/refused", test_eal_args_refused);
  g_test_add_func ("/internals/eal-args/completed", test_eal_args_completed);
  return g_test_run ();
}
