/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "net-fixture.h"

G_BEGIN_DECLS

/* What goes over a connection with some of the offloads, and what is counted then. The runtimes have one
   worker each, and one device. */

#define NET_OFFLOAD_MTU 1500
#define NET_OFFLOAD_ALL                                                                            \
  (DPDK_STACK_OFFLOAD_RX_CHECKSUM | DPDK_STACK_OFFLOAD_TX_CHECKSUM | DPDK_STACK_OFFLOAD_TSO |      \
   DPDK_STACK_OFFLOAD_MULTI_SEGMENTS | DPDK_STACK_OFFLOAD_GRO | DPDK_STACK_OFFLOAD_GSO)

/* of packets that refer to data which was written */
#define NET_OFFLOAD_REFERENCE_NEEDS                                                                \
  (DPDK_STACK_OFFLOAD_TX_CHECKSUM | DPDK_STACK_OFFLOAD_MULTI_SEGMENTS)

/* @end, which is 0 or 1, of a link; @port: NULL to open one */
DpdkRuntime *net_offload_start (guint end, const char *devargs, DpdkPort *port, guint mtu,
                                DpdkStackOffload disabled);
/* takes over the reference, which must be the last one */
void net_offload_stop (DpdkRuntime *runtime);
guint64 net_offload_count (DpdkRuntime *runtime, DpdkStackCounter counter);
DpdkStackOffload net_offload_get_used (DpdkRuntime *runtime);
/* what is said to be used is what is counted, and what the device was configured with */
void net_offload_check_counters (DpdkRuntime *runtime);

/* of a connection of ours, or of a socket of the kernel */
typedef struct {
  DpdkTcpConnection *connection;
  int fd;
  guint64 size;
} NetTransfer;

guint64 net_offload_get_size (void);
/* writes; @data: (type NetTransfer) */
gpointer net_transfer_thread (gpointer data);
void net_offload_exchange (DpdkRuntime *client, DpdkRuntime *server, const char *host,
                           guint64 size);
/* the same with each of two ends as the client, after which their counters are checked */
void net_offload_exchange_both (DpdkRuntime *const *runtimes);
/* until @end has counted it: segments are joined when there are several at a time, which is a matter of
   luck */
void net_offload_exchange_until (DpdkRuntime *const *runtimes, guint end, DpdkStackCounter counter);

G_END_DECLS
