/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-glib.h"

#include <lwip/err.h>

G_BEGIN_DECLS

struct tcp_pcb;

/* bounds of what can be chosen; times in milliseconds, sizes in bytes */
#define DPDK_STACK_TCP_BUFFER_MIN 4096
#define DPDK_STACK_TCP_BUFFER_MAX (G_MAXUINT16 << 14)
#define DPDK_STACK_TCP_RTO_MIN_MIN 1
#define DPDK_STACK_TCP_RTO_MIN_MAX 60000
#define DPDK_STACK_TCP_ACK_DELAY_MAX 500
/* seconds, as the kernel has it */
#define DPDK_STACK_TCP_KEEPALIVE_TIME_MAX 32767
#define DPDK_STACK_TCP_KEEPALIVE_COUNT_MAX 127

#define DPDK_STACK_TCP_TIME_WAIT_MAX (1 << 24)

/* what it is without a choice */
#define DPDK_STACK_TCP_BUFFER_DEFAULT (256 * 1024)
#define DPDK_STACK_TCP_RTO_MIN_DEFAULT 200
#define DPDK_STACK_TCP_ACK_DELAY_DEFAULT 10
#define DPDK_STACK_TCP_KEEPALIVE_IDLE_DEFAULT 7200
#define DPDK_STACK_TCP_KEEPALIVE_INTERVAL_DEFAULT 75
#define DPDK_STACK_TCP_KEEPALIVE_COUNT_DEFAULT 9

#define DPDK_STACK_TCP_TIME_WAIT_DEFAULT (1 << 20)

/* what can be chosen for a connection, or for those that a listener will accept */
typedef struct {
  DpdkCongestionControl congestion_control;
  guint receive_buffer_size;
  guint send_buffer_size;
  guint rto_min;
  guint ack_delay;
  guint keepalive_idle;
  guint keepalive_interval;
  guint keepalive_count;
  guint user_timeout;
  gboolean keepalive;
  gboolean timestamps;
  gboolean ecn;
} DpdkStackTcpOptions;

#define DPDK_STACK_TCP_OPTIONS_INIT                                                                \
  {                                                                                                \
    .congestion_control = DPDK_CONGESTION_CONTROL_CUBIC,                                           \
    .receive_buffer_size = DPDK_STACK_TCP_BUFFER_DEFAULT,                                          \
    .send_buffer_size = DPDK_STACK_TCP_BUFFER_DEFAULT, .rto_min = DPDK_STACK_TCP_RTO_MIN_DEFAULT,  \
    .ack_delay = DPDK_STACK_TCP_ACK_DELAY_DEFAULT,                                                 \
    .keepalive_idle = DPDK_STACK_TCP_KEEPALIVE_IDLE_DEFAULT,                                       \
    .keepalive_interval = DPDK_STACK_TCP_KEEPALIVE_INTERVAL_DEFAULT,                               \
    .keepalive_count = DPDK_STACK_TCP_KEEPALIVE_COUNT_DEFAULT,                                     \
  }

/* on the thread of the stack; all of them or none. ERR_VAL: the connection cannot change to this any
   more */
err_t dpdk_stack_tcp_options_apply (const DpdkStackTcpOptions *self, struct tcp_pcb *pcb);

void dpdk_stack_tcp_options_read (DpdkStackTcpOptions *self, struct tcp_pcb *pcb);

/* how many connections of the stack of this thread may be in TIME-WAIT */
void dpdk_stack_tcp_set_max_time_wait (guint max_time_wait);

void dpdk_stack_tcp_get_info (struct tcp_pcb *pcb, DpdkTcpInfo *info);

G_END_DECLS
