/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A barrier on every thread of the process, for who rarely wants something: it spares one to those who
   do the usual thing, whose plain accesses are ordered by it. */
void dpdk_order_all_threads (void);

G_END_DECLS
