/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-port-settings-private.h"

#include "dpdk-enums.h"

/**
 * DpdkPortConfig:
 *
 * What a [class@Dpdk.Port] is configured with by [method@Dpdk.Port.configure_with].
 *
 * It may be used for any number of ports; what is changed afterwards has no effect on them. It
 * belongs to one thread at a time.
 *
 * ```c
 * g_autoptr (DpdkPortConfig) config = dpdk_port_config_new (pool);
 *
 * dpdk_port_config_set_n_rx_queues (config, 4);
 * dpdk_port_config_set_rx_offloads (config, DPDK_RX_OFFLOAD_RSS_HASH);
 * dpdk_port_configure_with (port, config, &error);
 * ```
 *
 * Since: 0.1
 */
struct _DpdkPortConfig {
  GObject parent_instance;

  DpdkMempool *mempool;
  /* (element-type DpdkMempool): by queue; NULL where it is the common one */
  GPtrArray *queue_mempools;
  guint n_rx_queues;
  guint n_tx_queues;
  guint n_rx_descriptors;
  guint n_tx_descriptors;
  DpdkRxOffload rx_offloads;
  DpdkTxOffload tx_offloads;
};

typedef enum {
  PROP_MEMPOOL = 1,
  PROP_N_RX_QUEUES,
  PROP_N_TX_QUEUES,
  PROP_N_RX_DESCRIPTORS,
  PROP_N_TX_DESCRIPTORS,
  PROP_RX_OFFLOADS,
  PROP_TX_OFFLOADS,
} DpdkPortConfigProperty;

static GParamSpec *properties[PROP_TX_OFFLOADS + 1];

G_DEFINE_FINAL_TYPE (DpdkPortConfig, dpdk_port_config, G_TYPE_OBJECT)

static void
unref_if_set (gpointer object)
{
  if (object != NULL)
    g_object_unref (object);
}

static void
dpdk_port_config_dispose (GObject *object)
{
  DpdkPortConfig *self = DPDK_PORT_CONFIG (object);

  g_clear_object (&self->mempool);
  g_ptr_array_set_size (self->queue_mempools, 0);
  G_OBJECT_CLASS (dpdk_port_config_parent_class)->dispose (object);
}

static void
dpdk_port_config_finalize (GObject *object)
{
  g_ptr_array_unref (DPDK_PORT_CONFIG (object)->queue_mempools);
  G_OBJECT_CLASS (dpdk_port_config_parent_class)->finalize (object);
}

