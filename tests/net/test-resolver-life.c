/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lookups of a DpdkResolver from all threads, that are given up, and that outlive what they need */
#include "net-leaks.h"
#include "net-dns.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define N_THREADS 8

typedef struct {
  DpdkRuntime *runtime;
  NetDns *dns;
  DpdkResolver *resolver;
} World;

static World
world_new (void)
{
  static const char *const name_servers[] = { NET_KERNEL_V4, NULL };
  World self = { .runtime = net_start () };
  g_autoptr (GError) error = NULL;

  self.dns = net_dns_new (NET_KERNEL_V4);
  net_dns_add (self.dns, "host.test", "A", "192.0.2.1");
  net_dns_add (self.dns, "host.test", "AAAA", "2001:db8::1");
  net_dns_add (self.dns, "tcp.test", "A", "192.0.2.1");
  net_dns_set_mode (self.dns, "tcp.test", NET_DNS_TRUNCATED);
  net_dns_set_mode (self.dns, "silent.test", NET_DNS_SILENT);
  self.resolver = dpdk_resolver_new (self.runtime, name_servers, &error);
  g_assert_no_error (error);
  dpdk_resolver_set_attempt_timeout (self.resolver, 20000);
  return self;
}

static void
world_free (World *self)
{
  net_release (self->resolver);
  net_dns_free (self->dns);
  net_stop (self->runtime);
}

/* the end of a lookup */
typedef struct {
  gint n_calls;
  GError *error;
  guint n_addresses;
} Result;

static void
on_looked_up (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Result *self = user_data;
  GList *addresses = g_resolver_lookup_by_name_finish (G_RESOLVER (source), result, &self->error);

  self->n_addresses = g_list_length (addresses);
  g_resolver_free_addresses (addresses);
  g_atomic_int_inc (&self->n_calls);
}

static void
look_up (DpdkResolver *resolver, const char *name, GCancellable *cancellable, Result *result)
{
  *result = (Result){ 0 };
  g_resolver_lookup_by_name_async (G_RESOLVER (resolver), name, cancellable, on_looked_up, result);
}

static gpointer
look_up_often (gpointer data)
{
  DpdkResolver *resolver = data;
  const guint n = dpdk_test_scale (40);

  for (guint i = 0; i < n; i++)
    {
      g_autoptr (GError) error = NULL;
      GList *addresses = g_resolver_lookup_by_name (
          G_RESOLVER (resolver), i % 8 == 0 ? "tcp.test" : "host.test", NULL, &error);

      g_assert_no_error (error);
      g_assert_cmpuint (g_list_length (addresses), ==, i % 8 == 0 ? 1 : 2);
      g_resolver_free_addresses (addresses);
    }
  return NULL;
}

static void
test_threads (void)
{
  World world = world_new ();
  GThread *threads[N_THREADS];

  for (guint i = 0; i < N_THREADS; i++)
    threads[i] = g_thread_new ("lookups", look_up_often, world.resolver);
  for (guint i = 0; i < N_THREADS; i++)
    g_thread_join (threads[i]);
  world_free (&world);
}

typedef struct {
  DpdkResolver *resolver;
  Result result;
} OnWorker;

static void
look_up_on_worker (DpdkWorker *worker, gpointer user_data)
{
  OnWorker *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string ("192.0.2.1");
  GResolver *resolver = G_RESOLVER (self->resolver);

  g_assert_null (g_resolver_lookup_by_name (resolver, "host.test", NULL, &error));
  g_assert_error (error, DPDK_ERROR, DPDK_ERROR_WOULD_DEADLOCK);
  g_assert_nonnull (strstr (error->message, "use g_resolver_lookup_by_name_async()"));
  g_clear_error (&error);
  g_assert_null (g_resolver_lookup_by_address (resolver, address, NULL, &error));
  g_assert_error (error, DPDK_ERROR, DPDK_ERROR_WOULD_DEADLOCK);
  g_clear_error (&error);
  g_assert_null (
      g_resolver_lookup_records (resolver, "host.test", G_RESOLVER_RECORD_MX, NULL, &error));
  g_assert_error (error, DPDK_ERROR, DPDK_ERROR_WOULD_DEADLOCK);
  g_resolver_lookup_by_name_async (resolver, "tcp.test", NULL, on_looked_up, &self->result);
}

