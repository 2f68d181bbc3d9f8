/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-worker-core-internal.h"

G_BEGIN_DECLS

/* Makes a mutex around something of a worker cheap for the worker, if others seldom take it. While it is
   reserved the worker takes it with plain stores; another thread ends that first, with a barrier on all
   threads. The mutex may be in another cache line: the worker has no need of it then. */
typedef struct {
  /* changed with the mutex held */
  guint8 is_reserved;
  /* without the mutex; written by the worker alone */
  guint8 is_held;
} DpdkWorkerLock;

/* on the thread of the worker, which has locked it, while nobody waits with it for a condition */
void dpdk_worker_lock_reserve (DpdkWorkerLock *self);
/* on any other */
void dpdk_worker_lock_lock_from_outside (DpdkWorkerLock *self, GMutex *mutex);

/* on the thread of the worker */
static inline void
dpdk_worker_lock_lock_own (DpdkWorkerLock *self, GMutex *mutex)
{
  __atomic_store_n (&self->is_held, TRUE, __ATOMIC_RELAXED);
  /* who ends the reservation makes the processors keep this order, too */
  __atomic_signal_fence (__ATOMIC_SEQ_CST);
  if (G_LIKELY (__atomic_load_n (&self->is_reserved, __ATOMIC_RELAXED)))
    return;
  __atomic_store_n (&self->is_held, FALSE, __ATOMIC_RELEASE);
  g_mutex_lock (mutex);
}

static inline void
dpdk_worker_lock_unlock_own (DpdkWorkerLock *self, GMutex *mutex)
{
  if (G_LIKELY (self->is_held))
    __atomic_store_n (&self->is_held, FALSE, __ATOMIC_RELEASE);
  else
    g_mutex_unlock (mutex);
}

/* on any thread */
static inline void
dpdk_worker_lock_lock (DpdkWorkerLock *self, GMutex *mutex, DpdkWorkerCore *worker)
{
  if (G_LIKELY (dpdk_worker_core_current == worker))
    dpdk_worker_lock_lock_own (self, mutex);
  else
    dpdk_worker_lock_lock_from_outside (self, mutex);
}

static inline void
dpdk_worker_lock_unlock (DpdkWorkerLock *self, GMutex *mutex, DpdkWorkerCore *worker)
{
  if (G_LIKELY (dpdk_worker_core_current == worker))
    dpdk_worker_lock_unlock_own (self, mutex);
  else
    g_mutex_unlock (mutex);
}

G_END_DECLS
