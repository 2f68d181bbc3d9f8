/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* DpdkResolver against a name server on sockets of the kernel */
#include "net-dns.h"
#include "net-kernel.h"

#include <string.h>

#define SECOND_V4 "198.18.0.3"
/* nobody has it */
#define NOBODY_V4 "198.18.0.99"

/* as the embedded default, but without gateways */
#define CONFIG(more)                                                                               \
  "{\"dpdk_cores\": [0]," more "\"devices\": [{\"vdev\": \"net_tap0,iface=" NET_INTERFACE          \
  "\", \"mac\": \"" NET_OUR_MAC "\", \"addresses\": [\"" NET_OUR_V4 "/24\", \"" NET_OUR_V6         \
  "/64\"]}]}"

static const char without_gateway[] = CONFIG ("");

typedef struct {
  DpdkRuntime *runtime;
  NetDns *dns;
  DpdkResolver *resolver;
} World;

static DpdkResolver *
new_resolver (DpdkRuntime *runtime, const char *first, const char *second)
{
  const char *const name_servers[] = { first, second, NULL };
  g_autoptr (GError) error = NULL;
  DpdkResolver *resolver = dpdk_resolver_new (runtime, name_servers, &error);

  g_assert_no_error (error);
  /* a slow machine is no silent server */
  dpdk_resolver_set_attempt_timeout (resolver, 20000);
  return resolver;
}

static World
world_new (void)
{
  World self = { .runtime = net_start_with (without_gateway) };

  net_kernel_up_default ();
  net_run ("ip addr add " SECOND_V4 "/24 dev " NET_INTERFACE);
  self.dns = net_dns_new (NET_KERNEL_V4);
  self.resolver = new_resolver (self.runtime, NET_KERNEL_V4, NULL);
  return self;
}

static void
world_free (World *self)
{
  net_release (self->resolver);
  net_dns_free (self->dns);
  net_stop (self->runtime);
}

static char *
addresses_to_text (GList *addresses)
{
  GString *text = g_string_new (NULL);

  for (GList *l = addresses; l != NULL; l = l->next)
    {
      g_autofree char *address = g_inet_address_to_string (l->data);

      g_string_append_printf (text, "%s%s", text->len > 0 ? " " : "", address);
    }
  g_resolver_free_addresses (addresses);
  return g_string_free (text, FALSE);
}

static void
assert_addresses_with_flags (DpdkResolver *resolver, const char *name,
                             GResolverNameLookupFlags flags, const char *expected)
{
  g_autoptr (GError) error = NULL;
  GList *addresses =
      g_resolver_lookup_by_name_with_flags (G_RESOLVER (resolver), name, flags, NULL, &error);
  g_autofree char *text = NULL;

  g_assert_no_error (error);
  text = addresses_to_text (addresses);
  g_assert_cmpstr (text, ==, expected);
}

static void
assert_addresses (DpdkResolver *resolver, const char *name, const char *expected)
{
  assert_addresses_with_flags (resolver, name, G_RESOLVER_NAME_LOOKUP_FLAGS_DEFAULT, expected);
}

/* @text: a part of the message, or NULL */
static void
assert_fails (DpdkResolver *resolver, const char *name, GQuark domain, int code, const char *text)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (g_resolver_lookup_by_name (G_RESOLVER (resolver), name, NULL, &error));
  g_assert_error (error, domain, code);
  if (text != NULL && strstr (error->message, text) == NULL)
    g_error ("\"%s\" is not in \"%s\"", text, error->message);
}

