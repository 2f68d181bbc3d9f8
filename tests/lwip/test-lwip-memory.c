/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* what TCP does when the port says that memory is short, and when it no longer is */

#include "lwip-peer.h"

#include <lwip/priv/tcp_memory.h>

#define SEGMENT 1000

static void
tell_change (Stack *stack, gpointer data)
{
  tcp_memory_changed (memory_level != TCP_MEMORY_PLENTY);
}

static void
set_level (Stack *stack, enum tcp_memory_level level)
{
  memory_level = (gint) level;
  stack_run (stack, tell_change, NULL);
}

static void
get_events (Stack *stack, gpointer data)
{
  *(struct stats_tcp_events *) data = lwip_stats.tcp_events;
}

static struct stats_tcp_events
events (Stack *stack)
{
  struct stats_tcp_events events;

  stack_run (stack, get_events, &events);
  return events;
}

typedef struct {
  struct tcp_pcb *pcb;
  guint n;
} Read;

static void
read_data (Stack *stack, gpointer data)
{
  Read *read = data;

  tcp_recved (read->pcb, (u16_t) read->n);
}

static guint
count_ooseq (Stack *stack, Conn *conn)
{
  PcbInfo info = { .pcb = conn->pcb };

  stack_run (stack, pcb_info, &info);
  return info.ooseq;
}

static void
test_order (void)
{
  Peer peer;
  World *world = peer_start (&peer);
  Stack *stack = &world->stacks[0];
  Conn *first = peer_open (&peer), *second;

  for (guint i = 1; i <= 3; i++)
    peer_send (&peer, TCP_ACK, peer.seq + 2 * i * SEGMENT, peer.ack, SEGMENT);
  second = peer_open (&peer);
  for (guint i = 1; i <= 2; i++)
    peer_send (&peer, TCP_ACK, peer.seq + 2 * i * SEGMENT, peer.ack, SEGMENT);
  g_assert_cmpuint (count_ooseq (stack, first), ==, 3);
  g_assert_cmpuint (count_ooseq (stack, second), ==, 2);

  /* it goes, of all connections, and there comes no more */
  set_level (stack, TCP_MEMORY_SHORT);
  g_assert_cmpuint (count_ooseq (stack, first), ==, 0);
  g_assert_cmpuint (count_ooseq (stack, second), ==, 0);
  g_assert_cmpuint (events (stack).drop_memory_order, ==, 5);
  peer_send (&peer, TCP_ACK, peer.seq + 2 * SEGMENT, peer.ack, SEGMENT);
  g_assert_cmpuint (peer.replies, ==, 1);
  g_assert_cmpuint (peer.reply_ack, ==, peer.seq);
  g_assert_cmpuint (count_ooseq (stack, second), ==, 0);
  g_assert_cmpuint (events (stack).drop_memory_order, ==, 6);
  /* what is in order comes through, and what was dropped can be sent again */
  for (guint i = 0; i < 3; i++)
    peer_send (&peer, TCP_ACK, peer.seq + i * SEGMENT, peer.ack, SEGMENT);
  g_assert_cmpuint (second->received, ==, 3 * SEGMENT);
  g_assert_false (second->bad);

  set_level (stack, TCP_MEMORY_PLENTY);
  peer_send (&peer, TCP_ACK, peer.seq + 5 * SEGMENT, peer.ack, SEGMENT);
  g_assert_cmpuint (count_ooseq (stack, second), ==, 1);
  peer_stop (&peer);
}

/* as a probe of an idle connection: RFC 9293, 3.8.4 */
static void
ask_window (Peer *peer, guint32 seq)
{
  world_run (peer->world, 500);
  g_queue_clear_full (&peer->world->stacks[0].out, g_free);
  peer_send (peer, TCP_ACK, seq - 1, peer->ack, 0);
  g_assert_cmpuint (peer->replies, ==, 1);
}

