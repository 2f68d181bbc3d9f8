/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-test-wire-private.h"
#include "dpdk-tsan-private.h"

#include <rte_errno.h>
#include <rte_ethdev.h>
#include <string.h>

/**
 * DpdkTestLink:
 *
 * Two ports in memory with a cable between them.
 *
 * The ends are numbered 0 and 1. Each is a [class@Dpdk.Port] of the net_ring driver, to be configured
 * and started like any other. What one end sends arrives at the other end, in the receive queue of
 * the same number.
 *
 * A link made by [ctor@DpdkTesting.Link.new] has the transmit queues of an end as the receive queues
 * of the other: nothing is between them, and it is as fast as DPDK. A link made by
 * [ctor@DpdkTesting.Link.new_impaired] has a thread that moves the packets and can lose, delay or
 * change them, and capture them. In its two directions, which are named by the end that sends, it can
 * do different things, and other ones at any time. A packet that is shared with somebody arrives as a
 * copy there.
 *
 * A sender that is faster than the receiver finds its transmit queue full; an impaired link drops
 * nothing but what its [struct@DpdkTesting.Impairment] says.
 *
 * The ports stay linked as long as they are open, even if the link object is dropped.
 *
 * ```c
 * g_autoptr (DpdkTestLink) link = dpdk_test_link_new (eal, 1, &error);
 *
 * for (guint end = 0; end < 2; end++)
 *   {
 *     DpdkPort *port = dpdk_test_link_get_port (link, end);
 *
 *     if (!dpdk_port_configure (port, pool, 1, 128, &error) || !dpdk_port_start (port, &error))
 *       g_error ("%s", error->message);
 *   }
 * dpdk_port_tx_burst (dpdk_test_link_get_port (link, 0), 0, packets, 1);
 * ```
 *
 * Since: 0.1
 */
struct _DpdkTestLink {
  GObject parent_instance;
  DpdkTestWire *wire;
  DpdkPort *ports[2];
};

typedef enum {
  PROP_N_QUEUES = 1,
} DpdkTestLinkProperty;

static GParamSpec *properties[PROP_N_QUEUES + 1];

G_DEFINE_FINAL_TYPE (DpdkTestLink, dpdk_test_link, G_TYPE_OBJECT)

static void
dpdk_test_link_dispose (GObject *object)
{
  DpdkTestLink *self = DPDK_TEST_LINK (object);

  g_clear_object (&self->ports[0]);
  g_clear_object (&self->ports[1]);
  G_OBJECT_CLASS (dpdk_test_link_parent_class)->dispose (object);
}

static void
dpdk_test_link_finalize (GObject *object)
{
  DpdkTestLink *self = DPDK_TEST_LINK (object);

  g_clear_pointer (&self->wire, dpdk_test_wire_unref);
  G_OBJECT_CLASS (dpdk_test_link_parent_class)->finalize (object);
}

