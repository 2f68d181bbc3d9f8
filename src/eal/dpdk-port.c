/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-port-internal.h"

#include "dpdk-edge-private.h"
#include "dpdk-mempool-private.h"

/**
 * DpdkPort:
 *
 * A network device that DPDK drives.
 *
 * A port is opened by its device arguments: a PCI address such as "0000:28:00.0", or a virtual
 * device with its parameters such as "net_ring0" or "net_tap0,iface=dpdk0". It then is configured,
 * which gives it queues that draw their buffers from a [class@Dpdk.Mempool], and started.
 *
 * A port holds its EAL and its mempool. It is stopped, closed and removed after the last reference
 * is dropped, on a thread of the library.
 *
 * Receiving and sending are for one thread per queue at a time and do not check their arguments.
 * All other functions may be called from any thread but that of a worker.
 *
 * ```c
 * g_autoptr (DpdkPort) port = dpdk_port_new (eal, "net_ring0", &error);
 *
 * if (port == NULL || !dpdk_port_configure (port, pool, 1, 128, &error) ||
 *     !dpdk_port_start (port, &error))
 *   g_error ("%s", error->message);
 *
 * DpdkPacket *packets[32];
 * guint n = dpdk_port_rx_burst (port, 0, packets, 32);
 * ```
 *
 * Since: 0.1
 */
typedef enum {
  PROP_EAL = 1,
  PROP_DEVARGS,
  PROP_DRIVER,
  PROP_ID,
  PROP_MEMPOOL,
  PROP_N_QUEUES,
  PROP_MAX_QUEUES,
  PROP_MAC,
  PROP_MTU,
} DpdkPortProperty;

static GParamSpec *properties[PROP_MTU + 1];

G_DEFINE_FINAL_TYPE (DpdkPort, dpdk_port, G_TYPE_OBJECT)

static void
dpdk_port_finalize (GObject *object)
{
  DpdkPort *self = DPDK_PORT (object);

  if (!dpdk_eal_is_inert ())
    {
      dpdk_port_begin_close (self);
      g_clear_pointer (&self->dependant, dpdk_eal_remove_dependant);
    }
  dpdk_port_queues_free (self);
  dpdk_port_device_clear (&self->device);
  dpdk_edge_clear (self, &self->mempool);
  dpdk_edge_clear (self, &self->eal);
  g_free (self->devargs);
  g_free (self->device_name);
  g_free (self->mac);
  G_OBJECT_CLASS (dpdk_port_parent_class)->finalize (object);
}

