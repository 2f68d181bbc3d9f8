/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

struct rte_mbuf;

/* apart, because the headers of DPDK's devices and of lwIP define the same names */
guint16 dpdk_stack_device_receive (guint16 port, guint16 queue, struct rte_mbuf **mbufs,
                                   guint16 n_mbufs);
guint16 dpdk_stack_device_send (guint16 port, guint16 queue, struct rte_mbuf **mbufs,
                                guint16 n_mbufs);

G_END_DECLS
