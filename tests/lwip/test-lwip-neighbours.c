/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Who may change what is known of the neighbours, and how much of it there is. */

#include "lwip-peer.h"

#define FORGED_MAC "\2\0\0\0\xbd\xbd"
#define MAC_OF_1 "\2\0\0\0\0\2"

typedef struct {
  gboolean ipv6;
  guint8 host; /* the last byte of its address */
  gboolean known;
  guint8 mac[6];
} Lookup;

static void
lookup (Stack *stack, gpointer data)
{
  Lookup *self = data;

  self->known = FALSE;
  if (self->ipv6)
    {
      ip6_addr_t address;

      stack_ip6 ((guint) self->host - 1, &address);
      for (guint i = 0; i < LWIP_ND6_NUM_NEIGHBORS; i++)
        {
          const struct nd6_neighbor_cache_entry *entry = &(*neighbor_cache_p)[i];

          if (entry->state != ND6_NO_ENTRY && entry->state != ND6_INCOMPLETE &&
              ip6_addr_cmp (&entry->next_hop_address, &address))
            {
              self->known = TRUE;
              memcpy (self->mac, entry->lladdr, 6);
            }
        }
    }
  else
    {
      ip4_addr_t address;
      struct eth_addr *mac;
      const ip4_addr_t *found;

      stack_ip4 (stack, (guint) self->host - 1, &address);
      if (etharp_find_addr (&stack->netif, &address, &mac, &found) >= 0)
        {
          self->known = TRUE;
          memcpy (self->mac, mac->addr, 6);
        }
    }
}

static void
assert_known (World *world, gboolean ipv6, guint8 host, const char *mac)
{
  Lookup self = { .ipv6 = ipv6, .host = host };

  stack_run (&world->stacks[0], lookup, &self);
  g_assert_true (self.known == (mac != NULL));
  if (mac != NULL)
    g_assert_cmpmem (self.mac, 6, mac, 6);
}

/* ARP from 10.0.0.host to 10.0.0.target. */
static GByteArray *
arp (guint8 operation, guint8 host, const char *mac, guint8 target)
{
  GByteArray *frame = g_byte_array_new ();

  g_byte_array_append (frame, (const guint8 *) "\xff\xff\xff\xff\xff\xff", 6);
  g_byte_array_append (frame, (const guint8 *) mac, 6);
  g_byte_array_append (frame, (const guint8 *) "\x08\x06\0\1\x08\0\6\4\0", 9);
  g_byte_array_append (frame, &operation, 1);
  g_byte_array_append (frame, (const guint8 *) mac, 6);
  g_byte_array_append (frame, (const guint8[]){ 10, 0, 0, host }, 4);
  g_byte_array_append (frame, (const guint8 *) "\2\0\0\0\0\1", 6);
  g_byte_array_append (frame, (const guint8[]){ 10, 0, 0, target }, 4);
  return frame;
}

typedef enum {
  SOLICITATION,
  ADVERTISEMENT,
  SOLICITED_ADVERTISEMENT
} Discovery;

/* The same of fd00::host. */
static GByteArray *
discovery (Discovery kind, guint8 host, const char *mac)
{
  guint8 message[32] = { kind == SOLICITATION ? ICMP6_TYPE_NS : ICMP6_TYPE_NA };
  GByteArray *frame;
  guint8 pseudo[72] = { 0 };
  guint16 sum;

  message[4] = kind == SOLICITATION ? 0 : kind == ADVERTISEMENT ? 0x20 : 0x60;
  message[8] = 0xfd;
  message[23] = kind == SOLICITATION ? 1 : host;
  message[24] = kind == SOLICITATION ? 1 : 2;
  message[25] = 1;
  memcpy (message + 26, mac, 6);
  frame = frame_ip6 (IP6_NEXTH_ICMP6, message, sizeof message);
  memcpy (frame->data + 6, mac, 6);
  frame->data[ETH_LEN + 23] = host;
  memcpy (pseudo, frame->data + ETH_LEN + 8, 32);
  pseudo[35] = sizeof message;
  pseudo[39] = IP6_NEXTH_ICMP6;
  memcpy (pseudo + 40, message, sizeof message);
  sum = inet_chksum (pseudo, sizeof pseudo);
  memcpy (frame->data + ETH_LEN + 40 + 2, &sum, 2);
  return frame;
}

/* A claim to the address of a host that is no answer to us. */
static GByteArray *
claim (gboolean ipv6, guint8 host, const char *mac)
{
  return ipv6 ? discovery (SOLICITATION, host, mac) : arp (1, host, mac, 1);
}

