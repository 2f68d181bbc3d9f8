/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-config-scanner.h"

#include "dpdk-config-text.h"
#include "dpdk-glib.h"

#include <string.h>

/* Integers of so many digits surely fit into 64 bits */
#define MAX_SAFE_DIGITS 18

typedef struct {
  const char *name;
  const char *text;
  const char *pos;
  const char *end;
  GString *path;
  gboolean mangled;
  const char *wanted;
  DpdkConfigSpan *span;
  gboolean found;
  GError **error;
} Scanner;

static gboolean scan_value (Scanner *self, guint depth);
static gboolean fail (Scanner *self, const char *at, const char *format, ...) G_GNUC_PRINTF (3, 4);

static gboolean
fail (Scanner *self, const char *at, const char *format, ...)
{
  g_autofree char *message = NULL;
  const char *line_start;
  guint line = dpdk_config_line_of (self->text, at, &line_start);
  va_list args;

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);

  g_set_error (self->error, DPDK_ERROR, DPDK_ERROR_CONFIG_SYNTAX, "%s:%u:%" G_GSIZE_FORMAT ": %s",
               self->name, line, (gsize) g_utf8_strlen (line_start, at - line_start) + 1, message);

  return FALSE;
}

static gboolean
fail_unexpected (Scanner *self, const char *expected)
{
  g_autofree char *found = NULL;

  if (self->pos == self->end)
    return fail (self, self->pos, "expected %s, but the text ends here", expected);
  if (*self->pos == '/' || *self->pos == '#')
    return fail (self, self->pos, "expected %s: JSON has no comments", expected);

  found = dpdk_config_clip (self->pos, g_utf8_next_char (self->pos) - self->pos);

  return fail (self, self->pos, "expected %s, not '%s'", expected, found);
}

static void
skip_space (Scanner *self)
{
  while (self->pos < self->end && strchr (" \t\r\n", *self->pos) != NULL)
    self->pos++;
}

static gboolean
at (Scanner *self, char c)
{
  return self->pos < self->end && *self->pos == c;
}

static gsize
skip_digits (Scanner *self)
{
  const char *start = self->pos;

  while (self->pos < self->end && g_ascii_isdigit (*self->pos))
    self->pos++;

  return self->pos - start;
}

static gboolean
scan_number (Scanner *self)
{
  if (at (self, '-'))
    self->pos++;

  if (at (self, '0'))
    {
      self->pos++;
    }
  else
    {
      gsize n_digits = skip_digits (self);

      if (n_digits == 0)
        return fail_unexpected (self, "a digit");
      self->mangled |= n_digits > MAX_SAFE_DIGITS;
    }

  if (at (self, '.'))
    {
      self->pos++;
      if (skip_digits (self) == 0)
        return fail_unexpected (self, "a digit");
    }

  if (at (self, 'e') || at (self, 'E'))
    {
      self->pos++;
      if (at (self, '+') || at (self, '-'))
        self->pos++;
      if (skip_digits (self) == 0)
        return fail_unexpected (self, "a digit");
    }

  return TRUE;
}

static gboolean
scan_literal (Scanner *self, const char *literal)
{
  gsize length = strlen (literal);

  if ((gsize) (self->end - self->pos) < length || memcmp (self->pos, literal, length) != 0)
    return fail_unexpected (self, "a value");
  self->pos += length;

  return TRUE;
}

static gboolean
scan_hex (Scanner *self, gunichar *value)
{
  *value = 0;
  for (guint i = 0; i < 4; i++)
    {
      if (self->pos == self->end || !g_ascii_isxdigit (*self->pos))
        return fail_unexpected (self, "four hexadecimal digits after \\u");
      *value = *value << 4 | (gunichar) g_ascii_xdigit_value (*self->pos++);
    }

  return TRUE;
}

static gboolean
scan_escape (Scanner *self, GString *key)
{
  static const char plain[] = "\"\\/bfnrt";
  static const char plain_values[] = "\"\\/\b\f\n\r\t";
  const char *start = self->pos++;
  const char *found;
  gunichar value;
  gunichar low;

  found = self->pos < self->end ? strchr (plain, *self->pos) : NULL;
  if (found != NULL)
    {
      self->pos++;
      if (key != NULL)
        g_string_append_c (key, plain_values[found - plain]);
      return TRUE;
    }

  if (!at (self, 'u'))
    return fail_unexpected (self, "an escape sequence");
  self->pos++;
  if (!scan_hex (self, &value))
    return FALSE;

  if (value >= 0xd800 && value <= 0xdbff && at (self, '\\') && self->pos + 1 < self->end &&
      self->pos[1] == 'u')
    {
      self->pos += 2;
      if (!scan_hex (self, &low))
        return FALSE;
      if (low < 0xdc00 || low > 0xdfff)
        return fail (self, start, "a surrogate without its other half");
      value = 0x10000 + ((value - 0xd800) << 10) + (low - 0xdc00);
    }
  else if (value >= 0xd800 && value <= 0xdfff)
    return fail (self, start, "a surrogate without its other half");

  if (value == 0 && key != NULL)
    return fail (self, start, "a key must not hold a NUL character");
  self->mangled |= value == 0;
  if (key != NULL)
    g_string_append_unichar (key, value);

  return TRUE;
}

