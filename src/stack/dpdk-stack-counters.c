/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-stack-private.h"
#include "dpdk-tsan-private.h"

#include <lwip/stats.h>

/**
 * DpdkStackCounters:
 *
 * What the TCP/IP stack of a [class@Dpdk.Worker] has counted, at one moment; see
 * [method@Dpdk.Worker.dup_stack_counters].
 *
 * ```c
 * g_autoptr (DpdkStackCounters) counters = dpdk_worker_dup_stack_counters (worker);
 *
 * g_print ("%" G_GUINT64_FORMAT " segments were sent again\n",
 *          dpdk_stack_counters_get_value (counters, DPDK_STACK_COUNTER_TCP_RETRANSMITTED));
 * ```
 *
 * Since: 0.1
 */
G_DEFINE_BOXED_TYPE (DpdkStackCounters, dpdk_stack_counters, dpdk_stack_counters_copy,
                     dpdk_stack_counters_free)

/**
 * DpdkStackCounter:
 * @DPDK_STACK_COUNTER_DROPPED_CHECKSUM: packets with a wrong checksum
 * @DPDK_STACK_COUNTER_DROPPED_LENGTH: packets that were too short, or whose length field was wrong
 * @DPDK_STACK_COUNTER_DROPPED_HEADER: packets of ARP and IP with any other fault in the header
 * @DPDK_STACK_COUNTER_DROPPED_FRAGMENT: fragments that could not be put together
 * @DPDK_STACK_COUNTER_DROPPED_UDP_PORT: datagrams to a port that nobody has bound
 * @DPDK_STACK_COUNTER_DROPPED_TCP_PORT: segments of no connection and to no listener; they are
 *   answered with a reset
 * @DPDK_STACK_COUNTER_DROPPED_TCP_WINDOW: segments outside the window (RFC 9293, 3.10.7.4)
 * @DPDK_STACK_COUNTER_DROPPED_TCP_ACK: segments without an acknowledgement, or with one of something
 *   that cannot be acknowledged (RFC 5961, section 5)
 * @DPDK_STACK_COUNTER_DROPPED_TCP_TIMESTAMP: segments with an old timestamp, or without the one that
 *   was agreed on (RFC 7323)
 * @DPDK_STACK_COUNTER_DROPPED_TCP_MEMORY_SYN: new connections that were refused, without an answer,
 *   because the memory budget was spent
 * @DPDK_STACK_COUNTER_DROPPED_TCP_MEMORY_DATA: segments for connections with unread data, because the
 *   memory budget was spent; the peer sends them again
 * @DPDK_STACK_COUNTER_DROPPED_TCP_MEMORY_ORDER: segments out of order, because the memory budget was
 *   nearly spent; they are the first to be dropped, and the peer sends them again
 * @DPDK_STACK_COUNTER_OUT_OF_MEMORY: packets that were not sent or received for want of memory
 * @DPDK_STACK_COUNTER_NO_ROUTE: packets that were not sent because no interface leads to their
 *   destination
 * @DPDK_STACK_COUNTER_RX_CHECKSUM_OFFLOADED: received packets of TCP and UDP whose checksum the stack did
 *   not verify because the device, or GRO, had done so
 * @DPDK_STACK_COUNTER_TX_CHECKSUM_OFFLOADED: packets of TCP and UDP whose checksum was left to the
 *   device
 * @DPDK_STACK_COUNTER_TSO_SEGMENTS: segments that went to the device as part of a larger one, without
 *   the first of each
 * @DPDK_STACK_COUNTER_GRO_SEGMENTS: segments that GRO made part of a larger one, without the first of
 *   each
 * @DPDK_STACK_COUNTER_GSO_SEGMENTS: segments that were cut from a larger one before they were handed to
 *   the device, without the first of each
 * @DPDK_STACK_COUNTER_TX_REFERENCES: pieces of data that were sent from where a write had copied them to,
 *   without another copy: of 2 KiB or more, where the device makes checksums and takes packets of
 *   several buffers
 * @DPDK_STACK_COUNTER_TCP_RECEIVED: segments received
 * @DPDK_STACK_COUNTER_TCP_SENT: segments sent, also those sent again
 * @DPDK_STACK_COUNTER_TCP_RETRANSMITTED: segments sent again
 * @DPDK_STACK_COUNTER_TCP_TIMEOUTS: retransmission timeouts (RFC 6298)
 * @DPDK_STACK_COUNTER_TCP_RECOVERIES: recoveries without a timeout (RFC 6582, RFC 8985)
 * @DPDK_STACK_COUNTER_TCP_TAIL_LOSS_PROBES: tail loss probes (RFC 8985)
 * @DPDK_STACK_COUNTER_TCP_DUPLICATES: reports of peers that they have received something twice
 *   (RFC 2883): it was sent again without need
 * @DPDK_STACK_COUNTER_TCP_COOKIES_SENT: SYNs that were answered with a cookie (RFC 4987) because the
 *   backlog of the listener was full
 * @DPDK_STACK_COUNTER_TCP_COOKIES_ACCEPTED: connections that were made from a cookie
 * @DPDK_STACK_COUNTER_TCP_COOKIES_REJECTED: acknowledgements to a listener that belong to no
 *   connection and hold no cookie
 * @DPDK_STACK_COUNTER_TCP_CHALLENGE_ACKS: challenge ACKs (RFC 5961)
 * @DPDK_STACK_COUNTER_TCP_CHALLENGE_ACKS_HELD: challenge ACKs that were not sent because the
 *   connection had sent one just before
 * @DPDK_STACK_COUNTER_TCP_RESETS_SENT: resets sent
 * @DPDK_STACK_COUNTER_TCP_RESETS_HELD: segments of no connection that were not answered with a reset
 *   because there were more than a thousand in that second
 * @DPDK_STACK_COUNTER_TCP_TIME_WAIT_REUSED: connections in TIME-WAIT that gave way to a new one of the
 *   same peer (RFC 6191)
 * @DPDK_STACK_COUNTER_TCP_TIME_WAIT_ENDED: connections that left TIME-WAIT before their time because
 *   there were more than [property@Dpdk.Config:max-time-wait], or no memory
 * @DPDK_STACK_COUNTER_TCP_ECN_MARKED: segments received that a router had marked because of congestion
 *   (RFC 3168)
 * @DPDK_STACK_COUNTER_TCP_ECN_REDUCED: how often a connection has sent less because its peer had
 *   received marked segments
 * @DPDK_STACK_COUNTER_TCP_PATH_MTU: how often a connection has made its segments smaller because its
 *   path takes no larger ones (RFC 1191, RFC 8201, RFC 2923)
 * @DPDK_STACK_COUNTER_TCP_ICMP_IGNORED: ICMP errors about segments that are not on the way
 *   (RFC 5927)
 * @DPDK_STACK_COUNTER_MEMORY_REACHED: times that the memory budget was spent
 * @DPDK_STACK_COUNTER_MEMORY_USED: bytes that connections take now: their state, what they are to
 *   send, and what was received and not read, or is read in place, with the whole buffers that it is
 *   in
 * @DPDK_STACK_COUNTER_MEMORY_LIMIT: the memory budget, see
 *   [method@Dpdk.RuntimeBuilder.set_memory_budget]
 * @DPDK_STACK_COUNTER_TCP_CONNECTIONS: connections that there are now, those in TIME-WAIT included
 * @DPDK_STACK_COUNTER_TCP_TIME_WAIT: connections that are in TIME-WAIT now
 * @DPDK_STACK_COUNTER_TCP_HASH_BUCKETS: the buckets of the table in which connections are found, each
 *   with room for seven: there should be one for every three connections, or more
 *
 * What is counted. All but the last five count events since the worker was started.
 *
 * Since: 0.1
 */

