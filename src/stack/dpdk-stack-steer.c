/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* the device spreads packets over the workers as it likes; here they find the worker that they are
   for */
#include "dpdk-stack-private.h"

#include <lwip/prot/ethernet.h>
#include <lwip/prot/icmp.h>
#include <lwip/prot/icmp6.h>
#include <lwip/prot/ip.h>
#include <lwip/prot/ip4.h>
#include <lwip/prot/ip6.h>
#include <lwip/prot/udp.h>
#include <lwip/udp.h>
#include <lwip/priv/tcp_demux.h>
#include <lwip/priv/udp_demux.h>

typedef enum {
  FRAME_OURS,
  FRAME_FOR_ALL,
  FRAME_FOR_ANOTHER,
} FrameTarget;

/* what of an IP packet decides */
typedef struct {
  gboolean is_v6;
  gboolean is_fragment;
  guint8 protocol;
  const guint8 *destination;
  const guint8 *payload;
  guint length;
} IpPacket;

gboolean
dpdk_stack_is_neighbour_discovery (const guint8 *payload, guint length)
{
  const struct ip6_hdr *ip = (const struct ip6_hdr *) payload;

  return length > IP6_HLEN && IP6H_NEXTH (ip) == IP6_NEXTH_ICMP6 &&
         payload[IP6_HLEN] >= ICMP6_TYPE_RS && payload[IP6_HLEN] <= ICMP6_TYPE_RD;
}

static gboolean
parse_ip (IpPacket *self, const guint8 *data, guint length, guint16 type)
{
  guint offset;

  self->is_v6 = type == ETHTYPE_IPV6;
  if (length < (self->is_v6 ? IP6_HLEN : IP_HLEN))
    return FALSE;
  if (self->is_v6)
    {
      const struct ip6_hdr *ip = (const struct ip6_hdr *) data;

      offset = IP6_HLEN;
      self->protocol = IP6H_NEXTH (ip);
      self->is_fragment = self->protocol == IP6_NEXTH_FRAGMENT;
      self->destination = data + G_STRUCT_OFFSET (struct ip6_hdr, dest);
    }
  else
    {
      const struct ip_hdr *ip = (const struct ip_hdr *) data;

      offset = IPH_HL_BYTES (ip);
      self->protocol = IPH_PROTO (ip);
      self->is_fragment = (IPH_OFFSET (ip) & PP_HTONS (IP_OFFMASK | IP_MF)) != 0;
      self->destination = data + G_STRUCT_OFFSET (struct ip_hdr, dest);
    }
  if (length < offset)
    return FALSE;
  self->payload = data + offset;
  self->length = length - offset;
  return TRUE;
}

static guint16
get_16 (const guint8 *at)
{
  return (guint16) (at[0] << 8 | at[1]);
}

/* reports and queries of groups, which any worker may have joined */
static gboolean
is_about_groups (const IpPacket *packet)
{
  if (!packet->is_v6)
    return packet->protocol == IP_PROTO_IGMP;
  return packet->protocol == IP6_NEXTH_HOPBYHOP ||
         (packet->protocol == IP6_NEXTH_ICMP6 && packet->length > 0 &&
          packet->payload[0] >= ICMP6_TYPE_MLQ && packet->payload[0] <= ICMP6_TYPE_MLD);
}

/* what an ICMP error quotes, of which the local port is returned */
static gboolean
parse_quoted (const IpPacket *packet, IpPacket *quoted, guint16 *port)
{
  if (packet->length < 8)
    return FALSE;
  if (packet->is_v6 ? packet->protocol != IP6_NEXTH_ICMP6 || packet->payload[0] > ICMP6_TYPE_PP
                    : packet->protocol != IP_PROTO_ICMP ||
                          (packet->payload[0] != ICMP_DUR && packet->payload[0] != ICMP_TE &&
                           packet->payload[0] != ICMP_PP))
    return FALSE;
  if (!parse_ip (quoted, packet->payload + 8, packet->length - 8,
                 packet->is_v6 ? ETHTYPE_IPV6 : ETHTYPE_IP) ||
      quoted->length < 4)
    return FALSE;
  *port = get_16 (quoted->payload);
  return TRUE;
}

