/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dpdk-glib.h"

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* A text being read: kept so that errors can show the value as it was written */
typedef struct {
  const char *name;
  const char *text;
  gsize length;
  /* JsonParser changed some string or number: look at the text before believing it */
  gboolean mangled;
} DpdkConfigDocument;

typedef gboolean (*DpdkConfigReadFunc) (const DpdkConfigDocument *document, JsonNode *node,
                                        const char *path, gpointer data, GError **error);

/* A key that an object may have; without a function its value is ignored */
typedef struct {
  const char *name;
  DpdkConfigReadFunc read;
} DpdkConfigKey;

/* Each returns FALSE with the error set to "file:line: path: value: reason" */
gboolean dpdk_config_fail (const DpdkConfigDocument *document, const char *path, GError **error,
                           const char *format, ...) G_GNUC_PRINTF (4, 5);
gboolean dpdk_config_fail_missing (const DpdkConfigDocument *document, const char *path,
                                   GError **error, const char *reason);

gboolean dpdk_config_read_object (const DpdkConfigDocument *document, JsonNode *node,
                                  const char *path, const DpdkConfigKey *keys, gsize n_keys,
                                  gpointer data, GError **error);
gboolean dpdk_config_read_array (const DpdkConfigDocument *document, JsonNode *node,
                                 const char *path, DpdkConfigReadFunc read_element, gpointer data,
                                 GError **error);
gboolean dpdk_config_read_uint (const DpdkConfigDocument *document, JsonNode *node,
                                const char *path, guint min, guint max, guint *value,
                                GError **error);
gboolean dpdk_config_read_uint64 (const DpdkConfigDocument *document, JsonNode *node,
                                  const char *path, guint64 min, guint64 max, guint64 *value,
                                  GError **error);
gboolean dpdk_config_read_boolean (const DpdkConfigDocument *document, JsonNode *node,
                                   const char *path, gboolean *value, GError **error);
/* NULL on error; the string belongs to the node */
const char *dpdk_config_read_string (const DpdkConfigDocument *document, JsonNode *node,
                                     const char *path, GError **error);

G_END_DECLS
