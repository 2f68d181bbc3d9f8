/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-stack-tcp.h"

G_BEGIN_DECLS

DpdkTcpOptions *dpdk_tcp_options_new_from_values (const DpdkStackTcpOptions *values);
const DpdkStackTcpOptions *dpdk_tcp_options_get_values (DpdkTcpOptions *self);
/* for setters, which notify */
DpdkStackTcpOptions *dpdk_tcp_options_edit_values (DpdkTcpOptions *self);

G_END_DECLS
