/* SPDX-License-Identifier: BSD-3-Clause */

/* The port of lwIP's own unit tests, which has none of our hooks. */

#ifndef LWIP_ARCH_CC_H
#define LWIP_ARCH_CC_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define LWIP_ERRNO_STDINCLUDE 1
#define LWIP_TIMEVAL_PRIVATE 0
#include <sys/time.h>

#define LWIP_TLS _Thread_local

#define LWIP_TABLE_CALLOC(count, size) calloc (count, size)
#define LWIP_TABLE_RELEASE(table) free (table)

/* lwIP's default of 1 puts its structs at odd addresses. */
#define MEM_ALIGNMENT 8

/* the windows that the tests expect are those of RFC 5681 */
#define TCP_CC_DEFAULT tcp_cc_newreno

#define LWIP_RAND() ((u32_t) rand ())

#define LWIP_PLATFORM_DIAG(x) do { printf x; } while (0)
#define LWIP_PLATFORM_ASSERT(x) \
  do { \
    fprintf (stderr, "%s:%d: %s\n", __FILE__, __LINE__, x); \
    abort (); \
  } while (0)

#endif
