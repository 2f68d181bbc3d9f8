/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* A request's head, request line and empty line included, is at most this long. */
#define HTTP_MAX_HEAD 16384

/**
 * HttpShutdownFunc:
 * @stream: the stream of a connection
 * @error: return location for an error
 *
 * Sends the end of the stream and leaves its input open, which #GIOStream has no function for.
 *
 * Returns: whether it could be sent
 */
typedef gboolean (*HttpShutdownFunc) (GIOStream *stream, GError **error);

/**
 * HttpCounters:
 * @connections: connections that were started
 * @open: of these, connections that have not ended
 * @requests: requests that were answered, with an error or without
 *
 * What all connections of a server count together. It must outlive them.
 */
typedef struct {
  guint64 connections;
  guint64 open;
  guint64 requests;
} HttpCounters;

#define HTTP_TYPE_CONNECTION (http_connection_get_type ())

G_DECLARE_FINAL_TYPE (HttpConnection, http_connection, HTTP, CONNECTION, GObject)

/**
 * http_connection_start:
 * @stream: the stream to serve
 * @shutdown: how to end its output
 * @greeting: the text at /
 * @counters: where to count
 *
 * Serves HTTP on a stream until it ends, in the thread-default main context of the caller.
 * Nobody has to hold the connection: its operation in progress does.
 */
void http_connection_start (GIOStream *stream, HttpShutdownFunc shutdown, const char *greeting,
                            HttpCounters *counters);

G_END_DECLS
