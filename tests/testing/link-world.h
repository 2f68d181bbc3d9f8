/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <dpdk-glib-testing.h>

G_BEGIN_DECLS

/* the frames of a LinkWorld have their number behind the header */
#define LINK_WORLD_HEADER 14
#define LINK_WORLD_MIN_LENGTH 60

/* A link, whose ports have packets of one pool. */
typedef struct {
  DpdkEal *eal;
  DpdkMempool *pool;
  DpdkTestLink *link;
  DpdkPort *ports[2];
} LinkWorld;

void link_world_set_link (LinkWorld *self, DpdkTestLink *link);
LinkWorld link_world_new (guint n_queues, gboolean is_impaired);
void link_world_clear (LinkWorld *self);
void link_world_set_impairment (LinkWorld *self, guint end, const DpdkTestImpairment *impairment);
/* a frame that has its number behind the header, and in each byte of the rest */
void link_world_fill_frame (guint8 *frame, gsize length, guint32 number);
DpdkPacket *link_world_new_packet (LinkWorld *self, guint32 number, gsize length);
void link_world_send (LinkWorld *self, guint end, guint queue, DpdkPacket *packet);
/* what arrives at @end, as numbers; the number of a packet that was changed is negative */
guint link_world_receive (LinkWorld *self, guint end, guint queue, GArray *numbers);
DpdkTestLinkStatistics link_world_get_statistics (LinkWorld *self, guint end);
/* sends @n packets from @end and gives those that arrive */
GArray *link_world_transfer (LinkWorld *self, guint end, guint n, gsize length);
void link_world_assert_in_order (GArray *numbers, guint n);

G_END_DECLS
