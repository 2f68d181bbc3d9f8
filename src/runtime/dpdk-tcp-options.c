/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-tcp-options-private.h"

#include "dpdk-enums.h"

/**
 * DpdkTcpOptions:
 *
 * What can be chosen for a TCP connection: its congestion control, its buffers and its timers.
 *
 * Connections begin with the options of the configuration, see [method@Dpdk.Config.dup_tcp_options].
 * Others are given to a socket by [method@Dpdk.TcpSocket.set_options], and to the connections that a
 * listener will accept by [method@Dpdk.TcpListener.set_options]. Both copy the values; what is changed
 * afterwards has no effect on them. An object belongs to one thread at a time.
 *
 * ```c
 * g_autoptr (DpdkTcpOptions) options = dpdk_tcp_listener_dup_options (listener);
 *
 * dpdk_tcp_options_set_receive_buffer_size (options, 4 * 1024 * 1024);
 * dpdk_tcp_options_set_timestamps (options, TRUE);
 * dpdk_tcp_listener_set_options (listener, options, &error);
 * ```
 *
 * Since: 0.1
 */
struct _DpdkTcpOptions {
  GObject parent_instance;

  DpdkStackTcpOptions values;
};

typedef enum {
  PROP_CONGESTION_CONTROL = 1,
  PROP_RECEIVE_BUFFER_SIZE,
  PROP_SEND_BUFFER_SIZE,
  PROP_RTO_MIN,
  PROP_ACK_DELAY,
  PROP_KEEPALIVE,
  PROP_KEEPALIVE_IDLE,
  PROP_KEEPALIVE_INTERVAL,
  PROP_KEEPALIVE_COUNT,
  PROP_USER_TIMEOUT,
  PROP_TIMESTAMPS,
  PROP_ECN,
} DpdkTcpOptionsProperty;

static GParamSpec *properties[PROP_ECN + 1];

G_DEFINE_FINAL_TYPE (DpdkTcpOptions, dpdk_tcp_options, G_TYPE_OBJECT)

