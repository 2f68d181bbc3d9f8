/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(DPDK_GLIB_INSIDE) && !defined(DPDK_GLIB_COMPILATION)
#error "Only <dpdk-glib.h> can be included directly."
#endif

#include "dpdk-packet.h"
#include "dpdk-socket.h"
#include "dpdk-types.h"
#include "dpdk-version-macros.h"

G_BEGIN_DECLS

/**
 * DpdkUdpAddress:
 * @family: %G_SOCKET_FAMILY_IPV4 or %G_SOCKET_FAMILY_IPV6; %G_SOCKET_FAMILY_INVALID for no address
 * @port: the port
 * @scope_id: the scope of a link-local address of IPv6, else 0
 * @bytes: the address in network byte order; 4 or 16 bytes of it
 *
 * An address without a [class@Gio.SocketAddress], for the path of packets.
 *
 * Since: 0.1
 */
struct _DpdkUdpAddress {
  GSocketFamily family;
  guint16 port;
  guint32 scope_id;
  guint8 bytes[16];
};

/**
 * DpdkUdpMessage:
 * @packet: the datagram: only its data, without headers
 * @address: where it came from, or where it goes to; of family %G_SOCKET_FAMILY_INVALID to send it
 *   to the peer that the socket is connected to
 *
 * A datagram that is received or sent without copying it.
 *
 * Since: 0.1
 */
struct _DpdkUdpMessage {
  DpdkPacket *packet;
  DpdkUdpAddress address;
};

/**
 * DpdkUdpStatistics:
 * @received: datagrams that arrived and had room
 * @received_bytes: bytes of data in them
 * @sent: datagrams handed to the network
 * @sent_bytes: bytes of data in them
 * @receive_dropped: datagrams that arrived and were dropped, because the receive buffer was full or
 *   there was no memory
 * @send_dropped: datagrams that were accepted and not sent, because there was no route or no buffer
 *
 * The counters of a [class@Dpdk.UdpSocket].
 *
 * Since: 0.1
 */
struct _DpdkUdpStatistics {
  guint64 received;
  guint64 received_bytes;
  guint64 sent;
  guint64 sent_bytes;
  guint64 receive_dropped;
  guint64 send_dropped;
};

/**
 * DpdkUdpReadableFunc:
 * @socket: the socket
 * @user_data: user data
 *
 * A function that is called on the thread of the worker when datagrams have arrived.
 *
 * It must not block. It is called once for all datagrams of a burst, and only again after more have
 * arrived, so it should take all that there are.
 *
 * Since: 0.1
 */
typedef void (*DpdkUdpReadableFunc) (DpdkUdpSocket *socket, gpointer user_data);

#define DPDK_TYPE_UDP_SOCKET (dpdk_udp_socket_get_type ())

DPDK_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (DpdkUdpSocket, dpdk_udp_socket, DPDK, UDP_SOCKET, DpdkSocket)

DPDK_AVAILABLE_IN_0_1
DpdkUdpSocket *dpdk_udp_socket_new (DpdkRuntime *runtime, GSocketFamily family, GError **error);

DPDK_AVAILABLE_IN_0_1
gboolean dpdk_udp_socket_bind (DpdkUdpSocket *self, GSocketAddress *address, GError **error);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_udp_socket_bind_to_host (DpdkUdpSocket *self, const char *host_and_port,
                                       guint16 default_port, GResolver *resolver,
                                       GCancellable *cancellable, GError **error);
DPDK_AVAILABLE_IN_0_1
void dpdk_udp_socket_bind_to_host_async (DpdkUdpSocket *self, const char *host_and_port,
                                         guint16 default_port, GResolver *resolver,
                                         GCancellable *cancellable, GAsyncReadyCallback callback,
                                         gpointer user_data);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_udp_socket_bind_to_host_finish (DpdkUdpSocket *self, GAsyncResult *result,
                                              GError **error);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_udp_socket_connect (DpdkUdpSocket *self, GSocketAddress *address, GError **error);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_udp_socket_disconnect (DpdkUdpSocket *self, GError **error);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_udp_socket_is_connected (DpdkUdpSocket *self);
DPDK_AVAILABLE_IN_0_1
GSocketAddress *dpdk_udp_socket_get_remote_address (DpdkUdpSocket *self, GError **error);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_udp_socket_take_error (DpdkUdpSocket *self, GError **error);
DPDK_AVAILABLE_IN_0_1
void dpdk_udp_socket_get_statistics (DpdkUdpSocket *self, DpdkUdpStatistics *statistics);

