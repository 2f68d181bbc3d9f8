/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Two instances of lwIP on threads of their own, each with nothing around it but the loop that it
   needs, at the ends of the same link as BenchPeers. It is the library's lwIP with the library's
   slabs. */
typedef struct _BenchLwip BenchLwip;

enum {
  BENCH_LWIP_SERVER,
  BENCH_LWIP_CLIENT,
};

BenchLwip *bench_lwip_new (void);
/* @start and, in each turn, @look, which may be %NULL, run on the thread; returns when @start has */
void bench_lwip_start (BenchLwip *self, guint peer, void (*start) (gpointer user_data),
                       void (*look) (gpointer user_data), gpointer user_data);
const char *bench_lwip_get_address (guint peer);

G_END_DECLS
