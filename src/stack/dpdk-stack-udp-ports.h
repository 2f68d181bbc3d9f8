/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* which workers have which local ports of UDP; for all threads */
typedef struct _DpdkStackUdpPorts DpdkStackUdpPorts;

/* what the owner of a port is, if it is not the number of a worker plus one */
#define DPDK_STACK_PORT_OF_NONE 0
/* several workers, with different addresses */
#define DPDK_STACK_PORT_OF_SOME (G_MAXUINT8 - 1)

typedef enum {
  DPDK_STACK_FAMILY_V4 = 1 << 0,
  DPDK_STACK_FAMILY_V6 = 1 << 1,
  DPDK_STACK_FAMILY_ANY = DPDK_STACK_FAMILY_V4 | DPDK_STACK_FAMILY_V6,
} DpdkStackFamily;

typedef struct {
  guint worker;
  guint16 port;
  DpdkStackFamily family;
  /* all zero: all addresses */
  guint8 address[16];
  gboolean may_share;
} DpdkStackUdpBinding;

DpdkStackUdpPorts *dpdk_stack_udp_ports_new (void);
void dpdk_stack_udp_ports_free (DpdkStackUdpPorts *self);

gboolean dpdk_stack_udp_ports_add (DpdkStackUdpPorts *self, const DpdkStackUdpBinding *binding);
void dpdk_stack_udp_ports_remove (DpdkStackUdpPorts *self, const DpdkStackUdpBinding *binding);

guint dpdk_stack_udp_ports_get_owner (const DpdkStackUdpPorts *self, guint16 port);
gboolean dpdk_stack_udp_ports_find (DpdkStackUdpPorts *self, guint16 port, gboolean is_v6,
                                    const guint8 *address, guint index, guint *worker);

G_END_DECLS
