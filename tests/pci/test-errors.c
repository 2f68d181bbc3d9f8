/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PCI devices that cannot be had: the error says which, and why */
#include "pci-frames.h"
#include "port-fixture.h"

#include <string.h>

static void
assert_fails (DpdkEal *eal, const char *devargs, DpdkError code, const char *reason)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *start = g_strdup_printf ("DpdkPort %s: ", devargs);

  g_assert_null (dpdk_port_new (eal, devargs, &error));
  g_assert_error (error, DPDK_ERROR, (int) code);
  g_test_message ("%s", error->message);
  if (!g_str_has_prefix (error->message, start) || strstr (error->message, reason) == NULL)
    g_error ("\"%s\" should begin with \"%s\" and have \"%s\"", error->message, start, reason);
}

static void
assert_can_be_used (DpdkEal *eal, DpdkMempool *pool, const PciNic *nic)
{
  g_autofree char *address = NULL;
  DpdkPort *port;

  pci_nic_bind_vfio (nic);
  address = pci_nic_dup_address (nic);
  port = port_open_started (eal, pool, address);
  assert_fails (eal, address, DPDK_ERROR_EXISTS, "open already");
  assert_fails (eal, address + strlen ("0000:"), DPDK_ERROR_EXISTS, "open already");
  pci_frames_exchange (port, pool, nic);
  dpdk_test_assert_finalize (port);
  pci_nic_bind_kernel (nic);
}

static void
test_malformed (void)
{
  static const char *const malformed[] = {
    ":",           "01:00",         "0000:zz:00.0",  "0000:01:00",    "0000:01:00.8",
    "01:00.0 ",    "0000:01:20.0",  "vdev:net_null", "0000:01:00.0:", "0000.01.00:0",
    "0000:01:00.", "100:01:00.0.0",
  };
  DpdkEal *eal = port_eal ();
  DpdkMempool *pool = port_pool (eal);

  for (guint i = 0; i < G_N_ELEMENTS (malformed); i++)
    assert_fails (eal, malformed[i], DPDK_ERROR_INVALID_ARGUMENT, "PCI address");
  assert_fails (eal, "0000:7f:1f.7", DPDK_ERROR_NO_DEVICE, "no PCI device");
  assert_fails (eal, "7f:1f.7,parameter=1", DPDK_ERROR_NO_DEVICE, "no PCI device");
  /* a bridge */
  assert_fails (eal, pci_virtio.slot, DPDK_ERROR_NO_DEVICE, "not a network device");
  assert_can_be_used (eal, pool, &pci_virtio);
  port_finish (eal, pool);
}

static void
test_bound (gconstpointer data)
{
  const PciNic *nic = data;
  DpdkEal *eal = port_eal ();
  DpdkMempool *pool = port_pool (eal);
  g_autofree char *address = pci_nic_dup_address (nic);

  assert_fails (eal, address, DPDK_ERROR_BUSY, nic->kernel_driver);
  assert_fails (eal, address, DPDK_ERROR_BUSY, "vfio-pci");
  /* the kernel has not noticed */
  pci_frames_exchange_kernel (nic);
  pci_nic_unbind (nic);
  assert_fails (eal, address, DPDK_ERROR_NO_DEVICE, "vfio-pci");
  assert_can_be_used (eal, pool, nic);
  port_finish (eal, pool);
}

static void
test_no_pci (void)
{
  g_autoptr (DpdkEalBuilder) builder = dpdk_eal_builder_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *address = NULL;
  DpdkEal *eal;

  pci_nic_bind_vfio (&pci_virtio);
  address = pci_nic_dup_address (&pci_virtio);
  dpdk_eal_builder_add_arg (builder, "--no-pci");
  eal = dpdk_eal_builder_build (builder, &error);
  g_assert_no_error (error);
  assert_fails (eal, address, DPDK_ERROR_NOT_SUPPORTED, "--no-pci");
  port_finish (eal, NULL);
  pci_nic_bind_kernel (&pci_virtio);
}

static void
test_runtime (void)
{
  g_autofree char *address = pci_nic_dup_address (&pci_virtio);
  g_autofree char *json = g_strdup_printf (
      "{\"dpdk_cores\": [0], \"devices\": [{\"pci_address\": \"%s\", \"addresses\": "
      "[\"198.18.0.2/24\"]}]}",
      address);
  g_autoptr (DpdkRuntimeBuilder) builder = dpdk_runtime_builder_new ();
  g_autoptr (GError) error = NULL;

  g_assert_null (net_build_with (builder, json, &error));
  g_assert_error (error, DPDK_ERROR, DPDK_ERROR_BUSY);
  g_assert_nonnull (strstr (error->message, address));
  g_assert_nonnull (strstr (error->message, pci_virtio.kernel_driver));
  dpdk_test_assert_eal_dead ();
  pci_frames_exchange_kernel (&pci_virtio);
}

int
main (int argc, char **argv)
{
  if (!pci_guest_init (&argc, &argv))
    return 0;
  dpdk_test_add_func ("/pci/errors/malformed", DPDK_TEST_FLAGS_NONE, test_malformed);
  dpdk_test_add_data_func ("/pci/errors/bound/virtio", DPDK_TEST_FLAGS_NONE, &pci_virtio,
                           test_bound);
  dpdk_test_add_data_func ("/pci/errors/bound/e1000e", DPDK_TEST_FLAGS_NONE, &pci_e1000e,
                           test_bound);
  dpdk_test_add_func ("/pci/errors/no-pci", DPDK_TEST_FLAGS_NONE, test_no_pci);
  dpdk_test_add_func ("/pci/errors/runtime", DPDK_TEST_FLAGS_NONE, test_runtime);
  return g_test_run ();
}
