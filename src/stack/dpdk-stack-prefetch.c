/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* with very many connections the next one is in no cache; those of a burst are fetched together */
#include "dpdk-stack-prefetch.h"

#include "dpdk-stack-private.h"

#include <lwip/priv/tcp_demux.h>

static gboolean
get_hash (const struct rte_mbuf *mbuf, guint32 *hash)
{
  const guint8 *bytes = rte_pktmbuf_mtod (mbuf, const guint8 *), *ip = bytes + SIZEOF_ETH_HDR, *tcp;
  guint length = rte_pktmbuf_data_len (mbuf);
  guint16 local_port, remote_port;
  DpdkStackFrame frame;

  if (!dpdk_stack_frame_parse (&frame, bytes, length) || frame.protocol != IP_PROTO_TCP ||
      length < frame.l4_offset + DPDK_STACK_TCP_MIN)
    return FALSE;
  tcp = bytes + frame.l4_offset;
  remote_port = dpdk_stack_frame_get_u16 (tcp);
  local_port = dpdk_stack_frame_get_u16 (tcp + 2);
  if (frame.is_v6)
    {
      guint32 remote[4], local[4];

      memcpy (remote, ip + G_STRUCT_OFFSET (struct ip6_hdr, src), sizeof remote);
      memcpy (local, ip + G_STRUCT_OFFSET (struct ip6_hdr, dest), sizeof local);
      *hash = tcp_demux_hash6 (local, local_port, remote, remote_port);
    }
  else
    {
      guint32 remote, local;

      memcpy (&remote, ip + G_STRUCT_OFFSET (struct ip_hdr, src), sizeof remote);
      memcpy (&local, ip + G_STRUCT_OFFSET (struct ip_hdr, dest), sizeof local);
      *hash = tcp_demux_hash4 (local, local_port, remote, remote_port);
    }
  return TRUE;
}

void
dpdk_stack_prefetch (struct rte_mbuf *const *packets, guint n_packets)
{
  guint32 hashes[DPDK_STACK_BURST];
  guint n = 0;

  if (!tcp_demux_wants_prefetch ())
    return;
  for (guint i = 0; i < n_packets; i++)
    if (get_hash (packets[i], &hashes[n]))
      tcp_demux_prefetch_bucket (hashes[n++]);
  for (guint i = 0; i < n; i++)
    tcp_demux_prefetch_pcb (hashes[i]);
  for (guint i = 0; i < n; i++)
    tcp_demux_prefetch_arg (hashes[i], DPDK_STACK_PREFETCH_SIZE);
}

void
dpdk_stack_prefetch_connection (const struct tcp_pcb *pcb)
{
  dpdk_stack_prefetch_lines (pcb, TCP_PCB_USED);
}
