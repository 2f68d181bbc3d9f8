/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "pci-guest.h"

G_BEGIN_DECLS

/* frames of all sizes, each different from the others, both ways between a started port and a
   packet socket on its peer; what the kernel sends by itself is passed over */
void pci_frames_exchange (DpdkPort *port, DpdkMempool *pool, const PciNic *nic);
/* the same between two sockets, one on the device itself */
void pci_frames_exchange_kernel (const PciNic *nic);

#define PCI_N_FRAMES 64
/* of all frames one way */
guint64 pci_frames_get_size (void);

G_END_DECLS
