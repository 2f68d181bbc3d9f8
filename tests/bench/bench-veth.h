/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Two threads, each in a network namespace of its own with one end of a veth pair, and on a core of
   its own. The namespaces end with the process. */
typedef struct _BenchVeth BenchVeth;

enum {
  BENCH_VETH_SERVER,
  BENCH_VETH_CLIENT,
};

BenchVeth *bench_veth_new (guint mtu);
/* runs @func on the thread, which then ends; does not wait */
void bench_veth_run (BenchVeth *self, guint peer, void (*func) (gpointer user_data),
                     gpointer user_data);
const char *bench_veth_get_address (guint peer);

G_END_DECLS