static FrameTarget
target_worker (DpdkStackInterface *self, guint worker)
{
  return worker >= self->n_queues || worker == self->stack->peers.index ? FRAME_OURS
                                                                        : FRAME_FOR_ANOTHER;
}

static FrameTarget
find_target_tcp (DpdkStackInterface *self, guint16 port, guint *worker)
{
  const DpdkStackPeers *peers = &self->stack->peers;
  guint owner = __atomic_load_n (&peers->port_owners[port], __ATOMIC_RELAXED);

  if (owner == DPDK_STACK_PORT_OF_ALL)
    return FRAME_OURS;
  if (owner != 0)
    *worker = owner - 1;
  else if (port >= DPDK_STACK_FIRST_EPHEMERAL_PORT)
    *worker = port % peers->n_workers;
  else
    return FRAME_OURS;
  return target_worker (self, *worker);
}

/* the connections of a port of all are where the device has spread them to, as it has not done with this
   packet */
static FrameTarget
find_target_of_other_tcp (DpdkStackInterface *self, guint16 port, guint *worker)
{
  guint owner = __atomic_load_n (&self->stack->peers.port_owners[port], __ATOMIC_RELAXED);

  return owner == DPDK_STACK_PORT_OF_ALL ? FRAME_FOR_ALL : find_target_tcp (self, port, worker);
}

static FrameTarget
find_target_udp (DpdkStackInterface *self, const IpPacket *packet, guint16 port, guint *worker)
{
  const DpdkStackPeers *peers = &self->stack->peers;
  guint owner = dpdk_stack_udp_ports_get_owner (peers->udp_ports, port);

  switch (owner)
    {
    case DPDK_STACK_PORT_OF_NONE:
      if (port < DPDK_STACK_FIRST_EPHEMERAL_PORT)
        return FRAME_OURS;
      *worker = port % peers->n_workers;
      break;
    case DPDK_STACK_PORT_OF_ALL:
      if (udp_demux_port_is_used (port))
        return FRAME_OURS;
      /* fall through */
    case DPDK_STACK_PORT_OF_SOME:
      if (!dpdk_stack_udp_ports_find (peers->udp_ports, port, packet->is_v6, packet->destination,
                                      peers->index, worker))
        return FRAME_OURS;
      break;
    default:
      *worker = owner - 1;
    }
  return target_worker (self, *worker);
}

static FrameTarget
find_target_of_group (DpdkStackInterface *self, const IpPacket *packet, guint *worker)
{
  guint owner;

  if (is_about_groups (packet))
    return FRAME_FOR_ALL;
  if (packet->is_fragment)
    return packet->is_v6 || packet->protocol == IP_PROTO_UDP ? FRAME_FOR_ALL : FRAME_OURS;
  if (packet->protocol != IP_PROTO_UDP || packet->length < 4)
    return FRAME_OURS;
  owner =
      dpdk_stack_udp_ports_get_owner (self->stack->peers.udp_ports, get_16 (packet->payload + 2));
  if (owner == DPDK_STACK_PORT_OF_NONE)
    return FRAME_OURS;
  if (owner == DPDK_STACK_PORT_OF_ALL || owner == DPDK_STACK_PORT_OF_SOME)
    return FRAME_FOR_ALL;
  *worker = owner - 1;
  return target_worker (self, *worker);
}

/* Those of a datagram meet at one worker, the same for all between two addresses: a device may bring them
   to several, as a tap does that moves a flow to another queue in the middle of it. Whole again they are
   brought to their worker by dpdk_lwip_udp_unmatched() and dpdk_lwip_tcp_reassembled(). */
