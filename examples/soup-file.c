/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "soup-file.h"

#define CHUNK_SIZE (256 * 1024)
#define DATA_KEY "soup-file"
#define ATTRIBUTES                                                                                 \
  G_FILE_ATTRIBUTE_STANDARD_TYPE "," G_FILE_ATTRIBUTE_STANDARD_SIZE                                \
                                 "," G_FILE_ATTRIBUTE_TIME_MODIFIED

/* A file on its way. The message holds it until it has finished or is dropped, and so does the
   operation in progress. */
typedef struct {
  /* NULL when that is over */
  SoupServerMessage *message;
  GFile *file;
  GInputStream *input;
  GCancellable *cancellable;
  goffset left;
} SoupFile;

static void
soup_file_clear (gpointer data)
{
  SoupFile *self = data;

  g_clear_object (&self->file);
  g_clear_object (&self->input);
  g_clear_object (&self->cancellable);
}

static void
soup_file_unref (gpointer self)
{
  g_rc_box_release_full (self, soup_file_clear);
}

static void
soup_file_detach (gpointer data)
{
  SoupFile *self = data;

  self->message = NULL;
  g_cancellable_cancel (self->cancellable);
  soup_file_unref (self);
}

static void
soup_file_fail (SoupFile *self, const GError *error)
{
  guint status = SOUP_STATUS_INTERNAL_SERVER_ERROR;

  if (self->message == NULL)
    return;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND) ||
      g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_DIRECTORY) ||
      g_error_matches (error, G_IO_ERROR, G_IO_ERROR_FILENAME_TOO_LONG))
    status = SOUP_STATUS_NOT_FOUND;
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED))
    status = SOUP_STATUS_FORBIDDEN;

  soup_server_message_set_status (self->message, status, NULL);
  soup_server_message_unpause (self->message);
}

static void
soup_file_on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  SoupFile *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes =
      g_input_stream_read_bytes_finish (G_INPUT_STREAM (source), result, &error);

  if (self->message != NULL)
    {
      SoupMessageBody *body = soup_server_message_get_response_body (self->message);

      if (bytes != NULL && g_bytes_get_size (bytes) > 0)
        {
          self->left -= g_bytes_get_size (bytes);
          soup_message_body_append_bytes (body, bytes);
          if (self->left == 0)
            soup_message_body_complete (body);
          soup_server_message_unpause (self->message);
        }
      else
        {
          /* The length was promised, so only a broken connection tells the client. */
          g_autoptr (GIOStream) stream = soup_server_message_steal_connection (self->message);

          if (stream != NULL)
            g_io_stream_close_async (stream, G_PRIORITY_DEFAULT, NULL, NULL, NULL);
        }
    }
  soup_file_unref (self);
}

static void
soup_file_read (SoupFile *self)
{
  g_input_stream_read_bytes_async (self->input, MIN (self->left, CHUNK_SIZE), G_PRIORITY_DEFAULT,
                                   self->cancellable, soup_file_on_read, g_rc_box_acquire (self));
}

static void
soup_file_on_wrote_chunk (SoupServerMessage *message, gpointer user_data)
{
  SoupFile *self = user_data;

  if (self->left == 0)
    return;

  soup_server_message_pause (message);
  soup_file_read (self);
}

static void
soup_file_on_finished (SoupServerMessage *message, gpointer user_data)
{
  g_signal_handlers_disconnect_by_data (message, user_data);
  g_object_set_data (G_OBJECT (message), DATA_KEY, NULL);
}

/* Gives whether there is something to send; if not, the status says why. */
static gboolean
soup_file_set_range (SoupFile *self, goffset size)
{
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (self->message);
  g_autofree char *unsatisfied = g_strdup_printf ("bytes */%" G_GOFFSET_FORMAT, size);
  SoupRange *ranges = NULL;
  guint status = SOUP_STATUS_OK;
  gboolean is_one = FALSE;
  int n_ranges;

  self->left = size;
  soup_message_headers_replace (headers, "Accept-Ranges", "bytes");
  if (soup_message_headers_get_ranges (soup_server_message_get_request_headers (self->message),
                                       size, &ranges, &n_ranges))
    {
      /* RFC 9110, 14.2: a server may ignore what it does not like, such as a list of ranges. */
      is_one = n_ranges == 1;
      if (is_one && (ranges[0].start >= size || ranges[0].start > ranges[0].end))
        status = SOUP_STATUS_REQUESTED_RANGE_NOT_SATISFIABLE;
      else if (is_one)
        status = SOUP_STATUS_PARTIAL_CONTENT;
    }

  if (status == SOUP_STATUS_PARTIAL_CONTENT)
    {
      goffset end = MIN (ranges[0].end, size - 1);

      self->left = end - ranges[0].start + 1;
      soup_message_headers_set_content_range (headers, ranges[0].start, end, size);
      if (!g_seekable_seek (G_SEEKABLE (self->input), ranges[0].start, G_SEEK_SET, NULL, NULL))
        status = SOUP_STATUS_INTERNAL_SERVER_ERROR;
    }
  else if (status == SOUP_STATUS_REQUESTED_RANGE_NOT_SATISFIABLE)
    soup_message_headers_replace (headers, "Content-Range", unsatisfied);

  if (ranges != NULL)
    soup_message_headers_free_ranges (soup_server_message_get_request_headers (self->message),
                                      ranges);
  soup_server_message_set_status (self->message, status, NULL);

  return status == SOUP_STATUS_OK || status == SOUP_STATUS_PARTIAL_CONTENT;
}

