/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-port-internal.h"

#include "dpdk-edge-private.h"
#include "dpdk-enums.h"
#include "dpdk-mempool-private.h"
#include "dpdk-notify-private.h"
#include "dpdk-port-list-private.h"

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
 * Receiving and sending by bursts are for one thread per queue at a time and do not check their
 * arguments. All other functions may be called from any thread but that of a worker, also while
 * others receive and send.
 *
 * Properties that change by themselves, such as [property@Dpdk.Port:link-up], are notified in the
 * main context that was the thread's default when the port was made.
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
static GParamSpec *properties[DPDK_PORT_N_PROPS];

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
  g_mutex_clear (&self->queues_lock);
  dpdk_port_device_clear (&self->device);
  dpdk_edge_clear (self, &self->mempool);
  dpdk_edge_clear (self, &self->eal);
  g_main_context_unref (self->context);
  g_free (self->devargs);
  g_free (self->device_name);
  G_OBJECT_CLASS (dpdk_port_parent_class)->finalize (object);
}

static void
dpdk_port_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  DpdkPort *self = DPDK_PORT (object);

  switch ((DpdkPortProperty) id)
    {
    case DPDK_PORT_PROP_EAL:
      g_value_set_object (value, dpdk_port_get_eal (self));
      break;
    case DPDK_PORT_PROP_DEVARGS:
      g_value_set_string (value, dpdk_port_get_devargs (self));
      break;
    case DPDK_PORT_PROP_DRIVER:
      g_value_set_string (value, dpdk_port_get_driver (self));
      break;
    case DPDK_PORT_PROP_ID:
      g_value_set_uint (value, dpdk_port_get_id (self));
      break;
    case DPDK_PORT_PROP_NUMA_NODE:
      g_value_set_int (value, dpdk_port_get_numa_node (self));
      break;
    case DPDK_PORT_PROP_MEMPOOL:
      g_value_set_object (value, dpdk_port_get_mempool (self));
      break;
    case DPDK_PORT_PROP_N_QUEUES:
      g_value_set_uint (value, dpdk_port_get_n_queues (self));
      break;
    case DPDK_PORT_PROP_N_RX_QUEUES:
      g_value_set_uint (value, dpdk_port_get_n_rx_queues (self));
      break;
    case DPDK_PORT_PROP_N_TX_QUEUES:
      g_value_set_uint (value, dpdk_port_get_n_tx_queues (self));
      break;
    case DPDK_PORT_PROP_MAX_QUEUES:
      g_value_set_uint (value, dpdk_port_get_max_queues (self));
      break;
    case DPDK_PORT_PROP_MAC:
      g_value_set_string (value, dpdk_port_get_mac (self));
      break;
    case DPDK_PORT_PROP_MTU:
      g_value_set_uint (value, dpdk_port_get_mtu (self));
      break;
    case DPDK_PORT_PROP_PROMISCUOUS:
      g_value_set_boolean (value, dpdk_port_get_promiscuous (self));
      break;
    case DPDK_PORT_PROP_ALL_MULTICAST:
      g_value_set_boolean (value, dpdk_port_get_all_multicast (self));
      break;
    case DPDK_PORT_PROP_RX_OFFLOAD_CAPABILITIES:
      g_value_set_flags (value, dpdk_port_get_rx_offload_capabilities (self));
      break;
    case DPDK_PORT_PROP_TX_OFFLOAD_CAPABILITIES:
      g_value_set_flags (value, dpdk_port_get_tx_offload_capabilities (self));
      break;
    case DPDK_PORT_PROP_RX_OFFLOADS:
      g_value_set_flags (value, dpdk_port_get_rx_offloads (self));
      break;
    case DPDK_PORT_PROP_TX_OFFLOADS:
      g_value_set_flags (value, dpdk_port_get_tx_offloads (self));
      break;
    case DPDK_PORT_PROP_STARTED:
      g_value_set_boolean (value, dpdk_port_is_started (self));
      break;
    case DPDK_PORT_PROP_REMOVED:
      g_value_set_boolean (value, dpdk_port_is_removed (self));
      break;
    case DPDK_PORT_PROP_LINK_UP:
      g_value_set_boolean (value, dpdk_port_is_link_up (self));
      break;
    case DPDK_PORT_PROP_LINK_SPEED:
      g_value_set_uint (value, dpdk_port_get_link_speed (self));
      break;
    case DPDK_PORT_PROP_LINK_DUPLEX:
      g_value_set_enum (value, dpdk_port_get_link_duplex (self));
      break;
    case DPDK_PORT_N_PROPS:
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
  properties[DPDK_PORT_PROP_EAL] = g_param_spec_object ("eal", NULL, NULL, DPDK_TYPE_EAL, flags);
  /**
   * DpdkPort:devargs:
   *
   * The device arguments that the port was opened with.
   *
   * Since: 0.1
   */
  properties[DPDK_PORT_PROP_DEVARGS] = g_param_spec_string ("devargs", NULL, NULL, NULL, flags);
  /**
   * DpdkPort:driver:
   *
   * The name of the driver.
   *
   * Since: 0.1
   */
  properties[DPDK_PORT_PROP_DRIVER] = g_param_spec_string ("driver", NULL, NULL, NULL, flags);
  /**
   * DpdkPort:id:
   *
   * The number of the port inside DPDK.
   *
   * Since: 0.1
   */
  properties[DPDK_PORT_PROP_ID] = g_param_spec_uint ("id", NULL, NULL, 0, G_MAXUINT, 0, flags);
  /**
   * DpdkPort:numa-node:
   *
   * The NUMA node of the device, or -1 if it has none.
   *
   * Since: 0.1
   */
  properties[DPDK_PORT_PROP_NUMA_NODE] =
      g_param_spec_int ("numa-node", NULL, NULL, -1, G_MAXINT, -1, flags);
  /**
   * DpdkPort:mempool:
   *
   * The pool that the first receive queue draws from, once configured.
   *
   * Since: 0.1
   */
  properties[DPDK_PORT_PROP_MEMPOOL] =
      g_param_spec_object ("mempool", NULL, NULL, DPDK_TYPE_MEMPOOL, flags);
  /**
   * DpdkPort:n-queues:
   *
   * The number of queues that the port has both ways.
   *
   * Since: 0.1
   */
  properties[DPDK_PORT_PROP_N_QUEUES] =
      g_param_spec_uint ("n-queues", NULL, NULL, 0, G_MAXUINT, 0, flags);
  /**
   * DpdkPort:n-rx-queues:
   *
   * The number of receive queues.
   *
   * Since: 0.1
   */
  properties[DPDK_PORT_PROP_N_RX_QUEUES] =
      g_param_spec_uint ("n-rx-queues", NULL, NULL, 0, G_MAXUINT, 0, flags);
  /**
   * DpdkPort:n-tx-queues:
   *
   * The number of transmit queues.
   *
   * Since: 0.1
   */
  properties[DPDK_PORT_PROP_N_TX_QUEUES] =
      g_param_spec_uint ("n-tx-queues", NULL, NULL, 0, G_MAXUINT, 0, flags);
  /**
   * DpdkPort:max-queues:
   *
   * The most queues that the device can have both ways.
   *
   * Since: 0.1
   */
  properties[DPDK_PORT_PROP_MAX_QUEUES] =
      g_param_spec_uint ("max-queues", NULL, NULL, 0, G_MAXUINT, 0, flags);
  /**
   * DpdkPort:mac:
   *
   * The MAC address, as "02:00:00:00:00:01".
   *
   * Since: 0.1
   */
  properties[DPDK_PORT_PROP_MAC] = g_param_spec_string ("mac", NULL, NULL, NULL, flags);
  /**
   * DpdkPort:mtu:
   *
   * The largest layer 3 packet, in bytes.
   *
   * Since: 0.1
   */
  properties[DPDK_PORT_PROP_MTU] = g_param_spec_uint ("mtu", NULL, NULL, 0, G_MAXUINT, 0, flags);
  /**
   * DpdkPort:promiscuous:
   *
   * Whether the port takes all frames, whatever address they are for.
   *
   * Since: 0.1
   */
  properties[DPDK_PORT_PROP_PROMISCUOUS] =
      g_param_spec_boolean ("promiscuous", NULL, NULL, FALSE, flags);
  /**
   * DpdkPort:all-multicast:
   *
   * Whether the port takes all frames to multicast addresses.
   *
   * Since: 0.1
   */
  properties[DPDK_PORT_PROP_ALL_MULTICAST] =
      g_param_spec_boolean ("all-multicast", NULL, NULL, FALSE, flags);
  /**
   * DpdkPort:rx-offload-capabilities:
   *
   * The offloads that the receive queues can do.
   *
   * Since: 0.1
   */
  properties[DPDK_PORT_PROP_RX_OFFLOAD_CAPABILITIES] =
      g_param_spec_flags ("rx-offload-capabilities", NULL, NULL, DPDK_TYPE_RX_OFFLOAD, 0, flags);
  /**
   * DpdkPort:tx-offload-capabilities:
   *
   * The offloads that the transmit queues can do.
   *
   * Since: 0.1
   */
  properties[DPDK_PORT_PROP_TX_OFFLOAD_CAPABILITIES] =
      g_param_spec_flags ("tx-offload-capabilities", NULL, NULL, DPDK_TYPE_TX_OFFLOAD, 0, flags);
  /**
   * DpdkPort:rx-offloads:
   *
   * The offloads that the receive queues were configured with.
   *
   * Since: 0.1
   */
  properties[DPDK_PORT_PROP_RX_OFFLOADS] =
      g_param_spec_flags ("rx-offloads", NULL, NULL, DPDK_TYPE_RX_OFFLOAD, 0, flags);
  /**
   * DpdkPort:tx-offloads:
   *
   * The offloads that the transmit queues were configured with.
   *
   * Since: 0.1
   */
  properties[DPDK_PORT_PROP_TX_OFFLOADS] =
      g_param_spec_flags ("tx-offloads", NULL, NULL, DPDK_TYPE_TX_OFFLOAD, 0, flags);
  /**
   * DpdkPort:started:
   *
   * Whether the port is started.
   *
   * Since: 0.1
   */
  properties[DPDK_PORT_PROP_STARTED] = g_param_spec_boolean ("started", NULL, NULL, FALSE, flags);
  /**
   * DpdkPort:removed:
   *
   * Whether the device was taken away while it was in use.
   *
   * Since: 0.1
   */
  properties[DPDK_PORT_PROP_REMOVED] = g_param_spec_boolean ("removed", NULL, NULL, FALSE, flags);
  /**
   * DpdkPort:link-up:
   *
   * Whether the link of a started port is up.
   *
   * Since: 0.1
   */
  properties[DPDK_PORT_PROP_LINK_UP] = g_param_spec_boolean ("link-up", NULL, NULL, FALSE, flags);
  /**
   * DpdkPort:link-speed:
   *
   * The speed of the link in Mbit/s, or 0 if it is not known.
   *
   * Since: 0.1
   */
  properties[DPDK_PORT_PROP_LINK_SPEED] =
      g_param_spec_uint ("link-speed", NULL, NULL, 0, G_MAXUINT, 0, flags);
  /**
   * DpdkPort:link-duplex:
   *
   * The duplex mode: whether both ends of the link can send at once.
   *
   * Since: 0.1
   */
  properties[DPDK_PORT_PROP_LINK_DUPLEX] = g_param_spec_enum (
      "link-duplex", NULL, NULL, DPDK_TYPE_LINK_DUPLEX, DPDK_LINK_DUPLEX_HALF, flags);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
dpdk_port_init (DpdkPort *self)
{
  self->context = g_main_context_ref_thread_default ();
  g_mutex_init (&self->queues_lock);
  dpdk_port_queues_allocate (self, 0);
}

void
dpdk_port_notify (DpdkPort *self, DpdkPortProperty property)
{
  dpdk_notify_in_context (G_OBJECT (self), self->context, properties[property]);
}

void
dpdk_port_mark_changed (DpdkPort *self)
{
  __atomic_fetch_add (&self->head.n_changes, 1, __ATOMIC_RELEASE);
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
