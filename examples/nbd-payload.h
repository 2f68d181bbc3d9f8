/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The data of a write request, in the packets that it came in. Small pieces are copied together, so
   that it does not take much more memory than its size whatever a client does. */
typedef struct _NbdPayload NbdPayload;

NbdPayload *nbd_payload_new (void);
void nbd_payload_free (NbdPayload *self);
/* Takes over @bytes. */
void nbd_payload_add (NbdPayload *self, GBytes *bytes);
gsize nbd_payload_get_size (NbdPayload *self);
guint nbd_payload_get_n_pieces (NbdPayload *self);
/* Blocks. Gives 0 or an errno. */
int nbd_payload_write (NbdPayload *self, int fd, guint64 offset);

G_END_DECLS
