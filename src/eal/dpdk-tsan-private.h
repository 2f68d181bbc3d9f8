/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What packets and calls go through from one thread to another is inside of DPDK, which is not
   instrumented: the thread sanitizer has to be told. Nothing at all in any other build. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#ifdef __SANITIZE_THREAD__
void __tsan_acquire (void *address);
void __tsan_release (void *address);
/* a function that reads words that one thread counts in by plain stores, as lwIP does: they are not
   torn, and their order does not matter */
#define DPDK_TSAN_READS_COUNTERS __attribute__ ((no_sanitize_thread))
#else
#define DPDK_TSAN_READS_COUNTERS
#endif

/* before the objects are handed over */
static inline void
dpdk_tsan_release (void *const *objects, guint n_objects)
{
#ifdef __SANITIZE_THREAD__
  for (guint i = 0; i < n_objects; i++)
    __tsan_release (objects[i]);
#endif
}

/* after they were taken over */
static inline void
dpdk_tsan_acquire (void *const *objects, guint n_objects)
{
#ifdef __SANITIZE_THREAD__
  for (guint i = 0; i < n_objects; i++)
    __tsan_acquire (objects[i]);
#endif
}

G_END_DECLS
