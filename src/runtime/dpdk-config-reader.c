/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-config-reader.h"

#include "dpdk-config-scanner.h"
#include "dpdk-config-text.h"

#include <string.h>

#define MAX_KEY 32

static gboolean
fail_at (const DpdkConfigDocument *document, const char *path, gboolean show_value, DpdkError code,
         GError **error, const char *reason)
{
  g_autoptr (GString) message = g_string_new (document->name);
  DpdkConfigSpan span;

  if (dpdk_config_scan_locate (document->text, document->length, path, &span))
    {
      g_autofree char *value =
          dpdk_config_clip (document->text + span.start, span.end - span.start);

      g_string_append_printf (message, ":%u: %s: ", span.line, path);
      if (show_value)
        g_string_append_printf (message, "%s: ", value);
    }
  else
    {
      g_string_append_printf (message, ": %s: ", path);
    }

  g_set_error (error, DPDK_ERROR, code, "%s%s", message->str, reason);

  return FALSE;
}

gboolean
dpdk_config_fail (const DpdkConfigDocument *document, const char *path, GError **error,
                  const char *format, ...)
{
  g_autofree char *reason = NULL;
  va_list args;

  va_start (args, format);
  reason = g_strdup_vprintf (format, args);
  va_end (args);

  return fail_at (document, path, TRUE, DPDK_ERROR_CONFIG_INVALID_VALUE, error, reason);
}

gboolean
dpdk_config_fail_missing (const DpdkConfigDocument *document, const char *path, GError **error,
                          const char *reason)
{
  return fail_at (document, path, FALSE, DPDK_ERROR_CONFIG_MISSING_KEY, error, reason);
}

static gboolean
fail_type (const DpdkConfigDocument *document, JsonNode *node, const char *path, GError **error,
           const char *expected)
{
  const char *found;

  if (JSON_NODE_HOLDS_OBJECT (node))
    found = "an object";
  else if (JSON_NODE_HOLDS_ARRAY (node))
    found = "an array";
  else if (JSON_NODE_HOLDS_NULL (node))
    found = "null";
  else if (json_node_get_value_type (node) == G_TYPE_STRING)
    found = "a string";
  else if (json_node_get_value_type (node) == G_TYPE_BOOLEAN)
    found = "a boolean";
  else
    found = "a number";

  return dpdk_config_fail (document, path, error, "must be %s, not %s", expected, found);
}

/* The distance of Levenshtein, over bytes */
static guint
edit_distance (const char *a, const char *b)
{
  guint row[MAX_KEY + 1];
  guint n = (guint) strlen (b);

  for (guint j = 0; j <= n; j++)
    row[j] = j;

  for (guint i = 1; a[i - 1] != '\0'; i++)
    {
      guint diagonal = row[0];

      row[0] = i;
      for (guint j = 1; j <= n; j++)
        {
          guint replaced = diagonal + (a[i - 1] != b[j - 1]);

          diagonal = row[j];
          row[j] = MIN (replaced, MIN (row[j], row[j - 1]) + 1);
        }
    }

  return row[n];
}

static const char *
find_nearest (const char *name, const DpdkConfigKey *keys, gsize n_keys)
{
  const char *nearest = NULL;
  guint least = 3;

  if (strlen (name) > MAX_KEY)
    return NULL;

  for (gsize i = 0; i < n_keys; i++)
    {
      guint distance = edit_distance (name, keys[i].name);

      /* Short names are near to everything */
      if (distance < least && distance < strlen (keys[i].name) / 2 + 1)
        {
          least = distance;
          nearest = keys[i].name;
        }
    }

  return nearest;
}

static gboolean
fail_unknown (const DpdkConfigDocument *document, const char *path, const char *name,
              const DpdkConfigKey *keys, gsize n_keys, GError **error)
{
  const char *nearest = find_nearest (name, keys, n_keys);
  g_autofree char *reason = NULL;

  if (nearest != NULL)
    reason = g_strdup_printf ("unknown key, did you mean \"%s\"?", nearest);
  else
    reason = g_strdup ("unknown key");

  return fail_at (document, path, TRUE, DPDK_ERROR_CONFIG_UNKNOWN_KEY, error, reason);
}

