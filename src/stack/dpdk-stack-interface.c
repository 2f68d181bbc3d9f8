/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-stack-private.h"

#include "dpdk-lwip-port.h"
#include "dpdk-mempool-private.h"
#include "dpdk-port-private.h"

#include <lwip/etharp.h>
#include <lwip/ethip6.h>
#include <lwip/nd6.h>
#include <lwip/prot/etharp.h>
#include <lwip/prot/ethernet.h>
#include <lwip/prot/icmp6.h>
#include <lwip/prot/ip.h>
#include <lwip/prot/ip4.h>
#include <lwip/prot/ip6.h>
#include <lwip/prot/nd6.h>
#include <netif/ethernet.h>
#include <string.h>

/* one slot of each netif is for the link-local address */
#define V6_PER_NETIF (LWIP_IPV6_NUM_ADDRESSES - 1)

static DpdkStackPacket *
packet_from_mbuf (struct rte_mbuf *mbuf)
{
  G_STATIC_ASSERT (sizeof (DpdkStackPacket) <= DPDK_MEMPOOL_PRIVATE_SIZE);
  return rte_mbuf_to_priv (mbuf);
}

static void
free_packet (struct pbuf *p)
{
  DpdkStackPacket *packet = (DpdkStackPacket *) p;

  *packet->previous = packet->next;
  if (packet->next != NULL)
    packet->next->previous = packet->previous;
  dpdk_stack_current->n_packets--;
  dpdk_stack_budget_add (dpdk_stack_current->budget,
                         -(gint64) dpdk_stack_packet_size ((struct rte_mbuf *) packet - 1));
  rte_pktmbuf_free ((struct rte_mbuf *) packet - 1);
}

struct rte_mbuf *
dpdk_stack_get_mbuf (struct pbuf *p)
{
  if ((p->flags & PBUF_FLAG_IS_CUSTOM) == 0 ||
      ((struct pbuf_custom *) p)->custom_free_function != free_packet)
    return NULL;
  return (struct rte_mbuf *) p - 1;
}

static struct pbuf *
wrap_segment (DpdkStack *stack, struct rte_mbuf *mbuf)
{
  DpdkStackPacket *packet = packet_from_mbuf (mbuf);

  packet->pbuf.custom_free_function = free_packet;
  packet->next = stack->packets;
  packet->previous = &stack->packets;
  if (packet->next != NULL)
    packet->next->previous = &packet->next;
  stack->packets = packet;
  stack->n_packets++;
  dpdk_stack_budget_add (stack->budget, (gint64) dpdk_stack_packet_size (mbuf));
  return pbuf_alloced_custom (PBUF_RAW, rte_pktmbuf_data_len (mbuf), PBUF_REF, &packet->pbuf,
                              rte_pktmbuf_mtod (mbuf, void *), rte_pktmbuf_data_len (mbuf));
}

/* each buffer of a chain is on its own from here on */
static struct pbuf *
wrap_packet (DpdkStack *stack, struct rte_mbuf *mbuf)
{
  struct pbuf *head = NULL, **end = &head;
  guint left = rte_pktmbuf_pkt_len (mbuf);

  while (mbuf != NULL)
    {
      struct rte_mbuf *next = mbuf->next;
      struct pbuf *p;

      mbuf->next = NULL;
      mbuf->nb_segs = 1;
      mbuf->pkt_len = mbuf->data_len;
      p = wrap_segment (stack, mbuf);
      p->tot_len = (u16_t) left;
      left -= p->len;
      *end = p;
      end = &p->next;
      mbuf = next;
    }
  return head;
}

static err_t
init_netif (struct netif *netif)
{
  DpdkStackInterface *self = ((DpdkStackNetif *) netif)->interface;

  netif->name[0] = 'd';
  netif->name[1] = 'p';
  netif->output = etharp_output;
  netif->output_ip6 = ethip6_output;
  netif->linkoutput = dpdk_stack_interface_transmit;
  netif->mtu = (u16_t) self->mtu;
  netif->mtu6 = (u16_t) self->mtu;
  netif->hwaddr_len = ETH_HWADDR_LEN;
  memcpy (netif->hwaddr, self->mac, ETH_HWADDR_LEN);
  netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET |
                 NETIF_FLAG_LINK_UP | NETIF_FLAG_IGMP | NETIF_FLAG_MLD6;
  /* made while copying, or by the device */
  NETIF_SET_CHECKSUM_CTRL (netif, NETIF_CHECKSUM_ENABLE_ALL &
                                      ~(NETIF_CHECKSUM_GEN_TCP | NETIF_CHECKSUM_GEN_UDP));
  return ERR_OK;
}

