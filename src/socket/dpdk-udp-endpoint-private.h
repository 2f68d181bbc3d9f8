/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-worker-core-private.h"

G_BEGIN_DECLS

/* what a DpdkUdpSocket is to the stack. The application's side may be called from any thread; the
   stack's side runs on the worker */
typedef struct _DpdkUdpEndpoint DpdkUdpEndpoint;

typedef struct {
  gboolean broadcast;
  gboolean may_share;
  gboolean v6_only;
  guint8 ttl;
  guint8 traffic_class;
  guint8 multicast_ttl;
  gboolean multicast_loopback;
  /* -1 for the first */
  gint multicast_interface;
  gsize receive_buffer_size;
  gsize send_buffer_size;
} DpdkUdpOptions;

DpdkUdpEndpoint *dpdk_udp_endpoint_new (DpdkWorkerCore *core, GSocketFamily family);
DpdkUdpEndpoint *dpdk_udp_endpoint_ref (DpdkUdpEndpoint *self);
void dpdk_udp_endpoint_unref (DpdkUdpEndpoint *self);

gboolean dpdk_udp_endpoint_attach (DpdkUdpEndpoint *self, GError **error);
GSocketFamily dpdk_udp_endpoint_get_family (DpdkUdpEndpoint *self);

/* @address as the network has it; fails if it is of another family than @self may have */
GSocketAddress *dpdk_udp_endpoint_normalize (DpdkUdpEndpoint *self, GSocketAddress *address,
                                             GError **error);
gboolean dpdk_udp_endpoint_bind (DpdkUdpEndpoint *self, GSocketAddress *address, GError **error);
gboolean dpdk_udp_endpoint_connect (DpdkUdpEndpoint *self, GSocketAddress *address, GError **error);
gboolean dpdk_udp_endpoint_disconnect (DpdkUdpEndpoint *self, GError **error);
/* @wait: whether the port shall be free when the call returns; a worker cannot wait for another */
void dpdk_udp_endpoint_close (DpdkUdpEndpoint *self, gboolean wait);
gboolean dpdk_udp_endpoint_is_closed (DpdkUdpEndpoint *self);
gboolean dpdk_udp_endpoint_is_connected (DpdkUdpEndpoint *self);
GSocketAddress *dpdk_udp_endpoint_get_local_address (DpdkUdpEndpoint *self, GError **error);
GSocketAddress *dpdk_udp_endpoint_get_remote_address (DpdkUdpEndpoint *self, GError **error);
gboolean dpdk_udp_endpoint_take_error (DpdkUdpEndpoint *self, GError **error);

void dpdk_udp_endpoint_get_options (DpdkUdpEndpoint *self, DpdkUdpOptions *options);
/* to change them: other threads wait meanwhile */
DpdkUdpOptions *dpdk_udp_endpoint_lock_options (DpdkUdpEndpoint *self);
void dpdk_udp_endpoint_unlock_options (DpdkUdpEndpoint *self);
void dpdk_udp_endpoint_get_statistics (DpdkUdpEndpoint *self, DpdkUdpStatistics *statistics);

gboolean dpdk_udp_endpoint_change_group (DpdkUdpEndpoint *self, GInetAddress *group, gint interface,
                                         gboolean join, GError **error);

gint dpdk_udp_endpoint_receive (DpdkUdpEndpoint *self, GInputMessage *messages, guint n_messages,
                                gint flags, gint64 timeout_us, GCancellable *cancellable,
                                GError **error);
gint dpdk_udp_endpoint_send (DpdkUdpEndpoint *self, GOutputMessage *messages, guint n_messages,
                             gint flags, gint64 timeout_us, GCancellable *cancellable,
                             GError **error);
GIOCondition dpdk_udp_endpoint_check (DpdkUdpEndpoint *self, GIOCondition condition);
gboolean dpdk_udp_endpoint_wait (DpdkUdpEndpoint *self, GIOCondition condition, gint64 timeout_us,
                                 GCancellable *cancellable, GError **error);
GSource *dpdk_udp_endpoint_create_source (DpdkUdpEndpoint *self, GDatagramBased *owner,
                                          GIOCondition condition, GCancellable *cancellable);

/* on the thread of the worker */
gboolean dpdk_udp_endpoint_check_worker (DpdkUdpEndpoint *self, const char *call, GError **error);
/* holds @socket as long as there is a function */
void dpdk_udp_endpoint_set_readable (DpdkUdpEndpoint *self, DpdkUdpSocket *socket,
                                     DpdkUdpReadableFunc func, gpointer user_data,
                                     GDestroyNotify destroy);
gint dpdk_udp_endpoint_try_receive (DpdkUdpEndpoint *self, DpdkUdpMessage *messages,
                                    guint n_messages, GError **error);
gint dpdk_udp_endpoint_try_send (DpdkUdpEndpoint *self, const DpdkUdpMessage *messages,
                                 guint n_messages, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DpdkUdpEndpoint, dpdk_udp_endpoint_unref)

G_END_DECLS
