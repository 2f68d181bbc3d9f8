/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-glib.h"

G_BEGIN_DECLS

/* for an idle worker: a descriptor that becomes readable when the queue has packets, or -1 */
void dpdk_port_set_interrupts_wanted (DpdkPort *self, gboolean wanted);
int dpdk_port_get_queue_fd (DpdkPort *self, guint queue);
/* for a stack, whose neighbours look for its IPv6 addresses by multicast; no error and no warning if
   the device has no such mode */
gboolean dpdk_port_try_all_multicast (DpdkPort *self, GError **error);
const char *dpdk_port_get_device_name (DpdkPort *self);
void dpdk_port_get_mac_bytes (DpdkPort *self, guint8 bytes[6]);

/* for packets that are not for the application; otherwise as dpdk_port_rx_burst() */
guint dpdk_port_rx_burst_uncounted (DpdkPort *self, guint queue, DpdkPacket **packets,
                                    guint n_packets);
guint dpdk_port_tx_burst_uncounted (DpdkPort *self, guint queue, DpdkPacket **packets,
                                    guint n_packets);
/* lets the driver put into packets what the device needs for the offloads that they ask for; FALSE if
   the device takes nothing now. @n_ready: the packet behind that many, if any, can never be sent. */
gboolean dpdk_port_tx_prepare (DpdkPort *self, guint queue, DpdkPacket **packets, guint n_packets,
                               guint *n_ready);
guint dpdk_port_get_max_tx_segments (DpdkPort *self);

/* for a worker, once per burst: another number if the link, the addresses, the MTU or the presence
   of the device have changed */
static inline gint
dpdk_port_get_n_changes (DpdkPort *self)
{
  return __atomic_load_n (&((DpdkPortHead *) self)->n_changes, __ATOMIC_ACQUIRE);
}

/* Each group that a stack has joined, and left again: while there are any, the device lets all groups
   in, a little later. May be called from any thread. */
void dpdk_port_add_group (DpdkPort *self);
void dpdk_port_remove_group (DpdkPort *self);

void dpdk_port_attach_worker (DpdkPort *self);
void dpdk_port_detach_worker (DpdkPort *self);

G_END_DECLS
