/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* PCI devices, as the kernel tells of them */

/* "01:00.0" and "0000:01:00.0" are both "0000:01:00.0"; NULL if it is not an address */
char *dpdk_port_device_pci_dup_name (const char *text);
/* whether DPDK can look at the device at all */
gboolean dpdk_port_device_pci_check (const char *name, const char *devargs, GError **error);
/* why DPDK did not take the device, if the kernel knows more than the log of DPDK; FALSE if not */
gboolean dpdk_port_device_pci_explain (const char *name, const char *devargs, const char *log,
                                       GError **error);

G_END_DECLS
