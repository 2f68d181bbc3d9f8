/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-udp-endpoint-private.h"

G_BEGIN_DECLS

/* one that came from dpdk_udp_socket_new() */
gboolean dpdk_udp_socket_is_made (DpdkUdpSocket *self);
DpdkUdpEndpoint *dpdk_udp_socket_get_endpoint (DpdkUdpSocket *self);
DpdkWorkerCore *dpdk_udp_socket_get_core (DpdkUdpSocket *self);
/* what the stack of the socket calls @port */
gboolean dpdk_udp_socket_find_interface (DpdkUdpSocket *self, DpdkPort *port, gint *interface,
                                         GError **error);

typedef enum {
  PROP_FAMILY = 1,
  PROP_IPV6_ONLY,
  PROP_REUSE_ADDRESS,
  PROP_BROADCAST,
  PROP_MULTICAST_TTL,
  PROP_MULTICAST_LOOPBACK,
  PROP_RECEIVE_BUFFER_SIZE,
  PROP_SEND_BUFFER_SIZE,
  PROP_MULTICAST_PORT,
  PROP_REMOTE_ADDRESS,
  PROP_CONNECTED,
} DpdkUdpSocketProperty;

guint8 dpdk_udp_socket_get_ip_option (DpdkSocket *socket, guint option);
gboolean dpdk_udp_socket_set_ip_option (DpdkSocket *socket, guint option, guint8 value);

void dpdk_udp_socket_install_options (GObjectClass *klass);
/* FALSE if @id is not one of them */
gboolean dpdk_udp_socket_get_option (DpdkUdpSocket *self, guint id, GValue *value);
gboolean dpdk_udp_socket_set_option (DpdkUdpSocket *self, guint id, const GValue *value);
void dpdk_udp_socket_notify_option (DpdkUdpSocket *self, DpdkUdpSocketProperty id);

G_END_DECLS