static void
test_names (void)
{
  World world = world_new ();
  g_autofree char *long_label = g_strnfill (64, 'x');
  guint n_questions;

  net_dns_add (world.dns, "v4.test", "A", "192.0.2.1");
  net_dns_add (world.dns, "v4.test", "A", "192.0.2.2");
  net_dns_add (world.dns, "v6.test", "AAAA", "2001:db8::1");
  net_dns_add (world.dns, "both.test", "A", NET_KERNEL_V4);
  net_dns_add (world.dns, "both.test", "AAAA", NET_KERNEL_V6);
  /* without a route */
  net_dns_add (world.dns, "far.test", "AAAA", "2001:db8::1");
  net_dns_add (world.dns, "far.test", "A", NET_KERNEL_V4);
  net_dns_add (world.dns, "xn--bcher-kva.test", "A", "192.0.2.3");
  net_dns_add (world.dns, "text.test", "TXT", "no address");

  assert_addresses (world.resolver, "v4.test", "192.0.2.1 192.0.2.2");
  assert_addresses (world.resolver, "V4.TeSt", "192.0.2.1 192.0.2.2");
  assert_addresses (world.resolver, "v4.test.", "192.0.2.1 192.0.2.2");
  assert_addresses (world.resolver, "v6.test", "2001:db8::1");
  assert_addresses (world.resolver, "both.test", NET_KERNEL_V6 " " NET_KERNEL_V4);
  assert_addresses (world.resolver, "far.test", NET_KERNEL_V4 " 2001:db8::1");
  assert_addresses (world.resolver, "b\303\274cher.test", "192.0.2.3");
  assert_addresses_with_flags (world.resolver, "both.test", G_RESOLVER_NAME_LOOKUP_FLAGS_IPV4_ONLY,
                               NET_KERNEL_V4);
  assert_addresses_with_flags (world.resolver, "both.test", G_RESOLVER_NAME_LOOKUP_FLAGS_IPV6_ONLY,
                               NET_KERNEL_V6);
  assert_fails (world.resolver, "nobody.test", G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND,
                "nobody.test");
  assert_fails (world.resolver, "text.test", G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND,
                "text.test");

  /* without asking */
  n_questions = net_dns_get_n_udp (world.dns);
  g_assert_cmpuint (n_questions, ==, 20);
  assert_addresses (world.resolver, "198.51.100.1", "198.51.100.1");
  assert_addresses (world.resolver, "2001:db8::2", "2001:db8::2");
  assert_addresses (world.resolver, "localhost", "::1 127.0.0.1");
  assert_addresses (world.resolver, "LocalHost.", "::1 127.0.0.1");
  assert_addresses (world.resolver, "www.localhost", "::1 127.0.0.1");
  assert_addresses_with_flags (world.resolver, "localhost", G_RESOLVER_NAME_LOOKUP_FLAGS_IPV4_ONLY,
                               "127.0.0.1");
  assert_fails (world.resolver, long_label, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "DNS");
  assert_fails (world.resolver, "two..dots", G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "two..dots");
  g_assert_cmpuint (net_dns_get_n_udp (world.dns), ==, n_questions);
  assert_fails (world.resolver, "notlocalhost", G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND, NULL);
  g_assert_cmpuint (net_dns_get_n_udp (world.dns), ==, n_questions + 2);
  g_assert_cmpuint (net_dns_get_n_tcp (world.dns), ==, 0);
  world_free (&world);
}

static void
test_aliases (void)
{
  World world = world_new ();

  net_dns_add (world.dns, "www.test", "CNAME", "web.test");
  net_dns_add (world.dns, "web.test", "CNAME", "host.test");
  net_dns_add (world.dns, "host.test", "A", "192.0.2.1");
  net_dns_add (world.dns, "loop.test", "CNAME", "pool.test");
  net_dns_add (world.dns, "pool.test", "CNAME", "loop.test");
  net_dns_add (world.dns, "nowhere.test", "CNAME", "nobody.test");
  for (guint i = 0; i < 20; i++)
    {
      g_autofree char *from = g_strdup_printf ("chain%u.test", i);
      g_autofree char *to = g_strdup_printf ("chain%u.test", i + 1);

      net_dns_add (world.dns, from, "CNAME", to);
    }
  net_dns_add (world.dns, "chain20.test", "A", "192.0.2.2");

  /* by one question, and by one for each alias */
  for (guint follows = 0; follows < 2; follows++)
    {
      net_dns_set_follows (world.dns, follows == 0);
      assert_addresses (world.resolver, "www.test", "192.0.2.1");
      assert_addresses (world.resolver, "chain10.test", "192.0.2.2");
      assert_fails (world.resolver, "nowhere.test", G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND,
                    "nowhere.test");
      assert_fails (world.resolver, "loop.test", G_RESOLVER_ERROR,
                    G_RESOLVER_ERROR_TEMPORARY_FAILURE, "more than 16 aliases");
      assert_fails (world.resolver, "chain0.test", G_RESOLVER_ERROR,
                    G_RESOLVER_ERROR_TEMPORARY_FAILURE, "more than 16 aliases");
    }
  world_free (&world);
}

