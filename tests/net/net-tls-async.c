/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net-tls-async.h"

#include <sys/resource.h>

/* of all of them, which are in one main loop */
static guint n_steps;

static void read_on (NetTlsAsync *self);

static void
on_closed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  NetTlsAsync *self = user_data;
  g_autoptr (GError) error = NULL;

  g_io_stream_close_finish (G_IO_STREAM (source), result, &error);
  g_assert_no_error (error);
  n_steps++;
  g_atomic_int_set (&self->is_over, TRUE);
}

static void
on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  NetTlsAsync *self = user_data;
  g_autoptr (GError) error = NULL;
  gssize n = g_input_stream_read_finish (G_INPUT_STREAM (source), result, &error);

  g_assert_no_error (error);
  g_assert_cmpint (n, >, 0);
  g_assert_cmpmem (self->buffer, n, net_pattern (self->done), n);
  self->done += (gsize) n;
  n_steps++;
  if (self->done < NET_TLS_ASYNC_SIZE)
    read_on (self);
  else
    g_io_stream_close_async (self->stream, G_PRIORITY_DEFAULT, NULL, on_closed, self);
}

static void
read_on (NetTlsAsync *self)
{
  g_input_stream_read_async (g_io_stream_get_input_stream (self->stream), self->buffer,
                             MIN (sizeof self->buffer, NET_TLS_ASYNC_SIZE - self->done),
                             G_PRIORITY_DEFAULT, NULL, on_read, self);
}

static void
on_written (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  g_output_stream_write_all_finish (G_OUTPUT_STREAM (source), result, NULL, &error);
  g_assert_no_error (error);
  n_steps++;
  read_on (user_data);
}

static void
write_all (NetTlsAsync *self)
{
  g_output_stream_write_all_async (g_io_stream_get_output_stream (self->stream), net_pattern (0),
                                   NET_TLS_ASYNC_SIZE, G_PRIORITY_DEFAULT, NULL, on_written, self);
}

static void
on_handshake (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  g_tls_connection_handshake_finish (G_TLS_CONNECTION (source), result, &error);
  g_assert_no_error (error);
  n_steps++;
  write_all (user_data);
}

void
net_tls_async_start (NetTlsAsync *self, GIOStream *stream, gboolean begins_with_handshake)
{
  *self = (NetTlsAsync){ .stream = stream };
  if (begins_with_handshake)
    g_tls_connection_handshake_async (G_TLS_CONNECTION (stream), G_PRIORITY_DEFAULT, NULL,
                                      on_handshake, self);
  else
    write_all (self);
}

void
net_tls_async_wait_all (const NetTlsAsync *ends, guint n)
{
  for (guint i = 0; i < n; i++)
    while (!g_atomic_int_get (&ends[i].is_over))
      {
        guint last = n_steps;

        DPDK_TEST_WAIT_UNTIL (n_steps != last);
      }
}

void
net_tls_async_allow_descriptors (void)
{
  struct rlimit limit;

  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  limit.rlim_cur = limit.rlim_max;
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &limit), ==, 0);
}