static void
dpdk_port_config_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  DpdkPortConfig *self = DPDK_PORT_CONFIG (object);

  switch ((DpdkPortConfigProperty) id)
    {
    case PROP_MEMPOOL:
      g_value_set_object (value, self->mempool);
      break;
    case PROP_N_RX_QUEUES:
      g_value_set_uint (value, self->n_rx_queues);
      break;
    case PROP_N_TX_QUEUES:
      g_value_set_uint (value, self->n_tx_queues);
      break;
    case PROP_N_RX_DESCRIPTORS:
      g_value_set_uint (value, self->n_rx_descriptors);
      break;
    case PROP_N_TX_DESCRIPTORS:
      g_value_set_uint (value, self->n_tx_descriptors);
      break;
    case PROP_RX_OFFLOADS:
      g_value_set_flags (value, self->rx_offloads);
      break;
    case PROP_TX_OFFLOADS:
      g_value_set_flags (value, self->tx_offloads);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
dpdk_port_config_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  DpdkPortConfig *self = DPDK_PORT_CONFIG (object);

  switch ((DpdkPortConfigProperty) id)
    {
    case PROP_MEMPOOL:
      dpdk_port_config_set_mempool (self, g_value_get_object (value));
      break;
    case PROP_N_RX_QUEUES:
      dpdk_port_config_set_n_rx_queues (self, g_value_get_uint (value));
      break;
    case PROP_N_TX_QUEUES:
      dpdk_port_config_set_n_tx_queues (self, g_value_get_uint (value));
      break;
    case PROP_N_RX_DESCRIPTORS:
      dpdk_port_config_set_n_rx_descriptors (self, g_value_get_uint (value));
      break;
    case PROP_N_TX_DESCRIPTORS:
      dpdk_port_config_set_n_tx_descriptors (self, g_value_get_uint (value));
      break;
    case PROP_RX_OFFLOADS:
      dpdk_port_config_set_rx_offloads (self, g_value_get_flags (value));
      break;
    case PROP_TX_OFFLOADS:
      dpdk_port_config_set_tx_offloads (self, g_value_get_flags (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
dpdk_port_config_class_init (DpdkPortConfigClass *klass)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = dpdk_port_config_dispose;
  object_class->finalize = dpdk_port_config_finalize;
  object_class->get_property = dpdk_port_config_get_property;
  object_class->set_property = dpdk_port_config_set_property;

  /**
   * DpdkPortConfig:mempool:
   *
   * The pool that the receive queues draw from, except those that have one of their own.
   *
   * Since: 0.1
   */
  properties[PROP_MEMPOOL] = g_param_spec_object ("mempool", NULL, NULL, DPDK_TYPE_MEMPOOL, flags);
  /**
   * DpdkPortConfig:n-rx-queues:
   *
   * The number of receive queues.
   *
   * Since: 0.1
   */
  properties[PROP_N_RX_QUEUES] =
      g_param_spec_uint ("n-rx-queues", NULL, NULL, 1, G_MAXUINT16, 1, flags);
  /**
   * DpdkPortConfig:n-tx-queues:
   *
   * The number of transmit queues.
   *
   * Since: 0.1
   */
  properties[PROP_N_TX_QUEUES] =
      g_param_spec_uint ("n-tx-queues", NULL, NULL, 1, G_MAXUINT16, 1, flags);
  /**
   * DpdkPortConfig:n-rx-descriptors:
   *
   * The number of packets that each receive queue has room for; a device may round it.
   *
   * Since: 0.1
   */
  properties[PROP_N_RX_DESCRIPTORS] =
      g_param_spec_uint ("n-rx-descriptors", NULL, NULL, 1, G_MAXUINT16, 512, flags);
  /**
   * DpdkPortConfig:n-tx-descriptors:
   *
   * The number of packets that each transmit queue has room for; a device may round it.
   *
   * Since: 0.1
   */
  properties[PROP_N_TX_DESCRIPTORS] =
      g_param_spec_uint ("n-tx-descriptors", NULL, NULL, 1, G_MAXUINT16, 512, flags);
  /**
   * DpdkPortConfig:rx-offloads:
   *
   * The offloads that are wanted of the receive queues; those that the device cannot do are left out.
   *
   * Since: 0.1
   */
  properties[PROP_RX_OFFLOADS] = g_param_spec_flags (
      "rx-offloads", NULL, NULL, DPDK_TYPE_RX_OFFLOAD, DPDK_RX_OFFLOAD_NONE, flags);
  /**
   * DpdkPortConfig:tx-offloads:
   *
   * The offloads that are wanted of the transmit queues; those that the device cannot do are left out.
   *
   * Since: 0.1
   */
  properties[PROP_TX_OFFLOADS] = g_param_spec_flags (
      "tx-offloads", NULL, NULL, DPDK_TYPE_TX_OFFLOAD, DPDK_TX_OFFLOAD_NONE, flags);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
dpdk_port_config_init (DpdkPortConfig *self)
{
  self->queue_mempools = g_ptr_array_new_with_free_func (unref_if_set);
  self->n_rx_queues = 1;
  self->n_tx_queues = 1;
  self->n_rx_descriptors = 512;
  self->n_tx_descriptors = 512;
}

/**
 * dpdk_port_config_new:
 * @mempool: (nullable): the pool that the receive queues draw from
 *
 * Creates a configuration of one queue each way and no offloads. May be called from any thread.
 *
 * Returns: (transfer full): the configuration
 *
 * Since: 0.1
 */
DpdkPortConfig *
dpdk_port_config_new (DpdkMempool *mempool)
{
  g_return_val_if_fail (mempool == NULL || DPDK_IS_MEMPOOL (mempool), NULL);

  return g_object_new (DPDK_TYPE_PORT_CONFIG, "mempool", mempool, NULL);
}

/**
 * dpdk_port_config_get_mempool: (get-property mempool)
 * @self: a configuration
 *
 * Gets the pool that the receive queues draw from.
 *
 * Returns: (transfer none) (nullable): the pool
 *
 * Since: 0.1
 */
DpdkMempool *
dpdk_port_config_get_mempool (DpdkPortConfig *self)
{
  g_return_val_if_fail (DPDK_IS_PORT_CONFIG (self), NULL);

  return self->mempool;
}

/**
 * dpdk_port_config_set_mempool: (set-property mempool)
 * @self: a configuration
 * @mempool: (nullable): the pool
 *
 * Sets the pool that the receive queues draw from.
 *
 * Since: 0.1
 */
void
dpdk_port_config_set_mempool (DpdkPortConfig *self, DpdkMempool *mempool)
{
  g_return_if_fail (DPDK_IS_PORT_CONFIG (self));
  g_return_if_fail (mempool == NULL || DPDK_IS_MEMPOOL (mempool));

  if (g_set_object (&self->mempool, mempool))
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_MEMPOOL]);
}

/**
 * dpdk_port_config_get_queue_mempool:
 * @self: a configuration
 * @queue: number of the receive queue
 *
 * Gets the pool that a receive queue draws from.
 *
 * Returns: (transfer none) (nullable): the pool
 *
 * Since: 0.1
 */
DpdkMempool *
dpdk_port_config_get_queue_mempool (DpdkPortConfig *self, guint queue)
{
  DpdkMempool *own = NULL;

  g_return_val_if_fail (DPDK_IS_PORT_CONFIG (self), NULL);

  if (queue < self->queue_mempools->len)
    own = g_ptr_array_index (self->queue_mempools, queue);
  return own != NULL ? own : self->mempool;
}

/**
 * dpdk_port_config_set_queue_mempool:
 * @self: a configuration
 * @queue: number of the receive queue
 * @mempool: (nullable): the pool, or %NULL for the common one
 *
 * Sets the pool that one receive queue draws from.
 *
 * Since: 0.1
 */
void
dpdk_port_config_set_queue_mempool (DpdkPortConfig *self, guint queue, DpdkMempool *mempool)
{
  g_return_if_fail (DPDK_IS_PORT_CONFIG (self));
  g_return_if_fail (queue < G_MAXUINT16);
  g_return_if_fail (mempool == NULL || DPDK_IS_MEMPOOL (mempool));

  if (queue >= self->queue_mempools->len)
    g_ptr_array_set_size (self->queue_mempools, (gint) queue + 1);
  unref_if_set (g_ptr_array_index (self->queue_mempools, queue));
  g_ptr_array_index (self->queue_mempools, queue) = mempool != NULL ? g_object_ref (mempool) : NULL;
}

/**
 * dpdk_port_config_get_n_rx_queues: (get-property n-rx-queues)
 * @self: a configuration
 *
 * Gets the number of receive queues.
 *
 * Returns: the number of receive queues
 *
 * Since: 0.1
 */
guint
dpdk_port_config_get_n_rx_queues (DpdkPortConfig *self)
{
  g_return_val_if_fail (DPDK_IS_PORT_CONFIG (self), 0);

  return self->n_rx_queues;
}

/**
 * dpdk_port_config_set_n_rx_queues: (set-property n-rx-queues)
 * @self: a configuration
 * @n_rx_queues: the number of receive queues
 *
 * Sets the number of receive queues.
 *
 * Since: 0.1
 */
void
dpdk_port_config_set_n_rx_queues (DpdkPortConfig *self, guint n_rx_queues)
{
  g_return_if_fail (DPDK_IS_PORT_CONFIG (self));
  g_return_if_fail (n_rx_queues > 0 && n_rx_queues <= G_MAXUINT16);

  if (self->n_rx_queues == n_rx_queues)
    return;
  self->n_rx_queues = n_rx_queues;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_N_RX_QUEUES]);
}

