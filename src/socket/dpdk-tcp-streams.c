/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dpdk-tcp-streams-private.h"

#include "dpdk-edge-private.h"
#include "dpdk-socket-private.h"
#include "dpdk-tcp-task-private.h"

struct _DpdkInputStream {
  GInputStream parent_instance;
  DpdkTcpSocket *socket;
};

struct _DpdkOutputStream {
  GOutputStream parent_instance;
  DpdkTcpSocket *socket;
};

static void input_pollable_init (GPollableInputStreamInterface *iface);
static void output_pollable_init (GPollableOutputStreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (DpdkInputStream, dpdk_input_stream, G_TYPE_INPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_INPUT_STREAM,
                                                      input_pollable_init))
G_DEFINE_FINAL_TYPE_WITH_CODE (DpdkOutputStream, dpdk_output_stream, G_TYPE_OUTPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_OUTPUT_STREAM,
                                                      output_pollable_init))

static DpdkTcpEndpoint *
input_endpoint (gpointer stream)
{
  return dpdk_tcp_socket_get_endpoint (((DpdkInputStream *) stream)->socket);
}

static DpdkTcpEndpoint *
output_endpoint (gpointer stream)
{
  return dpdk_tcp_socket_get_endpoint (((DpdkOutputStream *) stream)->socket);
}

static gssize
dpdk_input_stream_read (GInputStream *stream, void *buffer, gsize count, GCancellable *cancellable,
                        GError **error)
{
  return dpdk_tcp_endpoint_read (input_endpoint (stream), buffer, count, TRUE, cancellable, error);
}

static gboolean
try_read (GTask *task, GError **error)
{
  GInputVector *vector = g_task_get_task_data (task);
  gssize n =
      dpdk_tcp_endpoint_read (input_endpoint (g_task_get_source_object (task)), vector->buffer,
                              vector->size, FALSE, g_task_get_cancellable (task), error);

  if (n >= 0)
    g_task_return_int (task, n);
  return n >= 0;
}

/* GIO's own would throw away what has been read if it is cancelled before the callback runs */
static void
dpdk_input_stream_read_async (GInputStream *stream, void *buffer, gsize count, int io_priority,
                              GCancellable *cancellable, GAsyncReadyCallback callback,
                              gpointer user_data)
{
  const GInputVector vector = { buffer, count };
  g_autoptr (GTask) task = g_task_new (stream, cancellable, callback, user_data);

  g_task_set_source_tag (task, dpdk_input_stream_read_async);
  g_task_set_priority (task, io_priority);
  g_task_set_task_data (task, g_memdup2 (&vector, sizeof vector), g_free);
  dpdk_tcp_task_run (task, input_endpoint (stream), G_IO_IN, try_read);
}

static gssize
dpdk_input_stream_read_finish (GInputStream *stream, GAsyncResult *result, GError **error)
{
  return g_task_propagate_int (G_TASK (result), error);
}

static gssize
dpdk_input_stream_read_nonblocking (GPollableInputStream *stream, void *buffer, gsize count,
                                    GError **error)
{
  return dpdk_tcp_endpoint_read (input_endpoint (stream), buffer, count, FALSE, NULL, error);
}

static gboolean
dpdk_input_stream_close (GInputStream *stream, GCancellable *cancellable, GError **error)
{
  dpdk_tcp_endpoint_shutdown_read (input_endpoint (stream));
  return TRUE;
}

/* never waits, so it needs no thread of a pool */
static void
dpdk_input_stream_close_async (GInputStream *stream, int io_priority, GCancellable *cancellable,
                               GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (stream, cancellable, callback, user_data);

  g_task_set_source_tag (task, dpdk_input_stream_close_async);
  g_task_set_priority (task, io_priority);
  g_task_return_boolean (task, dpdk_input_stream_close (stream, cancellable, NULL));
}

