/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rings that packets go through from one thread to another are inside of drivers, which are not
   instrumented: the thread sanitizer has to be told. Nothing at all in any other build. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#ifdef __SANITIZE_THREAD__
void __tsan_acquire (void *address);
void __tsan_release (void *address);
#endif

/* before the packets are handed over */
static inline void
dpdk_tsan_release (void *const *packets, guint n_packets)
{
#ifdef __SANITIZE_THREAD__
  for (guint i = 0; i < n_packets; i++)
    __tsan_release (packets[i]);
#endif
}

/* after they were taken over */
static inline void
dpdk_tsan_acquire (void *const *packets, guint n_packets)
{
#ifdef __SANITIZE_THREAD__
  for (guint i = 0; i < n_packets; i++)
    __tsan_acquire (packets[i]);
#endif
}

G_END_DECLS