static GByteArray *
answer (gboolean ipv6, guint8 host, const char *mac)
{
  return ipv6 ? discovery (SOLICITED_ADVERTISEMENT, host, mac) : arp (2, host, mac, 1);
}

/* Frames of stack 0 that ask who has the address of stack 1. */
static gboolean
filter_questions (World *world, guint from, const guint8 *data, guint len)
{
  guint *questions = world->filter_data;

  if (from == 0 && data[12] == 0x08 && data[13] == 0x06 && data[21] == 1 && data[41] == 2)
    (*questions)++;
  if (from == 0 && data[12] == 0x86 && data[20] == IP6_NEXTH_ICMP6 && data[54] == ICMP6_TYPE_NS &&
      data[77] == 2)
    (*questions)++;
  return TRUE;
}

/* Hands a frame to stack 0, and what it says to stack 1. */
static void
hear (World *world, GByteArray *bytes)
{
  stack_run (&world->stacks[0], inject, bytes);
  g_byte_array_unref (bytes);
}

static void
reach_peer (World *world, gboolean ipv6, Udp *udp)
{
  Datagram datagram = { .len = 100, .ipv6 = ipv6 };
  guint before = udp->received;

  stack_run (&world->stacks[0], udp_send_one, &datagram);
  world_run (world, 100);
  g_assert_cmpuint (udp->received, ==, before + 1);
}

static void
set_mac (Stack *stack, gpointer data)
{
  memcpy (stack->netif.hwaddr, data, 6);
}

static void
test_claims (gconstpointer data)
{
  gboolean ipv6 = GPOINTER_TO_INT (data);
  World *world = world_new (1);
  Udp udp = { 0 };
  guint questions = 0;

  world->filter = filter_questions;
  world->filter_data = &questions;
  world_start (world);
  world_run (world, 3000);
  stack_run (&world->stacks[1], udp_open, &udp);
  reach_peer (world, ipv6, &udp);
  assert_known (world, ipv6, 2, MAC_OF_1);
  world_run (world, 2000);

  /* who claims to be the other makes us ask, and it is the other that answers */
  questions = 0;
  hear (world, claim (ipv6, 2, FORGED_MAC));
  assert_known (world, ipv6, 2, MAC_OF_1);
  world_run (world, 20);
  g_assert_cmpuint (questions, ==, 1);
  assert_known (world, ipv6, 2, MAC_OF_1);
  /* who comes after it is late */
  hear (world, answer (ipv6, 2, FORGED_MAC));
  assert_known (world, ipv6, 2, MAC_OF_1);
  /* nor do others count that nobody has asked for */
  if (ipv6)
    hear (world, discovery (ADVERTISEMENT, 2, FORGED_MAC));
  else
    {
      hear (world, arp (1, 2, FORGED_MAC, 2));
      hear (world, arp (2, 2, FORGED_MAC, 2));
      hear (world, arp (2, 2, FORGED_MAC, 77));
    }
  assert_known (world, ipv6, 2, MAC_OF_1);
  world_run (world, 2000);

  /* and a flood of them makes us ask now and then */
  questions = 0;
  for (guint i = 0; i < 10000; i++)
    {
      hear (world, i % 2 ? claim (ipv6, 2, FORGED_MAC) : answer (ipv6, 2, FORGED_MAC));
      if (i % 10 == 9)
        world_run (world, 1);
    }
  g_assert_cmpuint (questions, >=, 2);
  g_assert_cmpuint (questions, <=, 12);
  world_run (world, 2000);
  assert_known (world, ipv6, 2, MAC_OF_1);
  reach_peer (world, ipv6, &udp);

  /* one that has really moved is found at once, three times in a row too */
  for (guint8 i = 0; i < 3; i++)
    {
      const guint8 mac[6] = { 2, 0, 0, 0, 7, i };

      stack_run (&world->stacks[1], set_mac, (gpointer) mac);
      hear (world, claim (ipv6, 2, (const char *) mac));
      world_run (world, i == 0 ? 20 : 2500);
      assert_known (world, ipv6, 2, (const char *) mac);
      reach_peer (world, ipv6, &udp);
    }

  /* answers that were not asked for make nobody known */
  hear (world, answer (ipv6, 77, FORGED_MAC));
  assert_known (world, ipv6, 77, NULL);
  stack_run (&world->stacks[1], udp_shut, &udp);
  world_free (world);
}

