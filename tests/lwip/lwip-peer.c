/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lwip-peer.h"

#include <lwip/tcp_params.h>

GByteArray *
frame_ip4 (guint8 proto, const guint8 *payload, guint len)
{
  GByteArray *frame = g_byte_array_new ();
  guint8 eth[ETH_LEN] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x08, 0x00 };
  guint8 ip[20] = { 0x45,
                    0,
                    (guint8) ((20 + len) >> 8),
                    (guint8) (20 + len),
                    0,
                    0,
                    0,
                    0,
                    64,
                    proto,
                    0,
                    0,
                    10,
                    0,
                    0,
                    2,
                    10,
                    0,
                    0,
                    1 };
  guint16 sum = inet_chksum (ip, 20);

  memcpy (ip + 10, &sum, 2);
  g_byte_array_append (frame, eth, ETH_LEN);
  g_byte_array_append (frame, ip, 20);
  g_byte_array_append (frame, payload, len);
  return frame;
}

GByteArray *
frame_ip6 (guint8 nexth, const guint8 *payload, guint len)
{
  GByteArray *frame = g_byte_array_new ();
  guint8 eth[ETH_LEN] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x86, 0xdd };
  guint8 ip[40] = { 0x60 };

  ip[4] = (guint8) (len >> 8);
  ip[5] = (guint8) len;
  ip[6] = nexth;
  ip[7] = 255;
  ip[8] = ip[24] = 0xfd;
  ip[23] = 2;
  ip[39] = 1;
  g_byte_array_append (frame, eth, ETH_LEN);
  g_byte_array_append (frame, ip, 40);
  g_byte_array_append (frame, payload, len);
  return frame;
}

void
inject (Stack *stack, gpointer data)
{
  GByteArray *bytes = data;
  struct pbuf *p = exact_pbuf_new (bytes->data, (guint16) bytes->len);

  if (stack->netif.input (p, &stack->netif) != ERR_OK)
    pbuf_free (p);
  netif_poll_all ();
}

/* Hands a frame to stack 0 and returns how many frames it sends back. */
guint
world_inject (World *world, GByteArray *bytes)
{
  Stack *stack = &world->stacks[0];
  guint n;

  stack_run (stack, inject, bytes);
  g_byte_array_unref (bytes);
  n = stack->out.length;
  g_queue_clear_full (&stack->out, g_free);
  return n;
}

void
peer_send (Peer *peer, guint8 flags, guint32 seq, guint32 ack, guint len)
{
  Stack *stack = &peer->world->stacks[0];
  g_autofree guint8 *segment = g_malloc0 (20 + 40 + len);
  guint hlen = 20 + ((peer->options_len + 3) & ~3u);
  guint8 *tcp = segment;
  GByteArray *bytes;
  Frame *frame;

  tcp[0] = (guint8) (peer->port >> 8);
  tcp[1] = (guint8) peer->port;
  tcp[3] = 80;
  for (guint i = 0; i < 4; i++)
    {
      tcp[4 + i] = (guint8) (seq >> (24 - 8 * i));
      tcp[8 + i] = (guint8) (ack >> (24 - 8 * i));
    }
  tcp[12] = (guint8) (hlen / 4 << 4);
  tcp[13] = flags;
  tcp[14] = (guint8) (peer->window >> 8);
  tcp[15] = (guint8) peer->window;
  memcpy (tcp + 20, peer->options, peer->options_len);
  for (guint i = 0; i < len; i++)
    tcp[hlen + i] = pattern[(seq - peer->seq + i) % PATTERN_PERIOD];
  bytes = frame_ip4 (IP_PROTO_TCP, segment, hlen + len);
  stack_run (stack, inject, bytes);
  g_byte_array_unref (bytes);
  peer->replies = 0;
  while ((frame = g_queue_pop_head (&stack->out)) != NULL)
    {
      const guint8 *ip = frame->data + ETH_LEN, *reply = ip + 20;
      if (frame->data[13] == 0 && ip[9] == IP_PROTO_TCP)
        {
          peer->replies++;
          peer->flags = reply[13];
          peer->reply_id = (guint16) (ip[4] << 8 | ip[5]);
          peer->reply_window = (guint16) (reply[14] << 8 | reply[15]);
          peer->reply_seq = peer->reply_ack = 0;
          for (guint i = 0; i < 4; i++)
            {
              peer->reply_seq = peer->reply_seq << 8 | reply[4 + i];
              peer->reply_ack = peer->reply_ack << 8 | reply[8 + i];
            }
          peer->reply_len = (guint) (ip[2] << 8 | ip[3]) - 20 - (reply[12] >> 4) * 4;
        }
      g_free (frame);
    }
}

