/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* one interface with very many addresses: each of them answers for itself, and nobody else for it */
#include "dpdk-mempool-private.h"
#include "dpdk-stack-private.h"
#include "internet-sum.h"

#include <lwip/inet_chksum.h>
#include <lwip/ip.h>
#include <lwip/priv/tcp_priv.h>
#include <lwip/prot/etharp.h>
#include <lwip/prot/icmp.h>
#include <lwip/prot/icmp6.h>
#include <lwip/prot/tcp.h>
#include <lwip/prot/udp.h>
#include <lwip/tcp.h>
#include <lwip/udp.h>
#include <rte_cycles.h>
#include <string.h>

#define MANY 128
#define N_REQUESTS 500
#define PORT 7
#define PEER_PORT 4000
#define REQUEST 64

/* those of the interface end in 2, 3 and so on */
static const guint8 subnet_v4[] = { 198, 18, 0, 0 };
static const guint8 subnet_v6[16] = { 0xfd, 0xe7, [15] = 0 };
static const guint8 our_mac[] = { 2, 0, 0, 0, 0, 1 }, peer_mac[] = { 2, 0, 0, 0, 0, 2 };

/* there is one in a process */
static DpdkEal *eal;

typedef struct {
  DpdkMempool *mempool;
  /* takes what an interface says when it gets its addresses */
  DpdkPort *port;
  DpdkStackBudget *budget;
  DpdkStack *stack;
  struct tcp_pcb *listener;
  struct udp_pcb *udp;
  guint8 port_owners[G_MAXUINT16 + 1];
} World;

/* what a packet is about */
typedef struct {
  gboolean is_v6;
  guint8 protocol;
  guint8 source;
  guint8 destination;
  guint8 data[128];
  guint length;
} Packet;

static DpdkStackInterface *
get_interface (World *world)
{
  return g_ptr_array_index (world->stack->interfaces, 0);
}

static err_t
on_received (void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err)
{
  if (p == NULL)
    return ERR_OK;
  g_assert_cmpint (tcp_write (pcb, p->payload, p->len, TCP_WRITE_FLAG_COPY), ==, ERR_OK);
  tcp_recved (pcb, p->tot_len);
  pbuf_free (p);
  return ERR_OK;
}

static err_t
on_accepted (void *arg, struct tcp_pcb *pcb, err_t err)
{
  tcp_recv (pcb, on_received);
  tcp_nagle_disable (pcb);
  return ERR_OK;
}

static void
on_datagram (void *arg, struct udp_pcb *pcb, struct pbuf *p, const ip_addr_t *address, u16_t port)
{
  struct netif *netif = ip_route (ip_current_dest_addr (), address);

  g_assert_nonnull (netif);
  g_assert_cmpint (udp_sendto_if_src (pcb, p, address, port, netif, ip_current_dest_addr ()), ==,
                   ERR_OK);
  pbuf_free (p);
}

static void
add_interface (World *world, guint n_addresses)
{
  g_autofree DpdkStackAddress *addresses = g_new0 (DpdkStackAddress, 2 * n_addresses);
  DpdkStackInterfaceConfig config = {
    .port = world->port,
    .n_queues = 1,
    .pool = dpdk_mempool_get_native (world->mempool),
    .mtu = 1500,
    .addresses = addresses,
    .n_addresses = 2 * n_addresses,
  };

  memcpy (config.mac, our_mac, sizeof config.mac);
  for (guint i = 0; i < n_addresses; i++)
    {
      memcpy (addresses[2 * i].bytes, subnet_v4, sizeof subnet_v4);
      addresses[2 * i].bytes[3] = (guint8) (i + 2);
      addresses[2 * i].prefix_length = 24;
      memcpy (addresses[2 * i + 1].bytes, subnet_v6, sizeof subnet_v6);
      addresses[2 * i + 1].bytes[15] = (guint8) (i + 2);
      addresses[2 * i + 1].prefix_length = 64;
      addresses[2 * i + 1].is_v6 = TRUE;
    }
  g_assert_true (dpdk_stack_add_interface (world->stack, &config));
  dpdk_stack_interface_drop_unsent (get_interface (world));
}