static gboolean
dpdk_input_stream_close_finish (GInputStream *stream, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static gboolean
dpdk_input_stream_is_readable (GPollableInputStream *stream)
{
  return dpdk_tcp_endpoint_is_ready (input_endpoint (stream), G_IO_IN);
}

static GSource *
dpdk_input_stream_create_source (GPollableInputStream *stream, GCancellable *cancellable)
{
  g_autoptr (GSource) child = dpdk_tcp_endpoint_create_source (input_endpoint (stream), G_IO_IN);

  return g_pollable_source_new_full (stream, child, cancellable);
}

static void
dpdk_input_stream_finalize (GObject *object)
{
  dpdk_edge_clear (object, &DPDK_INPUT_STREAM (object)->socket);
  G_OBJECT_CLASS (dpdk_input_stream_parent_class)->finalize (object);
}

static void
dpdk_input_stream_class_init (DpdkInputStreamClass *klass)
{
  GInputStreamClass *stream_class = G_INPUT_STREAM_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = dpdk_input_stream_finalize;
  stream_class->read_fn = dpdk_input_stream_read;
  stream_class->read_async = dpdk_input_stream_read_async;
  stream_class->read_finish = dpdk_input_stream_read_finish;
  stream_class->close_fn = dpdk_input_stream_close;
  stream_class->close_async = dpdk_input_stream_close_async;
  stream_class->close_finish = dpdk_input_stream_close_finish;
}

static void
input_pollable_init (GPollableInputStreamInterface *iface)
{
  iface->is_readable = dpdk_input_stream_is_readable;
  iface->create_source = dpdk_input_stream_create_source;
  iface->read_nonblocking = dpdk_input_stream_read_nonblocking;
}

static void
dpdk_input_stream_init (DpdkInputStream *self)
{
}

GInputStream *
dpdk_input_stream_new (DpdkTcpSocket *socket)
{
  DpdkInputStream *self = g_object_new (DPDK_TYPE_INPUT_STREAM, NULL);

  self->socket = dpdk_edge_ref (self, socket);
  return G_INPUT_STREAM (self);
}

static gssize
dpdk_output_stream_write (GOutputStream *stream, const void *buffer, gsize count,
                          GCancellable *cancellable, GError **error)
{
  return dpdk_tcp_endpoint_write (output_endpoint (stream), buffer, count, TRUE, cancellable,
                                  error);
}

static gboolean
try_write (GTask *task, GError **error)
{
  GOutputVector *vector = g_task_get_task_data (task);
  gssize n =
      dpdk_tcp_endpoint_write (output_endpoint (g_task_get_source_object (task)), vector->buffer,
                               vector->size, FALSE, g_task_get_cancellable (task), error);

  if (n >= 0)
    g_task_return_int (task, n);
  return n >= 0;
}

/* GIO's own would not tell what has been written if it is cancelled before the callback runs */
static void
dpdk_output_stream_write_async (GOutputStream *stream, const void *buffer, gsize count,
                                int io_priority, GCancellable *cancellable,
                                GAsyncReadyCallback callback, gpointer user_data)
{
  const GOutputVector vector = { buffer, count };
  g_autoptr (GTask) task = g_task_new (stream, cancellable, callback, user_data);

  g_task_set_source_tag (task, dpdk_output_stream_write_async);
  g_task_set_priority (task, io_priority);
  g_task_set_task_data (task, g_memdup2 (&vector, sizeof vector), g_free);
  dpdk_tcp_task_run (task, output_endpoint (stream), G_IO_OUT, try_write);
}

static gssize
dpdk_output_stream_write_finish (GOutputStream *stream, GAsyncResult *result, GError **error)
{
  return g_task_propagate_int (G_TASK (result), error);
}

static gssize
dpdk_output_stream_write_nonblocking (GPollableOutputStream *stream, const void *buffer,
                                      gsize count, GError **error)
{
  return dpdk_tcp_endpoint_write (output_endpoint (stream), buffer, count, FALSE, NULL, error);
}

static gboolean
dpdk_output_stream_writev (GOutputStream *stream, const GOutputVector *vectors, gsize n_vectors,
                           gsize *bytes_written, GCancellable *cancellable, GError **error)
{
  gssize n = dpdk_tcp_endpoint_write_vectors (output_endpoint (stream), vectors, n_vectors, TRUE,
                                              cancellable, error);

  if (bytes_written != NULL)
    *bytes_written = (gsize) MAX (n, 0);
  return n >= 0;
}

static GPollableReturn
dpdk_output_stream_writev_nonblocking (GPollableOutputStream *stream, const GOutputVector *vectors,
                                       gsize n_vectors, gsize *bytes_written, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  gssize n = dpdk_tcp_endpoint_write_vectors (output_endpoint (stream), vectors, n_vectors, FALSE,
                                              NULL, &local_error);

  if (bytes_written != NULL)
    *bytes_written = (gsize) MAX (n, 0);
  if (n >= 0)
    return G_POLLABLE_RETURN_OK;
  if (g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    return G_POLLABLE_RETURN_WOULD_BLOCK;
  g_propagate_error (error, g_steal_pointer (&local_error));
  return G_POLLABLE_RETURN_FAILED;
}

/* half-close: the peer reads the end, and may still write */
static gboolean
dpdk_output_stream_close (GOutputStream *stream, GCancellable *cancellable, GError **error)
{
  dpdk_tcp_endpoint_shutdown_write (output_endpoint (stream));
  return TRUE;
}

/* never waits, so it needs no thread of a pool */
static void
dpdk_output_stream_close_async (GOutputStream *stream, int io_priority, GCancellable *cancellable,
                                GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (stream, cancellable, callback, user_data);

  g_task_set_source_tag (task, dpdk_output_stream_close_async);
  g_task_set_priority (task, io_priority);
  g_task_return_boolean (task, dpdk_output_stream_close (stream, cancellable, NULL));
}

static gboolean
dpdk_output_stream_close_finish (GOutputStream *stream, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static gboolean
dpdk_output_stream_is_writable (GPollableOutputStream *stream)
{
  return dpdk_tcp_endpoint_is_ready (output_endpoint (stream), G_IO_OUT);
}

static GSource *
dpdk_output_stream_create_source (GPollableOutputStream *stream, GCancellable *cancellable)
{
  g_autoptr (GSource) child = dpdk_tcp_endpoint_create_source (output_endpoint (stream), G_IO_OUT);

  return g_pollable_source_new_full (stream, child, cancellable);
}

static void
dpdk_output_stream_finalize (GObject *object)
{
  dpdk_edge_clear (object, &DPDK_OUTPUT_STREAM (object)->socket);
  G_OBJECT_CLASS (dpdk_output_stream_parent_class)->finalize (object);
}

static void
dpdk_output_stream_class_init (DpdkOutputStreamClass *klass)
{
  GOutputStreamClass *stream_class = G_OUTPUT_STREAM_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = dpdk_output_stream_finalize;
  stream_class->write_fn = dpdk_output_stream_write;
  stream_class->writev_fn = dpdk_output_stream_writev;
  stream_class->write_async = dpdk_output_stream_write_async;
  stream_class->write_finish = dpdk_output_stream_write_finish;
  stream_class->close_fn = dpdk_output_stream_close;
  stream_class->close_async = dpdk_output_stream_close_async;
  stream_class->close_finish = dpdk_output_stream_close_finish;
}

static void
output_pollable_init (GPollableOutputStreamInterface *iface)
{
  iface->is_writable = dpdk_output_stream_is_writable;
  iface->create_source = dpdk_output_stream_create_source;
  iface->write_nonblocking = dpdk_output_stream_write_nonblocking;
  iface->writev_nonblocking = dpdk_output_stream_writev_nonblocking;
}

static void
dpdk_output_stream_init (DpdkOutputStream *self)
{
}

GOutputStream *
dpdk_output_stream_new (DpdkTcpSocket *socket)
{
  DpdkOutputStream *self = g_object_new (DPDK_TYPE_OUTPUT_STREAM, NULL);

  self->socket = dpdk_edge_ref (self, socket);
  return G_OUTPUT_STREAM (self);
}