/* Opens a connection, with the options in peer. */
Conn *
peer_open (Peer *peer)
{
  Stack *stack = &peer->world->stacks[0];
  guint before = stack->conns->len;

  peer->port++;
  peer->seq = 1000;
  peer_send (peer, TCP_SYN, 999, 0, 0);
  g_assert_cmpuint (peer->replies, ==, 1);
  g_assert_cmphex (peer->flags, ==, TCP_SYN | TCP_ACK);
  peer->ack = peer->reply_seq + 1;
  peer->options_len = 0;
  peer_send (peer, TCP_ACK, peer->seq, peer->ack, 0);
  g_assert_cmpuint (stack->conns->len, ==, before + 1);
  return stack->conns->pdata[before];
}

void
accept_timestamps (Stack *stack, gpointer data)
{
  tcp_set_timestamps (stack->listener, 1);
}

/* The options of the next segments. */
void
set_timestamp (Peer *peer, guint32 value, guint32 echo)
{
  peer->options[0] = peer->options[1] = 1;
  peer->options[2] = 8;
  peer->options[3] = 10;
  for (guint i = 0; i < 4; i++)
    {
      peer->options[4 + i] = (guint8) (value >> (24 - 8 * i));
      peer->options[8 + i] = (guint8) (echo >> (24 - 8 * i));
    }
  peer->options_len = 12;
}

/* Opens a connection of which the peer's timestamp is value. */
Conn *
open_with_timestamp (Peer *peer, guint32 value)
{
  Stack *stack = &peer->world->stacks[0];
  guint before = stack->conns->len;

  peer->port++;
  peer->seq = 1000;
  set_timestamp (peer, value, 0);
  peer_send (peer, TCP_SYN, 999, 0, 0);
  g_assert_cmphex (peer->flags, ==, TCP_SYN | TCP_ACK);
  peer->ack = peer->reply_seq + 1;
  peer_send (peer, TCP_ACK, peer->seq, peer->ack, 0);
  g_assert_cmpuint (stack->conns->len, ==, before + 1);
  return stack->conns->pdata[before];
}

static void
peer_learn (Stack *stack, gpointer data)
{
  struct eth_addr mac = { { 2, 0, 0, 0, 0, 2 } };
  ip4_addr_t addr;

  stack_ip4 (stack, 1, &addr);
  g_assert_cmpint (etharp_add_static_entry (&addr, &mac), ==, ERR_OK);
}

World *
peer_start (Peer *peer)
{
  World *world = world_new (1);

  memset (peer, 0, sizeof *peer);
  peer->world = world;
  peer->port = 2000;
  peer->window = 0xffff;
  world->chksum_flags = NETIF_CHECKSUM_GEN_IP | NETIF_CHECKSUM_GEN_TCP | NETIF_CHECKSUM_GEN_UDP |
                        NETIF_CHECKSUM_GEN_ICMP | NETIF_CHECKSUM_GEN_ICMP6;
  world_start (world);
  world->cut[0] = world->cut[1] = TRUE;
  stack_run (&world->stacks[0], peer_learn, NULL);
  server_mode = SERVER_HOLDS;
  stack_run (&world->stacks[0], server_listen, NULL);
  return world;
}

void
peer_stop (Peer *peer)
{
  server_mode = SERVER_ECHOES;
  world_free (peer->world);
}

void
set_options (Peer *peer, const guint8 *options, guint len)
{
  memcpy (peer->options, options, len);
  peer->options_len = len;
}

void
pcb_info (Stack *stack, gpointer data)
{
  PcbInfo *info = data;

  info->ooseq = 0;
  for (struct tcp_seg *seg = info->pcb->extra->ooseq; seg != NULL; seg = seg->next)
    info->ooseq++;
  info->mss = info->pcb->mss;
  info->rcv_wnd = info->pcb->rcv_wnd;
  info->snd_scale = info->pcb->snd_scale;
  info->rto = info->pcb->rto;
}