static void
free_netif (gpointer data)
{
  DpdkStackNetif *netif = data;

  netif_remove (&netif->netif);
  g_free (netif);
}

static ip4_addr_t
get_ip4 (const DpdkStackAddress *address)
{
  ip4_addr_t ip;

  memcpy (&ip.addr, address->bytes, sizeof ip.addr);
  return ip;
}

static ip6_addr_t
get_ip6 (const DpdkStackAddress *address)
{
  ip6_addr_t ip;

  memcpy (ip.addr, address->bytes, sizeof ip.addr);
  ip6_addr_clear_zone (&ip);
  return ip;
}

static gboolean
is_in_subnet (const DpdkStackAddress *subnet, const guint8 *bytes)
{
  guint whole = subnet->prefix_length / 8, rest = subnet->prefix_length % 8;

  if (memcmp (subnet->bytes, bytes, whole) != 0)
    return FALSE;
  return rest == 0 || ((subnet->bytes[whole] ^ bytes[whole]) >> (8 - rest)) == 0;
}

gboolean
dpdk_stack_interface_is_on_link (DpdkStackInterface *self, gboolean is_v6, const guint8 *address)
{
  for (guint i = 0; i < self->n_on_link; i++)
    if (!self->on_link[i].is_v6 == !is_v6 && is_in_subnet (&self->on_link[i], address))
      return TRUE;
  return FALSE;
}

/* in one of our subnets, or behind a gateway; a link-local address is on every link */
gboolean
dpdk_stack_interface_reaches (DpdkStackInterface *self, gboolean is_v6, const guint8 *address)
{
  gboolean is_link_local = is_v6 && address[0] == 0xfe && (address[1] & 0xc0) == 0x80;

  return is_link_local || (is_v6 ? self->has_gateway_v6 : self->has_gateway_v4) ||
         dpdk_stack_interface_is_on_link (self, is_v6, address);
}

static DpdkStackNetif *
add_netif (DpdkStackInterface *self, const DpdkStackAddress *v4, const DpdkStackAddress *gateway)
{
  DpdkStackNetif *netif = g_new0 (DpdkStackNetif, 1);
  ip4_addr_t ip = { 0 }, mask = { 0 }, gw = { 0 };

  netif->interface = self;
  if (v4 != NULL)
    {
      ip = get_ip4 (v4);
      mask.addr = v4->prefix_length > 0 ? lwip_htonl (G_MAXUINT32 << (32 - v4->prefix_length)) : 0;
    }
  if (gateway != NULL)
    gw = get_ip4 (gateway);
  if (netif_add (&netif->netif, &ip, &mask, &gw, NULL, init_netif, ethernet_input) == NULL)
    {
      g_free (netif);
      return NULL;
    }
  if (gateway != NULL || netif_default == NULL)
    netif_set_default (&netif->netif);
  netif_set_up (&netif->netif);
  g_ptr_array_add (self->netifs, netif);
  return netif;
}

static void
add_v6 (DpdkStackNetif *netif, const ip6_addr_t *ip)
{
  s8_t slot;

  /* without duplicate address detection: several workers have the same address */
  if (netif_add_ip6_address (&netif->netif, ip, &slot) == ERR_OK)
    netif_ip6_addr_set_state (&netif->netif, slot, IP6_ADDR_PREFERRED);
}

