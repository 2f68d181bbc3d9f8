/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "http-connection.h"
#include "http-request.h"

#include <string.h>

#define IDLE_SECONDS 60
#define LINGER_SECONDS 5

/* A prime, so that data that is shifted by a packet, a page or a window does not look right. */
#define PATTERN_PERIOD 251
#define CHUNK_SIZE 65536

/* This much of a body is sent together with its head. */
#define FIRST_CHUNK_SIZE 4096

typedef enum {
  HTTP_STATE_HEAD,
  HTTP_STATE_CONTINUE,
  HTTP_STATE_BODY,
  HTTP_STATE_RESPONSE,
  HTTP_STATE_PATTERN,
  HTTP_STATE_SHUTDOWN,
  HTTP_STATE_LINGER,
} HttpState;

struct _HttpConnection {
  GObject parent_instance;

  GIOStream *stream;
  HttpShutdownFunc shutdown;
  char *greeting;
  HttpCounters *counters;

  GCancellable *cancellable;
  GSource *timer;
  gint64 deadline;

  HttpState state;
  gboolean at_end;
  gboolean keep_alive;
  guint64 body_left;

  GString *output;
  guint64 pattern_offset;
  guint64 pattern_end;

  gsize scanned;
  gsize buffered;
  char buffer[HTTP_MAX_HEAD];
};

G_DEFINE_FINAL_TYPE (HttpConnection, http_connection, G_TYPE_OBJECT)

static void http_connection_continue (HttpConnection *self);

static const guint8 *
get_pattern (void)
{
  static gsize initialized;
  static guint8 pattern[CHUNK_SIZE + PATTERN_PERIOD];

  if (g_once_init_enter (&initialized))
    {
      for (gsize i = 0; i < sizeof (pattern); i++)
        pattern[i] = i % PATTERN_PERIOD;
      g_once_init_leave (&initialized, 1);
    }

  return pattern;
}

static const char *
get_reason (guint status)
{
  switch (status)
    {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 413:
      return "Content Too Large";
    case 417:
      return "Expectation Failed";
    case 431:
      return "Request Header Fields Too Large";
    case 501:
      return "Not Implemented";
    case 505:
      return "HTTP Version Not Supported";
    default:
      g_return_val_if_reached ("Unknown");
    }
}

static void
http_connection_on_closed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (HttpConnection) self = user_data;

  /* An error tells that the peer or the runtime was faster: the stream is closed all the same. */
  g_io_stream_close_finish (G_IO_STREAM (source), result, NULL);
}

static void
http_connection_close (HttpConnection *self)
{
  g_source_destroy (self->timer);
  g_io_stream_close_async (self->stream, G_PRIORITY_DEFAULT, NULL, http_connection_on_closed,
                           g_object_ref (self));
}

static gboolean
http_connection_on_timer (gpointer user_data)
{
  HttpConnection *self = user_data;

  if (g_get_monotonic_time () < self->deadline)
    {
      g_source_set_ready_time (self->timer, self->deadline);
      return G_SOURCE_CONTINUE;
    }

  /* The operation in progress ends with an error, and that closes the connection. */
  g_cancellable_cancel (self->cancellable);

  return G_SOURCE_REMOVE;
}

static gboolean
dispatch_timer (GSource *source, GSourceFunc callback, gpointer user_data)
{
  return callback (user_data);
}

/* The timer is only moved when it would fire too late, because moving it wakes the main loop. */
static void
http_connection_set_timeout (HttpConnection *self, guint seconds)
{
  gint64 ready_time = g_source_get_ready_time (self->timer);

  self->deadline = g_get_monotonic_time () + seconds * G_TIME_SPAN_SECOND;
  if (ready_time < 0 || ready_time > self->deadline)
    g_source_set_ready_time (self->timer, self->deadline);
}

static void
http_connection_on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (HttpConnection) self = user_data;
  gssize n_read = g_input_stream_read_finish (G_INPUT_STREAM (source), result, NULL);

  if (n_read < 0)
    {
      http_connection_close (self);
      return;
    }

  /* A head must be complete in time after its first byte, a body must only go on arriving. */
  if (self->state == HTTP_STATE_BODY || (self->state == HTTP_STATE_HEAD && self->buffered == 0))
    http_connection_set_timeout (self, IDLE_SECONDS);

  self->at_end = n_read == 0;
  self->buffered += n_read;
  http_connection_continue (self);
}

static void
http_connection_read (HttpConnection *self)
{
  g_input_stream_read_async (g_io_stream_get_input_stream (self->stream),
                             self->buffer + self->buffered, sizeof self->buffer - self->buffered,
                             G_PRIORITY_DEFAULT, self->cancellable, http_connection_on_read,
                             g_object_ref (self));
}

static void
http_connection_on_written (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (HttpConnection) self = user_data;

  if (!g_output_stream_write_all_finish (G_OUTPUT_STREAM (source), result, NULL, NULL))
    {
      http_connection_close (self);
      return;
    }

  http_connection_set_timeout (self, IDLE_SECONDS);
  http_connection_continue (self);
}

