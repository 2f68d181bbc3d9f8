/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* asynchronous operations that are given up at any moment: each ends once, and what it says is true */
#include "net-pair.h"

#define MAX_WRITE 40000
/* what the operations of a round are on */
typedef enum {
  OP_CONNECT,
  OP_ACCEPT,
  OP_CLOSE,
  OP_READ,
  OP_READ_BYTES,
  OP_WRITE,
  OP_WRITE_BYTES,
  N_OPS,
} OpKind;

typedef struct {
  OpKind kind;
  /* where the operation is, and its other end */
  DpdkTcpConnection *connection;
  DpdkTcpConnection *peer;
  GCancellable *cancellable;
  guint n_started;
  guint n_ended;
  guint n_cancelled;
  /* of the data that has gone from the one end to the other */
  guint64 sent;
  guint64 received;
  guint8 buffer[4000];
} Op;

typedef struct {
  NetPair pair;
  /* of OP_ACCEPT and OP_CONNECT */
  DpdkTcpListener *listener;
  GSocketAddress *address;
  /* of all others */
  DpdkTcpListener *other_listener;
  GRand *random;
  /* cancellables, for a thread that does nothing else */
  GAsyncQueue *queue;
  GThread *thread;
  Op ops[N_OPS];
} Fixture;

static gpointer
cancel_thread (gpointer data)
{
  GAsyncQueue *queue = data;
  gpointer item;

  while ((item = g_async_queue_pop (queue)) != queue)
    {
      g_cancellable_cancel (item);
      g_object_unref (item);
    }
  return NULL;
}

/* gives whether it was given up; any other error is one of the test */
static gboolean
op_end (Op *self, const GError *error)
{
  self->n_ended++;
  g_assert_cmpuint (self->n_ended, ==, self->n_started);
  if (error == NULL)
    return FALSE;
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_true (g_cancellable_is_cancelled (self->cancellable));
  self->n_cancelled++;
  return TRUE;
}

static void
drop (DpdkTcpConnection *connection)
{
  if (connection == NULL)
    return;
  dpdk_tcp_connection_abort (connection);
  g_object_unref (connection);
}

static void
on_connected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  DpdkTcpConnection *connection =
      dpdk_tcp_socket_connect_finish (DPDK_TCP_SOCKET (source), result, &error);

  g_assert_true (op_end (user_data, error) == (connection == NULL));
  drop (connection);
}

static void
on_accepted (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  DpdkTcpConnection *connection =
      dpdk_tcp_listener_accept_finish (DPDK_TCP_LISTENER (source), result, &error);

  g_assert_true (op_end (user_data, error) == (connection == NULL));
  drop (connection);
}

static void
on_closed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  g_io_stream_close_finish (G_IO_STREAM (source), result, &error);
  op_end (user_data, error);
}

static void
on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Op *self = user_data;
  g_autoptr (GError) error = NULL;
  gssize n = g_input_stream_read_finish (G_INPUT_STREAM (source), result, &error);

  if (op_end (self, error))
    return;
  g_assert_cmpint (n, >, 0);
  g_assert_cmpmem (self->buffer, n, net_pattern (self->received), n);
  self->received += (guint64) n;
}

static void
on_bytes_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Op *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes =
      dpdk_tcp_connection_read_bytes_finish (DPDK_TCP_CONNECTION (source), result, &error);
  gsize n;

  if (op_end (self, error))
    return;
  n = g_bytes_get_size (bytes);
  g_assert_cmpuint (n, >, 0);
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), n, net_pattern (self->received), n);
  self->received += n;
}

static void
on_written (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Op *self = user_data;
  g_autoptr (GError) error = NULL;
  gssize n = g_output_stream_write_finish (G_OUTPUT_STREAM (source), result, &error);

  if (!op_end (self, error))
    self->sent += (guint64) n;
}

static void
on_bytes_written (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  dpdk_tcp_connection_write_bytes_finish (DPDK_TCP_CONNECTION (source), result, &error);
  op_end (user_data, error);
}