static void
test_on_worker (void)
{
  World world = world_new ();
  g_autoptr (DpdkWorker) worker = dpdk_runtime_dup_worker (world.runtime, 0);
  OnWorker on_worker = { .resolver = world.resolver };
  g_autoptr (GError) error = NULL;

  dpdk_worker_invoke (worker, look_up_on_worker, &on_worker, NULL, &error);
  g_assert_no_error (error);
  DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&on_worker.result.n_calls) == 1);
  g_assert_no_error (on_worker.result.error);
  g_assert_cmpuint (on_worker.result.n_addresses, ==, 1);
  /* the callback has run, but the worker may still hold the resolver */
  DPDK_TEST_WAIT_UNTIL (g_atomic_int_get (&G_OBJECT (world.resolver)->ref_count) == 1);
  g_clear_object (&worker);
  world_free (&world);
}

static gpointer
cancel_a_bit_later (gpointer data)
{
  GCancellable *cancellable = data;

  g_usleep ((gulong) g_random_int_range (0, 3000));
  g_cancellable_cancel (cancellable);
  return NULL;
}

/* each ends once, whenever it is given up */
static void
test_cancel (void)
{
  static const char *const names[] = { "host.test", "tcp.test", "silent.test" };
  const guint n = dpdk_test_scale (300);
  World world = world_new ();
  guint n_cancelled = 0;

  /* GLib 2.74 never frees the source of a cancellable that ends while another thread cancels it */
  net_leaks_ignore ();
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      GThread *thread = g_thread_new ("cancel", cancel_a_bit_later, cancellable);
      const char *name = names[i % G_N_ELEMENTS (names)];
      g_autoptr (GError) error = NULL;
      Result result = { 0 };

      if (i % 2 == 0)
        {
          look_up (world.resolver, name, cancellable, &result);
          DPDK_TEST_WAIT_UNTIL (result.n_calls > 0);
        }
      else
        {
          GList *addresses = g_resolver_lookup_by_name (G_RESOLVER (world.resolver), name,
                                                        cancellable, &result.error);

          result.n_addresses = g_list_length (addresses);
          g_resolver_free_addresses (addresses);
        }
      g_thread_join (thread);
      g_assert_true ((result.error == NULL) == (result.n_addresses > 0));
      if (result.error != NULL)
        g_assert_error (result.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      n_cancelled += result.error != NULL ? 1 : 0;
      while (g_main_context_iteration (NULL, FALSE))
        ;
      g_assert_cmpint (result.n_calls, <=, 1);
      g_clear_error (&result.error);
    }
  g_test_message ("%u of %u were given up", n_cancelled, n);
  g_assert_cmpuint (n_cancelled, >=, n / 3);
  world_free (&world);
}

/* a lookup holds what it needs, and no longer than it lasts */
static void
test_drop (void)
{
  World world = world_new ();
  Result result;

  dpdk_resolver_set_attempts (world.resolver, 1);
  dpdk_resolver_set_attempt_timeout (world.resolver, 100);
  look_up (world.resolver, "silent.test", NULL, &result);
  g_object_add_weak_pointer (G_OBJECT (world.resolver), (gpointer *) &world.resolver);
  g_object_unref (world.resolver);
  DPDK_TEST_WAIT_UNTIL (result.n_calls == 1);
  g_assert_error (result.error, G_RESOLVER_ERROR, G_RESOLVER_ERROR_TEMPORARY_FAILURE);
  g_clear_error (&result.error);
  DPDK_TEST_WAIT_UNTIL (world.resolver == NULL);
  net_dns_free (world.dns);
  net_stop (world.runtime);
}

