/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <rte_common.h>
#include <rte_prefetch.h>

G_BEGIN_DECLS

struct tcp_pcb;

/* so many bytes of what a connection has as its argument are fetched before its segment is looked at */
#define DPDK_STACK_PREFETCH_SIZE 96

/* not with __builtin_prefetch (): to GCC a function that does nothing else has no effect, and it leaves
   out the calls when it optimizes at link time */
static inline void
dpdk_stack_prefetch_lines (gconstpointer memory, gsize size)
{
  for (gsize i = 0; i < size; i += RTE_CACHE_LINE_SIZE)
    rte_prefetch0 ((const char *) memory + i);
}

/* what sending needs of it */
void dpdk_stack_prefetch_connection (const struct tcp_pcb *pcb);

G_END_DECLS
