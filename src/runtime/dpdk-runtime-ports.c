/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-runtime-ports-private.h"

#include "dpdk-device-config-private.h"
#include "dpdk-port-private.h"

#include <net/if.h>
#include <string.h>

#define MIN_DATA_SIZE 2048
/* an Ethernet header with two VLAN tags and a checksum, or what virtio asks for: one tag, and 12 bytes of
   its own */
#define LINK_OVERHEAD 30

/* as the configuration writes them: "28:00.0" and "0000:28:00.0" are the same */
gboolean
dpdk_runtime_ports_pci_address_equal (const char *full, const char *other)
{
  const char *rest = strchr (full, ':');
  gboolean is_short = rest != NULL && strchr (other, ':') == strrchr (other, ':');

  return g_ascii_strcasecmp (is_short ? rest + 1 : full, other) == 0 &&
         (!is_short || g_str_has_prefix (full, "0000:"));
}

static void
set_address (DpdkStackAddress *out, GInetAddress *address, guint prefix_length)
{
  memcpy (out->bytes, g_inet_address_to_bytes (address), g_inet_address_get_native_size (address));
  out->is_v6 = g_inet_address_get_family (address) == G_SOCKET_FAMILY_IPV6;
  out->prefix_length = prefix_length;
}

static void
free_worker_port (gpointer data)
{
  DpdkWorkerPort *port = data;

  g_clear_object (&port->port);
  g_clear_pointer (&port->addresses, g_array_unref);
  g_free (port);
}

#define RX_CHECKSUMS                                                                               \
  (DPDK_RX_OFFLOAD_IPV4_CHECKSUM | DPDK_RX_OFFLOAD_UDP_CHECKSUM | DPDK_RX_OFFLOAD_TCP_CHECKSUM)
#define TX_CHECKSUMS (DPDK_TX_OFFLOAD_UDP_CHECKSUM | DPDK_TX_OFFLOAD_TCP_CHECKSUM)
#define TSO_NEEDS (DPDK_STACK_OFFLOAD_TX_CHECKSUM | DPDK_STACK_OFFLOAD_MULTI_SEGMENTS)

static gboolean
configure_port (DpdkPort *port, DpdkMempool *mempool, const DpdkRuntimePortSettings *settings,
                DpdkStackOffload wanted, GError **error)
{
  g_autoptr (DpdkPortConfig) config = dpdk_port_config_new (mempool);
  guint n_queues = MIN (settings->n_workers, dpdk_port_get_max_queues (port));
  DpdkRxOffload rx = DPDK_RX_OFFLOAD_NONE;
  DpdkTxOffload tx = DPDK_TX_OFFLOAD_NONE;

  if ((wanted & DPDK_STACK_OFFLOAD_RX_CHECKSUM) != 0)
    rx |= RX_CHECKSUMS;
  if ((wanted & DPDK_STACK_OFFLOAD_TX_CHECKSUM) != 0)
    tx |= TX_CHECKSUMS;
  if ((wanted & DPDK_STACK_OFFLOAD_TSO) != 0)
    tx |= DPDK_TX_OFFLOAD_TCP_TSO | DPDK_TX_OFFLOAD_IPV4_CHECKSUM;
  if ((wanted & DPDK_STACK_OFFLOAD_MULTI_SEGMENTS) != 0)
    tx |= DPDK_TX_OFFLOAD_MULTI_SEGMENTS;
  dpdk_port_config_set_n_rx_queues (config, n_queues);
  dpdk_port_config_set_n_tx_queues (config, n_queues);
  dpdk_port_config_set_n_rx_descriptors (config, settings->queue_descriptors);
  dpdk_port_config_set_n_tx_descriptors (config, settings->queue_descriptors);
  dpdk_port_config_set_rx_offloads (config, rx);
  dpdk_port_config_set_tx_offloads (config, tx);
  return dpdk_port_configure_with (port, config, error);
}

