/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-eal-private.h"
#include "dpdk-glib.h"
#include "dpdk-port-owners.h"
#include "dpdk-stack-tcp.h"
#include "dpdk-stack.h"

#include <sys/queue.h>

G_BEGIN_DECLS

/* the thread of a worker and what belongs to it; the thread does not hold the DpdkWorker, so that
   dropping the object can end the thread */
typedef struct _DpdkWorkerCore DpdkWorkerCore;
typedef struct _DpdkWorkerTask DpdkWorkerTask;
typedef struct _DpdkClosable DpdkClosable;
typedef struct _DpdkWorkerShared DpdkWorkerShared;

/* something to do on the thread of the worker; embedded in what it is about */
struct _DpdkWorkerTask {
  DpdkWorkerTask *next;
  void (*run) (DpdkWorkerTask *task);
};

/* a port whose device was removed */
typedef struct {
  DpdkStack *stack;
  /* of the stack; still there */
  guint interface;
  gboolean is_last;
  const char *reason;
} DpdkWorkerLoss;

/* whether something that is bound to @bytes, or to all addresses, cannot do without the port */
gboolean dpdk_worker_loss_concerns (const DpdkWorkerLoss *self, gboolean is_any, gboolean is_v6,
                                    const guint8 *bytes);

/* what all of a kind do */
typedef struct {
  /* ends it in an orderly way; may take a while */
  void (*close) (DpdkClosable *closable);
  /* ends it at once, and leaves the list */
  void (*abort) (DpdkClosable *closable);
  /* whether the peer still has to be waited for */
  gboolean (*is_busy) (DpdkClosable *closable);
  /* after dpdk_worker_core_look_later(); NULL: never */
  void (*look) (DpdkClosable *closable);
  /* the device of @port is gone: ends it, for this reason, if it cannot do without */
  void (*lose_port) (DpdkClosable *closable, const DpdkWorkerLoss *loss);
} DpdkClosableFuncs;

/* something that must be closed before the stack of the worker can end */
struct _DpdkClosable {
  /* among those of its kind, or among those to be looked at */
  LIST_ENTRY (_DpdkClosable) link;
};

/* what the workers of a runtime share */
struct _DpdkWorkerShared {
  gatomicrefcount ref_count;
  guint n_workers;
  gint n_running;
  /* that connections begin with */
  DpdkStackTcpOptions tcp_options;
  guint max_time_wait;
  guint64 memory_budget;
  /* those that run, or have run beside one that still does */
  DpdkWorkerCore **cores;
  DpdkPortOwners *port_owners;
  DpdkStackUdpPorts *udp_ports;
};

/* @memory_budget: of each worker, in bytes; 0 for the default */
DpdkWorkerShared *dpdk_worker_shared_new (guint n_workers, const DpdkStackTcpOptions *tcp_options,
                                          guint max_time_wait, guint64 memory_budget);
DpdkWorkerShared *dpdk_worker_shared_ref (DpdkWorkerShared *self);
void dpdk_worker_shared_unref (DpdkWorkerShared *self);

/* a port of a worker: the queue number is the worker's index */
typedef struct {
  DpdkPort *port;
  DpdkStackOffload offloads;
  GArray *addresses;
  gboolean has_gateway_v4;
  gboolean has_gateway_v6;
  DpdkStackAddress gateway_v4;
  DpdkStackAddress gateway_v6;
} DpdkWorkerPort;

DpdkWorkerCore *dpdk_worker_core_new (DpdkWorkerShared *shared, guint index, guint cpu,
                                      DpdkIdlePolicy idle_policy, GPtrArray *ports);
DpdkWorkerCore *dpdk_worker_core_ref (DpdkWorkerCore *self);
void dpdk_worker_core_unref (DpdkWorkerCore *self);