static void
dpdk_tcp_options_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  const DpdkStackTcpOptions *values = &DPDK_TCP_OPTIONS (object)->values;

  switch ((DpdkTcpOptionsProperty) id)
    {
    case PROP_CONGESTION_CONTROL:
      g_value_set_enum (value, values->congestion_control);
      break;
    case PROP_RECEIVE_BUFFER_SIZE:
      g_value_set_uint (value, values->receive_buffer_size);
      break;
    case PROP_SEND_BUFFER_SIZE:
      g_value_set_uint (value, values->send_buffer_size);
      break;
    case PROP_RTO_MIN:
      g_value_set_uint (value, values->rto_min);
      break;
    case PROP_ACK_DELAY:
      g_value_set_uint (value, values->ack_delay);
      break;
    case PROP_KEEPALIVE:
      g_value_set_boolean (value, values->keepalive);
      break;
    case PROP_KEEPALIVE_IDLE:
      g_value_set_uint (value, values->keepalive_idle);
      break;
    case PROP_KEEPALIVE_INTERVAL:
      g_value_set_uint (value, values->keepalive_interval);
      break;
    case PROP_KEEPALIVE_COUNT:
      g_value_set_uint (value, values->keepalive_count);
      break;
    case PROP_USER_TIMEOUT:
      g_value_set_uint (value, values->user_timeout);
      break;
    case PROP_TIMESTAMPS:
      g_value_set_boolean (value, values->timestamps);
      break;
    case PROP_ECN:
      g_value_set_boolean (value, values->ecn);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
dpdk_tcp_options_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  DpdkTcpOptions *self = DPDK_TCP_OPTIONS (object);

  switch ((DpdkTcpOptionsProperty) id)
    {
    case PROP_CONGESTION_CONTROL:
      dpdk_tcp_options_set_congestion_control (self, g_value_get_enum (value));
      break;
    case PROP_RECEIVE_BUFFER_SIZE:
      dpdk_tcp_options_set_receive_buffer_size (self, g_value_get_uint (value));
      break;
    case PROP_SEND_BUFFER_SIZE:
      dpdk_tcp_options_set_send_buffer_size (self, g_value_get_uint (value));
      break;
    case PROP_RTO_MIN:
      dpdk_tcp_options_set_rto_min (self, g_value_get_uint (value));
      break;
    case PROP_ACK_DELAY:
      dpdk_tcp_options_set_ack_delay (self, g_value_get_uint (value));
      break;
    case PROP_KEEPALIVE:
      dpdk_tcp_options_set_keepalive (self, g_value_get_boolean (value));
      break;
    case PROP_KEEPALIVE_IDLE:
      dpdk_tcp_options_set_keepalive_idle (self, g_value_get_uint (value));
      break;
    case PROP_KEEPALIVE_INTERVAL:
      dpdk_tcp_options_set_keepalive_interval (self, g_value_get_uint (value));
      break;
    case PROP_KEEPALIVE_COUNT:
      dpdk_tcp_options_set_keepalive_count (self, g_value_get_uint (value));
      break;
    case PROP_USER_TIMEOUT:
      dpdk_tcp_options_set_user_timeout (self, g_value_get_uint (value));
      break;
    case PROP_TIMESTAMPS:
      dpdk_tcp_options_set_timestamps (self, g_value_get_boolean (value));
      break;
    case PROP_ECN:
      dpdk_tcp_options_set_ecn (self, g_value_get_boolean (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
dpdk_tcp_options_class_init (DpdkTcpOptionsClass *klass)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = dpdk_tcp_options_get_property;
  object_class->set_property = dpdk_tcp_options_set_property;

  /**
   * DpdkTcpOptions:congestion-control:
   *
   * What decides how much may be on its way: %DPDK_CONGESTION_CONTROL_CUBIC by default.
   *
   * Since: 0.1
   */
  properties[PROP_CONGESTION_CONTROL] =
      g_param_spec_enum ("congestion-control", NULL, NULL, DPDK_TYPE_CONGESTION_CONTROL,
                         DPDK_CONGESTION_CONTROL_CUBIC, flags);
  /**
   * DpdkTcpOptions:receive-buffer-size:
   *
   * How many received bytes are kept for the application, 256 KiB by default. The window that the peer
   * sees, and its scale (RFC 7323), follow from it: a connection is never faster than this size in
   * each round-trip time.
   *
   * Since: 0.1
   */
  properties[PROP_RECEIVE_BUFFER_SIZE] =
      g_param_spec_uint ("receive-buffer-size", NULL, NULL, DPDK_STACK_TCP_BUFFER_MIN,
                         DPDK_STACK_TCP_BUFFER_MAX, DPDK_STACK_TCP_BUFFER_DEFAULT, flags);
  /**
   * DpdkTcpOptions:send-buffer-size:
   *
   * How many bytes are kept that the peer has not yet acknowledged, 256 KiB by default.
   *
   * Since: 0.1
   */
  properties[PROP_SEND_BUFFER_SIZE] =
      g_param_spec_uint ("send-buffer-size", NULL, NULL, DPDK_STACK_TCP_BUFFER_MIN,
                         DPDK_STACK_TCP_BUFFER_MAX, DPDK_STACK_TCP_BUFFER_DEFAULT, flags);
  /**
   * DpdkTcpOptions:rto-min:
   *
   * The shortest retransmission timeout in milliseconds (RFC 6298), 200 by default. Smaller values only
   * pay where no peer delays its acknowledgements for longer.
   *
   * Since: 0.1
   */
  properties[PROP_RTO_MIN] =
      g_param_spec_uint ("rto-min", NULL, NULL, DPDK_STACK_TCP_RTO_MIN_MIN,
                         DPDK_STACK_TCP_RTO_MIN_MAX, DPDK_STACK_TCP_RTO_MIN_DEFAULT, flags);
  /**
   * DpdkTcpOptions:ack-delay:
   *
   * How many milliseconds the acknowledgement of a single segment may wait for data to go with, or for
   * a second segment (RFC 9293, 3.8.6.3): 10 by default, 0 to send each at once.
   *
   * Where requests of a connection are further apart than that, each response is acknowledged by a
   * packet of its own. A longer delay spares it, if it is shorter than what the peer waits for before it
   * sends again: [property@Dpdk.TcpOptions:rto-min] there, and 200 ms for a tail loss probe (RFC 8985).
   *
   * Since: 0.1
   */
  properties[PROP_ACK_DELAY] =
      g_param_spec_uint ("ack-delay", NULL, NULL, 0, DPDK_STACK_TCP_ACK_DELAY_MAX,
                         DPDK_STACK_TCP_ACK_DELAY_DEFAULT, flags);
  /**
   * DpdkTcpOptions:keepalive:
   *
   * Whether the peer is probed while the connection is idle (RFC 9293, 3.8.4); %FALSE by default. A peer
   * that has vanished is only noticed when something is sent to it.
   *
   * Since: 0.1
   */
  properties[PROP_KEEPALIVE] = g_param_spec_boolean ("keepalive", NULL, NULL, FALSE, flags);
  /**
   * DpdkTcpOptions:keepalive-idle:
   *
   * After how many seconds without a segment from the peer it is probed first, if
   * [property@Dpdk.TcpOptions:keepalive] is set: 7200 by default.
   *
   * Since: 0.1
   */
  properties[PROP_KEEPALIVE_IDLE] =
      g_param_spec_uint ("keepalive-idle", NULL, NULL, 1, DPDK_STACK_TCP_KEEPALIVE_TIME_MAX,
                         DPDK_STACK_TCP_KEEPALIVE_IDLE_DEFAULT, flags);
  /**
   * DpdkTcpOptions:keepalive-interval:
   *
   * How many seconds are between two probes that are not answered: 75 by default.
   *
   * Since: 0.1
   */
  properties[PROP_KEEPALIVE_INTERVAL] =
      g_param_spec_uint ("keepalive-interval", NULL, NULL, 1, DPDK_STACK_TCP_KEEPALIVE_TIME_MAX,
                         DPDK_STACK_TCP_KEEPALIVE_INTERVAL_DEFAULT, flags);
  /**
   * DpdkTcpOptions:keepalive-count:
   *
   * How many probes the peer may leave without an answer: 9 by default. Then the connection ends with
   * %G_IO_ERROR_TIMED_OUT.
   *
   * Since: 0.1
   */
  properties[PROP_KEEPALIVE_COUNT] =
      g_param_spec_uint ("keepalive-count", NULL, NULL, 1, DPDK_STACK_TCP_KEEPALIVE_COUNT_MAX,
                         DPDK_STACK_TCP_KEEPALIVE_COUNT_DEFAULT, flags);
  /**
   * DpdkTcpOptions:user-timeout:
   *
   * How many milliseconds what was written may wait for its acknowledgement, be it in the network or
   * here because the window of the peer is closed (RFC 9293, 3.9.1.2). Then the connection is reset and
   * ends with %G_IO_ERROR_TIMED_OUT. It takes the place of the limit on retransmissions, which is some
   * minutes, and of [property@Dpdk.TcpOptions:keepalive-count]; those of the SYN are still as many as
   * before. 0, the default: no limit of its own.
   *
   * Since: 0.1
   */
  properties[PROP_USER_TIMEOUT] =
      g_param_spec_uint ("user-timeout", NULL, NULL, 0, G_MAXUINT, 0, flags);
  /**
   * DpdkTcpOptions:timestamps:
   *
   * Whether timestamps (RFC 7323) are offered to the peer, and accepted from it; %FALSE by default. For
   * 12 bytes in every segment they protect against old segments when the sequence numbers wrap, which
   * matters from some Gbit/s on, and measure the round-trip time of retransmissions too.
   *
   * Since: 0.1
   */
  properties[PROP_TIMESTAMPS] = g_param_spec_boolean ("timestamps", NULL, NULL, FALSE, flags);
  /**
   * DpdkTcpOptions:ecn:
   *
   * Whether explicit congestion notification (RFC 3168) is offered to the peer, and accepted from it;
   * %FALSE by default. A router that is near to congestion then marks packets in place of dropping them,
   * and the sender slows down without a loss. A connection that was made from a SYN cookie is without.
   *
   * Since: 0.1
   */
  properties[PROP_ECN] = g_param_spec_boolean ("ecn", NULL, NULL, FALSE, flags);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
dpdk_tcp_options_init (DpdkTcpOptions *self)
{
  self->values = (DpdkStackTcpOptions) DPDK_STACK_TCP_OPTIONS_INIT;
}

DpdkTcpOptions *
dpdk_tcp_options_new_from_values (const DpdkStackTcpOptions *values)
{
  DpdkTcpOptions *self = dpdk_tcp_options_new ();

  self->values = *values;
  return self;
}

const DpdkStackTcpOptions *
dpdk_tcp_options_get_values (DpdkTcpOptions *self)
{
  return &self->values;
}

DpdkStackTcpOptions *
dpdk_tcp_options_edit_values (DpdkTcpOptions *self)
{
  return &self->values;
}

/**
 * DpdkCongestionControl:
 * @DPDK_CONGESTION_CONTROL_CUBIC: CUBIC (RFC 9438), which is faster over long distances
 * @DPDK_CONGESTION_CONTROL_NEW_RENO: NewReno (RFC 5681)
 *
 * The algorithms that decide how much a connection may have on its way. Losses are detected and
 * repaired in the same way with all of them (RFC 8985, RFC 6937).
 *
 * Since: 0.1
 */

/**
 * dpdk_tcp_options_new:
 *
 * Creates options with the default values, whatever the configuration says. May be called from any
 * thread.
 *
 * Returns: (transfer full): the options
 *
 * Since: 0.1
 */
DpdkTcpOptions *
dpdk_tcp_options_new (void)
{
  return g_object_new (DPDK_TYPE_TCP_OPTIONS, NULL);
}

/**
 * dpdk_tcp_options_get_congestion_control: (get-property congestion-control)
 * @self: options
 *
 * Gets the congestion control algorithm.
 *
 * Returns: the algorithm
 *
 * Since: 0.1
 */
DpdkCongestionControl
dpdk_tcp_options_get_congestion_control (DpdkTcpOptions *self)
{
  g_return_val_if_fail (DPDK_IS_TCP_OPTIONS (self), DPDK_CONGESTION_CONTROL_CUBIC);

  return self->values.congestion_control;
}

/**
 * dpdk_tcp_options_set_congestion_control: (set-property congestion-control)
 * @self: options
 * @congestion_control: the algorithm
 *
 * Sets the congestion control algorithm. A connection that is established starts the new one with
 * the window that it has.
 *
 * Since: 0.1
 */
void
dpdk_tcp_options_set_congestion_control (DpdkTcpOptions *self,
                                         DpdkCongestionControl congestion_control)
{
  g_return_if_fail (DPDK_IS_TCP_OPTIONS (self));
  g_return_if_fail (congestion_control <= DPDK_CONGESTION_CONTROL_NEW_RENO);

  if (self->values.congestion_control == congestion_control)
    return;
  self->values.congestion_control = congestion_control;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_CONGESTION_CONTROL]);
}

/**
 * dpdk_tcp_options_get_receive_buffer_size: (get-property receive-buffer-size)
 * @self: options
 *
 * Gets how many received bytes are kept for the application.
 *
 * Returns: the size in bytes
 *
 * Since: 0.1
 */
guint
dpdk_tcp_options_get_receive_buffer_size (DpdkTcpOptions *self)
{
  g_return_val_if_fail (DPDK_IS_TCP_OPTIONS (self), 0);

  return self->values.receive_buffer_size;
}

/**
 * dpdk_tcp_options_set_receive_buffer_size: (set-property receive-buffer-size)
 * @self: options
 * @receive_buffer_size: the size in bytes
 *
 * Sets how many received bytes are kept for the application, between 4096 and 1073725440. A
 * connection that is established can only be given a larger buffer, and only as large as the window
 * scale allows that it was opened with.
 *
 * Since: 0.1
 */
void
dpdk_tcp_options_set_receive_buffer_size (DpdkTcpOptions *self, guint receive_buffer_size)
{
  g_return_if_fail (DPDK_IS_TCP_OPTIONS (self));
  g_return_if_fail (receive_buffer_size >= DPDK_STACK_TCP_BUFFER_MIN &&
                    receive_buffer_size <= DPDK_STACK_TCP_BUFFER_MAX);

  if (self->values.receive_buffer_size == receive_buffer_size)
    return;
  self->values.receive_buffer_size = receive_buffer_size;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_RECEIVE_BUFFER_SIZE]);
}

