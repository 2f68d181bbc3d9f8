/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#define DPDK_GLIB_TESTING_INSIDE

#include <dpdk-glib.h>

#include "dpdk-test-capture.h"
#include "dpdk-test-case.h"
#include "dpdk-test-impairment.h"
#include "dpdk-test-link.h"
#include "dpdk-test-pair.h"
#include "dpdk-test-process.h"
#include "dpdk-test-usage.h"
#include "dpdk-test-wait.h"

#include "dpdk-test-enums.h"

#undef DPDK_GLIB_TESTING_INSIDE
