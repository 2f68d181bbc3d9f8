/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libsoup/soup.h>

G_BEGIN_DECLS

/* Answers a GET or HEAD of @path with the file of this name below @root: all of it, or the range that
   was asked for. The file is read by a thread of GIO's, and only as fast as the client takes it. */
void soup_file_send (SoupServerMessage *message, GFile *root, const char *path);

G_END_DECLS
