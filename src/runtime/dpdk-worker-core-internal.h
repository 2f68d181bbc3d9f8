/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-pool.h"
#include "dpdk-port-private.h"
#include "dpdk-worker-core-private.h"
#include "dpdk-worker-poller-private.h"
#include "dpdk-thread-local-private.h"

G_BEGIN_DECLS

typedef enum {
  THREAD_NEVER,
  THREAD_STARTING,
  THREAD_RUNNING,
  THREAD_STOPPED,
  /* the thread has called exit () and will not come back */
  THREAD_EXITING,
} ThreadState;

/* what a worker knows of a port */
typedef struct {
  gint n_changes;
  int fd;
  gboolean is_attached;
  gboolean is_lost;
} DpdkWorkerPortState;

/* endpoints of TCP and UDP, and listeners */
#define DPDK_WORKER_N_KINDS 3

typedef struct {
  const DpdkClosableFuncs *funcs;
  LIST_HEAD (, _DpdkClosable) all;
} DpdkWorkerKind;

struct _DpdkWorkerCore {
  DpdkStoppable stoppable;
  gatomicrefcount ref_count;

  /* written by others, read in each turn */
  gint quit;
  gint sleeping;
  DpdkWorkerTask *tasks;
  /* packets of others that wait for us */
  gint n_forwarded;

  guint index;
  guint cpu;
  DpdkIdlePolicy idle_policy;
  GPtrArray *ports;
  /* one for each of @ports */
  DpdkWorkerPortState *port_states;
  DpdkWorkerShared *shared;
  DpdkWorkerPoller *poller;
  DpdkStackBudget *budget;
  DpdkPool *pool;
  DpdkStack *stack;
  /* those to be looked at, and where the next one goes */
  LIST_HEAD (, _DpdkClosable) looks;
  DpdkClosable *last_look;
  const DpdkClosableFuncs *look_funcs;
  DpdkWorkerKind kinds[DPDK_WORKER_N_KINDS];
  /* that the one who walks through them comes to next */
  DpdkClosable *next_closable;
  guint next_kind;
  gboolean devices_wake;
  guint64 next_context;
  guint64 next_fds;
  guint64 next_timers;
  guint64 idle_since;

  GWeakRef worker;
  GThread *thread;
  GMutex lock;
  GCond changed;
  ThreadState state;
  GError *error;
  DpdkWorkerStatistics last_statistics;
  DpdkStackCounters last_counters;
};

extern DPDK_THREAD_LOCAL DpdkWorkerCore *dpdk_worker_core_current;
/* in place of a list of tasks: nothing can be posted any more */
extern DpdkWorkerTask dpdk_worker_tasks_closed;

guint dpdk_worker_core_run_tasks (DpdkWorkerCore *self, DpdkWorkerTask *replacement);
/* for the thread of the worker */
gboolean dpdk_worker_core_open_ports (DpdkWorkerCore *self, GError **error);
void dpdk_worker_core_handle_port (DpdkWorkerCore *self, guint index);

static inline void
dpdk_worker_core_look_at_ports (DpdkWorkerCore *self)
{
  for (guint i = 0; i < self->ports->len; i++)
    if (G_UNLIKELY (dpdk_port_get_n_changes (((DpdkWorkerPort *) self->ports->pdata[i])->port) !=
                    self->port_states[i].n_changes))
      dpdk_worker_core_handle_port (self, i);
}

/* a walk through all there are, each of which may remove itself and others */
void dpdk_worker_core_begin_closables (DpdkWorkerCore *self);
DpdkClosable *dpdk_worker_core_next_closable (DpdkWorkerCore *self,
                                              const DpdkClosableFuncs **funcs);

void dpdk_worker_core_set_state (DpdkWorkerCore *self, ThreadState state);
void dpdk_worker_shared_leave (DpdkWorkerShared *self);

/* the thread; takes over a reference on the core */
gpointer dpdk_worker_thread_main (gpointer data);

G_END_DECLS
