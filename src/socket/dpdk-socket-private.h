/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-runtime-private.h"
#include "dpdk-tcp-endpoint-private.h"

G_BEGIN_DECLS

/* what each packet of a socket has */
typedef enum {
  DPDK_IP_OPTION_TTL,
  DPDK_IP_OPTION_TRAFFIC_CLASS,
} DpdkIpOption;

#define DPDK_IP_TTL_DEFAULT 64

/* the two bits of congestion notification are TCP's own (RFC 3168) */
static inline guint8
dpdk_ip_option_mask_for_tcp (guint option, guint8 value)
{
  return option == DPDK_IP_OPTION_TRAFFIC_CLASS ? value & 0xfc : value;
}

void dpdk_socket_set_owners (DpdkSocket *self, DpdkWorker *worker, DpdkPort *port);
gboolean dpdk_socket_is_made (DpdkSocket *self);
/* emits the notify signal of @pspec, on the thread of the creator of @self or in its main context */
void dpdk_socket_notify (DpdkSocket *self, GParamSpec *pspec);
void dpdk_socket_notify_later (DpdkSocket *self, GParamSpec *pspec);
void dpdk_socket_notify_ip_option (DpdkSocket *self, DpdkIpOption option);
void dpdk_socket_notify_local_address (DpdkSocket *self);

/* what is said of a @call on a thread that is not that of the @socket's worker; @instead: what other
   threads use */
void dpdk_socket_set_wrong_worker (DpdkWorkerCore *core, const char *call, const char *socket,
                                   const char *instead, GError **error);

/* takes over the endpoint */
DpdkTcpSocket *dpdk_tcp_socket_new_take (DpdkWorker *worker, DpdkPort *port, GSocketFamily family,
                                         DpdkTcpEndpoint *endpoint);
DpdkTcpEndpoint *dpdk_tcp_socket_get_endpoint (DpdkTcpSocket *self);

void dpdk_tcp_socket_notify_open (DpdkTcpSocket *self);
/* @later: not now, even if this is the thread of the creator */
void dpdk_tcp_socket_notify_connected (DpdkTcpSocket *self, gboolean later);
/* it has a peer now, which may not answer */
void dpdk_tcp_socket_notify_remote_address (DpdkTcpSocket *self);
/* closes it, or aborts; @connection: its own, which then is told at once, or NULL */
void dpdk_tcp_socket_end (DpdkTcpSocket *self, gboolean abort, DpdkTcpConnection *connection);
/* that it is connected no more */
void dpdk_tcp_connection_notify_end (DpdkTcpConnection *self, gboolean later);

gboolean dpdk_tcp_socket_check_address (DpdkTcpSocket *self, GSocketAddress *address, ip_addr_t *ip,
                                        guint16 *port, GError **error);

/* gives @ip, which is of IPv6 and link-local, the zone of the only port if it has none */
gboolean dpdk_socket_check_scope (DpdkWorkerCore *core, ip_addr_t *ip, GError **error);
/* on the thread of the worker: whether @ip, if it is link-local, is an address of its port */
gboolean dpdk_socket_is_ours (DpdkWorkerCore *core, const ip_addr_t *ip);
/* @ip: the native form of @address, with its scope; or NULL if it is not link-local */
DpdkPort *dpdk_socket_find_port (DpdkWorker *worker, GSocketAddress *address, const ip_addr_t *ip,
                                 GError **error);

G_END_DECLS
