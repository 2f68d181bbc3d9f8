/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define DPDK_CONFIG_MAX_NESTING 64

/* Where a value stands in the text */
typedef struct {
  gsize start;
  gsize end;
  guint line;
} DpdkConfigSpan;

/*
 * Checks that the text is strict JSON, which JsonParser does not: it recurses without bound, keeps
 * the last of duplicate keys, takes comments, and cuts strings at NUL and numbers at 64 bits.
 * @mangled says that there are such strings or numbers.
 */
gboolean dpdk_config_scan (const char *name, const char *text, gsize length, gboolean *mangled,
                           GError **error);

/* Finds the value (in a text that passed the scan) at a path such as "$.devices[0].mtu" */
gboolean dpdk_config_scan_locate (const char *text, gsize length, const char *path,
                                  DpdkConfigSpan *span);

G_END_DECLS
