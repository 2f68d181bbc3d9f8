/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* TLS between two runtimes: from many threads, without any, given up, and much of it */
#include "net-pair.h"
#include "net-tls-async.h"
#include "net-tls.h"

#define MEBIBYTE (1024 * 1024)

/* one connection of the first runtime to the second */
typedef struct {
  GIOStream *bases[2];
  /* the client's, the server's */
  GIOStream *streams[2];
} Tls;

static void
tls_wrap (Tls *self)
{
  self->streams[0] = net_tls_client_new (self->bases[0], net_pair_get_host (1));
  self->streams[1] = net_tls_server_new (self->bases[1]);
}

static void
tls_open (Tls *self, NetPair *pair, DpdkTcpListener *listener)
{
  DpdkTcpConnection *client, *server;

  net_pair_connect (pair, listener, &client, &server, 1);
  self->bases[0] = G_IO_STREAM (client);
  self->bases[1] = G_IO_STREAM (server);
  tls_wrap (self);
}

static void
tls_clear (Tls *self)
{
  for (guint end = 0; end < 2; end++)
    {
      net_release_later (self->streams[end]);
      net_release_later (self->bases[end]);
    }
}

static gpointer
handshake_thread (gpointer data)
{
  net_tls_handshake (data);
  return NULL;
}

static void
tls_handshake (Tls *self)
{
  GThread *thread = g_thread_new ("server", handshake_thread, self->streams[1]);

  net_tls_handshake (self->streams[0]);
  g_thread_join (thread);
}

static void
with_pair (void (*func) (NetPair *pair, DpdkTcpListener *listener))
{
  NetPair pair;
  DpdkTcpListener *listener;

  net_pair_start (&pair, 0, 0);
  listener = net_listen (pair.runtimes[1], net_pair_get_host (1), 0);
  func (&pair, listener);
  net_release (listener);
  net_pair_end (&pair);
}

typedef struct {
  GIOStream *stream;
  guint64 size;
} Half;

static gpointer
write_thread (gpointer data)
{
  Half *self = data;

  net_stream_write_pattern (self->stream, 0, self->size);
  return NULL;
}

static gpointer
read_thread (gpointer data)
{
  Half *self = data;

  net_stream_read_pattern (self->stream, 0, self->size);
  return NULL;
}

/* both halves of both ends at once; byte for byte compared, which is more than a checksum */
static void
transfer (Tls *self, guint64 size)
{
  Half halves[2] = { { self->streams[0], size }, { self->streams[1], size } };
  GThread *threads[4];

  for (guint end = 0; end < 2; end++)
    {
      threads[end] = g_thread_new ("write", write_thread, &halves[end]);
      threads[2 + end] = g_thread_new ("read", read_thread, &halves[end]);
    }
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
}

static void
run_transfer (NetPair *pair, DpdkTcpListener *listener)
{
  const guint64 size = (dpdk_test_is_long () ? 1024 : dpdk_test_scale (128)) * (guint64) MEBIBYTE;
  gint64 start;
  Tls tls;

  tls_open (&tls, pair, listener);
  tls_handshake (&tls);
  start = g_get_monotonic_time ();
  transfer (&tls, size);
  g_test_message ("%" G_GUINT64_FORMAT " MiB each way in %.1f s", size / MEBIBYTE,
                  (double) (g_get_monotonic_time () - start) / G_TIME_SPAN_SECOND);
  net_tls_finish (tls.streams[0]);
  net_tls_assert_at_end (tls.streams[1]);
  net_tls_close (tls.streams[1]);
  net_tls_assert_at_end (tls.streams[0]);
  net_tls_close (tls.streams[0]);
  tls_clear (&tls);
}

static void
test_transfer (void)
{
  with_pair (run_transfer);
}

/* starts threads at once */
typedef struct {
  GMutex lock;
  GCond changed;
  gboolean is_open;
} Gate;

static void
gate_pass (Gate *self)
{
  g_mutex_lock (&self->lock);
  while (!self->is_open)
    g_cond_wait (&self->changed, &self->lock);
  g_mutex_unlock (&self->lock);
}

