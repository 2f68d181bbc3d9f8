/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net-fixture.h"

#include <string.h>

/* less than a test may take */
#define DEADLINE_S 100
/* a second each: how often the kernel asks for our address before it gives up */
#define N_SOLICITATIONS 30
/* a ping that gets no answer sends on, and none of it may be lost before it reaches us */
#define KERNEL_QUEUE_LENGTH 20000

static DpdkRuntime *
start (void)
{
  const char *const families[] = { "ipv4", "ipv6" };
  DpdkRuntime *runtime = net_start ();

  net_run ("ip link set " NET_INTERFACE " txqueuelen %u", KERNEL_QUEUE_LENGTH);
  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    net_run ("cd /proc/sys/net/%s/neigh/" NET_INTERFACE
             " && echo %u | tee mcast_solicit ucast_solicit",
             families[i], N_SOLICITATIONS);
  return runtime;
}

/* a counter of the kernel in our network namespace */
static guint64
get_counter (const char *name)
{
  int wait_status;
  g_autofree char *output = net_run_for_output (&wait_status, "nstat -asz %s", name);
  const char *at = strstr (output, name);

  if (wait_status != 0 || at == NULL)
    g_error ("nstat %s: wait status %d: %s", name, wait_status, output);
  return g_ascii_strtoull (at + strlen (name), NULL, 10);
}

static void
assert_ping (const char *options, const char *host, guint n)
{
  const gboolean is_v6 = strchr (host, ':') != NULL;
  const char *requests = is_v6 ? "Icmp6OutEchos" : "IcmpOutEchos";
  const char *replies = is_v6 ? "Icmp6InEchoReplies" : "IcmpInEchoReps";
  g_autofree char *output = NULL;
  int wait_status;

  /* with a deadline it goes on until it has n replies, else it waits for the last of them no longer
     than for two of the others, which is too short on a busy machine */
  output = net_run_for_output (&wait_status, "ping -q -n -w %u %s -c %u %s", DEADLINE_S, options, n,
                               host);
  if (wait_status != 0)
    g_error ("ping %s: wait status %d: %s", options, wait_status, output);
  g_test_message ("ping %s: %s", options, output);
  /* duplicates are no loss, but wrong too */
  g_assert_null (strstr (output, "duplicates"));
  g_assert_null (strstr (output, "corrupted"));
  g_assert_null (strstr (output, "errors"));
  /* every request has one reply, also those that ping did not wait for */
  g_assert_cmpuint (get_counter (requests), >=, n);
  DPDK_TEST_WAIT_UNTIL (get_counter (replies) >= get_counter (requests));
  g_assert_cmpuint (get_counter (replies), ==, get_counter (requests));
}

static void
test_flood (void)
{
  DpdkRuntime *runtime = start ();

  assert_ping ("-f", NET_OUR_V4, dpdk_test_scale (5000));
  assert_ping ("-f", NET_OUR_V6, dpdk_test_scale (5000));
  net_stop (runtime);
}

/* as large as ICMP can be: many fragments, both ways */
static void
test_fragments (void)
{
  const guint sizes[] = { 0, 1, 1452, 1453, 1472, 1473, 4000, 20000, 60000 };
  DpdkRuntime *runtime = start ();

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autofree char *options =
          g_strdup_printf ("-f -s %u -p %02x%02x", sizes[i], 0x5a + i, 0xa5 - i);

      assert_ping (options, NET_OUR_V4, dpdk_test_scale (200));
      assert_ping (options, NET_OUR_V6, dpdk_test_scale (200));
    }
  net_stop (runtime);
}

/* a connection beside the flood suffers nothing but time */
static gpointer
flood_thread (gpointer data)
{
  assert_ping ("-f -s 1000", NET_OUR_V4, dpdk_test_scale (3000));
  return NULL;
}

static void
test_flood_beside_connection (void)
{
  DpdkRuntime *runtime = start ();
  GThread *thread = g_thread_new ("ping", flood_thread, NULL);

  for (guint i = 0; i < 10; i++)
    assert_ping ("-i 0.01 -s 4000", NET_OUR_V6, 10);
  g_thread_join (thread);
  net_stop (runtime);
}

static void
test_link_local (void)
{
  DpdkRuntime *runtime = start ();

  /* what the configured MAC makes of it (RFC 4291, appendix A) */
  assert_ping ("-i 0.01", "fe80::c4:d3ff:fe48:bb8f%" NET_INTERFACE, 10);
  net_stop (runtime);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/net/ping/flood", DPDK_TEST_FLAGS_NETWORK, test_flood);
  dpdk_test_add_func ("/net/ping/fragments", DPDK_TEST_FLAGS_NETWORK, test_fragments);
  dpdk_test_add_func ("/net/ping/flood-beside-another", DPDK_TEST_FLAGS_NETWORK,
                      test_flood_beside_connection);
  dpdk_test_add_func ("/net/ping/link-local", DPDK_TEST_FLAGS_NETWORK, test_link_local);
  return g_test_run ();
}