DPDK_AVAILABLE_IN_0_1
GBytes *dpdk_udp_socket_receive_bytes (DpdkUdpSocket *self, GSocketAddress **address,
                                       gint64 timeout_us, GCancellable *cancellable,
                                       GError **error);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_udp_socket_send_bytes (DpdkUdpSocket *self, GSocketAddress *address, GBytes *bytes,
                                     gint64 timeout_us, GCancellable *cancellable, GError **error);

DPDK_AVAILABLE_IN_0_1
gboolean dpdk_udp_socket_join_group (DpdkUdpSocket *self, GInetAddress *group, DpdkPort *port,
                                     GError **error);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_udp_socket_leave_group (DpdkUdpSocket *self, GInetAddress *group, DpdkPort *port,
                                      GError **error);

DPDK_AVAILABLE_IN_0_1
GSocketFamily dpdk_udp_socket_get_family (DpdkUdpSocket *self);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_udp_socket_get_ipv6_only (DpdkUdpSocket *self);
DPDK_AVAILABLE_IN_0_1
void dpdk_udp_socket_set_ipv6_only (DpdkUdpSocket *self, gboolean ipv6_only);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_udp_socket_get_reuse_address (DpdkUdpSocket *self);
DPDK_AVAILABLE_IN_0_1
void dpdk_udp_socket_set_reuse_address (DpdkUdpSocket *self, gboolean reuse_address);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_udp_socket_get_broadcast (DpdkUdpSocket *self);
DPDK_AVAILABLE_IN_0_1
void dpdk_udp_socket_set_broadcast (DpdkUdpSocket *self, gboolean broadcast);
DPDK_AVAILABLE_IN_0_1
guint dpdk_udp_socket_get_multicast_ttl (DpdkUdpSocket *self);
DPDK_AVAILABLE_IN_0_1
void dpdk_udp_socket_set_multicast_ttl (DpdkUdpSocket *self, guint ttl);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_udp_socket_get_multicast_loopback (DpdkUdpSocket *self);
DPDK_AVAILABLE_IN_0_1
void dpdk_udp_socket_set_multicast_loopback (DpdkUdpSocket *self, gboolean loopback);
DPDK_AVAILABLE_IN_0_1
DpdkPort *dpdk_udp_socket_get_multicast_port (DpdkUdpSocket *self);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_udp_socket_set_multicast_port (DpdkUdpSocket *self, DpdkPort *port, GError **error);
DPDK_AVAILABLE_IN_0_1
guint dpdk_udp_socket_get_receive_buffer_size (DpdkUdpSocket *self);
DPDK_AVAILABLE_IN_0_1
void dpdk_udp_socket_set_receive_buffer_size (DpdkUdpSocket *self, guint size);
DPDK_AVAILABLE_IN_0_1
guint dpdk_udp_socket_get_send_buffer_size (DpdkUdpSocket *self);
DPDK_AVAILABLE_IN_0_1
void dpdk_udp_socket_set_send_buffer_size (DpdkUdpSocket *self, guint size);

DPDK_AVAILABLE_IN_0_1
gboolean dpdk_udp_socket_set_readable_callback (DpdkUdpSocket *self, DpdkUdpReadableFunc func,
                                                gpointer user_data, GDestroyNotify destroy,
                                                GError **error);
DPDK_AVAILABLE_IN_0_1
gint dpdk_udp_socket_try_receive (DpdkUdpSocket *self, DpdkUdpMessage *messages, guint n_messages,
                                  GError **error);
DPDK_AVAILABLE_IN_0_1
GBytes *dpdk_udp_socket_try_receive_bytes (DpdkUdpSocket *self, GSocketAddress **address,
                                           GError **error);
DPDK_AVAILABLE_IN_0_1
gint dpdk_udp_socket_try_send (DpdkUdpSocket *self, const DpdkUdpMessage *messages,
                               guint n_messages, GError **error);

DPDK_AVAILABLE_IN_0_1
gboolean dpdk_udp_address_init (DpdkUdpAddress *self, GSocketAddress *address, GError **error);
DPDK_AVAILABLE_IN_0_1
GSocketAddress *dpdk_udp_address_to_socket_address (const DpdkUdpAddress *self);

G_END_DECLS