static void
assert_records (DpdkResolver *resolver, const char *name, GResolverRecordType type,
                const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) text = g_string_new (NULL);
  GList *records = g_resolver_lookup_records (G_RESOLVER (resolver), name, type, NULL, &error);

  g_assert_no_error (error);
  for (GList *l = records; l != NULL; l = l->next)
    {
      g_autofree char *record = g_variant_print (l->data, FALSE);

      g_string_append_printf (text, "%s%s", text->len > 0 ? " " : "", record);
    }
  g_list_free_full (records, (GDestroyNotify) g_variant_unref);
  g_assert_cmpstr (text->str, ==, expected);
}

static char *
look_up_address (DpdkResolver *resolver, const char *host, GError **error)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (host);

  return g_resolver_lookup_by_address (G_RESOLVER (resolver), address, NULL, error);
}

static void
assert_pointer (DpdkResolver *resolver, const char *host, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *name = look_up_address (resolver, host, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (name, ==, expected);
}

static void
test_records (void)
{
  World world = world_new ();
  g_autoptr (GError) error = NULL;
  GList *targets;

  net_dns_add (world.dns, "zone.test", "MX", "10 mail.zone.test");
  net_dns_add (world.dns, "zone.test", "MX", "20 backup.zone.test");
  net_dns_add (world.dns, "zone.test", "TXT", "v=spf1 -all");
  net_dns_add (world.dns, "zone.test", "NS", "ns.zone.test");
  net_dns_add (world.dns, "zone.test", "SOA",
               "ns.zone.test admin.zone.test 2026112101 7200 3600 1209600 300");
  net_dns_add (world.dns, "_http._tcp.zone.test", "SRV", "20 0 8080 second.zone.test");
  net_dns_add (world.dns, "_http._tcp.zone.test", "SRV", "10 0 80 first.zone.test");
  net_dns_add (world.dns, "_no._tcp.zone.test", "SRV", "0 0 0 .");
  net_dns_add (world.dns, "7.2.0.192.in-addr.arpa", "PTR", "host.zone.test");
  net_dns_add (world.dns, "8.2.0.192.in-addr.arpa", "PTR", "-bad;name.zone.test");
  net_dns_add (world.dns,
               "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", "PTR",
               "v6.zone.test");

  assert_records (world.resolver, "zone.test", G_RESOLVER_RECORD_MX,
                  "(10, 'mail.zone.test') (20, 'backup.zone.test')");
  assert_records (world.resolver, "zone.test", G_RESOLVER_RECORD_TXT, "(['v=spf1 -all'],)");
  assert_records (world.resolver, "zone.test", G_RESOLVER_RECORD_NS, "('ns.zone.test',)");
  assert_records (world.resolver, "zone.test", G_RESOLVER_RECORD_SOA,
                  "('ns.zone.test', 'admin.zone.test', 2026112101, 7200, 3600, 1209600, 300)");
  assert_records (world.resolver, "_no._tcp.zone.test", G_RESOLVER_RECORD_SRV, "(0, 0, 0, '.')");
  g_assert_null (g_resolver_lookup_records (G_RESOLVER (world.resolver), "none.test",
                                            G_RESOLVER_RECORD_MX, NULL, &error));
  g_assert_error (error, G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND);
  g_clear_error (&error);

  targets = g_resolver_lookup_service (G_RESOLVER (world.resolver), "http", "tcp", "zone.test",
                                       NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_list_length (targets), ==, 2);
  g_assert_cmpstr (g_srv_target_get_hostname (targets->data), ==, "first.zone.test");
  g_assert_cmpuint (g_srv_target_get_port (targets->next->data), ==, 8080);
  g_resolver_free_targets (targets);

  assert_pointer (world.resolver, "192.0.2.7", "host.zone.test");
  assert_pointer (world.resolver, "2001:db8::1", "v6.zone.test");
  assert_pointer (world.resolver, "127.0.0.1", "localhost");
  g_assert_null (look_up_address (world.resolver, "192.0.2.8", &error));
  g_assert_error (error, G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_null (look_up_address (world.resolver, "192.0.2.9", &error));
  g_assert_error (error, G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND);
  world_free (&world);
}

/* what is too long for a datagram comes over TCP */
static void
test_truncated (void)
{
  World world = world_new ();
  g_autoptr (GString) all = g_string_new (NULL);

  for (guint i = 0; i < 1000; i++)
    {
      g_autofree char *address = g_strdup_printf ("192.0.%u.%u", i / 250, i % 250 + 1);

      net_dns_add (world.dns, "big.test", "A", address);
      g_string_append_printf (all, "%s%s", i > 0 ? " " : "", address);
    }
  net_dns_add (world.dns, "small.test", "A", "192.0.2.1");
  net_dns_set_mode (world.dns, "small.test", NET_DNS_TRUNCATED);
  net_dns_add (world.dns, "always.test", "A", "192.0.2.1");
  net_dns_set_mode (world.dns, "always.test", NET_DNS_ALWAYS_TRUNCATED);
  net_dns_add (world.dns, "half.test", "A", "192.0.2.1");
  net_dns_set_mode (world.dns, "half.test", NET_DNS_HALF);

  assert_addresses (world.resolver, "big.test", all->str);
  g_assert_cmpuint (net_dns_get_n_tcp (world.dns), ==, 1);
  assert_addresses (world.resolver, "small.test", "192.0.2.1");
  /* there is no address of IPv6, which TCP tells */
  g_assert_cmpuint (net_dns_get_n_tcp (world.dns), ==, 3);
  assert_fails (world.resolver, "always.test", G_RESOLVER_ERROR, G_RESOLVER_ERROR_TEMPORARY_FAILURE,
                "truncated");
  assert_fails (world.resolver, "half.test", G_RESOLVER_ERROR, G_RESOLVER_ERROR_TEMPORARY_FAILURE,
                "ended before");
  world_free (&world);
}

/* forged answers are ignored, and broken ones are no answers */
static void
test_wrong_answers (void)
{
  static const struct {
    const char *name;
    NetDnsMode mode;
    gboolean fails;
  } cases[] = {
    { "id.test", NET_DNS_WRONG_ID, FALSE },
    { "flood.test", NET_DNS_FLOOD, FALSE },
    { "question.test", NET_DNS_WRONG_QUESTION, FALSE },
    { "no-question.test", NET_DNS_NO_QUESTION, FALSE },
    { "old.test", NET_DNS_OLD, FALSE },
    { "malformed.test", NET_DNS_MALFORMED, TRUE },
  };
  World world = world_new ();

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      net_dns_add (world.dns, cases[i].name, "A", "192.0.2.1");
      net_dns_add (world.dns, cases[i].name, "AAAA", "2001:db8::1");
      net_dns_set_mode (world.dns, cases[i].name, cases[i].mode);
      if (cases[i].fails)
        assert_fails (world.resolver, cases[i].name, G_RESOLVER_ERROR,
                      G_RESOLVER_ERROR_TEMPORARY_FAILURE, "malformed");
      else
        assert_addresses (world.resolver, cases[i].name, "2001:db8::1 192.0.2.1");
    }
  world_free (&world);
}

/* whatever comes, there is an end, and no crash */
static void
test_fuzzed (void)
{
  const guint n = dpdk_test_scale (300);
  World world = world_new ();
  guint n_answered = 0;

  dpdk_resolver_set_attempts (world.resolver, 1);
  dpdk_resolver_set_attempt_timeout (world.resolver, 20);
  net_dns_add (world.dns, "fuzz.test", "CNAME", "target.test");
  net_dns_add (world.dns, "target.test", "MX", "10 mail.test");
  net_dns_add (world.dns, "target.test", "MX", "20 backup.test");
  net_dns_set_mode (world.dns, "fuzz.test", NET_DNS_FUZZED);
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (GError) error = NULL;
      GList *records = g_resolver_lookup_records (G_RESOLVER (world.resolver), "fuzz.test",
                                                  G_RESOLVER_RECORD_MX, NULL, &error);

      g_assert_true ((records == NULL) == (error != NULL));
      n_answered += records != NULL ? 1 : 0;
      g_list_free_full (records, (GDestroyNotify) g_variant_unref);
    }
  g_test_message ("%u of %u were answered", n_answered, n);
  world_free (&world);
}

