/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-worker-core-internal.h"

G_BEGIN_DECLS

/* A mutex around something of a worker that others seldom touch. While it is reserved the worker takes
   it with plain stores; another thread ends that first, with a barrier on all threads. */
typedef struct {
  GMutex mutex;
  /* changed with the mutex held */
  gint is_reserved;
  /* without the mutex; written by the worker alone */
  gint is_held;
} DpdkWorkerLock;

void dpdk_worker_lock_init (DpdkWorkerLock *self);
void dpdk_worker_lock_clear (DpdkWorkerLock *self);
/* on the thread of the worker, which has locked it, while nobody waits with it for a condition */
void dpdk_worker_lock_reserve (DpdkWorkerLock *self);
/* on any other */
void dpdk_worker_lock_lock_from_outside (DpdkWorkerLock *self);

/* on the thread of the worker */
static inline void
dpdk_worker_lock_lock_own (DpdkWorkerLock *self)
{
  __atomic_store_n (&self->is_held, TRUE, __ATOMIC_RELAXED);
  /* who ends the reservation makes the processors keep this order, too */
  __atomic_signal_fence (__ATOMIC_SEQ_CST);
  if (G_LIKELY (__atomic_load_n (&self->is_reserved, __ATOMIC_RELAXED)))
    return;
  __atomic_store_n (&self->is_held, FALSE, __ATOMIC_RELEASE);
  g_mutex_lock (&self->mutex);
}

static inline void
dpdk_worker_lock_unlock_own (DpdkWorkerLock *self)
{
  if (G_LIKELY (self->is_held))
    __atomic_store_n (&self->is_held, FALSE, __ATOMIC_RELEASE);
  else
    g_mutex_unlock (&self->mutex);
}

/* on any thread */
static inline void
dpdk_worker_lock_lock (DpdkWorkerLock *self, DpdkWorkerCore *worker)
{
  if (G_LIKELY (dpdk_worker_core_current == worker))
    dpdk_worker_lock_lock_own (self);
  else
    dpdk_worker_lock_lock_from_outside (self);
}

static inline void
dpdk_worker_lock_unlock (DpdkWorkerLock *self, DpdkWorkerCore *worker)
{
  if (G_LIKELY (dpdk_worker_core_current == worker))
    dpdk_worker_lock_unlock_own (self);
  else
    g_mutex_unlock (&self->mutex);
}

G_END_DECLS
