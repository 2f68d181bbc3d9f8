/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(DPDK_GLIB_INSIDE) && !defined(DPDK_GLIB_COMPILATION)
#error "Only <dpdk-glib.h> can be included directly."
#endif

#include "dpdk-types.h"
#include "dpdk-version-macros.h"

G_BEGIN_DECLS

/**
 * DpdkStackOffload:
 * @DPDK_STACK_OFFLOAD_NONE: nothing
 * @DPDK_STACK_OFFLOAD_RX_CHECKSUM: the device verifies the checksums of received IPv4, TCP and UDP
 *   packets, and the stack does not verify again what the device found good
 * @DPDK_STACK_OFFLOAD_TX_CHECKSUM: the device makes the checksums of TCP and UDP packets that are sent
 * @DPDK_STACK_OFFLOAD_TSO: consecutive segments of a connection go through the stack and to the device
 *   as one of up to 64 KiB, which the device cuts; only with %DPDK_STACK_OFFLOAD_TX_CHECKSUM and
 *   %DPDK_STACK_OFFLOAD_MULTI_SEGMENTS
 * @DPDK_STACK_OFFLOAD_MULTI_SEGMENTS: packets that are sent may be spread over several buffers. With
 *   %DPDK_STACK_OFFLOAD_TX_CHECKSUM, data of 2 KiB or more that was written to a connection is then sent
 *   from where the write has copied it to; else it is copied once more into each packet that carries it,
 *   since it must be there to be sent again
 * @DPDK_STACK_OFFLOAD_GRO: consecutive segments of a connection that were received in one burst go
 *   through the stack as one; the stack does this itself, on any device
 * @DPDK_STACK_OFFLOAD_GSO: consecutive segments of a connection go through the stack as one of up to
 *   64 KiB, which is cut before it is handed to the device; the stack does this itself, where
 *   %DPDK_STACK_OFFLOAD_TSO is not used
 *
 * What the stack of a worker spares itself per packet. What is received and sent is the same with all
 * of it and with none.
 *
 * Since: 0.1
 */
typedef enum /*< flags >*/ {
  DPDK_STACK_OFFLOAD_NONE = 0,
  DPDK_STACK_OFFLOAD_RX_CHECKSUM = 1 << 0,
  DPDK_STACK_OFFLOAD_TX_CHECKSUM = 1 << 1,
  DPDK_STACK_OFFLOAD_TSO = 1 << 2,
  DPDK_STACK_OFFLOAD_MULTI_SEGMENTS = 1 << 3,
  DPDK_STACK_OFFLOAD_GRO = 1 << 4,
  DPDK_STACK_OFFLOAD_GSO = 1 << 5,
} DpdkStackOffload;

G_END_DECLS