static DpdkStackOffload
get_wanted_offloads (DpdkPort *port, DpdkDeviceConfig *device, DpdkStackOffload disabled)
{
  DpdkStackOffload wanted = DPDK_STACK_OFFLOAD_RX_CHECKSUM | DPDK_STACK_OFFLOAD_TX_CHECKSUM |
                            DPDK_STACK_OFFLOAD_TSO | DPDK_STACK_OFFLOAD_MULTI_SEGMENTS |
                            DPDK_STACK_OFFLOAD_GRO | DPDK_STACK_OFFLOAD_GSO;

  wanted &= ~(disabled | dpdk_device_config_get_disabled_offloads (device));
  /* It does all in software: it cuts IPv4 only, and refuses segments that fill the MTU. Behind a buffer of
     an odd length it sums up wrongly. */
  if (g_strcmp0 (dpdk_port_get_driver (port), "net_tap") == 0)
    {
      wanted &= ~DPDK_STACK_OFFLOAD_TSO;
      if ((wanted & DPDK_STACK_OFFLOAD_MULTI_SEGMENTS) != 0)
        wanted &= ~DPDK_STACK_OFFLOAD_TX_CHECKSUM;
    }
  if ((wanted & TSO_NEEDS) != TSO_NEEDS)
    wanted &= ~DPDK_STACK_OFFLOAD_TSO;
  return wanted;
}

/* of those that are wanted */
static DpdkStackOffload
get_used_offloads (DpdkPort *port, DpdkStackOffload wanted)
{
  DpdkRxOffload rx = dpdk_port_get_rx_offloads (port);
  DpdkTxOffload tx = dpdk_port_get_tx_offloads (port);
  DpdkStackOffload used = wanted & (DPDK_STACK_OFFLOAD_GRO | DPDK_STACK_OFFLOAD_GSO);

  if ((rx & (DPDK_RX_OFFLOAD_UDP_CHECKSUM | DPDK_RX_OFFLOAD_TCP_CHECKSUM)) != 0)
    used |= DPDK_STACK_OFFLOAD_RX_CHECKSUM;
  if ((tx & TX_CHECKSUMS) == TX_CHECKSUMS)
    used |= DPDK_STACK_OFFLOAD_TX_CHECKSUM;
  if ((tx & DPDK_TX_OFFLOAD_MULTI_SEGMENTS) != 0)
    used |= DPDK_STACK_OFFLOAD_MULTI_SEGMENTS;
  if ((tx & DPDK_TX_OFFLOAD_TCP_TSO) != 0 && (used & TSO_NEEDS) == TSO_NEEDS)
    used = (used | DPDK_STACK_OFFLOAD_TSO) & ~DPDK_STACK_OFFLOAD_GSO;
  return used;
}

static DpdkWorkerPort *
new_worker_port (DpdkPort *port, DpdkDeviceConfig *device, DpdkStackOffload offloads)
{
  DpdkWorkerPort *self = g_new0 (DpdkWorkerPort, 1);
  GPtrArray *addresses = dpdk_device_config_get_addresses (device);
  GInetAddress *v4 = dpdk_device_config_get_gateway_v4 (device);
  GInetAddress *v6 = dpdk_device_config_get_gateway_v6 (device);

  self->port = g_object_ref (port);
  self->offloads = offloads;
  self->addresses = g_array_new (FALSE, TRUE, sizeof (DpdkStackAddress));
  g_array_set_size (self->addresses, addresses->len);
  for (guint i = 0; i < addresses->len; i++)
    {
      DpdkInterfaceAddress *address = g_ptr_array_index (addresses, i);

      set_address (&g_array_index (self->addresses, DpdkStackAddress, i),
                   dpdk_interface_address_get_address (address),
                   dpdk_interface_address_get_prefix_length (address));
    }
  self->has_gateway_v4 = v4 != NULL;
  if (v4 != NULL)
    set_address (&self->gateway_v4, v4, 32);
  self->has_gateway_v6 = v6 != NULL;
  if (v6 != NULL)
    set_address (&self->gateway_v6, v6, 128);
  return self;
}

static guint
get_data_size (GPtrArray *devices)
{
  guint size = MIN_DATA_SIZE;

  for (guint i = 0; i < devices->len; i++)
    size = MAX (size, dpdk_device_config_get_mtu (g_ptr_array_index (devices, i)) + LINK_OVERHEAD);
  return size;
}

/* one pool per NUMA node that has a port */
static DpdkMempool *
get_mempool (DpdkRuntimeParts *parts, const DpdkRuntimePortSettings *settings, GArray *nodes,
             DpdkPort *port, guint data_size, GError **error)
{
  int node = dpdk_port_get_numa_node (port);
  DpdkMempool *mempool;

  for (guint i = 0; i < nodes->len; i++)
    if (g_array_index (nodes, int, i) == node)
      return g_ptr_array_index (parts->mempools, i);
  mempool = dpdk_mempool_new (parts->eal, settings->mempool_size, settings->cache_size, data_size,
                              node, error);
  if (mempool != NULL)
    {
      g_ptr_array_add (parts->mempools, mempool);
      g_array_append_val (nodes, node);
    }
  return mempool;
}