void dpdk_worker_core_set_worker (DpdkWorkerCore *self, DpdkWorker *worker);
DpdkWorker *dpdk_worker_core_dup_worker (DpdkWorkerCore *self);
gboolean dpdk_worker_core_start (DpdkWorkerCore *self, GError **error);
void dpdk_worker_core_request_stop (DpdkWorkerCore *self);
gboolean dpdk_worker_core_join (DpdkWorkerCore *self);
gboolean dpdk_worker_core_is_running (DpdkWorkerCore *self);

DpdkWorkerCore *dpdk_worker_core_get_current (void);
gboolean dpdk_worker_core_is_current (DpdkWorkerCore *self);
gboolean dpdk_worker_core_post (DpdkWorkerCore *self, DpdkWorkerTask *task);
/* On the thread of the worker, which looks at @closable when it has run the tasks that it has; without
   atomic operations, as it is for every packet. Only one kind is looked at. @is_added: it is among those
   that must be closed; until it is looked at it is no more. FALSE if there are no tasks any more. */
gboolean dpdk_worker_core_look_later (DpdkWorkerCore *self, const DpdkClosableFuncs *funcs,
                                      DpdkClosable *closable, gboolean is_added);
/* on the thread of the worker: something is ready in its context, and need not wait until it is looked at
   again */
void dpdk_worker_core_expedite (DpdkWorkerCore *self);
gboolean dpdk_worker_core_call (DpdkWorkerCore *self, void (*func) (gpointer data), gpointer data,
                                GError **error);

guint dpdk_worker_core_get_index (DpdkWorkerCore *self);
guint dpdk_worker_core_get_cpu (DpdkWorkerCore *self);
DpdkIdlePolicy dpdk_worker_core_get_idle_policy (DpdkWorkerCore *self);
GMainContext *dpdk_worker_core_get_main_context (DpdkWorkerCore *self);
DpdkStack *dpdk_worker_core_get_stack (DpdkWorkerCore *self);
DpdkStackBudget *dpdk_worker_core_get_budget (DpdkWorkerCore *self);
DpdkWorkerShared *dpdk_worker_core_get_shared (DpdkWorkerCore *self);
void dpdk_worker_core_get_statistics (DpdkWorkerCore *self, DpdkWorkerStatistics *statistics);
void dpdk_worker_core_get_stack_counters (DpdkWorkerCore *self, DpdkStackCounters *counters);
/* from here on the ports may be closed; when the thread has ended */
void dpdk_worker_core_detach_ports (DpdkWorkerCore *self);
DpdkStackOffload dpdk_worker_core_get_offloads (DpdkWorkerCore *self, DpdkPort *port);
DpdkPort *dpdk_worker_core_find_port (DpdkWorkerCore *self, GInetAddress *address);

/* zeroed, for what the sockets of the worker consist of; for any thread that holds a reference */
#define DPDK_WORKER_PIECE_SIZE 160
gpointer dpdk_worker_core_allocate_piece (DpdkWorkerCore *self);
void dpdk_worker_core_release_piece (DpdkWorkerCore *self, gpointer piece);

typedef enum {
  DPDK_ROUTE_NONE,
  DPDK_ROUTE_GATEWAY,
  DPDK_ROUTE_UNICAST,
  DPDK_ROUTE_BROADCAST,
} DpdkRoute;

/* may be called from any thread */
DpdkRoute dpdk_worker_core_find_route (DpdkWorkerCore *self, gboolean is_v6, const guint8 *address);
/* the number that the stack knows a port by; -1 if the worker does not serve it */
gint dpdk_worker_core_find_interface (DpdkWorkerCore *self, DpdkPort *port);
guint dpdk_worker_core_get_n_ports (DpdkWorkerCore *self);
DpdkPort *dpdk_worker_core_get_port (DpdkWorkerCore *self, gint interface);

/* @funcs: the same for all of a kind */
void dpdk_worker_core_add_closable (DpdkWorkerCore *self, const DpdkClosableFuncs *funcs,
                                    DpdkClosable *closable);
void dpdk_worker_core_remove_closable (DpdkWorkerCore *self, DpdkClosable *closable);

G_END_DECLS
