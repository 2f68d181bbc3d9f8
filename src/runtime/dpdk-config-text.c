/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-config-text.h"

#include <string.h>

#define MAX_CLIP 72

guint
dpdk_config_line_of (const char *text, const char *at, const char **line_start)
{
  guint line = 1;

  *line_start = text;
  for (const char *p = text; p < at; p++)
    if (*p == '\n')
      {
        line++;
        *line_start = p + 1;
      }

  return line;
}

gboolean
dpdk_config_literal_has_nul (const char *literal)
{
  for (const char *p = strchr (literal, '\\'); p != NULL; p = strchr (p + 2, '\\'))
    if (g_str_has_prefix (p, "\\u0000"))
      return TRUE;

  return FALSE;
}

void
dpdk_config_path_append (GString *path, const char *key)
{
  g_autofree char *clipped = NULL;
  gboolean is_plain = *key != '\0';

  for (const char *p = key; *p != '\0'; p++)
    is_plain &= g_ascii_isalnum (*p) || *p == '_';

  clipped = dpdk_config_clip (key, strlen (key));
  g_string_append_printf (path, is_plain ? ".%s" : "[\"%s\"]", clipped);
}

char *
dpdk_config_clip (const char *text, gsize length)
{
  GString *clipped = g_string_new (NULL);
  const char *end = text + length;
  gboolean after_space = FALSE;

  for (const char *p = text; p < end; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);
      gboolean is_space = strchr ("\t\r\n", *p) != NULL && *p != '\0';

      if (clipped->len >= MAX_CLIP)
        {
          g_string_append (clipped, "…");
          break;
        }
      if (is_space && !after_space)
        g_string_append_c (clipped, ' ');
      else if (!is_space)
        g_string_append_unichar (clipped, g_unichar_isprint (c) ? c : 0xfffd);
      after_space = is_space || c == ' ';
    }

  return g_string_free (clipped, FALSE);
}
