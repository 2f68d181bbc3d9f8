/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(DPDK_GLIB_INSIDE) && !defined(DPDK_GLIB_COMPILATION)
#error "Only <dpdk-glib.h> can be included directly."
#endif

#include "dpdk-types.h"
#include "dpdk-version-macros.h"

G_BEGIN_DECLS

#define DPDK_TYPE_PACKET (dpdk_packet_get_type ())

DPDK_AVAILABLE_IN_0_1
GType dpdk_packet_get_type (void) G_GNUC_CONST;

DPDK_AVAILABLE_IN_0_1
DpdkPacket *dpdk_packet_new_from_data (DpdkMempool *mempool, const guint8 *data, gsize length,
                                       GError **error);
DPDK_AVAILABLE_IN_0_1
DpdkPacket *dpdk_packet_new_from_bytes (DpdkMempool *mempool, GBytes *bytes, GError **error);
DPDK_AVAILABLE_IN_0_1
DpdkPacket *dpdk_packet_ref (DpdkPacket *self);
DPDK_AVAILABLE_IN_0_1
void dpdk_packet_unref (DpdkPacket *self);
DPDK_AVAILABLE_IN_0_1
void dpdk_packet_unref_bulk (DpdkPacket **packets, guint n_packets);
DPDK_AVAILABLE_IN_0_1
DpdkMempool *dpdk_packet_dup_mempool (DpdkPacket *self);

DPDK_AVAILABLE_IN_0_1
DpdkPacket *dpdk_packet_clone (DpdkPacket *self, DpdkMempool *mempool, GError **error);
DPDK_AVAILABLE_IN_0_1
DpdkPacket *dpdk_packet_copy (DpdkPacket *self, DpdkMempool *mempool, GError **error);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_packet_is_writable (DpdkPacket *self);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_packet_make_writable (DpdkPacket **packet, GError **error);

DPDK_AVAILABLE_IN_0_1
gsize dpdk_packet_get_length (DpdkPacket *self);
DPDK_AVAILABLE_IN_0_1
const guint8 *dpdk_packet_get_data (DpdkPacket *self, gsize *length);
DPDK_AVAILABLE_IN_0_1
guint8 *dpdk_packet_get_writable_data (DpdkPacket *self, gsize *length, GError **error);
DPDK_AVAILABLE_IN_0_1
guint dpdk_packet_get_n_segments (DpdkPacket *self);
DPDK_AVAILABLE_IN_0_1
const guint8 *dpdk_packet_get_segment_data (DpdkPacket *self, guint index, gsize *length);
DPDK_AVAILABLE_IN_0_1
GBytes *dpdk_packet_get_segment_bytes (DpdkPacket *self, guint index);
DPDK_AVAILABLE_IN_0_1
GBytes *dpdk_packet_to_bytes (DpdkPacket *self);
DPDK_AVAILABLE_IN_0_1
gsize dpdk_packet_get_headroom (DpdkPacket *self);
DPDK_AVAILABLE_IN_0_1
gsize dpdk_packet_get_tailroom (DpdkPacket *self);

DPDK_AVAILABLE_IN_0_1
gboolean dpdk_packet_append (DpdkPacket *self, const guint8 *data, gsize length, GError **error);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_packet_prepend (DpdkPacket *self, const guint8 *data, gsize length, GError **error);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_packet_trim (DpdkPacket *self, gsize length, GError **error);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_packet_adj (DpdkPacket *self, gsize length, GError **error);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_packet_write (DpdkPacket *self, gsize offset, const guint8 *data, gsize length,
                            GError **error);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_packet_chain (DpdkPacket *self, DpdkPacket *tail, GError **error);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_packet_append_clone (DpdkPacket *self, DpdkPacket *other, GError **error);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_packet_linearize (DpdkPacket *self, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DpdkPacket, dpdk_packet_unref)

G_END_DECLS
