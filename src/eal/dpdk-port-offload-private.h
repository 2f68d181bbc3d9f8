/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-glib.h"

G_BEGIN_DECLS

/* ours and DPDK's bits; what one has and the other does not know is left out */
guint64 dpdk_rx_offload_to_native (DpdkRxOffload offloads);
DpdkRxOffload dpdk_rx_offload_from_native (guint64 native);
guint64 dpdk_tx_offload_to_native (DpdkTxOffload offloads);
DpdkTxOffload dpdk_tx_offload_from_native (guint64 native);

G_END_DECLS