static void
http_connection_write (HttpConnection *self, const void *data, gsize length)
{
  g_output_stream_write_all_async (g_io_stream_get_output_stream (self->stream), data, length,
                                   G_PRIORITY_DEFAULT, self->cancellable,
                                   http_connection_on_written, g_object_ref (self));
}

static void
http_connection_consume (HttpConnection *self, gsize length)
{
  self->buffered -= length;
  self->scanned = 0;
  memmove (self->buffer, self->buffer + length, self->buffered);
}

static void
append_date (GString *output)
{
  static gint64 cached_second = -1;
  static char *cached_text;
  gint64 second = g_get_real_time () / G_USEC_PER_SEC;

  if (second != cached_second)
    {
      g_autoptr (GDateTime) now = g_date_time_new_from_unix_utc (second);

      g_free (cached_text);
      cached_text = g_date_time_format (now, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n");
      cached_second = second;
    }

  g_string_append (output, cached_text);
}

static void
http_connection_respond (HttpConnection *self, guint status, gboolean is_head, gboolean is_http_1_0,
                         const char *text, guint64 length)
{
  g_autofree char *reason = g_strdup_printf ("%u %s", status, get_reason (status));
  g_autofree char *reason_text = g_strconcat (reason, "\n", NULL);

  self->counters->requests++;

  if (status != 200)
    text = reason_text;
  if (text != NULL)
    length = strlen (text);

  g_string_printf (self->output, "HTTP/1.1 %s\r\n", reason);
  append_date (self->output);
  g_string_append_printf (self->output, "Content-Type: %s\r\n",
                          text != NULL ? "text/plain; charset=utf-8" : "application/octet-stream");
  g_string_append_printf (self->output, "Content-Length: %" G_GUINT64_FORMAT "\r\n", length);
  if (status == 405)
    g_string_append (self->output, "Allow: GET, HEAD\r\n");
  if (!self->keep_alive)
    g_string_append (self->output, "Connection: close\r\n");
  else if (is_http_1_0)
    g_string_append (self->output, "Connection: keep-alive\r\n");
  g_string_append (self->output, "\r\n");

  self->pattern_offset = 0;
  self->pattern_end = 0;
  if (is_head)
    return;

  if (text != NULL)
    {
      g_string_append (self->output, text);
    }
  else
    {
      self->pattern_offset = MIN (length, FIRST_CHUNK_SIZE);
      self->pattern_end = length;
      g_string_append_len (self->output, (const char *) get_pattern (), self->pattern_offset);
    }
}

/* We do not know where the request after this one begins, so it is the last one. */
static void
http_connection_refuse (HttpConnection *self, guint status, gboolean is_head)
{
  self->keep_alive = FALSE;
  self->state = HTTP_STATE_RESPONSE;
  http_connection_respond (self, status, is_head, FALSE, NULL, 0);
}

static void
http_connection_answer (HttpConnection *self, const HttpRequest *request)
{
  g_autofree char *path = http_request_get_path (request);
  gboolean is_head = g_str_equal (request->method, "HEAD");
  gboolean is_http_1_0 = request->minor_version == 0;
  const char *text = NULL;
  guint64 length = 0;
  guint status = 200;

  self->keep_alive = !request->connection_close;
  if (is_http_1_0 && !request->connection_keep_alive)
    self->keep_alive = FALSE;

  self->body_left = request->length;
  self->state = HTTP_STATE_BODY;
  if (request->expect_continue && !is_http_1_0 && request->length > 0)
    self->state = HTTP_STATE_CONTINUE;

  if (g_str_equal (path, "/"))
    text = self->greeting;
  else if (!g_str_has_prefix (path, "/bytes/") ||
           !http_parse_decimal (path + strlen ("/bytes/"), &length) || length > HTTP_MAX_BODY)
    status = 404;

  if (!is_head && !g_str_equal (request->method, "GET"))
    status = 405;

  http_connection_respond (self, status, is_head, is_http_1_0, text, length);
}

/* Gives the length of the head with its empty line, or 0 if it is not complete. */
static gsize
http_connection_find_head (HttpConnection *self)
{
  const char *buffer = self->buffer;
  gsize n_empty = 0;

  /* Old clients send an empty line after a body: lines before a request do not count. */
  while (n_empty < self->buffered && (buffer[n_empty] == '\r' || buffer[n_empty] == '\n'))
    n_empty++;
  if (n_empty > 0)
    http_connection_consume (self, n_empty);

  for (gsize i = self->scanned; i < self->buffered; i++)
    {
      if (buffer[i] != '\n')
        continue;

      /* A line may end without a carriage return. */
      if ((i >= 1 && buffer[i - 1] == '\n') ||
          (i >= 2 && buffer[i - 1] == '\r' && buffer[i - 2] == '\n'))
        return i + 1;
    }

  self->scanned = self->buffered;

  return 0;
}

/* Each of these does one step and says whether the next one may follow at once. */

static gboolean
http_connection_do_head (HttpConnection *self)
{
  gsize length = http_connection_find_head (self);

  if (length > 0)
    {
      HttpRequest request;
      guint status = http_request_parse (&request, self->buffer, length);

      if (status != 0)
        http_connection_refuse (self, status, g_strcmp0 (request.method, "HEAD") == 0);
      else
        http_connection_answer (self, &request);

      http_connection_consume (self, length);
      return TRUE;
    }

  if (self->buffered == sizeof self->buffer)
    {
      http_connection_refuse (self, 431, FALSE);
      return TRUE;
    }

  if (self->at_end)
    http_connection_close (self);
  else
    http_connection_read (self);

  return FALSE;
}

static gboolean
http_connection_do_continue (HttpConnection *self)
{
  static const char interim_response[] = "HTTP/1.1 100 Continue\r\n\r\n";

  self->state = HTTP_STATE_BODY;
  http_connection_write (self, interim_response, strlen (interim_response));

  return FALSE;
}

static gboolean
http_connection_do_body (HttpConnection *self)
{
  gsize n_discard = MIN (self->body_left, self->buffered);

  http_connection_consume (self, n_discard);
  self->body_left -= n_discard;

  if (self->body_left == 0)
    {
      self->state = HTTP_STATE_RESPONSE;
      return TRUE;
    }

  if (self->at_end)
    http_connection_close (self);
  else
    http_connection_read (self);

  return FALSE;
}

static gboolean
http_connection_do_response (HttpConnection *self)
{
  self->state = HTTP_STATE_PATTERN;
  http_connection_write (self, self->output->str, self->output->len);

  return FALSE;
}

static gboolean
http_connection_do_pattern (HttpConnection *self)
{
  gsize phase = self->pattern_offset % PATTERN_PERIOD;
  gsize length = MIN (self->pattern_end - self->pattern_offset, CHUNK_SIZE);

  if (length == 0)
    {
      self->state = self->keep_alive ? HTTP_STATE_HEAD : HTTP_STATE_SHUTDOWN;
      return TRUE;
    }

  self->pattern_offset += length;
  http_connection_write (self, get_pattern () + phase, length);

  return FALSE;
}

static gboolean
http_connection_do_shutdown (HttpConnection *self)
{
  /* Closing with input unread resets the connection, and the peer may lose our answer. */
  if (self->at_end || !self->shutdown (self->stream, NULL))
    {
      http_connection_close (self);
      return FALSE;
    }

  http_connection_set_timeout (self, LINGER_SECONDS);
  self->state = HTTP_STATE_LINGER;

  return TRUE;
}

static gboolean
http_connection_do_linger (HttpConnection *self)
{
  self->buffered = 0;

  if (self->at_end)
    http_connection_close (self);
  else
    http_connection_read (self);

  return FALSE;
}

static gboolean
http_connection_step (HttpConnection *self)
{
  switch (self->state)
    {
    case HTTP_STATE_HEAD:
      return http_connection_do_head (self);
    case HTTP_STATE_CONTINUE:
      return http_connection_do_continue (self);
    case HTTP_STATE_BODY:
      return http_connection_do_body (self);
    case HTTP_STATE_RESPONSE:
      return http_connection_do_response (self);
    case HTTP_STATE_PATTERN:
      return http_connection_do_pattern (self);
    case HTTP_STATE_SHUTDOWN:
      return http_connection_do_shutdown (self);
    case HTTP_STATE_LINGER:
      return http_connection_do_linger (self);
    default:
      g_assert_not_reached ();
    }
}

/* Goes on until one operation is in progress, which holds the connection, or it is closed. */
static void
http_connection_continue (HttpConnection *self)
{
  while (http_connection_step (self))
    continue;
}

static void
http_connection_finalize (GObject *object)
{
  HttpConnection *self = HTTP_CONNECTION (object);

  self->counters->open--;

  g_source_unref (self->timer);
  g_object_unref (self->cancellable);
  g_object_unref (self->stream);
  g_string_free (self->output, TRUE);
  g_free (self->greeting);

  G_OBJECT_CLASS (http_connection_parent_class)->finalize (object);
}

static void
http_connection_class_init (HttpConnectionClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = http_connection_finalize;
}

static void
http_connection_init (HttpConnection *self)
{
  static GSourceFuncs timer_funcs = { .dispatch = dispatch_timer };

  self->cancellable = g_cancellable_new ();
  self->output = g_string_new (NULL);
  self->timer = g_source_new (&timer_funcs, sizeof (GSource));
  g_source_set_static_name (self->timer, "HttpConnection timer");
  g_source_set_callback (self->timer, http_connection_on_timer, self, NULL);
}

void
http_connection_start (GIOStream *stream, HttpShutdownFunc shutdown, const char *greeting,
                       HttpCounters *counters)
{
  g_autoptr (HttpConnection) self = g_object_new (HTTP_TYPE_CONNECTION, NULL);

  self->stream = g_object_ref (stream);
  self->shutdown = shutdown;
  self->greeting = g_strdup (greeting);
  self->counters = counters;
  counters->connections++;
  counters->open++;

  http_connection_set_timeout (self, IDLE_SECONDS);
  g_source_attach (self->timer, g_main_context_get_thread_default ());
  http_connection_continue (self);
}
