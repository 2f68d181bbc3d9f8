/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "http-request.h"

#include <string.h>

static gboolean
is_token (const char *text, gsize length)
{
  if (length == 0)
    return FALSE;

  for (gsize i = 0; i < length; i++)
    {
      if (!g_ascii_isalnum (text[i]) && strchr ("!#$%&'*+-.^_`|~", text[i]) == NULL)
        return FALSE;
    }

  return TRUE;
}

/* Whether a comma-separated list, such as the value of Connection, has an element. */
static gboolean
list_contains (const char *list, const char *element)
{
  g_auto (GStrv) elements = g_strsplit (list, ",", -1);

  for (gsize i = 0; elements[i] != NULL; i++)
    {
      if (g_ascii_strcasecmp (g_strstrip (elements[i]), element) == 0)
        return TRUE;
    }

  return FALSE;
}

gboolean
http_parse_decimal (const char *text, guint64 *value)
{
  if (!g_ascii_isdigit (*text))
    return FALSE;

  return g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT64, value, NULL);
}

static gboolean
parse_request_line (char *line, HttpRequest *request)
{
  char *target = strchr (line, ' ');
  char *version = target != NULL ? strchr (target + 1, ' ') : NULL;

  if (version == NULL || !is_token (line, target - line))
    return FALSE;

  *target++ = '\0';
  *version++ = '\0';

  if (*target == '\0' || strlen (version) != 8 || !g_str_has_prefix (version, "HTTP/") ||
      !g_ascii_isdigit (version[5]) || version[6] != '.' || !g_ascii_isdigit (version[7]))
    return FALSE;

  for (const char *c = target; *c != '\0'; c++)
    {
      if (!g_ascii_isgraph (*c))
        return FALSE;
    }

  request->method = line;
  request->target = target;
  request->minor_version = version[7] - '0';
  if (version[5] != '1')
    request->status = 505;

  return TRUE;
}

static gboolean
parse_field (char *line, HttpRequest *request)
{
  char *value = strchr (line, ':');
  guint64 length;

  /* This refuses folded lines and spaces before the colon too, as it should. */
  if (value == NULL || !is_token (line, value - line))
    return FALSE;

  *value++ = '\0';

  for (const char *c = value; *c != '\0'; c++)
    {
      if (g_ascii_iscntrl (*c) && *c != '\t')
        return FALSE;
    }

  g_strstrip (value);

  if (g_ascii_strcasecmp (line, "Host") == 0)
    {
      request->n_hosts++;
    }
  else if (g_ascii_strcasecmp (line, "Content-Length") == 0)
    {
      if (!http_parse_decimal (value, &length) ||
          (request->has_length && request->length != length))
        return FALSE;

      request->has_length = TRUE;
      request->length = length;
    }
  else if (g_ascii_strcasecmp (line, "Transfer-Encoding") == 0)
    {
      request->has_transfer_encoding = TRUE;
    }
  else if (g_ascii_strcasecmp (line, "Connection") == 0)
    {
      request->connection_close |= list_contains (value, "close");
      request->connection_keep_alive |= list_contains (value, "keep-alive");
    }
  else if (g_ascii_strcasecmp (line, "Expect") == 0)
    {
      if (g_ascii_strcasecmp (value, "100-continue") == 0)
        request->expect_continue = TRUE;
      else
        request->expect_unknown = TRUE;
    }

  return TRUE;
}

guint
http_request_parse (HttpRequest *request, char *head, gsize length)
{
  gboolean is_first = TRUE;

  memset (request, 0, sizeof *request);

  if (memchr (head, '\0', length) != NULL)
    return 400;

  for (char *line = head, *end; (end = memchr (line, '\n', head + length - line)) != NULL;
       line = end + 1)
    {
      *end = '\0';
      if (end > line && end[-1] == '\r')
        end[-1] = '\0';

      if (*line == '\0')
        break;
      if (!(is_first ? parse_request_line : parse_field) (line, request))
        return 400;
      is_first = FALSE;
    }

  if (request->status != 0)
    return request->status;
  if (request->n_hosts > 1 || (request->n_hosts == 0 && request->minor_version >= 1))
    return 400;
  if (request->has_transfer_encoding)
    return 501;
  if (request->length > HTTP_MAX_BODY)
    return 413;
  if (request->expect_unknown)
    return 417;

  return 0;
}

char *
http_request_get_path (const HttpRequest *request)
{
  const char *target = request->target, *path = target;

  if (g_ascii_strncasecmp (target, "http://", 7) == 0)
    {
      path = target + 7 + strcspn (target + 7, "/?");
      if (*path != '/')
        return g_strdup ("/");
    }

  return g_strndup (path, strcspn (path, "?"));
}
