/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The line that a place in a text is on, from 1 */
guint dpdk_config_line_of (const char *text, const char *at, const char **line_start);

/* Whether a string literal of JSON holds an escaped NUL */
gboolean dpdk_config_literal_has_nul (const char *literal);

/* Appends ".key" or ["key"] to a path */
void dpdk_config_path_append (GString *path, const char *key);

/* A printable copy of at most a line's length */
char *dpdk_config_clip (const char *text, gsize length);

G_END_DECLS