gboolean
dpdk_config_read_object (const DpdkConfigDocument *document, JsonNode *node, const char *path,
                         const DpdkConfigKey *keys, gsize n_keys, gpointer data, GError **error)
{
  JsonObjectIter iter;
  const char *name;
  JsonNode *member;

  if (!JSON_NODE_HOLDS_OBJECT (node))
    return fail_type (document, node, path, error, "an object");

  json_object_iter_init_ordered (&iter, json_node_get_object (node));
  while (json_object_iter_next_ordered (&iter, &name, &member))
    {
      g_autoptr (GString) member_path = g_string_new (path);
      gsize i = 0;

      dpdk_config_path_append (member_path, name);
      while (i < n_keys && strcmp (keys[i].name, name) != 0)
        i++;

      if (i == n_keys)
        return fail_unknown (document, member_path->str, name, keys, n_keys, error);
      if (keys[i].read != NULL && !keys[i].read (document, member, member_path->str, data, error))
        return FALSE;
    }

  return TRUE;
}

gboolean
dpdk_config_read_array (const DpdkConfigDocument *document, JsonNode *node, const char *path,
                        DpdkConfigReadFunc read_element, gpointer data, GError **error)
{
  JsonArray *array;

  if (!JSON_NODE_HOLDS_ARRAY (node))
    return fail_type (document, node, path, error, "an array");

  array = json_node_get_array (node);
  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      g_autofree char *element_path = g_strdup_printf ("%s[%u]", path, i);

      if (!read_element (document, json_array_get_element (array, i), element_path, data, error))
        return FALSE;
    }

  return TRUE;
}

/* The value as it was written; needed only if JsonParser may have changed it */
static char *
dup_literal (const DpdkConfigDocument *document, const char *path)
{
  DpdkConfigSpan span;

  if (!dpdk_config_scan_locate (document->text, document->length, path, &span))
    return g_strdup ("");

  return g_strndup (document->text + span.start, span.end - span.start);
}

gboolean
dpdk_config_read_uint64 (const DpdkConfigDocument *document, JsonNode *node, const char *path,
                         guint64 min, guint64 max, guint64 *value, GError **error)
{
  gint64 number;

  if (!JSON_NODE_HOLDS_VALUE (node) || (json_node_get_value_type (node) != G_TYPE_INT64 &&
                                        json_node_get_value_type (node) != G_TYPE_DOUBLE))
    return fail_type (document, node, path, error, "an integer");
  if (json_node_get_value_type (node) == G_TYPE_DOUBLE)
    return dpdk_config_fail (document, path, error,
                             "must be an integer without fraction and exponent");

  number = json_node_get_int (node);
  if (document->mangled)
    {
      g_autofree char *literal = dup_literal (document, path);

      if (!g_ascii_string_to_signed (literal, 10, 0, G_MAXINT64, &number, NULL))
        number = -1;
    }

  if (number < (gint64) min || number > (gint64) max)
    return dpdk_config_fail (document, path, error,
                             "must be between %" G_GUINT64_FORMAT " and %" G_GUINT64_FORMAT, min,
                             max);
  *value = (guint64) number;

  return TRUE;
}

gboolean
dpdk_config_read_uint (const DpdkConfigDocument *document, JsonNode *node, const char *path,
                       guint min, guint max, guint *value, GError **error)
{
  guint64 number = 0;

  if (!dpdk_config_read_uint64 (document, node, path, min, max, &number, error))
    return FALSE;
  *value = (guint) number;

  return TRUE;
}

gboolean
dpdk_config_read_boolean (const DpdkConfigDocument *document, JsonNode *node, const char *path,
                          gboolean *value, GError **error)
{
  if (!JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_BOOLEAN)
    return fail_type (document, node, path, error, "true or false");
  *value = json_node_get_boolean (node);

  return TRUE;
}

const char *
dpdk_config_read_string (const DpdkConfigDocument *document, JsonNode *node, const char *path,
                         GError **error)
{
  if (!JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_STRING)
    {
      fail_type (document, node, path, error, "a string");
      return NULL;
    }

  if (document->mangled)
    {
      g_autofree char *literal = dup_literal (document, path);

      if (dpdk_config_literal_has_nul (literal))
        {
          dpdk_config_fail (document, path, error, "must not hold a NUL character");
          return NULL;
        }
    }

  return json_node_get_string (node);
}
