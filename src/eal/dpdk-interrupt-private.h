/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-glib.h"

G_BEGIN_DECLS

/* runs @func on the interrupt thread of DPDK, which is between two callbacks then, and waits for it.
   For the owner thread. */
void dpdk_interrupt_call (void (*func) (gpointer data), gpointer data);
/* after it that thread has noticed which callbacks are left */
void dpdk_interrupt_flush (void);

G_END_DECLS