static void
test_window (void)
{
  Peer peer;
  World *world = peer_start (&peer);
  Stack *stack = &world->stacks[0];
  Conn *conn = peer_open (&peer);
  Read all = { .pcb = conn->pcb };
  guint32 edge, seq = peer.seq;

  peer_send (&peer, TCP_ACK, seq, peer.ack, SEGMENT);
  seq += SEGMENT;
  peer_send (&peer, TCP_ACK, seq, peer.ack, SEGMENT);
  seq += SEGMENT;
  g_assert_cmpuint (peer.reply_ack, ==, seq);
  edge = peer.reply_ack + peer.reply_window;
  all.n = 2 * SEGMENT;
  stack_run (stack, read_data, &all);
  g_queue_clear_full (&stack->out, g_free);

  /* the right edge stays where it is, until nothing is left of the window */
  set_level (stack, TCP_MEMORY_SHORT);
  all.n = 0;
  while (seq != edge)
    {
      guint n = MIN (SEGMENT, edge - seq);

      peer_send (&peer, TCP_ACK | TCP_PSH, seq, peer.ack, n);
      seq += n;
      all.n += n;
      if (peer.replies > 0)
        g_assert_cmpuint (peer.reply_ack + peer.reply_window, ==, edge);
    }
  ask_window (&peer, seq);
  g_assert_cmpuint (peer.reply_ack, ==, seq);
  g_assert_cmpuint (peer.reply_window, ==, 0);
  g_assert_cmpuint (conn->received, ==, seq - peer.seq);

  /* who has read it all gets room for two segments at once, and the rest with the memory */
  stack_run (stack, read_data, &all);
  g_assert_cmpuint (stack->out.length, ==, 1);
  ask_window (&peer, seq);
  g_assert_cmpuint (peer.reply_window, >=, 2 * 536);
  g_assert_cmpuint (peer.reply_window, <=, 2 * 1460);
  memory_level = TCP_MEMORY_PLENTY;
  stack_run (stack, tell_change, NULL);
  g_assert_cmpuint (stack->out.length, ==, 1);
  ask_window (&peer, seq);
  g_assert_cmpuint (peer.reply_window, >, 60000);
  g_assert_false (conn->bad);
  peer_stop (&peer);
}

static void
test_data (void)
{
  Peer peer;
  World *world = peer_start (&peer);
  Stack *stack = &world->stacks[0];
  Conn *conn = peer_open (&peer);
  Read read = { .pcb = conn->pcb, .n = SEGMENT };

  set_level (stack, TCP_MEMORY_FULL);
  for (guint i = 0; i < 5; i++)
    {
      guint32 seq = peer.seq + i * SEGMENT;

      /* one at a time, each when the one before has been read */
      peer_send (&peer, TCP_ACK, seq, peer.ack, SEGMENT);
      g_assert_cmpuint (conn->received, ==, (i + 1) * SEGMENT);
      peer_send (&peer, TCP_ACK, seq + SEGMENT, peer.ack, SEGMENT);
      g_assert_cmpuint (conn->received, ==, (i + 1) * SEGMENT);
      g_assert_cmpuint (peer.reply_ack, ==, seq + SEGMENT);
      g_assert_cmpuint (events (stack).drop_memory_data, ==, i + 1);
      stack_run (stack, read_data, &read);
      g_queue_clear_full (&stack->out, g_free);
    }
  /* the end takes no memory */
  peer_send (&peer, TCP_ACK, peer.seq + 5 * SEGMENT, peer.ack, SEGMENT);
  peer_send (&peer, TCP_ACK | TCP_FIN, peer.seq + 6 * SEGMENT, peer.ack, 0);
  g_assert_true (conn->eof);
  g_assert_false (conn->bad);
  set_level (stack, TCP_MEMORY_PLENTY);
  peer_stop (&peer);
}

