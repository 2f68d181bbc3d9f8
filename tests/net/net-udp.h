/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "net-fixture.h"

G_BEGIN_DECLS

/* sockets of UDP, ours and the kernel's; whatever fails ends the test */

#define NET_UDP_MAX 65536

/* microseconds that are left for whatever should happen at once */
gint64 net_udp_get_patience (void);

DpdkUdpSocket *net_udp_new (DpdkRuntime *runtime, const char *host, guint16 port);
DpdkUdpSocket *net_udp_new_connected (DpdkRuntime *runtime, const char *host, guint16 port);
guint16 net_udp_get_port (DpdkUdpSocket *socket);
void net_udp_send (DpdkUdpSocket *socket, const char *host, guint16 port, const void *data,
                   gsize size);
/* waits; the address is optional */
gsize net_udp_receive (DpdkUdpSocket *socket, void *data, gsize size, GSocketAddress **address);
gssize net_udp_try_receive (DpdkUdpSocket *socket, void *data, gsize size, GError **error);
gssize net_udp_try_send (DpdkUdpSocket *socket, GSocketAddress *address, const void *data,
                         gsize size, GError **error);
DpdkUdpStatistics net_udp_get_statistics (DpdkUdpSocket *socket);
void net_udp_assert_from (GSocketAddress *address, const char *host, guint16 port);

/* of the kernel; @host: NULL for all addresses of both families */
int net_kernel_udp_open (const char *host, guint16 port);
void net_kernel_udp_connect (int fd, const char *host, guint16 port);
void net_kernel_udp_send (int fd, const char *host, guint16 port, const void *data, gsize size);
gsize net_kernel_udp_receive (int fd, void *data, gsize size, GSocketAddress **address);
gboolean net_kernel_udp_try_receive (int fd, void *data, gsize size, gssize *n);

/* a thread that sends each datagram back */
typedef struct _NetUdpEcho NetUdpEcho;
NetUdpEcho *net_udp_echo_new (guint16 *port);
void net_udp_echo_free (NetUdpEcho *self);

G_END_DECLS
