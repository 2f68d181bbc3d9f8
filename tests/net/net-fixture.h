/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <dpdk-glib-testing.h>

G_BEGIN_DECLS

/* Every test runs in a process and in a network namespace of its own, in which the kernel's end of a
   tap device is the peer. */

#define NET_INTERFACE "dpdk0"
#define NET_OUR_V4 "198.18.0.2"
#define NET_OUR_V6 "fde7:f17d:24::2"
#define NET_KERNEL_V4 "198.18.0.1"
#define NET_KERNEL_V6 "fde7:f17d:24::1"
#define NET_OUR_MAC "02:c4:d3:48:bb:8f"

#if defined(__SANITIZE_ADDRESS__)
/* freed memory is kept in quarantine */
#define NET_MEMORY_SLACK (512 * 1024 * 1024)
#else
#define NET_MEMORY_SLACK 0
#endif

void net_run (const char *command, ...) G_GNUC_PRINTF (1, 2);
char *net_run_for_output (int *wait_status, const char *command, ...) G_GNUC_PRINTF (2, 3);

DpdkRuntime *net_start (void);
DpdkRuntime *net_start_with (const char *json);
DpdkRuntime *net_build_with (DpdkRuntimeBuilder *builder, const char *json, GError **error);
void net_kernel_up (const char *interface, ...) G_GNUC_NULL_TERMINATED;
void net_kernel_up_default (void);
/* takes over the references, of which the runtime's must be the last */
void net_stop (DpdkRuntime *runtime);

GSocketAddress *net_address (const char *host, guint16 port);
guint16 net_address_get_port (GSocketAddress *address);
DpdkTcpListener *net_listen (DpdkRuntime *runtime, const char *host, guint16 port);
guint16 net_listener_get_port (DpdkTcpListener *listener);
DpdkTcpConnection *net_accept (DpdkTcpListener *listener);
DpdkTcpConnection *net_connect (DpdkRuntime *runtime, const char *host, guint16 port);

/* data that looks different at each offset */
#define NET_PATTERN_SIZE 65536
const guint8 *net_pattern (guint64 offset);
void net_stream_write_pattern (GIOStream *stream, guint64 offset, guint64 size);
void net_stream_read_pattern (GIOStream *stream, guint64 offset, guint64 size);
void net_write_pattern (DpdkTcpConnection *connection, guint64 offset, guint64 size);
void net_read_pattern (DpdkTcpConnection *connection, guint64 offset, guint64 size);
void net_assert_at_end (DpdkTcpConnection *connection);
void net_close (DpdkTcpConnection *connection);
/* each drops a reference that must be the last one */
void net_release (gpointer object);
/* waits: a thread of a library may hold the last one for a moment longer */
void net_release_later (gpointer object);

#define NET_FAMILIES                                                                               \
  {                                                                                                \
    { NET_OUR_V4, NET_KERNEL_V4 }, { NET_OUR_V6, NET_KERNEL_V6 },                                  \
  }

typedef struct {
  const char *ours;
  const char *kernels;
} NetFamily;

G_END_DECLS
