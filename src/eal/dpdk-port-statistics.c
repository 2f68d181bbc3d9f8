/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-port-internal.h"

#include <errno.h>
#include <rte_ethdev.h>

static gboolean
read_statistics (DpdkPortCall *call, struct rte_eth_stats *statistics)
{
  int native;

  if (!dpdk_port_check_open (call))
    return FALSE;
  native = rte_eth_stats_get (call->self->id, statistics);
  if (native != 0)
    dpdk_port_device_set_error (&call->error, native, NULL, call->self->devargs,
                                "reading statistics");
  return native == 0;
}

static void
statistics_job (gpointer data)
{
  DpdkPortCall *call = data;
  DpdkPortStatistics *statistics = call->data;
  struct rte_eth_stats native;

  if (!read_statistics (call, &native))
    return;
  *statistics = (DpdkPortStatistics){
    .rx_packets = native.ipackets,
    .tx_packets = native.opackets,
    .rx_bytes = native.ibytes,
    .tx_bytes = native.obytes,
    .rx_missed = native.imissed,
    .rx_errors = native.ierrors,
    .tx_errors = native.oerrors,
    .rx_no_memory = native.rx_nombuf,
  };
}

/**
 * dpdk_port_get_statistics:
 * @self: a port
 * @statistics: (out caller-allocates): return location for the counters
 * @error: return location for an error
 *
 * Reads the counters of the device.
 *
 * May be called from any thread but that of a worker.
 *
 * Returns: %TRUE on success
 *
 * Since: 0.1
 */
gboolean
dpdk_port_get_statistics (DpdkPort *self, DpdkPortStatistics *statistics, GError **error)
{
  DpdkPortCall call = { .data = statistics };

  g_return_val_if_fail (DPDK_IS_PORT (self), FALSE);
  g_return_val_if_fail (statistics != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return dpdk_port_control (self, statistics_job, &call, "reading statistics", error);
}

static void
queue_statistics_job (gpointer data)
{
  DpdkPortCall *call = data;
  DpdkPortQueueStatistics *statistics = call->data;
  struct rte_eth_stats native;
  guint queue = call->number;

  if (!read_statistics (call, &native))
    return;
  if (queue >= (guint) MAX (call->self->n_rx_queues, call->self->n_tx_queues))
    g_set_error (&call->error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT,
                 "DpdkPort %s: there is no queue %u", call->self->devargs, queue);
  else if (queue >= RTE_ETHDEV_QUEUE_STAT_CNTRS)
    g_set_error (&call->error, DPDK_ERROR, DPDK_ERROR_NOT_SUPPORTED,
                 "DpdkPort %s: queue %u: DPDK counts for the first %u queues only",
                 call->self->devargs, queue, RTE_ETHDEV_QUEUE_STAT_CNTRS);
  else
    *statistics = (DpdkPortQueueStatistics){
      .rx_packets = native.q_ipackets[queue],
      .tx_packets = native.q_opackets[queue],
      .rx_bytes = native.q_ibytes[queue],
      .tx_bytes = native.q_obytes[queue],
      .rx_dropped = native.q_errors[queue],
    };
}

/**
 * dpdk_port_get_queue_statistics:
 * @self: a port
 * @queue: number of the queue
 * @statistics: (out caller-allocates): return location for the counters
 * @error: return location for an error
 *
 * Reads the counters of the receive and the transmit queue of one number. Those that the device does
 * not keep are 0.
 *
 * May be called from any thread but that of a worker.
 *
 * Fails with %DPDK_ERROR_INVALID_ARGUMENT if there is no such queue, and with
 * %DPDK_ERROR_NOT_SUPPORTED if DPDK has no counters for it; the extended ones may have.
 *
 * Returns: %TRUE on success
 *
 * Since: 0.1
 */
gboolean
dpdk_port_get_queue_statistics (DpdkPort *self, guint queue, DpdkPortQueueStatistics *statistics,
                                GError **error)
{
  DpdkPortCall call = { .number = queue, .data = statistics };

  g_return_val_if_fail (DPDK_IS_PORT (self), FALSE);
  g_return_val_if_fail (statistics != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return dpdk_port_control (self, queue_statistics_job, &call, "reading statistics", error);
}

static void
extended_statistics_job (gpointer data)
{
  DpdkPortCall *call = data;
  g_autofree struct rte_eth_xstat_name *names = NULL;
  g_autofree struct rte_eth_xstat *values = NULL;
  GVariantBuilder *builder = call->data;
  guint16 id = call->self->id;
  int n, n_names, n_values;

  if (!dpdk_port_check_open (call))
    return;
  n = rte_eth_xstats_get_names (id, NULL, 0);
  names = g_new0 (struct rte_eth_xstat_name, (gsize) MAX (n, 0));
  values = g_new0 (struct rte_eth_xstat, (gsize) MAX (n, 0));
  n_names = n > 0 ? rte_eth_xstats_get_names (id, names, (unsigned int) n) : n;
  n_values = n > 0 ? rte_eth_xstats_get (id, values, (unsigned int) n) : n;
  /* a driver that has more of them all of a sudden gives none */
  if (n_names > n || n_values > n)
    n_names = n_values = -EAGAIN;
  if (n < 0 || n_names < 0 || n_values < 0)
    {
      dpdk_port_device_set_error (&call->error, MIN (n, MIN (n_names, n_values)), NULL,
                                  call->self->devargs, "reading extended statistics");
      return;
    }
  for (int i = 0; i < n_values; i++)
    if (values[i].id < (guint64) n_names)
      g_variant_builder_add (builder, "{st}", names[values[i].id].name, values[i].value);
}

/**
 * dpdk_port_dup_extended_statistics:
 * @self: a port
 * @error: return location for an error
 *
 * Reads all counters that the device has, by the names that its driver gives them, such as
 * "rx_good_packets" or "rx_q0_bytes".
 *
 * May be called from any thread but that of a worker.
 *
 * Returns: (transfer full) (nullable): the counters, a dictionary of type `a{st}`
 *
 * Since: 0.1
 */
GVariant *
dpdk_port_dup_extended_statistics (DpdkPort *self, GError **error)
{
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a{st}"));
  DpdkPortCall call = { .data = &builder };

  g_return_val_if_fail (DPDK_IS_PORT (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!dpdk_port_control (self, extended_statistics_job, &call, "reading extended statistics",
                          error))
    return NULL;
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

static void
reset_statistics_job (gpointer data)
{
  DpdkPortCall *call = data;
  int native;

  if (!dpdk_port_check_open (call))
    return;
  native = rte_eth_stats_reset (call->self->id);
  /* of many drivers these are the same */
  if (native == 0)
    native = rte_eth_xstats_reset (call->self->id);
  if (native != 0)
    dpdk_port_device_set_error (&call->error, native, NULL, call->self->devargs,
                                "resetting statistics");
}

/**
 * dpdk_port_reset_statistics:
 * @self: a port
 * @error: return location for an error
 *
 * Sets all counters of the device to 0.
 *
 * May be called from any thread but that of a worker.
 *
 * Fails with %DPDK_ERROR_NOT_SUPPORTED if the device cannot do this.
 *
 * Returns: %TRUE on success
 *
 * Since: 0.1
 */
gboolean
dpdk_port_reset_statistics (DpdkPort *self, GError **error)
{
  DpdkPortCall call = { 0 };

  g_return_val_if_fail (DPDK_IS_PORT (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return dpdk_port_control (self, reset_statistics_job, &call, "resetting statistics", error);
}
