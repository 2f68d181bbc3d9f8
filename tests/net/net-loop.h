/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* a block device whose bytes are those of a file; it goes with its last descriptor */
typedef struct {
  int fd;
  char *path;
} NetLoop;

/* FALSE if the kernel has none for us; then the test is skipped */
gboolean net_loop_open (NetLoop *self, const char *file);
void net_loop_close (NetLoop *self);

G_END_DECLS
