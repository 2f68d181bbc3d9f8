/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "example-echo.h"

#include <gio/gunixinputstream.h>
#include <gio/gunixoutputstream.h>

#include <string.h>
#include <unistd.h>

#define BUFFER_SIZE 65536

/* One connection of the server. The operation in progress holds it. */
typedef struct {
  GIOStream *stream;
  guint *n_open;
  gssize length;
  char data[BUFFER_SIZE];
} Echo;

/* What the thread that sends for the client needs. */
typedef struct {
  GIOStream *stream;
  GInputStream *source;
  GCancellable *cancellable;
  GError *error;
} Sender;

/* What the client receives with. */
typedef struct {
  GIOStream *stream;
  GOutputStream *target;
  GMainLoop *loop;
  GError *error;
  char data[BUFFER_SIZE];
} Receiver;

static void echo_read (Echo *echo);

static void
echo_on_closed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Echo *echo = user_data;

  g_io_stream_close_finish (G_IO_STREAM (source), result, NULL);
  (*echo->n_open)--;
  g_object_unref (echo->stream);
  g_free (echo);
}

static void
echo_close (Echo *echo)
{
  g_io_stream_close_async (echo->stream, G_PRIORITY_DEFAULT, NULL, echo_on_closed, echo);
}

static void
echo_on_written (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Echo *echo = user_data;

  /* Reading only after everything is written is the back-pressure: the peer's window closes. */
  if (g_output_stream_write_all_finish (G_OUTPUT_STREAM (source), result, NULL, NULL))
    echo_read (echo);
  else
    echo_close (echo);
}

static void
echo_on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Echo *echo = user_data;

  /* At the end of what the peer sends it gets our end, after the last byte. */
  echo->length = g_input_stream_read_finish (G_INPUT_STREAM (source), result, NULL);
  if (echo->length > 0)
    g_output_stream_write_all_async (g_io_stream_get_output_stream (echo->stream), echo->data,
                                     echo->length, G_PRIORITY_DEFAULT, NULL, echo_on_written, echo);
  else
    echo_close (echo);
}

static void
echo_read (Echo *echo)
{
  g_input_stream_read_async (g_io_stream_get_input_stream (echo->stream), echo->data,
                             sizeof echo->data, G_PRIORITY_DEFAULT, NULL, echo_on_read, echo);
}

void
example_echo_serve (GIOStream *stream, guint *n_open)
{
  Echo *echo = g_new (Echo, 1);

  echo->stream = g_object_ref (stream);
  echo->n_open = n_open;
  (*n_open)++;
  echo_read (echo);
}

static gpointer
sender_thread (gpointer user_data)
{
  Sender *sender = user_data;

  /* To close the output ends one direction only. */
  g_output_stream_splice (g_io_stream_get_output_stream (sender->stream), sender->source,
                          G_OUTPUT_STREAM_SPLICE_CLOSE_TARGET, sender->cancellable, &sender->error);

  return NULL;
}

static void receiver_read (Receiver *receiver);

static void
receiver_on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Receiver *receiver = user_data;
  gssize n = g_input_stream_read_finish (G_INPUT_STREAM (source), result, &receiver->error);

  if (n > 0 &&
      g_output_stream_write_all (receiver->target, receiver->data, n, NULL, NULL, &receiver->error))
    receiver_read (receiver);
  else
    g_main_loop_quit (receiver->loop);
}

static void
receiver_read (Receiver *receiver)
{
  g_input_stream_read_async (g_io_stream_get_input_stream (receiver->stream), receiver->data,
                             sizeof receiver->data, G_PRIORITY_DEFAULT, NULL, receiver_on_read,
                             receiver);
}

/* Not by a blocking read: with GIO's TLS the other thread could not close its half during one. */
static gboolean
receive (GIOStream *stream, GError **error)
{
  g_autofree Receiver *receiver = g_new0 (Receiver, 1);

  receiver->stream = stream;
  receiver->target = g_unix_output_stream_new (STDOUT_FILENO, FALSE);
  receiver->loop = g_main_loop_new (NULL, FALSE);
  receiver_read (receiver);
  g_main_loop_run (receiver->loop);
  g_main_loop_unref (receiver->loop);
  g_object_unref (receiver->target);

  if (receiver->error != NULL)
    {
      g_propagate_error (error, receiver->error);
      return FALSE;
    }

  return TRUE;
}

static gboolean
exchange (GIOStream *stream, GInputStream *source, GError **error)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Sender sender = { stream, source, cancellable, NULL };
  GThread *thread;
  gboolean is_received;

  /* A thread that only sends: with one thread, two full windows would wait for each other. */
  thread = g_thread_new ("sender", sender_thread, &sender);
  is_received = receive (stream, error);
  if (!is_received)
    g_cancellable_cancel (cancellable);
  g_thread_join (thread);

  if (!is_received)
    {
      g_clear_error (&sender.error);
      return FALSE;
    }

  if (sender.error != NULL)
    {
      g_propagate_error (error, sender.error);
      return FALSE;
    }

  return g_io_stream_close (stream, NULL, error);
}

gboolean
example_echo_ask (GIOStream *stream, const char *text, GError **error)
{
  g_autoptr (GInputStream) source = NULL;

  if (text != NULL)
    source = g_memory_input_stream_new_from_data (text, strlen (text), NULL);
  else
    source = g_unix_input_stream_new (STDIN_FILENO, FALSE);

  return exchange (stream, source, error);
}
