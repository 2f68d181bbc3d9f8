/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-tcp-race-private.h"

G_BEGIN_DECLS

void dpdk_tcp_client_get_settings (DpdkTcpClient *self, DpdkTcpRaceSettings *settings);

G_END_DECLS