static void
start_connect (Fixture *fixture, Op *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DpdkTcpSocket) socket =
      dpdk_tcp_socket_new (fixture->pair.runtimes[0], G_SOCKET_FAMILY_IPV4, &error);

  g_assert_no_error (error);
  dpdk_tcp_socket_connect_async (socket, fixture->address, self->cancellable, on_connected, self);
}

/* all of one sort of bytes, because a part of those that are given up may have gone */
static void
start_write_bytes (Op *self, guint size)
{
  static const guint8 data[MAX_WRITE];
  g_autoptr (GBytes) bytes = g_bytes_new_static (data, size);

  dpdk_tcp_connection_write_bytes_async (self->connection, bytes, G_PRIORITY_DEFAULT,
                                         self->cancellable, on_bytes_written, self);
}

static void
op_start (Op *self, Fixture *fixture)
{
  GInputStream *input = NULL;
  GOutputStream *output = NULL;
  guint size = (guint) g_rand_int_range (fixture->random, 1, MAX_WRITE);

  if (self->kind == OP_CLOSE)
    net_pair_connect (&fixture->pair, fixture->other_listener, &self->connection, &self->peer, 1);
  if (self->connection != NULL)
    {
      input = g_io_stream_get_input_stream (G_IO_STREAM (self->connection));
      output = g_io_stream_get_output_stream (G_IO_STREAM (self->connection));
    }
  self->cancellable = g_cancellable_new ();
  self->n_started++;
  if (g_rand_int_range (fixture->random, 0, 20) == 0)
    g_cancellable_cancel (self->cancellable);
  switch (self->kind)
    {
    case OP_CONNECT:
      start_connect (fixture, self);
      break;
    case OP_ACCEPT:
      dpdk_tcp_listener_accept_async (fixture->listener, self->cancellable, on_accepted, self);
      break;
    case OP_CLOSE:
      g_io_stream_close_async (G_IO_STREAM (self->connection), G_PRIORITY_DEFAULT,
                               self->cancellable, on_closed, self);
      break;
    case OP_READ:
      g_input_stream_read_async (input, self->buffer, sizeof self->buffer, G_PRIORITY_DEFAULT,
                                 self->cancellable, on_read, self);
      break;
    case OP_READ_BYTES:
      dpdk_tcp_connection_read_bytes_async (self->connection, size, G_PRIORITY_DEFAULT,
                                            self->cancellable, on_bytes_read, self);
      break;
    case OP_WRITE:
      g_output_stream_write_async (output, net_pattern (self->sent), size, G_PRIORITY_DEFAULT,
                                   self->cancellable, on_written, self);
      break;
    case OP_WRITE_BYTES:
      start_write_bytes (self, size);
      break;
    case N_OPS:
    default:
      g_assert_not_reached ();
    }
}

static gsize
drain (DpdkTcpConnection *connection)
{
  GPollableInputStream *input =
      G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (G_IO_STREAM (connection)));
  guint8 buffer[16384];
  gsize total = 0;
  gssize n;

  while ((n = g_pollable_input_stream_read_nonblocking (input, buffer, sizeof buffer, NULL, NULL)) >
         0)
    total += (gsize) n;
  return total;
}

/* what the other end does; not always, so that operations have to wait */
static void
op_serve (Op *self, Fixture *fixture)
{
  gsize size = (gsize) g_rand_int_range (fixture->random, 1, 6000);

  if (g_rand_boolean (fixture->random))
    return;
  if (self->kind == OP_READ || self->kind == OP_READ_BYTES)
    self->sent += net_try_write_pattern (self->peer, self->sent, size);
  else if (self->kind == OP_WRITE)
    self->received += net_try_read_pattern (self->peer, self->received, size * 20);
  else if (self->kind == OP_WRITE_BYTES)
    drain (self->peer);
}

static void
op_cancel (Op *self, Fixture *fixture)
{
  if (g_rand_boolean (fixture->random))
    g_async_queue_push (fixture->queue, g_object_ref (self->cancellable));
  else
    g_cancellable_cancel (self->cancellable);
}

/* some time passes, in one way or another */
static void
pass_time (Fixture *fixture)
{
  guint n = (guint) g_rand_int_range (fixture->random, 0, 4);

  if (g_rand_int_range (fixture->random, 0, 8) == 0)
    g_usleep ((gulong) g_rand_int_range (fixture->random, 0, 300));
  while (n-- > 0)
    g_main_context_iteration (NULL, FALSE);
}

