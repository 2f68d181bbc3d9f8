/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Both ends of the echo protocol (RFC 862) over any stream. */

/* Sends back what arrives, up to its end. @stream is held until then, and counted in @n_open. */
void example_echo_serve (GIOStream *stream, guint *n_open);

/* Sends @text, or else standard input, and writes what comes back to standard output. */
gboolean example_echo_ask (GIOStream *stream, const char *text, GError **error);

G_END_DECLS