static World *
world_new (guint n_addresses)
{
  World *self = g_new0 (World, 1);
  DpdkStackPeers peers = { .n_workers = 1, .port_owners = self->port_owners };
  g_autoptr (GError) error = NULL;
  struct tcp_pcb *pcb;

  if (eal == NULL)
    eal = dpdk_eal_new (NULL, &error);
  g_assert_no_error (error);
  self->mempool = dpdk_mempool_new (eal, 1023, 0, 2048, -1, &error);
  g_assert_no_error (error);
  self->port = dpdk_port_new (eal, "net_null0", &error);
  g_assert_no_error (error);
  dpdk_port_configure (self->port, self->mempool, 1, 64, &error);
  g_assert_no_error (error);
  dpdk_port_start (self->port, &error);
  g_assert_no_error (error);
  self->budget = dpdk_stack_budget_new (0, 1);
  self->stack = dpdk_stack_new (&peers, self->budget);
  g_assert_nonnull (self->stack);
  add_interface (self, n_addresses);
  pcb = tcp_new_ip_type (IPADDR_TYPE_ANY);
  g_assert_cmpint (tcp_bind (pcb, IP_ANY_TYPE, PORT), ==, ERR_OK);
  self->listener = tcp_listen (pcb);
  tcp_accept (self->listener, on_accepted);
  self->udp = udp_new_ip_type (IPADDR_TYPE_ANY);
  g_assert_cmpint (udp_bind (self->udp, IP_ANY_TYPE, PORT), ==, ERR_OK);
  udp_recv (self->udp, on_datagram, NULL);
  return self;
}

static void
world_free (World *self)
{
  g_autoptr (GError) error = NULL;

  while (tcp_active_pcbs != NULL)
    tcp_abort (tcp_active_pcbs);
  g_assert_cmpint (tcp_close (self->listener), ==, ERR_OK);
  udp_remove (self->udp);
  dpdk_stack_interface_drop_unsent (get_interface (self));
  dpdk_stack_free (self->stack);
  dpdk_stack_budget_unref (self->budget);
  dpdk_port_close (self->port, &error);
  g_assert_no_error (error);
  g_assert_finalize_object (self->port);
  g_assert_cmpuint (dpdk_mempool_get_in_use (self->mempool), ==, 0);
  g_assert_finalize_object (self->mempool);
  g_free (self);
}

static void
set_address (guint8 *at, gboolean is_v6, guint8 host)
{
  if (is_v6)
    {
      memcpy (at, subnet_v6, sizeof subnet_v6);
      at[15] = host;
    }
  else
    {
      memcpy (at, subnet_v4, sizeof subnet_v4);
      at[3] = host;
    }
}

/* where the checksum of a protocol is in its header */
static guint
get_checksum_offset (guint8 protocol)
{
  return protocol == IP_PROTO_TCP ? 16 : protocol == IP_PROTO_UDP ? 6 : 2;
}

