/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* for the owner thread, right before the cleanup: the interrupt thread of DPDK does nothing any more,
   for good */
void dpdk_eal_interrupts_park (void);
/* right after the cleanup */
void dpdk_eal_interrupts_release (void);

G_END_DECLS
