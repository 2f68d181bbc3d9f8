/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-worker-lock-private.h"

#include "dpdk-thread-order-private.h"

#define HELD_WAIT_US 20

void
dpdk_worker_lock_reserve (DpdkWorkerLock *self)
{
  /* the thread sanitizer knows no order but that of the accesses themselves */
#ifndef __SANITIZE_THREAD__
  __atomic_store_n (&self->is_reserved, TRUE, __ATOMIC_RELAXED);
#endif
}

/* the worker either sees that it is not reserved any more, or is seen to hold it */
static void
end_reservation (DpdkWorkerLock *self)
{
  __atomic_store_n (&self->is_reserved, FALSE, __ATOMIC_RELAXED);
  dpdk_order_all_threads ();
  while (__atomic_load_n (&self->is_held, __ATOMIC_ACQUIRE) && !dpdk_eal_is_inert ())
    g_usleep (HELD_WAIT_US);
}

void
dpdk_worker_lock_lock_from_outside (DpdkWorkerLock *self, GMutex *mutex)
{
  g_mutex_lock (mutex);
  if (G_UNLIKELY (__atomic_load_n (&self->is_reserved, __ATOMIC_RELAXED)))
    end_reservation (self);
}