static guint
write_ip (guint8 *ip, const Packet *packet)
{
  const guint header = packet->is_v6 ? IP6_HLEN : IP_HLEN;
  guint8 *l4 = ip + header;
  guint32 pseudo = 0;

  memset (ip, 0, header);
  if (packet->is_v6)
    {
      ip[0] = 0x60;
      dpdk_stack_frame_set_u16 (ip + 4, packet->length);
      ip[6] = packet->protocol;
      ip[7] = 255;
      set_address (ip + 8, TRUE, packet->source);
      set_address (ip + 24, TRUE, packet->destination);
      pseudo = internet_sum (ip + 8, 32, packet->length + packet->protocol);
    }
  else
    {
      ip[0] = 0x45;
      dpdk_stack_frame_set_u16 (ip + 2, IP_HLEN + packet->length);
      ip[8] = 64;
      ip[9] = packet->protocol;
      set_address (ip + 12, FALSE, packet->source);
      set_address (ip + 16, FALSE, packet->destination);
      dpdk_stack_frame_set_u16 (ip + 10, (guint16) ~internet_sum (ip, IP_HLEN, 0));
      if (packet->protocol != IP_PROTO_ICMP)
        pseudo = internet_sum (ip + 12, 8, packet->length + packet->protocol);
    }
  memcpy (l4, packet->data, packet->length);
  dpdk_stack_frame_set_u16 (l4 + get_checksum_offset (packet->protocol),
                            (guint16) ~internet_sum (l4, packet->length, pseudo));
  return header + packet->length;
}

/* TRUE if there is exactly one answer, which is in @answer then */
static gboolean
exchange_frame (World *world, const guint8 *frame, guint length, guint8 *answer,
                guint *answer_length)
{
  DpdkStackInterface *interface = get_interface (world);
  struct rte_mbuf *mbuf = rte_pktmbuf_alloc (interface->pool);
  gboolean is_answered;

  g_assert_nonnull (mbuf);
  memcpy (rte_pktmbuf_append (mbuf, (guint16) length), frame, length);
  dpdk_stack_set_time (world->stack, rte_rdtsc ());
  dpdk_stack_input (world->stack, 0, mbuf, FALSE);
  is_answered = interface->n_unsent == 1;
  if (is_answered)
    {
      *answer_length = interface->unsent[0]->pkt_len;
      memcpy (answer, rte_pktmbuf_mtod (interface->unsent[0], const guint8 *), *answer_length);
    }
  dpdk_stack_interface_drop_unsent (interface);
  return is_answered;
}

/* what comes back for a packet, from whom it was for */
static gboolean
exchange (World *world, const Packet *packet, Packet *answer)
{
  const guint header = packet->is_v6 ? IP6_HLEN : IP_HLEN;
  guint8 frame[256], reply[2048], *ip = reply + SIZEOF_ETH_HDR;
  guint length;

  memcpy (frame, our_mac, 6);
  memcpy (frame + 6, peer_mac, 6);
  dpdk_stack_frame_set_u16 (frame + 12, packet->is_v6 ? ETHTYPE_IPV6 : ETHTYPE_IP);
  length = SIZEOF_ETH_HDR + write_ip (frame + SIZEOF_ETH_HDR, packet);
  if (!exchange_frame (world, frame, length, reply, &length))
    return FALSE;
  g_assert_cmpmem (reply, 6, peer_mac, 6);
  answer->is_v6 = packet->is_v6;
  answer->protocol = packet->is_v6 ? ip[6] : ip[9];
  answer->source = packet->is_v6 ? ip[23] : ip[15];
  answer->destination = packet->is_v6 ? ip[39] : ip[19];
  answer->length = MIN (length - SIZEOF_ETH_HDR - header, sizeof answer->data);
  memcpy (answer->data, ip + header, answer->length);
  g_assert_cmpuint (answer->source, ==, packet->destination);
  g_assert_cmpuint (answer->destination, ==, packet->source);
  return TRUE;
}

/* asks who has an address, which makes us known, too */
static gboolean
ask_v4 (World *world, guint8 host)
{
  guint8 frame[60] = { 0 }, reply[2048], *arp = frame + SIZEOF_ETH_HDR;
  guint length;

  memset (frame, 0xff, 6);
  memcpy (frame + 6, peer_mac, 6);
  dpdk_stack_frame_set_u16 (frame + 12, ETHTYPE_ARP);
  memcpy (arp, "\0\1\x08\0\6\4\0\1", 8);
  memcpy (arp + 8, peer_mac, 6);
  set_address (arp + 14, FALSE, 1);
  set_address (arp + 24, FALSE, host);
  if (!exchange_frame (world, frame, sizeof frame, reply, &length))
    return FALSE;
  arp = reply + SIZEOF_ETH_HDR;
  g_assert_cmpuint (arp[7], ==, 2);
  g_assert_cmpmem (arp + 8, 6, our_mac, 6);
  g_assert_cmpuint (arp[17], ==, host);
  return TRUE;
}

