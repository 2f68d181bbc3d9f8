/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ports of PCI devices: from the kernel to DPDK and back */
#include "pci-frames.h"
#include "port-fixture.h"

#include <string.h>

#define N_ROUNDS 3
#define N_FLAPS 5
#define MEMORY_MB 64
#define OTHER_MAC "02:00:00:00:30:00"

static void
check_device (DpdkPort *port, const PciNic *nic, const char *address)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DpdkPortInfo) info = dpdk_port_dup_info (port, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (info->bus, ==, "pci");
  g_assert_cmpstr (info->device, ==, address);
  g_assert_cmpstr (info->driver, ==, nic->driver);
  g_assert_cmpint (info->numa_node, ==, dpdk_port_get_numa_node (port));
  g_assert_cmpuint (info->max_rx_queues, >=, 1);
  g_assert_cmpuint (info->max_tx_queues, >=, 1);
  g_assert_true (info->has_link_interrupts);
  g_assert_cmpuint (info->kernel_interface, ==, 0);
  g_assert_cmpstr (dpdk_port_get_driver (port), ==, nic->driver);
  /* that of the hardware: what was set in an earlier round is gone */
  g_assert_cmpstr (dpdk_port_get_mac (port), ==, nic->mac);
  g_assert_cmpuint (dpdk_port_get_mtu (port), ==, 1500);
}

static void
check_statistics (DpdkPort *port, guint n_exchanges)
{
  DpdkPortStatistics statistics;
  g_autoptr (GError) error = NULL;

  dpdk_port_get_statistics (port, &statistics, &error);
  g_assert_no_error (error);
  /* the kernel sends something of its own now and then */
  g_assert_cmpuint (statistics.rx_packets, >=, n_exchanges * PCI_N_FRAMES);
  g_assert_cmpuint (statistics.rx_bytes, >=, n_exchanges * pci_frames_get_size ());
  g_assert_cmpuint (statistics.tx_packets, ==, n_exchanges * PCI_N_FRAMES);
  g_assert_cmpuint (statistics.tx_bytes, >=, n_exchanges * pci_frames_get_size ());
  g_assert_cmpuint (statistics.rx_errors, ==, 0);
  g_assert_cmpuint (statistics.tx_errors, ==, 0);
}

static void
use (DpdkEal *eal, DpdkMempool *pool, const PciNic *nic, const char *name)
{
  g_autofree char *address = pci_nic_dup_address (nic);
  DpdkPort *port = port_open (eal, name);
  g_autoptr (GError) error = NULL;

  check_device (port, nic, address);
  port_start (port, pool, 1);
  DPDK_TEST_WAIT_UNTIL (dpdk_port_is_link_up (port));
  pci_frames_exchange (port, pool, nic);
  check_statistics (port, 1);
  dpdk_port_set_mac (port, OTHER_MAC, &error);
  g_assert_no_error (error);
  pci_frames_exchange (port, pool, nic);
  dpdk_port_stop (port, &error);
  g_assert_no_error (error);
  g_assert_false (dpdk_port_is_link_up (port));
  port_start (port, pool, 1);
  g_assert_cmpstr (dpdk_port_get_mac (port), ==, OTHER_MAC);
  pci_frames_exchange (port, pool, nic);
  dpdk_port_close (port, &error);
  g_assert_no_error (error);
  dpdk_test_assert_finalize (port);
  dpdk_test_assert_pool_full (pool);
}

/* in one life of the EAL, that has seen no device when it began */
static void
test_rounds (gconstpointer data)
{
  const PciNic *nic = data;
  DpdkEal *eal = port_eal ();
  DpdkMempool *pool = port_pool (eal);

  for (guint i = 0; i < N_ROUNDS; i++)
    {
      g_autofree char *address = NULL;

      pci_nic_bind_vfio (nic);
      address = pci_nic_dup_address (nic);
      use (eal, pool, nic, address);
      /* without the domain */
      use (eal, pool, nic, address + strlen ("0000:"));
      pci_nic_bind_kernel (nic);
      pci_frames_exchange_kernel (nic);
    }
  port_finish (eal, pool);
}