static void
dpdk_test_link_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  switch ((DpdkTestLinkProperty) id)
    {
    case PROP_N_QUEUES:
      g_value_set_uint (value, dpdk_test_link_get_n_queues (DPDK_TEST_LINK (object)));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
dpdk_test_link_class_init (DpdkTestLinkClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = dpdk_test_link_dispose;
  object_class->finalize = dpdk_test_link_finalize;
  object_class->get_property = dpdk_test_link_get_property;

  /**
   * DpdkTestLink:n-queues:
   *
   * The number of receive queues, and of transmit queues, of each end.
   *
   * Since: 0.1
   */
  properties[PROP_N_QUEUES] =
      g_param_spec_uint ("n-queues", NULL, NULL, 0, DPDK_TEST_WIRE_MAX_QUEUES, 0,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
dpdk_test_link_init (DpdkTestLink *self)
{
}

static gboolean
open_end (DpdkTestLink *self, guint end, GError **error)
{
  g_autofree char *name = dpdk_test_wire_open_end (self->wire, end, error);

  if (name == NULL)
    return FALSE;
  self->ports[end] = dpdk_port_adopt (self->wire->eal, name, error);
  if (self->ports[end] == NULL)
    dpdk_test_wire_close_end (self->wire, end);
  return self->ports[end] != NULL;
}

static DpdkTestLink *
new_link (DpdkEal *eal, guint n_queues, gboolean is_direct, GError **error)
{
  g_autoptr (DpdkTestLink) self = NULL;

  if (n_queues == 0 || n_queues > DPDK_TEST_WIRE_MAX_QUEUES)
    {
      g_set_error (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT,
                   "DpdkTestLink: %u queues: there can be 1 to %u", n_queues,
                   DPDK_TEST_WIRE_MAX_QUEUES);
      return NULL;
    }
  self = g_object_new (DPDK_TEST_TYPE_LINK, NULL);
  self->wire = dpdk_test_wire_new (eal, n_queues, is_direct, error);
  if (self->wire == NULL || !open_end (self, 0, error) || !open_end (self, 1, error))
    return NULL;
  if (!is_direct)
    dpdk_test_pump_start (self->wire);
  return g_steal_pointer (&self);
}

/**
 * dpdk_test_link_new:
 * @eal: the EAL
 * @n_queues: the number of receive queues, and of transmit queues, of each end: 1 to 16
 * @error: return location for an error
 *
 * Makes a link with nothing between its ends.
 *
 * May be called from any thread but that of a worker.
 *
 * Fails with %DPDK_ERROR_INVALID_ARGUMENT if @n_queues is out of range, with %DPDK_ERROR_NO_MEMORY,
 * and as dpdk_port_adopt() does.
 *
 * Returns: (transfer full): the link
 *
 * Since: 0.1
 */
DpdkTestLink *
dpdk_test_link_new (DpdkEal *eal, guint n_queues, GError **error)
{
  g_return_val_if_fail (DPDK_IS_EAL (eal), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return new_link (eal, n_queues, TRUE, error);
}

/**
 * dpdk_test_link_new_impaired:
 * @eal: the EAL
 * @n_queues: the number of receive queues, and of transmit queues, of each end: 1 to 16
 * @impairment: (nullable): what to do to the packets of both directions, or %NULL for nothing yet
 * @error: return location for an error
 *
 * Makes a link with a thread between its ends.
 *
 * May be called from any thread but that of a worker.
 *
 * Fails as [ctor@DpdkTesting.Link.new] does.
 *
 * Returns: (transfer full): the link
 *
 * Since: 0.1
 */
DpdkTestLink *
dpdk_test_link_new_impaired (DpdkEal *eal, guint n_queues, const DpdkTestImpairment *impairment,
                             GError **error)
{
  g_autoptr (DpdkTestLink) self = NULL;

  g_return_val_if_fail (DPDK_IS_EAL (eal), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  self = new_link (eal, n_queues, FALSE, error);
  for (guint end = 0; self != NULL && impairment != NULL && end < 2; end++)
    if (!dpdk_test_link_set_impairment (self, end, impairment, error))
      return NULL;
  return g_steal_pointer (&self);
}

/**
 * dpdk_test_link_get_n_queues: (get-property n-queues)
 * @self: a link
 *
 * Gets the number of receive queues, and of transmit queues, of each end. May be called from any
 * thread.
 *
 * Returns: the number of queues
 *
 * Since: 0.1
 */
guint
dpdk_test_link_get_n_queues (DpdkTestLink *self)
{
  g_return_val_if_fail (DPDK_TEST_IS_LINK (self), 0);

  return self->wire != NULL ? self->wire->n_queues : 0;
}

/**
 * dpdk_test_link_get_port:
 * @self: a link
 * @end: 0 or 1
 *
 * Gets the port of an end. The link holds it, so it is closed with the link unless somebody else
 * holds it, too.
 *
 * May be called from any thread.
 *
 * Returns: (transfer none): the port
 *
 * Since: 0.1
 */
DpdkPort *
dpdk_test_link_get_port (DpdkTestLink *self, guint end)
{
  g_return_val_if_fail (DPDK_TEST_IS_LINK (self), NULL);
  g_return_val_if_fail (end < 2, NULL);

  return self->ports[end];
}

static gboolean
check_impaired (DpdkTestLink *self, const char *what, GError **error)
{
  if (!self->wire->is_direct)
    return TRUE;
  g_set_error (error, DPDK_ERROR, DPDK_ERROR_NOT_SUPPORTED,
               "DpdkTestLink %u: nothing is between its ends that could %s: make it with "
               "dpdk_test_link_new_impaired()",
               self->wire->number, what);
  return FALSE;
}

/**
 * dpdk_test_link_set_impairment:
 * @self: a link
 * @end: the end that sends, 0 or 1
 * @impairment: (nullable): what to do to its packets, or %NULL for nothing
 * @error: return location for an error
 *
 * Sets what happens to the packets of a direction from now on. Those that are on the link arrive when
 * they would have arrived. The packets are still counted as before, so what happens to the next one
 * depends on how many were before it.
 *
 * May be called from any thread, also that of a worker.
 *
 * Fails with %DPDK_ERROR_NOT_SUPPORTED if the link was made by [ctor@DpdkTesting.Link.new].
 *
 * Returns: %TRUE on success
 *
 * Since: 0.1
 */
gboolean
dpdk_test_link_set_impairment (DpdkTestLink *self, guint end, const DpdkTestImpairment *impairment,
                               GError **error)
{
  const DpdkTestImpairment nothing = { .queue_limit = DPDK_TEST_DEFAULT_QUEUE_LIMIT };

  g_return_val_if_fail (DPDK_TEST_IS_LINK (self), FALSE);
  g_return_val_if_fail (end < 2, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!check_impaired (self, "impair them", error))
    return FALSE;
  dpdk_test_wire_lock (self->wire);
  self->wire->directions[end].impairment = impairment != NULL ? *impairment : nothing;
  dpdk_test_wire_unlock (self->wire);
  return TRUE;
}

/**
 * dpdk_test_link_dup_impairment:
 * @self: a link
 * @end: the end that sends, 0 or 1
 *
 * Gets what happens to the packets of a direction. May be called from any thread.
 *
 * Returns: (transfer full): the impairment
 *
 * Since: 0.1
 */
DpdkTestImpairment *
dpdk_test_link_dup_impairment (DpdkTestLink *self, guint end)
{
  DpdkTestImpairment *impairment;

  g_return_val_if_fail (DPDK_TEST_IS_LINK (self), NULL);
  g_return_val_if_fail (end < 2, NULL);

  dpdk_test_wire_lock (self->wire);
  impairment = dpdk_test_impairment_copy (&self->wire->directions[end].impairment);
  dpdk_test_wire_unlock (self->wire);
  return impairment;
}

/**
 * dpdk_test_link_set_up:
 * @self: a link
 * @end: 0 or 1
 * @up: whether the end has a link
 * @error: return location for an error
 *
 * Plugs the cable in at an end, or pulls it. The port at that end, which must be open, tells so as its
 * link state; it gives no interrupt. While an end is down, packets of both directions are lost.
 *
 * Starting a port makes its link state up.
 *
 * May be called from any thread.
 *
 * Fails with %DPDK_ERROR_NOT_SUPPORTED if the link was made by [ctor@DpdkTesting.Link.new], and with
 * %DPDK_ERROR_CLOSED if the port is closed.
 *
 * Returns: %TRUE on success
 *
 * Since: 0.1
 */
gboolean
dpdk_test_link_set_up (DpdkTestLink *self, guint end, gboolean up, GError **error)
{
  guint16 id;
  int native;

  g_return_val_if_fail (DPDK_TEST_IS_LINK (self), FALSE);
  g_return_val_if_fail (end < 2, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!check_impaired (self, "stop their packets", error))
    return FALSE;
  if (!g_atomic_int_get (&self->wire->open[end]))
    {
      g_set_error (error, DPDK_ERROR, DPDK_ERROR_CLOSED, "DpdkTestLink %u: end %u is closed",
                   self->wire->number, end);
      return FALSE;
    }
  id = self->wire->port_ids[end];
  g_atomic_int_set (&self->wire->up[end], up);
  native = up ? rte_eth_dev_set_link_up (id) : rte_eth_dev_set_link_down (id);
  if (native == 0)
    return TRUE;
  g_set_error (error, DPDK_ERROR, DPDK_ERROR_FAILED,
               "DpdkTestLink %u: setting the link state of end %u: %s (error %d)",
               self->wire->number, end, rte_strerror (-native), -native);
  return FALSE;
}

/* the devices count what their rings took and gave */
static void
get_direct_statistics (DpdkTestWire *wire, guint end, DpdkTestLinkStatistics *statistics)
{
  struct rte_eth_stats sent, received;

  if (!g_atomic_int_get (&wire->open[0]) || !g_atomic_int_get (&wire->open[1]) ||
      rte_eth_stats_get (wire->port_ids[1 - end], &received) != 0 ||
      rte_eth_stats_get (wire->port_ids[end], &sent) != 0)
    return;
  statistics->taken = sent.opackets;
  statistics->passed = MIN (received.ipackets, sent.opackets);
  statistics->pending = statistics->taken - statistics->passed;
}

/**
 * dpdk_test_link_get_statistics:
 * @self: a link
 * @end: the end that sends, 0 or 1
 * @statistics: (out caller-allocates): return location for the counters
 *
 * Gets the counters of a direction. Those of a link made by [ctor@DpdkTesting.Link.new] are those of
 * its ports: zero when one is closed, and what was injected does not count.
 *
 * May be called from any thread.
 *
 * Since: 0.1
 */
void
dpdk_test_link_get_statistics (DpdkTestLink *self, guint end, DpdkTestLinkStatistics *statistics)
{
  g_return_if_fail (DPDK_TEST_IS_LINK (self));
  g_return_if_fail (end < 2);
  g_return_if_fail (statistics != NULL);

  *statistics = (DpdkTestLinkStatistics){ 0 };
  if (self->wire->is_direct)
    {
      get_direct_statistics (self->wire, end, statistics);
      return;
    }
  dpdk_test_wire_lock (self->wire);
  *statistics = self->wire->directions[end].statistics;
  dpdk_test_wire_unlock (self->wire);
}

/**
 * dpdk_test_link_capture:
 * @self: a link
 * @end: the end that sends, 0 or 1
 * @capture: where to keep the packets
 * @error: return location for an error
 *
 * Captures the packets of a direction as they arrive at its other end, until @capture is stopped or
 * dropped.
 *
 * May be called from any thread.
 *
 * Fails with %DPDK_ERROR_NOT_SUPPORTED if the link was made by [ctor@DpdkTesting.Link.new].
 *
 * Returns: %TRUE on success
 *
 * Since: 0.1
 */
gboolean
dpdk_test_link_capture (DpdkTestLink *self, guint end, DpdkTestCapture *capture, GError **error)
{
  GWeakRef *reference;

  g_return_val_if_fail (DPDK_TEST_IS_LINK (self), FALSE);
  g_return_val_if_fail (end < 2, FALSE);
  g_return_val_if_fail (DPDK_TEST_IS_CAPTURE (capture), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!check_impaired (self, "capture their packets", error))
    return FALSE;
  reference = g_new0 (GWeakRef, 1);
  g_weak_ref_init (reference, capture);
  dpdk_test_wire_lock (self->wire);
  g_ptr_array_add (self->wire->directions[end].captures, reference);
  dpdk_test_wire_unlock (self->wire);
  return TRUE;
}

/**
 * dpdk_test_link_inject:
 * @self: a link
 * @end: the end that receives, 0 or 1
 * @frame: a frame from its Ethernet header on, of at most 9728 bytes
 * @error: return location for an error
 *
 * Lets a frame arrive at an end, in its first receive queue, as if from nowhere: it is not impaired,
 * captured or counted.
 *
 * May be called from any thread.
 *
 * Fails with %DPDK_ERROR_INVALID_ARGUMENT if @frame is empty or too long, with %DPDK_ERROR_NO_MEMORY
 * if no buffer is free or the receive queue is full, and with %DPDK_ERROR_CLOSED if the port of the
 * end is closed.
 *
 * Returns: %TRUE on success
 *
 * Since: 0.1
 */
gboolean
dpdk_test_link_inject (DpdkTestLink *self, guint end, GBytes *frame, GError **error)
{
  struct rte_mbuf *mbuf;
  const void *data;
  gsize length;
  char *room;

  g_return_val_if_fail (DPDK_TEST_IS_LINK (self), FALSE);
  g_return_val_if_fail (end < 2, FALSE);
  g_return_val_if_fail (frame != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  data = g_bytes_get_data (frame, &length);
  if (length == 0 || length > dpdk_mempool_get_data_size (self->wire->pool))
    {
      g_set_error (error, DPDK_ERROR, DPDK_ERROR_INVALID_ARGUMENT,
                   "DpdkTestLink %u: a frame of %" G_GSIZE_FORMAT " bytes: there can be 1 to %u",
                   self->wire->number, length, dpdk_mempool_get_data_size (self->wire->pool));
      return FALSE;
    }
  if (!g_atomic_int_get (&self->wire->open[end]))
    {
      g_set_error (error, DPDK_ERROR, DPDK_ERROR_CLOSED, "DpdkTestLink %u: end %u is closed",
                   self->wire->number, end);
      return FALSE;
    }
  mbuf = dpdk_test_wire_alloc (self->wire);
  room = mbuf != NULL ? rte_pktmbuf_append (mbuf, (guint16) length) : NULL;
  if (room != NULL)
    {
      memcpy (room, data, length);
      dpdk_tsan_release ((void *const *) &mbuf, 1);
      if (rte_ring_enqueue (self->wire->directions[1 - end].channels[0].out, mbuf) == 0)
        return TRUE;
    }
  rte_pktmbuf_free (mbuf);
  g_set_error (error, DPDK_ERROR, DPDK_ERROR_NO_MEMORY, "DpdkTestLink %u: %s", self->wire->number,
               mbuf != NULL ? "the receive queue is full" : "all buffers are in use");
  return FALSE;
}
