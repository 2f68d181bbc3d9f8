/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* how long a peer may be silent: part of DpdkTcpOptions */
#include "dpdk-tcp-options-private.h"

static void
set_uint (DpdkTcpOptions *self, guint *field, guint value, const char *property)
{
  if (*field == value)
    return;
  *field = value;
  g_object_notify (G_OBJECT (self), property);
}

/**
 * dpdk_tcp_options_get_keepalive: (get-property keepalive)
 * @self: options
 *
 * Whether the peer is probed while the connection is idle.
 *
 * Returns: %TRUE if it is
 *
 * Since: 0.1
 */
gboolean
dpdk_tcp_options_get_keepalive (DpdkTcpOptions *self)
{
  g_return_val_if_fail (DPDK_IS_TCP_OPTIONS (self), FALSE);

  return dpdk_tcp_options_get_values (self)->keepalive;
}

/**
 * dpdk_tcp_options_set_keepalive: (set-property keepalive)
 * @self: options
 * @keepalive: %TRUE if the peer is probed
 *
 * Sets whether the peer is probed while the connection is idle. It can be changed at any time.
 *
 * Since: 0.1
 */
void
dpdk_tcp_options_set_keepalive (DpdkTcpOptions *self, gboolean keepalive)
{
  DpdkStackTcpOptions *values;

  g_return_if_fail (DPDK_IS_TCP_OPTIONS (self));

  values = dpdk_tcp_options_edit_values (self);
  if (values->keepalive == !!keepalive)
    return;
  values->keepalive = !!keepalive;
  g_object_notify (G_OBJECT (self), "keepalive");
}

/**
 * dpdk_tcp_options_get_keepalive_idle: (get-property keepalive-idle)
 * @self: options
 *
 * Gets after how long without a segment the peer is probed first.
 *
 * Returns: seconds
 *
 * Since: 0.1
 */
guint
dpdk_tcp_options_get_keepalive_idle (DpdkTcpOptions *self)
{
  g_return_val_if_fail (DPDK_IS_TCP_OPTIONS (self), 0);

  return dpdk_tcp_options_get_values (self)->keepalive_idle;
}

/**
 * dpdk_tcp_options_set_keepalive_idle: (set-property keepalive-idle)
 * @self: options
 * @keepalive_idle: seconds
 *
 * Sets after how long without a segment the peer is probed first, between 1 and 32767 seconds. It is
 * rounded up to the next second or two.
 *
 * Since: 0.1
 */
void
dpdk_tcp_options_set_keepalive_idle (DpdkTcpOptions *self, guint keepalive_idle)
{
  g_return_if_fail (DPDK_IS_TCP_OPTIONS (self));
  g_return_if_fail (keepalive_idle >= 1 && keepalive_idle <= DPDK_STACK_TCP_KEEPALIVE_TIME_MAX);

  set_uint (self, &dpdk_tcp_options_edit_values (self)->keepalive_idle, keepalive_idle,
            "keepalive-idle");
}

/**
 * dpdk_tcp_options_get_keepalive_interval: (get-property keepalive-interval)
 * @self: options
 *
 * Gets how long it is from one probe to the next.
 *
 * Returns: seconds
 *
 * Since: 0.1
 */
guint
dpdk_tcp_options_get_keepalive_interval (DpdkTcpOptions *self)
{
  g_return_val_if_fail (DPDK_IS_TCP_OPTIONS (self), 0);

  return dpdk_tcp_options_get_values (self)->keepalive_interval;
}

/**
 * dpdk_tcp_options_set_keepalive_interval: (set-property keepalive-interval)
 * @self: options
 * @keepalive_interval: seconds
 *
 * Sets how long it is from one probe to the next, between 1 and 32767 seconds. It is rounded up to the
 * next second or two.
 *
 * Since: 0.1
 */
void
dpdk_tcp_options_set_keepalive_interval (DpdkTcpOptions *self, guint keepalive_interval)
{
  g_return_if_fail (DPDK_IS_TCP_OPTIONS (self));
  g_return_if_fail (keepalive_interval >= 1 &&
                    keepalive_interval <= DPDK_STACK_TCP_KEEPALIVE_TIME_MAX);

  set_uint (self, &dpdk_tcp_options_edit_values (self)->keepalive_interval, keepalive_interval,
            "keepalive-interval");
}

/**
 * dpdk_tcp_options_get_keepalive_count: (get-property keepalive-count)
 * @self: options
 *
 * Gets how many probes the peer may leave without an answer.
 *
 * Returns: the number
 *
 * Since: 0.1
 */
guint
dpdk_tcp_options_get_keepalive_count (DpdkTcpOptions *self)
{
  g_return_val_if_fail (DPDK_IS_TCP_OPTIONS (self), 0);

  return dpdk_tcp_options_get_values (self)->keepalive_count;
}

/**
 * dpdk_tcp_options_set_keepalive_count: (set-property keepalive-count)
 * @self: options
 * @keepalive_count: the number
 *
 * Sets how many probes the peer may leave without an answer, between 1 and 127.
 *
 * Since: 0.1
 */
void
dpdk_tcp_options_set_keepalive_count (DpdkTcpOptions *self, guint keepalive_count)
{
  g_return_if_fail (DPDK_IS_TCP_OPTIONS (self));
  g_return_if_fail (keepalive_count >= 1 && keepalive_count <= DPDK_STACK_TCP_KEEPALIVE_COUNT_MAX);

  set_uint (self, &dpdk_tcp_options_edit_values (self)->keepalive_count, keepalive_count,
            "keepalive-count");
}

/**
 * dpdk_tcp_options_get_user_timeout: (get-property user-timeout)
 * @self: options
 *
 * Gets how long what was written may wait for its acknowledgement.
 *
 * Returns: milliseconds, 0: no limit of its own
 *
 * Since: 0.1
 */
guint
dpdk_tcp_options_get_user_timeout (DpdkTcpOptions *self)
{
  g_return_val_if_fail (DPDK_IS_TCP_OPTIONS (self), 0);

  return dpdk_tcp_options_get_values (self)->user_timeout;
}

/**
 * dpdk_tcp_options_set_user_timeout: (set-property user-timeout)
 * @self: options
 * @user_timeout: milliseconds, 0: no limit of its own
 *
 * Sets how long what was written may wait for its acknowledgement. It is rounded up to the next 20 ms.
 *
 * Since: 0.1
 */
void
dpdk_tcp_options_set_user_timeout (DpdkTcpOptions *self, guint user_timeout)
{
  g_return_if_fail (DPDK_IS_TCP_OPTIONS (self));

  set_uint (self, &dpdk_tcp_options_edit_values (self)->user_timeout, user_timeout, "user-timeout");
}
