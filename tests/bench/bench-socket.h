/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* sockets of the kernel, which do not block */

/* gives back what a call has given, or ends the process */
int bench_socket_check (int result, const char *what);

int bench_socket_listen (const char *address, guint16 port, int backlog);
/* returns before there is a connection */
int bench_socket_connect (const char *address, guint16 port);
/* -1 if there is none */
int bench_socket_accept (int listener);
void bench_socket_set (int fd, int level, int option, int value, const char *what);
/* without a last word to the peer but a reset */
void bench_socket_reset (int fd);

/* the events are those of epoll_ctl(2) */
void bench_socket_watch (int epoll, int fd, guint32 events, gpointer data);

G_END_DECLS
