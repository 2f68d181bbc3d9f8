/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-port-device-private.h"

G_BEGIN_DECLS

/* for a device of memif; those of an application, whose arguments nobody knows, have no @devargs */
void dpdk_port_device_memif_init (DpdkPortDevice *self, const char *devargs);
int dpdk_port_device_memif_stop (DpdkPortDevice *self);
int dpdk_port_device_memif_close (DpdkPortDevice *self);

G_END_DECLS
