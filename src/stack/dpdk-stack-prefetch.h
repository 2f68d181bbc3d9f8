/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

struct tcp_pcb;

/* so many bytes of what a connection has as its argument are fetched before its segment is looked at */
#define DPDK_STACK_PREFETCH_SIZE 192

#define DPDK_STACK_CACHE_LINE 64

static inline void
dpdk_stack_prefetch_lines (gconstpointer memory, gsize size)
{
  for (gsize i = 0; i < size; i += DPDK_STACK_CACHE_LINE)
    __builtin_prefetch ((const char *) memory + i, TRUE);
}

/* what sending needs of it */
void dpdk_stack_prefetch_connection (const struct tcp_pcb *pcb);

G_END_DECLS
