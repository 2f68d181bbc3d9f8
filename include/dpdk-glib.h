/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#define DPDK_GLIB_INSIDE

#include "dpdk-version.h"
#include "dpdk-version-macros.h"

#include "dpdk-types.h"

#include "dpdk-config.h"
#include "dpdk-dependant.h"
#include "dpdk-device-config.h"
#include "dpdk-eal-builder.h"
#include "dpdk-eal.h"
#include "dpdk-error.h"
#include "dpdk-interface-address.h"
#include "dpdk-lcore.h"
#include "dpdk-mempool.h"
#include "dpdk-packet-cache.h"
#include "dpdk-packet-offload.h"
#include "dpdk-packet.h"
#include "dpdk-port-config.h"
#include "dpdk-port-info.h"
#include "dpdk-port-list.h"
#include "dpdk-port-offload.h"
#include "dpdk-port-statistics.h"
#include "dpdk-port.h"
#include "dpdk-resolver.h"
#include "dpdk-runtime-builder.h"
#include "dpdk-runtime.h"
#include "dpdk-socket.h"
#include "dpdk-stack-counters.h"
#include "dpdk-stack-offload.h"
#include "dpdk-tcp-client.h"
#include "dpdk-tcp-connection.h"
#include "dpdk-tcp-info.h"
#include "dpdk-tcp-listener.h"
#include "dpdk-tcp-options.h"
#include "dpdk-tcp-socket.h"
#include "dpdk-udp-socket.h"
#include "dpdk-worker.h"

#include "dpdk-enums.h"

#undef DPDK_GLIB_INSIDE
