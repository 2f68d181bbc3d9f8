/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* so many bytes of what a connection has as its argument are fetched before its segment is looked at */
#define DPDK_STACK_PREFETCH_SIZE 192