static gboolean
add_addresses (DpdkStackInterface *self, const DpdkStackInterfaceConfig *config)
{
  guint n_v6 = 0, n_netifs = 0;

  for (guint i = 0; i < config->n_addresses; i++)
    {
      const DpdkStackAddress *address = &config->addresses[i];
      const DpdkStackAddress *gateway =
          config->gateway_v4 != NULL && is_in_subnet (address, config->gateway_v4->bytes)
              ? config->gateway_v4
              : NULL;

      if (!address->is_v6 && add_netif (self, address, gateway) == NULL)
        return FALSE;
    }
  if (self->netifs->len == 0 && add_netif (self, NULL, NULL) == NULL)
    return FALSE;
  netif_create_ip6_linklocal_address (&((DpdkStackNetif *) self->netifs->pdata[0])->netif, 1);
  netif_ip6_addr_set_state (&((DpdkStackNetif *) self->netifs->pdata[0])->netif, 0,
                            IP6_ADDR_PREFERRED);
  for (guint i = 0; i < config->n_addresses; i++)
    {
      ip6_addr_t ip;

      if (!config->addresses[i].is_v6)
        continue;
      if (n_v6++ % V6_PER_NETIF == 0 && n_netifs++ == self->netifs->len &&
          add_netif (self, NULL, NULL) == NULL)
        return FALSE;
      ip = get_ip6 (&config->addresses[i]);
      add_v6 (self->netifs->pdata[n_netifs - 1], &ip);
    }
  return TRUE;
}

DpdkStackInterface *
dpdk_stack_interface_new (DpdkStack *stack, const DpdkStackInterfaceConfig *config)
{
  DpdkStackInterface *self = g_new0 (DpdkStackInterface, 1);

  self->stack = stack;
  self->index = config->index;
  self->port = config->port;
  self->queue = config->queue;
  self->n_queues = config->n_queues;
  self->pool = config->pool;
  self->mtu = config->mtu;
  self->offloads = config->offloads;
  self->tx_ip_checksum = config->tx_ip_checksum;
  self->max_tx_segments = config->max_tx_segments;
  /* until it is known to be down */
  self->link_up = TRUE;
  memcpy (self->mac, config->mac, sizeof self->mac);
  self->on_link = g_memdup2 (config->addresses, config->n_addresses * sizeof *self->on_link);
  self->n_on_link = config->n_addresses;
  self->netifs = g_ptr_array_new_with_free_func (free_netif);
  self->has_gateway_v4 = config->gateway_v4 != NULL;
  if (config->gateway_v6 != NULL)
    {
      self->has_gateway_v6 = TRUE;
      self->gateway_v6 = get_ip6 (config->gateway_v6);
    }
  if (!add_addresses (self, config))
    {
      dpdk_stack_interface_free (self);
      return NULL;
    }
  if (self->has_gateway_v6)
    ip6_addr_assign_zone (&self->gateway_v6, IP6_UNICAST,
                          &((DpdkStackNetif *) self->netifs->pdata[0])->netif);
  return self;
}

void
dpdk_stack_interface_free (DpdkStackInterface *self)
{
  dpdk_stack_interface_flush (self);
  g_ptr_array_unref (self->netifs);
  /* a removed netif may still have said goodbye */
  dpdk_stack_interface_flush (self);
  dpdk_stack_interface_drop_unsent (self);
  g_free (self->on_link);
  g_free (self);
}

typedef enum {
  FRAME_OURS,
  FRAME_FOR_ALL,
  FRAME_FOR_ANOTHER,
} FrameTarget;

static gboolean
is_neighbour_discovery (const guint8 *payload, guint length)
{
  const struct ip6_hdr *ip = (const struct ip6_hdr *) payload;

  return length > IP6_HLEN && IP6H_NEXTH (ip) == IP6_NEXTH_ICMP6 &&
         payload[IP6_HLEN] >= ICMP6_TYPE_RS && payload[IP6_HLEN] <= ICMP6_TYPE_RD;
}

static gboolean
get_destination_port (const guint8 *payload, guint length, guint16 type, guint16 *port)
{
  guint offset;
  guint8 protocol;

  if (type == ETHTYPE_IP)
    {
      const struct ip_hdr *ip = (const struct ip_hdr *) payload;

      if (length < IP_HLEN || (IPH_OFFSET (ip) & PP_HTONS (IP_OFFMASK | IP_MF)) != 0)
        return FALSE;
      offset = IPH_HL_BYTES (ip);
      protocol = IPH_PROTO (ip);
    }
  else
    {
      if (length < IP6_HLEN)
        return FALSE;
      offset = IP6_HLEN;
      protocol = IP6H_NEXTH ((const struct ip6_hdr *) payload);
    }
  if ((protocol != IP_PROTO_TCP && protocol != IP_PROTO_UDP) || length < offset + 4)
    return FALSE;
  *port = (guint16) (payload[offset + 2] << 8 | payload[offset + 3]);
  return TRUE;
}