static void
test_connections (void)
{
  Peer peer;
  World *world = peer_start (&peer);
  Stack *stack = &world->stacks[0];
  guint n;

  set_level (stack, TCP_MEMORY_FULL);
  for (guint i = 0; i < 10; i++)
    {
      peer_send (&peer, TCP_SYN, 999, 0, 0);
      g_assert_cmpuint (peer.replies, ==, 0);
    }
  g_assert_cmpuint (events (stack).drop_memory_syn, ==, 10);
  g_assert_cmpuint (world_count (world, 0).active, ==, 0);
  set_level (stack, TCP_MEMORY_PLENTY);
  peer_open (&peer);

  /* until the backlog is full: then the handshake ends with a cookie */
  for (n = 0; events (stack).cookie_sent == 0; n++)
    {
      peer.port++;
      peer_send (&peer, TCP_SYN, 999, 0, 0);
      g_assert_cmpuint (peer.replies, ==, 1);
    }
  g_assert_cmpuint (n, >, 1);
  n = stack->conns->len;
  peer.ack = peer.reply_seq + 1;
  set_level (stack, TCP_MEMORY_FULL);
  peer_send (&peer, TCP_ACK, 1000, peer.ack, 0);
  g_assert_cmpuint (peer.replies, ==, 0);
  g_assert_cmpuint (stack->conns->len, ==, n);
  g_assert_cmpuint (events (stack).drop_memory_syn, ==, 11);
  set_level (stack, TCP_MEMORY_PLENTY);
  peer_send (&peer, TCP_ACK, 1000, peer.ack, 0);
  g_assert_cmpuint (stack->conns->len, ==, n + 1);
  peer_stop (&peer);
}

static void
test_time_wait (void)
{
  World *world = world_new (1);
  Peer peer = { .world = world, .port = 2000, .window = 0xffff };
  guint n;

  world_start (world);
  stack_run (&world->stacks[0], server_listen, NULL);
  for (guint i = 0; i < 20; i++)
    {
      Connect connect = { .bytes = 1000 };

      transfer (world, &connect, 10000);
    }
  n = world_count (world, 0).time_wait + world_count (world, 1).time_wait;
  g_assert_cmpuint (n, ==, 20);
  world->cut[0] = world->cut[1] = TRUE;
  set_level (&world->stacks[0], TCP_MEMORY_FULL);
  set_level (&world->stacks[1], TCP_MEMORY_FULL);
  n = world_count (world, 0).time_wait;
  peer_send (&peer, TCP_SYN, 999, 0, 0);
  g_assert_cmpuint (peer.replies, ==, 0);
  g_assert_cmpuint (world_count (world, 0).time_wait, ==, n > 8 ? n - 8 : 0);
  set_level (&world->stacks[0], TCP_MEMORY_PLENTY);
  world_free (world);
}

static guint8 borrowed[500];

static void
forget_neighbour (Stack *stack, gpointer data)
{
  ip4_addr_t addr;

  stack_ip4 (stack, 1, &addr);
  g_assert_cmpint (etharp_remove_static_entry (&addr), ==, ERR_OK);
}

static void
write_and_abort (Stack *stack, gpointer data)
{
  struct tcp_pcb *pcb = data;

  memset (borrowed, 'a', sizeof borrowed);
  g_assert_cmpint (tcp_write (pcb, borrowed, sizeof borrowed, 0), ==, ERR_OK);
  g_assert_cmpint (tcp_output (pcb), ==, ERR_OK);
  tcp_abort (pcb);
  /* it is no longer lent to the stack */
  memset (borrowed, 'b', sizeof borrowed);
}

static void
learn_neighbour (Stack *stack, gpointer data)
{
  struct eth_addr mac = { { 2, 0, 0, 0, 0, 2 } };
  struct etharp_hdr arp = {
    .hwtype = PP_HTONS (1),
    .proto = PP_HTONS (ETHTYPE_IP),
    .hwlen = ETH_HWADDR_LEN,
    .protolen = sizeof (ip4_addr_t),
    .opcode = PP_HTONS (ARP_REPLY),
    .shwaddr = mac,
  };
  struct eth_hdr ethernet = { .src = mac, .type = PP_HTONS (ETHTYPE_ARP) };
  guint8 frame[SIZEOF_ETH_HDR + SIZEOF_ETHARP_HDR];
  struct pbuf *p;
  ip4_addr_t ours, theirs;

  stack_ip4 (stack, 0, &ours);
  stack_ip4 (stack, 1, &theirs);
  memcpy (&arp.sipaddr, &theirs, sizeof theirs);
  memcpy (&arp.dipaddr, &ours, sizeof ours);
  memcpy (&arp.dhwaddr, stack->netif.hwaddr, ETH_HWADDR_LEN);
  memcpy (&ethernet.dest, stack->netif.hwaddr, ETH_HWADDR_LEN);
  memcpy (frame, &ethernet, SIZEOF_ETH_HDR);
  memcpy (frame + SIZEOF_ETH_HDR, &arp, SIZEOF_ETHARP_HDR);
  p = exact_pbuf_new (frame, sizeof frame);
  g_assert_cmpint (stack->netif.input (p, &stack->netif), ==, ERR_OK);
}

