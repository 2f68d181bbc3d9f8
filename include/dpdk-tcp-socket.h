/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(DPDK_GLIB_INSIDE) && !defined(DPDK_GLIB_COMPILATION)
#error "Only <dpdk-glib.h> can be included directly."
#endif

#include "dpdk-socket.h"
#include "dpdk-tcp-options.h"
#include "dpdk-types.h"
#include "dpdk-version-macros.h"

G_BEGIN_DECLS

/**
 * DpdkTcpInfo:
 * @congestion_control: the algorithm of congestion control
 * @mss: the largest segment that is sent, in bytes, options included (RFC 6691)
 * @congestion_window: how much may be on its way, in bytes
 * @slow_start_threshold: the window in bytes up to which it grows exponentially (RFC 5681)
 * @bytes_in_flight: the estimate of what is on its way (RFC 6675), in bytes
 * @bytes_unacknowledged: what was sent and not yet acknowledged, in bytes
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
 * The state of a connection.
 *
 * Since: 0.1
 */
typedef struct {
  DpdkCongestionControl congestion_control;
  guint mss;
  guint congestion_window;
  guint slow_start_threshold;
  guint bytes_in_flight;
  guint bytes_unacknowledged;
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

/**
 * DpdkTcpReadyFunc:
 * @socket: the socket
 * @user_data: user data
 *
 * A function that is called on the thread of the worker when data has arrived on a connection, or
 * when there is room to write again.
 *
 * It must not block. It is called once for all that has arrived in a turn of the worker, and only
 * again after more has, so it should read or write as much as it can.
 *
 * Since: 0.1
 */
typedef void (*DpdkTcpReadyFunc) (DpdkTcpSocket *socket, gpointer user_data);

#define DPDK_TYPE_TCP_SOCKET (dpdk_tcp_socket_get_type ())

DPDK_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (DpdkTcpSocket, dpdk_tcp_socket, DPDK, TCP_SOCKET, DpdkSocket)

DPDK_AVAILABLE_IN_0_1
DpdkTcpSocket *dpdk_tcp_socket_new (DpdkRuntime *runtime, GSocketFamily family, GError **error);

DPDK_AVAILABLE_IN_0_1
gboolean dpdk_tcp_socket_bind (DpdkTcpSocket *self, GSocketAddress *address, GError **error);
DPDK_AVAILABLE_IN_0_1
DpdkTcpConnection *dpdk_tcp_socket_connect (DpdkTcpSocket *self, GSocketAddress *address,
                                            GCancellable *cancellable, GError **error);
DPDK_AVAILABLE_IN_0_1
void dpdk_tcp_socket_connect_async (DpdkTcpSocket *self, GSocketAddress *address,
                                    GCancellable *cancellable, GAsyncReadyCallback callback,
                                    gpointer user_data);
DPDK_AVAILABLE_IN_0_1
DpdkTcpConnection *dpdk_tcp_socket_connect_finish (DpdkTcpSocket *self, GAsyncResult *result,
                                                   GError **error);
DPDK_AVAILABLE_IN_0_1
GPollableReturn dpdk_tcp_socket_try_read_bytes (DpdkTcpSocket *self, gsize count, GBytes **bytes,
                                                GError **error);
DPDK_AVAILABLE_IN_0_1
GPollableReturn dpdk_tcp_socket_try_write_bytes (DpdkTcpSocket *self, GBytes *bytes, gsize offset,
                                                 gsize *n_written, GError **error);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_tcp_socket_is_connected (DpdkTcpSocket *self);
DPDK_AVAILABLE_IN_0_1
GSocketAddress *dpdk_tcp_socket_get_remote_address (DpdkTcpSocket *self, GError **error);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_tcp_socket_get_info (DpdkTcpSocket *self, DpdkTcpInfo *info, GError **error);
DPDK_AVAILABLE_IN_0_1
DpdkTcpOptions *dpdk_tcp_socket_dup_options (DpdkTcpSocket *self);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_tcp_socket_set_options (DpdkTcpSocket *self, DpdkTcpOptions *options, GError **error);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_tcp_socket_get_nodelay (DpdkTcpSocket *self);
DPDK_AVAILABLE_IN_0_1
void dpdk_tcp_socket_set_nodelay (DpdkTcpSocket *self, gboolean nodelay);

DPDK_AVAILABLE_IN_0_1
gboolean dpdk_tcp_socket_set_readable_callback (DpdkTcpSocket *self, DpdkTcpReadyFunc func,
                                                gpointer user_data, GDestroyNotify destroy,
                                                GError **error);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_tcp_socket_set_writable_callback (DpdkTcpSocket *self, DpdkTcpReadyFunc func,
                                                gpointer user_data, GDestroyNotify destroy,
                                                GError **error);
DPDK_AVAILABLE_IN_0_1
GPollableReturn dpdk_tcp_socket_try_read (DpdkTcpSocket *self, void *buffer, gsize count,
                                          gsize *n_read, GError **error);
DPDK_AVAILABLE_IN_0_1
GPollableReturn dpdk_tcp_socket_try_write (DpdkTcpSocket *self, const void *buffer, gsize count,
                                           gsize *n_written, GError **error);

G_END_DECLS
