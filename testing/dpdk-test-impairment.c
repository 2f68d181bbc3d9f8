/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-test-impairment-private.h"

G_DEFINE_BOXED_TYPE (DpdkTestImpairment, dpdk_test_impairment, dpdk_test_impairment_copy,
                     dpdk_test_impairment_free)

/**
 * dpdk_test_impairment_new:
 *
 * Creates an impairment that does nothing. Its seed is that of [func@DpdkTesting.get_seed].
 *
 * Returns: (transfer full): the impairment
 *
 * Since: 0.1
 */
DpdkTestImpairment *
dpdk_test_impairment_new (void)
{
  DpdkTestImpairment *self = g_new0 (DpdkTestImpairment, 1);

  self->queue_limit = DPDK_TEST_DEFAULT_QUEUE_LIMIT;
  self->seed = dpdk_test_get_seed ();
  return self;
}

/**
 * dpdk_test_impairment_copy:
 * @self: an impairment
 *
 * Copies an impairment.
 *
 * Returns: (transfer full): the copy
 *
 * Since: 0.1
 */
DpdkTestImpairment *
dpdk_test_impairment_copy (const DpdkTestImpairment *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return g_memdup2 (self, sizeof *self);
}

/**
 * dpdk_test_impairment_free:
 * @self: (transfer full): an impairment
 *
 * Frees an impairment.
 *
 * Since: 0.1
 */
void
dpdk_test_impairment_free (DpdkTestImpairment *self)
{
  g_return_if_fail (self != NULL);

  g_free (self);
}

/**
 * dpdk_test_impairment_set_bandwidth:
 * @self: an impairment
 * @bandwidth: bits of frames per second; 0, the default, for no limit
 *
 * Sets how fast packets go. Those that come faster wait in a queue: see
 * [method@DpdkTesting.Impairment.set_queue_limit]. A frame counts with its Ethernet header, but without
 * preamble, checksum and gap.
 *
 * Since: 0.1
 */
void
dpdk_test_impairment_set_bandwidth (DpdkTestImpairment *self, guint64 bandwidth)
{
  g_return_if_fail (self != NULL);

  self->bandwidth = bandwidth;
}

/**
 * dpdk_test_impairment_get_bandwidth:
 * @self: an impairment
 *
 * Gets what [method@DpdkTesting.Impairment.set_bandwidth] has set.
 *
 * Returns: the bits per second
 *
 * Since: 0.1
 */
guint64
dpdk_test_impairment_get_bandwidth (const DpdkTestImpairment *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->bandwidth;
}

/**
 * dpdk_test_impairment_set_corrupt:
 * @self: an impairment
 * @corrupt: probability, from 0, the default, to 1
 *
 * Sets how many packets get one of their bits flipped, in a copy that the sender does not see. There is
 * no Ethernet checksum that would catch it.
 *
 * Since: 0.1
 */
void
dpdk_test_impairment_set_corrupt (DpdkTestImpairment *self, double corrupt)
{
  g_return_if_fail (self != NULL);
  g_return_if_fail (corrupt >= 0 && corrupt <= 1);

  self->corrupt = corrupt;
}

/**
 * dpdk_test_impairment_get_corrupt:
 * @self: an impairment
 *
 * Gets what [method@DpdkTesting.Impairment.set_corrupt] has set.
 *
 * Returns: the probability
 *
 * Since: 0.1
 */
double
dpdk_test_impairment_get_corrupt (const DpdkTestImpairment *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->corrupt;
}

/**
 * dpdk_test_impairment_set_delay:
 * @self: an impairment
 * @delay: microseconds, 0 by default
 *
 * Sets how long a packet is on its way.
 *
 * Since: 0.1
 */
void
dpdk_test_impairment_set_delay (DpdkTestImpairment *self, guint delay)
{
  g_return_if_fail (self != NULL);

  self->delay = delay;
}

/**
 * dpdk_test_impairment_get_delay:
 * @self: an impairment
 *
 * Gets what [method@DpdkTesting.Impairment.set_delay] has set.
 *
 * Returns: the delay in microseconds
 *
 * Since: 0.1
 */
guint
dpdk_test_impairment_get_delay (const DpdkTestImpairment *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->delay;
}

/**
 * dpdk_test_impairment_set_duplicate:
 * @self: an impairment
 * @duplicate: probability, from 0, the default, to 1
 *
 * Sets how many packets arrive twice, the copy behind the packet.
 *
 * Since: 0.1
 */
void
dpdk_test_impairment_set_duplicate (DpdkTestImpairment *self, double duplicate)
{
  g_return_if_fail (self != NULL);
  g_return_if_fail (duplicate >= 0 && duplicate <= 1);

  self->duplicate = duplicate;
}

/**
 * dpdk_test_impairment_get_duplicate:
 * @self: an impairment
 *
 * Gets what [method@DpdkTesting.Impairment.set_duplicate] has set.
 *
 * Returns: the probability
 *
 * Since: 0.1
 */
double
dpdk_test_impairment_get_duplicate (const DpdkTestImpairment *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->duplicate;
}

