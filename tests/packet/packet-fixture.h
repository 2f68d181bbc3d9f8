/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <dpdk-glib-testing.h>

#include <rte_mbuf.h>

G_BEGIN_DECLS

/* what is read with get_data() and the like */
#define ASSERT_DATA(packet, bytes, size)                                                           \
  G_STMT_START                                                                                     \
  {                                                                                                \
    g_autoptr (GBytes) packet_bytes = dpdk_packet_to_bytes (packet);                               \
                                                                                                   \
    g_assert_cmpmem (g_bytes_get_data (packet_bytes, NULL), g_bytes_get_size (packet_bytes),       \
                     bytes, size);                                                                 \
  }                                                                                                \
  G_STMT_END

#define ASSERT_ERROR_AND_CLEAR(error, domain, code)                                                \
  G_STMT_START                                                                                     \
  {                                                                                                \
    g_assert_error (error, domain, code);                                                          \
    g_clear_error (&error);                                                                        \
  }                                                                                                \
  G_STMT_END

/* a packet is the buffer itself */
static inline struct rte_mbuf *
packet_native (DpdkPacket *packet)
{
  return (struct rte_mbuf *) packet;
}

/* data that looks different at each offset; at least PACKET_PATTERN_SIZE bytes */
#define PACKET_PATTERN_SIZE 65536
const guint8 *packet_pattern (guint64 offset);

DpdkMempool *packet_pool_new (guint capacity, guint cache_size, guint data_size);
DpdkPacket *packet_new (DpdkMempool *pool, const char *text);
/* drops the pool, whose buffers must all be at home, and waits for the end of the EAL */
void packet_pool_end (DpdkMempool *pool);

/* a port needs buffers that are as large as its packets */
#define PACKET_PORT_DATA_SIZE 2048

/* a port that receives what it sends; it draws from a pool of its own if the buffers of @pool are too
   small for it */
DpdkPort *packet_loop_new (DpdkMempool *pool);
/* sends, and receives the same */
DpdkPacket *packet_loop_pass (DpdkPort *port, DpdkPacket *packet);
void packet_loop_end (DpdkPort *port);

G_END_DECLS