/**
 * dpdk_port_config_get_n_tx_queues: (get-property n-tx-queues)
 * @self: a configuration
 *
 * Gets the number of transmit queues.
 *
 * Returns: the number of transmit queues
 *
 * Since: 0.1
 */
guint
dpdk_port_config_get_n_tx_queues (DpdkPortConfig *self)
{
  g_return_val_if_fail (DPDK_IS_PORT_CONFIG (self), 0);

  return self->n_tx_queues;
}

/**
 * dpdk_port_config_set_n_tx_queues: (set-property n-tx-queues)
 * @self: a configuration
 * @n_tx_queues: the number of transmit queues
 *
 * Sets the number of transmit queues.
 *
 * Since: 0.1
 */
void
dpdk_port_config_set_n_tx_queues (DpdkPortConfig *self, guint n_tx_queues)
{
  g_return_if_fail (DPDK_IS_PORT_CONFIG (self));
  g_return_if_fail (n_tx_queues > 0 && n_tx_queues <= G_MAXUINT16);

  if (self->n_tx_queues == n_tx_queues)
    return;
  self->n_tx_queues = n_tx_queues;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_N_TX_QUEUES]);
}

/**
 * dpdk_port_config_get_n_rx_descriptors: (get-property n-rx-descriptors)
 * @self: a configuration
 *
 * Gets the number of packets that each receive queue has room for.
 *
 * Returns: the number of packets that each receive queue has room for
 *
 * Since: 0.1
 */
guint
dpdk_port_config_get_n_rx_descriptors (DpdkPortConfig *self)
{
  g_return_val_if_fail (DPDK_IS_PORT_CONFIG (self), 0);

  return self->n_rx_descriptors;
}

