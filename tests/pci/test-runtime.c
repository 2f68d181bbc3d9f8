/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* a runtime on a PCI device, with the kernel of the guest behind it */
#include "net-exchange.h"
#include "net-program.h"
#include "pci-guest.h"

#include <signal.h>
#include <string.h>

#define HTTP_PORT 8080
#define HTTP_SIZE 1000000
/* byte i of the server's /bytes/N is i modulo this */
#define HTTP_PERIOD 251
#define CONFIG                                                                                     \
  "{\"dpdk_cores\": [0], \"devices\": [{\"pci_address\": \"%s\", \"mac\": \"" NET_OUR_MAC "\", "   \
  "\"addresses\": [\"" NET_OUR_V4 "/24\", \"" NET_OUR_V6 "/64\"]}]}"

static char *
dup_config (const PciNic *nic)
{
  g_autofree char *address = pci_nic_dup_address (nic);

  return g_strdup_printf (CONFIG, address);
}

static char *
bring_up (const PciNic *nic)
{
  char *peer = pci_nic_dup_peer (nic);

  net_kernel_up (peer, NET_KERNEL_V4 "/24", NET_KERNEL_V6 "/64", NULL);
  return peer;
}

/* the next test has another peer with these addresses */
static void
bring_down (char *peer)
{
  net_run ("ip addr flush dev %s; ip link set %s down", peer, peer);
  g_free (peer);
}

static void
test_exchange (gconstpointer data)
{
  static const NetFamily families[] = NET_FAMILIES;
  const PciNic *nic = data;
  g_autofree char *config = NULL;
  DpdkRuntime *runtime;
  DpdkPort *port;
  char *peer;

  pci_nic_bind_vfio (nic);
  config = dup_config (nic);
  peer = bring_up (nic);
  runtime = net_start_with (config);
  port = dpdk_runtime_dup_port (runtime, 0);
  g_assert_cmpstr (dpdk_port_get_driver (port), ==, nic->driver);
  g_assert_cmpstr (dpdk_port_get_mac (port), ==, NET_OUR_MAC);
  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    net_exchange (runtime, &families[i]);
  g_object_unref (port);
  net_stop (runtime);
  bring_down (peer);
  pci_nic_bind_kernel (nic);
}

static void
check_body (const char *host)
{
  g_autofree guint8 *expected = g_malloc (HTTP_SIZE);
  g_autofree char *body = NULL;
  g_autoptr (GError) error = NULL;
  gsize size;

  net_run ("curl -gsSf -m 60 -o /run/body http://%s:%d/bytes/%d", host, HTTP_PORT, HTTP_SIZE);
  g_file_get_contents ("/run/body", &body, &size, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < HTTP_SIZE; i++)
    expected[i] = (guint8) (i % HTTP_PERIOD);
  g_assert_cmpmem (body, size, expected, HTTP_SIZE);
  net_run ("rm /run/body");
}

/* an example that finds its device in env.json */
static void
test_http (void)
{
  const char *path = "/run/env.json";
  g_autofree char *config = NULL;
  g_autofree char *arguments = g_strdup_printf ("--summary --port %d", HTTP_PORT);
  g_autofree char *output = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *program = g_build_filename (g_getenv ("NET_EXAMPLES"), "http-server", NULL);
  DpdkTestProcess *server;
  char *peer;

  if (!g_file_test (program, G_FILE_TEST_IS_EXECUTABLE))
    {
      dpdk_test_skip ("the examples are not built");
      return;
    }
  pci_nic_bind_vfio (&pci_virtio);
  config = dup_config (&pci_virtio);
  g_file_set_contents (path, config, -1, &error);
  g_assert_no_error (error);
  g_setenv ("DPDK_ENV_CONFIG", path, TRUE);
  peer = bring_up (&pci_virtio);
  server = net_program_start ("http-server", arguments);
  net_program_wait_for_output (server, "listening on " NET_OUR_V4);
  net_program_wait_for_output (server, "listening on [" NET_OUR_V6 "]");
  check_body (NET_OUR_V4);
  check_body ("[" NET_OUR_V6 "]");
  output = net_program_stop (server, SIGTERM);
  g_assert_nonnull (strstr (output, "\nrequests: 2\n"));
  g_unsetenv ("DPDK_ENV_CONFIG");
  net_run ("rm %s", path);
  bring_down (peer);
  pci_nic_bind_kernel (&pci_virtio);
}

int
main (int argc, char **argv)
{
  if (!pci_guest_init (&argc, &argv))
    return 0;
  dpdk_test_add_data_func ("/pci/runtime/exchange/virtio", DPDK_TEST_FLAGS_NONE, &pci_virtio,
                           test_exchange);
  dpdk_test_add_data_func ("/pci/runtime/exchange/e1000e", DPDK_TEST_FLAGS_NONE, &pci_e1000e,
                           test_exchange);
  dpdk_test_add_func ("/pci/runtime/http", DPDK_TEST_FLAGS_NONE, test_http);
  return g_test_run ();
}
