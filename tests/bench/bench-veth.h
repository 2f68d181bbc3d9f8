/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bench-netns.h"

G_BEGIN_DECLS

/* Two network namespaces with one end of a veth pair each. They end with the process. */
typedef struct _BenchVeth BenchVeth;

enum {
  BENCH_VETH_SERVER,
  BENCH_VETH_CLIENT,
};

BenchVeth *bench_veth_new (guint mtu);
/* runs @func on the thread of an end, which is then on a core of its own; does not wait */
void bench_veth_run (BenchVeth *self, guint peer, void (*func) (gpointer user_data),
                     gpointer user_data);
BenchNetns *bench_veth_get_netns (BenchVeth *self, guint peer);
const char *bench_veth_get_address (guint peer);
const char *bench_veth_get_interface (guint peer);
/* makes the core of each end receive what comes to it, as that of a device would: else that of the sender
   does all the work */
void bench_veth_spread (BenchVeth *self);
/* makes both ends compute the checksums of all segments, which are then cut before they leave */
void bench_veth_enable_checksums (BenchVeth *self);

G_END_DECLS