static gboolean
scan_string (Scanner *self, GString *key)
{
  const char *start = self->pos++;

  while (self->pos < self->end && *self->pos != '"')
    {
      if ((guchar) *self->pos < 0x20)
        return fail (self, self->pos, "a control character in a string must be escaped");
      if (*self->pos == '\\')
        {
          if (!scan_escape (self, key))
            return FALSE;
        }
      else
        {
          if (key != NULL)
            g_string_append_c (key, *self->pos);
          self->pos++;
        }
    }

  if (self->pos == self->end)
    return fail (self, start, "the string that begins here is not terminated");
  self->pos++;

  return TRUE;
}

static gboolean
scan_member (Scanner *self, GHashTable *keys, guint depth)
{
  g_autoptr (GString) key = g_string_new (NULL);
  const char *start = self->pos;
  gsize path_length = self->path->len;

  if (!at (self, '"'))
    return fail_unexpected (self, "a key in double quotes");
  if (!scan_string (self, key))
    return FALSE;

  dpdk_config_path_append (self->path, key->str);
  if (!g_hash_table_add (keys, g_strdup (key->str)))
    return fail (self, start, "%s: the key is given twice", self->path->str);

  skip_space (self);
  if (!at (self, ':'))
    return fail_unexpected (self, "a colon");
  self->pos++;

  if (!scan_value (self, depth))
    return FALSE;
  g_string_truncate (self->path, path_length);

  return TRUE;
}

static gboolean
scan_container (Scanner *self, guint depth)
{
  gboolean is_object = *self->pos == '{';
  char closing = is_object ? '}' : ']';
  g_autoptr (GHashTable) keys = NULL;
  gsize path_length = self->path->len;

  if (depth > DPDK_CONFIG_MAX_NESTING)
    return fail (self, self->pos, "nested deeper than %d levels", DPDK_CONFIG_MAX_NESTING);

  if (is_object)
    keys = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  self->pos++;
  skip_space (self);
  if (at (self, closing))
    {
      self->pos++;
      return TRUE;
    }

  for (guint i = 0;; i++)
    {
      if (is_object)
        {
          if (!scan_member (self, keys, depth))
            return FALSE;
        }
      else
        {
          g_string_append_printf (self->path, "[%u]", i);
          if (!scan_value (self, depth))
            return FALSE;
          g_string_truncate (self->path, path_length);
        }

      skip_space (self);
      if (at (self, closing))
        break;
      if (!at (self, ','))
        return fail_unexpected (self, is_object ? "a comma or '}'" : "a comma or ']'");
      self->pos++;
      skip_space (self);
    }
  self->pos++;

  return TRUE;
}

static gboolean
scan_any (Scanner *self, guint depth)
{
  if (self->pos == self->end)
    return fail_unexpected (self, "a value");

  switch (*self->pos)
    {
    case '{':
    case '[':
      return scan_container (self, depth + 1);
    case '"':
      return scan_string (self, NULL);
    case 't':
      return scan_literal (self, "true");
    case 'f':
      return scan_literal (self, "false");
    case 'n':
      return scan_literal (self, "null");
    default:
      if (*self->pos == '-' || g_ascii_isdigit (*self->pos))
        return scan_number (self);
      return fail_unexpected (self, "a value");
    }
}

static gboolean
scan_value (Scanner *self, guint depth)
{
  const char *line_start;
  const char *start;

  skip_space (self);
  start = self->pos;
  if (!scan_any (self, depth))
    return FALSE;

  if (self->wanted != NULL && strcmp (self->wanted, self->path->str) == 0)
    {
      self->span->start = start - self->text;
      self->span->end = self->pos - self->text;
      self->span->line = dpdk_config_line_of (self->text, start, &line_start);
      self->found = TRUE;
      /* Unwinds at once, without an error */
      return FALSE;
    }

  return TRUE;
}

gboolean
dpdk_config_scan (const char *name, const char *text, gsize length, gboolean *mangled,
                  GError **error)
{
  g_autoptr (GString) path = g_string_new ("$");
  Scanner self = {
    .name = name, .text = text, .pos = text, .end = text + length, .path = path, .error = error
  };
  const char *invalid;

  if (!g_utf8_validate_len (text, length, &invalid))
    return fail (&self, invalid, "%s", *invalid == '\0' ? "a NUL byte" : "invalid UTF-8");

  skip_space (&self);
  if (self.pos == self.end)
    return fail (&self, text, "there is nothing in it; at least {\"dpdk_cores\": [0]} is needed");

  if (!scan_value (&self, 0))
    return FALSE;
  skip_space (&self);
  if (self.pos < self.end)
    return fail_unexpected (&self, "the end");

  *mangled = self.mangled;

  return TRUE;
}

gboolean
dpdk_config_scan_locate (const char *text, gsize length, const char *path, DpdkConfigSpan *span)
{
  g_autoptr (GString) current = g_string_new ("$");
  Scanner self = {
    .text = text,
    .pos = text,
    .end = text + length,
    .path = current,
    .wanted = path,
    .span = span,
  };

  scan_value (&self, 0);

  return self.found;
}