/* others read while the stack counts; no value is torn, but one may be newer than another */
DPDK_TSAN_READS_COUNTERS static guint64
load (const u64_t *counter)
{
  G_STATIC_ASSERT (sizeof (STAT_COUNTER) == sizeof (u64_t));
  return __atomic_load_n (counter, __ATOMIC_RELAXED);
}

void
dpdk_stack_get_counters (DpdkStack *self, DpdkStackCounters *counters)
{
  const struct stats_ *s = self->lwip_statistics;
  const struct stats_tcp_events *events = &s->tcp_events;
  const struct stats_proto *protocols[] = { &s->etharp, &s->ip_frag, &s->ip,  &s->icmp,
                                            &s->udp,    &s->tcp,     &s->ip6, &s->ip6_frag,
                                            &s->icmp6,  &s->nd6 };
  const struct stats_igmp *groups[] = { &s->igmp, &s->mld6 };
  guint64 *values = counters->values;

  *counters = (DpdkStackCounters){ 0 };
  for (guint i = 0; i < G_N_ELEMENTS (protocols); i++)
    {
      values[DPDK_STACK_COUNTER_DROPPED_CHECKSUM] += load (&protocols[i]->chkerr);
      values[DPDK_STACK_COUNTER_DROPPED_LENGTH] += load (&protocols[i]->lenerr);
      values[DPDK_STACK_COUNTER_OUT_OF_MEMORY] += load (&protocols[i]->memerr);
      values[DPDK_STACK_COUNTER_NO_ROUTE] += load (&protocols[i]->rterr);
    }
  for (guint i = 0; i < G_N_ELEMENTS (groups); i++)
    {
      values[DPDK_STACK_COUNTER_DROPPED_CHECKSUM] += load (&groups[i]->chkerr);
      values[DPDK_STACK_COUNTER_DROPPED_LENGTH] += load (&groups[i]->lenerr);
      values[DPDK_STACK_COUNTER_OUT_OF_MEMORY] += load (&groups[i]->memerr);
    }
  values[DPDK_STACK_COUNTER_DROPPED_HEADER] =
      load (&s->etharp.proterr) + load (&s->ip.err) + load (&s->ip6.err);
  values[DPDK_STACK_COUNTER_RX_CHECKSUM_OFFLOADED] = load (&self->rx_checksums);
  values[DPDK_STACK_COUNTER_TX_CHECKSUM_OFFLOADED] = load (&self->tx_checksums);
  values[DPDK_STACK_COUNTER_TSO_SEGMENTS] = load (&self->tso_segments);
  values[DPDK_STACK_COUNTER_GRO_SEGMENTS] = load (&self->gro_segments);
  values[DPDK_STACK_COUNTER_GSO_SEGMENTS] = load (&self->gso_segments);
  values[DPDK_STACK_COUNTER_TX_REFERENCES] = load (&self->tx_references);
  values[DPDK_STACK_COUNTER_DROPPED_FRAGMENT] = load (&s->ip_frag.drop) + load (&s->ip6_frag.drop);
  values[DPDK_STACK_COUNTER_DROPPED_UDP_PORT] = load (&s->udp.proterr);
  values[DPDK_STACK_COUNTER_TCP_RECEIVED] = load (&s->tcp.recv);
  values[DPDK_STACK_COUNTER_TCP_SENT] = load (&s->tcp.xmit);
  values[DPDK_STACK_COUNTER_DROPPED_TCP_PORT] = load (&events->drop_port);
  values[DPDK_STACK_COUNTER_DROPPED_TCP_WINDOW] = load (&events->drop_window);
  values[DPDK_STACK_COUNTER_DROPPED_TCP_ACK] = load (&events->drop_ack);
  values[DPDK_STACK_COUNTER_DROPPED_TCP_TIMESTAMP] = load (&events->drop_timestamp);
  values[DPDK_STACK_COUNTER_DROPPED_TCP_MEMORY_SYN] = load (&events->drop_memory_syn);
  values[DPDK_STACK_COUNTER_DROPPED_TCP_MEMORY_DATA] = load (&events->drop_memory_data);
  values[DPDK_STACK_COUNTER_DROPPED_TCP_MEMORY_ORDER] = load (&events->drop_memory_order);
  values[DPDK_STACK_COUNTER_MEMORY_REACHED] =
      __atomic_load_n (&self->budget->n_reached, __ATOMIC_RELAXED);
  values[DPDK_STACK_COUNTER_MEMORY_USED] = dpdk_stack_budget_get_used (self->budget);
  values[DPDK_STACK_COUNTER_MEMORY_LIMIT] = self->budget->limit;
  values[DPDK_STACK_COUNTER_TCP_RETRANSMITTED] = load (&events->rexmit);
  values[DPDK_STACK_COUNTER_TCP_TIMEOUTS] = load (&events->timeout);
  values[DPDK_STACK_COUNTER_TCP_RECOVERIES] = load (&events->recovery);
  values[DPDK_STACK_COUNTER_TCP_TAIL_LOSS_PROBES] = load (&events->probe);
  values[DPDK_STACK_COUNTER_TCP_DUPLICATES] = load (&events->duplicate);
  values[DPDK_STACK_COUNTER_TCP_COOKIES_SENT] = load (&events->cookie_sent);
  values[DPDK_STACK_COUNTER_TCP_COOKIES_ACCEPTED] = load (&events->cookie_accepted);
  values[DPDK_STACK_COUNTER_TCP_COOKIES_REJECTED] = load (&events->cookie_rejected);
  values[DPDK_STACK_COUNTER_TCP_CHALLENGE_ACKS] = load (&events->challenge);
  values[DPDK_STACK_COUNTER_TCP_CHALLENGE_ACKS_HELD] = load (&events->challenge_held);
  values[DPDK_STACK_COUNTER_TCP_RESETS_SENT] = load (&events->reset_sent);
  values[DPDK_STACK_COUNTER_TCP_RESETS_HELD] = load (&events->reset_held);
  values[DPDK_STACK_COUNTER_TCP_ECN_MARKED] = load (&events->ecn_marked);
  values[DPDK_STACK_COUNTER_TCP_ECN_REDUCED] = load (&events->ecn_reduced);
  values[DPDK_STACK_COUNTER_TCP_PATH_MTU] = load (&events->path_mtu);
  values[DPDK_STACK_COUNTER_TCP_ICMP_IGNORED] = load (&events->icmp_ignored);
  values[DPDK_STACK_COUNTER_TCP_TIME_WAIT_REUSED] = load (&events->time_wait_reused);
  values[DPDK_STACK_COUNTER_TCP_TIME_WAIT_ENDED] = load (&events->time_wait_ended);
  values[DPDK_STACK_COUNTER_TCP_CONNECTIONS] = load (&events->connections);
  values[DPDK_STACK_COUNTER_TCP_TIME_WAIT] = load (&events->time_wait);
  values[DPDK_STACK_COUNTER_TCP_HASH_BUCKETS] = load (&events->buckets);
}

/**
 * dpdk_stack_counters_copy:
 * @self: counters
 *
 * Copies the counters. May be called from any thread.
 *
 * Returns: (transfer full): a copy
 *
 * Since: 0.1
 */
DpdkStackCounters *
dpdk_stack_counters_copy (const DpdkStackCounters *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return g_memdup2 (self, sizeof *self);
}

/**
 * dpdk_stack_counters_free:
 * @self: counters
 *
 * Frees the counters. May be called from any thread.
 *
 * Since: 0.1
 */
void
dpdk_stack_counters_free (DpdkStackCounters *self)
{
  g_return_if_fail (self != NULL);

  g_free (self);
}

/**
 * dpdk_stack_counters_get_value:
 * @self: counters
 * @counter: which one
 *
 * Gets what one counter has counted. May be called from any thread.
 *
 * Returns: the value
 *
 * Since: 0.1
 */
guint64
dpdk_stack_counters_get_value (const DpdkStackCounters *self, DpdkStackCounter counter)
{
  g_return_val_if_fail (self != NULL, 0);
  g_return_val_if_fail ((guint) counter < DPDK_STACK_N_COUNTERS, 0);

  return self->values[counter];
}