/* the next server is asked when one fails, is silent, is not there, or cannot be reached */
static void
test_servers (void)
{
  World world = world_new ();
  NetDns *second = net_dns_new (SECOND_V4);
  g_autofree char *dead = g_strdup (NET_KERNEL_V4 ":54");
  g_autofree char *far = g_strdup ("203.0.113.1");
  DpdkResolver *both = new_resolver (world.runtime, NET_KERNEL_V4, SECOND_V4);
  DpdkResolver *after_dead = new_resolver (world.runtime, dead, SECOND_V4);
  DpdkResolver *after_far = new_resolver (world.runtime, far, SECOND_V4);
  DpdkResolver *impatient = new_resolver (world.runtime, NOBODY_V4, NET_KERNEL_V4);
  gint64 begin;

  for (guint i = 0; i < 3; i++)
    {
      static const NetDnsMode modes[] = { NET_DNS_SERVFAIL, NET_DNS_REFUSED, NET_DNS_MALFORMED };
      g_autofree char *name = g_strdup_printf ("fails%u.test", i);

      net_dns_add (world.dns, name, "A", "192.0.2.1");
      net_dns_add (world.dns, name, "AAAA", "2001:db8::1");
      net_dns_set_mode (world.dns, name, modes[i]);
      net_dns_add (second, name, "A", "192.0.2.2");
      assert_addresses_with_flags (both, name, G_RESOLVER_NAME_LOOKUP_FLAGS_IPV4_ONLY, "192.0.2.2");
    }
  assert_addresses (after_dead, "fails0.test", "192.0.2.2");
  assert_addresses (after_far, "fails0.test", "192.0.2.2");
  /* that a server does not know a name is an answer */
  assert_fails (both, "unknown.test", G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND, NULL);

  /* each is named */
  net_dns_set_mode (second, "fails0.test", NET_DNS_SERVFAIL);
  assert_fails (both, "fails0.test", G_RESOLVER_ERROR, G_RESOLVER_ERROR_TEMPORARY_FAILURE,
                "name server " NET_KERNEL_V4 ":53: server failure (code 2); name server " SECOND_V4
                ":53: server failure (code 2)");
  assert_fails (after_dead, "fails0.test", G_RESOLVER_ERROR, G_RESOLVER_ERROR_TEMPORARY_FAILURE,
                "connection refused");
  assert_fails (after_far, "fails0.test", G_RESOLVER_ERROR, G_RESOLVER_ERROR_TEMPORARY_FAILURE,
                "203.0.113.1:53");

  net_dns_add (world.dns, "silent.test", "A", "192.0.2.1");
  net_dns_set_mode (world.dns, "silent.test", NET_DNS_SILENT);
  dpdk_resolver_set_attempt_timeout (impatient, 100);
  g_assert_cmpuint (dpdk_resolver_get_attempts (impatient), ==, 2);
  begin = g_get_monotonic_time ();
  assert_fails (impatient, "silent.test", G_RESOLVER_ERROR, G_RESOLVER_ERROR_TEMPORARY_FAILURE,
                "no answer in 100 ms");
  g_assert_cmpint (g_get_monotonic_time () - begin, >=, 400 * G_TIME_SPAN_MILLISECOND);

  net_release (both);
  net_release (after_dead);
  net_release (after_far);
  net_release (impatient);
  net_dns_free (second);
  world_free (&world);
}