static gboolean
is_port_of (DpdkPort *port, DpdkDeviceConfig *device)
{
  const char *pci_address = dpdk_device_config_get_pci_address (device);
  const char *name = dpdk_port_get_device_name (port);

  if (pci_address != NULL)
    return dpdk_runtime_ports_pci_address_equal (pci_address, name);
  return g_str_equal (dpdk_device_config_get_name (device), name);
}

DpdkPort *
dpdk_runtime_ports_find (GPtrArray *added, DpdkDeviceConfig *device)
{
  for (guint i = 0; i < added->len; i++)
    if (is_port_of (g_ptr_array_index (added, i), device))
      return g_ptr_array_index (added, i);
  return NULL;
}

static gboolean
is_named (DpdkPort *port, GPtrArray *devices)
{
  for (guint i = 0; i < devices->len; i++)
    if (is_port_of (port, g_ptr_array_index (devices, i)))
      return TRUE;
  return FALSE;
}

gboolean
dpdk_runtime_ports_check (GPtrArray *added, GPtrArray *devices, GError **error)
{
  for (guint i = 0; i < added->len; i++)
    {
      DpdkPort *port = g_ptr_array_index (added, i);

      if (!is_named (port, devices))
        g_set_error (error, DPDK_ERROR, DPDK_ERROR_NO_DEVICE,
                     "DpdkRuntimeBuilder: port %s was added, but the configuration has no device "
                     "\"%s\" with role \"dpdk\"",
                     dpdk_port_get_devargs (port), dpdk_port_get_device_name (port));
      else if (dpdk_port_is_started (port))
        g_set_error (error, DPDK_ERROR, DPDK_ERROR_BUSY,
                     "DpdkRuntimeBuilder: port %s was added, but it is started: stop it first",
                     dpdk_port_get_devargs (port));
      else
        continue;
      return FALSE;
    }
  return TRUE;
}

static DpdkPort *
open_port (DpdkEal *eal, DpdkDeviceConfig *device, GError **error)
{
  const char *pci_address = dpdk_device_config_get_pci_address (device);
  const char *original_name = dpdk_device_config_get_original_name (device);
  DpdkPort *port;

  port = dpdk_port_new (
      eal, pci_address != NULL ? pci_address : dpdk_device_config_get_vdev (device), error);
  /* what most often is wrong with a device that was not handed over */
  if (port == NULL && original_name != NULL && if_nametoindex (original_name) != 0)
    g_prefix_error (error, "The kernel still has the device, as %s: ", original_name);
  return port;
}

GPtrArray *
dpdk_runtime_ports_open (DpdkRuntimeParts *parts, GPtrArray *devices,
                         const DpdkRuntimePortSettings *settings, GError **error)
{
  g_autoptr (GPtrArray) worker_ports = g_ptr_array_new_with_free_func (free_worker_port);
  g_autoptr (GArray) nodes = g_array_new (FALSE, FALSE, sizeof (int));
  guint data_size = get_data_size (devices);

  for (guint i = 0; i < devices->len; i++)
    {
      DpdkDeviceConfig *device = g_ptr_array_index (devices, i);
      const char *mac = dpdk_device_config_get_mac (device);
      DpdkPort *port = dpdk_runtime_ports_find (settings->added, device);
      DpdkStackOffload wanted;
      DpdkMempool *mempool;

      port = port != NULL ? g_object_ref (port) : open_port (parts->eal, device, error);
      if (port == NULL)
        return NULL;
      g_ptr_array_add (parts->ports, port);
      dpdk_port_set_interrupts_wanted (port, settings->with_interrupts);
      wanted = get_wanted_offloads (port, device, settings->disabled_offloads);
      mempool = get_mempool (parts, settings, nodes, port, data_size, error);
      if (mempool == NULL || (mac != NULL && !dpdk_port_set_mac (port, mac, error)) ||
          !dpdk_port_set_mtu (port, dpdk_device_config_get_mtu (device), error) ||
          !configure_port (port, mempool, settings, wanted, error) ||
          !dpdk_port_try_all_multicast (port, error) || !dpdk_port_start (port, error))
        return NULL;
      g_ptr_array_add (worker_ports,
                       new_worker_port (port, device, get_used_offloads (port, wanted)));
    }
  return g_steal_pointer (&worker_ports);
}