/**
 * dpdk_tcp_options_get_send_buffer_size: (get-property send-buffer-size)
 * @self: options
 *
 * Gets how many bytes are kept that the peer has not yet acknowledged.
 *
 * Returns: the size in bytes
 *
 * Since: 0.1
 */
guint
dpdk_tcp_options_get_send_buffer_size (DpdkTcpOptions *self)
{
  g_return_val_if_fail (DPDK_IS_TCP_OPTIONS (self), 0);

  return self->values.send_buffer_size;
}

/**
 * dpdk_tcp_options_set_send_buffer_size: (set-property send-buffer-size)
 * @self: options
 * @send_buffer_size: the size in bytes
 *
 * Sets how many bytes are kept that the peer has not yet acknowledged, between 4096 and 1073725440.
 *
 * Since: 0.1
 */
void
dpdk_tcp_options_set_send_buffer_size (DpdkTcpOptions *self, guint send_buffer_size)
{
  g_return_if_fail (DPDK_IS_TCP_OPTIONS (self));
  g_return_if_fail (send_buffer_size >= DPDK_STACK_TCP_BUFFER_MIN &&
                    send_buffer_size <= DPDK_STACK_TCP_BUFFER_MAX);

  if (self->values.send_buffer_size == send_buffer_size)
    return;
  self->values.send_buffer_size = send_buffer_size;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_SEND_BUFFER_SIZE]);
}

