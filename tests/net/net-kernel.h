/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* sockets of the kernel, blocking but not for ever; whatever fails ends the test */

int net_kernel_try_connect (const char *host, guint16 port, int *error_number);
int net_kernel_connect (const char *host, guint16 port);
int net_kernel_connect_from (const char *local, guint16 local_port, const char *host, guint16 port,
                             int *error_number);
int net_kernel_listen (const char *host, int backlog, guint16 *port);
int net_kernel_accept (int listener);
/* takes over the socket */
GIOStream *net_kernel_stream_new (int fd);
void net_kernel_close (int fd);
void net_kernel_reset (int fd);
void net_kernel_finish (int fd);

guint16 net_kernel_get_port (int fd);
char *net_kernel_get_name (int fd, gboolean of_peer);
void net_kernel_wait_acknowledged (int fd);
gsize net_kernel_get_unacknowledged (int fd);

gboolean net_kernel_is_readable (int fd);
void net_kernel_write (int fd, const void *data, gsize size);
void net_kernel_read (int fd, void *data, gsize size);
gssize net_kernel_read_some (int fd, void *data, gsize size);
void net_kernel_write_pattern (int fd, guint64 offset, guint64 size);
void net_kernel_read_pattern (int fd, guint64 offset, guint64 size);
/* gives the number of bytes up to the end */
guint64 net_kernel_read_pattern_to_end (int fd, guint64 offset);
void net_kernel_assert_at_end (int fd);
void net_kernel_assert_reset (int fd);

/* what arrives on an interface and what leaves it, as the kernel sees it */
int net_packet_open (const char *interface);
gssize net_packet_receive (int fd, void *frame, gsize size, gboolean *is_from_us);
void net_packet_send (int fd, const void *frame, gsize size);

/* a thread that serves each connection to a kernel's listener with a thread of its own */
typedef struct _NetKernelServer NetKernelServer;
typedef void (*NetKernelServe) (int fd, gpointer data);

NetKernelServer *net_kernel_server_new (const char *host, NetKernelServe serve, gpointer data);
guint16 net_kernel_server_get_port (NetKernelServer *self);
/* waits until all connections are served */
void net_kernel_server_free (NetKernelServer *self);
void net_kernel_serve_echo (int fd, gpointer data);
/* the same, for clients that may end by a reset */
void net_kernel_serve_anybody (int fd, gpointer data);

G_END_DECLS
