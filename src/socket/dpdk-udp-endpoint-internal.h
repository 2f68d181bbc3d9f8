/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-udp-datagram-private.h"
#include "dpdk-udp-endpoint-private.h"

#include <lwip/udp.h>

G_BEGIN_DECLS

struct _DpdkUdpEndpoint {
  gatomicrefcount ref_count;
  DpdkWorkerTask task;
  gint task_is_posted;
  DpdkWorkerCore *core;
  GSocketFamily family;

  /* for the thread of the worker */
  struct udp_pcb *pcb;
  DpdkClosable closable;
  gboolean is_attached;
  gboolean is_removed;
  /* what the pcb is bound to while it is not connected */
  ip_addr_t bound_ip;
  /* of this turn; the others get them all at once */
  DpdkUdpQueue arrived;
  /* in @received when they got the last */
  guint n_waiting;
  DpdkWorkerTask arrival_task;
  gboolean arrival_is_posted;
  /* what the device had no room for */
  DpdkUdpQueue unsent;
  GArray *groups;
  /* held while there is a function to call */
  DpdkUdpSocket *readable_socket;
  DpdkUdpReadableFunc readable;
  gpointer readable_data;
  GDestroyNotify readable_destroy;
  gboolean is_calling;

  GMutex lock;
  GCond changed;
  guint n_waiters;
  DpdkUdpOptions options;
  DpdkUdpStatistics statistics;
  gboolean is_closed;
  /* why, if nobody asked for it */
  char *reason;
  DpdkUdpQueue received;
  /* for the worker to free */
  DpdkUdpQueue read;
  /* datagrams that a reader copies at this moment */
  guint n_borrowed;
  DpdkUdpQueue sending;
  /* all that has not reached the stack */
  gsize n_sending;
  /* from the network, for the next operation; 0 if there is none */
  gint error_code;
  const char *error_text;
  gboolean has_error;
  /* (element-type DpdkUdpSource) */
  GList *sources;
  gboolean has_binding;
  DpdkStackUdpBinding binding;
  gboolean has_local;
  gboolean has_remote;
  ip_addr_t local_ip;
  ip_addr_t remote_ip;
  guint16 local_port;
  guint16 remote_port;
};

/* the endpoint knows it until it is disposed of */
typedef struct {
  GSource source;
  DpdkUdpEndpoint *endpoint;
  GDatagramBased *owner;
  GIOCondition condition;
  GCancellable *cancellable;
  GSource *waker;
  /* that it is attached to, to be compared only; set under the lock */
  gconstpointer context;
} DpdkUdpSource;

/* with the lock held */
GIOCondition dpdk_udp_endpoint_get_condition_locked (DpdkUdpEndpoint *self);
void dpdk_udp_endpoint_notify_locked (DpdkUdpEndpoint *self);
/* FALSE, and the error gone, if there was one or the endpoint is closed */
gboolean dpdk_udp_endpoint_check_locked (DpdkUdpEndpoint *self, GError **error);
/* without the lock: an error that begins with what the socket is */
void dpdk_udp_endpoint_set_error (DpdkUdpEndpoint *self, GError **error, GIOErrorEnum code,
                                  const char *text);
/* waits until it is ready, has an error, or is closed; @deadline: -1 for none */
gboolean dpdk_udp_endpoint_wait_locked (DpdkUdpEndpoint *self, GIOCondition condition,
                                        gint64 deadline, GCancellable *cancellable, GError **error);

typedef struct {
  GCancellable *cancellable;
  gulong id;
} DpdkUdpWaiting;

/* around an operation that may block; without the lock */
gboolean dpdk_udp_endpoint_begin (DpdkUdpEndpoint *self, const char *call, gint64 timeout_us,
                                  GCancellable *cancellable, DpdkUdpWaiting *waiting,
                                  GError **error);
void dpdk_udp_endpoint_end (DpdkUdpWaiting *waiting);

/* where a datagram may go: looks at nothing that the worker changes */
gboolean dpdk_udp_endpoint_check_destination (DpdkUdpEndpoint *self, const DpdkUdpOptions *options,
                                              const ip_addr_t *ip, guint16 port, gsize length,
                                              gboolean on_link, GError **error);
gboolean dpdk_udp_endpoint_convert_address (DpdkUdpEndpoint *self, GSocketAddress *address,
                                            ip_addr_t *ip, guint16 *port, GError **error);

/* any thread: what was read is freed, and what is to be sent is sent, a bit later */
void dpdk_udp_endpoint_kick (DpdkUdpEndpoint *self);

/* the worker */
void dpdk_udp_endpoint_on_received (void *arg, struct udp_pcb *pcb, struct pbuf *p,
                                    const ip_addr_t *ip, u16_t port);
void dpdk_udp_endpoint_on_network_error (void *arg, struct udp_pcb *pcb, u8_t is_v6, u8_t type,
                                         u8_t code);
void dpdk_udp_endpoint_announce (DpdkUdpEndpoint *self);
/* whether the frames of a datagram can be handed over in this turn */
gboolean dpdk_udp_endpoint_has_room (DpdkUdpEndpoint *self, gsize length);
/* @p stays the caller's */
err_t dpdk_udp_endpoint_send_now (DpdkUdpEndpoint *self, struct pbuf *p, const ip_addr_t *to,
                                  guint16 port, const DpdkUdpOptions *options);
void dpdk_udp_statistics_count_sent (DpdkUdpStatistics *statistics, err_t native, gsize length);
void dpdk_udp_endpoint_add_sent_locked (DpdkUdpEndpoint *self, const DpdkUdpStatistics *sent);
void dpdk_udp_endpoint_transmit (DpdkUdpEndpoint *self);
void dpdk_udp_endpoint_free_read (DpdkUdpEndpoint *self);
void dpdk_udp_endpoint_call_readable (DpdkUdpEndpoint *self);
void dpdk_udp_endpoint_clear_readable (DpdkUdpEndpoint *self);
/* all groups, or with @interface >= 0 those on it */
void dpdk_udp_endpoint_leave_groups (DpdkUdpEndpoint *self, gint interface);
err_t dpdk_udp_endpoint_ensure_bound (DpdkUdpEndpoint *self);
struct netif *dpdk_udp_endpoint_find_route (DpdkUdpEndpoint *self, const ip_addr_t *to,
                                            gint multicast_interface, ip_addr_t *source);

G_END_DECLS