/* the end of the runtime is that of the lookups, and the resolver stays without it */
static void
test_shutdown (void)
{
  static const char *const names[] = { "silent.test", "tcp.test" };
  World world = world_new ();
  Result results[G_N_ELEMENTS (names)];
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    look_up (world.resolver, names[i], NULL, &results[i]);
  /* the questions are out */
  DPDK_TEST_WAIT_UNTIL (net_dns_get_n_udp (world.dns) == 4);
  net_stop (world.runtime);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      DPDK_TEST_WAIT_UNTIL (results[i].n_calls == 1);
      if (i == 0)
        g_assert_error (results[i].error, G_IO_ERROR, G_IO_ERROR_CLOSED);
      g_clear_error (&results[i].error);
    }
  g_assert_null (
      g_resolver_lookup_by_name (G_RESOLVER (world.resolver), "host.test", NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  net_release (world.resolver);
  net_dns_free (world.dns);
}

/* who knows nothing of DPDK gets its answers, and the default holds nothing */
static void
test_default (void)
{
  World world = world_new ();
  g_autoptr (GResolver) previous = g_resolver_get_default ();
  g_autoptr (GSocketConnectable) connectable = g_network_address_new ("host.test", 80);
  g_autoptr (GSocketAddressEnumerator) enumerator = NULL;
  g_autoptr (GError) error = NULL;
  guint n = 0;

  g_resolver_set_default (G_RESOLVER (world.resolver));
  enumerator = g_socket_connectable_enumerate (connectable);
  for (;;)
    {
      g_autoptr (GSocketAddress) address =
          g_socket_address_enumerator_next (enumerator, NULL, &error);

      g_assert_no_error (error);
      if (address == NULL)
        break;
      g_assert_cmpuint (net_address_get_port (address), ==, 80);
      n++;
    }
  g_assert_cmpuint (n, ==, 2);
  g_clear_object (&enumerator);
  net_dns_free (world.dns);
  net_stop (world.runtime);
  g_assert_null (
      g_resolver_lookup_by_name (G_RESOLVER (world.resolver), "host.test", NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_resolver_set_default (previous);
  net_release (world.resolver);
}

/* a child has the resolver, but not what it asks by */
static void
test_fork (void)
{
  World world = world_new ();
  pid_t pid = fork ();
  int status;

  g_assert_cmpint (pid, >=, 0);
  if (pid == 0)
    {
      g_autoptr (GError) error = NULL;

      alarm (60);
      if (g_resolver_lookup_by_name (G_RESOLVER (world.resolver), "host.test", NULL, &error) !=
              NULL ||
          !g_error_matches (error, DPDK_ERROR, DPDK_ERROR_EAL_DEAD))
        _exit (1);
      _exit (0);
    }
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_cmpint (status, ==, 0);
  world_free (&world);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/net/resolver-life/threads", DPDK_TEST_FLAGS_NETWORK, test_threads);
  dpdk_test_add_func ("/net/resolver-life/on-worker", DPDK_TEST_FLAGS_NETWORK, test_on_worker);
  dpdk_test_add_func ("/net/resolver-life/cancel", DPDK_TEST_FLAGS_NETWORK, test_cancel);
  dpdk_test_add_func ("/net/resolver-life/drop", DPDK_TEST_FLAGS_NETWORK, test_drop);
  dpdk_test_add_func ("/net/resolver-life/shutdown", DPDK_TEST_FLAGS_NETWORK, test_shutdown);
  dpdk_test_add_func ("/net/resolver-life/default", DPDK_TEST_FLAGS_NETWORK, test_default);
  dpdk_test_add_func ("/net/resolver-life/fork", DPDK_TEST_FLAGS_NETWORK, test_fork);
  return g_test_run ();
}
