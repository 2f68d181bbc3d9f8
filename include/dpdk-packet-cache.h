/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(DPDK_GLIB_INSIDE) && !defined(DPDK_GLIB_COMPILATION)
#error "Only <dpdk-glib.h> can be included directly."
#endif

#include "dpdk-types.h"
#include "dpdk-version-macros.h"

G_BEGIN_DECLS

/**
 * DpdkPacketCacheFunc:
 * @cache: the cache
 * @key: what was asked for
 * @packet: an empty packet to put the content into
 * @user_data: data of the caller
 * @error: return location for an error
 *
 * Makes the content for a key. It is called without a lock, on the thread that asked first, once for
 * all that ask at the same time.
 *
 * Returns: %TRUE on success
 *
 * Since: 0.1
 */
typedef gboolean (*DpdkPacketCacheFunc) (DpdkPacketCache *cache, GBytes *key, DpdkPacket *packet,
                                         gpointer user_data, GError **error);

#define DPDK_TYPE_PACKET_CACHE (dpdk_packet_cache_get_type ())

DPDK_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (DpdkPacketCache, dpdk_packet_cache, DPDK, PACKET_CACHE, GObject)

DPDK_AVAILABLE_IN_0_1
DpdkPacketCache *dpdk_packet_cache_new (DpdkMempool *mempool);

DPDK_AVAILABLE_IN_0_1
DpdkPacket *dpdk_packet_cache_get_or_create (DpdkPacketCache *self, GBytes *key,
                                             DpdkPacketCacheFunc func, gpointer user_data,
                                             GError **error);
DPDK_AVAILABLE_IN_0_1
DpdkPacket *dpdk_packet_cache_lookup (DpdkPacketCache *self, GBytes *key);
DPDK_AVAILABLE_IN_0_1
gboolean dpdk_packet_cache_release (DpdkPacketCache *self, DpdkPacket *packet, GError **error);

DPDK_AVAILABLE_IN_0_1
DpdkMempool *dpdk_packet_cache_get_mempool (DpdkPacketCache *self);
DPDK_AVAILABLE_IN_0_1
guint64 dpdk_packet_cache_get_hits (DpdkPacketCache *self);
DPDK_AVAILABLE_IN_0_1
guint64 dpdk_packet_cache_get_misses (DpdkPacketCache *self);
DPDK_AVAILABLE_IN_0_1
guint dpdk_packet_cache_get_live (DpdkPacketCache *self);

G_END_DECLS
