/* SPDX-License-Identifier: BSD-3-Clause */

#ifndef LWIP_ARCH_CC_H
#define LWIP_ARCH_CC_H

#include <endian.h>
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/types.h>

#include "dpdk-lwip-port.h"

#define LWIP_ERRNO_STDINCLUDE 1
#define LWIP_TIMEVAL_PRIVATE 0

/* one lwIP instance per thread */
#define LWIP_TLS _Thread_local __attribute__ ((tls_model ("initial-exec")))

#if BYTE_ORDER == LITTLE_ENDIAN
#define lwip_htons(x) __builtin_bswap16 (x)
#define lwip_htonl(x) __builtin_bswap32 (x)
#endif

#define LWIP_PLATFORM_DIAG(x) do { } while (0)
#define LWIP_PLATFORM_ASSERT(x) dpdk_lwip_assert_failed ((x), __FILE__, __LINE__)

#define LWIP_RAND() dpdk_lwip_random ()
#define LWIP_CHKSUM(data, len) dpdk_lwip_checksum ((data), (size_t) (len))

#define SYS_ARCH_DECL_PROTECT(x)
#define SYS_ARCH_PROTECT(x)
#define SYS_ARCH_UNPROTECT(x)

#endif