/* A SYN of a host that nobody knows: its answer has to wait for an address. */
static GByteArray *
forged_syn (gboolean ipv6, guint host)
{
  guint8 tcp[20] = { 0x10, 0, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, TCP_SYN, 0xff, 0xff };
  GByteArray *frame;
  guint8 pseudo[60] = { 0 };
  guint16 sum;
  guint pseudo_len = ipv6 ? 40 : 12;

  frame =
      ipv6 ? frame_ip6 (IP6_NEXTH_TCP, tcp, sizeof tcp) : frame_ip4 (IP_PROTO_TCP, tcp, sizeof tcp);
  if (ipv6)
    {
      frame->data[ETH_LEN + 22] = (guint8) (host >> 8);
      frame->data[ETH_LEN + 23] = (guint8) host;
      memcpy (pseudo, frame->data + ETH_LEN + 8, 32);
      pseudo[35] = sizeof tcp;
      pseudo[39] = IP6_NEXTH_TCP;
    }
  else
    {
      frame->data[ETH_LEN + 15] = (guint8) host;
      frame->data[ETH_LEN + 10] = frame->data[ETH_LEN + 11] = 0;
      sum = inet_chksum (frame->data + ETH_LEN, 20);
      memcpy (frame->data + ETH_LEN + 10, &sum, 2);
      memcpy (pseudo, frame->data + ETH_LEN + 12, 8);
      pseudo[9] = IP_PROTO_TCP;
      pseudo[11] = sizeof tcp;
    }
  memcpy (pseudo + pseudo_len, tcp, sizeof tcp);
  sum = inet_chksum (pseudo, (u16_t) (pseudo_len + sizeof tcp));
  memcpy (frame->data + frame->len - 4, &sum, 2);
  return frame;
}

/* There is an end to what the stack remembers, and what it needs is not forgotten for it. */
static void
test_tables (gconstpointer data)
{
  gboolean ipv6 = GPOINTER_TO_INT (data);
  World *world = world_new (1);
  Udp udp = { 0 };
  gint after_first, most = 0;
  struct stats_ stats;

  world_start (world);
  world_run (world, 3000);
  stack_run (&world->stacks[1], udp_open, &udp);
  stack_run (&world->stacks[0], server_listen, NULL);
  reach_peer (world, ipv6, &udp);
  after_first = g_atomic_int_get (&allocations);

  for (guint round = 0; round < 20; round++)
    {
      const guint8 mac[6] = { 2, 0, 0, 1, 0, (guint8) round };

      /* IPv4 has only 253 others on this link */
      for (guint i = 3; i < 255; i++)
        hear (world, claim (ipv6, (guint8) i, (const char *) mac));
      g_queue_clear_full (&world->stacks[0].out, g_free);
      assert_known (world, ipv6, 2, MAC_OF_1);
    }
  reach_peer (world, ipv6, &udp);
  assert_known (world, ipv6, 2, MAC_OF_1);

  /* answers to forged SYNs wait for addresses that nobody has */
  for (guint i = 0; i < 20000; i++)
    {
      hear (world, forged_syn (ipv6, ipv6 ? 3 + i : 3 + i % 252));
      if (i % 1000 == 0)
        {
          g_queue_clear_full (&world->stacks[0].out, g_free);
          assert_known (world, ipv6, 2, MAC_OF_1);
          reach_peer (world, ipv6, &udp);
        }
      most = MAX (most, g_atomic_int_get (&allocations));
    }
  stack_run (&world->stacks[0], stack_stats, &stats);
  /* a pcb and its segment for each SYN, and full queues of packets that wait */
  g_assert_cmpint (most - after_first, <=,
                   3 * (gint) stats.tcp_events.connections + 2 * ARP_TABLE_SIZE * ARP_QUEUE_LEN);
  assert_known (world, ipv6, 2, MAC_OF_1);
  reach_peer (world, ipv6, &udp);
  stack_run (&world->stacks[1], udp_shut, &udp);
  world_free (world);
}

int
main (int argc, char *argv[])
{
  lwip_test_init (&argc, &argv);
  g_test_add_data_func ("/lwip/neighbours/claims/ipv4", GINT_TO_POINTER (0), test_claims);
  g_test_add_data_func ("/lwip/neighbours/claims/ipv6", GINT_TO_POINTER (1), test_claims);
  g_test_add_data_func ("/lwip/neighbours/tables/ipv4", GINT_TO_POINTER (0), test_tables);
  g_test_add_data_func ("/lwip/neighbours/tables/ipv6", GINT_TO_POINTER (1), test_tables);
  return g_test_run ();
}
