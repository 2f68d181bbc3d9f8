/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "nbd-protocol.h"

G_BEGIN_DECLS

/* What a client is told of an export. The name is of at most NBD_MAX_STRING bytes. */
typedef struct {
  char *name;
  char *description;
  guint64 size;
  /* but for what depends on the client */
  guint16 flags;
} NbdExportInfo;

typedef enum {
  NBD_NEGOTIATION_GOES_ON,
  /* the transmission begins */
  NBD_NEGOTIATION_DONE,
  /* the client has ended it; what there is to send is to be sent */
  NBD_NEGOTIATION_ABORTED,
  /* the client is no client of ours */
  NBD_NEGOTIATION_FAILED,
} NbdNegotiationState;

/* What a connection does before its transmission begins. */
typedef struct _NbdNegotiation NbdNegotiation;

/* @exports: (element-type NbdExportInfo): the first is also the default one; they must outlive it */
NbdNegotiation *nbd_negotiation_new (GPtrArray *exports);
void nbd_negotiation_free (NbdNegotiation *self);
/* Where to put what the client sends next, and how much of it, which is not 0. */
guint8 *nbd_negotiation_get_room (NbdNegotiation *self, gsize *size);
/* @n bytes have been put there; appends to @out what to send. */
NbdNegotiationState nbd_negotiation_advance (NbdNegotiation *self, gsize n, gboolean is_stopping,
                                             GByteArray *out);

/* When it is done. */
guint nbd_negotiation_get_export (NbdNegotiation *self);
gboolean nbd_negotiation_get_structured (NbdNegotiation *self);
gboolean nbd_negotiation_get_has_context (NbdNegotiation *self);

G_END_DECLS
