/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define NET_FRAME_MAX 1514

typedef struct {
  guint8 bytes[NET_FRAME_MAX];
  gsize size;
} NetFrame;

typedef enum {
  NET_FRAME_ARP,
  NET_FRAME_ICMP,
  NET_FRAME_UDP,
  NET_FRAME_TCP,
  NET_FRAME_FRAGMENT,
  NET_FRAME_IGMP,
  NET_FRAME_ICMP6,
  NET_FRAME_UDP6,
  NET_FRAME_TCP6,
  NET_FRAME_FRAGMENT6,
  NET_FRAME_OPTIONS6,
  NET_FRAME_SOLICITATION,
  NET_FRAME_ADVERTISEMENT,
  NET_FRAME_ROUTER,
  NET_FRAME_REDIRECT,
  NET_FRAME_TOO_BIG,
  NET_FRAME_MLD,
  NET_N_FRAMES,
} NetFrameKind;

#define NET_ETHERNET 14
#define NET_IP 20
#define NET_IP6 40

/* learns the MAC address of the kernel's end, which comes first */
void net_frame_init (const char *interface);
/* a correct frame from the kernel's address to ours */
void net_frame_fill (NetFrame *frame, NetFrameKind kind, guint16 port, GRand *random);
/* makes all checksums right again, as far as the headers can be understood */
void net_frame_fix (NetFrame *frame);
gboolean net_frame_is_v6 (const NetFrame *frame);
void net_put_16 (guint8 *at, guint value);

G_END_DECLS