static FrameTarget
find_target_of_fragment (DpdkStackInterface *self, const IpPacket *packet, guint *worker)
{
  const guint address_size = packet->is_v6 ? 16 : 4;
  const guint8 *source = packet->destination - address_size;
  guint8 protocol = packet->protocol;
  guint hash = 0;

  if (packet->is_v6)
    protocol = packet->length > 0 ? packet->payload[0] : IP6_NEXTH_NONE;
  if (protocol != IP_PROTO_UDP && protocol != IP_PROTO_TCP)
    return FRAME_OURS;
  for (guint i = 0; i < 2 * address_size; i++)
    hash += source[i];
  *worker = hash % MIN (self->stack->peers.n_workers, self->n_queues);
  return target_worker (self, *worker);
}

/* neighbour discovery is for all workers, and answers are for the one that asked */
static FrameTarget
find_target (DpdkStackInterface *self, const struct rte_mbuf *mbuf, guint *worker)
{
  const guint8 *frame = rte_pktmbuf_mtod (mbuf, const guint8 *);
  guint length = rte_pktmbuf_data_len (mbuf);
  const struct eth_hdr *ethernet = (const struct eth_hdr *) frame;
  IpPacket packet, quoted;
  guint16 type, port;

  if (length < SIZEOF_ETH_HDR)
    return FRAME_OURS;
  type = lwip_ntohs (ethernet->type);
  frame += SIZEOF_ETH_HDR;
  length -= SIZEOF_ETH_HDR;
  if (type == ETHTYPE_ARP ||
      (type == ETHTYPE_IPV6 && dpdk_stack_is_neighbour_discovery (frame, length)))
    return FRAME_FOR_ALL;
  if ((type != ETHTYPE_IP && type != ETHTYPE_IPV6) || !parse_ip (&packet, frame, length, type))
    return FRAME_OURS;
  if ((ethernet->dest.addr[0] & 1) != 0)
    return find_target_of_group (self, &packet, worker);
  if (packet.is_fragment)
    return find_target_of_fragment (self, &packet, worker);
  if (packet.protocol == IP_PROTO_TCP && packet.length >= 4)
    return find_target_tcp (self, get_16 (packet.payload + 2), worker);
  if (packet.protocol == IP_PROTO_UDP && packet.length >= 4)
    return find_target_udp (self, &packet, get_16 (packet.payload + 2), worker);
  if (!parse_quoted (&packet, &quoted, &port))
    return FRAME_OURS;
  if (quoted.protocol == IP_PROTO_TCP)
    return find_target_of_other_tcp (self, port, worker);
  return quoted.protocol == IP_PROTO_UDP ? find_target_udp (self, &packet, port, worker)
                                         : FRAME_OURS;
}

static void
forward (DpdkStackInterface *self, guint worker, struct rte_mbuf *mbuf)
{
  const DpdkStackPeers *peers = &self->stack->peers;

  if (peers->forward (peers->data, worker, self->index, mbuf, FALSE))
    return;
  self->stack->statistics.rx_dropped++;
  rte_pktmbuf_free (mbuf);
}

static void
forward_to_all (DpdkStackInterface *self, struct rte_mbuf *mbuf)
{
  const DpdkStackPeers *peers = &self->stack->peers;

  for (guint i = 0; i < MIN (peers->n_workers, self->n_queues); i++)
    {
      struct rte_mbuf *copy;

      if (i == peers->index)
        continue;
      copy = rte_pktmbuf_copy (mbuf, self->pool, 0, UINT32_MAX);
      if (copy != NULL)
        forward (self, i, copy);
    }
}

/* TRUE if the packet is for another worker only, who has it then */
gboolean
dpdk_stack_interface_steer (DpdkStackInterface *self, struct rte_mbuf *mbuf)
{
  guint worker;

  switch (find_target (self, mbuf, &worker))
    {
    case FRAME_FOR_ALL:
      forward_to_all (self, mbuf);
      return FALSE;
    case FRAME_FOR_ANOTHER:
      forward (self, worker, mbuf);
      return TRUE;
    case FRAME_OURS:
    default:
      return FALSE;
    }
}

static const guint8 *
get_current_destination (void)
{
  return ip_current_is_v6 () ? (const guint8 *) ip6_current_dest_addr ()->addr
                             : (const guint8 *) &ip4_current_dest_addr ()->addr;
}