/* the other tests have hugepages; without, vfio pins all the memory that there is */
static void
test_no_hugepages (gconstpointer data)
{
  const PciNic *nic = data;
  g_autoptr (DpdkEalBuilder) builder = dpdk_eal_builder_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *address = NULL;
  DpdkEal *eal;
  DpdkMempool *pool;

  pci_nic_bind_vfio (nic);
  address = pci_nic_dup_address (nic);
  dpdk_eal_builder_set_memory_mode (builder, DPDK_MEMORY_MODE_NO_HUGEPAGES);
  dpdk_eal_builder_set_memory (builder, MEMORY_MB);
  eal = dpdk_eal_builder_build (builder, &error);
  g_assert_no_error (error);
  pool = port_pool (eal);
  use (eal, pool, nic, address);
  port_finish (eal, pool);
  pci_nic_bind_kernel (nic);
}

/* the EAL opens a device by itself that its arguments name */
static void
test_allowed (gconstpointer data)
{
  const PciNic *nic = data;
  g_autoptr (DpdkEalBuilder) builder = dpdk_eal_builder_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *address = NULL;
  DpdkEal *eal;
  DpdkMempool *pool;

  pci_nic_bind_vfio (nic);
  address = pci_nic_dup_address (nic);
  dpdk_eal_builder_add_arg (builder, "-a");
  dpdk_eal_builder_add_arg (builder, address);
  eal = dpdk_eal_builder_build (builder, &error);
  g_assert_no_error (error);
  pool = port_pool (eal);
  for (guint i = 0; i < 2; i++)
    use (eal, pool, nic, address);
  port_finish (eal, pool);
  pci_nic_bind_kernel (nic);
}

typedef struct {
  guint n_up;
  guint n_down;
} Observer;

static void
on_link (DpdkPort *port, GParamSpec *pspec, gpointer user_data)
{
  Observer *self = user_data;

  if (dpdk_port_is_link_up (port))
    self->n_up++;
  else
    self->n_down++;
}

static void
test_link (gconstpointer data)
{
  const PciNic *nic = data;
  DpdkEal *eal = port_eal ();
  DpdkMempool *pool = port_pool (eal);
  Observer observer = { 0 };
  g_autofree char *address = NULL;
  DpdkPort *port;

  pci_nic_bind_vfio (nic);
  address = pci_nic_dup_address (nic);
  port = port_open_started (eal, pool, address);
  DPDK_TEST_WAIT_UNTIL (dpdk_port_is_link_up (port));
  g_assert_cmpint (dpdk_port_get_link_duplex (port), ==, DPDK_LINK_DUPLEX_FULL);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_signal_connect (port, "notify::link-up", G_CALLBACK (on_link), &observer);
  for (guint i = 1; i <= N_FLAPS; i++)
    {
      pci_guest_wish ("link %s off", nic->id);
      DPDK_TEST_WAIT_UNTIL (observer.n_down == i);
      g_assert_false (dpdk_port_is_link_up (port));
      g_assert_cmpuint (dpdk_port_get_link_speed (port), ==, 0);
      pci_guest_wish ("link %s on", nic->id);
      DPDK_TEST_WAIT_UNTIL (observer.n_up == i);
      g_assert_true (dpdk_port_is_link_up (port));
    }
  g_assert_cmpuint (observer.n_down, ==, N_FLAPS);
  pci_frames_exchange (port, pool, nic);
  g_object_unref (port);
  port_finish (eal, pool);
  pci_nic_bind_kernel (nic);
}

int
main (int argc, char **argv)
{
  if (!pci_guest_init (&argc, &argv))
    return 0;
  dpdk_test_add_data_func ("/pci/port/rounds/virtio", DPDK_TEST_FLAGS_NONE, &pci_virtio,
                           test_rounds);
  dpdk_test_add_data_func ("/pci/port/rounds/e1000e", DPDK_TEST_FLAGS_NONE, &pci_e1000e,
                           test_rounds);
  dpdk_test_add_data_func ("/pci/port/no-hugepages", DPDK_TEST_FLAGS_NONE, &pci_virtio,
                           test_no_hugepages);
  dpdk_test_add_data_func ("/pci/port/allowed", DPDK_TEST_FLAGS_NONE, &pci_virtio, test_allowed);
  dpdk_test_add_data_func ("/pci/port/link/virtio", DPDK_TEST_FLAGS_NONE, &pci_virtio, test_link);
  dpdk_test_add_data_func ("/pci/port/link/e1000e", DPDK_TEST_FLAGS_NONE, &pci_e1000e, test_link);
  return g_test_run ();
}
