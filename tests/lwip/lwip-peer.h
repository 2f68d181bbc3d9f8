/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A peer of stack 0 that is not lwIP and does what it wants: frames of our own
 * making, and TCP segments by number. */

#pragma once

#include "lwip-fixture.h"

typedef struct {
  World *world;
  guint16 port;
  guint32 seq;
  guint32 ack;
  guint8 options[40];
  guint options_len;
  guint16 window;

  /* the last TCP segment of the answer */
  guint replies;
  guint8 flags;
  guint32 reply_seq;
  guint32 reply_ack;
  guint16 reply_window;
  guint reply_len;
  guint16 reply_id;
} Peer;

typedef struct {
  struct tcp_pcb *pcb;
  guint ooseq;
  guint16 mss;
  guint32 rcv_wnd;
  guint8 snd_scale;
  gint rto;
} PcbInfo;

GByteArray *frame_ip4 (guint8 proto, const guint8 *payload, guint len);
GByteArray *frame_ip6 (guint8 nexth, const guint8 *payload, guint len);
void inject (Stack *stack, gpointer data);
guint world_inject (World *world, GByteArray *bytes);
void peer_send (Peer *peer, guint8 flags, guint32 seq, guint32 ack, guint len);
Conn *peer_open (Peer *peer);
void accept_timestamps (Stack *stack, gpointer data);
void set_timestamp (Peer *peer, guint32 value, guint32 echo);
Conn *open_with_timestamp (Peer *peer, guint32 value);
World *peer_start (Peer *peer);
void peer_stop (Peer *peer);
void set_options (Peer *peer, const guint8 *options, guint len);
void pcb_info (Stack *stack, gpointer data);