/**
 * dpdk_tcp_options_get_rto_min: (get-property rto-min)
 * @self: options
 *
 * Gets the shortest retransmission timeout.
 *
 * Returns: milliseconds
 *
 * Since: 0.1
 */
guint
dpdk_tcp_options_get_rto_min (DpdkTcpOptions *self)
{
  g_return_val_if_fail (DPDK_IS_TCP_OPTIONS (self), 0);

  return self->values.rto_min;
}

/**
 * dpdk_tcp_options_set_rto_min: (set-property rto-min)
 * @self: options
 * @rto_min: milliseconds
 *
 * Sets the shortest retransmission timeout, between 1 and 60000 milliseconds. It is rounded up to
 * the next 20 ms.
 *
 * Since: 0.1
 */
void
dpdk_tcp_options_set_rto_min (DpdkTcpOptions *self, guint rto_min)
{
  g_return_if_fail (DPDK_IS_TCP_OPTIONS (self));
  g_return_if_fail (rto_min >= DPDK_STACK_TCP_RTO_MIN_MIN && rto_min <= DPDK_STACK_TCP_RTO_MIN_MAX);

  if (self->values.rto_min == rto_min)
    return;
  self->values.rto_min = rto_min;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_RTO_MIN]);
}

/**
 * dpdk_tcp_options_get_ack_delay: (get-property ack-delay)
 * @self: options
 *
 * Gets how long the acknowledgement of a single segment may wait.
 *
 * Returns: milliseconds
 *
 * Since: 0.1
 */
