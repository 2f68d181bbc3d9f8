/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "proxy-link.h"

#include "proxy-end.h"

#define BUFFER_SIZE 65536

/* What goes from one stream to the other. There is one operation at a time: reading only after
   everything is written is the back-pressure. */
typedef struct {
  ProxyLink *link;
  GIOStream *from;
  GIOStream *to;
  guint64 *n_bytes;
  gssize length;
  char data[BUFFER_SIZE];
} Direction;

struct _ProxyLink {
  Direction directions[2];
  GCancellable *cancellable;
  ProxyCounters *counters;
  guint n_running;
  guint n_closing;
  gboolean has_failed;
  gint64 last_time;
  guint idle_seconds;
  guint idle_source;
};

static void direction_read (Direction *self);

static void
on_closed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  ProxyLink *link = user_data;

  g_io_stream_close_finish (G_IO_STREAM (source), result, NULL);
  if (--link->n_closing > 0)
    return;

  link->counters->open--;
  g_queue_remove (&link->counters->links, link);
  if (link->has_failed)
    link->counters->failed++;
  else
    link->counters->finished++;
  g_object_unref (link->directions[0].from);
  g_object_unref (link->directions[0].to);
  g_object_unref (link->cancellable);
  g_free (link);
}

static void
link_abort (ProxyLink *self)
{
  self->has_failed = TRUE;
  proxy_stream_abort (self->directions[0].from);
  proxy_stream_abort (self->directions[0].to);
  g_cancellable_cancel (self->cancellable);
}

static void
direction_stop (Direction *self, gboolean has_failed)
{
  ProxyLink *link = self->link;

  if (has_failed && !link->has_failed)
    link_abort (link);

  if (--link->n_running > 0)
    return;

  g_clear_handle_id (&link->idle_source, g_source_remove);
  link->n_closing = 2;
  g_io_stream_close_async (link->directions[0].from, G_PRIORITY_DEFAULT, NULL, on_closed, link);
  g_io_stream_close_async (link->directions[0].to, G_PRIORITY_DEFAULT, NULL, on_closed, link);
}

static void
direction_on_written (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Direction *self = user_data;

  self->link->last_time = g_get_monotonic_time ();
  if (!g_output_stream_write_all_finish (G_OUTPUT_STREAM (source), result, NULL, NULL))
    {
      direction_stop (self, TRUE);
      return;
    }

  *self->n_bytes += self->length;
  direction_read (self);
}

static void
direction_on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Direction *self = user_data;

  self->link->last_time = g_get_monotonic_time ();
  self->length = g_input_stream_read_finish (G_INPUT_STREAM (source), result, NULL);
  if (self->length > 0)
    g_output_stream_write_all_async (g_io_stream_get_output_stream (self->to), self->data,
                                     self->length, G_PRIORITY_DEFAULT, self->link->cancellable,
                                     direction_on_written, self);
  else
    direction_stop (self, self->length < 0 || !proxy_stream_finish (self->to, NULL));
}

static void
direction_read (Direction *self)
{
  g_input_stream_read_async (g_io_stream_get_input_stream (self->from), self->data,
                             sizeof self->data, G_PRIORITY_DEFAULT, self->link->cancellable,
                             direction_on_read, self);
}

static gboolean
on_idle_check (gpointer user_data)
{
  ProxyLink *link = user_data;

  if (g_get_monotonic_time () - link->last_time < link->idle_seconds * G_TIME_SPAN_SECOND)
    return G_SOURCE_CONTINUE;

  link->idle_source = 0;
  link->counters->timed_out++;
  link_abort (link);

  return G_SOURCE_REMOVE;
}

void
proxy_link_start (GIOStream *client, GIOStream *server, guint idle_seconds, ProxyCounters *counters)
{
  ProxyLink *link = g_new0 (ProxyLink, 1);

  link->directions[0].from = g_object_ref (client);
  link->directions[0].to = g_object_ref (server);
  link->directions[0].n_bytes = &counters->bytes_to_server;
  link->directions[1].from = server;
  link->directions[1].to = client;
  link->directions[1].n_bytes = &counters->bytes_to_client;
  link->cancellable = g_cancellable_new ();
  link->counters = counters;
  link->last_time = g_get_monotonic_time ();
  link->idle_seconds = idle_seconds;
  if (idle_seconds > 0)
    link->idle_source = g_timeout_add_seconds (1, on_idle_check, link);

  counters->open++;
  g_queue_push_tail (&counters->links, link);
  for (gsize i = 0; i < G_N_ELEMENTS (link->directions); i++)
    {
      link->directions[i].link = link;
      link->n_running++;
    }
  for (gsize i = 0; i < G_N_ELEMENTS (link->directions); i++)
    direction_read (&link->directions[i]);
}

void
proxy_link_abort_all (ProxyCounters *counters)
{
  for (GList *l = counters->links.head; l != NULL; l = l->next)
    link_abort (l->data);
}
