/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-runtime-private.h"
#include "dpdk-tcp-endpoint-private.h"

G_BEGIN_DECLS

void dpdk_socket_set_owners (DpdkSocket *self, DpdkWorker *worker, DpdkPort *port);

/* both take over the endpoint */
DpdkTcpSocket *dpdk_tcp_socket_new_take (DpdkWorker *worker, DpdkPort *port,
                                         DpdkTcpEndpoint *endpoint);
DpdkTcpConnection *dpdk_tcp_connection_new (DpdkTcpSocket *socket);
DpdkTcpEndpoint *dpdk_tcp_socket_get_endpoint (DpdkTcpSocket *self);

DpdkPort *dpdk_socket_find_port (DpdkWorker *worker, GSocketAddress *address, GError **error);

G_END_DECLS
