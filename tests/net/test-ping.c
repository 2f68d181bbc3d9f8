/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net-fixture.h"

#include <string.h>

static void
assert_ping (const char *options, const char *host, guint n)
{
  g_autofree char *output = NULL;
  g_autofree char *expected = g_strdup_printf ("%u packets transmitted, %u received", n, n);
  int wait_status;

  output = net_run_for_output (&wait_status, "ping -q -n -W 10 %s -c %u %s", options, n, host);
  if (wait_status != 0 || strstr (output, expected) == NULL)
    g_error ("ping %s: wait status %d: %s", options, wait_status, output);
  /* duplicates are no loss, but wrong too */
  g_assert_null (strstr (output, "duplicates"));
  g_assert_null (strstr (output, "corrupted"));
  g_assert_null (strstr (output, "errors"));
}

static void
test_flood (void)
{
  DpdkRuntime *runtime = net_start ();

  assert_ping ("-f", NET_OUR_V4, dpdk_test_scale (5000));
  assert_ping ("-f", NET_OUR_V6, dpdk_test_scale (5000));
  net_stop (runtime);
}

/* as large as ICMP can be: many fragments, both ways */
static void
test_fragments (void)
{
  const guint sizes[] = { 0, 1, 1452, 1453, 1472, 1473, 4000, 20000, 60000 };
  DpdkRuntime *runtime = net_start ();

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
  DpdkRuntime *runtime = net_start ();
  GThread *thread = g_thread_new ("ping", flood_thread, NULL);

  for (guint i = 0; i < 10; i++)
    assert_ping ("-i 0.01 -s 4000", NET_OUR_V6, 10);
  g_thread_join (thread);
  net_stop (runtime);
}

static void
test_link_local (void)
{
  DpdkRuntime *runtime = net_start ();

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
