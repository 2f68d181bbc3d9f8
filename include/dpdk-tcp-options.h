/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(DPDK_GLIB_INSIDE) && !defined(DPDK_GLIB_COMPILATION)
#error "Only <dpdk-glib.h> can be included directly."
#endif

#include "dpdk-types.h"
#include "dpdk-version-macros.h"

G_BEGIN_DECLS

typedef enum {
  DPDK_CONGESTION_CONTROL_CUBIC,
  DPDK_CONGESTION_CONTROL_NEW_RENO,
} DpdkCongestionControl;

#define DPDK_TYPE_TCP_OPTIONS (dpdk_tcp_options_get_type ())

DPDK_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (DpdkTcpOptions, dpdk_tcp_options, DPDK, TCP_OPTIONS, GObject)

DPDK_AVAILABLE_IN_0_1
DpdkTcpOptions *dpdk_tcp_options_new (void);

DPDK_AVAILABLE_IN_0_1
DpdkCongestionControl dpdk_tcp_options_get_congestion_control (DpdkTcpOptions *self);
DPDK_AVAILABLE_IN_0_1
void dpdk_tcp_options_set_congestion_control (DpdkTcpOptions *self,
                                              DpdkCongestionControl congestion_control);
DPDK_AVAILABLE_IN_0_1
guint dpdk_tcp_options_get_receive_buffer_size (DpdkTcpOptions *self);
DPDK_AVAILABLE_IN_0_1
void dpdk_tcp_options_set_receive_buffer_size (DpdkTcpOptions *self, guint receive_buffer_size);
DPDK_AVAILABLE_IN_0_1
guint dpdk_tcp_options_get_send_buffer_size (DpdkTcpOptions *self);
DPDK_AVAILABLE_IN_0_1
void dpdk_tcp_options_set_send_buffer_size (DpdkTcpOptions *self, guint send_buffer_size);
DPDK_AVAILABLE_IN_0_1
guint dpdk_tcp_options_get_rto_min (DpdkTcpOptions *self);
DPDK_AVAILABLE_IN_0_1
void dpdk_tcp_options_set_rto_min (DpdkTcpOptions *self, guint rto_min);
DPDK_AVAILABLE_IN_0_1
guint dpdk_tcp_options_get_ack_delay (DpdkTcpOptions *self);
DPDK_AVAILABLE_IN_0_1
void dpdk_tcp_options_set_ack_delay (DpdkTcpOptions *self, guint ack_delay);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_tcp_options_get_keepalive (DpdkTcpOptions *self);
DPDK_AVAILABLE_IN_0_1
void dpdk_tcp_options_set_keepalive (DpdkTcpOptions *self, gboolean keepalive);
DPDK_AVAILABLE_IN_0_1
guint dpdk_tcp_options_get_keepalive_idle (DpdkTcpOptions *self);
DPDK_AVAILABLE_IN_0_1
void dpdk_tcp_options_set_keepalive_idle (DpdkTcpOptions *self, guint keepalive_idle);
DPDK_AVAILABLE_IN_0_1
guint dpdk_tcp_options_get_keepalive_interval (DpdkTcpOptions *self);
DPDK_AVAILABLE_IN_0_1
void dpdk_tcp_options_set_keepalive_interval (DpdkTcpOptions *self, guint keepalive_interval);
DPDK_AVAILABLE_IN_0_1
guint dpdk_tcp_options_get_keepalive_count (DpdkTcpOptions *self);
DPDK_AVAILABLE_IN_0_1
void dpdk_tcp_options_set_keepalive_count (DpdkTcpOptions *self, guint keepalive_count);
DPDK_AVAILABLE_IN_0_1
guint dpdk_tcp_options_get_user_timeout (DpdkTcpOptions *self);
DPDK_AVAILABLE_IN_0_1
void dpdk_tcp_options_set_user_timeout (DpdkTcpOptions *self, guint user_timeout);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_tcp_options_get_timestamps (DpdkTcpOptions *self);
DPDK_AVAILABLE_IN_0_1
void dpdk_tcp_options_set_timestamps (DpdkTcpOptions *self, gboolean timestamps);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_tcp_options_get_ecn (DpdkTcpOptions *self);
DPDK_AVAILABLE_IN_0_1
void dpdk_tcp_options_set_ecn (DpdkTcpOptions *self, gboolean ecn);

G_END_DECLS