static void
forward_datagram (DpdkStackInterface *self, guint worker, const struct pbuf *p)
{
  const DpdkStackPeers *peers = &self->stack->peers;
  struct rte_mbuf *copy = dpdk_stack_packet_copy (p, self->pool);

  if (copy != NULL && peers->forward (peers->data, worker, self->index, copy, TRUE))
    return;
  self->stack->statistics.rx_dropped++;
  rte_pktmbuf_free (copy);
}

static void
forward_datagram_to_all (DpdkStackInterface *self, const struct pbuf *p)
{
  const DpdkStackPeers *peers = &self->stack->peers;

  for (guint i = 0; i < MIN (peers->n_workers, self->n_queues); i++)
    if (i != peers->index)
      forward_datagram (self, i, p);
}

/* the device does not bring what we send to a group to members on other workers */
void
dpdk_lwip_loop_output (struct pbuf *p, struct netif *netif)
{
  DpdkStackInterface *interface = ((DpdkStackNetif *) netif)->interface;
  const DpdkStackPeers *peers = &interface->stack->peers;
  const guint8 *data = p->payload;
  guint16 type = data[0] >> 4 == 6 ? ETHTYPE_IPV6 : ETHTYPE_IP;
  IpPacket packet;
  guint owner;

  /* lwIP puts the headers together */
  if (peers->n_workers == 1 || (p->flags & PBUF_FLAG_MCASTLOOP) == 0 ||
      !parse_ip (&packet, data, p->len, type) || packet.protocol != IP_PROTO_UDP ||
      packet.length < 4)
    return;
  owner = dpdk_stack_udp_ports_get_owner (peers->udp_ports, get_16 (packet.payload + 2));
  if (owner == DPDK_STACK_PORT_OF_NONE)
    return;
  for (guint i = 0; i < MIN (peers->n_workers, interface->n_queues); i++)
    if (i != peers->index && (owner == i + 1 || owner >= DPDK_STACK_PORT_OF_SOME))
      forward_datagram (interface, i, p);
}

/* what was put together from fragments, or sent by ourselves, has found its port only now */
int
dpdk_lwip_udp_unmatched (struct pbuf *p, struct netif *netif)
{
  DpdkStackInterface *interface = ((DpdkStackNetif *) netif)->interface;
  const DpdkStackPeers *peers = &interface->stack->peers;
  guint8 header[4];
  guint worker;

  if (peers->n_workers == 1 ||
      pbuf_copy_partial (p, header, sizeof header, ip_current_header_tot_len ()) != sizeof header)
    return FALSE;
  if (!dpdk_stack_udp_ports_find (peers->udp_ports, get_16 (header + 2), ip_current_is_v6 (),
                                  get_current_destination (), peers->index, &worker) ||
      worker == peers->index)
    return FALSE;
  forward_datagram (interface, worker, p);
  return TRUE;
}

int
dpdk_lwip_tcp_reassembled (struct pbuf *p, struct netif *netif, guint16 local_port,
                           guint16 remote_port)
{
  const guint8 forwarded = PBUF_FLAG_LOOPED | PBUF_FLAG_REASSEMBLED;
  DpdkStackInterface *interface = ((DpdkStackNetif *) netif)->interface;
  const DpdkStackPeers *peers = &interface->stack->peers;
  FrameTarget target;
  guint worker;

  if (peers->n_workers == 1 || tcp_demux_find (ip_current_dest_addr (), local_port,
                                               ip_current_src_addr (), remote_port) != NULL)
    return FALSE;
  target = find_target_of_other_tcp (interface, local_port, &worker);
  if (target == FRAME_OURS)
    return FALSE;
  /* who put it together has asked all others, too */
  if ((p->flags & forwarded) == forwarded)
    return TRUE;
  if (target == FRAME_FOR_ANOTHER)
    forward_datagram (interface, worker, p);
  else
    forward_datagram_to_all (interface, p);
  return TRUE;
}