/* the device spreads packets over the workers as it likes: neighbour discovery is for all of them,
   and answers to a connection that a worker opened are for this worker */
static FrameTarget
find_target (DpdkStackInterface *self, const struct rte_mbuf *mbuf, guint *worker)
{
  const DpdkStackPeers *peers = &self->stack->peers;
  const guint8 *frame = rte_pktmbuf_mtod (mbuf, const guint8 *);
  guint length = rte_pktmbuf_data_len (mbuf);
  const struct eth_hdr *ethernet = (const struct eth_hdr *) frame;
  guint16 type, port;
  guint8 owner;

  if (length < SIZEOF_ETH_HDR)
    return FRAME_OURS;
  type = lwip_ntohs (ethernet->type);
  frame += SIZEOF_ETH_HDR;
  length -= SIZEOF_ETH_HDR;
  if (type == ETHTYPE_ARP || (type == ETHTYPE_IPV6 && is_neighbour_discovery (frame, length)))
    return FRAME_FOR_ALL;
  if ((type != ETHTYPE_IP && type != ETHTYPE_IPV6) ||
      !get_destination_port (frame, length, type, &port))
    return FRAME_OURS;
  owner = __atomic_load_n (&peers->port_owners[port], __ATOMIC_RELAXED);
  if (owner == DPDK_STACK_PORT_OF_ALL)
    return FRAME_OURS;
  if (owner != 0)
    *worker = owner - 1u;
  else if (port >= DPDK_STACK_FIRST_EPHEMERAL_PORT)
    *worker = port % peers->n_workers;
  else
    return FRAME_OURS;
  if (*worker >= self->n_queues)
    return FRAME_OURS;
  return *worker == peers->index ? FRAME_OURS : FRAME_FOR_ANOTHER;
}