/**
 * dpdk_test_impairment_set_jitter:
 * @self: an impairment
 * @jitter: microseconds, 0 by default
 *
 * Sets by how much the delay may be shorter or longer. Packets do not overtake each other by it.
 *
 * Since: 0.1
 */
void
dpdk_test_impairment_set_jitter (DpdkTestImpairment *self, guint jitter)
{
  g_return_if_fail (self != NULL);

  self->jitter = jitter;
}

/**
 * dpdk_test_impairment_get_jitter:
 * @self: an impairment
 *
 * Gets what [method@DpdkTesting.Impairment.set_jitter] has set.
 *
 * Returns: the jitter in microseconds
 *
 * Since: 0.1
 */
guint
dpdk_test_impairment_get_jitter (const DpdkTestImpairment *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->jitter;
}

/**
 * dpdk_test_impairment_set_loss:
 * @self: an impairment
 * @loss: probability, from 0, the default, to 1
 *
 * Sets how many packets are lost.
 *
 * Since: 0.1
 */
void
dpdk_test_impairment_set_loss (DpdkTestImpairment *self, double loss)
{
  g_return_if_fail (self != NULL);
  g_return_if_fail (loss >= 0 && loss <= 1);

  self->loss = loss;
}

/**
 * dpdk_test_impairment_get_loss:
 * @self: an impairment
 *
 * Gets what [method@DpdkTesting.Impairment.set_loss] has set.
 *
 * Returns: the probability
 *
 * Since: 0.1
 */
double
dpdk_test_impairment_get_loss (const DpdkTestImpairment *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->loss;
}

/**
 * dpdk_test_impairment_set_queue_limit:
 * @self: an impairment
 * @queue_limit: number of packets, 1000 by default; 0 for no limit
 *
 * Sets how many packets may wait for a bandwidth; when they are as many, the next one is dropped.
 *
 * Since: 0.1
 */
void
dpdk_test_impairment_set_queue_limit (DpdkTestImpairment *self, guint queue_limit)
{
  g_return_if_fail (self != NULL);

  self->queue_limit = queue_limit;
}

/**
 * dpdk_test_impairment_get_queue_limit:
 * @self: an impairment
 *
 * Gets what [method@DpdkTesting.Impairment.set_queue_limit] has set.
 *
 * Returns: the number of packets
 *
 * Since: 0.1
 */
guint
dpdk_test_impairment_get_queue_limit (const DpdkTestImpairment *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->queue_limit;
}

/**
 * dpdk_test_impairment_set_reorder:
 * @self: an impairment
 * @reorder: probability, from 0, the default, to 1
 *
 * Sets how many packets are put aside until up to eight later ones of their queue have gone before them,
 * but not longer than 5 ms.
 *
 * Since: 0.1
 */
void
dpdk_test_impairment_set_reorder (DpdkTestImpairment *self, double reorder)
{
  g_return_if_fail (self != NULL);
  g_return_if_fail (reorder >= 0 && reorder <= 1);

  self->reorder = reorder;
}

/**
 * dpdk_test_impairment_get_reorder:
 * @self: an impairment
 *
 * Gets what [method@DpdkTesting.Impairment.set_reorder] has set.
 *
 * Returns: the probability
 *
 * Since: 0.1
 */
double
dpdk_test_impairment_get_reorder (const DpdkTestImpairment *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->reorder;
}

/**
 * dpdk_test_impairment_set_seed:
 * @self: an impairment
 * @seed: a number; by default that of [func@DpdkTesting.get_seed]
 *
 * Sets what all decisions come from.
 *
 * Since: 0.1
 */
void
dpdk_test_impairment_set_seed (DpdkTestImpairment *self, guint64 seed)
{
  g_return_if_fail (self != NULL);

  self->seed = seed;
}

/**
 * dpdk_test_impairment_get_seed:
 * @self: an impairment
 *
 * Gets what [method@DpdkTesting.Impairment.set_seed] has set.
 *
 * Returns: the seed
 *
 * Since: 0.1
 */
guint64
dpdk_test_impairment_get_seed (const DpdkTestImpairment *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->seed;
}

/* SplitMix64's finalizer: each bit of the result depends on each bit of @x */
static guint64
mix (guint64 x)
{
  x += G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);
  x = (x ^ x >> 30) * G_GUINT64_CONSTANT (0xbf58476d1ce4e5b9);
  x = (x ^ x >> 27) * G_GUINT64_CONSTANT (0x94d049bb133111eb);
  return x ^ x >> 31;
}

guint64
dpdk_test_impairment_draw (const DpdkTestImpairment *self, guint stream, guint64 index,
                           DpdkTestDecision decision)
{
  return mix (mix (mix (self->seed) + stream) + index * DPDK_TEST_N_DECISIONS + decision);
}

gboolean
dpdk_test_impairment_decide (const DpdkTestImpairment *self, double probability, guint stream,
                             guint64 index, DpdkTestDecision decision)
{
  /* the bits that a double can hold */
  return (double) (dpdk_test_impairment_draw (self, stream, index, decision) >> 11) * 0x1p-53 <
         probability;
}