static void
soup_file_start (SoupFile *self, GFileInfo *info)
{
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (self->message);
  g_autoptr (GDateTime) modified = g_file_info_get_modification_date_time (info);
  g_autofree char *name = g_file_get_basename (self->file);
  g_autofree char *content_type = g_content_type_guess (name, NULL, 0, NULL);
  g_autofree char *type = g_content_type_get_mime_type (content_type);
  gboolean is_get = g_str_equal (soup_server_message_get_method (self->message), SOUP_METHOD_GET);

  if (g_file_info_get_file_type (info) != G_FILE_TYPE_REGULAR)
    {
      soup_server_message_set_status (self->message, SOUP_STATUS_NOT_FOUND, NULL);
      soup_server_message_unpause (self->message);
      return;
    }

  if (modified != NULL)
    {
      g_autofree char *date = soup_date_time_to_string (modified, SOUP_DATE_HTTP);

      soup_message_headers_replace (headers, "Last-Modified", date);
    }
  soup_message_headers_set_content_type (headers, type != NULL ? type : "application/octet-stream",
                                         NULL);
  if (!soup_file_set_range (self, g_file_info_get_size (info)))
    {
      soup_server_message_unpause (self->message);
      return;
    }

  soup_message_headers_set_content_length (headers, self->left);
  if (!is_get || self->left == 0)
    {
      self->left = 0;
      soup_server_message_unpause (self->message);
      return;
    }

  /* What was sent is not kept. */
  soup_message_body_set_accumulate (soup_server_message_get_response_body (self->message), FALSE);
  g_signal_connect (self->message, "wrote-chunk", G_CALLBACK (soup_file_on_wrote_chunk), self);
  soup_file_read (self);
}

static void
soup_file_on_info (GObject *source, GAsyncResult *result, gpointer user_data)
{
  SoupFile *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GFileInfo) info =
      g_file_input_stream_query_info_finish (G_FILE_INPUT_STREAM (source), result, &error);

  if (info != NULL && self->message != NULL)
    soup_file_start (self, info);
  else if (info == NULL)
    soup_file_fail (self, error);
  soup_file_unref (self);
}

static void
soup_file_on_open (GObject *source, GAsyncResult *result, gpointer user_data)
{
  SoupFile *self = user_data;
  g_autoptr (GError) error = NULL;

  self->input = G_INPUT_STREAM (g_file_read_finish (G_FILE (source), result, &error));
  if (self->input == NULL)
    {
      /* GIO refuses to open a directory. */
      if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_IS_DIRECTORY))
        {
          g_clear_error (&error);
          g_set_error_literal (&error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "It is a directory");
        }
      soup_file_fail (self, error);
      soup_file_unref (self);
      return;
    }

  g_file_input_stream_query_info_async (G_FILE_INPUT_STREAM (self->input), ATTRIBUTES,
                                        G_PRIORITY_DEFAULT, self->cancellable, soup_file_on_info,
                                        self);
}

/* NULL if the path leads out of the root, or nowhere. */
static GFile *
resolve_path (GFile *root, const char *path)
{
  g_auto (GStrv) segments = g_strsplit (path, "/", -1);
  g_autoptr (GFile) file = g_object_ref (root);

  for (gsize i = 0; segments[i] != NULL; i++)
    {
      g_autofree char *name = g_uri_unescape_segment (segments[i], NULL, "/");
      g_autoptr (GFile) parent = NULL;

      if (name == NULL || g_str_equal (name, ".."))
        return NULL;
      if (*name == '\0' || g_str_equal (name, "."))
        continue;

      parent = g_steal_pointer (&file);
      file = g_file_get_child (parent, name);
    }

  return g_steal_pointer (&file);
}

void
soup_file_send (SoupServerMessage *message, GFile *root, const char *path)
{
  const char *method = soup_server_message_get_method (message);
  g_autoptr (GFile) file = NULL;
  g_autofree char *index_path = NULL;
  SoupFile *self;

  if (!g_str_equal (method, SOUP_METHOD_GET) && !g_str_equal (method, SOUP_METHOD_HEAD))
    {
      soup_message_headers_replace (soup_server_message_get_response_headers (message), "Allow",
                                    "GET, HEAD");
      soup_server_message_set_status (message, SOUP_STATUS_METHOD_NOT_ALLOWED, NULL);
      return;
    }

  if (g_str_has_suffix (path, "/"))
    index_path = g_strconcat (path, "index.html", NULL);
  file = resolve_path (root, index_path != NULL ? index_path : path);
  if (file == NULL)
    {
      soup_server_message_set_status (message, SOUP_STATUS_BAD_REQUEST, NULL);
      return;
    }

  self = g_rc_box_new0 (SoupFile);
  self->message = message;
  self->cancellable = g_cancellable_new ();
  self->file = g_steal_pointer (&file);
  g_object_set_data_full (G_OBJECT (message), DATA_KEY, g_rc_box_acquire (self), soup_file_detach);
  g_signal_connect (message, "finished", G_CALLBACK (soup_file_on_finished), self);
  soup_server_message_pause (message);
  g_file_read_async (self->file, G_PRIORITY_DEFAULT, self->cancellable, soup_file_on_open, self);
}