/* what waits for a neighbour when its connection ends is sent as it was */
static void
test_borrowed (void)
{
  Peer peer;
  World *world = peer_start (&peer);
  Stack *stack = &world->stacks[0];
  Conn *conn = peer_open (&peer);
  gboolean was_sent = FALSE;
  Frame *frame;

  stack_run (stack, forget_neighbour, NULL);
  stack_run (stack, write_and_abort, conn->pcb);
  g_queue_clear_full (&stack->out, g_free);
  stack_run (stack, learn_neighbour, NULL);
  while ((frame = g_queue_pop_head (&stack->out)) != NULL)
    {
      if (frame->len > sizeof borrowed)
        {
          was_sent = TRUE;
          for (guint i = 0; i < sizeof borrowed; i++)
            g_assert_cmpuint (frame->data[frame->len - 1 - i], ==, 'a');
        }
      g_free (frame);
    }
  g_assert_true (was_sent);
  peer_stop (&peer);
}

/* what a connection has for data out of sequence and for data on its way is gone with it */
static void
test_idle (void)
{
  Peer peer;
  World *world = peer_start (&peer);
  Stack *stack = &world->stacks[0];
  gint before = g_atomic_int_get (&allocations);
  Conn *conn = peer_open (&peer);

  g_assert_cmpuint (sizeof (struct tcp_pcb), <=, 256);
  g_assert_cmpint (g_atomic_int_get (&allocations), ==, before + 1);

  peer_send (&peer, TCP_ACK, peer.seq + SEGMENT, peer.ack, SEGMENT);
  g_assert_cmpuint (count_ooseq (stack, conn), ==, 1);
  g_assert_cmpint (g_atomic_int_get (&allocations), >=, before + 3);
  peer_send (&peer, TCP_ACK, peer.seq, peer.ack, SEGMENT);
  g_assert_cmpuint (conn->received, ==, 2 * SEGMENT);
  g_queue_clear_full (&stack->out, g_free);
  g_assert_cmpint (g_atomic_int_get (&allocations), ==, before + 1);

  stack_run (stack, conn_write, conn);
  g_assert_cmpint (g_atomic_int_get (&allocations), >=, before + 3);
  peer_send (&peer, TCP_ACK, peer.seq + 2 * SEGMENT, peer.ack + 1000, 0);
  g_queue_clear_full (&stack->out, g_free);
  g_assert_cmpint (g_atomic_int_get (&allocations), ==, before + 1);

  /* without memory a segment out of sequence is as good as lost */
  peer.ack += 1000;
  g_atomic_int_set (&allocations_left, 0);
  peer_send (&peer, TCP_ACK, peer.seq + 3 * SEGMENT, peer.ack, SEGMENT);
  g_atomic_int_set (&allocations_left, -1);
  g_assert_cmpuint (count_ooseq (stack, conn), ==, 0);
  for (guint i = 2; i < 4; i++)
    peer_send (&peer, TCP_ACK, peer.seq + i * SEGMENT, peer.ack, SEGMENT);
  g_assert_cmpuint (conn->received, ==, 4 * SEGMENT);
  g_assert_false (conn->bad);
  peer_stop (&peer);
}

int
main (int argc, char **argv)
{
  lwip_test_init (&argc, &argv);
  g_test_add_func ("/lwip/memory/idle", test_idle);
  g_test_add_func ("/lwip/memory/order", test_order);
  g_test_add_func ("/lwip/memory/window", test_window);
  g_test_add_func ("/lwip/memory/data", test_data);
  g_test_add_func ("/lwip/memory/connections", test_connections);
  g_test_add_func ("/lwip/memory/time-wait", test_time_wait);
  g_test_add_func ("/lwip/memory/borrowed", test_borrowed);
  return g_test_run ();
}
