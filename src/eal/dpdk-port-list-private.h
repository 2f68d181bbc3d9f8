/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-glib.h"

G_BEGIN_DECLS

/* for any thread; without effect if it is there already, or not there any more */
void dpdk_port_list_add (DpdkPort *port);
void dpdk_port_list_remove (DpdkPort *port);

G_END_DECLS
