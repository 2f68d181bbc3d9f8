/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(DPDK_GLIB_INSIDE) && !defined(DPDK_GLIB_COMPILATION)
#error "Only <dpdk-glib.h> can be included directly."
#endif

#include "dpdk-tcp-options.h"

G_BEGIN_DECLS

typedef enum {
  DPDK_TCP_STATE_CLOSED,
  DPDK_TCP_STATE_LISTEN,
  DPDK_TCP_STATE_SYN_SENT,
  DPDK_TCP_STATE_SYN_RECEIVED,
  DPDK_TCP_STATE_ESTABLISHED,
  DPDK_TCP_STATE_FIN_WAIT_1,
  DPDK_TCP_STATE_FIN_WAIT_2,
  DPDK_TCP_STATE_CLOSE_WAIT,
  DPDK_TCP_STATE_CLOSING,
  DPDK_TCP_STATE_LAST_ACK,
  DPDK_TCP_STATE_TIME_WAIT,
} DpdkTcpState;

/**
 * DpdkTcpInfo:
 * @state: the state of the connection (RFC 9293, 3.3.2)
 * @congestion_control: the algorithm of congestion control
 * @mss: the largest segment that is sent, in bytes, options included (RFC 6691)
 * @congestion_window: how much may be on its way, in bytes
 * @slow_start_threshold: the window in bytes up to which it grows exponentially (RFC 5681)
 * @bytes_in_flight: the estimate of what is on its way (RFC 6675), in bytes
 * @bytes_unacknowledged: what was sent and not yet acknowledged, in bytes
 * @bytes_sent: what was sent of the data, each byte once, whether it was acknowledged or not
 * @bytes_received: what has arrived of the data, in order and each byte once
 * @retransmissions: how many segments were sent again
 * @send_window: how much the peer has room for, in bytes
 * @receive_window: how much we have room for, in bytes
 * @send_scale: the power of two by which the peer scales its window (RFC 7323)
 * @receive_scale: the power of two by which we scale ours
 * @smoothed_rtt: the smoothed round-trip time (RFC 6298) in milliseconds, 0 before it is measured
 * @rtt_variation: its variation in milliseconds
 * @rto: the retransmission timeout in milliseconds
 * @sack: whether both ends use selective acknowledgements (RFC 2018)
 * @timestamps: whether both ends use timestamps (RFC 7323)
 * @ecn: whether both ends use explicit congestion notification (RFC 3168)
 *
 * What is known of a connection.
 *
 * Since: 0.1
 */
typedef struct {
  DpdkTcpState state;
  DpdkCongestionControl congestion_control;
  guint mss;
  guint congestion_window;
  guint slow_start_threshold;
  guint bytes_in_flight;
  guint bytes_unacknowledged;
  guint64 bytes_sent;
  guint64 bytes_received;
  guint retransmissions;
  guint send_window;
  guint receive_window;
  guint send_scale;
  guint receive_scale;
  guint smoothed_rtt;
  guint rtt_variation;
  guint rto;
  gboolean sack;
  gboolean timestamps;
  gboolean ecn;
} DpdkTcpInfo;

G_END_DECLS