static gboolean
ask_v6 (World *world, guint8 host)
{
  Packet packet = { .is_v6 = TRUE,
                    .protocol = IP6_NEXTH_ICMP6,
                    .source = 1,
                    .destination = host,
                    .length = 32 },
         answer;

  packet.data[0] = ICMP6_TYPE_NS;
  set_address (packet.data + 8, TRUE, host);
  packet.data[24] = packet.data[25] = 1;
  memcpy (packet.data + 26, peer_mac, 6);
  if (!exchange (world, &packet, &answer))
    return FALSE;
  g_assert_cmpuint (answer.data[0], ==, ICMP6_TYPE_NA);
  g_assert_cmpuint (answer.data[23], ==, host);
  return TRUE;
}

static gboolean
ping (World *world, gboolean is_v6, guint8 source, guint8 host)
{
  Packet packet = { .is_v6 = is_v6,
                    .protocol = is_v6 ? IP6_NEXTH_ICMP6 : IP_PROTO_ICMP,
                    .source = source,
                    .destination = host,
                    .length = REQUEST },
         answer;

  packet.data[0] = is_v6 ? ICMP6_TYPE_EREQ : ICMP_ECHO;
  if (!exchange (world, &packet, &answer))
    return FALSE;
  g_assert_cmpuint (answer.data[0], ==, is_v6 ? ICMP6_TYPE_EREP : ICMP_ER);
  return TRUE;
}

static void
exchange_datagram (World *world, gboolean is_v6, guint8 host)
{
  Packet packet = { .is_v6 = is_v6,
                    .protocol = IP_PROTO_UDP,
                    .source = 1,
                    .destination = host,
                    .length = UDP_HLEN + REQUEST },
         answer;

  dpdk_stack_frame_set_u16 (packet.data, PEER_PORT);
  dpdk_stack_frame_set_u16 (packet.data + 2, PORT);
  dpdk_stack_frame_set_u16 (packet.data + 4, packet.length);
  g_assert_true (exchange (world, &packet, &answer));
  g_assert_cmpuint (answer.protocol, ==, IP_PROTO_UDP);
  g_assert_cmpuint (answer.length, ==, packet.length);
}

/* the peer's end of a connection */
typedef struct {
  gboolean is_v6;
  guint8 host;
  guint32 sequence;
  guint32 acknowledged;
} End;

static gboolean
send_segment (World *world, End *end, guint8 flags, guint size)
{
  Packet packet = { .is_v6 = end->is_v6,
                    .protocol = IP_PROTO_TCP,
                    .source = 1,
                    .destination = end->host,
                    .length = TCP_HLEN + size },
         answer;

  dpdk_stack_frame_set_u16 (packet.data, PEER_PORT);
  dpdk_stack_frame_set_u16 (packet.data + 2, PORT);
  dpdk_stack_frame_set_u32 (packet.data + 4, end->sequence);
  dpdk_stack_frame_set_u32 (packet.data + 8, end->acknowledged);
  packet.data[12] = TCP_HLEN / 4 << 4;
  packet.data[13] = flags;
  dpdk_stack_frame_set_u16 (packet.data + 14, G_MAXUINT16);
  end->sequence += size + ((flags & TCP_SYN) != 0);
  if (!exchange (world, &packet, &answer))
    return FALSE;
  g_assert_cmpuint (dpdk_stack_frame_get_u32 (answer.data + 8), ==, end->sequence);
  g_assert_cmphex (answer.data[13] & (TCP_RST | TCP_FIN), ==, 0);
  end->acknowledged = dpdk_stack_frame_get_u32 (answer.data + 4) +
                      (answer.length - dpdk_stack_frame_get_tcp_length (answer.data)) +
                      ((answer.data[13] & TCP_SYN) != 0);
  return TRUE;
}

