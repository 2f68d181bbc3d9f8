/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net-exact.h"

static void client_read (NetExact *self);
static void client_write (NetExact *self);

static void
client_check_end (NetExact *self)
{
  if (!self->write_is_over || self->n_read < self->size)
    return;
  g_assert_cmpstr (g_checksum_get_string (self->sent), ==, g_checksum_get_string (self->received));
  net_close (self->connection);
  net_release (g_steal_pointer (&self->connection));
  g_checksum_free (self->sent);
  g_checksum_free (self->received);
  g_rand_free (self->random);
  (*self->n_done)++;
}

static gboolean
read_later (gpointer user_data)
{
  client_read (user_data);
  return G_SOURCE_REMOVE;
}

static gboolean
write_later (gpointer user_data)
{
  client_write (user_data);
  return G_SOURCE_REMOVE;
}

/* sometimes at once, sometimes later */
static void
client_continue (NetExact *self, GSourceFunc func)
{
  g_autoptr (GSource) source = NULL;

  if (g_rand_int_range (self->random, 0, 20) != 0)
    {
      func (self);
      return;
    }
  source = g_timeout_source_new ((guint) g_rand_int_range (self->random, 0, 30));
  g_source_set_callback (source, func, self, NULL);
  g_source_attach (source, g_main_context_get_thread_default ());
}

static void
client_on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  NetExact *self = user_data;
  g_autoptr (GError) error = NULL;
  gssize n = g_input_stream_read_finish (G_INPUT_STREAM (source), result, &error);

  g_assert_no_error (error);
  if (n == 0)
    {
      g_assert_true (self->half_close);
      g_assert_cmpuint (self->n_read, ==, self->size);
      client_check_end (self);
      return;
    }
  g_checksum_update (self->received, self->buffer, n);
  self->n_read += (guint64) n;
  g_assert_cmpuint (self->n_read, <=, self->size);
  /* without a half-close the other end never ends */
  if (self->n_read == self->size && !self->half_close)
    client_check_end (self);
  else
    client_continue (self, read_later);
}

static void
client_read (NetExact *self)
{
  gsize size = (gsize) g_rand_int_range (self->random, 1, NET_EXACT_MAX_OPERATION);

  g_input_stream_read_async (g_io_stream_get_input_stream (G_IO_STREAM (self->connection)),
                             self->buffer, size, G_PRIORITY_DEFAULT, NULL, client_on_read, self);
}

static void
client_on_written (GObject *source, GAsyncResult *result, gpointer user_data)
{
  NetExact *self = user_data;
  g_autoptr (GError) error = NULL;
  gssize n = g_output_stream_write_finish (G_OUTPUT_STREAM (source), result, &error);

  g_assert_no_error (error);
  g_assert_cmpint (n, >, 0);
  g_checksum_update (self->sent, net_pattern (self->n_written), n);
  self->n_written += (guint64) n;
  client_continue (self, write_later);
}

static void
client_write (NetExact *self)
{
  gsize size = (gsize) g_rand_int_range (self->random, 1, NET_EXACT_MAX_OPERATION);
  g_autoptr (GError) error = NULL;

  if (self->n_written < self->size)
    {
      g_output_stream_write_async (g_io_stream_get_output_stream (G_IO_STREAM (self->connection)),
                                   net_pattern (self->n_written),
                                   MIN (size, self->size - self->n_written), G_PRIORITY_DEFAULT,
                                   NULL, client_on_written, self);
      return;
    }
  if (self->half_close)
    dpdk_tcp_connection_shutdown (self->connection, FALSE, TRUE, &error);
  g_assert_no_error (error);
  self->write_is_over = TRUE;
  if (!self->half_close)
    client_check_end (self);
}

static void
client_on_connected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  NetExact *self = user_data;
  g_autoptr (GError) error = NULL;

  self->connection = dpdk_tcp_socket_connect_finish (DPDK_TCP_SOCKET (source), result, &error);
  g_assert_no_error (error);
  g_clear_object (&self->socket);
  client_read (self);
  client_write (self);
}

void
net_exact_start (NetExact *self, DpdkRuntime *runtime, GRand *random, GSocketAddress *address,
                 guint max_size, guint *n_done)
{
  g_autoptr (GError) error = NULL;

  self->random = g_rand_new_with_seed (g_rand_int (random));
  self->size = (guint64) g_rand_int_range (self->random, 1, (gint32) max_size);
  self->half_close = g_rand_boolean (self->random);
  self->sent = g_checksum_new (G_CHECKSUM_SHA256);
  self->received = g_checksum_new (G_CHECKSUM_SHA256);
  self->n_done = n_done;
  self->socket = dpdk_tcp_socket_new (runtime, g_socket_address_get_family (address), &error);
  g_assert_no_error (error);
  dpdk_tcp_socket_connect_async (self->socket, address, NULL, client_on_connected, self);
}
