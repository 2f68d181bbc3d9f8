/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-thread-order-private.h"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FALLBACK_WAIT_US (10 * G_TIME_SPAN_MILLISECOND)

void
dpdk_order_all_threads (void)
{
  /* two threads may do so at once, and to register twice does no harm */
  static gint is_registered;

  if (!g_atomic_int_get (&is_registered) &&
      syscall (SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0)
    g_atomic_int_set (&is_registered, TRUE);
  if (g_atomic_int_get (&is_registered) &&
      syscall (SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == 0)
    return;
  /* a kernel without it, or a sandbox: no store waits this long in the buffer of a processor */
  g_usleep (FALLBACK_WAIT_US);
}
