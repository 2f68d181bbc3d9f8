/* SPDX-License-Identifier: BSD-3-Clause */

#ifndef LWIP_HDR_PREFETCH_H
#define LWIP_HDR_PREFETCH_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LWIP_CACHE_LINE 64U

/** Gets what p points at into the cache, if there is anything. */
static inline void
lwip_prefetch(const void *p)
{
  __builtin_prefetch(p);
  /* or to GCC a function that does nothing else has no effect, and it leaves out the calls */
  __asm__ volatile("");
}

static inline void
lwip_prefetch_lines(const void *p, size_t size)
{
  size_t i;

  for (i = 0; i < size; i += LWIP_CACHE_LINE) {
    lwip_prefetch((const char *)p + i);
  }
}

#ifdef __cplusplus
}
#endif

#endif /* LWIP_HDR_PREFETCH_H */
