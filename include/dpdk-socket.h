/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(DPDK_GLIB_INSIDE) && !defined(DPDK_GLIB_COMPILATION)
#error "Only <dpdk-glib.h> can be included directly."
#endif

#include "dpdk-types.h"
#include "dpdk-version-macros.h"

G_BEGIN_DECLS

#define DPDK_TYPE_SOCKET (dpdk_socket_get_type ())

DPDK_AVAILABLE_IN_0_1
G_DECLARE_DERIVABLE_TYPE (DpdkSocket, dpdk_socket, DPDK, SOCKET, GObject)

struct _DpdkSocketClass {
  GObjectClass parent_class;

  /*< private >*/
  GSocketAddress *(*get_local_address) (DpdkSocket *self, GError **error);
  gboolean (*is_closed) (DpdkSocket *self);
  void (*close) (DpdkSocket *self);
  guint8 (*get_ip_option) (DpdkSocket *self, guint option);
  gboolean (*set_ip_option) (DpdkSocket *self, guint option, guint8 value);
};

DPDK_AVAILABLE_IN_0_1
DpdkWorker *dpdk_socket_get_worker (DpdkSocket *self);
DPDK_AVAILABLE_IN_0_1
DpdkPort *dpdk_socket_get_port (DpdkSocket *self);
DPDK_AVAILABLE_IN_0_1
guint dpdk_socket_get_core_id (DpdkSocket *self);
DPDK_AVAILABLE_IN_0_1
guint dpdk_socket_get_ttl (DpdkSocket *self);
DPDK_AVAILABLE_IN_0_1
void dpdk_socket_set_ttl (DpdkSocket *self, guint ttl);
DPDK_AVAILABLE_IN_0_1
guint dpdk_socket_get_traffic_class (DpdkSocket *self);
DPDK_AVAILABLE_IN_0_1
void dpdk_socket_set_traffic_class (DpdkSocket *self, guint traffic_class);
DPDK_AVAILABLE_IN_0_1
GSocketAddress *dpdk_socket_get_local_address (DpdkSocket *self, GError **error);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_socket_is_closed (DpdkSocket *self);
DPDK_AVAILABLE_IN_0_1
void dpdk_socket_close (DpdkSocket *self);

G_END_DECLS