static void
run_round (Fixture *fixture)
{
  guint order[N_OPS];

  for (guint i = 0; i < N_OPS; i++)
    {
      guint j = (guint) g_rand_int_range (fixture->random, 0, (gint32) i + 1);

      order[i] = order[j];
      order[j] = i;
    }
  for (guint i = 0; i < N_OPS; i++)
    {
      op_start (&fixture->ops[order[i]], fixture);
      pass_time (fixture);
      op_serve (&fixture->ops[order[N_OPS - 1 - i]], fixture);
    }
  for (guint i = 0; i < N_OPS; i++)
    {
      op_cancel (&fixture->ops[order[i]], fixture);
      pass_time (fixture);
    }
  for (guint i = 0; i < N_OPS; i++)
    {
      Op *op = &fixture->ops[i];

      DPDK_TEST_WAIT_UNTIL (op->n_ended == op->n_started);
      g_clear_object (&op->cancellable);
      if (op->kind == OP_CLOSE)
        {
          drop (g_steal_pointer (&op->connection));
          drop (g_steal_pointer (&op->peer));
        }
    }
}

static void
fixture_start (Fixture *self)
{
  net_pair_start (&self->pair, 0, 0);
  self->listener = net_listen (self->pair.runtimes[1], net_pair_get_host (1), 0);
  self->other_listener = net_listen (self->pair.runtimes[1], net_pair_get_host (1), 0);
  self->address = net_address (net_pair_get_host (1), net_listener_get_port (self->listener));
  self->random = dpdk_test_random_new ();
  self->queue = g_async_queue_new ();
  self->thread = g_thread_new ("cancel", cancel_thread, self->queue);
  for (guint i = 0; i < N_OPS; i++)
    {
      Op *op = &self->ops[i];

      op->kind = (OpKind) i;
      if (op->kind >= OP_READ)
        net_pair_connect (&self->pair, self->other_listener, &op->connection, &op->peer, 1);
    }
}

static void
fixture_stop (Fixture *self)
{
  g_async_queue_push (self->queue, self->queue);
  g_thread_join (self->thread);
  g_async_queue_unref (self->queue);
  for (guint i = 0; i < N_OPS; i++)
    {
      drop (self->ops[i].connection);
      drop (self->ops[i].peer);
    }
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_rand_free (self->random);
  g_object_unref (self->address);
  net_release_later (self->listener);
  net_release_later (self->other_listener);
  net_pair_end (&self->pair);
}

/* the streams are as whole as if nothing had been given up */
static void
assert_whole (Fixture *self)
{
  Op *read = &self->ops[OP_READ];
  Op *read_bytes = &self->ops[OP_READ_BYTES];
  Op *write = &self->ops[OP_WRITE];

  net_read_pattern (read->connection, read->received, read->sent - read->received);
  net_read_pattern (read_bytes->connection, read_bytes->received,
                    read_bytes->sent - read_bytes->received);
  net_read_pattern (write->peer, write->received, write->sent - write->received);
}

static void
test_random (void)
{
  const guint n_rounds = dpdk_test_is_long () ? 10000 / N_OPS + 1 : dpdk_test_scale (400);
  Fixture fixture = { 0 };

  fixture_start (&fixture);
  for (guint i = 0; i < n_rounds; i++)
    run_round (&fixture);
  assert_whole (&fixture);
  for (guint i = 0; i < N_OPS; i++)
    {
      Op *op = &fixture.ops[i];

      g_test_message ("operation %u: %u of %u given up", i, op->n_cancelled, op->n_started);
      g_assert_cmpuint (op->n_ended, ==, n_rounds);
      /* both must have happened, or the moments are not random */
      if (n_rounds >= 200)
        {
          g_assert_cmpuint (op->n_cancelled, >, 0);
          g_assert_cmpuint (op->n_cancelled, <, n_rounds);
        }
    }
  fixture_stop (&fixture);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  dpdk_test_add_func ("/net/cancel/random", DPDK_TEST_FLAGS_NONE, test_random);
  return g_test_run ();
}
