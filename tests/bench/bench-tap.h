/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bench-netns.h"

#include <dpdk-glib-testing.h>

G_BEGIN_DECLS

/* Two network namespaces with a tap each, and a link of the testing library between them: what the
   kernel sends goes through the same as what a port of DPDK sends. */
typedef struct _BenchTap BenchTap;

enum {
  BENCH_TAP_SERVER,
  BENCH_TAP_CLIENT,
};

BenchTap *bench_tap_new (const DpdkTestImpairment *impairment);
DpdkTestLink *bench_tap_get_link (BenchTap *self);
BenchNetns *bench_tap_get_netns (BenchTap *self, guint peer);
const char *bench_tap_get_address (guint peer);

G_END_DECLS
