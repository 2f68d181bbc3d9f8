/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* the thread that moves the packets of a wire and does to them what its impairments say */
#include "dpdk-test-capture-private.h"
#include "dpdk-test-wire-private.h"
#include "dpdk-tsan-private.h"

#include <rte_mempool.h>
#include <time.h>

#define BURST 32
/* what a packet may need in copies */
#define MAX_COPIES 3
#define MAX_GAP 8
#define HOLD_NS (5 * 1000 * 1000)
#define SPIN_NS (50 * 1000)
#define SLEEP_NS (50 * 1000)
#define NS_PER_US 1000
#define NS_PER_SECOND G_GINT64_CONSTANT (1000000000)

typedef struct {
  struct rte_mbuf *mbuf;
  guint64 index;
  guint n_left;
  guint n_overtaken_by;
  gint64 until;
} Held;

typedef struct {
  struct rte_mbuf *mbuf;
  guint queue;
  gint64 sent;
  gint64 due;
} Travelling;

static gint64
get_now (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

void
dpdk_test_direction_init (DpdkTestDirection *self, guint n_queues)
{
  self->impairment.queue_limit = DPDK_TEST_DEFAULT_QUEUE_LIMIT;
  self->captures = g_ptr_array_new ();
  for (guint i = 0; i < n_queues; i++)
    self->channels[i].held = g_array_new (FALSE, FALSE, sizeof (Held));
}

static void
free_weak_ref (gpointer data)
{
  g_weak_ref_clear (data);
  g_free (data);
}

static void
free_travelling (gpointer data)
{
  rte_pktmbuf_free (((Travelling *) data)->mbuf);
  g_free (data);
}

void
dpdk_test_direction_clear (DpdkTestDirection *self, guint n_queues)
{
  g_ptr_array_set_free_func (self->captures, free_weak_ref);
  g_ptr_array_unref (self->captures);
  for (guint i = 0; i < n_queues; i++)
    {
      GArray *held = self->channels[i].held;

      for (guint j = 0; j < held->len; j++)
        rte_pktmbuf_free (g_array_index (held, Held, j).mbuf);
      g_array_unref (held);
    }
  g_queue_clear_full (&self->line, free_travelling);
}

/* no two streams of a link make the same decisions */
static guint
get_stream (guint direction, guint queue)
{
  return direction * DPDK_TEST_WIRE_MAX_QUEUES + queue;
}

static gboolean
is_connected (DpdkTestWire *wire)
{
  for (guint i = 0; i < 2; i++)
    if (!g_atomic_int_get (&wire->open[i]) || !g_atomic_int_get (&wire->up[i]))
      return FALSE;
  return TRUE;
}

static void
lose (DpdkTestDirection *self, struct rte_mbuf *mbuf)
{
  rte_pktmbuf_free (mbuf);
  self->statistics.lost++;
}

static void
forget_sent (DpdkTestDirection *self, gint64 now)
{
  while (self->waiting != NULL && ((Travelling *) self->waiting->data)->sent <= now)
    {
      self->waiting = self->waiting->next;
      self->n_waiting--;
    }
}

static gint64
get_travel_time (const DpdkTestImpairment *impairment, guint stream, guint64 index,
                 DpdkTestDecision decision)
{
  gint64 delay = (gint64) impairment->delay * NS_PER_US;
  guint64 range = (guint64) impairment->jitter * NS_PER_US;

  if (range > 0)
    delay += (gint64) (dpdk_test_impairment_draw (impairment, stream, index, decision) %
                       (2 * range + 1)) -
             (gint64) range;
  return MAX (delay, 0);
}

/* through the queue in front of the bandwidth, onto the line */
static void
send (DpdkTestDirection *self, struct rte_mbuf *mbuf, guint queue, gint64 travel_time, gint64 now)
{
  const DpdkTestImpairment *impairment = &self->impairment;
  Travelling *travelling;

  forget_sent (self, now);
  if (impairment->bandwidth > 0 && impairment->queue_limit > 0 &&
      self->n_waiting >= impairment->queue_limit)
    {
      rte_pktmbuf_free (mbuf);
      self->statistics.queue_dropped++;
      return;
    }
  travelling = g_new0 (Travelling, 1);
  travelling->mbuf = mbuf;
  travelling->queue = queue;
  travelling->sent = now;
  if (impairment->bandwidth > 0)
    {
      double ns = (double) rte_pktmbuf_pkt_len (mbuf) * 8 * NS_PER_SECOND / impairment->bandwidth;

      self->free_at = MAX (self->free_at, now) + (gint64) MAX (ns, 1);
      travelling->sent = self->free_at;
    }
  travelling->due = self->last_due = MAX (self->last_due, travelling->sent + travel_time);
  g_queue_push_tail (&self->line, travelling);
  if (travelling->sent > now || self->waiting != NULL)
    {
      if (self->waiting == NULL)
        self->waiting = self->line.tail;
      self->n_waiting++;
    }
}

static void
release_held (DpdkTestDirection *self, guint direction, guint queue, gint64 now, gboolean overtaken)
{
  GArray *held = self->channels[queue].held;

  for (guint i = 0; i < held->len;)
    {
      Held *entry = &g_array_index (held, Held, i);
      Held copy;

      if (overtaken)
        {
          entry->n_overtaken_by++;
          entry->n_left--;
        }
      if (entry->n_left > 0 && now < entry->until)
        {
          i++;
          continue;
        }
      copy = *entry;
      g_array_remove_index (held, i);
      if (copy.n_overtaken_by > 0)
        self->statistics.reordered++;
      send (self, copy.mbuf, queue,
            get_travel_time (&self->impairment, get_stream (direction, queue), copy.index,
                             DPDK_TEST_DECISION_JITTER),
            now);
    }
}

static void
flip_bit (struct rte_mbuf *mbuf, guint64 random)
{
  guint64 bit = random % ((guint64) rte_pktmbuf_pkt_len (mbuf) * 8);
  guint offset = (guint) (bit / 8);
  struct rte_mbuf *segment = mbuf;

  while (offset >= rte_pktmbuf_data_len (segment))
    {
      offset -= rte_pktmbuf_data_len (segment);
      segment = segment->next;
    }
  *rte_pktmbuf_mtod_offset (segment, guint8 *, offset) ^= (guint8) (1u << bit % 8);
}

static gboolean
is_shared (struct rte_mbuf *mbuf)
{
  for (; mbuf != NULL; mbuf = mbuf->next)
    if (rte_mbuf_refcnt_read (mbuf) > 1 || !RTE_MBUF_DIRECT (mbuf))
      return TRUE;
  return FALSE;
}

/* a receiver may write into what it receives, so it gets what nobody else has */
static gboolean
make_own (DpdkTestWire *wire, struct rte_mbuf **mbuf, gboolean is_needed)
{
  struct rte_mbuf *copy;

  if (!is_needed)
    return TRUE;
  copy = dpdk_test_wire_copy (wire, *mbuf);
  if (copy == NULL)
    return FALSE;
  rte_pktmbuf_free (*mbuf);
  *mbuf = copy;
  return TRUE;
}

static void
take (DpdkTestWire *wire, guint direction, guint queue, struct rte_mbuf *mbuf, gint64 now)
{
  DpdkTestDirection *self = &wire->directions[direction];
  DpdkTestChannel *channel = &self->channels[queue];
  const DpdkTestImpairment *impairment = &self->impairment;
  guint stream = get_stream (direction, queue);
  guint64 index = channel->index++;
  struct rte_mbuf *duplicate = NULL;

#define DECIDE(what, decision)                                                                     \
  (impairment->what > 0 && dpdk_test_impairment_decide (impairment, impairment->what, stream,      \
                                                        index, DPDK_TEST_DECISION_##decision))
  self->statistics.taken++;
  if (!is_connected (wire) || DECIDE (loss, LOSS) || !make_own (wire, &mbuf, is_shared (mbuf)))
    {
      lose (self, mbuf);
      return;
    }
  if (DECIDE (duplicate, DUPLICATE))
    duplicate = dpdk_test_wire_copy (wire, mbuf);
  if (DECIDE (corrupt, CORRUPT) && make_own (wire, &mbuf, TRUE))
    {
      flip_bit (mbuf, dpdk_test_impairment_draw (impairment, stream, index,
                                                 DPDK_TEST_DECISION_CORRUPT_BIT));
      self->statistics.corrupted++;
    }
  if (DECIDE (reorder, REORDER))
    {
      const Held held = {
        .mbuf = mbuf,
        .index = index,
        .n_left = 1 + (guint) (dpdk_test_impairment_draw (impairment, stream, index,
                                                          DPDK_TEST_DECISION_REORDER_GAP) %
                               MAX_GAP),
        .until = now + HOLD_NS,
      };

      g_array_append_val (channel->held, held);
    }
  else
    {
      send (self, mbuf, queue,
            get_travel_time (impairment, stream, index, DPDK_TEST_DECISION_JITTER), now);
      release_held (self, direction, queue, now, TRUE);
    }
  if (duplicate != NULL)
    {
      self->statistics.duplicated++;
      send (self, duplicate, queue,
            get_travel_time (impairment, stream, index, DPDK_TEST_DECISION_JITTER_OF_DUPLICATE),
            now);
    }
#undef DECIDE
}

static void
capture (DpdkTestDirection *self, struct rte_mbuf *mbuf)
{
  g_autofree guint8 *room = NULL;
  const guint8 *data;

  if (self->captures->len == 0)
    return;
  if (mbuf->nb_segs > 1)
    room = g_malloc (rte_pktmbuf_pkt_len (mbuf));
  data = rte_pktmbuf_read (mbuf, 0, rte_pktmbuf_pkt_len (mbuf), room);
  for (guint i = 0; i < self->captures->len;)
    {
      GWeakRef *reference = g_ptr_array_index (self->captures, i);
      g_autoptr (DpdkTestCapture) one = g_weak_ref_get (reference);

      if (one == NULL || dpdk_test_capture_is_stopped (one))
        {
          g_ptr_array_remove_index (self->captures, i);
          free_weak_ref (reference);
          continue;
        }
      dpdk_test_capture_offer (one, data, rte_pktmbuf_pkt_len (mbuf));
      i++;
    }
}

/* a receiver that does not look gets nothing more, but nothing is lost by that */
static guint
deliver (DpdkTestWire *wire, guint direction, gint64 now)
{
  DpdkTestDirection *self = &wire->directions[direction];
  Travelling *travelling;
  guint n = 0;

  while ((travelling = g_queue_peek_head (&self->line)) != NULL && travelling->due <= now)
    {
      struct rte_ring *out = self->channels[travelling->queue].out;
      gboolean connected = is_connected (wire);

      if (connected && rte_ring_full (out))
        break;
      forget_sent (self, now);
      g_queue_pop_head (&self->line);
      n++;
      if (connected)
        {
          /* before the receiver has it: then it may be anything */
          capture (self, travelling->mbuf);
          self->statistics.passed++;
        }
      dpdk_tsan_release ((void *const *) &travelling->mbuf, 1);
      if (!connected || rte_ring_enqueue (out, travelling->mbuf) != 0)
        {
          self->statistics.passed -= connected ? 1 : 0;
          lose (self, travelling->mbuf);
        }
      g_free (travelling);
    }
  return n;
}

static gboolean
is_blocked (DpdkTestDirection *self, gint64 now)
{
  Travelling *first = g_queue_peek_head (&self->line);

  return first != NULL && first->due <= now;
}

static guint
run_direction (DpdkTestWire *wire, guint direction)
{
  DpdkTestDirection *self = &wire->directions[direction];
  gint64 now = get_now ();
  guint n = deliver (wire, direction, now);

  for (guint queue = 0; queue < wire->n_queues && !is_blocked (self, now); queue++)
    {
      struct rte_mbuf *packets[BURST];
      guint n_copies = rte_mempool_avail_count (wire->native_pool) / MAX_COPIES;
      guint n_taken = rte_ring_dequeue_burst (self->channels[queue].in, (void **) packets,
                                              MIN (BURST, n_copies), NULL);

      dpdk_tsan_acquire ((void *const *) packets, n_taken);
      for (guint i = 0; i < n_taken; i++)
        take (wire, direction, queue, packets[i], now);
      release_held (self, direction, queue, now, FALSE);
      n += n_taken;
    }
  n += deliver (wire, direction, now);
  self->statistics.pending = self->line.length;
  for (guint queue = 0; queue < wire->n_queues; queue++)
    self->statistics.pending += self->channels[queue].held->len;
  return n;
}

static void
fall_asleep (void)
{
  const struct timespec time = { .tv_nsec = SLEEP_NS };

  clock_nanosleep (CLOCK_MONOTONIC, 0, &time, NULL);
}

static gpointer
pump_main (gpointer data)
{
  DpdkTestWire *wire = data;
  gint64 idle_since = get_now ();

  /* DPDK does not know this thread: so no buffer stays in a cache of its own, and the owner of a pool
     may free it as soon as the last buffer is home */
  while (g_atomic_int_get (&wire->open[0]) || g_atomic_int_get (&wire->open[1]))
    {
      guint n;

      while (g_atomic_int_get (&wire->n_lock_waiters) > 0)
        g_thread_yield ();
      g_mutex_lock (&wire->lock);
      n = run_direction (wire, 0) + run_direction (wire, 1);
      g_mutex_unlock (&wire->lock);
      if (n > 0)
        idle_since = get_now ();
      else if (get_now () - idle_since > SPIN_NS)
        fall_asleep ();
    }
  dpdk_test_wire_unref (wire);
  return NULL;
}

void
dpdk_test_pump_start (DpdkTestWire *wire)
{
  g_thread_unref (g_thread_new ("dpdk-test-pump", pump_main, dpdk_test_wire_ref (wire)));
}