static void
forward (DpdkStackInterface *self, guint worker, struct rte_mbuf *mbuf)
{
  const DpdkStackPeers *peers = &self->stack->peers;

  if (peers->forward (peers->data, worker, self->index, mbuf))
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

static DpdkStackNetif *
find_netif_v4 (DpdkStackInterface *self, const guint8 *address)
{
  for (guint i = 0; i < self->netifs->len; i++)
    {
      DpdkStackNetif *netif = g_ptr_array_index (self->netifs, i);

      if (memcmp (&netif_ip4_addr (&netif->netif)->addr, address, 4) == 0)
        return netif;
    }
  return g_ptr_array_index (self->netifs, 0);
}

static DpdkStackNetif *
find_netif_v6 (DpdkStackInterface *self, const guint8 *address)
{
  for (guint i = 0; i < self->netifs->len; i++)
    {
      DpdkStackNetif *netif = g_ptr_array_index (self->netifs, i);

      for (guint slot = 0; slot < LWIP_IPV6_NUM_ADDRESSES; slot++)
        if (!ip6_addr_isinvalid (netif_ip6_addr_state (&netif->netif, slot)) &&
            memcmp (netif_ip6_addr (&netif->netif, slot)->addr, address, 16) == 0)
          return netif;
    }
  return g_ptr_array_index (self->netifs, 0);
}

/* lwIP answers for the addresses of the netif that a packet comes in by */
static DpdkStackNetif *
choose_netif (DpdkStackInterface *self, const struct rte_mbuf *mbuf)
{
  const guint8 *frame = rte_pktmbuf_mtod (mbuf, const guint8 *);
  guint length = rte_pktmbuf_data_len (mbuf);
  guint16 type;

  if (self->netifs->len == 1 || length < SIZEOF_ETH_HDR)
    return g_ptr_array_index (self->netifs, 0);
  type = lwip_ntohs (((const struct eth_hdr *) frame)->type);
  frame += SIZEOF_ETH_HDR;
  length -= SIZEOF_ETH_HDR;
  if (type == ETHTYPE_ARP && length >= SIZEOF_ETHARP_HDR)
    return find_netif_v4 (self, frame + G_STRUCT_OFFSET (struct etharp_hdr, dipaddr));
  if (type == ETHTYPE_IP && length >= IP_HLEN)
    return find_netif_v4 (self, frame + G_STRUCT_OFFSET (struct ip_hdr, dest));
  if (type == ETHTYPE_IPV6 && is_neighbour_discovery (frame, length) &&
      frame[IP6_HLEN] == ICMP6_TYPE_NS && length >= IP6_HLEN + sizeof (struct ns_header))
    return find_netif_v6 (self,
                          frame + IP6_HLEN + G_STRUCT_OFFSET (struct ns_header, target_address));
  if (type == ETHTYPE_IPV6 && length >= IP6_HLEN)
    return find_netif_v6 (self, frame + G_STRUCT_OFFSET (struct ip6_hdr, dest));
  return g_ptr_array_index (self->netifs, 0);
}

void
dpdk_stack_interface_input (DpdkStackInterface *self, struct rte_mbuf *mbuf)
{
  DpdkStackNetif *netif;
  DpdkStackFrame frame;
  guint8 offload = 0;
  struct pbuf *p;

  if (G_UNLIKELY (rte_pktmbuf_pkt_len (mbuf) > G_MAXUINT16))
    {
      self->stack->statistics.rx_dropped++;
      rte_pktmbuf_free (mbuf);
      return;
    }
  if ((mbuf->ol_flags & DPDK_STACK_RX_VERIFIED) != 0 &&
      dpdk_stack_frame_parse (&frame, rte_pktmbuf_mtod (mbuf, const guint8 *),
                              rte_pktmbuf_data_len (mbuf)))
    {
      offload = dpdk_stack_packet_get_verified (mbuf);
      if ((offload & PBUF_OFFLOAD_L4_CSUM) != 0)
        dpdk_stack_count (&self->stack->rx_checksums);
    }
  if ((mbuf->ol_flags & RTE_MBUF_F_RX_LRO) != 0)
    offload |= PBUF_OFFLOAD_MERGED;
  netif = choose_netif (self, mbuf);
  p = wrap_packet (self->stack, mbuf);
  p->offload = offload;
  if (netif->netif.input (p, &netif->netif) != ERR_OK)
    pbuf_free (p);
}

/* FALSE: it was for another worker only */
static gboolean
is_ours (DpdkStackInterface *self, struct rte_mbuf *mbuf)
{
  guint worker;

  if (self->stack->peers.n_workers == 1)
    return TRUE;
  switch (find_target (self, mbuf, &worker))
    {
    case FRAME_FOR_ALL:
      forward_to_all (self, mbuf);
      return TRUE;
    case FRAME_FOR_ANOTHER:
      forward (self, worker, mbuf);
      return FALSE;
    case FRAME_OURS:
    default:
      return TRUE;
    }
}

guint
dpdk_stack_interface_receive (DpdkStackInterface *self)
{
  struct rte_mbuf *burst[DPDK_STACK_BURST];
  guint16 n = dpdk_port_rx_burst_uncounted (self->port, self->queue, (DpdkPacket **) burst,
                                            DPDK_STACK_BURST);
  guint n_ours = 0;

  for (guint16 i = 0; i < n; i++)
    {
      struct rte_mbuf *mbuf = burst[i];

      if (i + 1 < n)
        rte_prefetch0 (rte_pktmbuf_mtod (burst[i + 1], void *));
      if ((self->offloads & DPDK_STACK_OFFLOAD_RX_CHECKSUM) == 0)
        dpdk_stack_packet_forget_verified (mbuf);
      if (is_ours (self, mbuf))
        burst[n_ours++] = mbuf;
    }
  if (n_ours > 1 && (self->offloads & DPDK_STACK_OFFLOAD_GRO) != 0)
    n_ours = dpdk_stack_gro (self->stack, burst, n_ours);
  for (guint i = 0; i < n_ours; i++)
    dpdk_stack_interface_input (self, burst[i]);
  return n;
}