guint
dpdk_tcp_options_get_ack_delay (DpdkTcpOptions *self)
{
  g_return_val_if_fail (DPDK_IS_TCP_OPTIONS (self), 0);

  return self->values.ack_delay;
}

/**
 * dpdk_tcp_options_set_ack_delay: (set-property ack-delay)
 * @self: options
 * @ack_delay: milliseconds
 *
 * Sets how long the acknowledgement of a single segment may wait, at most 500 milliseconds. It is
 * rounded up to the next 10 ms.
 *
 * Since: 0.1
 */
void
dpdk_tcp_options_set_ack_delay (DpdkTcpOptions *self, guint ack_delay)
{
  g_return_if_fail (DPDK_IS_TCP_OPTIONS (self));
  g_return_if_fail (ack_delay <= DPDK_STACK_TCP_ACK_DELAY_MAX);

  if (self->values.ack_delay == ack_delay)
    return;
  self->values.ack_delay = ack_delay;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ACK_DELAY]);
}

/**
 * dpdk_tcp_options_get_timestamps: (get-property timestamps)
 * @self: options
 *
 * Whether timestamps are used.
 *
 * Returns: %TRUE if they are offered and accepted
 *
 * Since: 0.1
 */
gboolean
dpdk_tcp_options_get_timestamps (DpdkTcpOptions *self)
{
  g_return_val_if_fail (DPDK_IS_TCP_OPTIONS (self), FALSE);

  return self->values.timestamps;
}

/**
 * dpdk_tcp_options_set_timestamps: (set-property timestamps)
 * @self: options
 * @timestamps: %TRUE if they are offered and accepted
 *
 * Sets whether timestamps are offered and accepted. It cannot be changed once a connection is opened.
 *
 * Since: 0.1
 */
void
dpdk_tcp_options_set_timestamps (DpdkTcpOptions *self, gboolean timestamps)
{
  g_return_if_fail (DPDK_IS_TCP_OPTIONS (self));

  if (self->values.timestamps == !!timestamps)
    return;
  self->values.timestamps = !!timestamps;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_TIMESTAMPS]);
}

/**
 * dpdk_tcp_options_get_ecn: (get-property ecn)
 * @self: options
 *
 * Whether explicit congestion notification is used.
 *
 * Returns: %TRUE if it is offered and accepted
 *
 * Since: 0.1
 */
gboolean
dpdk_tcp_options_get_ecn (DpdkTcpOptions *self)
{
  g_return_val_if_fail (DPDK_IS_TCP_OPTIONS (self), FALSE);

  return self->values.ecn;
}

/**
 * dpdk_tcp_options_set_ecn: (set-property ecn)
 * @self: options
 * @ecn: %TRUE if it is offered and accepted
 *
 * Sets whether explicit congestion notification is offered and accepted. It cannot be changed once a
 * connection is opened.
 *
 * Since: 0.1
 */
void
dpdk_tcp_options_set_ecn (DpdkTcpOptions *self, gboolean ecn)
{
  g_return_if_fail (DPDK_IS_TCP_OPTIONS (self));

  if (self->values.ecn == !!ecn)
    return;
  self->values.ecn = !!ecn;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ECN]);
}
