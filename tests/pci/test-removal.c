/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PCI devices that are taken away while they are in use */
#include "net-exchange.h"
#include "net-kernel.h"
#include "pci-frames.h"
#include "port-fixture.h"

#include <string.h>

#define CONFIG                                                                                     \
  "{\"dpdk_cores\": [0], \"devices\": [{\"pci_address\": \"%s\", \"addresses\": "                  \
  "[\"" NET_OUR_V4 "/24\"]}]}"

typedef void (*Take) (const PciNic *nic);

/* the slot is opened */
static void
unplug (const PciNic *nic)
{
  pci_guest_wish ("unplug %s", nic->id);
}

static gboolean
kernel_has (const PciNic *nic)
{
  g_autofree char *driver = pci_nic_dup_bound_driver (nic);
  g_autofree char *interface = pci_nic_dup_interface (nic);

  return g_strcmp0 (driver, nic->kernel_driver) == 0;
}

static void
wait_unplugged (const PciNic *nic)
{
  pci_guest_wish ("unplugged %s", nic->id);
  pci_guest_wish ("plug %s", nic->id);
  DPDK_TEST_WAIT_UNTIL (kernel_has (nic));
}

static gpointer
run_unbind (gpointer data)
{
  pci_nic_unbind (data);
  return NULL;
}

static GThread *unbinding;

/* an administrator wants the device for something else */
static void
unbind (const PciNic *nic)
{
  unbinding = g_thread_new ("unbind", run_unbind, (gpointer) nic);
}

static void
wait_unbound (const PciNic *nic)
{
  g_autofree char *driver = NULL;

  g_thread_join (unbinding);
  driver = pci_nic_dup_bound_driver (nic);
  g_assert_null (driver);
}

static void
note (DpdkPort *port, GParamSpec *pspec, gpointer user_data)
{
  g_assert_true (dpdk_port_is_removed (port));
  (*(guint *) user_data)++;
}

static void
take_away (DpdkEal *eal, DpdkMempool *pool, const PciNic *nic, Take take, Take wait)
{
  g_autofree char *address = NULL;
  g_autoptr (GError) error = NULL;
  guint n_notified = 0;
  PortTraffic *traffic;
  DpdkPort *port;

  pci_nic_bind_vfio (nic);
  address = pci_nic_dup_address (nic);
  port = port_open_started (eal, pool, address);
  DPDK_TEST_WAIT_UNTIL (dpdk_port_is_link_up (port));
  pci_frames_exchange (port, pool, nic);
  g_signal_connect (port, "notify::removed", G_CALLBACK (note), &n_notified);
  traffic = port_traffic_start (port, port, pool);
  take (nic);
  DPDK_TEST_WAIT_UNTIL (n_notified > 0);
  /* the kernel waits until the library has closed it, and we hold the port all the while */
  wait (nic);
  g_assert_false (dpdk_port_is_started (port));
  g_assert_false (dpdk_port_is_link_up (port));
  g_assert_false (dpdk_port_start (port, &error));
  g_assert_error (error, DPDK_ERROR, DPDK_ERROR_NO_DEVICE);
  g_assert_nonnull (strstr (error->message, address));
  g_clear_error (&error);
  port_traffic_stop (traffic);
  g_assert_cmpuint (n_notified, ==, 1);
  dpdk_test_assert_finalize (port);
  dpdk_test_assert_pool_full (pool);
}

static void
test_port (const PciNic *nic, Take take, Take wait)
{
  DpdkEal *eal = port_eal ();
  DpdkMempool *pool = port_pool (eal);

  /* it comes back, and can be opened again */
  for (guint i = 0; i < 2; i++)
    take_away (eal, pool, nic, take, wait);
  port_finish (eal, pool);
  pci_nic_bind_kernel (nic);
  pci_frames_exchange_kernel (nic);
}

static void
test_unplug (gconstpointer data)
{
  test_port (data, unplug, wait_unplugged);
}

static void
test_unbind (gconstpointer data)
{
  test_port (data, unbind, wait_unbound);
}

static void
assert_names_port (GError *error, const char *address)
{
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  if (strstr (error->message, address) == NULL)
    g_error ("the port is not in: %s", error->message);
}

static void
test_sockets (gconstpointer data)
{
  const PciNic *nic = data;
  g_autofree char *address = NULL;
  g_autofree char *config = NULL;
  g_autofree char *peer = pci_nic_dup_peer (nic);
  g_autoptr (GError) error = NULL;
  DpdkTcpConnection *connection;
  DpdkTcpListener *listener;
  DpdkRuntime *runtime;
  GInputStream *input;
  DpdkPort *port;
  char byte;
  int fd;

  pci_nic_bind_vfio (nic);
  address = pci_nic_dup_address (nic);
  config = g_strdup_printf (CONFIG, address);
  net_kernel_up (peer, NET_KERNEL_V4 "/24", NULL);
  runtime = net_start_with (config);
  port = dpdk_runtime_dup_port (runtime, 0);
  listener = net_listen (runtime, NET_OUR_V4, 7);
  fd = net_kernel_connect (NET_OUR_V4, 7);
  net_exchange_on (net_accept (listener), fd);
  fd = net_kernel_connect (NET_OUR_V4, 7);
  connection = net_accept (listener);
  input = g_io_stream_get_input_stream (G_IO_STREAM (connection));

  unplug (nic);
  g_assert_cmpint (g_input_stream_read (input, &byte, 1, NULL, &error), ==, -1);
  assert_names_port (error, address);
  g_clear_error (&error);
  g_assert_null (dpdk_tcp_listener_accept (listener, NULL, &error));
  assert_names_port (error, address);
  wait_unplugged (nic);
  g_assert_true (dpdk_port_is_removed (port));
  net_kernel_close (fd);
  net_release (connection);
  net_release (listener);
  g_object_unref (port);
  net_stop (runtime);
  net_run ("ip addr flush dev %s", peer);
}

int
main (int argc, char **argv)
{
  if (!pci_guest_init (&argc, &argv))
    return 0;
  dpdk_test_add_data_func ("/pci/removal/unplug/virtio", DPDK_TEST_FLAGS_NONE, &pci_virtio,
                           test_unplug);
  dpdk_test_add_data_func ("/pci/removal/unplug/e1000e", DPDK_TEST_FLAGS_NONE, &pci_e1000e,
                           test_unplug);
  dpdk_test_add_data_func ("/pci/removal/unbind/virtio", DPDK_TEST_FLAGS_NONE, &pci_virtio,
                           test_unbind);
  dpdk_test_add_data_func ("/pci/removal/unbind/e1000e", DPDK_TEST_FLAGS_NONE, &pci_e1000e,
                           test_unbind);
  dpdk_test_add_data_func ("/pci/removal/sockets", DPDK_TEST_FLAGS_NONE, &pci_virtio, test_sockets);
  return g_test_run ();
}