static void
gate_open (Gate *self)
{
  g_mutex_lock (&self->lock);
  self->is_open = TRUE;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

typedef struct {
  Gate *gate;
  Tls *tls;
  guint end;
  guint64 offset;
} Worker;

static gpointer
parallel_thread (gpointer data)
{
  Worker *self = data;
  GIOStream *stream = self->tls->streams[self->end];

  gate_pass (self->gate);
  net_tls_handshake (stream);
  net_stream_write_pattern (stream, self->offset + self->end, 1000);
  net_stream_read_pattern (stream, self->offset + !self->end, 1000);
  net_tls_finish (stream);
  net_tls_assert_at_end (stream);
  net_tls_close (stream);
  return NULL;
}

/* GLib's pool has ten threads, one of which each handshake holds, even a blocking one */
#define N_THREADS 10

static void
run_threads (NetPair *pair, DpdkTcpListener *listener)
{
  Tls connections[N_THREADS / 2];
  Worker workers[N_THREADS];
  GThread *threads[N_THREADS];
  Gate gate = { 0 };

  for (guint i = 0; i < N_THREADS; i++)
    {
      if (i % 2 == 0)
        tls_open (&connections[i / 2], pair, listener);
      workers[i] = (Worker){ &gate, &connections[i / 2], i % 2, i / 2 * 3 };
      threads[i] = g_thread_new ("tls", parallel_thread, &workers[i]);
    }
  gate_open (&gate);
  for (guint i = 0; i < N_THREADS; i++)
    g_thread_join (threads[i]);
  for (guint i = 0; i < G_N_ELEMENTS (connections); i++)
    tls_clear (&connections[i]);
}

static void
test_threads (void)
{
  with_pair (run_threads);
}

static void
run_parallel (NetPair *pair, DpdkTcpListener *listener)
{
  const guint n = dpdk_test_scale (1000);
  g_autofree Tls *connections = g_new0 (Tls, n);
  g_autofree NetTlsAsync *ends = g_new (NetTlsAsync, 2 * n);

  net_tls_async_allow_descriptors ();
  for (guint i = 0; i < n; i++)
    tls_open (&connections[i], pair, listener);
  /* half of them begin with data, and shake hands on the way */
  for (guint i = 0; i < 2 * n; i++)
    net_tls_async_start (&ends[i], connections[i / 2].streams[i % 2], i % 4 < 2);
  net_tls_async_wait_all (ends, 2 * n);
  for (guint i = 0; i < n; i++)
    tls_clear (&connections[i]);
}

static void
test_parallel (void)
{
  with_pair (run_parallel);
}

typedef struct {
  GIOStream *stream;
  GCancellable *cancellable;
  guint n_calls;
} GiveUp;

/* an error, if any: it may be done before */
static void
assert_given_up (const GError *error)
{
  if (error != NULL)
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static gpointer
give_up_thread (gpointer data)
{
  GiveUp *self = data;
  g_autoptr (GError) error = NULL;

  g_tls_connection_handshake (G_TLS_CONNECTION (self->stream), self->cancellable, &error);
  assert_given_up (error);
  return NULL;
}

static void
on_given_up (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  g_tls_connection_handshake_finish (G_TLS_CONNECTION (source), result, &error);
  assert_given_up (error);
  ((GiveUp *) user_data)->n_calls++;
}

/* a handshake is given up while it waits: for the peer, or in the middle of it */
static void
run_cancel (NetPair *pair, DpdkTcpListener *listener)
{
  const guint n = dpdk_test_scale (60);
  g_autoptr (GRand) random = dpdk_test_random_new ();

  for (guint i = 0; i < n; i++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      GiveUp ends[2] = { { .cancellable = cancellable }, { .cancellable = cancellable } };
      /* the others have no peer that answers */
      guint n_ends = i % 4 < 2 ? 2 : 1;
      gboolean is_async = i % 2 == 0;
      GThread *threads[2];
      Tls tls;

      tls_open (&tls, pair, listener);
      for (guint end = 0; end < n_ends; end++)
        {
          ends[end].stream = tls.streams[end];
          if (is_async)
            g_tls_connection_handshake_async (G_TLS_CONNECTION (tls.streams[end]),
                                              G_PRIORITY_DEFAULT, cancellable, on_given_up,
                                              &ends[end]);
          else
            threads[end] = g_thread_new ("give up", give_up_thread, &ends[end]);
        }
      g_usleep ((gulong) g_rand_int_range (random, 0, 8000));
      g_cancellable_cancel (cancellable);
      for (guint end = 0; end < n_ends; end++)
        if (is_async)
          DPDK_TEST_WAIT_UNTIL (ends[end].n_calls == 1);
        else
          g_thread_join (threads[end]);
      for (guint end = 0; end < 2; end++)
        dpdk_tcp_connection_abort (DPDK_TCP_CONNECTION (tls.bases[end]));
      tls_clear (&tls);
    }
}

static void
test_cancel (void)
{
  with_pair (run_cancel);
}

int
main (int argc, char **argv)
{
  dpdk_test_init (&argc, &argv);
  if (net_tls_is_missing ())
    return 0;
  dpdk_test_set_timeout (300);
  dpdk_test_add_func ("/net/tls-pair/transfer", DPDK_TEST_FLAGS_NONE, test_transfer);
  dpdk_test_add_func ("/net/tls-pair/threads", DPDK_TEST_FLAGS_NONE, test_threads);
  dpdk_test_add_func ("/net/tls-pair/parallel", DPDK_TEST_FLAGS_NONE, test_parallel);
  dpdk_test_add_func ("/net/tls-pair/cancel", DPDK_TEST_FLAGS_NONE, test_cancel);
  return g_test_run ();
}
