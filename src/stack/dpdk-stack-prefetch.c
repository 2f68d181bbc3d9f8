/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* with very many connections the next one is in no cache; those of a burst are fetched in time */
#include "dpdk-stack-prefetch.h"

#include "dpdk-stack-private.h"

#include <lwip/priv/tcp_demux.h>

#define STEP_DISTANCE (DPDK_STACK_LOOKAHEAD / G_N_ELEMENTS (steps))
/* of what is no segment; a segment that has it as well is not looked ahead for */
#define NO_HASH G_MAXUINT32

G_STATIC_ASSERT (sizeof (struct tcp_pcb) <= TCP_PCB_MAX_SIZE);

static void
prefetch_arg (guint32 hash)
{
  tcp_demux_prefetch_arg (hash, DPDK_STACK_PREFETCH_SIZE);
}

static void (*const steps[]) (guint32 hash) = {
  tcp_demux_prefetch_bucket,
  tcp_demux_prefetch_pcb,
  prefetch_arg,
  tcp_demux_prefetch_rest,
};

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

/* what packet @i needs, a step further for each of those in front of it: what one step has asked for has
   come when the next one looks at it */
void
dpdk_stack_lookahead_step (DpdkStackLookahead *self, guint i)
{
  if (i < self->n && !get_hash (self->packets[i], &self->hashes[i]))
    self->hashes[i] = NO_HASH;
  for (guint step = 0; step < G_N_ELEMENTS (steps); step++, i -= STEP_DISTANCE)
    {
      if (i < self->n && self->hashes[i] != NO_HASH)
        steps[step](self->hashes[i]);
      if (i < STEP_DISTANCE)
        break;
    }
}

void
dpdk_stack_lookahead_begin (DpdkStackLookahead *self, struct rte_mbuf *const *packets, guint n)
{
  self->packets = packets;
  self->n = tcp_demux_wants_prefetch () ? n : 0;
  if (self->n > 0)
    for (guint i = 0; i < DPDK_STACK_LOOKAHEAD; i++)
      dpdk_stack_lookahead_step (self, i);
}

void
dpdk_stack_prefetch_connection (const struct tcp_pcb *pcb)
{
  dpdk_stack_prefetch_lines (pcb, sizeof *pcb);
}
