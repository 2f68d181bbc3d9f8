/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The longest body that /bytes/N gives, and the longest that a request may have. */
#define HTTP_MAX_BODY ((guint64) 1 << 30)

/* The head of a request, into which it points. */
typedef struct {
  const char *method;
  const char *target;
  guint status;
  guint minor_version;
  guint n_hosts;
  gboolean has_length;
  guint64 length;
  gboolean has_transfer_encoding;
  gboolean expect_continue;
  gboolean expect_unknown;
  gboolean connection_close;
  gboolean connection_keep_alive;
} HttpRequest;

/* Gives the status to refuse the request with at once, or 0. Writes into @head. */
guint http_request_parse (HttpRequest *request, char *head, gsize length);

/* The path of a target in origin form or absolute form, without its query. */
char *http_request_get_path (const HttpRequest *request);

/* Only digits, however many; FALSE if it is something else, or too large. */
gboolean http_parse_decimal (const char *text, guint64 *value);

G_END_DECLS