static void
dpdk_port_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  DpdkPort *self = DPDK_PORT (object);

  switch ((DpdkPortProperty) id)
    {
    case PROP_EAL:
      g_value_set_object (value, self->eal);
      break;
    case PROP_DEVARGS:
      g_value_set_string (value, self->devargs);
      break;
    case PROP_DRIVER:
      g_value_set_string (value, self->device.driver);
      break;
    case PROP_ID:
      g_value_set_uint (value, self->id);
      break;
    case PROP_MEMPOOL:
      g_value_set_object (value, self->mempool);
      break;
    case PROP_N_QUEUES:
      g_value_set_uint (value, self->n_queues);
      break;
    case PROP_MAX_QUEUES:
      g_value_set_uint (value, self->device.max_queues);
      break;
    case PROP_MAC:
      g_value_set_string (value, self->mac);
      break;
    case PROP_MTU:
      g_value_set_uint (value, self->device.mtu);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
dpdk_port_class_init (DpdkPortClass *klass)
{
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = dpdk_port_finalize;
  object_class->get_property = dpdk_port_get_property;

  /**
   * DpdkPort:eal:
   *
   * The EAL that drives the port.
   *
   * Since: 0.1
   */
  properties[PROP_EAL] = g_param_spec_object ("eal", NULL, NULL, DPDK_TYPE_EAL, flags);
  /**
   * DpdkPort:devargs:
   *
   * The device arguments that the port was opened with.
   *
   * Since: 0.1
   */
  properties[PROP_DEVARGS] = g_param_spec_string ("devargs", NULL, NULL, NULL, flags);
  /**
   * DpdkPort:driver:
   *
   * The name of the driver.
   *
   * Since: 0.1
   */
  properties[PROP_DRIVER] = g_param_spec_string ("driver", NULL, NULL, NULL, flags);
  /**
   * DpdkPort:id:
   *
   * The number of the port inside DPDK.
   *
   * Since: 0.1
   */
  properties[PROP_ID] = g_param_spec_uint ("id", NULL, NULL, 0, G_MAXUINT, 0, flags);
  /**
   * DpdkPort:mempool:
   *
   * The pool that the receive queues draw from, once configured.
   *
   * Since: 0.1
   */
  properties[PROP_MEMPOOL] = g_param_spec_object ("mempool", NULL, NULL, DPDK_TYPE_MEMPOOL, flags);
  /**
   * DpdkPort:n-queues:
   *
   * The number of receive queues, and of transmit queues.
   *
   * Since: 0.1
   */
  properties[PROP_N_QUEUES] = g_param_spec_uint ("n-queues", NULL, NULL, 0, G_MAXUINT, 0, flags);
  /**
   * DpdkPort:max-queues:
   *
   * The most queues that the device can have.
   *
   * Since: 0.1
   */
  properties[PROP_MAX_QUEUES] =
      g_param_spec_uint ("max-queues", NULL, NULL, 0, G_MAXUINT, 0, flags);
  /**
   * DpdkPort:mac:
   *
   * The MAC address, as "02:00:00:00:00:01".
   *
   * Since: 0.1
   */
  properties[PROP_MAC] = g_param_spec_string ("mac", NULL, NULL, NULL, flags);
  /**
   * DpdkPort:mtu:
   *
   * The largest layer 3 packet, in bytes.
   *
   * Since: 0.1
   */
  properties[PROP_MTU] = g_param_spec_uint ("mtu", NULL, NULL, 0, G_MAXUINT, 0, flags);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
dpdk_port_init (DpdkPort *self)
{
  dpdk_port_queues_allocate (self, 0);
}

void
dpdk_port_set_interrupts_wanted (DpdkPort *self, gboolean wanted)
{
  self->interrupts_wanted = wanted;
}

int
dpdk_port_get_queue_fd (DpdkPort *self, guint queue)
{
  return self->interrupts_wanted ? dpdk_port_device_get_queue_fd (&self->device, queue) : -1;
}

int
dpdk_port_get_numa_node_private (DpdkPort *self)
{
  return self->device.numa_node;
}

void
dpdk_port_get_mac_bytes (DpdkPort *self, guint8 bytes[6])
{
  memcpy (bytes, self->device.mac.addr_bytes, 6);
}

/* the PCI address or the name of a virtual device, as the application has written it */
const char *
dpdk_port_get_device_name (DpdkPort *self)
{
  return self->device_name;
}

void
dpdk_port_attach_worker (DpdkPort *self)
{
  g_atomic_int_inc (&self->n_workers);
}

void
dpdk_port_detach_worker (DpdkPort *self)
{
  g_atomic_int_add (&self->n_workers, -1);
}

/**
 * dpdk_port_is_started:
 * @self: a port
 *
 * Whether the port is started. May be called from any thread.
 *
 * Returns: %TRUE if it is
 *
 * Since: 0.1
 */
gboolean
dpdk_port_is_started (DpdkPort *self)
{
  g_return_val_if_fail (DPDK_IS_PORT (self), FALSE);

  return self->started;
}

/**
 * dpdk_port_get_eal: (get-property eal)
 * @self: a port
 *
 * Gets the EAL that drives the port. May be called from any thread.
 *
 * Returns: (transfer none): the EAL that drives the port
 *
 * Since: 0.1
 */
DpdkEal *
dpdk_port_get_eal (DpdkPort *self)
{
  g_return_val_if_fail (DPDK_IS_PORT (self), NULL);

  return self->eal;
}

/**
 * dpdk_port_get_devargs: (get-property devargs)
 * @self: a port
 *
 * Gets the device arguments that the port was opened with. May be called from any thread.
 *
 * Returns: (transfer none): the device arguments that the port was opened with
 *
 * Since: 0.1
 */
const char *
dpdk_port_get_devargs (DpdkPort *self)
{
  g_return_val_if_fail (DPDK_IS_PORT (self), NULL);

  return self->devargs;
}

/**
 * dpdk_port_get_driver: (get-property driver)
 * @self: a port
 *
 * Gets the name of the driver. May be called from any thread.
 *
 * Returns: (transfer none) (nullable): the name of the driver, or %NULL if the port is closed
 *
 * Since: 0.1
 */
const char *
dpdk_port_get_driver (DpdkPort *self)
{
  g_return_val_if_fail (DPDK_IS_PORT (self), NULL);

  return self->device.driver;
}

/**
 * dpdk_port_get_id: (get-property id)
 * @self: a port
 *
 * Gets the number of the port inside DPDK. May be called from any thread.
 *
 * Returns: the number of the port inside DPDK
 *
 * Since: 0.1
 */
guint
dpdk_port_get_id (DpdkPort *self)
{
  g_return_val_if_fail (DPDK_IS_PORT (self), 0);

  return self->id;
}

/**
 * dpdk_port_get_mempool: (get-property mempool)
 * @self: a port
 *
 * Gets the pool that the receive queues draw from. May be called from any thread.
 *
 * Returns: (transfer none) (nullable): the pool that the receive queues draw from, or %NULL if the port is not configured
 *
 * Since: 0.1
 */
DpdkMempool *
dpdk_port_get_mempool (DpdkPort *self)
{
  g_return_val_if_fail (DPDK_IS_PORT (self), NULL);

  return self->mempool;
}

/**
 * dpdk_port_get_n_queues: (get-property n-queues)
 * @self: a port
 *
 * Gets the number of receive queues, and of transmit queues. May be called from any thread.
 *
 * Returns: the number of receive queues, and of transmit queues
 *
 * Since: 0.1
 */
guint
dpdk_port_get_n_queues (DpdkPort *self)
{
  g_return_val_if_fail (DPDK_IS_PORT (self), 0);

  return self->n_queues;
}

/**
 * dpdk_port_get_max_queues: (get-property max-queues)
 * @self: a port
 *
 * Gets the most queues that the device can have. May be called from any thread.
 *
 * Returns: the most queues that the device can have
 *
 * Since: 0.1
 */
guint
dpdk_port_get_max_queues (DpdkPort *self)
{
  g_return_val_if_fail (DPDK_IS_PORT (self), 0);

  return self->device.max_queues;
}

/**
 * dpdk_port_get_mac: (get-property mac)
 * @self: a port
 *
 * Gets the MAC address, as "02:00:00:00:00:01". May be called from any thread.
 *
 * Returns: (transfer none): the MAC address, as "02:00:00:00:00:01"
 *
 * Since: 0.1
 */
const char *
dpdk_port_get_mac (DpdkPort *self)
{
  g_return_val_if_fail (DPDK_IS_PORT (self), NULL);

  return self->mac;
}

/**
 * dpdk_port_get_mtu: (get-property mtu)
 * @self: a port
 *
 * Gets the largest layer 3 packet, in bytes. May be called from any thread.
 *
 * Returns: the largest layer 3 packet, in bytes
 *
 * Since: 0.1
 */
guint
dpdk_port_get_mtu (DpdkPort *self)
{
  g_return_val_if_fail (DPDK_IS_PORT (self), 0);

  return self->device.mtu;
}
