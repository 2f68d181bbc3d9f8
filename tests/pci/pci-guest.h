/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "net-fixture.h"

G_BEGIN_DECLS

/* The program runs in the virtual machine of run-guest, as root and alone. Whatever fails ends the
   test. */

/* a device that can be unplugged, and whose peer is a device of the guest's kernel */
typedef struct {
  /* what run-guest calls it */
  const char *id;
  /* the bridge that it is behind */
  const char *slot;
  const char *mac;
  const char *peer_mac;
  const char *driver;
  const char *kernel_driver;
} PciNic;

extern const PciNic pci_virtio;
extern const PciNic pci_e1000e;

/* instead of dpdk_test_init(); FALSE, and the reason is told, if this is not the machine */
gboolean pci_guest_init (int *argc, char ***argv);
/* see run-guest for what can be wished, and waits until it is fulfilled */
void pci_guest_wish (const char *format, ...) G_GNUC_PRINTF (1, 2);

/* each waits for what it looks for */
char *pci_nic_dup_address (const PciNic *self);
char *pci_nic_dup_interface (const PciNic *self);
char *pci_nic_dup_peer (const PciNic *self);

/* NULL if the device has none */
char *pci_nic_dup_bound_driver (const PciNic *self);
/* waits until whoever uses the device lets go of it */
void pci_nic_unbind (const PciNic *self);
/* gives the device to DPDK, or back to the kernel */
void pci_nic_bind_vfio (const PciNic *self);
void pci_nic_bind_kernel (const PciNic *self);

G_END_DECLS
