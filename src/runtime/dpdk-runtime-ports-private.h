/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-runtime-private.h"

G_BEGIN_DECLS

typedef struct {
  guint mempool_size;
  guint cache_size;
  guint queue_descriptors;
  guint n_workers;
  gboolean with_interrupts;
  DpdkStackOffload disabled_offloads;
  /* (element-type DpdkPort): those that the application has opened */
  GPtrArray *added;
} DpdkRuntimePortSettings;

DpdkPort *dpdk_runtime_ports_find (GPtrArray *added, DpdkDeviceConfig *device);
/* @devices: (element-type DpdkDeviceConfig) */
gboolean dpdk_runtime_ports_check (GPtrArray *added, GPtrArray *devices, GError **error);
/* puts ports and pools into @parts; returns: (element-type DpdkWorkerPort): what workers need */
GPtrArray *dpdk_runtime_ports_open (DpdkRuntimeParts *parts, GPtrArray *devices,
                                    const DpdkRuntimePortSettings *settings, GError **error);

gboolean dpdk_runtime_ports_pci_address_equal (const char *full, const char *other);

G_END_DECLS