/**
 * dpdk_port_config_set_n_rx_descriptors: (set-property n-rx-descriptors)
 * @self: a configuration
 * @n_rx_descriptors: the number of packets that each receive queue has room for
 *
 * Sets the number of packets that each receive queue has room for; a device may round it.
 *
 * Since: 0.1
 */
void
dpdk_port_config_set_n_rx_descriptors (DpdkPortConfig *self, guint n_rx_descriptors)
{
  g_return_if_fail (DPDK_IS_PORT_CONFIG (self));
  g_return_if_fail (n_rx_descriptors > 0 && n_rx_descriptors <= G_MAXUINT16);

  if (self->n_rx_descriptors == n_rx_descriptors)
    return;
  self->n_rx_descriptors = n_rx_descriptors;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_N_RX_DESCRIPTORS]);
}

/**
 * dpdk_port_config_get_n_tx_descriptors: (get-property n-tx-descriptors)
 * @self: a configuration
 *
 * Gets the number of packets that each transmit queue has room for.
 *
 * Returns: the number of packets that each transmit queue has room for
 *
 * Since: 0.1
 */
guint
dpdk_port_config_get_n_tx_descriptors (DpdkPortConfig *self)
{
  g_return_val_if_fail (DPDK_IS_PORT_CONFIG (self), 0);

  return self->n_tx_descriptors;
}

/**
 * dpdk_port_config_set_n_tx_descriptors: (set-property n-tx-descriptors)
 * @self: a configuration
 * @n_tx_descriptors: the number of packets that each transmit queue has room for
 *
 * Sets the number of packets that each transmit queue has room for; a device may round it.
 *
 * Since: 0.1
 */
void
dpdk_port_config_set_n_tx_descriptors (DpdkPortConfig *self, guint n_tx_descriptors)
{
  g_return_if_fail (DPDK_IS_PORT_CONFIG (self));
  g_return_if_fail (n_tx_descriptors > 0 && n_tx_descriptors <= G_MAXUINT16);

  if (self->n_tx_descriptors == n_tx_descriptors)
    return;
  self->n_tx_descriptors = n_tx_descriptors;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_N_TX_DESCRIPTORS]);
}

/**
 * dpdk_port_config_get_rx_offloads: (get-property rx-offloads)
 * @self: a configuration
 *
 * Gets the offloads that are wanted of the receive queues.
 *
 * Returns: the offloads that are wanted of the receive queues
 *
 * Since: 0.1
 */
DpdkRxOffload
dpdk_port_config_get_rx_offloads (DpdkPortConfig *self)
{
  g_return_val_if_fail (DPDK_IS_PORT_CONFIG (self), DPDK_RX_OFFLOAD_NONE);

  return self->rx_offloads;
}

/**
 * dpdk_port_config_set_rx_offloads: (set-property rx-offloads)
 * @self: a configuration
 * @rx_offloads: the offloads that are wanted of the receive queues
 *
 * Sets the offloads that are wanted of the receive queues; those that the device cannot do are left out.
 *
 * Since: 0.1
 */
void
dpdk_port_config_set_rx_offloads (DpdkPortConfig *self, DpdkRxOffload rx_offloads)
{
  g_return_if_fail (DPDK_IS_PORT_CONFIG (self));

  if (self->rx_offloads == rx_offloads)
    return;
  self->rx_offloads = rx_offloads;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_RX_OFFLOADS]);
}

/**
 * dpdk_port_config_get_tx_offloads: (get-property tx-offloads)
 * @self: a configuration
 *
 * Gets the offloads that are wanted of the transmit queues.
 *
 * Returns: the offloads that are wanted of the transmit queues
 *
 * Since: 0.1
 */
DpdkTxOffload
dpdk_port_config_get_tx_offloads (DpdkPortConfig *self)
{
  g_return_val_if_fail (DPDK_IS_PORT_CONFIG (self), DPDK_TX_OFFLOAD_NONE);

  return self->tx_offloads;
}

/**
 * dpdk_port_config_set_tx_offloads: (set-property tx-offloads)
 * @self: a configuration
 * @tx_offloads: the offloads that are wanted of the transmit queues
 *
 * Sets the offloads that are wanted of the transmit queues; those that the device cannot do are left out.
 *
 * Since: 0.1
 */
void
dpdk_port_config_set_tx_offloads (DpdkPortConfig *self, DpdkTxOffload tx_offloads)
{
  g_return_if_fail (DPDK_IS_PORT_CONFIG (self));

  if (self->tx_offloads == tx_offloads)
    return;
  self->tx_offloads = tx_offloads;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_TX_OFFLOADS]);
}
