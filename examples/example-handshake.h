/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Lets a server that trusts only @path, or nobody, do without the authorities of the system, which
   GIO would read and parse again for each connection. */
gboolean example_trust_only (const char *path, GError **error);

/* @error: NULL if @stream is ready for data */
typedef void (*ExampleHandshakeFunc) (GTlsConnection *stream, const GError *error,
                                      gpointer user_data);

/* Shakes hands, but not for ever: each handshake keeps a thread of GIO's busy, so a few clients that
   never say anything would keep all others from being served. */
void example_handshake (GTlsConnection *stream, ExampleHandshakeFunc done, gpointer user_data);

G_END_DECLS