static gpointer
set_attempts (gpointer resolver)
{
  dpdk_resolver_set_attempts (resolver, 3);
  return NULL;
}

static void
on_attempts (DpdkResolver *resolver, GParamSpec *pspec, gpointer user_data)
{
  g_assert_cmpuint (dpdk_resolver_get_attempts (resolver), ==, 3);
  *(GThread **) user_data = g_thread_self ();
}

/* whoever sets it, the signal is emitted where the resolver was made */
static void
check_notify (DpdkResolver *resolver)
{
  GThread *notified_on = NULL;

  g_signal_connect (resolver, "notify::attempts", G_CALLBACK (on_attempts), &notified_on);
  g_thread_join (g_thread_new ("setter", set_attempts, resolver));
  g_assert_null (notified_on);
  DPDK_TEST_WAIT_UNTIL (notified_on != NULL);
  g_assert_true (notified_on == g_thread_self ());
}

static void
test_construction (void)
{
  static const char json[] =
      CONFIG ("\"name_servers\": [\"" NET_KERNEL_V4 "\", \"[" NET_KERNEL_V6 "]:53\"],");
  static const char *const bad[] = {
    "", "name.test", "198.18.0.1:0", "198.18.0.1:65536", "0.0.0.0", "::", "224.0.0.1", "ff02::1",
  };
  DpdkRuntime *runtime = net_start_with (json);
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) servers = NULL;
  g_auto (GStrv) from_property = NULL;
  const char *const none[] = { NULL };
  DpdkResolver *resolver = dpdk_resolver_new (runtime, NULL, &error);
  NetDns *dns;

  g_assert_no_error (error);
  net_kernel_up_default ();
  servers = dpdk_resolver_dup_name_servers (resolver);
  g_assert_cmpstrv (servers, dpdk_config_get_name_servers (dpdk_runtime_get_config (runtime)));
  g_object_get (resolver, "name-servers", &from_property, NULL);
  g_assert_cmpstrv (servers, from_property);
  g_assert_cmpuint (g_strv_length (servers), ==, 2);
  /* over IPv6, because the first is not there */
  dns = net_dns_new (NET_KERNEL_V6);
  net_dns_add (dns, "a.test", "A", "192.0.2.1");
  net_dns_add (dns, "a.test", "AAAA", "2001:db8::1");
  dpdk_resolver_set_attempt_timeout (resolver, 20000);
  assert_addresses (resolver, "a.test", "2001:db8::1 192.0.2.1");
  check_notify (resolver);
  net_release (resolver);
  net_dns_free (dns);

  g_assert_null (dpdk_resolver_new (runtime, none, &error));
  g_assert_error (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      const char *const name_servers[] = { "192.0.2.1", bad[i], NULL };

      g_assert_null (dpdk_resolver_new (runtime, name_servers, &error));
      g_assert_error (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT);
      g_assert_nonnull (strstr (error->message, bad[i]));
      g_clear_error (&error);
    }
  net_stop (runtime);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/net/resolver/names", DPDK_TEST_FLAGS_NETWORK, test_names);
  dpdk_test_add_func ("/net/resolver/aliases", DPDK_TEST_FLAGS_NETWORK, test_aliases);
  dpdk_test_add_func ("/net/resolver/records", DPDK_TEST_FLAGS_NETWORK, test_records);
  dpdk_test_add_func ("/net/resolver/truncated", DPDK_TEST_FLAGS_NETWORK, test_truncated);
  dpdk_test_add_func ("/net/resolver/wrong-answers", DPDK_TEST_FLAGS_NETWORK, test_wrong_answers);
  dpdk_test_add_func ("/net/resolver/fuzzed", DPDK_TEST_FLAGS_NETWORK, test_fuzzed);
  dpdk_test_add_func ("/net/resolver/servers", DPDK_TEST_FLAGS_NETWORK, test_servers);
  dpdk_test_add_func ("/net/resolver/construction", DPDK_TEST_FLAGS_NETWORK, test_construction);
  return g_test_run ();
}