static void
open_connection (World *world, End *end)
{
  g_assert_true (send_segment (world, end, TCP_SYN, 0));
  g_assert_false (send_segment (world, end, TCP_ACK, 0));
}

static gboolean
ask (World *world, gboolean is_v6, guint8 host)
{
  return is_v6 ? ask_v6 (world, host) : ask_v4 (world, host);
}

static void
test_each (gconstpointer data)
{
  const guint n = GPOINTER_TO_UINT (data);
  World *world = world_new (n);

  for (guint v = 0; v < 2; v++)
    {
      /* is to be known first */
      g_assert_true (ask (world, v == 1, 2));
      for (guint i = 0; i < n; i++)
        {
          const guint8 host = (guint8) (i + 2);
          End end = { .is_v6 = v == 1, .host = host, .sequence = 1000 * i };

          g_assert_true (ask (world, v == 1, host));
          g_assert_true (ping (world, v == 1, 1, host));
          exchange_datagram (world, v == 1, host);
          open_connection (world, &end);
          g_assert_true (send_segment (world, &end, TCP_ACK | TCP_PSH, REQUEST));
          /* nobody else has it */
          g_assert_false (ping (world, v == 1, host, 2));
          g_assert_false (ping (world, v == 1, host, (guint8) (n + 1)));
        }
      for (guint i = n; i < 253; i += 7)
        {
          g_assert_false (ask (world, v == 1, (guint8) (i + 2)));
          g_assert_false (ping (world, v == 1, 1, (guint8) (i + 2)));
        }
    }
  world_free (world);
}

typedef struct {
  const char *path;
  guint n_addresses;
  gboolean is_v6;
  gboolean is_udp;
} Requests;

/* the same for each number of addresses, to be counted */
static void
test_requests (gconstpointer data)
{
  const Requests *self = data;
  World *world = world_new (self->n_addresses);
  /* what a walk would find last */
  End end = { .is_v6 = self->is_v6, .host = (guint8) (self->n_addresses + 1) };

  g_assert_true (ask (world, self->is_v6, end.host));
  if (!self->is_udp)
    open_connection (world, &end);
  for (guint i = 0; i < N_REQUESTS; i++)
    if (self->is_udp)
      exchange_datagram (world, self->is_v6, end.host);
    else
      g_assert_true (send_segment (world, &end, TCP_ACK | TCP_PSH, REQUEST));
  world_free (world);
}

static const Requests requests[] = {
  { "tcp/ipv4/1", 1, FALSE, FALSE }, { "tcp/ipv4/128", MANY, FALSE, FALSE },
  { "tcp/ipv6/1", 1, TRUE, FALSE },  { "tcp/ipv6/128", MANY, TRUE, FALSE },
  { "udp/ipv4/1", 1, FALSE, TRUE },  { "udp/ipv4/128", MANY, FALSE, TRUE },
  { "udp/ipv6/1", 1, TRUE, TRUE },   { "udp/ipv6/128", MANY, TRUE, TRUE },
};

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/unit/addresses/each/1", GUINT_TO_POINTER (1), test_each);
  g_test_add_data_func ("/unit/addresses/each/9", GUINT_TO_POINTER (9), test_each);
  g_test_add_data_func ("/unit/addresses/each/128", GUINT_TO_POINTER (MANY), test_each);
  for (guint i = 0; i < G_N_ELEMENTS (requests); i++)
    {
      g_autofree char *path = g_strconcat ("/unit/addresses/requests/", requests[i].path, NULL);

      g_test_add_data_func (path, &requests[i], test_requests);
    }
  status = g_test_run ();
  g_clear_object (&eal);
  return status;
}
