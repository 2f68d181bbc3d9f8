/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(DPDK_GLIB_INSIDE) && !defined(DPDK_GLIB_COMPILATION)
#error "Only <dpdk-glib.h> can be included directly."
#endif

#include <glib.h>

#include "dpdk-version.h"

#ifndef _DPDK_EXTERN
#define _DPDK_EXTERN extern
#endif

/**
 * DPDK_VERSION_0_1:
 *
 * The 0.1 series, for %DPDK_VERSION_MIN_REQUIRED and %DPDK_VERSION_MAX_ALLOWED.
 *
 * Since: 0.1
 */
#define DPDK_VERSION_0_1 (G_ENCODE_VERSION (0, 1))

#ifndef DPDK_VERSION_MIN_REQUIRED
#define DPDK_VERSION_MIN_REQUIRED (DPDK_VERSION_0_1)
#endif

#ifndef DPDK_VERSION_MAX_ALLOWED
#define DPDK_VERSION_MAX_ALLOWED (DPDK_VERSION_0_1)
#endif

#if DPDK_VERSION_MAX_ALLOWED < DPDK_VERSION_0_1
#define DPDK_AVAILABLE_IN_0_1 G_UNAVAILABLE (0, 1) _DPDK_EXTERN
#else
#define DPDK_AVAILABLE_IN_0_1 _DPDK_EXTERN
#endif
